# SPDX-License-Identifier: Apache-2.0
"""Whole trading sessions of the simulated market, the clock stepped."""
