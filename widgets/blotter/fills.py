# SPDX-License-Identifier: Apache-2.0
"""Rows of the fills table. No Qt."""

from typing import Final

from terminal.model.instrument import Instrument
from terminal.model.order import Fill, Order
from widgets.formats import SignRule
from widgets.tables.columns import Cell, Column, Kind, Tone

COLUMNS: Final = (
    Column(key="time", title="Time", kind=Kind.TIME, decimals=0, width=66),
    Column(key="symbol", title="Symbol", width=110, strong=True),
    Column(key="side", title="", kind=Kind.SIDE, width=24),
    Column(key="quantity", title="Qty", kind=Kind.QUANTITY, width=52),
    Column(key="price", title="Price", kind=Kind.NUMBER, width=72),
    Column(key="value", title="Value", kind=Kind.NUMBER, width=90, hide_order=3),
    Column(key="commission", title="Commission", kind=Kind.NUMBER, width=74),
    Column(
        key="realized",
        title="Realised",
        kind=Kind.NUMBER,
        sign=SignRule.MONEY,
        width=80,
        tooltip="The broker's realised result of this execution",
    ),
    Column(key="exchange", title="Exchange", width=64, hide_order=2, tone=Tone.SECONDARY),
    Column(key="owner", title="Owner", width=80, hide_order=4, tone=Tone.SECONDARY),
    Column(key="order", title="Order", width=52, hide_order=1, tone=Tone.MUTED),
    Column(key="execution", title="Execution", width=150, hide_order=0, tone=Tone.MUTED),
)


def fill_cells(order: Order, fill: Fill, instrument: Instrument) -> dict[str, object]:
    report = order.commissions.get(fill.execution_id)
    return {
        "time": fill.event_ns,
        "symbol": instrument.label,
        "side": order.spec.side.value,
        "quantity": fill.quantity,
        "price": Cell(fill.price, decimals=instrument.decimals),
        "value": fill.price * fill.quantity * instrument.multiplier,
        "commission": Cell(None if report is None else report.amount),
        "realized": None if report is None else report.realized_pnl,
        "exchange": fill.exchange,
        "owner": order.strategy_id or order.origin.value.capitalize(),
        "order": "" if order.broker_order_id is None else str(order.broker_order_id),
        "execution": fill.execution_id,
    }
