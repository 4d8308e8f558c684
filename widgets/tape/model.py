# SPDX-License-Identifier: Apache-2.0
"""The tape's state: prints with their aggressor, newest first, a filter, a threshold and a pause. No Qt, no bus.

Who was the aggressor is the source's word where it gives one. Else the quote that stood when the print was
heard decides, and inside or without a spread the last change of price. Source: C. Lee and M. Ready, Inferring
Trade Direction from Intraday Data, Journal of Finance 46, 1991.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from terminal.model.enums import Side
from terminal.model.instrument import Instrument
from terminal.model.market import Quote, Trade

KEPT: Final = 2000
_QUOTES_KEPT: Final = 64
_NS: Final = 1_000_000_000
_CLOSE_NS: Final = 2 * _NS


@dataclass(frozen=True, slots=True)
class Print:
    """One row. ``fine`` says whether ``ns`` is known to the tenth of a second."""

    ns: int
    fine: bool
    price: float
    size: float
    side: Side | None


def quote_rule(price: float, quote: Quote | None) -> Side | None:
    """Return the aggressor by the quote: at or through the ask a buyer, at or through the bid a seller.

    Inside the spread the nearer side; None in its middle, without both sides, or when they are locked.
    """
    if quote is None or quote.bid is None or quote.ask is None or quote.bid >= quote.ask:
        return None
    if price >= quote.ask:
        return Side.BUY
    if price <= quote.bid:
        return Side.SELL
    middle = (quote.bid + quote.ask) / 2
    # A hair's breadth of float error is still the middle.
    if abs(price - middle) <= 1e-9 * max(1.0, abs(middle)):
        return None
    return Side.BUY if price > middle else Side.SELL


class TickRule:
    """Says by the last change of price: an uptick is a buyer's, a downtick a seller's, no change as before."""

    __slots__ = ("_price", "_side")

    def __init__(self) -> None:
        self._price: float | None = None
        self._side: Side | None = None

    def push(self, price: float) -> Side | None:
        """Take the next print's price and return its side, None before the first change."""
        if self._price is not None and price != self._price:
            self._side = Side.BUY if price > self._price else Side.SELL
        self._price = price
        return self._side


class TapeModel:
    """Everything one tape shows.

    ``minimum`` leaves out smaller prints; ``large`` marks prints of that size or more; both in units.
    """

    def __init__(self, *, minimum: float = 1, large: float | None = None, kept: int = KEPT) -> None:
        self.instrument: Instrument | None = None
        self.minimum = minimum
        self.large = large
        self.paused = False
        self.stale = False
        """Whether the source has been silent for too long: there may be newer prints than these."""
        self.heard_ns: int | None = None
        """When the newest print was heard."""
        self.waiting = 0
        """Prints that came since the pause and pass the filter."""
        self._prints: deque[Print] = deque(maxlen=kept)
        self._shown: list[Print] = []
        self._quotes: deque[Quote] = deque(maxlen=_QUOTES_KEPT)
        self._ticks = TickRule()

    @property
    def zone(self) -> str:
        return self.instrument.time_zone if self.instrument else "America/New_York"

    @property
    def decimals(self) -> int:
        return self.instrument.decimals if self.instrument else 2

    @property
    def rows(self) -> list[Print]:
        """What is shown, newest first. Do not change it."""
        return self._shown

    def __len__(self) -> int:
        return len(self._prints)

    def set_instrument(self, instrument: Instrument | None) -> None:
        """Show another instrument: everything of the old one goes."""
        self.instrument = instrument
        self.clear()

    def clear(self) -> None:
        self._prints.clear()
        self._quotes.clear()
        self._ticks = TickRule()
        self._shown, self.waiting, self.paused, self.stale, self.heard_ns = [], 0, False, False, None

    def set_quote(self, quote: Quote) -> None:
        """Remember a quote, to tell the side of prints that were heard while it stood."""
        self._quotes.append(quote)

    def add(self, trades: Iterable[Trade]) -> int:
        """Take prints in the order in which they were heard; return how many of them pass the filter."""
        passed = 0
        for trade in trades:
            row = self._print(trade)
            self.heard_ns = trade.received_ns
            self._prints.append(row)
            if row.size >= self.minimum:
                passed += 1
                if self.paused:
                    self.waiting += 1
                else:
                    self._shown.insert(0, row)
        if not self.paused:
            del self._shown[self._prints.maxlen or KEPT :]
        return passed

    def pause(self, paused: bool) -> None:
        """Hold the rows still, or let those that waited in."""
        self.paused = paused
        if not paused:
            self._fill()

    def set_minimum(self, size: float) -> None:
        """Leave out prints smaller than `size`, among the kept ones too. ValueError below 0."""
        self.minimum = _size(size, "smallest size shown")
        self._fill()

    def set_large(self, size: float | None) -> None:
        """Mark prints of `size` or more, None marks none. ValueError below 0."""
        self.large = None if size is None else _size(size, "size of a large print")

    def is_large(self, row: Print) -> bool:
        return self.large is not None and row.size >= self.large

    def _fill(self) -> None:
        self._shown = [row for row in reversed(self._prints) if row.size >= self.minimum]
        self.waiting = 0

    def _print(self, trade: Trade) -> Print:
        by_tick = self._ticks.push(trade.price)
        side = trade.aggressor or quote_rule(trade.price, self._quote_at(trade.received_ns)) or by_tick
        ns, fine = _moment(trade)
        return Print(ns, fine, trade.price, trade.size, side)

    def _quote_at(self, ns: int) -> Quote | None:
        """Return the quote that stood at a time: the newest that had been heard by then."""
        return next((quote for quote in reversed(self._quotes) if quote.received_ns <= ns), None)


def _moment(trade: Trade) -> tuple[int, bool]:
    """Return (time, known to the tenth).

    The venue's time where it has fractions of a second; where it has whole seconds only, the time of hearing,
    as long as both agree; else the venue's second without a tenth that nobody knows.
    """
    if trade.event_ns % _NS:
        return trade.event_ns, True
    if abs(trade.received_ns - trade.event_ns) <= _CLOSE_NS:
        return trade.received_ns, True
    return trade.event_ns, False


def _size(value: float, what: str) -> float:
    if not value >= 0:
        raise ValueError(f"the {what} must be 0 or more, was {value}")
    return float(value)
