# SPDX-License-Identifier: Apache-2.0
"""The life cycle of strategies, their door, and their isolation from each other."""
