# SPDX-License-Identifier: Apache-2.0
"""Rows of the risk panel. No Qt: exposures and limits in, cells out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from terminal.model.ids import InstrumentId
from widgets import formats
from widgets.formats import SignRule
from widgets.freshness import Freshness, worst
from widgets.tables.columns import Cell, Column, Kind, Tone

UNDERLYING_COLUMNS: Final = (
    Column(key="underlying", title="Underlying", width=84, strong=True),
    Column(key="position", title="Position", width=66, tone=Tone.SECONDARY, hide_order=5),
    Column(
        key="delta",
        title="Delta, $",
        kind=Kind.NUMBER,
        decimals=0,
        width=74,
        tooltip="Worth of the position's delta in the account's currency",
    ),
    Column(key="share", title="Short · long", kind=Kind.SIGNED_BAR, width=96, hide_order=2),
    Column(key="of_worth", title="Of net liq.", kind=Kind.PERCENT, decimals=1, width=62, hide_order=3),
    Column(key="gamma", title="Gamma, $ per 1%", kind=Kind.NUMBER, decimals=0, width=100, hide_order=1),
    Column(key="theta", title="Theta, $ per day", kind=Kind.NUMBER, decimals=0, width=94, hide_order=1),
    Column(key="vega", title="Vega, $ per pt", kind=Kind.NUMBER, decimals=0, width=84, hide_order=1),
    Column(key="open", title="Open P&L", kind=Kind.NUMBER, sign=SignRule.MONEY, width=80),
    Column(key="day", title="Day P&L", kind=Kind.NUMBER, sign=SignRule.MONEY, width=80),
    Column(key="stop", title="At stops", kind=Kind.NUMBER, sign=SignRule.MONEY, width=76, hide_order=4),
)
LIMIT_COLUMNS: Final = (
    Column(key="name", title="Limit", width=150, stretch=2.0),
    Column(key="used", title="Used", width=76, kind=Kind.NUMBER, decimals=0),
    Column(key="limit", title="Limit", width=76, kind=Kind.NUMBER, decimals=0, tone=Tone.SECONDARY),
    Column(key="bar", title="", kind=Kind.LIMIT_BAR, width=110, stretch=2.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderlyingRisk:
    """Exposure of one underlying in the account's currency; None where a part is not known."""

    underlying: InstrumentId
    position: str
    delta: float | None
    gamma: float | None
    theta: float | None
    vega: float | None
    open_pnl: float | None
    day_pnl: float | None
    at_stops: float | None
    unprotected: bool
    grade: Freshness
    """As the stalest of what is held; a figure that does not follow the market (at the stops) has none."""
    has_options: bool
    delayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRow:
    """One limit of the risk gate: how much of it is used, in ``unit``."""

    name: str
    used: float | None
    limit: float
    unit: str
    decimals: int = 0
    grade: Freshness = Freshness.FRESH
    delayed: bool = False


def underlying_cells(risk: UnderlyingRisk, *, worth: float | None, widest: float) -> dict[str, object]:
    """Return the cells of one underlying; bars are scaled to the ``widest`` delta of the book."""

    def cell(value: float | None, *, applies: bool = True) -> Cell:
        shown = value if applies else ""
        return Cell(shown, freshness=risk.grade, note=formats.delayed_note(shown, delayed=risk.delayed))

    share = risk.delta / widest if risk.delta is not None and widest else None
    return {
        "underlying": Cell(risk.underlying, note=formats.DELAYED_WORD.lower() if risk.delayed else ""),
        "position": risk.position,
        "delta": cell(risk.delta),
        "share": cell(share),
        "of_worth": cell(risk.delta / worth if risk.delta is not None and worth else None),
        "gamma": cell(risk.gamma, applies=risk.has_options),
        "theta": cell(risk.theta, applies=risk.has_options),
        "vega": cell(risk.vega, applies=risk.has_options),
        "open": cell(risk.open_pnl),
        "day": cell(risk.day_pnl),
        "stop": Cell("", note="no stop") if risk.unprotected else risk.at_stops,
    }


def net_cells(rows: Sequence[UnderlyingRisk], *, worth: float | None) -> dict[str, object]:
    """Return the net row: any part that is not known makes its sum a dash, and the stalest part its age."""

    def add(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) if len(known) == len(values) else None

    delta = add([row.delta for row in rows])
    options = [row for row in rows if row.has_options]

    def marked(value: float | None, parts: Sequence[UnderlyingRisk] = rows) -> Cell:
        late = formats.delayed_note(value, delayed=any(row.delayed for row in parts))
        return Cell(value, freshness=worst(row.grade for row in parts), note=late)

    def greek(values: Sequence[float | None]) -> Cell | str:
        return marked(add(values), options) if options else ""

    return {
        "underlying": "Net",
        "delta": marked(delta),
        "of_worth": marked(delta / worth if delta is not None and worth else None),
        "gamma": greek([row.gamma for row in options]),
        "theta": greek([row.theta for row in options]),
        "vega": greek([row.vega for row in options]),
        "open": marked(add([row.open_pnl for row in rows])),
        "day": marked(add([row.day_pnl for row in rows])),
        "stop": add([row.at_stops for row in rows if row.at_stops is not None]) if rows else "",
    }


def limit_cells(row: LimitRow, *, near: float, over: float) -> dict[str, object]:
    share = row.used / row.limit if row.used is not None and row.limit else None
    tone = Tone.NORMAL
    if share is not None and share >= near:
        tone = Tone.DANGER if share >= over else Tone.WARN
    return {
        "name": Cell(f"{row.name}, {row.unit}" if row.unit else row.name, tone=tone),
        "used": Cell(
            row.used,
            decimals=row.decimals,
            tone=tone,
            freshness=row.grade,
            note=formats.delayed_note(row.used, delayed=row.delayed),
        ),
        "limit": Cell(row.limit, decimals=row.decimals),
        "bar": Cell(share, freshness=row.grade),
    }
