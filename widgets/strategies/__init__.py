# SPDX-License-Identifier: Apache-2.0
"""The strategies panel: switches, decisions and parameters."""
