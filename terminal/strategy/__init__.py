# SPDX-License-Identifier: Apache-2.0
"""Strategies: the base they derive from, the one door they have, and the runner that isolates them."""
