# SPDX-License-Identifier: Apache-2.0
"""The order desk: the life of an order inside the venue, from the request to its last word.

Requests are checked at once (or refused with IBKR's code) and take effect after an order latency of some tens of
milliseconds of market time, so a client sees PreSubmitted, Submitted, Filled in turn. The desk owns stages, sessions,
triggers, brackets and OCA groups; the book matches, the accounts pay. Decisions: docs/decisions/0011.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation import triggers
from terminal.simulation.exchange_port import SimOrder, SimOrderState, SimulatorRefusalError
from terminal.simulation.order_life import ACTIVE, OrderLife
from terminal.simulation.orders import Stage, Working, check_order, price_to_tick
from terminal.simulation.rng import mix

MILLISECOND: Final = 1_000_000
TRAIL_NOTE_NS: Final = 1_000_000_000
"""A moving trail is told at most once a second."""
MAX_ACTIVE: Final = 20
"""IBKR's limit of active orders per contract, side and account."""
WAITING_NOTE: Final = (
    "Order Message:\n{action} {quantity} {name}\nWarning: your order will not be placed at the exchange until {when}"
)
_ALWAYS_OPEN: Final = frozenset({AssetClass.FUTURE, AssetClass.FOREX})


class Desk(OrderLife):
    """See the module. All times are the market's."""

    # ------------------------------------------------------------ requests

    def check(self, order: SimOrder, instrument: Instrument | None) -> Instrument:
        """Refuse an order that cannot be; return its instrument.

        Raises:
            SimulatorRefusalError: with IBKR's code.
        """
        if instrument is None:
            raise SimulatorRefusalError(200, "No security definition has been found for the request")
        check_order(order, instrument)
        if order.account not in self._accounts.names:
            raise SimulatorRefusalError(321, f"Error validating request: account {order.account!r} is not known")
        if order.parent_perm_id:
            parent = self.orders.get(order.parent_perm_id)
            if parent is None or parent.stage is Stage.DONE:
                raise SimulatorRefusalError(10006, "Missing parent order.")
        return instrument

    def place(self, order: SimOrder, instrument: Instrument | None) -> SimOrderState:
        found = self.check(order, instrument)
        self._check_count(order)
        self._check_sides(order, found)
        if not order.parent_perm_id:
            self._accounts.check_funds(order, found)
        state = SimOrderState(perm_id=self.next_perm_id, order=replace(order), status="ApiPending")
        self.next_perm_id += 1
        sign = 1 if order.action == "BUY" else -1
        working = Working(state=state, instrument=found, sign=sign, unit=self._floor.unit(order.con_id))
        working.expires_day = self._floor.day_index()
        self._set_prices(working)
        self.orders.add(working)
        if order.transmit:
            self._transmit(working)
        return state

    def _check_count(self, order: SimOrder) -> None:
        same = [
            working
            for working in self.orders.live()
            if working.con_id == order.con_id
            and working.state.order.action == order.action
            and working.state.order.account == order.account
        ]
        if len(same) >= MAX_ACTIVE:
            raise SimulatorRefusalError(
                201, f"Order rejected - reason:{MAX_ACTIVE} orders are working on this side of the contract already"
            )

    def _check_sides(self, order: SimOrder, instrument: Instrument) -> None:
        """Refuse the second side of one US option contract; a bracket may hold both."""
        if instrument.asset_class is not AssetClass.OPTION or order.parent_perm_id:
            return
        if any(
            working.con_id == order.con_id
            and working.state.order.account == order.account
            and working.state.order.action != order.action
            for working in self.orders.live()
        ):
            raise SimulatorRefusalError(
                201, "Order rejected - reason:Cannot have open orders on both sides of the same US Option contract"
            )

    @staticmethod
    def _set_prices(working: Working) -> None:
        order = working.state.order
        working.limit = price_to_tick(working.unit, order.limit_price) if order.limit_price is not None else None
        if order.order_type in {"MKT", "STP", "TRAIL"}:
            working.limit = None
        working.stop = None
        if order.order_type in {"STP", "STP LMT"} and order.aux_price is not None:
            working.stop = price_to_tick(working.unit, order.aux_price)

    def _transmit(self, working: Working) -> None:
        """Send an order, and everything of its bracket that was held for it."""
        family = [working]
        parent = self.orders.parent(working)
        if parent is not None:
            family = [parent, *self.orders.children(parent)]
        for member in family:
            if member.stage is not Stage.HELD:
                continue
            member.state.order.transmit = True
            member.state.status = "PreSubmitted"
            above = self.orders.parent(member)
            if above is not None and not above.filled:
                self._stage(member, Stage.CHILD)
                member.state.why_held = "child"
            else:
                self._route(member)
            if member is not working:
                self._tell(member)

    def modify(self, perm_id: int, order: SimOrder) -> SimOrderState:
        working = self._find(perm_id)
        before = working.state.order
        if working.stage is Stage.DONE:
            code = 104 if working.state.status == "Filled" else 105
            raise SimulatorRefusalError(code, f"Cannot modify an order that is {working.state.status.lower()}.")
        fixed = ("con_id", "action", "account", "order_type", "parent_perm_id")
        if any(getattr(order, name) != getattr(before, name) for name in fixed):
            raise SimulatorRefusalError(105, "Order being modified does not match original order.")
        check_order(order, working.instrument)
        if order.quantity <= working.filled:
            raise SimulatorRefusalError(105, f"Order size {order.quantity} is not above the filled {working.filled}.")
        if not order.parent_perm_id:
            self._accounts.check_funds(order, working.instrument)
        self._apply_change(working, order)
        return working.state

    def _apply_change(self, working: Working, order: SimOrder) -> None:
        before = working.state.order
        old = (working.limit, working.stop, working.left)
        held, transmitted = working.stage is Stage.HELD, before.transmit
        working.state.order = replace(order, transmit=order.transmit or transmitted)
        stop = working.stop
        self._set_prices(working)
        if order.order_type == "TRAIL" and (order.aux_price, order.trailing_percent) == (
            before.aux_price, before.trailing_percent
        ) and order.trail_stop_price in {before.trail_stop_price, None}:  # fmt: skip
            working.stop = stop
        if held:
            if order.transmit:
                self._transmit(working)
            return
        same_price = (working.limit, working.stop) == old[:2] and before.tif == order.tif
        if working.stage is Stage.BOOK and same_price and working.left <= old[2]:
            self._resize(working)
        elif working.stage in {Stage.BOOK, Stage.FLIGHT, Stage.TRIGGER, Stage.QUEUED, Stage.MARKET}:
            self._leave_book(working, old[0])
            self._route(working)

    def cancel(self, perm_id: int) -> SimOrderState:
        working = self._find(perm_id)
        if working.stage is Stage.DONE:
            raise SimulatorRefusalError(
                10148,
                f"OrderId {working.state.order.order_id} that needs to be cancelled can not be cancelled, "
                f"state: {working.state.status}.",
            )
        self._later(working, lambda: self.finish(working, "Cancelled by client"), keep=True)
        return working.state

    def _find(self, perm_id: int) -> Working:
        working = self.orders.get(perm_id)
        if working is None:
            raise SimulatorRefusalError(10147, f"OrderId {perm_id} that needs to be cancelled is not found.")
        return working

    # ------------------------------------------------------------ routing

    def can_trade(self, working: Working) -> bool:
        """Say whether the order's session is open now."""
        now = self._floor.now_ns()
        outside = self.goes_outside(working)
        return bool(working.instrument.is_open(now, outside_regular_hours=outside))

    @staticmethod
    def goes_outside(working: Working) -> bool:
        """Futures and currencies trade all their hours; the outside-hours flag is for stocks and options."""
        return working.state.order.outside_rth or working.instrument.asset_class in _ALWAYS_OPEN

    def _route(self, working: Working) -> None:
        if not self.can_trade(working):
            self._stage(working, Stage.QUEUED)
            working.state.status = "PreSubmitted"
            when = self._floor.next_open(working.instrument, outside_rth=self.goes_outside(working))
            order = working.state.order
            working.state.warning = WAITING_NOTE.format(
                action=order.action, quantity=order.quantity, name=working.instrument.local_symbol, when=when
            )
            return
        self._stage(working, Stage.FLIGHT)
        self._later(working, lambda: self._arrive(working))

    def _later(self, working: Working, action: Callable[[], None], *, keep: bool = False) -> None:
        """Do something to an order after the way to the exchange, unless a newer request overtook it."""
        if not keep:
            working.latest += 1
        token = working.latest

        def run() -> None:
            if working.stage is not Stage.DONE and (keep or working.latest == token):
                action()

        delay = 25 + mix(self._key, working.perm_id, token) % 35
        self._floor.schedule(self._floor.now_ns() + delay * MILLISECOND, run)

    def _arrive(self, working: Working) -> None:
        if not self.can_trade(working):
            self._route(working)
            self._tell(working)
            return
        order = working.state.order
        working.state.why_held = working.state.warning = ""
        if order.order_type in {"STP", "STP LMT", "TRAIL"} and not working.triggered:
            self._stage(working, Stage.TRIGGER)
            working.state.status, working.state.why_held = "PreSubmitted", "trigger"
            self._tell(working)
            self._look(working, *self._floor.quote_ticks(working.con_id))
            return
        working.state.status = "Submitted"
        self._tell(working)
        self._take(working)

    def _take(self, working: Working) -> None:
        """Match what may work now against the book; rest, wait or drop the remainder."""
        book, now = self._floor.book_of(working.con_id), self._floor.now_ns()
        limit = working.limit
        self._stage(working, Stage.MARKET)
        for match in book.take(working.perm_id, working.sign, limit, self.orders.allowed(working), now):
            self.settle(working.con_id, match)
        if working.stage is Stage.DONE:
            return
        if working.state.order.tif == "IOC":
            self.finish(working, "Cancelled: immediate or cancel")
        elif limit is not None:
            self._stage(working, Stage.BOOK)
            rest = self.orders.allowed(working)
            if rest > 0:
                book.rest(working.perm_id, working.sign, limit, rest, now)

    # ------------------------------------------------------------ market events

    def on_market(self, con_id: int, bid: int | None, ask: int | None, last: int | None) -> None:
        """Look at triggers and unfilled market orders after an event; ``last`` is None when nothing printed."""
        for working in list(self._active.get(con_id, {}).values()):
            if working.stage is Stage.TRIGGER:
                self._look(working, bid, ask, last)
            elif working.stage is Stage.MARKET and working.left > 0:
                self._take(working)

    def _look(self, working: Working, bid: int | None, ask: int | None, last: int | None) -> None:
        price = triggers.reference(working, bid, ask, last)
        if price is None or not self.can_trade(working):
            return
        if triggers.fires(working, price):
            working.triggered = True
            self._stage(working, Stage.FLIGHT)
            self._later(working, lambda: self._arrive(working))
            return
        if triggers.follow(working, price) and working.stop is not None:
            stop = float(working.stop * working.unit)
            working.state.order.trail_stop_price = stop
            if self._floor.now_ns() - working.told_ns >= TRAIL_NOTE_NS:
                working.told_ns = self._floor.now_ns()
                self._tell(working)

    # ------------------------------------------------------------ sessions

    def session_opened(self) -> None:
        """Send what waited for a session that is open now."""
        for working in self.orders.live():
            if working.stage is Stage.QUEUED and self.can_trade(working):
                self._route(working)

    def session_closed(self, *, day_over: bool) -> None:
        """Expire day orders whose session is over; take the others out of the market until the next one."""
        today = self._floor.day_index()
        for working in self.orders.live():
            ends = day_over or not self.goes_outside(working)
            if working.stage in {Stage.HELD, Stage.CHILD} and not day_over:
                continue
            if not ends or (working.stage is Stage.DONE):
                continue
            last_day = working.expires_day if working.stage is not Stage.QUEUED else working.expires_day + 1
            if working.state.order.tif != "GTC" and (last_day <= today or working.stage in ACTIVE):
                self.finish(working, "Expired")
            elif working.stage in ACTIVE:
                self._leave_book(working, working.limit)
                working.latest += 1
                self._route(working)
                self._tell(working)

    def refresh(self, instrument_of: Callable[[int], Instrument | None]) -> None:
        """Give every live order its contract of today (sessions move on)."""
        for working in self.orders.live():
            working.instrument = instrument_of(working.con_id) or working.instrument

    def resume(self, working: Working) -> None:
        """Put a loaded order back where it was; a resting order queues up anew."""
        self.orders.add(working)
        if working.stage in ACTIVE:
            self._route(working)
