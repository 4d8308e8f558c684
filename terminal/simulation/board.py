# SPDX-License-Identifier: Apache-2.0
"""The board: books and prices of every contract at the present moment, over a source of background quotes.

It answers what stands where and what something is worth; it moves no time and knows no orders but their places in the
books. floor.py lets time pass over it.
"""

from decimal import Decimal
from typing import Final

from terminal.model.enums import AssetClass, Side
from terminal.model.instrument import Instrument
from terminal.simulation.book import LimitBook, Match
from terminal.simulation.combos import Combo, ComboBook
from terminal.simulation.exchange_port import SimOrder, SimPrint, SimTop, SimulatorRefusalError
from terminal.simulation.facts import Borrow
from terminal.simulation.rng import label_key, mix
from terminal.simulation.source import MarketSource

VENUES: Final = ("ISLAND", "ARCA", "BATS", "DRCTEDGE", "IEX", "NYSE", "FINRA")
_BY_QUOTE: Final = frozenset({AssetClass.OPTION, AssetClass.FOREX, AssetClass.CRYPTO})


class PriceBoard:
    """See the module."""

    def __init__(self, source: MarketSource, seed: int) -> None:
        self.source = source
        self.combos = ComboBook()
        self._now = source.start_ns()
        self._books: dict[int, LimitBook] = {}
        self._venue_key = label_key("venues", seed)

    def _is_live(self, con_id: int) -> bool:
        """Say whether a contract's events are followed, so that its book is up to date."""
        raise NotImplementedError

    def _cross(self, con_id: int, match: Match) -> None:
        """Settle a trade of an own order that the background has crossed."""
        raise NotImplementedError

    # ------------------------------------------------------------ time

    def now_ns(self) -> int:
        return self._now

    def day_index(self) -> int:
        return self.source.calendar.index_at(self._now)

    def day_at(self, ns: int) -> int:
        return self.source.calendar.index_at(ns)

    def next_open_ns(self, instrument: Instrument, *, outside_rth: bool) -> int | None:
        """Return when an order of this instrument can go out next; None when no session is known."""
        sessions = instrument.trading_hours if outside_rth else instrument.liquid_hours
        return min((session.start_ns for session in sessions if session.start_ns > self._now), default=None)

    def auction_ns(self, con_id: int, kind: str) -> int | None:
        """Return the moment of the next auction of a kind, today's or the next day's; None when there is none."""
        today = self.day_index()
        for index in (today, self.source.next_day(today)):
            for auction in self.source.auctions(con_id, index):
                if auction.kind == kind and auction.ns >= self._now:
                    return auction.ns
        return None

    def is_halted(self, con_id: int) -> bool:
        return self.source.halt_at(con_id, self._now) is not None

    def in_halt(self, con_id: int) -> bool:
        """Say whether nothing may trade: in a halt, and at its end until the reopening auction has printed."""
        return self.is_halted(con_id) or self.source.halt_at(con_id, self._now - 1) is not None

    # ------------------------------------------------------------ contracts

    def instrument(self, con_id: int) -> Instrument | None:
        combo = self.combos.get(con_id)
        return self.source.instrument(con_id, self.day_index()) if combo is None else combo.instrument

    def _need(self, con_id: int) -> Instrument:
        found = self.instrument(con_id)
        if found is None:
            raise SimulatorRefusalError(200, "No security definition has been found for the request")
        return found

    def combo(self, con_id: int) -> Combo | None:
        return self.combos.get(con_id)

    def learn_combo(self, order: SimOrder) -> Combo:
        return self.combos.learn(order, self.instrument)

    def borrow(self, con_id: int) -> Borrow:
        return self.source.borrow(con_id, self._now)

    # ------------------------------------------------------------ books

    def book_of(self, con_id: int) -> LimitBook:
        """Return the book of an instrument (made when first needed)."""
        book = self._books.get(con_id)
        if book is None:
            displayed = self.source.displayed

            def of_level(sign: int, tick: int, touch: int, ns: int) -> int:
                return displayed(con_id, sign, tick, touch, ns)

            book = self._books[con_id] = LimitBook(of_level)
        return book

    def _refresh_touch(self, con_id: int) -> LimitBook:
        book = self.book_of(con_id)
        if self.in_halt(con_id):
            book.show(*self.source.touch(con_id, self._now))
            return book
        for match in book.set_touch(*self.source.touch(con_id, self._now), self._now):
            self._cross(con_id, match)
        return book

    def current_book(self, con_id: int) -> LimitBook:
        return self.book_of(con_id) if self._is_live(con_id) else self._refresh_touch(con_id)

    # ------------------------------------------------------------ prices

    def quote_ticks(self, con_id: int) -> tuple[int | None, int | None, int | None]:
        book = self.current_book(con_id)
        figures = self.source.tape(con_id, self._now).figures(self._now)
        return book.bid, book.ask, figures[0] if figures else None

    def unit(self, con_id: int) -> Decimal:
        return self.source.unit(con_id)

    def size_unit(self, con_id: int) -> Decimal:
        return self.source.size_unit(con_id)

    def price(self, instrument: Instrument, tick: int) -> float:
        """Return the price of a tick of this instrument's book."""
        return float(tick * self.source.unit(instrument.broker_id or 0))

    def size(self, con_id: int, units: int) -> float:
        """Return a size of the book in quantity."""
        return float(units * self.source.size_unit(con_id))

    def volume(self, con_id: int) -> float:
        figures = self.source.tape(con_id, self._now).figures(self._now)
        return self.size(con_id, figures[2]) if figures else 0.0

    def change_percent(self, con_id: int) -> float | None:
        """Return the last price's change from the previous close in percent; None before the first print."""
        last = self.quote_ticks(con_id)[2]
        close = self.source.figures(con_id, self._now).previous_close
        return None if last is None or not close else 100.0 * (last - close) / close

    def mark(self, con_id: int) -> float:
        """Return the price for valuation: last inside the spread, the middle of an option's quote, else the close."""
        instrument = self._need(con_id)
        bid, ask, last = self.quote_ticks(con_id)
        if bid is not None and ask is not None:
            if last is None or instrument.asset_class in _BY_QUOTE:
                return (self.price(instrument, bid) + self.price(instrument, ask)) / 2
            return self.price(instrument, min(max(last, bid), ask))
        fair = self.source.fair(con_id, self._now)
        if fair is not None:
            return fair
        if last is not None:
            return self.price(instrument, last)
        close = self.source.figures(con_id, self._now).previous_close
        return self.price(instrument, close) if close is not None else 0.0

    # ------------------------------------------------------------ what clients see

    def _print(
        self, con_id: int, ns: int, tick: int, size: int, side: int, *, exchange: str = "", conditions: str = ""
    ) -> SimPrint:
        instrument = self._need(con_id)
        if not exchange:
            exchange = instrument.exchange
            if instrument.asset_class is AssetClass.STOCK:
                exchange = VENUES[mix(self._venue_key, ns, tick) % len(VENUES)]
        return SimPrint(
            con_id=con_id,
            ns=ns,
            price=self.price(instrument, tick),
            size=self.size(con_id, size),
            exchange=exchange,
            conditions=conditions,
            aggressor=None if side == 0 else Side.BUY if side > 0 else Side.SELL,
        )

    def top(self, con_id: int) -> SimTop:
        self._need(con_id)
        book = self.current_book(con_id)
        return self._top(con_id, self._now, book.best(1, self._now), book.best(-1, self._now))

    def top_at(self, con_id: int, ns: int) -> SimTop:
        self._need(con_id)
        source = self.source
        if ns < source.head_ns(con_id):
            return SimTop(
                con_id=con_id, bid=None, bid_size=0.0, ask=None, ask_size=0.0, last=None, last_size=0.0, volume=0.0,
                open=None, high=None, low=None, previous_close=None,
            )  # fmt: skip
        bid, ask = (
            None if tick is None else (tick, source.displayed(con_id, sign, tick, tick, ns))
            for sign, tick in zip((1, -1), source.touch(con_id, ns), strict=True)
        )
        return self._top(con_id, ns, bid, ask)

    def _top(self, con_id: int, ns: int, bid: tuple[int, int] | None, ask: tuple[int, int] | None) -> SimTop:
        instrument = self._need(con_id)
        day = self.source.figures(con_id, ns)
        figures = self.source.tape(con_id, ns).figures(ns)

        def price(tick: int | None) -> float | None:
            return None if tick is None else self.price(instrument, tick)

        last, last_size, volume, high, low = figures or (None, 0, 0, None, None)
        return SimTop(
            con_id=con_id,
            bid=price(bid[0] if bid else None),
            bid_size=self.size(con_id, bid[1]) if bid else 0.0,
            ask=price(ask[0] if ask else None),
            ask_size=self.size(con_id, ask[1]) if ask else 0.0,
            last=price(last),
            last_size=self.size(con_id, last_size),
            volume=self.size(con_id, volume),
            open=price(day.open),
            high=price(high),
            low=price(low),
            previous_close=price(day.previous_close),
            halted=self.source.halt_at(con_id, ns) is not None,
        )
