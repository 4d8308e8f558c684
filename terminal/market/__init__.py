# SPDX-License-Identifier: Apache-2.0
"""The terminal's picture of the market: validated, cached, published; who looks at what; bars."""
