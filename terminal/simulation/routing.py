# SPDX-License-Identifier: Apache-2.0
"""Routing: the way of an order to its exchange and what it does there, by type, time in force and session.

`_route` asks what an order still waits for; `_arrive` puts it to work: as a trigger, in an auction, against the book,
pegged, or as a combination. desk.py takes requests; order_life.py settles.
"""

from decimal import Decimal
from functools import partial
from typing import Final

from terminal.model.enums import AssetClass
from terminal.simulation import auctions, pegs, triggers
from terminal.simulation.combos import Combo
from terminal.simulation.order_life import ACTIVE
from terminal.simulation.order_table import PEGGED, TYPES
from terminal.simulation.orders import Stage, Working
from terminal.simulation.settlement import Traded
from terminal.simulation.trading_days import to_local
from terminal.simulation.triggers import Seen
from terminal.simulation.waits import Waits

TRAIL_NOTE_NS: Final = 1_000_000_000
"""A moving trail is told at most once a second."""
WAITING_NOTE: Final = (
    "Order Message:\n{action} {quantity} {name}\nWarning: your order will not be placed at the exchange until {when}"
)
_ALWAYS_OPEN: Final = frozenset({AssetClass.FUTURE, AssetClass.FOREX, AssetClass.CRYPTO})
_FLAGGED: Final = frozenset({AssetClass.STOCK, AssetClass.OPTION})
REGULAR_ONLY: Final = frozenset({"MKT", "MIT", "MOC", "LOC", "MIDPRICE", "REL"})
"""Types of stocks and options for which IBKR ignores the outside-hours flag (warning 2109)."""
_MAX_BATCHES: Final = 200


