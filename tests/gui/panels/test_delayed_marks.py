# SPDX-License-Identifier: Apache-2.0
"""Delayed numbers carry their mark wherever a row shows them; live ones do not, nor does what is missing."""

from dataclasses import replace
from decimal import Decimal

import pytest
from pytestqt.qtbot import QtBot

from terminal.model.enums import DataType
from terminal.model.ids import StrategyId
from terminal.model.instrument import Instrument
from terminal.model.market import OptionStatistics, Quote
from terminal.model.position import Position
from widgets.blotter import positions
from widgets.chain.model import ChainModel
from widgets.chart.panel import ChartPanel
from widgets.freshness import Freshness
from widgets.risk.panel import RiskFigures, RiskPanel
from widgets.risk.rows import LimitRow, UnderlyingRisk, limit_cells, net_cells, underlying_cells
from widgets.status_bar import StatusBar
from widgets.strategies.panel import StrategyFigures, StrategyLine
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


@pytest.mark.parametrize("delayed", [False, True])
def test_the_large_figures_of_risk_are_marked(qtbot: QtBot, theme: Theme, delayed: bool) -> None:
    panel = RiskPanel(theme)
    qtbot.addWidget(panel)
    panel.show_figures(
        RiskFigures(
            ours=12.0,
            broker=11.0,
            open_pnl=-3.0,
            realized=1.0,
            at_stops=-20.0,
            unprotected=0,
            excess=1000.0,
            margin_share=0.1,
            grade=Freshness.FRESH,
            broker_grade=Freshness.FRESH,
            account_grade=Freshness.FRESH,
            delayed=delayed,
        )
    )
    late = " D" if delayed else ""
    assert panel.day.figure.text() == f"+12.00{late}"
    assert panel.open.figure.text() == f"\u22123.00{late}"
    assert panel.day.note.text() == f"broker +11.00 · gap +1.00{late}"
    assert (panel.stops.figure.text(), panel.excess.figure.text()) == ("\u221220.00", "1,000.00")


@pytest.mark.parametrize("delayed", [False, True])
def test_the_status_bar_marks_our_own_figure(qtbot: QtBot, theme: Theme, delayed: bool) -> None:
    bar = StatusBar(theme, "paper")
    qtbot.addWidget(bar)
    bar.set_pnl(11.0, 12.0, delayed=delayed)
    late = " D" if delayed else ""
    assert bar.own_pnl.value.text() == f"+12.00{late}"
    assert bar.gap.value.text() == f"\u22121.00{late}"
    assert bar.broker_pnl.value.text() == "+11.00", "the broker counts with its own prices"


@pytest.mark.parametrize("delayed", [False, True])
def test_the_chain_marks_prices_and_volume(stock: Instrument, quote: Quote, delayed: bool) -> None:
    model = ChainModel()
    told = replace(quote, data_type=DataType.DELAYED if delayed else DataType.LIVE)
    model.quotes[stock.id] = told
    model.statistics[stock.id] = OptionStatistics(
        instrument_id=stock.id, received_ns=1, open_interest=12_500.0, volume=1_250.0
    )
    late = " D" if delayed else ""
    assert [model.text(stock, key) for key in ("bid", "volume", "oi")] == [f"199.98{late}", f"1.2k{late}", "12.5k"]
    assert model.delayed is delayed


@pytest.mark.parametrize("delayed", [False, True])
def test_a_limit_that_follows_prices_is_marked(delayed: bool) -> None:
    row = LimitRow(name="Day loss", used=1.2, limit=2.0, unit="%", decimals=1, delayed=delayed)
    assert note(limit_cells(row, near=0.75, over=1.0), "used") == ("D" if delayed else "")


@pytest.mark.parametrize("delayed", [False, True])
def test_a_strategys_result_is_marked(qtbot: QtBot, theme: Theme, delayed: bool) -> None:
    line = StrategyLine(theme, StrategyId("alpha"), "Alpha", "")
    qtbot.addWidget(line)
    line.show_figures(
        StrategyFigures(position="+1 AAPL", orders=0, open_pnl=5.0, realized=0.0, commission=1.0, delayed=delayed)
    )
    assert line.pnl.text() == ("+4.00 D" if delayed else "+4.00")


# ---------------------------------------------------------------- age
@pytest.mark.parametrize(
    ("parts", "grade"),
    [
        ((Freshness.FRESH, Freshness.FRESH), Freshness.FRESH),
        ((Freshness.FRESH, Freshness.STALE), Freshness.STALE),
        ((Freshness.DEAD, Freshness.STALE), Freshness.DEAD),
    ],
)
def test_the_net_row_is_as_old_as_its_oldest_part(
    stock: Instrument, parts: tuple[Freshness, ...], grade: Freshness
) -> None:
    risks = [
        UnderlyingRisk(
            underlying=stock.id,
            position="+10",
            delta=2010.0,
            gamma=1.0,
            theta=1.0,
            vega=1.0,
            open_pnl=10.0,
            day_pnl=1.0,
            at_stops=-5.0,
            unprotected=False,
            grade=part,
            has_options=True,
        )
        for part in parts
    ]
    net = net_cells(risks, worth=100_000.0)
    cells = {key: net[key] for key in ("delta", "of_worth", "gamma", "theta", "vega", "open", "day")}
    assert {cell.freshness for cell in cells.values() if isinstance(cell, Cell)} == {grade}
    assert net["stop"] == -10.0, "what the stops lose follows orders, not the market"


def test_a_dead_figure_is_a_dash_and_a_stale_one_has_no_sign_colour(qtbot: QtBot, theme: Theme) -> None:
    bar = StatusBar(theme, "paper")
    qtbot.addWidget(bar)
    seen = []
    for grade in Freshness:
        bar.set_pnl(11.0, 12.0, grade=grade)
        seen.append((bar.own_pnl.value.text(), bar.own_pnl.value.property("tone")))
    assert seen == [("+12.00", "up"), ("+12.00", "stale"), ("\u2013", "muted")]
