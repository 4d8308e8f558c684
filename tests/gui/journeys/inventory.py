# SPDX-License-Identifier: Apache-2.0
"""The inventory: everything on screen that hangs on a quote or on the broker's word, and whether it looks fresh.

It reads what the painters read: the freshness of a cell, the tone of a label, the flags of a painted panel. A figure
that is missing from here is a figure that nobody checks; a new panel adds its own.
"""

from collections.abc import Iterator, Mapping

from PySide6.QtWidgets import QLabel

from widgets.desk import Desk
from widgets.freshness import Freshness
from widgets.panel import Condition
from widgets.tables.columns import Cell
from widgets.tables.model import TableModel

WATCHED = ("bid", "ask", "last", "change", "volume")
HELD = ("mark", "value", "open", "day")
EXPOSED = ("delta", "share", "of_worth", "gamma", "theta", "vega", "open", "day")
NET = tuple(key for key in EXPOSED if key != "share")


def of_quotes(desk: Desk) -> dict[str, bool]:
    """Return what hangs on quotes, by name: whether it looks stale. The limit is two seconds."""
    return dict([*_tables(desk), *_figures(desk), *_chart(desk), *_painted(desk), *_ticket(desk)])


def of_the_broker(desk: Desk) -> dict[str, bool]:
    """Return the broker's own figures, by name: whether they look stale. The limit is five seconds."""
    found = {f"account {row}": _stale(desk.account.model.cells_of(row), "value") for row in desk.account.model.ids}
    found |= {
        f"positions {row} broker day": _stale(desk.positions.model.cells_of(row), "broker_day")
        for row in desk.positions.model.ids
    }
    found["account panel"] = desk.account.condition is Condition.STALE
    found["status bar P&L of the broker"] = _toned(desk.window.status.broker_pnl.value)
    found["risk excess liquidity"] = _toned(desk.risk.excess.figure)
    found["risk margin used"] = _toned(desk.risk.excess.note)
    return found


def _tables(desk: Desk) -> Iterator[tuple[str, bool]]:
    for row in desk.watchlist.model.ids:
        yield from _row("watchlist", desk.watchlist.model, row, WATCHED)
    for row in desk.orders.model.ids:
        if desk.orders.model.cells_of(row)["cancel"]:
            yield from _row("orders", desk.orders.model, row, ("last", "away"))
    for row in desk.positions.model.ids:
        yield from _row("positions", desk.positions.model, row, HELD)
    yield from _total("positions", desk.positions.model, ("value", "open", "day"))
    for row in desk.risk.underlyings.ids:
        yield from _row("risk", desk.risk.underlyings, row, EXPOSED)
    yield from _total("risk", desk.risk.underlyings, NET)
    for row in desk.risk.limits.ids:
        if str(row).startswith("Day loss"):
            yield from _row("risk", desk.risk.limits, row, ("used", "bar"))


def _figures(desk: Desk) -> Iterator[tuple[str, bool]]:
    risk, status = desk.risk, desk.window.status
    yield "risk panel", risk.condition is Condition.STALE
    yield "risk day P&L", _toned(risk.day.figure)
    yield "risk day P&L, broker and gap", _toned(risk.day.note)
    yield "risk open P&L", _toned(risk.open.figure)
    yield "positions panel", desk.positions.condition is Condition.STALE
    yield "status bar day P&L, ours", _toned(status.own_pnl.value)
    yield "status bar gap", _toned(status.gap.value)
    yield "status bar data age", str(status.age.value.property("tone")) == "warn"
    for name, line in desk.strategies.lines.items():
        if desk.kernel.portfolio.strategy_positions(name):
            yield f"strategy {name} P&L", _toned(line.pnl)
    details = desk.watchlist.details
    yield "watchlist panel", desk.watchlist.condition is Condition.STALE
    for place, label in enumerate(details.of_market):
        yield f"watchlist details {place}", _toned(label)
    yield "watchlist details range", details.range.stale


def _chart(desk: Desk) -> Iterator[tuple[str, bool]]:
    chart = desk.chart
    yield "chart", chart.condition is Condition.STALE
    yield "chart header last", _toned(chart.last)
    if chart.change.text():
        yield "chart header change", _toned(chart.change)
    yield "chart strip open P&L", _toned(chart.strip.open.number)
    (position,) = [tag for tag in chart.view.lines.tags if tag.order is None]
    yield "chart position line P&L", position.stale
    (block,) = [one for one in chart.view.price_axis.blocks if one.color in ("text.stale", "chart.on_last")]
    yield "chart last price", block.color == "text.stale"


def _painted(desk: Desk) -> Iterator[tuple[str, bool]]:
    ladder, tape, chain = desk.ladder, desk.tape, desk.chain
    yield "ladder", ladder.condition is Condition.STALE
    yield "ladder book is covered", bool(ladder.view.cover_text)
    yield "ladder spread is away", ladder.spread.isHidden()
    yield "tape", tape.condition is Condition.STALE
    yield "tape prints", tape.model.stale
    yield "chain", chain.condition is Condition.STALE
    yield "chain spot, expected move and strike at the money", chain.model.spot_stale
    for contract in chain.visible_contracts:
        known = any(chain.model.value(contract, key) is not None for key in ("bid", "ask", "delta", "volume"))
        if known:
            yield f"chain {contract.id}", contract.id in chain.model.stale


def _ticket(desk: Desk) -> Iterator[tuple[str, bool]]:
    ticket = desk.ticket
    yield "ticket panel", ticket.condition is Condition.STALE
    for name, label in (
        ("bid", ticket.bid),
        ("ask", ticket.ask),
        ("bid size", ticket.head.bid_size),
        ("ask size", ticket.head.ask_size),
    ):
        yield f"ticket {name}", _toned(label)
    for name, cells in ticket.preview.shown_rows():
        if name != "Position":
            yield f"ticket preview {name}", all(_toned(cell) for cell in cells)
    if ticket.draft is not None and ticket.draft.of_market:
        yield "ticket value", _toned(ticket.preview.value)


# ---------------------------------------------------------------- reading
def _row(name: str, model: TableModel, row: object, keys: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    cells = model.cells_of(row)  # a row id is any hashable
    for key in keys:
        if _applies(cells, key):
            yield f"{name} {row} {key}", _stale(cells, key)


def _total(name: str, model: TableModel, keys: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    cells = model.total
    assert cells is not None, f"{name} has no total"
    for key in keys:
        if _applies(cells, key):
            yield f"{name} total {key}", _stale(cells, key)


def _applies(cells: Mapping[str, object], key: str) -> bool:
    """Say whether there is a figure: an empty text means that none applies, a dash never looks fresh."""
    content = cells.get(key)
    value = content.value if isinstance(content, Cell) else content
    return value not in (None, "")


def _stale(cells: Mapping[str, object], key: str) -> bool:
    content = cells.get(key)
    return isinstance(content, Cell) and content.freshness is not Freshness.FRESH


def _toned(label: QLabel) -> bool:
    """Say whether a label has the tone of what is old, or is a dash."""
    return str(label.property("tone")) == "stale" or label.text() == "–"