class Router(Waits):
    """See the module. All times are the market's."""

    # ------------------------------------------------------------ sessions

    def can_trade(self, working: Working) -> bool:
        """Say whether the order's session is open now."""
        now = self._floor.now_ns()
        return bool(working.instrument.is_open(now, outside_regular_hours=self.goes_outside(working)))

    @staticmethod
    def goes_outside(working: Working) -> bool:
        """Futures, currencies and crypto trade all their hours; the outside-hours flag is for stocks and options."""
        kind = working.instrument.asset_class
        if kind in _FLAGGED and working.state.order.order_type in REGULAR_ONLY:
            return False
        return working.state.order.outside_rth or kind in _ALWAYS_OPEN

    def _wake_for_session(self, working: Working) -> None:
        if working.stage is Stage.QUEUED and self.can_trade(working):
            self._route(working)

    # ------------------------------------------------------------ the way there

    def _route(self, working: Working) -> None:
        order, now = working.state.order, self._floor.now_ns()
        if order.good_after_ns > now:
            self._queue(working)
            return
        self._watch_conditions(working)
        if order.conditions and not order.conditions_cancel_order and not working.armed:
            self._stage(working, Stage.CONDITION)
            working.state.status = "PreSubmitted"
            self._judge(working)
            return
        if self._lacks_shares(working):
            return
        if not auctions.kind_of(order) and not self.can_trade(working):
            self._queue(working)
            self._warn_waiting(working)
            return
        self._stage(working, Stage.FLIGHT)
        working.latest += 1
        self._later(working, partial(self._arrive_if_latest, working, working.latest))

    def _queue(self, working: Working) -> None:
        self._stage(working, Stage.QUEUED)
        working.state.status = "PreSubmitted"

    def _warn_waiting(self, working: Working) -> None:
        """Set the note that TWS sends for an order outside of its hours, and the alarm for their begin."""
        order = working.state.order
        begins = self._floor.next_open_ns(working.instrument, outside_rth=self.goes_outside(working))
        when = "its next session"
        if begins is not None:
            when = f"{to_local(begins):%Y-%m-%d %H:%M:%S} US/Eastern"
            self._floor.schedule(begins, partial(self._wake_for_session, working))
        working.state.warning = WAITING_NOTE.format(
            action=order.action, quantity=order.quantity, name=working.instrument.local_symbol, when=when
        )

    def _arrive_if_latest(self, working: Working, token: int) -> None:
        if working.stage is not Stage.DONE and working.latest == token:
            self._arrive(working)

    def _arrive(self, working: Working) -> None:
        order = working.state.order
        if auctions.kind_of(order):
            self._stage(working, Stage.AUCTION)
            working.state.status = "Submitted" if self.can_trade(working) else "PreSubmitted"
            self._tell(working)
            return
        if not self.can_trade(working):
            self._route(working)
            self._tell(working)
            return
        working.state.why_held = working.state.warning = ""
        if TYPES[order.order_type].waits and not working.triggered:
            self._stage(working, Stage.TRIGGER)
            working.state.status, working.state.why_held = "PreSubmitted", "trigger"
            self._tell(working)
            self._look(working, Seen(*self._floor.quote_ticks(working.con_id)))
            return
        working.state.status = "Submitted"
        # A market order that fills at once is never seen Submitted.
        quiet = working.limit is None and order.order_type not in PEGGED
        if not quiet:
            self._tell(working)
        told = len(self.settlement.executions)
        self._work(working)
        if quiet and working.stage is not Stage.DONE and len(self.settlement.executions) == told:
            self._tell(working)

    # ------------------------------------------------------------ at the exchange

    def _work(self, working: Working) -> None:
        """Match what may work now; rest, wait or drop the remainder."""
        order = working.state.order
        if working.is_bag:
            self._work_combo(working)
            return
        if order.order_type in PEGGED:
            working.limit = pegs.wanted(working, self._floor.book_of(working.con_id))
            if working.limit is None:
                self._stage(working, Stage.WATCH)
                return
        whole = order.all_or_none or order.tif == "FOK"
        if whole and not self._covers(working):
            if order.tif == "FOK":
                self.finish(working, "Cancelled: fill or kill")
            else:
                self._stage(working, Stage.WATCH)
            return
        self._take(working)

    def _covers(self, working: Working) -> bool:
        """Say whether the whole order could fill now, without orders that a fill may cancel."""
        book = self._floor.book_of(working.con_id)
        if self._floor.is_halted(working.con_id):
            return False
        found = book.available(working.sign, working.limit, self._floor.now_ns(), self.orders.is_plain)
        return found >= working.left and self.orders.allowed(working) >= working.left

    def _take(self, working: Working) -> None:
        book, now = self._floor.book_of(working.con_id), self._floor.now_ns()
        limit, order = working.limit, working.state.order
        self._stage(working, Stage.MARKET)
        if not self._floor.is_halted(working.con_id):
            for match in book.take(working.perm_id, working.sign, limit, self.orders.allowed(working), now):
                self.settle(working.con_id, match)
        if working.stage is Stage.DONE:
            return
        if order.tif in {"IOC", "FOK"}:
            self.finish(working, "Cancelled: immediate or cancel")
        elif limit is not None:
            self._stage(working, Stage.BOOK)
            rest = self.orders.allowed(working)
            if rest > 0:
                hidden = order.hidden or order.order_type == "MIDPRICE"
                book.rest(working.perm_id, working.sign, limit, rest, now, peak=working.peak, hidden=hidden)

    # ------------------------------------------------------------ combinations

    def _work_combo(self, working: Working) -> None:
        """Fill as many units as the touches of the legs give at the limit or better."""
        combo = self._floor.combo(working.con_id)
        if combo is None:
            self.finish(working, "Cancelled: a leg is no longer listed")
            return
        self._stage(working, Stage.WATCH)
        for _ in range(_MAX_BATCHES):
            if working.stage is Stage.DONE or not self._fill_combo(working, combo):
                break
        if working.stage is not Stage.DONE and working.state.order.tif == "IOC":
            self.finish(working, "Cancelled: immediate or cancel")

    def _fill_combo(self, working: Working, combo: Combo) -> bool:
        if any(self._floor.is_halted(leg.con_id) for leg in combo.legs) or not self.can_trade(working):
            return False
        quoted = combo.quote(working.sign, self._touch)
        if quoted is None:
            return False
        net, units, prices = quoted
        limit = working.state.order.limit_price
        units = min(units, working.left)
        if units <= 0 or (limit is not None and (Decimal(repr(limit)) - net) * working.sign < 0):
            return False
        legs: list[Traded] = []
        for leg, price in zip(combo.legs, prices, strict=True):
            sign = working.sign * leg.sign
            self._take_leg(working, leg.con_id, sign, price, units * leg.ratio)
            legs.append(Traded(leg.con_id, leg.instrument, sign, Decimal(units * leg.ratio), price))
        executions = self.settlement.execute_combo(
            working, self._accounts, combo, legs, units=units, ns=self._floor.now_ns()
        )
        self._after_execution(working, executions)
        return True

    def _touch(self, con_id: int, side: int) -> tuple[Decimal, int] | None:
        """Return the best displayed price of a side and the size there, without orders that a fill may cancel."""
        book, now = self._floor.current_book(con_id), self._floor.now_ns()
        best = book.best(side, now)
        if best is None:
            return None
        tick = best[0]
        size = book.available(-side, tick, now, self.orders.is_plain)
        return (tick * self._floor.unit(con_id), size) if size else None

    def _take_leg(self, working: Working, con_id: int, sign: int, price: Decimal, size: int) -> None:
        """Take a leg from its book; other clients' orders that it meets are settled as makers."""
        book = self._floor.current_book(con_id)
        tick = int(price / self._floor.unit(con_id))
        for match in book.take(working.perm_id, sign, tick, size, self._floor.now_ns()):
            self._floor.report_match(con_id, match)
            maker = self.orders.get(match.maker) if match.maker else None
            if maker is not None:
                self._fill(maker, match.tick, match.size, -sign, 1)

    # ------------------------------------------------------------ market events

    def on_market(self, con_id: int, bid: int | None, ask: int | None, last: int | None) -> None:
        """Let the orders that look at a contract see an event; ``last`` is None when nothing printed."""
        seen = Seen(bid, ask, last)
        for working in list(self._interest.get(con_id, {}).values()):
            if working.perm_id in self._conditions:
                self._conditions_look(working, con_id, seen)
            if working.stage is Stage.TRIGGER:
                self._look(working, seen)
            elif working.stage is Stage.WATCH or (working.stage is Stage.MARKET and working.left > 0):
                self._work(working)
            elif working.stage is Stage.BOOK and working.state.order.order_type in PEGGED:
                self._peg(working)

    def _peg(self, working: Working) -> None:
        """Let a pegged order follow the quote; a new price is a new place in the queue."""
        wanted = pegs.wanted(working, self._floor.book_of(working.con_id))
        if wanted != working.limit:
            self._leave_book(working, working.limit)
            self._stage(working, Stage.MARKET)
            self._work(working)

    def _look(self, working: Working, seen: Seen) -> None:
        if not self.can_trade(working) or self._floor.is_halted(working.con_id):
            return
        if triggers.fires(working, seen):
            working.triggered = True
            self._stage(working, Stage.FLIGHT)
            working.latest += 1
            self._later(working, partial(self._arrive_if_latest, working, working.latest))
            return
        if triggers.follow(working, seen) and working.stop is not None:
            working.state.order.trail_stop_price = float(working.stop * working.unit)
            if self._floor.now_ns() - working.told_ns >= TRAIL_NOTE_NS:
                working.told_ns = self._floor.now_ns()
                self._tell(working)

    def cross(self, con_id: int, kind: str, tick: int, size: int) -> None:
        """Let the orders of an auction trade at its price, at most ``size`` in all; what is left over ends.

        After a halt everything that works takes part and the rest goes on working.
        """
        reopening = kind == auctions.REOPEN
        stages = {Stage.BOOK, Stage.MARKET} if reopening else {Stage.AUCTION}
        for working in list(self._interest.get(con_id, {}).values()):
            if working.stage not in stages or working.con_id != con_id:
                continue
            if not reopening and auctions.kind_of(working.state.order) != kind:
                continue
            part = min(self.orders.allowed(working), size)
            if part > 0 and auctions.takes_part(working.sign, working.limit, tick):
                size -= part
                if working.stage is Stage.BOOK:
                    self._leave_book(working, working.limit)
                    self._stage(working, Stage.MARKET)
                self._fill(working, tick, part, working.sign, 2)
            if not reopening and working.stage is not Stage.DONE:
                self.finish(working, "Cancelled: not executed in the auction")
            elif working.stage is Stage.MARKET and working.limit is not None:
                self._take(working)

    # ------------------------------------------------------------ session changes

    def session_opened(self) -> None:
        """Send what waited for a session that is open now."""
        for working in self.orders.live():
            self._wake_for_session(working)

    def session_closed(self, *, day_over: bool) -> None:
        """Expire day orders whose session is over; take the others out of the market until the next one."""
        today = self._floor.day_index()
        for working in self.orders.live():
            order = working.state.order
            waits = working.stage in {Stage.HELD, Stage.CHILD} or auctions.kind_of(order)
            if (waits and not day_over) or working.stage is Stage.DONE:
                continue
            if not day_over and self.goes_outside(working):
                continue
            last_day = working.expires_day if working.stage is not Stage.QUEUED else working.expires_day + 1
            if order.tif not in {"GTC", "GTD"} and (last_day <= today or working.stage in ACTIVE):
                if not self._is_for_later(working):
                    self.finish(working, "Expired")
            elif working.stage in ACTIVE:
                self._leave_book(working, working.limit)
                self._route(working)
                self._tell(working)

    def _is_for_later(self, working: Working) -> bool:
        """Say whether an auction order was entered for the auction of a day that is yet to come."""
        return bool(auctions.kind_of(working.state.order)) and working.expires_day > self._floor.day_index()
