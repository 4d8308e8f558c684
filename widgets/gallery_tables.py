# SPDX-License-Identifier: Apache-2.0
"""The gallery's panels and tables: conditions, ages, states and bars, filled with invented and fixed values."""

from PySide6.QtWidgets import QGridLayout, QWidget

from widgets.formats import SignRule
from widgets.panel import Action, Panel
from widgets.tables import Cell, Column, Freshness, Kind, Table, TableModel, Tone, order_state
from widgets.theme import Theme

_MONEY = SignRule.MONEY
_POSITIONS = (
    Column(key="symbol", title="Symbol", strong=True, width=90),
    Column(key="quantity", title="Qty", kind=Kind.QUANTITY, sign=SignRule.ALWAYS),
    Column(key="last", title="Last", kind=Kind.NUMBER, flash=True),
    Column(key="open", title="Open P&L", kind=Kind.NUMBER, sign=_MONEY),
    Column(key="day", title="Day P&L", kind=Kind.NUMBER, sign=_MONEY),
)
_ORDERS = (
    Column(key="state", title="State", kind=Kind.STATE, width=96),
    Column(key="symbol", title="Symbol", strong=True),
    Column(key="side", title="", kind=Kind.SIDE, width=24, tooltip="Side"),
    Column(key="type", title="Type", tone=Tone.SECONDARY),
    Column(key="quantity", title="Qty", kind=Kind.QUANTITY),
    Column(key="filled", title="Filled", kind=Kind.QUANTITY),
    Column(key="limit", title="Limit", kind=Kind.NUMBER),
    Column(key="last", title="Last", kind=Kind.NUMBER, tone=Tone.SECONDARY),
    Column(key="result", title="If filled", kind=Kind.NUMBER, sign=_MONEY),
    Column(key="force", title="Force", tone=Tone.SECONDARY),
    Column(key="age", title="Age", kind=Kind.AGE, tone=Tone.SECONDARY, hide_order=1),
    Column(key="id", title="Id", kind=Kind.QUANTITY, tone=Tone.SECONDARY, hide_order=0, text=str),
    Column(key="cancel", title="", kind=Kind.ACTION, width=26, tooltip="Cancel"),
)
_LIMITS = (
    Column(key="name", title="Limit", width=120),
    Column(key="used", title="Used", kind=Kind.QUANTITY),
    Column(key="limit", title="Limit", kind=Kind.QUANTITY, tone=Tone.SECONDARY),
    Column(key="bar", title="", kind=Kind.LIMIT_BAR, width=90, tooltip="Share used"),
    Column(key="share", title="Share", kind=Kind.PERCENT, decimals=0),
    Column(key="shock", title="Loss · gain", kind=Kind.SIGNED_BAR, sign=_MONEY, width=120),
)


# ---------------------------------------------------------------------------- panels
def _positions(theme: Theme, *, stale: bool) -> Table:
    model = TableModel(_POSITIONS)
    rows = (
        ("ESM6", 2, 6762.5, 1100.0, 1100.0),
        ("AAPL", 300, 241.17, 1425.0, 471.0),
        ("NVDA", 250, 182.36, 1377.5, 620.0),
        ("TSLA", -60, 256.75, 153.0, -154.2),
    )
    notes = {"AAPL": "8 s", "NVDA": "8 s", "TSLA": "41 s"} if stale else {}
    for symbol, quantity, *values in rows:
        note = notes.get(symbol, "")
        fresh = Freshness.FRESH if not note else Freshness.DEAD if note == "41 s" else Freshness.STALE
        cells: dict[str, object] = {"symbol": Cell(symbol, note=note), "quantity": quantity}
        keys = ("last", "open", "day")
        cells |= {key: Cell(value, freshness=fresh) for key, value in zip(keys, values, strict=True)}
        model.update(symbol, cells)
    dead = Cell(None) if stale else None
    model.set_total({"symbol": "Total", "open": dead or 4055.5, "day": dead or 2036.8})
    if not stale:
        model.update("NVDA", {"last": Cell(182.37)})
        model.update("NVDA", {"last": Cell(182.36)})
    return Table(theme, model, name="Positions")


