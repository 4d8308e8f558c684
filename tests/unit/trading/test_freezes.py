# SPDX-License-Identifier: Apache-2.0
"""A freeze holds until its own cause is gone, is told once, and never outlives its release."""

import pytest

from terminal.model import events as e
from terminal.model.commands import ReleaseInstrument
from terminal.model.enums import Knowledge, LinkState, OrderStatus
from tests.unit.trading.desk import AAPL, ALPHA, ES, Desk, limit

pytestmark = pytest.mark.usefixtures("any_logs")


def alarms(desk: Desk, word: str) -> int:
    return sum(isinstance(event, e.DataNotice) and word in event.text for event in desk.seen)


def test_one_cause_that_goes_leaves_the_other_standing() -> None:
    trading = Desk().engine.trading
    trading.freeze(AAPL, "first")
    trading.freeze(AAPL, "second")
    trading.thaw(AAPL, "first")
    assert trading.frozen(AAPL) == "second"
    trading.thaw(AAPL, "second")
    assert trading.frozen(AAPL) is None


def test_conflict_under_a_freeze_is_told_and_outlives_it() -> None:
    desk = Desk()
    order = desk.working()
    desk.engine.trading.freeze(AAPL, "an order is unknown")
    desk.say(desk.opened(order, perm=77))
    assert order.knowledge is Knowledge.CONFLICT
    assert alarms(desk, "incarnation") == 1
    desk.engine.trading.thaw(AAPL, "an order is unknown")
    assert "incarnation" in (desk.engine.trading.frozen(AAPL) or "")


def test_released_instrument_sets_its_strategies_free() -> None:
    desk = Desk()
    trading = desk.engine.trading
    trading.freeze(AAPL, "by hand")
    trading.freeze(AAPL, "of the strategy", ALPHA)
    assert trading.frozen(ES, ALPHA) is not None
    desk.engine.release_instrument(ReleaseInstrument(instrument_id=AAPL))
    assert trading.frozen(AAPL, ALPHA) is None
    assert trading.frozen(ES, ALPHA) is None


def test_conflict_of_a_working_order_freezes_again_after_a_restart() -> None:
    desk = Desk()
    order = desk.working()
    desk.say(desk.opened(order, perm=77))
    assert desk.engine.trading.frozen(AAPL) is not None
    desk.link(LinkState.DISCONNECTED)
    again = desk.restart()
    assert again.order(order.client_order_id).knowledge is Knowledge.CONFLICT
    assert again.engine.trading.frozen(AAPL) is not None


def test_two_unknown_orders_freeze_until_both_are_known() -> None:
    desk = Desk()
    desk.broker.floor = 1
    one, two = desk.submit(limit()), desk.submit(limit(price="98.00"))
    desk.clock.advance(120)
    assert {one.status, two.status} == {OrderStatus.UNKNOWN}
    desk.say(desk.opened(one))
    assert desk.engine.trading.frozen(AAPL) is not None
    desk.say(desk.opened(two))
    assert desk.engine.trading.frozen(AAPL) is None
