# SPDX-License-Identifier: Apache-2.0
"""The ticket under a person's fingers: keys, refusals, old previews, arming."""

from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from terminal.model.enums import OrderType, Side
from terminal.model.instrument import Instrument
from terminal.model.market import Quote
from widgets.theme import Theme
from widgets.ticket.model import Draft, TicketModel
from widgets.ticket.panel import TicketPanel


@pytest.fixture
def ticket(qtbot: QtBot, theme: Theme, stock: Instrument, quote: Quote) -> TicketPanel:
    panel = TicketPanel(theme, TicketModel(net_liquidation=Decimal(250_000)))
    qtbot.addWidget(panel)
    panel.resize(420, 420)
    panel.show()
    panel.activateWindow()
    qtbot.waitExposed(panel)
    panel.set_instrument(stock, quote, "100")
    return panel


def test_enter_leads_to_the_button_and_only_a_second_enter_presses_it(ticket: TicketPanel) -> None:
    sent: list[Draft] = []
    ticket.send_requested.connect(sent.append)
    ticket.begin(Side.SELL)
    QTest.keyClicks(ticket.quantity, "7")
    QTest.keyClick(ticket.quantity, Qt.Key.Key_Return)
    assert QApplication.focusWidget() is ticket.send
    assert not sent
    QTest.keyClick(ticket.send, Qt.Key.Key_Return)
    assert [draft.words for draft in sent] == ["Sell 7 AAPL at 200.02 LMT"]


def test_a_key_that_is_held_down_sends_nothing(ticket: TicketPanel) -> None:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QKeyEvent

    sent: list[Draft] = []
    ticket.send_requested.connect(sent.append)
    ticket.send.setFocus()
    held = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "\r", autorep=True)
    QApplication.sendEvent(ticket.send, held)
    assert not sent


def test_ctrl_enter_sends_from_any_field_but_not_what_is_refused(ticket: TicketPanel) -> None:
    sent: list[Draft] = []
    ticket.send_requested.connect(sent.append)
    control = Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(ticket.quantity, Qt.Key.Key_Return, control)
    assert len(sent) == 1
    ticket.refusal_of = lambda _: "it is worth more than the limit of 5,000"
    ticket.recheck()
    assert ticket.error.text() == "it is worth more than the limit of 5,000"
    assert not ticket.send.isEnabled()
    QTest.keyClick(ticket.quantity, Qt.Key.Key_Return, control)
    assert len(sent) == 1


def test_a_block_stands_before_every_mistake_and_leaves_again(ticket: TicketPanel) -> None:
    ticket.quantity.setText("many")
    ticket.read()
    assert "must be a number" in ticket.error.text()
    ticket.set_blocked("Not connected: the socket closed.")
    assert ticket.error.text() == "Not connected: the socket closed."
    ticket.quantity.setText("5")
    ticket.set_blocked("")
    assert ticket.send.isEnabled()


def test_an_old_preview_greys_the_button_until_a_fresh_one(ticket: TicketPanel, theme: Theme) -> None:
    limit = theme.tokens.age.preview_stale / 1_000
    ticket.set_preview_age(limit - 0.1)
    assert ticket.send.isEnabled()
    ticket.set_preview_age(limit)
    assert not ticket.send.isEnabled()
    assert "preview" in ticket.send.toolTip()
    ticket.set_preview_age(0.1)
    assert ticket.send.isEnabled()
    ticket.set_preview_age(None)
    assert ticket.send.isEnabled(), "without a preview the broker may still be asked"


@pytest.mark.parametrize("kind", list(range(5)))
def test_every_type_shows_its_own_fields(ticket: TicketPanel, kind: int) -> None:
    from widgets.ticket.form import TYPES

    ticket.kind.setCurrentIndex(kind)
    needs_limit = TYPES[kind] in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    needs_stop = TYPES[kind] in (OrderType.STOP, OrderType.STOP_LIMIT)
    assert ticket.form.limit_field.isVisibleTo(ticket) is needs_limit
    assert ticket.form.stop_field.isVisibleTo(ticket) is needs_stop
    assert ticket.form.trail_field.isVisibleTo(ticket) is (TYPES[kind] is OrderType.TRAIL)


def test_a_turn_of_the_side_takes_the_untouched_limit_along_and_a_typed_one_not(ticket: TicketPanel) -> None:
    assert ticket.limit.value == Decimal("199.98")
    ticket.set_side(Side.SELL)
    assert ticket.limit.value == Decimal("200.02")
    ticket.limit.set_value(Decimal("205.00"))
    ticket.set_side(Side.BUY)
    assert ticket.limit.value == Decimal("205.00")


def test_a_later_quote_moves_no_price_in_the_fields(ticket: TicketPanel, stock: Instrument) -> None:
    ticket.take_quote(Quote(instrument_id=stock.id, received_ns=2, bid=190.0, ask=190.1))
    assert ticket.limit.value == Decimal("199.98")
    assert ticket.bid.text() == "190.00"


def test_it_stands_without_instrument_and_without_quote(qtbot: QtBot, theme: Theme, stock: Instrument) -> None:
    panel = TicketPanel(theme, TicketModel())
    qtbot.addWidget(panel)
    panel.show()
    assert not panel.send.isEnabled()
    panel.set_instrument(stock, None, "1")
    assert not panel.send.isEnabled()
    assert "a price is needed" in panel.error.text()
    panel.show_quote_age(None)
    panel.set_instrument(None, None, "1")
    assert not panel.send.isEnabled()
