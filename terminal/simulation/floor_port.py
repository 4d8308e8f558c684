# SPDX-License-Identifier: Apache-2.0
"""What the order desk needs of the market around it. `TradingFloor` fulfils it; nothing here knows orders."""

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from terminal.model.instrument import Instrument
from terminal.simulation.book import LimitBook, Match
from terminal.simulation.combos import Combo
from terminal.simulation.exchange_port import MarketListener, SimOrder
from terminal.simulation.facts import Borrow


class Floor(Protocol):
    """See the module. Prices in ticks of `unit`, sizes in units of `size_unit`."""

    listener: MarketListener

    def now_ns(self) -> int: ...
    def schedule(self, ns: int, action: Callable[[], None]) -> None: ...
    def book_of(self, con_id: int) -> LimitBook: ...
    def current_book(self, con_id: int) -> LimitBook:
        """Return the book as of now, whether or not anybody follows it."""
        ...

    def quote_ticks(self, con_id: int) -> tuple[int | None, int | None, int | None]:
        """Return (bid, ask, last) now, in ticks."""
        ...

    def set_orders(self, con_id: int, count: int) -> None:
        """Learn how many orders need this instrument's events."""
        ...

    def report_match(self, con_id: int, match: Match) -> None:
        """Put a trade with an own order on the tape."""
        ...

    def instrument(self, con_id: int) -> Instrument | None: ...
    def combo(self, con_id: int) -> Combo | None: ...
    def learn_combo(self, order: SimOrder) -> Combo:
        """Take up the combination that an order names.

        Raises:
            SimulatorRefusalError: it is none.
        """
        ...

    def next_open_ns(self, instrument: Instrument, *, outside_rth: bool) -> int | None:
        """Return when an order of this instrument can go out; None when nothing is known."""
        ...

    def auction_ns(self, con_id: int, kind: str) -> int | None:
        """Return the moment of the next auction of a kind; None when the market holds none."""
        ...

    def is_halted(self, con_id: int) -> bool: ...
    def borrow(self, con_id: int) -> Borrow: ...
    def day_index(self) -> int: ...
    def day_at(self, ns: int) -> int:
        """Return the trading day of a moment."""
        ...

    def unit(self, con_id: int) -> Decimal: ...
    def size_unit(self, con_id: int) -> Decimal: ...
    def mark(self, con_id: int) -> float: ...
    def volume(self, con_id: int) -> float:
        """Return the day's volume so far, in quantity."""
        ...

    def change_percent(self, con_id: int) -> float | None: ...
