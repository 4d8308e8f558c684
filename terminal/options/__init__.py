# SPDX-License-Identifier: Apache-2.0
"""Option mathematics: prices, Greeks, implied volatility and the volatility surface. numpy and the standard library."""
