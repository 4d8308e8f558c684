# SPDX-License-Identifier: Apache-2.0
"""The terminal's picture of the market: what is believed, how old it is, which bars are closed."""
