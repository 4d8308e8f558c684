# SPDX-License-Identifier: Apache-2.0
"""The option chain: a Qt-free model, a painted grid, and the panel."""