def panels(theme: Theme) -> QWidget:
    """Return a panel in each of its conditions."""

    def panel(title: str, context: str) -> Panel:
        made = Panel(theme, title, link_group=1)
        made.set_context(context)
        return made

    empty = panel("Orders", "empty")
    empty.show_empty(
        "No working orders", "Orders show here from the moment they are sent.", Action("new", "New order", "F9")
    )
    loading = panel("Positions", "loading")
    loading.set_loading_heads([column.title for column in _POSITIONS])
    loading.show_loading(4, 9, 0.8)
    live = panel("Positions", "live, with one cell flash")
    live.set_body(_positions(theme, stale=False))
    live.show_live(0.2)
    stale = panel("Positions", "stale")
    stale.set_body(_positions(theme, stale=True))
    stale.show_stale("3 of 4 stale, oldest 41 s")
    failed = panel("Ladder", "error")
    failed.show_error(
        "Market data is in use elsewhere",
        "Another session of this user holds the live feed. Prices here are frozen at 11:41:26.",
        code="10197",
        actions=(Action("take", "Take the feed back"), Action("delayed", "Use delayed data")),
    )
    barred = panel("Depth", "no permission")
    barred.show_no_permission(
        "No permission for TotalView depth",
        "This account has no subscription for it. Top of book still works.",
        code="10089",
        actions=(Action("top", "Show top of book"), Action("how", "How to subscribe")),
    )
    holder = QWidget()
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(8)
    for place, made in enumerate((empty, loading, live, stale, failed, barred)):
        made.setFixedHeight(theme.density.row * 7 + 32)
        grid.addWidget(made, place // 3, place % 3)
    return holder


# ---------------------------------------------------------------------------- tables
def orders(theme: Theme) -> QWidget:
    """Return a table with groups, a selection and the states of orders."""
    model = TableModel(_ORDERS)
    statuses = ("working", "partial", "acked", "sending", "unknown", "rejected", "inactive")
    for place, status in enumerate(statuses):
        model.update(
            place,
            {
                "state": order_state(status),
                "symbol": ("ESM6", "TLT", "AAPL")[place % 3],
                "side": "buy" if place % 2 else "sell",
                "type": "LMT",
                "quantity": 100 * (place + 1),
                "filled": 80 if status == "partial" else 0,
                "limit": 6784.0 - 11.25 * place,
                "last": 6762.5,
                "result": (-1) ** place * 1050.0,
                "force": "GTC",
                "age": 6540.0 / (place + 1) ** 3,
                "id": 1042 + place,
            },
            group=("Futures", "ETF", "Stock")[place % 3],
            fill=Tone.DANGER if status == "rejected" else None,
        )
    table = Table(theme, model, name="Orders")
    table.view.select([0])
    table.setFixedHeight(theme.density.row * 10 + theme.density.table_header)
    return table


def limits(theme: Theme) -> QWidget:
    """Return a table of bars."""
    model = TableModel(_LIMITS)
    rows = (("Day loss", 0, 5000), ("Net delta, k$", 891, 1250), ("Largest name, %", 24, 30), ("Orders", 21, 20))
    for place, (name, used, limit) in enumerate(rows):
        near = Tone.WARN if used / limit >= 0.75 else None
        share = used / limit
        cells: dict[str, object] = {"name": Cell(name, tone=near), "used": used, "limit": limit}
        cells |= {"bar": share, "share": Cell(share, tone=near), "shock": (place - 1.6) / 2.5}
        model.update(name, cells)
    table = Table(theme, model, name="Limits", zebra=True)
    table.setFixedHeight(theme.density.row * 4 + theme.density.table_header)
    return table
