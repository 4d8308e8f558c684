# SPDX-License-Identifier: Apache-2.0
"""The tape with real widgets: it pauses under a mouse and counts, filters, marks, scrolls, and says its state."""

import pytest
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from terminal.model.market import Trade
from tests.gui.painted import sample
from tests.gui.painted.conftest import Shown, condition_of
from widgets.panel import Condition
from widgets.tape.panel import TapePanel
from widgets.theme import Theme


def hover(panel: TapePanel, on: bool) -> None:
    at = QPointF(50, 100)
    event = QEnterEvent(at, at, at) if on else QEvent(QEvent.Type.Leave)
    QApplication.sendEvent(panel.view, event)


def more(count: int, size: float = 3) -> list[Trade]:
    ns = sample.NOW + sample.NS
    return [
        Trade(instrument_id=sample.INSTRUMENT.id, received_ns=ns + i, event_ns=ns, price=6763.0 + i, size=size)
        for i in range(count)
    ]


def paused(panel: TapePanel) -> bool:
    return panel.model.paused


def says(panel: TapePanel) -> list[str]:
    return [label.text() for label in panel.header.findChildren(QLabel)]


def test_newest_is_on_top(tape: TapePanel) -> None:
    tape.add_trades(more(2))
    first, second = tape.view.prints_in_sight()[:2]
    assert (first.price, second.price) == (6764.0, 6763.0)


def test_it_pauses_under_the_mouse_and_counts(tape: TapePanel) -> None:
    before = tape.view.prints_in_sight()
    hover(tape, True)
    assert "paused" in says(tape)
    tape.add_trades(more(12))
    assert tape.view.prints_in_sight() == before
    assert "paused, 12 wait" in says(tape)
    hover(tape, False)
    assert tape.view.prints_in_sight()[0].price == 6774.0
    assert "≥ 1" in says(tape)


def test_space_pauses_and_keys_look_back(tape: TapePanel) -> None:
    view = tape.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert paused(tape)
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert not paused(tape)
    QTest.keyClick(view, Qt.Key.Key_PageDown)
    assert view.offset == view.rows_in_sight
    assert paused(tape)
    QTest.keyClick(view, Qt.Key.Key_End)
    assert view.prints_in_sight()[-1] == tape.model.rows[-1]
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert view.offset == 0
    assert not paused(tape)


def test_the_filter_and_the_mark_are_a_persons_choice(tape: TapePanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(tape.optionsChanged) as caught:
        tape.options.minimum.setValue(10)
    assert caught.args == [10.0, 50.0]
    assert all(row.size >= 10 for row in tape.view.prints_in_sight())
    assert "≥ 10" in says(tape)
    with qtbot.waitSignal(tape.optionsChanged) as caught:
        tape.options.marks.setChecked(False)
    assert caught.args == [10.0, None]


def test_large_prints_are_filled(tape: TapePanel, theme: Theme) -> None:
    def filled() -> bool:
        image = tape.view.grab().toImage()
        return any(image.pixelColor(1, y).name().upper() == theme.hex("side.bid_fill") for y in range(image.height()))

    assert filled()
    tape.options.large.setValue(10_000)
    assert not filled()


def test_states_and_instruments(theme: Theme, shown: Shown) -> None:
    panel = TapePanel(theme)
    shown(panel, 180, 400)
    assert condition_of(panel) is Condition.EMPTY
    panel.set_instrument(sample.INSTRUMENT)
    assert "No prints yet" in panel.message
    panel.add_trades(sample.trades())
    assert condition_of(panel) is Condition.LIVE
    panel.show_no_permission("No tick-by-tick data", "Your account has no market data for CME.", code="354")
    assert "354" in panel.message
    panel.set_instrument(None)
    assert condition_of(panel) is Condition.EMPTY
    assert panel.model.rows == []


@pytest.mark.parametrize("name", ["light", "contrast", "cvd"])
def test_a_theme_switch_repaints(tape: TapePanel, theme: Theme, name: str) -> None:
    theme.switch(name=name, density="relaxed")
    QApplication.processEvents()
    image = tape.view.grab().toImage()
    found = {image.pixelColor(x, y).name().upper() for x in range(0, 170, 2) for y in range(image.height())}
    assert {theme.hex("bg.panel"), theme.hex("side.bid_fill")} <= found


def test_a_thousand_prints_leave_nothing_behind(tape: TapePanel) -> None:
    children = len(tape.findChildren(QObject))
    for _ in range(40):
        tape.add_trades(more(100))
    QApplication.processEvents()
    assert len(tape.findChildren(QObject)) == children
    assert len(tape.model) == 2000
    assert len(tape.model.rows) == 2000


def test_a_price_is_never_cut(tape: TapePanel) -> None:
    widths = []
    for width in (180, 165, 132):
        tape.resize(width, 455)
        QApplication.processEvents()
        time, price, size = tape.view._columns()
        assert price[1] >= tape.view._price_width()
        assert price[0] + price[1] <= size[0]
        widths.append(time[1])
    assert widths[0] > widths[1] > widths[2] == 0
