# SPDX-License-Identifier: Apache-2.0
"""Brackets whose last leg never left: their entry is taken back, whole ones are left alone, a person is told once."""

from decimal import Decimal

import pytest

from terminal.model import events as e
from terminal.model.commands import BracketSpec
from terminal.model.enums import LinkState, OrderStatus
from terminal.model.order import Order
from tests.unit.trading.desk import AAPL, Desk, limit, state

pytestmark = pytest.mark.usefixtures("any_logs")  # alarms are what these tests are about
S = OrderStatus
BRACKET = BracketSpec(stop_price=Decimal("95.00"), target_price=Decimal("110.00"))


def broken(desk: Desk) -> Order:
    """Send a bracket whose connection breaks after the entry; return the entry."""
    desk.broker.fail_from = len(desk.broker.placed) + 1
    entry = desk.submit(limit(), bracket=BRACKET)
    desk.broker.fail_from = None
    desk.link(LinkState.RECONNECTING, text="socket closed")
    return entry


def notices(desk: Desk) -> list[str]:
    return [each.text for each in desk.seen if isinstance(each, e.DataNotice)]


@pytest.mark.parametrize("status", ["PreSubmitted", "Inactive", "PendingSubmit"])
def test_an_entry_that_the_broker_lists_without_its_exits_is_cancelled(status: str) -> None:
    desk = Desk()
    entry = broken(desk)
    desk.broker.open_orders = [desk.opened(entry, status)]
    desk.connect()
    desk.clock.advance(30)
    assert desk.broker.cancelled == [entry.broker_order_id]
    (text,) = notices(desk)
    assert "without its exits" in text
    assert any(isinstance(each, e.OrderNoted) and each.text == text for each in entry.events)
    desk.broker.open_orders = []
    desk.say(desk.status(entry, "Cancelled"))
    assert state(entry) is S.CANCELLED


def test_an_entry_that_the_broker_does_not_list_is_cancelled_before_it_counts_as_lost() -> None:
    desk = Desk()
    entry = broken(desk)
    desk.connect()
    desk.clock.advance(12)
    assert desk.broker.cancelled == [entry.broker_order_id]
    desk.say(desk.error(entry, 10147, "OrderId that needs to be cancelled is not found."))
    desk.clock.advance(60)
    assert state(entry) is S.LOST
    assert desk.broker.cancelled == [entry.broker_order_id], "asked once in a session"
    assert len(notices(desk)) == 1


def test_a_cancel_that_a_broken_line_swallowed_is_sent_again() -> None:
    desk = Desk()
    entry = broken(desk)
    desk.broker.open_orders = [desk.opened(entry, "PreSubmitted")]
    desk.connect()
    desk.clock.advance(12)
    assert len(desk.broker.cancelled) == 1
    desk.link(LinkState.RECONNECTING, text="socket closed")
    desk.connect()
    desk.clock.advance(30)
    assert len(desk.broker.cancelled) == 2
    assert len(notices(desk)) == 1


def test_after_a_restart_the_journal_alone_tells_it() -> None:
    desk = Desk()
    entry = broken(desk)
    again = desk.restart()
    again.broker.open_orders = [desk.opened(entry, "PreSubmitted")]
    again.connect()
    again.clock.advance(30)
    assert again.broker.cancelled == [entry.broker_order_id]


def test_a_whole_bracket_is_left_alone() -> None:
    desk = Desk()
    entry = desk.submit(limit(), bracket=BRACKET)
    assert entry.group_id is not None
    legs = desk.engine.orders.group(entry.group_id)
    desk.broker.open_orders = [desk.opened(each, "PreSubmitted") for each in legs]
    desk.link(LinkState.RECONNECTING, text="socket closed")
    desk.connect()
    desk.clock.advance(30)
    assert desk.broker.cancelled == []
    desk.broker.open_orders = desk.broker.open_orders[:2]  # the stop is gone, but the broker had it once
    desk.clock.advance(180)
    assert desk.broker.cancelled == []


def test_a_held_entry_that_somebody_released_by_hand_is_told_as_a_naked_position() -> None:
    desk = Desk()
    entry = broken(desk)
    desk.broker.executions = [desk.execution(entry, 40)]
    desk.broker.open_orders = [desk.opened(entry)]
    desk.connect()
    desk.clock.advance(30)
    assert desk.broker.cancelled == [entry.broker_order_id]
    (text,) = [each for each in notices(desk) if "without its stop" in each]
    assert text.startswith(f"{AAPL}: 40 filled")
