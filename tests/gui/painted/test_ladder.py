# SPDX-License-Identifier: Apache-2.0
"""The ladder under real mouse and key events: when it trades, and when it must not."""

from decimal import Decimal

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from terminal.model.enums import OrderType, Side
from tests.gui.painted import sample
from tests.gui.painted.conftest import condition_of
from widgets.ladder.layout import Zone
from widgets.ladder.panel import LadderPanel
from widgets.panel import Condition
from widgets.theme import Theme

LEFT = Qt.MouseButton.LeftButton


class Asked:
    def __init__(self, panel: LadderPanel) -> None:
        self.trades: list[tuple[object, object]] = []
        self.cancels: list[object] = []
        panel.clickToTrade.connect(lambda side, price: self.trades.append((side, price)))
        panel.cancelRequested.connect(self.cancels.append)


@pytest.fixture
def asked(ladder: LadderPanel) -> Asked:
    return Asked(ladder)


def cell(panel: LadderPanel, price: str, zone: Zone) -> QPoint:
    grid = panel.model.grid
    assert grid is not None
    rect = panel.view.row_rect(grid.index(Decimal(price)), zone)
    assert not rect.isEmpty()
    return rect.center()


def click(panel: LadderPanel, price: str, zone: Zone) -> None:
    QTest.mouseClick(panel.view, LEFT, pos=cell(panel, price, zone))


def hover(panel: LadderPanel, on: bool) -> None:
    at = QPointF(50, 100)
    event = QEnterEvent(at, at, at) if on else QEvent(QEvent.Type.Leave)
    QApplication.sendEvent(panel.view, event)


def test_clicks_trade_only_when_armed(ladder: LadderPanel, asked: Asked) -> None:
    click(ladder, "6761.75", Zone.BID)
    click(ladder, "6763.00", Zone.ASK)
    assert asked.trades == []
    ladder.set_armed(True)
    click(ladder, "6761.75", Zone.BID)
    click(ladder, "6763.00", Zone.ASK)
    assert asked.trades == [(Side.BUY, Decimal("6761.75")), (Side.SELL, Decimal("6763.00"))]
    assert all(isinstance(price, Decimal) for _, price in asked.trades)
    ladder.set_armed(False)
    click(ladder, "6761.75", Zone.BID)
    assert len(asked.trades) == 2


def test_a_press_that_ends_elsewhere_trades_nothing(ladder: LadderPanel, asked: Asked) -> None:
    ladder.set_armed(True)
    QTest.mousePress(ladder.view, LEFT, pos=cell(ladder, "6761.75", Zone.BID))
    QTest.mouseRelease(ladder.view, LEFT, pos=cell(ladder, "6761.50", Zone.BID))
    assert asked.trades == []


def test_a_row_that_moved_under_a_press_trades_nothing(ladder: LadderPanel, asked: Asked) -> None:
    ladder.set_armed(True)
    at = cell(ladder, "6761.75", Zone.BID)
    QTest.mousePress(ladder.view, LEFT, pos=at)
    ladder.model.scroll(3)
    ladder.view.refresh()
    QTest.mouseRelease(ladder.view, LEFT, pos=at)
    assert asked.trades == []


def test_a_double_click_is_one_order(ladder: LadderPanel, asked: Asked) -> None:
    ladder.set_armed(True)
    at = cell(ladder, "6761.75", Zone.BID)
    QTest.mouseClick(ladder.view, LEFT, pos=at)
    QTest.mouseDClick(ladder.view, LEFT, pos=at)
    assert len(asked.trades) == 1


def test_prices_and_other_buttons_do_not_trade(ladder: LadderPanel, asked: Asked) -> None:
    ladder.set_armed(True)
    click(ladder, "6761.75", Zone.PRICE)
    QTest.mouseClick(ladder.view, Qt.MouseButton.RightButton, pos=cell(ladder, "6761.75", Zone.BID))
    assert asked.trades == []


def test_a_stale_book_is_covered_and_cannot_be_traded(ladder: LadderPanel, asked: Asked) -> None:
    ladder.set_armed(True)
    ladder.show_stale("Last word 4.2 s ago")
    assert "4.2 s" in ladder.view.cover_text
    click(ladder, "6761.75", Zone.BID)
    QTest.keyClick(ladder.view, Qt.Key.Key_Up)
    QTest.keyClick(ladder.view, Qt.Key.Key_B)
    assert asked.trades == []
    # more data alone does not uncover it: the caller knows the ages
    ladder.set_depth(sample.depth())
    assert ladder.view.cover_text
    ladder.show_live()
    click(ladder, "6761.75", Zone.BID)
    assert len(asked.trades) == 1


def test_a_chip_asks_for_its_cancel_even_disarmed(ladder: LadderPanel, asked: Asked) -> None:
    click(ladder, "6760.25", Zone.BUYS)
    click(ladder, "6760.25", Zone.SELLS)
    assert asked.cancels == ["entry"]


