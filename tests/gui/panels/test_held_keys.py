# SPDX-License-Identifier: Apache-2.0
"""A key that is held down is one wish: it must not run through a confirmation, nor send again and again."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QShortcut
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from terminal.model.market import Quote
from tests.unit.trading.desk import AAPL, stock
from widgets.dialogs import Confirm
from widgets.theme import Theme
from widgets.ticket.model import TicketModel
from widgets.ticket.panel import TicketPanel


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(qapp, "dark", "compact")
    yield made
    made.deleteLater()


def _press(target: TicketPanel, *, repeat: bool) -> None:
    event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier, "\r", repeat)
    QApplication.sendEvent(target, event)


def test_held_chord_sends_the_ticket_once(qtbot: QtBot, theme: Theme) -> None:
    panel = TicketPanel(theme, TicketModel())
    qtbot.addWidget(panel)
    quote = Quote(instrument_id=AAPL, received_ns=0, bid=99.99, ask=100.01, last=100.0)
    panel.set_instrument(stock(), quote, "100")
    sent: list[object] = []
    panel.send_requested.connect(sent.append)
    _press(panel, repeat=False)
    for _ in range(5):
        _press(panel, repeat=True)
    assert len(sent) == 1


def test_held_chord_does_not_answer_a_confirmation(qtbot: QtBot, theme: Theme) -> None:
    dialog = Confirm(theme, None, mode="demo", title="Send?", headline="Buy 100 AAPL", rows=(), action="Send")
    qtbot.addWidget(dialog)
    shortcuts = dialog.findChildren(QShortcut)
    assert shortcuts
    assert not [one.key().toString() for one in shortcuts if one.autoRepeat()]
