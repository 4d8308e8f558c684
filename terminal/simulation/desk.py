# SPDX-License-Identifier: Apache-2.0
"""The order desk: what clients ask of their orders, checked at once and carried out after the way to the exchange.

Placing, changing and cancelling are accepted or refused with IBKR's code in the call; they take effect after a
latency of market time, so a client sees PreSubmitted, Submitted, Filled in turn and can lose a race: a change that
arrives after the fill comes back as error 104. Stages, sessions and types: routing.py. Decisions: docs/decisions/0011.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal
from functools import partial
from typing import Final

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation import auctions
from terminal.simulation.exchange_port import SimOrder, SimOrderState, SimPreview, SimulatorRefusalError
from terminal.simulation.order_life import BY_CLIENT
from terminal.simulation.order_table import PEGGED
from terminal.simulation.orders import Stage, Working, check_order, check_range
from terminal.simulation.routing import REGULAR_ONLY, Router

MAX_ACTIVE: Final = 20
"""IBKR's limit of active orders per contract, side and account."""
OUTSIDE_IGNORED: Final = (
    "Order Event Warning:Attribute 'Outside Regular Trading Hours' is ignored based on the order type and destination. "
    "PlaceOrder is now being processed."
)
_WITHOUT_LIMIT: Final = frozenset({"MKT", "STP", "TRAIL", "TRAIL LIMIT", "MIT", "MOC"}) | PEGGED
_STOPPED: Final = frozenset({"STP", "STP LMT", "MIT", "LIT"})
_TRAILS: Final = frozenset({"TRAIL", "TRAIL LIMIT"})
_FLAGGED: Final = frozenset({AssetClass.STOCK, AssetClass.OPTION})
_LINK_CODES: Final = (
    ("legs", 105, "Order being modified does not match original order."),
    ("con_id", 105, "Order being modified does not match original order."),
    ("action", 105, "Order being modified does not match original order."),
    ("account", 105, "Order being modified does not match original order."),
    ("order_type", 329, "Order modify failed. Cannot change to the new order type."),
    ("parent_perm_id", 10341, "Parent order id cannot be modified"),
    ("oca_group", 10326, "OCA group revision is not allowed"),
)
"""What a change may not touch."""


