# SPDX-License-Identifier: Apache-2.0
"""The trading floor: the clock, the books and what the listener hears, over one source of background events.

Time moves only in `advance_to`. On the way every background event of a watched instrument is laid against the own
orders in its book, triggers look at it, and the listener hears of it, in causal order. What nobody watches is not
stepped and costs nothing: its quotes are read from the source when asked for. market.py adds what clients ask.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from terminal.model.enums import AssetClass, Side
from terminal.model.instrument import Instrument
from terminal.simulation.account_book import AccountSpec
from terminal.simulation.accounts import Accounts
from terminal.simulation.book import LimitBook, Match
from terminal.simulation.desk import Desk
from terminal.simulation.exchange_port import (
    MarketListener,
    SimExecution,
    SimOrderState,
    SimPosition,
    SimPrint,
    SimTop,
    SimulatorRefusalError,
)
from terminal.simulation.margin_guard import MarginGuard
from terminal.simulation.night import Night
from terminal.simulation.rates import ExchangeRates
from terminal.simulation.rng import label_key, mix
from terminal.simulation.scheduler import Agenda
from terminal.simulation.source import FeedEvent, MarketSource
from terminal.simulation.trading_days import to_local

KINDS: Final = frozenset({"top", "prints", "book", "greeks"})
VENUES: Final = ("ISLAND", "ARCA", "BATS", "DRCTEDGE", "IEX", "NYSE", "FINRA")


class QuietListener:
    """Hears everything and says nothing: until a server is attached."""

    def on_top(self, top: SimTop) -> None: ...
    def on_print(self, trade: SimPrint) -> None: ...
    def on_book(self, con_id: int) -> None: ...
    def on_greeks(self, con_id: int) -> None: ...
    def on_order(self, state: SimOrderState) -> None: ...
    def on_execution(self, execution: SimExecution, state: SimOrderState) -> None: ...
    def on_position(self, position: SimPosition) -> None: ...
    def on_account(self, account: str) -> None: ...
    def on_session(self, event: str) -> None: ...


class TradingFloor:
    """See the module. Orders that a client sent stand in `desk`, money in `money`."""

    def __init__(self, source: MarketSource, accounts: Sequence[str | AccountSpec], seed: int) -> None:
        specs = [one if isinstance(one, AccountSpec) else AccountSpec(name=one) for one in accounts]
        self.accounts = tuple(spec.name for spec in specs)
        self.source = source
        self.seed = seed
        self.listener: MarketListener = QuietListener()
        self._now = source.start_ns()
        self._agenda = Agenda()
        self._books: dict[int, LimitBook] = {}
        self._watched: dict[int, dict[str, int]] = {}
        self._ordered: dict[int, int] = {}
        self._lasts: dict[int, SimTop] = {}
        self._venue_key = label_key("venues", seed)
        self.money = Accounts(
            specs, mark=self.mark, underlying_of=source.underlying_of, rate=ExchangeRates(source, self), day=self.today
        )
        self.desk = Desk(self, self.money, seed)
        self.night = Night(self, seed)
        self.guard = MarginGuard(self)
        self._plan_sessions()

    # ------------------------------------------------------------ time

    def now_ns(self) -> int:
        return self._now

    def day_index(self) -> int:
        return self.source.calendar.index_at(self._now)

    def today(self) -> tuple[int, date]:
        """Return number and date of the trading day."""
        index = self.day_index()
        return index, self.source.calendar.day(index).date

    def schedule(self, ns: int, action: Callable[[], None]) -> None:
        self._agenda.at(ns, action)

    def advance_to(self, ns: int) -> None:
        """Let the market live until ``ns``. At the end of a day the clock jumps over the night (see `_end_day`)."""
        ns = min(ns, self.source.end_ns())
        while (due := self._agenda.next(ns)) is not None:
            when, action, feed = due
            self._now = max(self._now, when)
            if action is not None:
                action()
            elif feed is not None:
                for event in feed.step():
                    self._on_event(event)
                self._agenda.again(feed)
        self._now = max(self._now, ns)

    def _plan_sessions(self) -> None:
        day = self.source.calendar.day(self.day_index())
        for at, action in (
            (day.open_ns, self._open_session),
            (day.close_ns, self._close_session),
            (min(day.end_ns, self.source.end_ns()), self._end_day),
        ):
            if at > self._now or action == self._end_day:
                self._agenda.at(at, action)
        self.guard.start()

    def _open_session(self) -> None:
        self.listener.on_session("open")
        self.desk.session_opened()

    def _close_session(self) -> None:
        self.listener.on_session("close")
        self.desk.session_closed(day_over=False)

    def _end_day(self) -> None:
        """Close the day, skip the night and begin the next trading day."""
        if self._now >= self.source.end_ns():
            self.desk.session_closed(day_over=True)
            self.listener.on_session("replay_end")
            return
        before = self.source.calendar.day(self.day_index() - 1)
        self._now = before.end_ns - 1
        self.desk.session_closed(day_over=True)
        self._settle_expired(before.date)
        self.money.start_day()
        self.desk.settlement.forget_day()
        self.desk.orders.forget_done()
        self.listener.on_session("day_end")
        self._now = self.source.calendar.day(self.source.next_day(before.index)).start_ns
        self.desk.refresh(lambda con_id: self.source.instrument(con_id, self.day_index()))
        self._plan_sessions()
        self.night.open_day()
        self.desk.session_opened()
        for con_id in set(self._watched) | set(self._ordered):
            self._refresh_touch(con_id)
            self._tell_top(con_id)
        for account in self.accounts:
            self.listener.on_account(account)

    def _settle_expired(self, today: date) -> None:
        """Let the night do its work with options, futures and shares; orders in what expires today end."""
        for working in self.desk.orders.live():
            if working.instrument.expiry is not None and working.instrument.expiry <= today:
                self.desk.finish(working, "Expired")
        self.night.close_day()

    def set_listener(self, listener: MarketListener) -> None:
        self.listener = listener

    # ------------------------------------------------------------ watching

    def watch(self, con_id: int, kind: str) -> None:
        if kind not in KINDS:
            raise ValueError(f"watch kind must be one of {sorted(KINDS)}, was {kind!r}")
        was = self._is_live(con_id)
        kinds = self._watched.setdefault(con_id, {})
        kinds[kind] = kinds.get(kind, 0) + 1
        if not was:
            self._wake(con_id)

    def unwatch(self, con_id: int, kind: str) -> None:
        kinds = self._watched.get(con_id, {})
        if kinds.get(kind, 0) > 1:
            kinds[kind] -= 1
            return
        kinds.pop(kind, None)
        if not kinds:
            self._watched.pop(con_id, None)
        self._sleep_if_idle(con_id)

    def set_orders(self, con_id: int, count: int) -> None:
        was = self._is_live(con_id)
        if count:
            self._ordered[con_id] = count
            if not was:
                self._wake(con_id)
        elif self._ordered.pop(con_id, None) is not None:
            self._sleep_if_idle(con_id)

    def _is_live(self, con_id: int) -> bool:
        return con_id in self._watched or con_id in self._ordered

    def _wake(self, con_id: int) -> None:
        self._refresh_touch(con_id)
        self._agenda.add_feed(self.source.open_feed(con_id, self._now))

    def _sleep_if_idle(self, con_id: int) -> None:
        if not self._is_live(con_id):
            feed = self.source.close_feed(con_id)
            if feed is not None:
                self._agenda.drop_feed(feed)

    # ------------------------------------------------------------ events

    def _on_event(self, event: FeedEvent) -> None:
        con_id, now = event.con_id, self._now
        if not self._is_live(con_id):
            return
        book = self.book_of(con_id)
        for match in book.set_touch(event.bid, event.ask, now):
            self.desk.settle(con_id, match)
        printed = event.size > 0
        if printed:
            self._on_print(event, book)
        if self.desk.needs(con_id):
            self.desk.on_market(con_id, event.bid, event.ask, event.tick if printed else None)
        kinds = self._watched.get(con_id)
        if not kinds:
            return
        if "top" in kinds:
            self._tell_top(con_id)
        if "book" in kinds:
            self.listener.on_book(con_id)
        if "greeks" in kinds:
            self.listener.on_greeks(con_id)

    def _on_print(self, event: FeedEvent, book: LimitBook) -> None:
        """Let a print meet own orders first, then put on the tape what is left of it."""
        left = event.size
        for side in (event.side,) if event.side else (1, -1):
            for match in book.trade(event.tick, left, side, self._now):
                if self.source.own_prints and match.tick != event.tick:
                    self.source.tape(event.con_id, self._now).remove(self._now, match.size)
                    left -= match.size
                    self.desk.settle(event.con_id, match)
                else:
                    self.desk.settle_silently(match)
        if left > 0:
            self._tell_print(event.con_id, event.tick, left, event.side, event.exchange, event.conditions)

    def report_match(self, con_id: int, match: Match) -> None:
        if not self.source.own_prints:
            return
        self.source.tape(con_id, self._now).add(self._now, match.tick, match.size, match.sign)
        self._tell_print(con_id, match.tick, match.size, match.sign)
        kinds = self._watched.get(con_id)
        if kinds and "top" in kinds:
            self._tell_top(con_id)

    def _tell_print(
        self, con_id: int, tick: int, size: int, side: int, exchange: str = "", conditions: str = ""
    ) -> None:
        kinds = self._watched.get(con_id)
        if kinds and "prints" in kinds:
            instrument = self._need(con_id)
            self.listener.on_print(
                self._print(instrument, self._now, tick, size, side, exchange=exchange, conditions=conditions)
            )

    def _print(
        self, instrument: Instrument, ns: int, tick: int, size: int, side: int, *, exchange: str = "",
        conditions: str = "",
    ) -> SimPrint:  # fmt: skip
        if not exchange:
            exchange = instrument.exchange
            if instrument.asset_class is AssetClass.STOCK:
                exchange = VENUES[mix(self._venue_key, ns, tick) % len(VENUES)]
        return SimPrint(
            con_id=instrument.broker_id or 0,
            ns=ns,
            price=self.price(instrument, tick),
            size=float(size),
            exchange=exchange,
            conditions=conditions,
            aggressor=None if side == 0 else Side.BUY if side > 0 else Side.SELL,
        )

    def _tell_top(self, con_id: int) -> None:
        kinds = self._watched.get(con_id)
        if not kinds or "top" not in kinds:
            return
        top = self.top(con_id)
        if self._lasts.get(con_id) != top:
            self._lasts[con_id] = top
            self.listener.on_top(top)

    # ------------------------------------------------------------ books and prices

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
        for match in book.set_touch(*self.source.touch(con_id, self._now), self._now):
            self.desk.settle(con_id, match)
        return book

    def _current_book(self, con_id: int) -> LimitBook:
        return self.book_of(con_id) if self._is_live(con_id) else self._refresh_touch(con_id)

    def quote_ticks(self, con_id: int) -> tuple[int | None, int | None, int | None]:
        book = self._current_book(con_id)
        figures = self.source.tape(con_id, self._now).figures(self._now)
        return book.bid, book.ask, figures[0] if figures else None

    def unit(self, con_id: int) -> Decimal:
        return self.source.unit(con_id)

    def price(self, instrument: Instrument, tick: int) -> float:
        """Return the price of a tick of this instrument's book."""
        return float(tick * self.source.unit(instrument.broker_id or 0))

    def mark(self, con_id: int) -> float:
        """Return the price for valuation: last inside the spread, the middle of an option's quote, else the close."""
        instrument = self._need(con_id)
        bid, ask, last = self.quote_ticks(con_id)
        if bid is not None and ask is not None:
            if last is None or instrument.asset_class in {AssetClass.OPTION, AssetClass.FOREX}:
                return (self.price(instrument, bid) + self.price(instrument, ask)) / 2
            return self.price(instrument, min(max(last, bid), ask))
        fair = self.source.fair(con_id, self._now)
        if fair is not None:
            return fair
        if last is not None:
            return self.price(instrument, last)
        close = self.source.figures(con_id, self._now).previous_close
        return self.price(instrument, close) if close is not None else 0.0

    def _need(self, con_id: int) -> Instrument:
        found = self.instrument(con_id)
        if found is None:
            raise SimulatorRefusalError(200, "No security definition has been found for the request")
        return found

    def next_open(self, instrument: Instrument, *, outside_rth: bool) -> str:
        """Return the local time at which an order of this instrument can go out, for the note to the client."""
        sessions = instrument.trading_hours if outside_rth else instrument.liquid_hours
        ahead = [session.start_ns for session in sessions if session.start_ns > self._now]
        return f"{to_local(min(ahead)):%Y-%m-%d %H:%M:%S} US/Eastern" if ahead else "its next session"

    def instrument(self, con_id: int) -> Instrument | None:
        return self.source.instrument(con_id, self.day_index())

    def top(self, con_id: int) -> SimTop:
        self._need(con_id)
        book = self._current_book(con_id)
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
            bid_size=float(bid[1]) if bid else 0.0,
            ask=price(ask[0] if ask else None),
            ask_size=float(ask[1]) if ask else 0.0,
            last=price(last),
            last_size=float(last_size),
            volume=float(volume),
            open=price(day.open),
            high=price(high),
            low=price(low),
            previous_close=price(day.previous_close),
        )
