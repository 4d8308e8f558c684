# SPDX-License-Identifier: Apache-2.0
"""Parts that many strategies share: what a trade may lose, and being flat before the close.

Strategies import them through `terminal.api`. No strategy must use one of them; nothing here decides an entry.
"""

from typing import Final

from terminal.clock import NS_PER_S
from terminal.strategy.base import Parameter, StrategyContext

RISK_PERCENT: Final = Parameter(
    name="risk_percent",
    label="Risk per trade",
    default=0.25,
    low=0.01,
    high=5.0,
    step=0.01,
    unit="% of net liquidation",
    help="Lost when the stop fills",
)
FLAT_MIN: Final = Parameter(
    name="flat_min",
    label="Flat before the close",
    default=5,
    low=1,
    high=120,
    unit="minutes",
    help="Own orders are cancelled and the own position is closed",
)


class FlatBeforeClose:
    """Ends a strategy's day: call `look` from ``on_timer``."""

    def __init__(self, minutes: float) -> None:
        self._minutes = minutes
        self._asked_for_ns = 0

    def look(self, ctx: StrategyContext) -> None:
        """In the last minutes of the session close the own position until it is flat, take back an entry once."""
        session = ctx.session
        if session is None or session.end_ns - ctx.now_ns > self._minutes * 60 * NS_PER_S:
            return
        if ctx.position.quantity or (ctx.has_working_entry and self._asked_for_ns != session.end_ns):
            gates = [("minutes to the close", f"at most {self._minutes:.0f}", True)]
            ctx.exit(reason="flat before the close", gates=gates)
        self._asked_for_ns = session.end_ns
