# SPDX-License-Identifier: Apache-2.0
"""Tiller without a screen: the trading application. Never imports a sibling package, Qt or a vendor's SDK."""

__version__ = "0.1.0"
