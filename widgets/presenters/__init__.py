# SPDX-License-Identifier: Apache-2.0
"""Presenters: between the core and the panels. Each takes frames and ticks, and turns wishes into commands."""
