# SPDX-License-Identifier: Apache-2.0
"""The risk panel: exposure, Greeks by underlying, limits used, day P&L."""
