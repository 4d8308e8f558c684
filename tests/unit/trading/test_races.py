# SPDX-License-Identifier: Apache-2.0
"""What overtakes what: answers that are older than what we know, and orders that the wire cannot carry."""

from decimal import Decimal

import pytest

from terminal.errors import UserError
from terminal.model import events as e
from terminal.model.commands import BracketSpec, CancelOrder, ModifyOrder
from terminal.model.enums import OrderStatus, PendingRequest
from terminal.ports import WireOrder
from tests.unit.trading.desk import Desk, limit, market, state

pytestmark = pytest.mark.usefixtures("any_logs")
S, D = OrderStatus, Decimal


def test_order_that_ended_while_the_broker_was_asked_stays_over() -> None:
    desk = Desk()
    order = desk.working()
    desk.broker.open_orders = [desk.opened(order)]  # the list was made before the cancel
    desk.clock.advance(0.1)
    desk.broker.on_truth = lambda: desk.say(desk.status(order, "Cancelled"))
    desk.say(e.VenueDecodeFailed(ns=desk.clock.now_ns(), message_id=5, reason="unreadable"))
    desk.clock.advance(0.6)
    assert state(order) is S.CANCELLED
    assert order.reopened == 0


def test_list_that_is_newer_than_the_end_reopens_the_order() -> None:
    desk = Desk()
    order = desk.working()
    desk.say(desk.status(order, "Cancelled"))
    desk.clock.advance(0.5)
    desk.broker.open_orders = [desk.opened(order)]
    desk.say(e.VenueDecodeFailed(ns=desk.clock.now_ns(), message_id=5, reason="unreadable"))
    desk.clock.advance(1)
    assert state(order) is S.WORKING
    assert order.reopened == 1


def refuse(order: WireOrder) -> None:
    raise UserError("ORD-104", f"order numbers must have at most 15 digits, was {order.spec.quantity}")


def test_order_that_the_wire_cannot_carry_is_provably_not_sent() -> None:
    desk = Desk()
    desk.broker.on_place = refuse
    order = desk.submit(limit())
    assert state(order) is S.LOST
    assert "15 digits" in order.reason


def test_bracket_whose_exit_the_wire_cannot_carry_is_taken_back() -> None:
    desk = Desk()

    def refuse_exit(order: WireOrder) -> None:
        if order.parent_broker_order_id:
            refuse(order)

    desk.broker.on_place = refuse_exit
    entry = desk.submit(market(), bracket=BracketSpec(stop_price=D("90.00"), target_price=D("110.00")))
    assert [state(each) for each in desk.engine.orders.children(entry.client_order_id)] == [S.LOST, S.LOST]
    assert entry.pending is PendingRequest.CANCEL  # it waits at the broker for exits that never come
    assert desk.broker.cancelled == [entry.broker_order_id]


def test_change_that_the_wire_cannot_carry_leaves_the_old_terms() -> None:
    desk = Desk()
    order = desk.working()
    desk.broker.on_modify = refuse
    desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, limit_price=D("99.00")))
    assert state(order) is S.WORKING
    assert order.pending is PendingRequest.NONE
    assert "15 digits" in order.reason


def test_order_that_waited_in_its_lane_never_left() -> None:
    desk = Desk()
    fresh, live = desk.submit(limit()), desk.working(limit(price="99.00"))
    desk.engine.modify(ModifyOrder(client_order_id=live.client_order_id, limit_price=D("98.00")))
    for order in (fresh, live):
        desk.say(desk.error(order, 9016, "the order never left"))
    assert state(fresh) is S.LOST
    assert state(live) is S.WORKING
    assert live.requested is None


def test_cancel_that_never_left_ends_nothing() -> None:
    desk = Desk()
    order = desk.submit(limit())
    desk.engine.cancel(CancelOrder(client_order_id=order.client_order_id))
    desk.say(desk.error(order, 9017, "the cancel never left"))
    assert order.is_open
    assert order.pending is PendingRequest.NONE
