# SPDX-License-Identifier: Apache-2.0
"""What is drawn over the bars and means money: orders, position, fills. No Qt.

An order on the chart shows what the broker said, not what we hope: ``state`` is working only after the broker
confirmed, pending while a request is out, draft for what the ticket would send.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from terminal.model.enums import OrderType, Side
from terminal.model.ids import ClientOrderId
from terminal.model.instrument import Instrument
from widgets.freshness import Freshness


class MarkState(StrEnum):
    WORKING = "working"
    PENDING = "pending"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartOrder:
    """One order line. ``price`` is where it stands (limit, or stop for stops); ``text`` its state in a word or two.

    ``pnl_if_filled`` is the realized result, in the instrument's currency, if it fills at ``price``; None where
    it opens a position.
    """

    client_order_id: ClientOrderId
    side: Side
    kind: OrderType
    price: Decimal
    quantity: Decimal
    text: str = ""
    state: MarkState = MarkState.WORKING
    pnl_if_filled: Decimal | None = None

    @property
    def is_stop(self) -> bool:
        """Whether the line is dotted: it waits for the price to come, rather than offering one."""
        return self.kind in _STOPS


_STOPS: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartPosition:
    """The position line. P&L figures in the instrument's currency; None where the core does not know one."""

    quantity: Decimal
    average_price: Decimal
    open_pnl: float | None = None
    at_stop: float | None = None
    at_target: float | None = None
    grade: Freshness = Freshness.FRESH
    """Of the open P&L; the two others follow orders, not the market."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartFill:
    side: Side
    price: float
    ns: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class OrderDrag:
    """An order line on its way to another price. Nothing is asked of anyone until it is released."""

    order: ChartOrder
    instrument: Instrument
    position: ChartPosition | None
    price: Decimal

    def moved_to(self, price: float) -> "OrderDrag":
        """Return the drag at the tick nearest to `price`."""
        return replace(self, price=self.instrument.snap(price))

    def stepped(self, ticks: int) -> "OrderDrag":
        """Return the drag `ticks` up (or down, if negative)."""
        return replace(self, price=self.instrument.snap(self.price + ticks * self.instrument.tick_at(self.price)))

    @property
    def changed(self) -> bool:
        return self.price != self.order.price

    @property
    def pnl(self) -> Decimal | None:
        """Result if it fills at the new price: the old one plus the move on the quantity that it closes."""
        if self.order.pnl_if_filled is None or self.position is None:
            return None
        held, side = self.position.quantity, self.order.side
        if held * side.sign >= 0:
            return None
        closing = min(abs(held), self.order.quantity)
        move = (self.price - self.order.price) * -side.sign
        return self.order.pnl_if_filled + move * closing * self.instrument.multiplier
