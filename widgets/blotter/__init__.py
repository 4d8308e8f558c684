# SPDX-License-Identifier: Apache-2.0
"""Orders, fills, positions, account: columns and rows without Qt, and the panels that show them."""
