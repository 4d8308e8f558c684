# SPDX-License-Identifier: Apache-2.0
"""Orders presenter: orders, fills and positions in tables, chart and ladder, and every wish about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from terminal.errors import TerminalError
from terminal.model.commands import (
    CancelOrder,
    CancelOrders,
    ClosePosition,
    FlattenAll,
    ModifyOrder,
)
from terminal.model.enums import BracketRole, OrderStatus, OrderType, PendingRequest, Side
from terminal.model.events import OrderChanged, OrderDenied, OrderFilled, OrderRejected
from terminal.model.ids import ClientOrderId, GroupId, InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.order import Order
from terminal.model.position import Position
from widgets import formats
from widgets.blotter import fills as fill_rows
from widgets.blotter import orders as order_rows
from widgets.blotter import positions as position_rows
from widgets.blotter.panels import FillsPanel, OrdersPanel, PositionsPanel
from widgets.blotter.positions import PositionRow
from widgets.chart.marks import ChartFill, ChartOrder, MarkState
from widgets.chart.panel import ChartPanel
from widgets.dialogs import Confirm, finished
from widgets.ladder.panel import LadderPanel
from widgets.presenters.common import Stage
from widgets.toasts import ToastKind

STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL})


@dataclass(slots=True)
class OrderPanels:
    orders: OrdersPanel
    fills: FillsPanel
    positions: PositionsPanel
    chart: ChartPanel
    ladder: LadderPanel


class OrdersPresenter:
    """Shows what the order core knows and passes wishes on to it."""

    def __init__(self, stage: Stage, panels: OrderPanels) -> None:
        self._stage = stage
        self._kernel = stage.kernel
        self._panels = panels
        self.current: Instrument | None = None
        """The chart's instrument: what its buttons and those under the orders act on."""
        self._ladder: Instrument | None = None
        self._groups: dict[GroupId, int] = {}
        """Short numbers for groups, in the order in which they were first seen."""
        panels.orders.change = self.change
        panels.orders.step_of = self._step_of
        panels.orders.cancel_requested.connect(self._cancel)
        panels.orders.cancel_all_requested.connect(lambda: stage.run(self.cancel_all()))
        panels.orders.cancel_symbol_requested.connect(self.cancel_symbol)
        panels.positions.close_requested.connect(self.close)
        panels.positions.reverse_requested.connect(self.reverse)
        panels.chart.orderMoveRequested.connect(self._move)
        panels.chart.orderCancelRequested.connect(lambda one: self._cancel([one]))
        panels.chart.cancelAllRequested.connect(self.cancel_symbol)
        panels.chart.flattenRequested.connect(lambda: stage.run(self.flatten()))
        panels.ladder.cancelRequested.connect(lambda one: self._cancel([one]))
        panels.ladder.cancelSideRequested.connect(self._cancel_side)

    def set_instrument(self, instrument: Instrument) -> None:
        """The chart shows another instrument."""
        self.current = instrument
        self._show_marks()
        self._show_fill_marks()

    def set_ladder_instrument(self, instrument: Instrument) -> None:
        self._ladder = instrument
        self._show_marks()

    # ------------------------------------------------------------ wishes
    def _cancel(self, ids: Sequence[ClientOrderId]) -> None:
        for client_order_id in ids:
            order = self._kernel.orders.get(client_order_id)
            if order is not None and order.is_open:
                command = CancelOrder(client_order_id=client_order_id)
                self._stage.attempt(partial(self._kernel.do, command), "Not cancelled")

    def cancel_symbol(self) -> None:
        if self.current is not None:
            command = CancelOrders(instrument_id=self.current.id)
            self._stage.attempt(lambda: self._kernel.do(command), "Not cancelled")

    def _cancel_side(self, side: Side) -> None:
        if self._ladder is not None:
            command = CancelOrders(instrument_id=self._ladder.id, side=side)
            self._stage.attempt(lambda: self._kernel.do(command), "Not cancelled")

    async def cancel_all(self) -> None:
        """Ask, then cancel every own order."""
        working = len(self._kernel.orders.open())
        if working and await self._sure(
            f"Cancel all {working} orders", f"Cancel {working} working orders", "Protective stops are cancelled too."
        ):
            self._kernel.do(CancelOrders())

    def close(self, instrument_id: InstrumentId) -> None:
        self._stage.attempt(lambda: self._kernel.do(ClosePosition(instrument_id=instrument_id)), "Not closed")

    def reverse(self, instrument_id: InstrumentId) -> None:
        command = ClosePosition(instrument_id=instrument_id, reverse=True)
        self._stage.attempt(lambda: self._kernel.do(command), "Not reversed")

    async def flatten(self) -> None:
        """Ask, then cancel the orders of the chosen instrument and close its position."""
        instrument = self.current
        if instrument is None:
            return
        quantity = self._kernel.portfolio.position(instrument.id).quantity
        orders = len(self._kernel.orders.working_for(instrument.id))
        what = f"Close {formats.quantity(quantity, formats.SignRule.ALWAYS)} {instrument.id}, cancel {orders} orders"
        if (quantity or orders) and await self._sure(what, "Flatten", "At market in regular hours."):
            self._kernel.do(FlattenAll(instrument_id=instrument.id))

    async def flatten_all(self) -> None:
        held = [one for one, position in self._kernel.portfolio.positions().items() if position.quantity]
        working = len(self._kernel.orders.open())
        what = f"Close {len(held)} positions and cancel {working} orders"
        if (held or working) and await self._sure(what, "Flatten everything", ", ".join(held)):
            self._kernel.do(FlattenAll())

    async def _sure(self, headline: str, action: str, note: str) -> bool:
        dialog = Confirm(
            self._stage.theme,
            self._stage.window,
            mode=self._kernel.mode.value,
            title=action,
            headline=headline,
            rows=(),
            action=action,
            note=note,
        )
        return await finished(dialog)

    def change(self, row: str, key: str, value: Decimal) -> str:
        """Change one term of a working order; return what is wrong, empty when the change is under way."""
        command = ModifyOrder(
            client_order_id=ClientOrderId(row),
            quantity=value if key == "quantity" else None,
            limit_price=value if key == "limit" else None,
            stop_price=value if key == "stop" else None,
        )
        try:
            self._kernel.do(command)
        except TerminalError as error:
            return str(error)
        return ""

    def _move(self, client_order_id: ClientOrderId, price: Decimal) -> None:
        order = self._kernel.orders.get(client_order_id)
        if order is not None:
            key = "limit" if order.spec.limit_price is not None else "stop"
            wrong = self.change(client_order_id, key, price)
            if wrong:
                self._stage.say(ToastKind.ERROR, "Order not moved", wrong)
        self._show_marks()

    def _step_of(self, row: str, key: str) -> Decimal:
        order = self._kernel.orders.get(ClientOrderId(row))
        instrument = self._instrument(order) if order is not None else None
        if instrument is None:
            return Decimal(1)
        return instrument.size_increment if key == "quantity" else instrument.min_tick

    def _instrument(self, order: Order) -> Instrument | None:
        return self._kernel.instrument(order.instrument_id)

    # ------------------------------------------------------------ facts
    def on_order(self, change: OrderChanged) -> None:
        order = self._kernel.orders.get(change.client_order_id)
        if order is None:
            return
        self._show_order(order)
        match change.event:
            case OrderFilled() as filled:
                self._on_fill(order, filled)
            case OrderDenied() as denied:
                self._stage.say(ToastKind.ERROR, "Order not sent", denied.reason, code=denied.code)
            case OrderRejected() as rejected:
                code = str(rejected.code) if rejected.code else ""
                self._stage.say(ToastKind.ERROR, f"Order {order.broker_order_id} rejected", rejected.reason, code=code)
            case _:
                if change.status is OrderStatus.UNKNOWN:
                    self._stage.say(
                        ToastKind.WARN,
                        f"Order {order.broker_order_id} is unknown",
                        order.reason,
                        key=change.client_order_id,
                    )
        if any(shown is not None and order.instrument_id == shown.id for shown in (self.current, self._ladder)):
            self._show_marks()
            if isinstance(change.event, OrderFilled):
                self._show_fill_marks()

    def _on_fill(self, order: Order, event: OrderFilled) -> None:
        instrument = self._instrument(order)
        if instrument is None:
            return
        price = formats.number(event.price, instrument.decimals)
        verb = "Bought" if event.side is Side.BUY else "Sold"
        position = self._kernel.portfolio.position(instrument.id).quantity
        done, asked = formats.quantity(order.filled), formats.quantity(order.spec.quantity)
        held = formats.quantity(position, formats.SignRule.ALWAYS)
        self._stage.say(
            ToastKind.FILL,
            f"{verb} {formats.quantity(event.quantity)} {instrument.id} at {price}",
            f"Order {order.broker_order_id}, {done} of {asked} filled. Position {held}.",
            side=event.side.value,
        )

    # ------------------------------------------------------------ showing
    def show_all(self) -> None:
        """Show everything that the core knows, after a start or a reconciliation."""
        for order in self._kernel.orders.all():
            self._show_order(order)
        self.tick()

    def _show_order(self, order: Order) -> None:
        instrument = self._instrument(order)
        if instrument is None:
            return
        hub = self._kernel.hub
        age = hub.age_s(instrument.id)
        self._panels.orders.model.update(
            order.client_order_id,
            order_rows.order_cells(
                order,
                instrument,
                quote=hub.quote(instrument.id),
                position=self._kernel.portfolio.position(instrument.id),
                group=self._group_words(order),
                now_ns=self._kernel.clock.now_ns(),
                stale=age is None or age >= self._stage.stale_s,
            ),
        )
        for fill in order.fills.values():
            self._panels.fills.model.update(
                (order.client_order_id, fill.execution_id), fill_rows.fill_cells(order, fill, instrument)
            )

    def _group_words(self, order: Order) -> str:
        if order.group_id is None:
            return ""
        number = self._groups.setdefault(order.group_id, len(self._groups) + 1)
        return f"{formats.BRACKET_ROLES[order.role]} {number}".strip()

    def tick(self) -> None:
        """Ten times a second: what depends on the market and the clock."""
        for order in self._kernel.orders.open():
            self._show_order(order)
        rows = self.position_rows()
        model = self._panels.positions.model
        shown = {row.instrument.id for row in rows}
        for known in model.ids:
            if known not in shown:
                model.remove(known)
        for row in rows:
            model.update(
                row.instrument.id,
                position_rows.position_cells(row, stale_after_s=self._stage.stale_s, dead_after_s=self._stage.dead_s),
            )
        model.set_total(
            position_rows.total_cells(rows, stale_after_s=self._stage.stale_s, dead_after_s=self._stage.dead_s)
            if rows
            else None
        )
        self._show_sums(rows)
        self._show_position()

    def position_rows(self) -> list[PositionRow]:
        """Return a row for every instrument that is or was held today."""
        kernel, rows = self._kernel, []
        for instrument_id, position in kernel.portfolio.positions().items():
            instrument = kernel.instrument(instrument_id)
            if instrument is None or not (position.quantity or position.bought or position.sold):
                continue
            reported = kernel.portfolio.broker_position(instrument_id)
            broker_pnl = kernel.portfolio.broker_pnl(instrument_id)
            rows.append(
                PositionRow(
                    instrument=instrument,
                    position=position,
                    mark=kernel.hub.mark(instrument_id),
                    age_s=kernel.hub.age_s(instrument_id),
                    day=kernel.portfolio.daily_pnl(instrument_id),
                    broker_day=broker_pnl.daily if broker_pnl is not None else None,
                    at_stops=self.at_stops(instrument, position),
                    broker_quantity=reported.quantity if reported is not None else None,
                    owners=kernel.owners(instrument_id),
                    delayed=(quote := kernel.hub.quote(instrument_id)) is not None and quote.delayed,
                )
            )
        return rows

    def at_stops(self, instrument: Instrument, position: Position) -> Decimal | None:
        """Return the result when every working stop of a position fills, None when part of it has no stop."""
        if not position.quantity:
            return None
        left, result = abs(position.quantity), Decimal(0)
        against = Side.SELL if position.quantity > 0 else Side.BUY
        stops = [
            order
            for order in self._kernel.orders.working_for(instrument.id, against)
            if order.spec.order_type in STOPS and order.spec.stop_price is not None
        ]
        direction = 1 if position.quantity > 0 else -1
        stops.sort(key=lambda order: (order.spec.stop_price or Decimal(0)) * -direction)
        for order in stops:
            covered = min(left, order.leaves)
            price = order.spec.stop_price or Decimal(0)
            result += covered * direction * (price - position.average_price) * instrument.multiplier
            left -= covered
        return None if left else result

    def _show_sums(self, rows: Sequence[PositionRow]) -> None:
        kernel = self._kernel
        held = [row for row in rows if row.position.quantity]
        stops = [row.at_stops for row in held]
        covered = [stop for stop in stops if stop is not None]
        symbol = self.current.id if self.current is not None else ""
        self._panels.orders.show_sums(
            working=len(kernel.orders.open()),
            at_stops=sum(covered, Decimal(0)) if covered else None,
            unprotected=[row.instrument.id for row, stop in zip(held, stops, strict=True) if stop is None],
            symbol=symbol,
            in_symbol=len(kernel.orders.working_for(self.current.id)) if self.current is not None else 0,
        )
        fills = kernel.portfolio.fills()
        self._panels.fills.show_sums(
            count=len(fills), commission=sum((row.commission or Decimal(0) for row in fills), Decimal(0))
        )

    # ------------------------------------------------------------ chart and ladder
    def _show_marks(self) -> None:
        if self.current is not None:
            self._panels.chart.set_orders(self._marks(self.current))
        if self._ladder is not None:
            self._panels.ladder.set_orders(self._marks(self._ladder))

    def _marks(self, instrument: Instrument) -> list[ChartOrder]:
        working = self._kernel.orders.working_for(instrument.id)
        return [mark for order in working if (mark := self._mark(order, instrument)) is not None]

    def _mark(self, order: Order, instrument: Instrument) -> ChartOrder | None:
        price = order_rows.order_price(order)
        if price is None:
            return None
        sure = order.is_live_at_broker and order.pending is PendingRequest.NONE
        words = order_rows.state_words(order).lower()
        if order.role in (BracketRole.STOP, BracketRole.TARGET):
            words = f"{order.role.value} {words}" if not sure else order.role.value
        return ChartOrder(
            client_order_id=order.client_order_id,
            side=order.spec.side,
            kind=order.spec.order_type,
            price=price,
            quantity=order.leaves,
            text=words,
            state=MarkState.WORKING if sure else MarkState.PENDING,
            pnl_if_filled=order_rows.if_filled(order, self._kernel.portfolio.position(instrument.id), instrument),
        )

    def _show_fill_marks(self) -> None:
        if self.current is None:
            return
        self._panels.chart.set_fills(
            ChartFill(side=row.side, price=float(row.price), ns=row.event_ns, quantity=row.quantity)
            for row in self._kernel.portfolio.fills()
            if row.instrument_id == self.current.id
        )

    def _show_position(self) -> None:
        instrument = self.current
        if instrument is None:
            return
        position = self._kernel.portfolio.position(instrument.id)
        stop = self.at_stops(instrument, position)
        targets = [
            value
            for order in self._kernel.orders.working_for(instrument.id)
            if order.spec.order_type is OrderType.LIMIT
            and (value := order_rows.if_filled(order, position, instrument)) is not None
        ]
        age = self._kernel.hub.age_s(instrument.id)
        fresh = age is not None and age < self._stage.dead_s
        self._panels.chart.set_position(
            position.quantity,
            position.average_price,
            self._kernel.portfolio.unrealized(instrument.id) if fresh else None,
            float(stop) if stop is not None else None,
            float(sum(targets, Decimal(0))) if targets else None,
        )
