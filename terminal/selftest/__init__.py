# SPDX-License-Identifier: Apache-2.0
"""The self-test: proves this installation by trading, dying and coming back on a simulated market.

It stands above the kernel and sees neither brokers nor the window: what starts a market, a core or a second
process is handed in by the composition root.
"""

from terminal.selftest.core_side import run_core
from terminal.selftest.judge import run_selftest
from terminal.selftest.prepare import PROFILE, prepare
from terminal.selftest.tools import CORE_LIMITS, SYMBOLS, Market, Tools

__all__ = ["CORE_LIMITS", "PROFILE", "SYMBOLS", "Market", "Tools", "prepare", "run_core", "run_selftest"]
