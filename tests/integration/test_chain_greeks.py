# SPDX-License-Identifier: Apache-2.0
"""The chain's Greeks as the terminal has them, against finite differences of the simulator's own price.

The simulator's surface is sticky in moneyness or not as it likes: the Greeks are those of the price formula at the
volatility that stands beside them, so that price is differentiated in spot, time and volatility.
"""
