# SPDX-License-Identifier: Apache-2.0
"""What a person wishes of orders and positions: cancel, change, close, reverse, flatten.

Every wish becomes one command of the core; what costs protection or breaks a soft limit is asked first. It shows
nothing but the question.
"""

from collections.abc import Sequence
from dataclasses import replace
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
from terminal.model.enums import Side
from terminal.model.ids import ClientOrderId, InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.order import Order
from widgets import formats
from widgets.dialogs import Confirm, finished
from widgets.presenters.common import Stage
from widgets.toasts import ToastKind


class OrderWishes:
    """Passes the wishes of tables, chart, ladder and menu on to the core."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._kernel = stage.kernel
        self.current: Instrument | None = None
        """The chart's instrument: what its buttons and those under the orders act on."""
        self.ladder: Instrument | None = None

    def cancel(self, ids: Sequence[ClientOrderId]) -> None:
        for client_order_id in ids:
            order = self._kernel.orders.get(client_order_id)
            if order is not None and order.is_open:
                command = CancelOrder(client_order_id=client_order_id)
                self._stage.attempt(partial(self._kernel.do, command), "Not cancelled")

    def cancel_symbol(self) -> None:
        if self.current is not None:
            command = CancelOrders(instrument_id=self.current.id)
            self._stage.attempt(lambda: self._kernel.do(command), "Not cancelled")

    def cancel_side(self, side: Side) -> None:
        if self.ladder is not None:
            command = CancelOrders(instrument_id=self.ladder.id, side=side)
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
        """Change one term of a working order; return what is wrong, empty when it is under way or asked once more."""
        command = ModifyOrder(
            client_order_id=ClientOrderId(row),
            quantity=value if key == "quantity" else None,
            limit_price=value if key == "limit" else None,
            stop_price=value if key == "stop" else None,
        )
        try:
            warnings = self._kernel.soft_refusals(command)
            if not warnings:
                self._kernel.do(command)
        except TerminalError as error:
            return str(error)
        if warnings:
            self._stage.run(self._insist(command, warnings), "Order not changed")
        return ""

    async def _insist(self, command: ModifyOrder, warnings: Sequence[tuple[str, str]]) -> None:
        """Ask once more for a change that breaks a soft limit, as the ticket does for an order, then send it."""
        order = self._kernel.orders.get(command.client_order_id)
        if order is None:
            return
        quote = self._kernel.hub.quote(order.instrument_id)
        delayed = quote is not None and quote.delayed
        dialog = Confirm(
            self._stage.theme,
            self._stage.window,
            mode=self._kernel.mode.value,
            title="The price is delayed" if delayed else "This change breaks a soft limit",
            headline=_change_words(command, order),
            rows=[("Warning", f"{code}: {text}") for code, text in warnings],
            action="Change on a delayed price" if delayed else "Change all the same",
        )
        if await finished(dialog):
            self._kernel.do(replace(command, confirmed_warnings=frozenset(code for code, _ in warnings)))

    def move(self, client_order_id: ClientOrderId, price: Decimal) -> None:
        order = self._kernel.orders.get(client_order_id)
        if order is not None:
            key = "limit" if order.spec.limit_price is not None else "stop"
            wrong = self.change(client_order_id, key, price)
            if wrong:
                self._stage.say(ToastKind.ERROR, "Order not moved", wrong)

    def step_of(self, row: str, key: str) -> Decimal:
        order = self._kernel.orders.get(ClientOrderId(row))
        instrument = self._kernel.instrument(order.instrument_id) if order is not None else None
        if instrument is None:
            return Decimal(1)
        return instrument.size_increment if key == "quantity" else instrument.min_tick


def _change_words(command: ModifyOrder, order: Order) -> str:
    """Return a change in one line: what of which order, from where to where."""
    spec = order.spec
    terms = (
        ("quantity", spec.quantity, command.quantity),
        ("limit", spec.limit_price, command.limit_price),
        ("stop", spec.stop_price, command.stop_price),
    )
    moves = [f"{name} {before} → {after}" for name, before, after in terms if after is not None]
    return f"{spec.side.value.capitalize()} {spec.quantity} {spec.instrument_id}: {', '.join(moves)}"
