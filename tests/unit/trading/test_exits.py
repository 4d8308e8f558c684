# SPDX-License-Identifier: Apache-2.0
"""Exits of an entry that ended in part: brought to what filled, in a halt too, never above, and told."""

from dataclasses import replace
from decimal import Decimal

import pytest

from terminal.model import events as e
from terminal.model.commands import BracketSpec, KillSwitch
from terminal.model.enums import LinkState, Side, TradingState
from terminal.model.order import Order
from tests.unit.trading.desk import AAPL, Desk, limit

pytestmark = pytest.mark.usefixtures("any_logs")  # alarms are what these tests are about
D = Decimal
BRACKET = BracketSpec(stop_price=D("90.00"), target_price=D("110.00"))


def in_part(desk: Desk, filled: int = 30) -> tuple[Order, Order, Order]:
    """Let an entry of 100 end with ``filled``, its exits shown at full size; return entry, target, stop."""
    entry = desk.working(limit(price="99.00"), bracket=BRACKET)
    target, stop = desk.engine.orders.children(entry.client_order_id)
    for each in (target, stop):
        desk.say(desk.opened(each, "PreSubmitted"))
    if filled:
        desk.say(desk.execution(entry, filled, "99"))
    desk.say(desk.status(entry, "Cancelled", filled))
    return entry, target, stop


def asked(desk: Desk) -> list[tuple[int, Decimal]]:
    return [(wire.broker_order_id, wire.spec.quantity) for wire in desk.broker.modified]


def alarms(desk: Desk) -> list[str]:
    return [each.text for each in desk.seen if isinstance(each, e.DataNotice)]


def show(desk: Desk, order: Order, quantity: int) -> None:
    desk.say(desk.opened(order, "PreSubmitted", spec=replace(order.spec, quantity=D(quantity))))


def test_they_are_brought_down_to_what_filled() -> None:
    desk = Desk()
    _, target, stop = in_part(desk)
    desk.clock.advance(1.9)
    assert asked(desk) == []
    desk.clock.advance(0.1)
    assert asked(desk) == [(target.broker_order_id, D(30)), (stop.broker_order_id, D(30))]
    (text,) = alarms(desk)
    assert "30 of 100 filled" in text
    for each in (target, stop):
        show(desk, each, 30)
    desk.clock.advance(60)
    assert len(asked(desk)) == 2
    assert len(alarms(desk)) == 1


def test_a_broker_that_cuts_them_itself_hears_nothing() -> None:
    desk = Desk()
    _, target, stop = in_part(desk)
    for each in (target, stop):
        show(desk, each, 30)
    desk.clock.advance(60)
    assert asked(desk) == []
    assert alarms(desk) == []


def test_what_an_exit_has_closed_already_counts() -> None:
    desk = Desk()
    _, target, stop = in_part(desk)
    desk.say(desk.execution(target, 10, "110"))
    desk.clock.advance(2)
    assert asked(desk) == [(target.broker_order_id, D(30)), (stop.broker_order_id, D(20))]


def test_without_a_fill_they_are_cancelled() -> None:
    desk = Desk()
    _, target, stop = in_part(desk, filled=0)
    desk.clock.advance(2)
    assert desk.broker.cancelled == [target.broker_order_id, stop.broker_order_id]
    assert asked(desk) == []


@pytest.mark.parametrize("gate", ["halted", "frozen", "disarmed"])
def test_less_of_an_exit_leaves_whatever_stops_orders(gate: str) -> None:
    """The day's loss cancels an entry in the middle of its fills: the stop that stays must not turn the position."""
    desk = Desk()
    _, _, stop = in_part(desk)
    match gate:
        case "halted":
            desk.engine.trading.latch("test", TradingState.HALTED, "a test")
        case "frozen":
            desk.engine.trading.freeze(AAPL, "a conflict")
        case _:
            desk.engine.set_limits(replace(desk.engine.risk.limits, arming_required=True))
    desk.clock.advance(2)
    assert (stop.broker_order_id, D(30)) in asked(desk)


def test_nothing_leaves_on_a_broken_line_and_the_next_comparison_looks_again() -> None:
    desk = Desk()
    _, target, stop = in_part(desk)
    desk.link(LinkState.RECONNECTING, text="socket closed")
    desk.clock.advance(10)
    assert asked(desk) == []
    desk.broker.open_orders = [desk.opened(each, "PreSubmitted") for each in (target, stop)]
    desk.connect()
    desk.clock.advance(2)
    assert len(asked(desk)) == 2


def test_after_a_restart_they_are_looked_at() -> None:
    desk = Desk()
    _, target, stop = in_part(desk)
    again = desk.restart()
    again.broker.open_orders = [desk.opened(each, "PreSubmitted") for each in (target, stop)]
    again.connect()
    again.clock.advance(3)
    assert asked(again) == [(target.broker_order_id, D(30)), (stop.broker_order_id, D(30))]


def test_a_broker_that_refuses_is_asked_three_times_and_then_a_person() -> None:
    desk = Desk()
    _, target, stop = in_part(desk)
    desk.broker.open_orders = [desk.opened(each, "PreSubmitted") for each in (target, stop)]
    for _ in range(6):
        desk.clock.advance(2)
        for each in (target, stop):
            if each.requested is not None:
                desk.say(desk.error(each, 105, "Order being modified does not match original order."))
    assert len(asked(desk)) == 6
    assert "does not take the change" in alarms(desk)[-1]
    desk.clock.advance(30)
    assert len(asked(desk)) == 6


def test_a_late_fill_of_the_entry_brings_them_up_again_but_not_above_the_entry() -> None:
    desk = Desk()
    entry, target, stop = in_part(desk)
    desk.clock.advance(2)
    for each in (target, stop):
        show(desk, each, 30)
    desk.say(desk.execution(entry, 20, "99"))
    desk.clock.advance(2)
    assert asked(desk)[2:] == [(target.broker_order_id, D(50)), (stop.broker_order_id, D(50))]


def test_exits_that_a_person_has_made_smaller_stay_so() -> None:
    desk = Desk()
    entry, target, stop = in_part(desk)
    for each in (target, stop):
        show(desk, each, 10)
    desk.say(desk.execution(entry, 20, "99"))
    desk.clock.advance(10)
    assert asked(desk) == []


def test_the_kill_switch_has_taken_them_already() -> None:
    desk = Desk()
    entry = desk.working(limit(Side.BUY, price="99.00"), bracket=BRACKET)
    target, stop = desk.engine.orders.children(entry.client_order_id)
    for each in (target, stop):
        desk.say(desk.opened(each, "PreSubmitted"))
    desk.say(desk.execution(entry, 30, "99"))
    desk.engine.kill(KillSwitch(reason="test"))
    desk.say(desk.status(entry, "Cancelled", 30))
    sent = list(desk.broker.cancelled)
    desk.clock.advance(5)
    assert asked(desk) == []
    assert desk.broker.cancelled == sent


def test_a_core_that_closes_sends_nothing_more() -> None:
    desk = Desk()
    in_part(desk)
    desk.engine.stop()
    desk.clock.advance(10)
    assert asked(desk) == []
