# SPDX-License-Identifier: Apache-2.0
"""Panels: what they say in each condition, where the focus is, and that a layout comes back."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QMainWindow, QPushButton, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.look.pixels import colors
from widgets.controls.buttons import Button
from widgets.panel import Action, Condition, Panel, PanelDock, TabbedHeaders
from widgets.theme import Theme


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme) -> Panel:
    made = Panel(theme, "Positions", link_group=1)
    made.set_body(QLineEdit())
    qtbot.addWidget(made)
    made.resize(360, 180)
    made.show()
    return made


def test_live_shows_the_body_and_its_age(panel: Panel) -> None:
    panel.show_live(0.24)
    assert panel.body.isVisible()
    assert panel.header.state_text == "0.2 s"
    assert panel.condition is Condition.LIVE


def test_stale_keeps_the_body_and_warns(theme: Theme, panel: Panel) -> None:
    panel.show_stale("3 of 4 stale, oldest 41 s")
    assert panel.body.isVisible()
    assert theme.hex("state.warn") in colors(panel.header)


def test_empty_offers_one_way_and_tells_which_was_taken(qtbot: QtBot, panel: Panel) -> None:
    panel.show_empty("No positions", "Positions show here after a fill.", Action("new", "New order", "F9"))
    assert not panel.body.isVisible()
    assert panel.message == "No positions Positions show here after a fill."
    button = next(b for b in panel.findChildren(QPushButton) if b.text() == "New order")
    with qtbot.waitSignal(panel.action_chosen) as chosen:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert chosen.args == ["new"]
    assert button.accessibleName() == "New order"
    assert "F9" in button.toolTip()


def test_an_error_says_title_code_and_meaning(theme: Theme, panel: Panel) -> None:
    panel.show_error("Market data is in use elsewhere", "Prices are <frozen>.", code="10197")
    assert panel.message == "Market data is in use elsewhere 10197 Prices are <frozen>."
    assert panel.header.state_text == "Error"
    assert theme.hex("state.danger") in colors(panel)


def test_an_error_may_keep_the_last_good_picture(panel: Panel) -> None:
    panel.show_error("Feed lost", "Prices are frozen at 11:41:26.", code="1100", cover=False)
    assert panel.body.isVisible()
    assert panel.header.state_text == "Feed lost"
    assert panel.header.toolTip() == "1100 Prices are frozen at 11:41:26."
    panel.show_live()
    assert panel.header.toolTip() == ""


def test_no_permission_is_not_an_error(theme: Theme, panel: Panel) -> None:
    panel.show_no_permission("No permission for depth", "Top of book still works.", code="10089")
    assert panel.condition is Condition.NO_PERMISSION
    assert theme.hex("state.danger") not in colors(panel)


def test_loading_counts_and_becomes_an_error_by_itself(qtbot: QtBot, theme: Theme) -> None:
    panel = Panel(theme, "Positions", loading_limit_ms=20)
    qtbot.addWidget(panel)
    panel.show_loading(4, 9, 0.8)
    assert panel.header.state_text == "4 of 9 · 0.8 s"
    qtbot.waitUntil(lambda: panel.condition is Condition.ERROR)
    assert panel.message.startswith("No answer yet")


def test_an_answer_ends_the_waiting(qtbot: QtBot, theme: Theme) -> None:
    panel = Panel(theme, "Positions", loading_limit_ms=1)
    qtbot.addWidget(panel)
    panel.show_loading()
    panel.show_live()
    changes: list[object] = []
    panel.condition_changed.connect(changes.append)
    other = Panel(theme, "Other", loading_limit_ms=1)
    qtbot.addWidget(other)
    other.show_loading()
    qtbot.waitUntil(lambda: other.condition is Condition.ERROR)
    assert changes == []


def test_the_edge_follows_the_keyboard_focus(qtbot: QtBot, theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    first, second = Panel(theme, "A", parent=window), Panel(theme, "B", parent=window)
    for place, made in enumerate((first, second)):
        made.set_body(QLineEdit())
        made.setGeometry(0, 60 * place, 200, 60)
    window.show()
    window.activateWindow()
    first.setFocus()
    qtbot.waitUntil(lambda: first.active)
    assert theme.hex("accent.solid") in colors(first)
    second.setFocus()
    qtbot.waitUntil(lambda: second.active)
    assert not first.active
    assert theme.hex("accent.solid") not in colors(first)


def test_an_armed_panel_has_the_yellow_edge(theme: Theme, panel: Panel) -> None:
    panel.set_armed(True)
    assert theme.hex("state.armed_edge") in colors(panel)


def test_the_link_group_is_told_once(qtbot: QtBot, panel: Panel) -> None:
    groups: list[int] = []
    panel.link_group_changed.connect(groups.append)
    panel.set_link_group(4)
    panel.set_link_group(4)
    assert groups == [4]
    assert panel.header.chip.accessibleName() == "Link group 4"
    with pytest.raises(ValueError, match="was 9"):
        panel.set_link_group(9)


def test_the_chip_menu_sets_the_group(qtbot: QtBot, panel: Panel) -> None:
    panel.header.chip.open_menu()
    actions = {action.text(): action for action in panel.header.chip.findChildren(QAction)}
    with qtbot.waitSignal(panel.link_group_changed) as changed:
        actions["Group 5"].trigger()
    assert changed.args == [5]
    assert panel.link_group == 5


def test_strip_and_footer_show_with_their_first_widget(panel: Panel) -> None:
    tool = QLineEdit()
    panel.add_to_strip(tool)
    assert tool.isVisible()


# ---------------------------------------------------------------------------- docks
@pytest.fixture
def window(qtbot: QtBot, theme: Theme) -> QMainWindow:
    made = QMainWindow()
    qtbot.addWidget(made)
    made.setCentralWidget(QWidget())
    for place, key in enumerate(("orders", "fills", "risk")):
        panel = Panel(theme, key.capitalize(), link_group=1)
        panel.set_body(QLineEdit())
        dock = PanelDock(panel, key, made)
        area = Qt.DockWidgetArea.RightDockWidgetArea if place else Qt.DockWidgetArea.LeftDockWidgetArea
        made.addDockWidget(area, dock)
    made.resize(900, 500)
    made.show()
    return made


def dock_of(window: QMainWindow, key: str) -> PanelDock:
    found = window.findChild(PanelDock, key)
    assert isinstance(found, PanelDock)
    return found


def test_a_layout_comes_back(window: QMainWindow) -> None:
    orders = dock_of(window, "orders")
    saved = window.saveState()
    window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, orders)
    dock_of(window, "risk").hide()
    assert window.restoreState(saved)
    assert window.dockWidgetArea(orders) is Qt.DockWidgetArea.LeftDockWidgetArea
    assert dock_of(window, "risk").isVisible()


def test_maximising_gives_the_window_and_takes_it_back(qtbot: QtBot, window: QMainWindow) -> None:
    orders, risk = dock_of(window, "orders"), dock_of(window, "risk")
    with qtbot.waitSignal(orders.maximised_changed):
        orders.toggle_maximised()
    assert orders.is_maximised
    assert not risk.isVisible()
    orders.toggle_maximised()
    assert risk.isVisible()
    assert not orders.is_maximised


def test_a_floating_dock_keeps_its_header_and_comes_back(window: QMainWindow) -> None:
    orders = dock_of(window, "orders")
    orders.setFloating(True)
    assert orders.titleBarWidget() is orders.panel.header
    texts = [action.text() for action in orders.menu().actions()]
    assert texts == ["Maximise", "Dock", "Close"]
    orders.setFloating(False)
    assert not orders.isFloating()


def test_the_dock_menu_prints_what_it_does(window: QMainWindow) -> None:
    actions = {action.text(): action for action in dock_of(window, "fills").menu().actions()}
    actions["Close"].trigger()
    assert not dock_of(window, "fills").isVisible()


def test_tabbed_panels_keep_their_tools_in_the_tab_row(qtbot: QtBot, theme: Theme, window: QMainWindow) -> None:
    orders, fills = dock_of(window, "orders"), dock_of(window, "fills")
    headers = TabbedHeaders(window)
    for dock in window.findChildren(PanelDock):
        dock.panel.add_tool(Button(theme, f"Tool of {dock.key}", small=True))
        headers.adopt(dock)
    window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, orders)
    window.tabifyDockWidget(orders, fills)
    fills.raise_()
    qtbot.waitUntil(lambda: fills.panel.header.isVisible() and not orders.panel.header.isVisible())
    fills.set_count(5)
    bar = next(bar for bar in window.findChildren(QTabBar) if bar.isVisible())
    assert [bar.tabText(place) for place in range(bar.count())] == ["Orders", "Fills  5"]
    qtbot.waitUntil(lambda: bar.geometry().contains(fills.panel.header.geometry()))
    orders.raise_()
    qtbot.waitUntil(lambda: orders.panel.header.isVisible() and not fills.panel.header.isVisible())
    fills.setFloating(True)
    qtbot.waitUntil(lambda: fills.titleBarWidget() is fills.panel.header)
    qtbot.waitUntil(lambda: orders.titleBarWidget() is orders.panel.header)
    assert fills.panel.header.isVisible()
    assert orders.panel.header.isVisible()
    fills.setFloating(False)


def test_a_tab_row_without_room_leaves_the_title_bar(qtbot: QtBot, theme: Theme, window: QMainWindow) -> None:
    orders, fills = dock_of(window, "orders"), dock_of(window, "fills")
    headers = TabbedHeaders(window)
    for dock in (orders, fills):
        dock.panel.add_tool(Button(theme, "A tool that is far too wide for so narrow a place"))
        headers.adopt(dock)
    window.tabifyDockWidget(orders, fills)
    window.resizeDocks([orders], [200], Qt.Orientation.Horizontal)
    fills.raise_()
    qtbot.waitUntil(lambda: fills.in_front)
    headers.arrange()
    assert fills.titleBarWidget() is fills.panel.header
