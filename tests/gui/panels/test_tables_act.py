# SPDX-License-Identifier: Apache-2.0
"""Watchlist, positions and log: keys and crosses do what they say."""

from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from terminal.model.enums import Side
from terminal.model.events import LogLine
from terminal.model.instrument import Instrument
from terminal.model.market import Quote
from terminal.model.position import Position
from widgets.blotter import positions
from widgets.blotter.panels import PositionsPanel
from widgets.journal_log.panel import LogPanel
from widgets.theme import Theme
from widgets.watchlist import rows
from widgets.watchlist.panel import WatchlistPanel


@pytest.fixture
def watchlist(qtbot: QtBot, theme: Theme, stock: Instrument, quote: Quote) -> WatchlistPanel:
    panel = WatchlistPanel(theme)
    qtbot.addWidget(panel)
    panel.resize(260, 500)
    panel.show()
    for name in ("AAPL", "BABA", "SPY"):
        cells = rows.watch_cells(stock, quote, quantity=Decimal(0), age_s=0.1, stale_after_s=2.0, dead_after_s=30.0)
        panel.model.update(name, cells | {"symbol": name}, group="Stock")
    return panel


def test_b_and_s_begin_an_order_and_choose_no_other_row(watchlist: WatchlistPanel) -> None:
    sides: list[Side] = []
    watchlist.side_key.connect(sides.append)
    watchlist.select("AAPL")
    for key in (Qt.Key.Key_B, Qt.Key.Key_S):
        QTest.keyClick(watchlist.table.view, key)
    assert sides == [Side.BUY, Side.SELL]
    assert watchlist.table.view.selected_ids() == ["AAPL"]


def test_chords_are_left_to_others(watchlist: WatchlistPanel) -> None:
    sides: list[Side] = []
    watchlist.side_key.connect(sides.append)
    QTest.keyClick(watchlist.table.view, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert not sides


def test_a_symbol_is_added_by_plus_and_enter_and_removed_by_delete(watchlist: WatchlistPanel) -> None:
    added: list[str] = []
    removed: list[object] = []
    watchlist.add_requested.connect(added.append)
    watchlist.remove_requested.connect(removed.append)
    QTest.keyClicks(watchlist.table.view, "+")
    assert watchlist.add_line.isVisible()
    QTest.keyClicks(watchlist.add_line, "bs")
    QTest.keyClick(watchlist.add_line, Qt.Key.Key_Return)
    assert added == ["BS"]
    watchlist.select("SPY")
    QTest.keyClick(watchlist.table.view, Qt.Key.Key_Delete)
    assert removed == ["SPY"]


@pytest.mark.parametrize(("quantity", "acts"), [(Decimal(10), True), (Decimal(0), False)])
def test_the_cross_closes_what_is_held_and_nothing_else(
    qtbot: QtBot, theme: Theme, stock: Instrument, quantity: Decimal, acts: bool
) -> None:
    panel = PositionsPanel(theme)
    qtbot.addWidget(panel)
    panel.resize(1200, 200)
    panel.show()
    closed: list[object] = []
    panel.close_requested.connect(closed.append)
    row = positions.PositionRow(
        instrument=stock,
        position=Position(quantity=quantity, average_price=Decimal(200)),
        mark=201.0,
        age_s=0.1,
        day=1.0,
        broker_day=None,
        at_stops=None,
        broker_quantity=quantity,
        owners=("manual",),
    )
    panel.model.update("AAPL", positions.position_cells(row, stale_after_s=2.0, dead_after_s=30.0))
    index = panel.model.index(0, panel.model.number_of("close"))
    view = panel.table.view
    QTest.mouseClick(
        view.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        view.visualRect(index).center(),
    )
    assert closed == (["AAPL"] if acts else [])


def test_a_total_with_a_dead_part_is_a_dash(stock: Instrument) -> None:
    def row(age_s: float | None) -> positions.PositionRow:
        return positions.PositionRow(
            instrument=stock,
            position=Position(quantity=Decimal(10), average_price=Decimal(200)),
            mark=201.0,
            age_s=age_s,
            day=1.0,
            broker_day=None,
            at_stops=None,
            broker_quantity=None,
            owners=(),
        )

    from widgets.freshness import Freshness
    from widgets.tables.columns import Cell

    def grade(ages: list[float | None]) -> Freshness:
        cell = positions.total_cells([row(age) for age in ages], stale_after_s=2.0, dead_after_s=30.0)["open"]
        assert isinstance(cell, Cell)
        return cell.freshness

    assert grade([0.1, 0.2]) is Freshness.FRESH
    assert grade([0.1, 5.0]) is Freshness.STALE
    assert grade([0.1, None]) is Freshness.DEAD


def test_the_log_shows_from_the_chosen_level_and_refills(qtbot: QtBot, theme: Theme) -> None:
    panel = LogPanel(theme)
    qtbot.addWidget(panel)
    for level in ("debug", "info", "warning", "error", "critical"):
        panel.add(LogLine(ns=1, level=level, subject="orders", text=level, fields={}))
    shown = [panel.model.text(one, "text") for one in panel.model.ids]
    assert shown == ["info", "warning", "error", "critical"]
    panel.level.setCurrentIndex(3)
    assert [panel.model.text(one, "text") for one in panel.model.ids] == ["error", "critical"]
    panel.level.setCurrentIndex(0)
    assert len(panel.model.ids) == 5