def test_the_keyboard_is_enough(ladder: LadderPanel, asked: Asked) -> None:
    view = ladder.view
    ladder.set_armed(True)
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_B)
    assert asked.trades == []  # no cursor, no price
    QTest.keyClick(view, Qt.Key.Key_Down)  # the cursor appears at the last price
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_B)
    QTest.keyClick(view, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(view, Qt.Key.Key_S)
    assert asked.trades == [(Side.BUY, Decimal("6761.75")), (Side.SELL, Decimal("6764.25"))]
    assert "6,764.25" in view.accessibleDescription()
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.keyClick(view, Qt.Key.Key_S)
    assert len(asked.trades) == 2
    QTest.keyClick(view, Qt.Key.Key_Down)
    for _ in range(9):
        QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert asked.cancels == ["entry"]


def test_keys_do_not_trade_disarmed_or_after_the_focus_went(ladder: LadderPanel, asked: Asked) -> None:
    view = ladder.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_B)
    assert asked.trades == []
    ladder.set_armed(True)
    view.clearFocus()
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_B)
    assert asked.trades == []


def test_rows_never_move_under_a_hovering_mouse(ladder: LadderPanel) -> None:
    top = ladder.model.top
    hover(ladder, True)
    ladder.set_quote(sample.quote(sample.LAST + 5))
    ladder.set_depth(sample.depth(last=sample.LAST + 5))
    assert ladder.model.top == top
    hover(ladder, False)
    assert ladder.model.top == top + 20


def test_top_of_book_says_why(ladder: LadderPanel) -> None:
    ladder.set_top_only("No depth permission for CME.")
    sizes = [row.bid or row.ask for row in ladder.model.rows() if row.bid or row.ask]
    assert sorted(sizes) == ["24", "54"]
    ladder.set_top_only("")
    assert sum(bool(row.bid) for row in ladder.model.rows()) > 1


def test_cancel_buttons_count_and_name_their_side(ladder: LadderPanel, qtbot: QtBot) -> None:
    assert (ladder.cancel_buys.text(), ladder.cancel_sells.text()) == ("Cancel 1 buy", "Cancel 2 sells")
    with qtbot.waitSignal(ladder.cancelSideRequested) as caught:
        ladder.cancel_sells.click()
    assert caught.args == [Side.SELL]
    ladder.set_orders(())
    assert not ladder.cancel_buys.isEnabled()


def test_only_changed_rows_are_painted_again(ladder: LadderPanel) -> None:
    picture = ladder.view.grab().toImage()
    ladder.set_orders([*sample.orders(), sample.order("new", Side.SELL, OrderType.LIMIT, "6764.00")])
    QApplication.processEvents()
    after = ladder.view.grab().toImage()
    changed = {
        y
        for y in range(picture.height())
        if any(picture.pixel(x, y) != after.pixel(x, y) for x in range(0, picture.width(), 2))
    }
    rect = ladder.view.row_rect(ladder.model.grid.index(Decimal(6764)) if ladder.model.grid else 0, Zone.PRICE)
    assert changed
    assert min(changed) >= rect.top()
    assert max(changed) <= rect.bottom()


def test_states_and_instruments(ladder: LadderPanel) -> None:
    assert condition_of(ladder) is Condition.LIVE
    ladder.set_instrument(None)
    assert condition_of(ladder) is Condition.EMPTY
    assert ladder.model.rows() == []
    ladder.set_instrument(sample.INSTRUMENT)
    assert condition_of(ladder) is Condition.LOADING
    ladder.set_depth(sample.depth())
    assert condition_of(ladder) is Condition.LIVE


@pytest.mark.parametrize("name", ["light", "contrast", "cvd"])
def test_a_theme_switch_repaints(ladder: LadderPanel, theme: Theme, name: str) -> None:
    ladder.resize(236, 600)
    theme.switch(name=name, density="normal")
    QApplication.processEvents()
    image = ladder.view.grab().toImage()
    found = {
        image.pixelColor(x, y).name().upper() for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)
    }
    for token in ("bg.panel", "side.bid_fill", "side.ask_fill", "chart.last", "side.bid_solid"):
        assert theme.hex(token) in found
    assert ladder.model.rows_shown == (image.height() - 2 * 22 - 24) // 22


def test_a_thousand_updates_leave_nothing_behind(ladder: LadderPanel) -> None:
    children = len(ladder.findChildren(QObject))
    for place in range(1000):
        ladder.set_depth(sample.depth(seed=place % 7))
        ladder.set_quote(sample.quote(sample.LAST + 0.25 * (place % 40)))
        ladder.set_orders(sample.orders()[: place % 4])
    QApplication.processEvents()
    assert len(ladder.findChildren(QObject)) == children
