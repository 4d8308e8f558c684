# SPDX-License-Identifier: Apache-2.0
"""Matching, costs, margin and price processes: one engine behind the simulated TWS, paper and backtest."""
