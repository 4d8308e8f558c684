# SPDX-License-Identifier: Apache-2.0
"""Rows of the positions table. No Qt."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from terminal.model.instrument import Instrument
from terminal.model.position import Position
from widgets import formats
from widgets.formats import SignRule
from widgets.freshness import Freshness, freshness, worst
from widgets.tables.columns import Cell, Column, Kind, Tone

COLUMNS: Final = (
    Column(key="symbol", title="Symbol", width=110, strong=True, whole=True),
    Column(key="quantity", title="Qty", kind=Kind.QUANTITY, sign=SignRule.ALWAYS, width=56),
    Column(key="average", title="Average", kind=Kind.NUMBER, width=72, hide_order=6),
    Column(key="mark", title="Mark", kind=Kind.NUMBER, width=72, flash=True),
    Column(key="value", title="Value", kind=Kind.NUMBER, sign=SignRule.ALWAYS, width=92, hide_order=5),
    Column(key="open", title="Open P&L", kind=Kind.NUMBER, sign=SignRule.MONEY, width=86),
    Column(key="day", title="Day P&L ours", kind=Kind.NUMBER, sign=SignRule.MONEY, width=86),
    Column(
        key="broker_day",
        title="broker",
        kind=Kind.NUMBER,
        sign=SignRule.MONEY,
        width=80,
        hide_order=4,
        tooltip="The broker's own day P&L of this position",
    ),
    Column(key="realized", title="Realised", kind=Kind.NUMBER, sign=SignRule.MONEY, width=80, hide_order=3),
    Column(
        key="stop",
        title="At stops",
        kind=Kind.NUMBER,
        sign=SignRule.MONEY,
        width=80,
        tooltip="Result when every working stop of this position fills",
    ),
    Column(key="broker_quantity", title="Broker qty", kind=Kind.QUANTITY, sign=SignRule.ALWAYS, width=64, hide_order=2),
    Column(key="owner", title="Owners", width=90, hide_order=1, tone=Tone.SECONDARY),
    Column(key="close", title="", kind=Kind.ACTION, width=24, icon="close", tooltip="Close this position"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """Everything the table says of one position; None where a figure is not known."""

    instrument: Instrument
    position: Position
    mark: float | None
    age_s: float | None
    day: float | None
    broker_day: float | None
    at_stops: Decimal | None
    broker_quantity: Decimal | None
    owners: Sequence[str]
    broker_grade: Freshness = Freshness.FRESH
    """How fresh the broker's own figure is."""
    delayed: bool = False
    """Whether the mark is of some time ago, as the source gives it."""

    @property
    def open_pnl(self) -> float | None:
        if self.mark is None:
            return None
        return self.position.unrealized(self.mark, self.instrument.multiplier)

    @property
    def value(self) -> float | None:
        if self.mark is None:
            return None
        return self.mark * float(self.position.quantity) * float(self.instrument.multiplier)


def position_cells(row: PositionRow, *, stale_after_s: float, dead_after_s: float) -> dict[str, object]:
    position, decimals = row.position, row.instrument.decimals
    grade = freshness(row.age_s, stale_after_s, dead_after_s)
    late = formats.age(row.age_s, fine=False) if grade is not Freshness.FRESH and row.age_s is not None else ""
    words = " ".join(part for part in (formats.DELAYED_WORD.lower() if row.delayed else "", late) if part)

    def mark(value: float | None) -> str:
        return formats.delayed_note(value, delayed=row.delayed)

    differs = row.broker_quantity is not None and row.broker_quantity != position.quantity
    return {
        "symbol": Cell(row.instrument.label, note=words),
        "quantity": position.quantity,
        "average": Cell(position.average_price, decimals=decimals + 2),
        "mark": Cell(row.mark, decimals=decimals, freshness=grade, note=mark(row.mark)),
        "value": Cell(row.value, freshness=grade, note=mark(row.value)),
        "open": Cell(row.open_pnl, freshness=grade, note=mark(row.open_pnl)),
        "day": Cell(row.day, freshness=grade, note=mark(row.day)),
        "broker_day": Cell(row.broker_day, freshness=row.broker_grade),
        "realized": position.realized,
        "stop": Cell("", note="no stop") if row.at_stops is None and position.quantity else row.at_stops,
        "broker_quantity": Cell(row.broker_quantity, tone=Tone.DANGER if differs else None),
        "owner": ", ".join(row.owners),
        "close": bool(position.quantity),
    }


def total_cells(rows: Sequence[PositionRow], *, stale_after_s: float, dead_after_s: float) -> dict[str, object]:
    """Return the total row: a total with one dead part is a dash, never a partial sum."""
    grades = [freshness(row.age_s, stale_after_s, dead_after_s) for row in rows if row.position.quantity]
    grade = worst(grades)
    open_rows = [row for row in rows if row.position.quantity]
    delayed = any(row.delayed for row in open_rows)

    def add(values: Sequence[float | None]) -> Cell:
        known = [value for value in values if value is not None]
        total = sum(known) if len(known) == len(values) else None
        return Cell(total, freshness=grade, note=formats.delayed_note(total, delayed=delayed))

    return {
        "symbol": "Total",
        "value": add([row.value for row in open_rows]),
        "open": add([row.open_pnl for row in open_rows]),
        "day": add([row.day for row in rows]),
        "realized": float(sum((row.position.realized for row in rows), Decimal(0))),
    }
