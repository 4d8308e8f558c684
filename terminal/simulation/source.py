# SPDX-License-Identifier: Apache-2.0
"""MarketSource: where quotes, prints and history come from, the part in which a simulated and a recorded market differ.

market.py runs clock, books, orders and accounts over any source. Prices are integer ticks of the instrument's
smallest increment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from terminal.model.instrument import Instrument
from terminal.model.market import Bar
from terminal.simulation.book import LimitBook
from terminal.simulation.exchange_port import SimGreeks
from terminal.simulation.tape import Tape
from terminal.simulation.trading_days import TradingCalendar

NEVER = 1 << 62
Touch = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One background event: the touch after it, and a print (``size`` 0: none). ``side`` is the taker, 0 unknown."""

    con_id: int
    bid: int | None
    ask: int | None
    tick: int = 0
    size: int = 0
    side: int = 0
    exchange: str = ""
    conditions: str = ""


class Feed(Protocol):
    """Background events in time order, of one instrument or of several that move together."""

    next_ns: int

    def step(self) -> Sequence[FeedEvent]:
        """Return the events at ``next_ns`` and move on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """Facts about the day at a moment that do not come from its prints so far, in ticks; None where there is none."""

    open: int | None
    previous_close: int | None


class MarketSource(Protocol):
    """Quotes, prints, reference and history of every instrument at any moment."""

    calendar: TradingCalendar
    identity: str
    """What market this is: a saved state belongs to one."""
    own_prints: bool
    """Whether trades with own orders appear on the tape (a recorded tape stays as it was recorded)."""

    def unit(self, con_id: int) -> Decimal:
        """Return the money of one tick of this source's prices."""
        ...

    def next_day(self, index: int) -> int:
        """Return the trading day that is lived after day ``index``."""
        ...

    def start_ns(self) -> int: ...
    def end_ns(self) -> int:
        """Return when the source has no more to tell (NEVER for a simulated market)."""
        ...

    def instruments(self, day: int) -> Sequence[Instrument]: ...
    def instrument(self, con_id: int, day: int) -> Instrument | None: ...
    def option_chain(self, con_id: int, day: int) -> Sequence[tuple[str, str, str, Sequence[str], Sequence[float]]]: ...
    def option_contracts(
        self, symbol: str, day: int, *, expiry: str = "", strike: float = 0.0, right: str = ""
    ) -> Sequence[Instrument]:
        """Return listed contracts, narrowed by what is set."""
        ...

    def underlying_of(self, instrument: Instrument) -> int | None: ...
    def touch(self, con_id: int, ns: int) -> Touch: ...
    def displayed(self, con_id: int, sign: int, tick: int, touch: int, ns: int) -> int: ...
    def has_depth(self, con_id: int) -> bool: ...
    def open_feed(self, con_id: int, ns: int) -> Feed:
        """Return the feed of an instrument from just after ``ns``; the same object for instruments that share one."""
        ...

    def close_feed(self, con_id: int) -> Feed | None:
        """Say that this instrument is not needed any more; return its feed when nobody else needs that either."""
        ...

    def tape(self, con_id: int, ns: int) -> Tape:
        """Return the tape of the day at ``ns``."""
        ...

    def tapes(self) -> Mapping[tuple[int, int], Tape]:
        """Return the tapes in memory by contract and day."""
        ...

    def figures(self, con_id: int, ns: int) -> DayFigures: ...
    def greeks(self, con_id: int, source: str, ns: int, book: LimitBook, last: int | None) -> SimGreeks | None: ...
    def fair(self, con_id: int, ns: int) -> float | None:
        """Return a value for an instrument that has no quote now, None when the source knows none."""
        ...

    def statistics(self, con_id: int, ns: int) -> dict[str, float]: ...
    def bars(
        self, con_id: int, *, seconds: int, start_ns: int, end_ns: int, now_ns: int, what: str, regular_only: bool
    ) -> Sequence[Bar]: ...
    def head_ns(self, con_id: int) -> int: ...
