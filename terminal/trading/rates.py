# SPDX-License-Identifier: Apache-2.0
"""SendHistory: how many orders went out lately, by whom, and whether one was the same.

Counts what passed the gate. Keeps a minute of it, and a number per strategy and day. Spans are measured on the
monotonic clock, since the broker's may jump; days are the broker's.
"""

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from terminal.clock import NS_PER_S
from terminal.model.commands import OrderSpec
from terminal.model.ids import StrategyId

_MINUTE_NS: Final = 60 * NS_PER_S
_DAY_NS: Final = 86_400 * NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    ns: int
    strategy_id: StrategyId | None
    spec: OrderSpec
    orders: int


class SendHistory:
    """The orders of the last minute."""

    def __init__(self) -> None:
        self._recent: deque[_Sent] = deque()
        self._days: dict[tuple[StrategyId, int], int] = {}

    def note(
        self, spec: OrderSpec, strategy_id: StrategyId | None, now_ns: int, orders: int = 1, *, day_ns: int
    ) -> None:
        """Count ``orders`` that leave at ``now_ns`` (monotonic) on the day of ``day_ns`` (broker)."""
        self._recent.append(_Sent(ns=now_ns, strategy_id=strategy_id, spec=spec, orders=orders))
        if strategy_id is not None:
            key = (strategy_id, day_ns // _DAY_NS)
            self._days[key] = self._days.get(key, 0) + orders
            if len(self._days) > 1_000:
                self._days = {each: count for each, count in self._days.items() if each[1] == key[1]}

    def within(self, seconds: float, now_ns: int, strategy_id: StrategyId | None = None) -> int:
        """Return how many orders were sent in the last ``seconds`` (at most 60), of one strategy or of all."""
        self._trim(now_ns)
        since = now_ns - round(seconds * NS_PER_S)
        total = 0
        for sent in reversed(self._recent):
            if sent.ns <= since:
                break
            if strategy_id is None or sent.strategy_id == strategy_id:
                total += sent.orders
        return total

    def today(self, strategy_id: StrategyId, day_ns: int) -> int:
        return self._days.get((strategy_id, day_ns // _DAY_NS), 0)

    def same_before(self, spec: OrderSpec, tick: Decimal, window_s: float, now_ns: int) -> float | None:
        """Return how many seconds ago the same order was sent within the window, prices within one tick."""
        self._trim(now_ns)
        since = now_ns - round(window_s * NS_PER_S)
        for sent in reversed(self._recent):
            if sent.ns <= since:
                return None
            if _same(sent.spec, spec, tick):
                return (now_ns - sent.ns) / NS_PER_S
        return None

    def _trim(self, now_ns: int) -> None:
        while self._recent and self._recent[0].ns <= now_ns - _MINUTE_NS:
            self._recent.popleft()


def _same(one: OrderSpec, other: OrderSpec, tick: Decimal) -> bool:
    return (
        one.instrument_id == other.instrument_id
        and one.side is other.side
        and one.order_type is other.order_type
        and one.quantity == other.quantity
        and _near(one.limit_price, other.limit_price, tick)
        and _near(one.stop_price, other.stop_price, tick)
    )


def _near(one: Decimal | None, other: Decimal | None, tick: Decimal) -> bool:
    if one is None or other is None:
        return one is other
    if not (one.is_finite() and other.is_finite()):
        return False
    return abs(one - other) <= tick
