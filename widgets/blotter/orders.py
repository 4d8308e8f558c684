# SPDX-License-Identifier: Apache-2.0
"""Rows of the orders table. No Qt: an order, the market and the clock in, cells out."""

from decimal import Decimal
from typing import Final

from terminal.clock import NS_PER_S
from terminal.model.enums import Knowledge, OrderStatus, PendingRequest
from terminal.model.instrument import Instrument
from terminal.model.market import Quote
from terminal.model.order import Order
from terminal.model.position import Position
from widgets import formats
from widgets.formats import SignRule
from widgets.freshness import Freshness
from widgets.tables.columns import Cell, Column, Kind, Tone

COLUMNS: Final = (
    Column(key="state", title="State", kind=Kind.STATE, width=96),
    Column(key="symbol", title="Symbol", width=86, strong=True),
    Column(key="side", title="", kind=Kind.SIDE, width=24),
    Column(key="type", title="Type", width=52, tone=Tone.SECONDARY),
    Column(key="quantity", title="Qty", kind=Kind.QUANTITY, width=46),
    Column(key="filled", title="Filled", kind=Kind.QUANTITY, width=46),
    Column(key="limit", title="Limit", kind=Kind.NUMBER, width=68, tooltip="Double-click to change"),
    Column(key="stop", title="Stop", kind=Kind.NUMBER, width=68, tooltip="Double-click to change"),
    Column(key="last", title="Last", kind=Kind.NUMBER, width=68, flash=True, hide_order=6, tone=Tone.SECONDARY),
    Column(
        key="away",
        title="Away",
        kind=Kind.NUMBER,
        width=54,
        hide_order=5,
        tone=Tone.SECONDARY,
        tooltip="Distance of the market from the order's price",
    ),
    Column(
        key="if_filled",
        title="If filled",
        kind=Kind.NUMBER,
        sign=SignRule.MONEY,
        width=76,
        hide_order=7,
        tooltip="Result that a fill at the order's price realises on the open position",
    ),
    Column(key="force", title="Force", width=44, hide_order=4, tone=Tone.SECONDARY),
    Column(key="owner", title="Owner", width=70, hide_order=3, tone=Tone.SECONDARY),
    Column(key="group", title="Group", width=58, hide_order=2, tone=Tone.MUTED),
    Column(key="since", title="Since", kind=Kind.TIME, decimals=0, width=62, hide_order=8, tone=Tone.SECONDARY),
    Column(key="age", title="Age", kind=Kind.AGE, width=58, hide_order=1, tone=Tone.MUTED),
    Column(key="id", title="Id", width=44, hide_order=0, tone=Tone.MUTED),
    Column(key="cancel", title="", kind=Kind.ACTION, width=24, icon="close", tooltip="Cancel this order (Del)"),
)

_TONE: Final = {
    OrderStatus.WORKING: Tone.OK,
    OrderStatus.PARTIAL: Tone.OK,
    OrderStatus.FILLED: Tone.OK,
    OrderStatus.REJECTED: Tone.DANGER,
    OrderStatus.DENIED: Tone.DANGER,
    OrderStatus.LOST: Tone.DANGER,
    OrderStatus.UNKNOWN: Tone.WARN,
    OrderStatus.INACTIVE: Tone.WARN,
}


def state_words(order: Order) -> str:
    """Return the order's state as a person reads it: what is asked of it, else where it stands."""
    if order.pending is PendingRequest.CANCEL and not order.is_terminal:
        return "Cancelling"
    if order.pending is PendingRequest.REPLACE and not order.is_terminal:
        return "Changing"
    return formats.ORDER_STATUSES[order.status]


def order_price(order: Order) -> Decimal | None:
    """Return the price at which the order would act: its limit, else its stop."""
    spec = order.spec
    return spec.limit_price if spec.limit_price is not None else spec.stop_price


def if_filled(order: Order, position: Position, instrument: Instrument) -> Decimal | None:
    """Return what a complete fill at the order's price realises on the open position, None when it opens."""
    price = order_price(order)
    if price is None or not position.quantity or position.quantity * order.spec.side.sign > 0:
        return None
    closing = min(order.leaves, abs(position.quantity))
    direction = 1 if position.quantity > 0 else -1
    return closing * direction * (price - position.average_price) * instrument.multiplier


def order_cells(
    order: Order,
    instrument: Instrument,
    *,
    quote: Quote | None,
    position: Position,
    group: str,
    now_ns: int,
    freshness: Freshness,
) -> dict[str, object]:
    """Return the cells of one order. ``freshness`` is that of the market beside it; one that is over has none."""
    spec, decimals = order.spec, instrument.decimals
    price = order_price(order)
    delayed = quote is not None and quote.delayed
    doubtful = order.knowledge in (Knowledge.STALE, Knowledge.CONFLICT) and not order.is_terminal
    done = order.is_terminal
    last = quote.last if quote is not None else None
    away = abs(Decimal(repr(last)) - price) if last is not None and price is not None and not done else None
    trail = spec.trail_amount if spec.trail_amount is not None else spec.trail_percent
    kind = formats.ORDER_TYPES[spec.order_type]
    return {
        "state": Cell(
            state_words(order),
            tone=Tone.WARN if doubtful else _TONE.get(order.status, Tone.MUTED),
            hollow=order.status in (OrderStatus.PARTIAL, OrderStatus.SENT, OrderStatus.SENDING, OrderStatus.STAGED),
            note=_doubt(order),
            tooltip=order.reason,
        ),
        "symbol": instrument.label,
        "side": spec.side.value,
        "type": f"{kind} {trail.normalize():f}{'%' if spec.trail_percent is not None else ''}" if trail else kind,
        "quantity": spec.quantity,
        "filled": Cell(order.filled, tone=Tone.NORMAL if order.filled else Tone.MUTED),
        "limit": Cell("" if spec.limit_price is None else spec.limit_price, decimals=decimals),
        "stop": Cell("" if spec.stop_price is None else spec.stop_price, decimals=decimals),
        "last": ""
        if done
        else Cell(last, decimals=decimals, freshness=freshness, note=formats.delayed_note(last, delayed=delayed)),
        "away": Cell(
            "" if away is None else away,
            decimals=decimals,
            freshness=freshness,
            note=formats.delayed_note(away, delayed=delayed),
        ),
        "if_filled": "" if done or (value := if_filled(order, position, instrument)) is None else value,
        "force": formats.TIMES_IN_FORCE[spec.time_in_force] + (" ext" if spec.outside_regular_hours else ""),
        "owner": order.strategy_id or formats.ORDER_ORIGINS[order.origin],
        "group": group,
        "since": order.created_ns,
        "age": "" if done else max(0, now_ns - order.created_ns) / NS_PER_S,
        "id": "" if order.broker_order_id is None else str(order.broker_order_id),
        "cancel": order.is_open,
    }


def _doubt(order: Order) -> str:
    if order.is_terminal:
        return ""
    return {Knowledge.STALE: "stale", Knowledge.CONFLICT: "conflict"}.get(order.knowledge, "")
