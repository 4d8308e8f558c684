# SPDX-License-Identifier: Apache-2.0
"""The trading floor: the clock, the books and what the listener hears, over one source of background events.

Time moves only in `advance_to`. On the way every background event of a watched instrument is laid against the own
orders in its book, triggers look at it, and the listener hears of it, in causal order. What nobody watches is not
stepped and costs nothing: its quotes are read from the source when asked for. market.py adds what clients ask.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from terminal.simulation.account_book import AccountSpec
from terminal.simulation.accounts import Accounts
from terminal.simulation.auctions import CONDITION_OF
from terminal.simulation.board import PriceBoard
from terminal.simulation.book import LimitBook, Match
from terminal.simulation.desk import Desk
from terminal.simulation.exchange_port import (
    MarketListener,
    SimExecution,
    SimOrderState,
    SimPosition,
    SimPrint,
    SimTop,
)
from terminal.simulation.margin_guard import MarginGuard, margin_day
from terminal.simulation.night import Night
from terminal.simulation.rates import ExchangeRates
from terminal.simulation.scheduler import Agenda
from terminal.simulation.source import FeedEvent, MarketSource

KINDS: Final = frozenset({"top", "prints", "book", "greeks"})


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


class TradingFloor(PriceBoard):
    """See the module. Orders that a client sent stand in `desk`, money in `money`."""

    def __init__(self, source: MarketSource, accounts: Sequence[str | AccountSpec], seed: int) -> None:
        specs = [one if isinstance(one, AccountSpec) else AccountSpec(name=one) for one in accounts]
        self.accounts = tuple(spec.name for spec in specs)
        super().__init__(source, seed)
        self.seed = seed
        self.listener: MarketListener = QuietListener()
        self._agenda = Agenda()
        self._watched: dict[int, dict[str, int]] = {}
        self._ordered: dict[int, int] = {}
        self._lasts: dict[int, SimTop] = {}
        self.money = Accounts(
            specs, mark=self.mark, underlying_of=source.underlying_of, rate=ExchangeRates(source, self), day=self.today,
            margin_day=lambda: margin_day(self),
        )  # fmt: skip
        self.desk = Desk(self, self.money, seed)
        self.night = Night(self, seed)
        self.guard = MarginGuard(self)
        self._plan_sessions()

    # ------------------------------------------------------------ time

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
        self.combos.refresh(self.instrument)
        self.desk.refresh(self.instrument)
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

    def _cross(self, con_id: int, match: Match) -> None:
        self.desk.settle(con_id, match)

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
        printed = event.size > 0
        auction = CONDITION_OF.get(event.conditions) if printed else None
        if auction and self.desk.needs(con_id):
            self.desk.cross(con_id, auction, event.tick, event.size)
        if self.in_halt(con_id) and not auction:
            book.show(event.bid, event.ask)
        else:
            for match in book.set_touch(event.bid, event.ask, now):
                self.desk.settle(con_id, match)
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
            self.listener.on_print(
                self._print(con_id, self._now, tick, size, side, exchange=exchange, conditions=conditions)
            )

    def _tell_top(self, con_id: int) -> None:
        kinds = self._watched.get(con_id)
        if not kinds or "top" not in kinds:
            return
        top = self.top(con_id)
        if self._lasts.get(con_id) != top:
            self._lasts[con_id] = top
            self.listener.on_top(top)