class Desk(Router):
    """See the module."""

    # ------------------------------------------------------------ checks

    def check(self, order: SimOrder, instrument: Instrument | None) -> Instrument:
        """Refuse an order that cannot be, whatever other orders there are; return its instrument.

        Raises:
            SimulatorRefusalError: with IBKR's code.
        """
        if order.legs or order.con_id < 0:
            instrument = self._floor.learn_combo(order).instrument
        if instrument is None:
            raise SimulatorRefusalError(200, "No security definition has been found for the request")
        check_range(order)
        if order.cash_quantity is not None and not order.quantity:
            self._size_by_cash(order, instrument)
        self._check_crypto(order, instrument)
        check_order(order, instrument)
        if order.account not in self._accounts.names:
            raise SimulatorRefusalError(321, f"Error validating request: account {order.account!r} is not known")
        for row in order.conditions:
            if row.con_id and self._floor.instrument(row.con_id) is None:
                raise SimulatorRefusalError(147, "The conditional contract info is incomplete.")
        self._check_times(order, instrument)
        return instrument

    def _size_by_cash(self, order: SimOrder, instrument: Instrument) -> None:
        """Set the size that an amount of money buys now."""
        quote = self._floor.quote_ticks(order.con_id)[1 if order.action == "BUY" else 0]
        if quote is None or not order.cash_quantity:
            return
        price = quote * self._floor.unit(order.con_id)
        step = instrument.size_increment
        count = (Decimal(repr(order.cash_quantity)) / (price * step)).to_integral_value(ROUND_FLOOR)
        order.quantity = count * step

    @staticmethod
    def _check_crypto(order: SimOrder, instrument: Instrument) -> None:
        if instrument.asset_class is not AssetClass.CRYPTO or order.order_type != "MKT":
            return
        if order.action == "BUY" and order.cash_quantity is None:
            raise SimulatorRefusalError(10289, "You must set Cash Quantity for this order")

    def _check_times(self, order: SimOrder, instrument: Instrument) -> None:
        now = self._floor.now_ns()
        if order.good_till_ns and order.good_till_ns <= now:
            raise SimulatorRefusalError(334, "Invalid Good Till Date order")
        kind = auctions.kind_of(order)
        if not kind:
            return
        at = self._floor.auction_ns(order.con_id, kind)
        if at is None:
            raise SimulatorRefusalError(387, "Unsupported order type for this exchange and security type.")
        if now >= auctions.entry_ends_ns(order, instrument, at):
            raise SimulatorRefusalError(
                201, f"Order rejected - reason:The exchange takes no more orders for its {kind} auction today."
            )

    def _check_parent(self, order: SimOrder) -> None:
        if not order.parent_perm_id:
            return
        parent = self.orders.get(order.parent_perm_id)
        if parent is None or parent.stage is Stage.DONE:
            raise SimulatorRefusalError(10006, "Missing parent order.")
        if parent.state.order.all_or_none and not order.all_or_none:
            raise SimulatorRefusalError(10236, "Child has to be AON if parent order is AON")

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

    def preview(self, order: SimOrder, instrument: Instrument | None) -> SimPreview:
        """Answer a what-if. Types whose price nobody knows beforehand are answered without margin."""
        found = self.check(order, instrument)
        self._check_parent(order)
        if found.asset_class is AssetClass.COMBO:
            return self._preview_combo(order)
        seen = self._accounts.preview(_priced(order), found)
        return replace(seen, margin_known=False) if order.order_type in PEGGED else seen

    def _preview_combo(self, order: SimOrder) -> SimPreview:
        return self._accounts.preview_fills(order.account, self._combo_fills(order))

    def _check_funds(self, order: SimOrder, instrument: Instrument) -> None:
        if order.parent_perm_id:
            return
        if instrument.asset_class is AssetClass.COMBO:
            self._accounts.check_funds_fills(order.account, self._combo_fills(order))
        else:
            self._accounts.check_funds(_priced(order), instrument)

    def _combo_fills(self, order: SimOrder) -> list[tuple[int, Instrument, int, Decimal, Decimal]]:
        """Return the legs' fills as they would be now: at the touches, or at the marks without a quote."""
        combo = self._floor.learn_combo(order)
        side = 1 if order.action == "BUY" else -1
        fills: list[tuple[int, Instrument, int, Decimal, Decimal]] = []
        for leg in combo.legs:
            sign = side * leg.sign
            quote = self._touch(leg.con_id, -sign)
            price = quote[0] if quote else Decimal(repr(self._floor.mark(leg.con_id)))
            fills.append((leg.con_id, leg.instrument, sign, order.quantity * leg.ratio, price))
        return fills

    # ------------------------------------------------------------ requests

    def place(self, order: SimOrder, instrument: Instrument | None) -> SimOrderState:
        """Accept an order or refuse it.

        Raises:
            SimulatorRefusalError: with IBKR's code.
        """
        order = replace(order)
        found = self.check(order, instrument)
        self._check_parent(order)
        self._check_count(order)
        self._check_sides(order, found)
        self._check_funds(order, found)
        state = SimOrderState(perm_id=self.next_perm_id, order=order, status="ApiPending")
        self.next_perm_id += 1
        combination = found.asset_class is AssetClass.COMBO
        working = Working(
            state=state,
            instrument=found,
            sign=1 if order.action == "BUY" else -1,
            unit=found.min_tick if combination else self._floor.unit(order.con_id),
            size_unit=Decimal(1) if combination else self._floor.size_unit(order.con_id),
        )
        working.expires_day = self._last_day(order)
        self._set_prices(working)
        self.orders.add(working)
        if order.outside_rth and order.order_type in REGULAR_ONLY and found.asset_class in _FLAGGED:
            self._note(working, 2109, OUTSIDE_IGNORED)
        if order.transmit:
            self._transmit(working)
        return state

    def _last_day(self, order: SimOrder) -> int:
        kind = auctions.kind_of(order)
        at = self._floor.auction_ns(order.con_id, kind) if kind else None
        return self._floor.day_index() if at is None else self._floor.day_at(at)

    @staticmethod
    def _set_prices(working: Working) -> None:
        order = working.state.order
        working.limit = working.stop = None
        if order.limit_price is not None and order.order_type not in _WITHOUT_LIMIT:
            working.limit = working.tick(order.limit_price)
        if order.order_type in _STOPPED and order.aux_price is not None:
            working.stop = working.tick(order.aux_price)

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
            self._plan_times(member)
            above = self.orders.parent(member)
            if above is not None and not above.filled:
                self._stage(member, Stage.CHILD)
                member.state.why_held = "child"
            else:
                self._route(member)
            if member is not working:
                self._tell(member)

    def modify(self, perm_id: int, order: SimOrder) -> SimOrderState:
        """Accept a change or refuse it. One of an order that works arrives later, and may come too late.

        Raises:
            SimulatorRefusalError: 104, 105, 161, 329, 10326 or what placing raises.
        """
        working = self._find(perm_id)
        before = working.state.order
        if working.stage is Stage.DONE:
            code = 104 if working.state.status == "Filled" else 105
            raise SimulatorRefusalError(code, f"Cannot modify an order that is {working.state.status.lower()}.")
        order = replace(order, con_id=before.con_id if order.legs else order.con_id)
        for name, code, text in _LINK_CODES:
            if getattr(order, name) != getattr(before, name):
                raise SimulatorRefusalError(code, text)
        # What was never said is shown as type 3, and comes back as such.
        if order.oca_group and (order.oca_type or 3) != (before.oca_type or 3):
            raise SimulatorRefusalError(10327, "OCA group type revision is not allowed")
        order.oca_type = before.oca_type
        found = self.check(order, working.instrument)
        if order.quantity <= working.state.filled:
            raise SimulatorRefusalError(
                105, f"Order size {order.quantity} is not above the filled {working.state.filled}."
            )
        self._check_cancellable(working)
        self._check_funds(order, found)
        if working.stage is Stage.HELD:
            self._apply(working, order)
            if order.transmit:
                self._transmit(working)
                self._tell(working)
        else:
            self._later(working, partial(self._replace, working, order))
        return working.state

    def _apply(self, working: Working, order: SimOrder) -> None:
        before = working.state.order
        working.state.order = replace(order, transmit=before.transmit)
        stop, limit = working.stop, working.limit
        self._set_prices(working)
        same_trail = (order.aux_price, order.trailing_percent) == (before.aux_price, before.trailing_percent)
        if order.order_type in _TRAILS and same_trail and order.trail_stop_price in {before.trail_stop_price, None}:
            working.stop, working.limit = stop, limit
            working.state.order.trail_stop_price = before.trail_stop_price
        if order.conditions != before.conditions:
            working.armed = False
            self._forget_conditions(working)

    def _replace(self, working: Working, order: SimOrder) -> None:
        """Carry out a change that has arrived; one that comes too late is told to the client."""
        if working.stage is Stage.DONE or order.quantity <= working.state.filled:
            code, text = (134, "Modify order failed.")
            if working.state.status == "Filled" or working.stage is not Stage.DONE:
                code, text = (104, "Cannot modify a filled order.")
            self._note(working, code, text)
            self._tell(working)
            return
        before, left, limit = working.state.order, working.left, working.limit
        old = (working.limit, working.stop)
        self._apply(working, order)
        self._plan_times(working)
        kept = ("tif", "display_size", "hidden", "all_or_none", "outside_rth", "good_after_ns", "aux_price")
        same = old == (working.limit, working.stop) and all(getattr(before, one) == getattr(order, one) for one in kept)
        if working.stage is Stage.BOOK and same and working.left <= left:
            self._resize(working)
            self._tell(working)
        elif working.stage in {Stage.CHILD, Stage.AUCTION}:
            self._tell(working)
        elif working.stage in {Stage.QUEUED, Stage.CONDITION, Stage.LOCATE}:
            self._route(working)
            self._tell(working)
        else:
            if working.stage is Stage.BOOK and limit is not None:
                self._floor.book_of(working.con_id).remove(working.perm_id, working.sign, limit)
            self._stage(working, Stage.FLIGHT)
            self._arrive(working)

    def cancel(self, perm_id: int) -> SimOrderState:
        """Accept a cancel or refuse it; it takes effect later.

        Raises:
            SimulatorRefusalError: 161, 10147 or 10148.
        """
        working = self._find(perm_id)
        number = working.state.order.order_id
        if working.stage is Stage.DONE or working.cancelling:
            status = "PendingCancel" if working.cancelling else working.state.status
            raise SimulatorRefusalError(
                10148, f"OrderId {number} that needs to be cancelled can not be cancelled, state: {status}."
            )
        self._check_cancellable(working)
        working.cancelling = True
        self._later(working, partial(self._cancel, working))
        return working.state

    def _cancel(self, working: Working) -> None:
        working.cancelling = False
        self.finish(working, BY_CLIENT)

    def _check_cancellable(self, working: Working) -> None:
        """Refuse to take back what an auction has bound."""
        kind = auctions.kind_of(working.state.order)
        at = self._floor.auction_ns(working.con_id, kind) if kind else None
        if working.stage is Stage.AUCTION and at is not None:
            ends = auctions.cancel_ends_ns(working.state.order, working.instrument, at)
            if ends <= self._floor.now_ns() < at:
                raise SimulatorRefusalError(
                    161, f"Cancel attempted when order is not in a cancellable state. Order permId = {working.perm_id}"
                )

    def _find(self, perm_id: int) -> Working:
        working = self.orders.get(perm_id)
        if working is None:
            raise SimulatorRefusalError(10147, f"OrderId {perm_id} that needs to be cancelled is not found.")
        return working

    # ------------------------------------------------------------ days and restarts

    def refresh(self, instrument_of: Callable[[int], Instrument | None]) -> None:
        """Give every live order its contract of today (sessions move on)."""
        for working in self.orders.live():
            combo = self._floor.combo(working.con_id) if working.is_bag else None
            if combo is not None and any(self._floor.instrument(leg.con_id) is None for leg in combo.legs):
                self.finish(working, "Cancelled: a leg is no longer listed")
            working.instrument = instrument_of(working.con_id) or working.instrument

    def resume(self, working: Working) -> None:
        """Put a loaded order back where it was; a resting order queues up anew."""
        self.orders.add(working)
        working.size_unit = Decimal(1) if working.is_bag else self._floor.size_unit(working.con_id)
        if working.stage in {Stage.DONE, Stage.HELD}:
            return
        self._plan_times(working)
        if working.stage is not Stage.CHILD:
            self._route(working)


def _priced(order: SimOrder) -> SimOrder:
    """Return the order without a limit that its type does not look at, so that nobody values it by that."""
    if order.order_type in _WITHOUT_LIMIT - PEGGED and order.limit_price is not None:
        return replace(order, limit_price=None)
    return order
