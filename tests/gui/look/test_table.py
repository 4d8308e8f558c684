# SPDX-License-Identifier: Apache-2.0
"""The table as a person uses it: sort, filter, copy, export, keys, room for columns, flashes, total."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from tests.gui.look.pixels import colors
from widgets.formats import SignRule
from widgets.tables import Cell, Column, Freshness, Kind, SortOrder, Table, TableModel
from widgets.theme import Theme

COLUMNS = (
    Column(key="symbol", title="Symbol", strong=True, width=80),
    Column(key="last", title="Last", kind=Kind.NUMBER, flash=True, width=70),
    Column(key="pnl", title="Open P&L", kind=Kind.NUMBER, sign=SignRule.MONEY, width=80),
    Column(key="age", title="Age", kind=Kind.AGE, width=70, hide_order=1),
    Column(key="id", title="Id", width=60, hide_order=0),
    Column(key="cancel", title="", kind=Kind.ACTION, width=24, tooltip="Cancel"),
)
ROWS = (("a", "AAPL", 241.17, -876.0), ("b", "NVDA", 182.36, 1393.75), ("c", "=TLT", 88.47, None))


@pytest.fixture
def table(qtbot: QtBot, theme: Theme) -> Table:
    model = TableModel(COLUMNS)
    for row_id, symbol, last, pnl in ROWS:
        cells = {"symbol": symbol, "last": last, "pnl": pnl, "age": 125.0, "id": f"10{row_id}"}
        model.update(row_id, cells)
    made = Table(theme, model, name="Orders")
    qtbot.addWidget(made)
    made.resize(600, 220)
    made.show()
    qtbot.waitExposed(made)
    made.view.head.fit()
    return made


def head_point(table: Table, key: str) -> QPoint:
    number = table.rows.number_of(key)
    return QPoint(table.view.columnViewportPosition(number) + 12, 8)


def cell_point(table: Table, row_id: str, key: str) -> QPoint:
    place = table.rows.place_of(row_id)
    assert place is not None
    return table.view.visualRect(table.rows.index(place, table.rows.number_of(key))).center()


def cell_area(table: Table, row_id: str, key: str) -> QRect:
    place = table.rows.place_of(row_id)
    assert place is not None
    return table.view.visualRect(table.rows.index(place, table.rows.number_of(key)))


# ---------------------------------------------------------------------------- sort and filter
def test_clicks_on_a_head_sort_up_down_and_not(qtbot: QtBot, table: Table) -> None:
    seen = []
    for _ in range(3):
        qtbot.mouseClick(table.view.head.viewport(), Qt.MouseButton.LeftButton, pos=head_point(table, "last"))
        seen.append(table.rows.ids)
    assert seen == [["c", "b", "a"], ["a", "b", "c"], ["a", "b", "c"]]
    assert table.rows.ordering.direction is SortOrder.NONE


def test_a_sorted_table_follows_its_values(table: Table) -> None:
    table.rows.sort_by("pnl", SortOrder.DESCENDING)
    assert table.rows.ids == ["b", "a", "c"]
    table.rows.update("a", {"pnl": 5000.0})
    table.rows.flush()
    assert table.rows.ids == ["a", "b", "c"]
    table.rows.update("d", {"symbol": "SPY", "pnl": 2000.0})
    assert table.rows.ids == ["a", "d", "b", "c"]


def test_the_selection_stays_with_its_row(table: Table) -> None:
    table.view.select(["a"])
    table.rows.sort_by("last", SortOrder.ASCENDING)
    assert table.view.selected_ids() == ["a"]
    table.rows.filter_by("aapl")
    table.rows.filter_by("")
    assert table.view.selected_ids() == ["a"]
    assert table.view.current_id() == "a"


def test_the_filter_opens_filters_and_closes_by_keys(qtbot: QtBot, table: Table) -> None:
    table.activateWindow()
    table.view.setFocus()
    qtbot.keyClick(table.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert table.filter_line.isVisible()
    qtbot.keyClicks(table.filter_line, "nvd")
    assert table.rows.ids == ["b"]
    table.rows.update("a", {"symbol": "NVDL"})
    table.rows.flush()
    assert table.rows.ids == ["a", "b"]
    qtbot.keyClick(table.filter_line, Qt.Key.Key_Escape)
    assert table.rows.ids == ["a", "b", "c"]
    assert not table.filter_line.isVisible()


def test_groups_have_a_head_that_cannot_be_chosen_and_leaves_with_its_last_row(table: Table) -> None:
    table.rows.update("f1", {"symbol": "ESM6"}, group="Futures")
    table.rows.update("f2", {"symbol": "NQM6"}, group="Futures")
    place = table.rows.place_of("f1")
    assert place is not None
    head = table.rows.index(place - 1, 0)
    assert head.data() == "Futures"
    assert head.flags() == Qt.ItemFlag.NoItemFlags
    before = table.rows.rowCount()
    table.rows.remove("f1")
    table.rows.remove("f2")
    assert table.rows.rowCount() == before - 3


# ---------------------------------------------------------------------------- copy and export
def test_copying_gives_raw_numbers_with_a_head_line(qtbot: QtBot, table: Table) -> None:
    table.view.select(["a"])
    with qtbot.waitSignal(table.said) as said:
        table.copy()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines == ["Symbol\tLast\tOpen P&L\tAge\tId", "AAPL\t241.17\t-876.0\t125.0\t10a"]
    assert said.args == ["Copied 1 row"]


def test_exporting_writes_what_is_shown_and_no_formula(qtbot: QtBot, table: Table, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    table.export_to(path)
    text = path.read_bytes().decode("utf-8")
    assert text.endswith("'=TLT,88.47,,125.0,10c\r\n")
    with qtbot.waitSignal(table.said) as said:
        table.export_to(tmp_path / "nowhere" / "orders.csv")
    assert "Could not write" in said.args[0]


def test_the_export_dialog_does_not_stop_the_loop(qtbot: QtBot, table: Table, tmp_path: Path) -> None:
    dialog = table.ask_export()
    assert dialog.isVisible()
    dialog.fileSelected.emit(str(tmp_path / "x.csv"))
    assert (tmp_path / "x.csv").exists()
    dialog.reject()


# ---------------------------------------------------------------------------- keys and mouse
def test_enter_delete_and_the_action_say_which_row(qtbot: QtBot, table: Table) -> None:
    table.view.select(["b"])
    with qtbot.waitSignal(table.view.row_activated) as activated:
        qtbot.keyClick(table.view, Qt.Key.Key_Return)
    with qtbot.waitSignal(table.view.delete_pressed) as deleted:
        qtbot.keyClick(table.view, Qt.Key.Key_Delete)
    with qtbot.waitSignal(table.view.action_clicked) as clicked:
        point = cell_point(table, "c", "cancel")
        qtbot.mouseClick(table.view.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert activated.args == ["b"]
    assert deleted.args == [["b"]]
    assert clicked.args == ["c", "cancel"]


def test_the_menu_offers_the_panels_actions_first_and_prints_keys(table: Table) -> None:
    def add(menu: QMenu, ids: list[object]) -> None:
        menu.addAction(f"Cancel {len(ids)}")

    table.menu_opening.connect(add)
    table.view.select(["a", "b"])
    actions = table.menu().actions()
    assert actions[0].text() == "Cancel 2"
    shown = {action.text(): action.shortcut().toString() for action in actions}
    assert shown["Copy rows"] == "Ctrl+C"
    assert shown["Filter rows"] == "Ctrl+F"


def test_arrows_move_over_group_heads(qtbot: QtBot, table: Table) -> None:
    table.rows.update("f1", {"symbol": "ESM6"}, group="Futures")
    table.view.select(["c"])
    qtbot.keyClick(table.view, Qt.Key.Key_Down)
    assert table.view.current_id() == "f1"


# ---------------------------------------------------------------------------- room for columns
def test_columns_leave_in_their_order_and_come_back(table: Table) -> None:
    def shown() -> list[str]:
        return [column.key for column in table.view.head.shown_columns()]

    assert shown() == ["symbol", "last", "pnl", "age", "id", "cancel"]
    table.resize(330, 220)
    table.view.head.fit()
    assert shown() == ["symbol", "last", "pnl", "age", "cancel"]
    table.resize(270, 220)
    table.view.head.fit()
    assert shown() == ["symbol", "last", "pnl", "cancel"]
    table.resize(600, 220)
    table.view.head.fit()
    assert "id" in shown()


def test_columns_fill_the_width(table: Table) -> None:
    head = table.view.head
    head.fit()
    total = sum(head.sectionSize(number) for number in range(head.count()) if not head.isSectionHidden(number))
    assert total == head.viewport().width()


def test_a_number_never_loses_digits_the_column_grows(qtbot: QtBot, table: Table) -> None:
    number = table.rows.number_of("pnl")
    table.resize(330, 220)
    table.view.head.fit()
    before = table.view.columnWidth(number)
    table.rows.update("a", {"pnl": -123_456_789_012.34})
    table.rows.flush()
    qtbot.waitUntil(lambda: table.view.columnWidth(number) > before)


def test_layout_is_saved_and_restored(qtbot: QtBot, theme: Theme, table: Table) -> None:
    head = table.view.head
    head.set_width("last", 133)
    head.choose("age", False)
    head.moveSection(0, 2)
    table.rows.sort_by("pnl", SortOrder.DESCENDING)
    saved = table.save()
    other = Table(theme, TableModel(COLUMNS), name="Orders")
    qtbot.addWidget(other)
    other.resize(600, 220)
    other.show()
    other.restore(saved)
    assert other.save() == saved
    assert [c.key for c in other.view.head.shown_columns()] == ["last", "pnl", "symbol", "id", "cancel"]
    assert other.view.columnWidth(other.rows.number_of("last")) == 133


@pytest.mark.parametrize(
    "damage",
    [
        {},
        {"version": 99},
        {"version": 1, "columns": {"order": ["gone", 3], "widths": {"last": "wide"}, "hidden": "all"}},
        {"version": 1, "columns": {"hidden": [column.key for column in COLUMNS]}},
        {"version": 1, "sort": ["gone", "ascending"]},
        {"version": 1, "sort": ["last", "sideways"]},
        {"version": 1, "columns": [], "sort": 7},
    ],
)
def test_a_damaged_layout_is_left_out(table: Table, damage: dict[str, object]) -> None:
    table.restore(damage)
    assert len(table.view.head.shown_columns()) == len(COLUMNS)
    assert table.rows.ordering.column is None


def test_the_column_chooser_spells_the_titles_and_hides(table: Table) -> None:
    actions = {action.text(): action for action in table.view.head.menu().actions()}
    assert "Open P&&L" in actions  # one ampersand on the screen
    actions["Open P&&L"].trigger()
    assert "pnl" not in [column.key for column in table.view.head.shown_columns()]
    actions["Reset columns"].trigger()
    assert "pnl" in [column.key for column in table.view.head.shown_columns()]


def test_the_last_column_cannot_be_hidden(table: Table) -> None:
    for column in COLUMNS:
        table.view.head.choose(column.key, False)
    assert len(table.view.head.shown_columns()) == 1


# ---------------------------------------------------------------------------- what is painted
def test_a_change_flashes_and_is_over(theme: Theme, table: Table) -> None:
    table.rows.update("a", {"last": 242.0})
    table.rows.update("b", {"last": 180.0})
    table.rows.flush()
    up, down = theme.hex("sign.up_fill"), theme.hex("sign.down_fill")
    assert up in colors(table.view.viewport(), cell_area(table, "a", "last"))
    assert down in colors(table.view.viewport(), cell_area(table, "b", "last"))
    for _ in range(3):
        table.view.tick()
    assert not {up, down} & colors(table.view.viewport())


def test_reduced_motion_underlines_in_place_of_a_flash(theme: Theme, table: Table) -> None:
    theme.switch(reduced_motion=True)
    table.rows.update("a", {"last": 242.0})
    table.rows.flush()
    seen = colors(table.view.viewport(), cell_area(table, "a", "last"))
    assert theme.hex("sign.up_fill") not in seen
    assert theme.hex("sign.up") in seen


def test_a_stale_value_loses_its_sign_colour(theme: Theme, table: Table) -> None:
    area = cell_area(table, "b", "pnl")
    fresh = colors(table.view.viewport(), area)
    table.rows.update("b", {"pnl": Cell(1393.75, freshness=Freshness.STALE)})
    table.rows.flush()
    stale = colors(table.view.viewport(), area)
    assert theme.hex("sign.up") in fresh
    assert theme.hex("sign.up") not in stale
    assert theme.hex("text.stale") in stale


def test_the_colour_blind_theme_puts_an_arrow_before_a_sign(theme: Theme, table: Table) -> None:
    area = cell_area(table, "b", "pnl")
    plain = table.view.cells.width_of("+1,393.75")
    theme.switch(name="cvd")
    wide = table.view.cells.width_of("▲ +1,393.75")
    assert wide > plain
    assert theme.hex("sign.up") in colors(table.view.viewport(), area)


def test_the_total_stays_in_sight_and_cannot_be_chosen(qtbot: QtBot, theme: Theme, table: Table) -> None:
    for number in range(200):
        table.rows.update(number, {"symbol": f"S{number}", "pnl": 1.0})
    table.rows.set_total({"symbol": "Total", "pnl": 717.75})
    table.view.head.fit()
    bottom = (table.view.whole_rows - 1) * theme.density.row
    line = QRect(0, bottom, table.view.viewport().width(), theme.density.row)
    assert theme.hex("sign.up") in colors(table.view.viewport(), line)
    assert not table.view.indexAt(QPoint(20, bottom + 8)).isValid()
    table.view.scrollToBottom()
    assert table.rows.ids[-1] == 199
    assert table.rows.index(table.rows.rowCount() - 1, 0).flags() == Qt.ItemFlag.NoItemFlags
    table.rows.set_total(None)
    assert table.rows.rowCount() == 203


def test_an_empty_table_says_what_would_be_there(theme: Theme, table: Table) -> None:
    table.rows.clear()
    table.view.set_empty("No working orders", "Orders show here from the moment they are sent.")
    assert theme.hex("text.primary") in colors(table.view.viewport())


def test_only_changed_cells_are_announced_and_not_more_than_ten_times_a_second(qtbot: QtBot, table: Table) -> None:
    told = []
    table.rows.dataChanged.connect(lambda a, b: told.append((a.row(), b.row(), a.column(), b.column())))
    for step in range(500):
        table.rows.update("a", {"last": 241.0 + step})
        table.rows.update("b", {"last": 182.0 + step})
    assert told == []
    table.rows.flush()
    assert told == [(0, 1, 1, 1)]
    table.rows.flush()
    assert len(told) == 1


def test_the_model_announces_by_itself(qtbot: QtBot, table: Table) -> None:
    with qtbot.waitSignal(table.rows.dataChanged):
        table.rows.update("a", {"last": 1.0})


def test_a_bounded_table_forgets_the_oldest(qtbot: QtBot, theme: Theme) -> None:
    model = TableModel(COLUMNS, keep_last=100)
    for number in range(250):
        model.update(number, {"symbol": f"S{number}"})
    assert 100 <= len(model) <= 110
    assert model.ids[-1] == 249
    assert model.place_of(0) is None
    assert model.place_of(249) == len(model) - 1


def test_an_unknown_column_is_refused(table: Table) -> None:
    with pytest.raises(LookupError, match="symbol, last, pnl, age, id, cancel"):
        table.rows.update("z", {"price": 1.0})
    with pytest.raises(LookupError, match="price"):
        table.rows.update("a", {"price": 1.0})


def test_a_reader_hears_the_head_and_the_value(table: Table) -> None:
    index = table.rows.index(1, table.rows.number_of("pnl"))
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Open P&L: +1,393.75"
    assert table.view.accessibleName() == "Orders"


def test_what_reads_zero_is_neither_gain_nor_loss(table: Table) -> None:
    """A sum of floats that comes to -1e-13 is no loss."""
    for value, red in ((-0.004, False), (-0.006, True)):
        table.rows.update("a", {"pnl": value})
        table.rows.flush()
        seen = [QColor(name) for name in colors(table.view.viewport(), cell_area(table, "a", "pnl"))]
        assert any(color.red() > color.green() + 40 for color in seen) is red
