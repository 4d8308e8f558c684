# SPDX-License-Identifier: Apache-2.0
"""Order lines under real mouse and key events: what moves, what is asked, and what is not."""

from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from terminal.model.enums import OrderType, Side
from tests.gui.painted import sample
from widgets.chart.marks import MarkState
from widgets.chart.order_lines import Part
from widgets.chart.panel import ChartPanel

LEFT = Qt.MouseButton.LeftButton


class Asked:
    """What the panel asked for."""

    def __init__(self, panel: ChartPanel) -> None:
        self.moves: list[tuple[object, object]] = []
        self.cancels: list[object] = []
        self.clicks: list[tuple[object, object, object]] = []
        panel.orderMoveRequested.connect(lambda order, price: self.moves.append((order, price)))
        panel.orderCancelRequested.connect(self.cancels.append)
        panel.priceClicked.connect(lambda *words: self.clicks.append(words))


@pytest.fixture
def asked(chart: ChartPanel) -> Asked:
    return Asked(chart)


def place(panel: ChartPanel, order: str, part: Part = Part.LINE) -> QPoint:
    """Return where an order's tag, or its cross, is in the viewport."""
    found = next(item for item in panel.model.orders if item.client_order_id == order)
    rect = panel.view.lines.tag_rect(found.client_order_id, part)
    at = rect.center() if part is Part.CANCEL else rect.center() - QPoint(20, 0)
    return panel.view.from_plot(at).toPoint()


def pixels(panel: ChartPanel, points: float) -> int:
    """Return how many pixels up a price difference is."""
    view = panel.view.view
    return round(points * view.height / (view.high - view.low))


def viewport(panel: ChartPanel) -> QWidget:
    return panel.view.viewport()


def dragged(panel: ChartPanel) -> bool:
    return panel.view.drag is not None


def drag(panel: ChartPanel, order: str, up: int, *, release: bool = True) -> None:
    start = place(panel, order)
    QTest.mousePress(viewport(panel), LEFT, pos=start)
    for share in (0.3, 0.7, 1.0):
        QTest.mouseMove(viewport(panel), start - QPoint(0, round(up * share)))
    if release:
        QTest.mouseRelease(viewport(panel), LEFT, pos=start - QPoint(0, up))


def test_a_drag_asks_once_for_a_price_on_the_tick(chart: ChartPanel, asked: Asked) -> None:
    chart.set_armed(True)
    drag(chart, "entry", pixels(chart, -3.1))
    ((order, price),) = asked.moves
    assert order == "entry"
    assert isinstance(price, Decimal)
    assert price % Decimal("0.25") == 0
    assert abs(price - Decimal("6757.15")) <= Decimal("0.5")
    # nothing moved by itself: the line waits for the broker's word
    assert chart.model.orders[1].price == Decimal("6760.25")
    assert chart.view.drag is None


def test_the_ghost_shows_the_new_price_and_result_while_it_moves(chart: ChartPanel, asked: Asked) -> None:
    chart.set_armed(True)
    drag(chart, "target", pixels(chart, -10), release=False)
    ghost = chart.view.lines.tags[-1]
    assert ghost.ghost
    assert ghost.price < Decimal(6776)
    assert ghost.detail == f"+{(ghost.price - Decimal('6751.50')) * 100:,.2f}"
    assert asked.moves == []


def test_escape_puts_it_back_and_asks_nothing(chart: ChartPanel, asked: Asked) -> None:
    chart.set_armed(True)
    drag(chart, "entry", 40, release=False)
    QTest.keyClick(chart.view, Qt.Key.Key_Escape)
    QTest.mouseRelease(viewport(chart), LEFT, pos=place(chart, "entry") - QPoint(0, 40))
    assert asked.moves == []
    assert asked.clicks == []
    assert not any(tag.ghost for tag in chart.view.lines.tags)


def test_disarmed_lines_stay_where_they_are(chart: ChartPanel, asked: Asked) -> None:
    first = chart.view.view.first
    drag(chart, "entry", 40)
    assert asked.moves == []
    assert chart.view.view.first == first
    QTest.mouseMove(viewport(chart), place(chart, "entry"))
    assert viewport(chart).cursor().shape() == Qt.CursorShape.ForbiddenCursor
    assert "Disarmed" in viewport(chart).toolTip()


