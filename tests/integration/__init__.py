# SPDX-License-Identifier: Apache-2.0
"""The whole, from outside: the real server, the real adapter, the real core, the real files."""
