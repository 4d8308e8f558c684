# SPDX-License-Identifier: Apache-2.0
"""The recorded market: LEAN files played as a source behind the same desk, books and accounts as the simulated one."""
