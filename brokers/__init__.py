# SPDX-License-Identifier: Apache-2.0
"""Broker plugins. One broker never imports another; none knows the screen or a strategy."""
