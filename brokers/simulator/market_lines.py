# SPDX-License-Identifier: Apache-2.0
"""A level 1 line: whose it is, which kind of data it carries, under which tick ids, and what was sent of it.

Delayed data has tick ids of its own, so that nobody takes it for live data (IBKR's API documentation, "tick types").
"""

from dataclasses import dataclass, field
from typing import Final

from brokers.simulator.session import Session
from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument

LIVE, FROZEN, DELAYED, DELAYED_FROZEN = 1, 2, 3, 4
RT_VOLUME, RT_TRADE_VOLUME, MARK, DIVIDENDS = "233", "375", "221", "456"
NOTHING: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class TickIds:
    """Ids of the ticks that tell of the top and the day."""

    bid: int
    ask: int
    last: int
    bid_size: int
    ask_size: int
    last_size: int
    high: int
    low: int
    volume: int
    close: int
    open: int
    halted: int
    stamp: int


_LIVE_IDS: Final = TickIds(
    bid=1, ask=2, last=4, bid_size=0, ask_size=3, last_size=5, high=6, low=7, volume=8, close=9, open=14, halted=49,
    stamp=45,
)  # fmt: skip
_DELAYED_IDS: Final = TickIds(
    bid=66, ask=67, last=68, bid_size=69, ask_size=70, last_size=71, high=72, low=73, volume=74, close=75, open=76,
    halted=90, stamp=88,
)  # fmt: skip


@dataclass(eq=False, slots=True)
class Line:
    """One market data line of one client."""

    session: Session
    req_id: int
    instrument: Instrument
    con_id: int
    generics: frozenset[str]
    data_type: int
    snapshot_until_ns: int | None = None
    sent: dict[object, object] = field(default_factory=dict)

    @property
    def delayed(self) -> bool:
        """Whether the account sees only what was a quarter of an hour ago."""
        return self.data_type in (DELAYED, DELAYED_FROZEN)

    @property
    def shows_exchanges(self) -> bool:
        """Whether the line tells from which exchanges its quote and its last trade are."""
        return not self.delayed and self.instrument.asset_class is AssetClass.STOCK

    @property
    def ticks(self) -> TickIds:
        """Under which ids its top is told."""
        return _DELAYED_IDS if self.delayed else _LIVE_IDS

    def kinds(self) -> tuple[str, ...]:
        """What the market must tell for this line now; a delayed one looks back by itself."""
        if self.delayed:
            return ()
        kinds = ["top"]
        if self.instrument.asset_class is AssetClass.OPTION:
            kinds.append("greeks")
        if self.generics & {RT_VOLUME, RT_TRADE_VOLUME} or self.shows_exchanges:
            kinds.append("prints")
        return tuple(kinds)

    def changed(self, key: object, value: object) -> bool:
        """Whether a value differs from what was sent; it counts as sent from now on."""
        if self.sent.get(key, NOTHING) == value:
            return False
        self.sent[key] = value
        return True
