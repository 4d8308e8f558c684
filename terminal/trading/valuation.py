# SPDX-License-Identifier: Apache-2.0
"""Valuation: what positions are worth now and what they earned today.

Reads books and market prices, keeps only caches. None means that a price is missing, never a guess.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from terminal.clock import NS_PER_S
from terminal.model.account import Account
from terminal.model.enums import AssetClass
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument, instrument_id
from terminal.model.position import Position
from terminal.trading.book import Book
from terminal.trading.daily_pnl import DaySums, Reset, daily_pnl, day_sums, reset_of

_LOOK_EVERY_NS: Final = NS_PER_S
_MARK_BEFORE_RESET_NS: Final = 10 * 60 * NS_PER_S
"""A mark this close before the reset is the price at the reset; without one the previous close stands in."""


@dataclass(slots=True, kw_only=True)
class _Day:
    looked_ns: int
    version: int
    folds: int
    added: int
    """How many of `Book.added` the sums hold."""
    reset: Reset
    sums: DaySums
    price_at_reset: float | None = None


class Valuation:
    """Marks, unrealized and daily P&L, currency rates."""

    def __init__(
        self,
        *,
        now_ns: Callable[[], int],
        instrument_of: Callable[[InstrumentId], Instrument | None],
        mark_of: Callable[[InstrumentId], float | None],
        previous_close_of: Callable[[InstrumentId], float | None],
    ) -> None:
        self._now_ns = now_ns
        self._instrument_of = instrument_of
        self._mark_of = mark_of
        self._close_of = previous_close_of
        self._days: dict[InstrumentId, _Day] = {}
        self._last_marks: dict[InstrumentId, tuple[int, float]] = {}

    def forget(self) -> None:
        """Another account: its days are its own."""
        self._days.clear()

    def mark(self, instrument_id: InstrumentId) -> float | None:
        return self._mark_of(instrument_id)

    def unrealized(self, instrument_id: InstrumentId, book: Book, position: Position) -> float | None:
        """Return the P&L of the open quantity in the instrument's currency."""
        if not position.quantity:
            return 0.0
        mark = self._mark_of(instrument_id)
        if mark is None or book.multiplier is None:
            return None
        return position.unrealized(mark, book.multiplier)

    def daily(self, instrument_id: InstrumentId, book: Book) -> float | None:
        """Return the day's P&L of one instrument in its currency."""
        instrument = self._instrument_of(instrument_id)
        if instrument is None:
            return None
        now = self._now_ns()
        day = self._day(instrument, book, now)
        mark = self._mark_of(instrument_id)
        if mark is not None:
            self._last_marks[instrument_id] = (now, mark)
        price = day.price_at_reset if day.price_at_reset is not None else self._close_of(instrument_id)
        return daily_pnl(day.sums, mark=mark, price_at_reset=price, multiplier=instrument.multiplier)

    def reset(self, instrument_id: InstrumentId) -> Reset | None:
        """Return the reset that our daily P&L of this instrument counts from, and its rule."""
        instrument = self._instrument_of(instrument_id)
        return reset_of(instrument, self._now_ns()) if instrument is not None else None

    def _day(self, instrument: Instrument, book: Book, now: int) -> _Day:
        day = self._days.get(instrument.id)
        fresh = day is not None and 0 <= now - day.looked_ns < _LOOK_EVERY_NS  # the broker's clock may jump back
        if day is not None and fresh and day.version == book.version:
            return day
        reset = day.reset if day is not None and fresh else reset_of(instrument, now)
        if day is None or day.reset.ns != reset.ns:
            price = self._mark_before(instrument.id, reset.ns) if day is not None else None
            day = self._days[instrument.id] = _Day(
                looked_ns=now,
                version=book.version,
                folds=book.folds,
                added=len(book.added),
                reset=reset,
                sums=day_sums(book.bookings.values(), reset.ns),
                price_at_reset=price,
            )
        elif day.version != book.version:
            if day.folds == book.folds:
                day.sums = day_sums(book.added[day.added :], reset.ns, day.sums)
            else:
                day.sums = day_sums(book.bookings.values(), reset.ns)
            day.version, day.folds, day.added = book.version, book.folds, len(book.added)
        day.looked_ns = now
        return day

    def _mark_before(self, instrument_id: InstrumentId, reset_ns: int) -> float | None:
        seen = self._last_marks.get(instrument_id)
        if seen is None or not reset_ns - _MARK_BEFORE_RESET_NS <= seen[0] <= reset_ns + _LOOK_EVERY_NS:
            return None
        return seen[1]

    def rate(self, currency: str, base: str, account: Account) -> float | None:
        """Return how many units of ``base`` one unit of ``currency`` is worth.

        The broker's own rate first (account tag ExchangeRate), then the market's pair.
        """
        if currency == base or not currency:
            return 1.0
        told = account.value(f"ExchangeRate ({currency})")
        if told:
            return float(told)
        direct = self._mark_of(instrument_id(AssetClass.FOREX, currency, currency=base))
        if direct:
            return direct
        inverse = self._mark_of(instrument_id(AssetClass.FOREX, base, currency=currency))
        return 1.0 / inverse if inverse else None
