# SPDX-License-Identifier: Apache-2.0
"""Orders presenter: orders and fills in tables, chart and ladder, and what a fill or a refusal says.

An event costs the same however many fills the day has had: only what it touches is shown anew. Wishes are passed
on by `OrderWishes`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from terminal.model.enums import BracketRole, OrderStatus, PendingRequest, Side
from terminal.model.events import OrderChanged, OrderCommissioned, OrderDenied, OrderFilled, OrderRejected
from terminal.model.ids import ClientOrderId, ExecutionId, GroupId, execution_root
from terminal.model.instrument import Instrument
from terminal.model.order import Order
from widgets import formats
from widgets.blotter import fills as fill_rows
from widgets.blotter import orders as order_rows
from widgets.blotter.panels import FillsPanel, OrdersPanel, PositionsPanel
from widgets.blotter.positions import PositionRow
from widgets.chart.marks import ChartFill, ChartOrder, MarkState
from widgets.chart.panel import ChartPanel
from widgets.ladder.panel import LadderPanel
from widgets.presenters.common import Stage
from widgets.presenters.order_wishes import OrderWishes
from widgets.presenters.positions import PositionsPresenter
from widgets.toasts import ToastKind


@dataclass(slots=True)
class OrderPanels:
    orders: OrdersPanel
    fills: FillsPanel
    positions: PositionsPanel
    chart: ChartPanel
    ladder: LadderPanel


class OrdersPresenter:
    """Shows what the order core knows."""

    def __init__(self, stage: Stage, panels: OrderPanels) -> None:
        self._stage = stage
        self._kernel = stage.kernel
        self._panels = panels
        self.wishes = OrderWishes(stage)
        self.positions = PositionsPresenter(stage, panels.positions, panels.chart)
        self.current: Instrument | None = None
        """The chart's instrument."""
        self._ladder: Instrument | None = None
        self._groups: dict[GroupId, int] = {}
        """Short numbers for groups, in the order in which they were first seen."""
        self._marked: set[str] = set()
        """Executions that stand on the chart, by the root of their ids."""
        self._wire(self.wishes)

    def _wire(self, wishes: OrderWishes) -> None:
        panels, stage = self._panels, self._stage
        panels.orders.change = wishes.change
        panels.orders.step_of = wishes.step_of
        panels.orders.cancel_requested.connect(wishes.cancel)
        panels.orders.cancel_all_requested.connect(lambda: stage.run(wishes.cancel_all()))
        panels.orders.cancel_symbol_requested.connect(wishes.cancel_symbol)
        panels.positions.close_requested.connect(wishes.close)
        panels.positions.reverse_requested.connect(wishes.reverse)
        panels.chart.orderMoveRequested.connect(self._move)
        panels.chart.orderCancelRequested.connect(lambda one: wishes.cancel([one]))
        panels.chart.cancelAllRequested.connect(wishes.cancel_symbol)
        panels.chart.flattenRequested.connect(lambda: stage.run(wishes.flatten()))
        panels.ladder.cancelRequested.connect(lambda one: wishes.cancel([one]))
        panels.ladder.cancelSideRequested.connect(wishes.cancel_side)

    def set_instrument(self, instrument: Instrument) -> None:
        """The chart shows another instrument."""
        self.current = self.wishes.current = self.positions.current = instrument
        self._show_marks()
        self._show_fill_marks()

    def set_ladder_instrument(self, instrument: Instrument) -> None:
        self._ladder = self.wishes.ladder = instrument
        self._show_marks()

    def _move(self, client_order_id: ClientOrderId, price: Decimal) -> None:
        self.wishes.move(client_order_id, price)
        self._show_marks()

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
                self._show_fill(order, filled.execution_id)
                self._on_fill(order, filled)
            case OrderCommissioned() as charged:
                self._show_fill(order, charged.execution_id)
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
            self._mark_fill(order, change.event)

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
            for fill in order.fills.values():
                self._show_fill(order, fill.execution_id)
        self._show_fill_marks()
        self.tick()

    def _show_order(self, order: Order) -> None:
        instrument = self._instrument(order)
        if instrument is None:
            return
        hub = self._kernel.hub
        self._panels.orders.model.update(
            order.client_order_id,
            order_rows.order_cells(
                order,
                instrument,
                quote=hub.quote(instrument.id),
                position=self._kernel.portfolio.position(instrument.id),
                group=self._group_words(order),
                now_ns=self._kernel.clock.now_ns(),
                freshness=self._stage.ages.quote(instrument.id),
            ),
        )

    def _show_fill(self, order: Order, execution_id: ExecutionId) -> None:
        """Show one execution in its latest revision; a correction takes the place of what it corrects."""
        root, _ = execution_root(execution_id)
        instrument, fill = self._instrument(order), order.fills.get(root)
        if instrument is not None and fill is not None:
            row = (order.client_order_id, root)
            self._panels.fills.model.update(row, fill_rows.fill_cells(order, fill, instrument))

    def _group_words(self, order: Order) -> str:
        if order.group_id is None:
            return ""
        number = self._groups.setdefault(order.group_id, len(self._groups) + 1)
        return f"{formats.BRACKET_ROLES[order.role]} {number}".strip()

    def tick(self) -> None:
        """Ten times a second: what depends on the market and the clock."""
        for order in self._kernel.orders.open():
            self._show_order(order)
        self.positions.tick()
        self._show_sums(self.positions.rows)

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
        count, commission = kernel.portfolio.fill_totals()
        self._panels.fills.show_sums(count=count, commission=commission)

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
        """Mark every own execution of the chart's instrument, and no other."""
        if self.current is None:
            return
        rows = [row for row in self._kernel.portfolio.fills() if row.instrument_id == self.current.id]
        self._marked = {execution_root(row.execution_id)[0] for row in rows}
        self._panels.chart.set_fills(
            ChartFill(side=row.side, price=float(row.price), ns=row.event_ns, quantity=row.quantity) for row in rows
        )

    def _mark_fill(self, order: Order, event: OrderFilled) -> None:
        """Mark one more execution; a correction of a marked one moves its mark."""
        if self.current is None or order.instrument_id != self.current.id:
            return
        root, revision = execution_root(event.execution_id)
        if root not in self._marked:
            self._marked.add(root)
            self._panels.chart.add_fill(event.side, event.price, event.event_ns, event.quantity)
        elif revision > 1:
            self._show_fill_marks()
