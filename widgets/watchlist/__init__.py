# SPDX-License-Identifier: Apache-2.0
"""The watchlist: rows without Qt, and the panel."""