@pytest.mark.parametrize("how", ["disarm", "gone", "pending", "focus"])
def test_a_drag_ends_without_a_word_when_its_ground_goes(chart: ChartPanel, asked: Asked, how: str) -> None:
    chart.set_armed(True)
    drag(chart, "entry", 40, release=False)
    assert dragged(chart)
    match how:
        case "disarm":
            chart.set_armed(False)
        case "gone":
            chart.set_orders(order for order in sample.orders() if order.client_order_id != "entry")
        case "pending":
            chart.set_orders(replace(order, state=MarkState.PENDING) for order in sample.orders())
        case "focus":
            chart.view.clearFocus()
    assert not dragged(chart)
    QTest.mouseRelease(viewport(chart), LEFT, pos=QPoint(300, 300))
    assert asked.moves == []


def test_a_press_without_a_move_asks_nothing(chart: ChartPanel, asked: Asked) -> None:
    chart.set_armed(True)
    drag(chart, "entry", 0)
    assert (asked.moves, asked.clicks, asked.cancels) == ([], [], [])


def test_taking_hold_of_a_slid_tag_does_not_move_the_order(chart: ChartPanel, asked: Asked) -> None:
    near = sample.order("near", Side.BUY, OrderType.LIMIT, "6762.25")
    chart.set_orders((*sample.orders(), near))
    chart.set_armed(True)
    tag = next(tag for tag in chart.view.lines.tags if tag.order is near)
    assert abs(tag.tag_y - tag.line_y) > 5
    drag(chart, "near", pixels(chart, -2))
    assert abs(Decimal(str(asked.moves[0][1])) - Decimal("6760.25")) <= Decimal("0.5")


def test_the_cross_asks_for_a_cancel_even_disarmed(chart: ChartPanel, asked: Asked) -> None:
    QTest.mouseClick(viewport(chart), LEFT, pos=place(chart, "stop", Part.CANCEL))
    assert asked.cancels == ["stop"]
    assert asked.moves == []


def test_letting_go_beside_the_cross_cancels_nothing(chart: ChartPanel, asked: Asked) -> None:
    QTest.mousePress(viewport(chart), LEFT, pos=place(chart, "stop", Part.CANCEL))
    QTest.mouseRelease(viewport(chart), LEFT, pos=QPoint(200, 200))
    assert asked.cancels == []


def test_keys_move_and_cancel_an_order(chart: ChartPanel, asked: Asked) -> None:
    chart.set_armed(True)
    view = chart.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_O)  # the lowest: the stop
    QTest.keyClick(view, Qt.Key.Key_O)
    for key, modifier in (
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier),
    ):
        QTest.keyClick(view, key, modifier)
    assert asked.moves == []
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert asked.moves == [("entry", Decimal("6762.75"))]
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert asked.cancels == ["entry"]


def test_keys_move_nothing_when_disarmed(chart: ChartPanel, asked: Asked) -> None:
    chart.view.setFocus()
    for key in (Qt.Key.Key_O, Qt.Key.Key_Up, Qt.Key.Key_Return):
        QTest.keyClick(chart.view, key)
    assert asked.moves == []
    assert chart.view.drag is None


def test_a_click_on_the_plot_names_the_price_and_the_resting_side(chart: ChartPanel, asked: Asked) -> None:
    view = chart.view.view
    for price, side in ((6750.0, "buy"), (6775.0, "sell")):
        at = chart.view.from_plot(chart.view.lines.boundingRect().topLeft())
        at.setX(at.x() + 120)
        at.setY(at.y() + view.y_of(price))
        QTest.mouseClick(viewport(chart), LEFT, pos=at.toPoint())
        clicked, hint, _ = asked.clicks[-1]
        assert hint == side
        assert abs(float(str(clicked)) - price) <= 0.5
    assert len(asked.clicks) == 2


def test_strip_buttons_ask_and_count(chart: ChartPanel, qtbot: QtBot) -> None:
    assert chart.strip.cancel.text() == "Cancel 3"
    with qtbot.waitSignal(chart.cancelAllRequested):
        chart.strip.cancel.click()
    with qtbot.waitSignal(chart.flattenRequested):
        chart.strip.flatten.click()
    chart.set_orders(())
    chart.set_position(Decimal(0), Decimal(0))
    assert not chart.strip.cancel.isEnabled()
    assert not chart.strip.flatten.isEnabled()
    assert chart.view.lines.tags == []
