# SPDX-License-Identifier: Apache-2.0
"""Delayed numbers carry their mark wherever a row shows them; live ones do not, nor does what is missing."""

from dataclasses import replace
from decimal import Decimal

import pytest
from pytestqt.qtbot import QtBot

from terminal.model.enums import DataType
from terminal.model.instrument import Instrument
from terminal.model.market import Quote
from terminal.model.position import Position
from widgets.blotter import positions
from widgets.chart.panel import ChartPanel
from widgets.freshness import Freshness
from widgets.risk.rows import UnderlyingRisk, net_cells, underlying_cells
from widgets.tables.columns import Cell
from widgets.theme import Theme
from widgets.watchlist import rows

KINDS = [(DataType.LIVE, ""), (DataType.DELAYED, "D"), (DataType.DELAYED_FROZEN, "D")]


def note(cells: dict[str, object], key: str) -> str:
    cell = cells[key]
    assert isinstance(cell, Cell)
    return cell.note


@pytest.mark.parametrize(("data_type", "mark"), KINDS)
def test_the_watchlist_marks_each_number(stock: Instrument, quote: Quote, data_type: DataType, mark: str) -> None:
    told = replace(quote, data_type=data_type, ask=None, previous_close=198.0)
    cells = rows.watch_cells(stock, told, quantity=Decimal(0), age_s=0.1, stale_after_s=2.0, dead_after_s=30.0)
    assert {note(cells, key) for key in ("bid", "last", "change", "volume")} == {mark}
    assert note(cells, "ask") == ""


@pytest.mark.parametrize("delayed", [False, True])
def test_positions_mark_what_comes_of_the_price(stock: Instrument, delayed: bool) -> None:
    row = positions.PositionRow(
        instrument=stock,
        position=Position(quantity=Decimal(10), average_price=Decimal(200)),
        mark=201.0,
        age_s=0.1,
        day=1.0,
        broker_day=None,
        at_stops=None,
        broker_quantity=Decimal(10),
        owners=(),
        delayed=delayed,
    )
    mark = "D" if delayed else ""
    cells = positions.position_cells(row, stale_after_s=2.0, dead_after_s=30.0)
    assert {note(cells, key) for key in ("mark", "value", "open", "day")} == {mark}
    assert note(cells, "symbol") == ("delayed" if delayed else "")
    total = positions.total_cells([row], stale_after_s=2.0, dead_after_s=30.0)
    assert {note(total, key) for key in ("value", "open", "day")} == {mark}


@pytest.mark.parametrize("delayed", [False, True])
def test_the_risk_of_a_delayed_underlying_is_marked(stock: Instrument, delayed: bool) -> None:
    risk = UnderlyingRisk(
        underlying=stock.id,
        position="+10",
        delta=2010.0,
        gamma=None,
        theta=None,
        vega=None,
        open_pnl=10.0,
        day_pnl=1.0,
        at_stops=None,
        unprotected=True,
        grade=Freshness.FRESH,
        has_options=False,
        delayed=delayed,
    )
    cells = underlying_cells(risk, worth=100_000.0, widest=2010.0)
    assert {note(cells, key) for key in ("delta", "of_worth", "open", "day")} == {"D" if delayed else ""}
    assert note(cells, "gamma") == ""
    net = net_cells([risk], worth=100_000.0)
    assert {note(net, key) for key in ("delta", "of_worth", "open", "day")} == {"D" if delayed else ""}


def test_the_chart_says_it_beside_the_price(qtbot: QtBot, theme: Theme, stock: Instrument, quote: Quote) -> None:
    panel = ChartPanel(theme, lambda: quote.received_ns)
    qtbot.addWidget(panel)
    panel.set_instrument(stock, "")
    assert panel.data_mark.isHidden()
    panel.set_quote(replace(quote, data_type=DataType.DELAYED))
    assert not panel.data_mark.isHidden()
    panel.set_quote(quote)
    assert panel.data_mark.isHidden()
