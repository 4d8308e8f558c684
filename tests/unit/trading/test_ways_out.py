# SPDX-License-Identifier: Apache-2.0
"""Getting out of a position must never leave it worse: without its stop, or on the other side of zero."""

from dataclasses import replace
from decimal import Decimal

import pytest

from terminal.errors import UserError
from terminal.model import events as e
from terminal.model.commands import (
    BracketSpec,
    CancelOrder,
    ClosePosition,
    FlattenAll,
    KillSwitch,
    ModifyOrder,
    SetArmed,
)
from terminal.model.enums import Knowledge, OrderStatus, PendingRequest, Side, TradingState
from terminal.model.order import Order
from terminal.trading.limits import RiskLimits
from tests.unit.trading.desk import AAPL, ACCOUNT, ALPHA, ES, Desk, limit, market, stop

pytestmark = pytest.mark.usefixtures("any_logs")  # alarms are what these tests are about
S, D = OrderStatus, Decimal
BRACKET = BracketSpec(stop_price=D("90.00"), target_price=D("110.00"))


def protected(desk: Desk, *, strategy: bool = False) -> tuple[Order, Order]:
    """Hold 100 with a target and a stop; return these two."""
    entry = desk.submit(market(), bracket=BRACKET, strategy=ALPHA if strategy else None)
    assert entry.group_id is not None, entry.reason
    for order in desk.engine.orders.group(entry.group_id):
        desk.say(desk.opened(order))
    desk.say(desk.execution(entry, 100))
    target, stop_order = desk.engine.orders.children(entry.client_order_id)
    desk.clock.advance(3)
    return target, stop_order


def alarms(desk: Desk) -> list[str]:
    return [event.text for event in desk.seen if isinstance(event, e.DataNotice)]


# ---------------------------------------------------------------- a close that the gate refuses touches no exit
@pytest.mark.parametrize("why", ["disarmed", "halted", "frozen"])
@pytest.mark.parametrize("command", [ClosePosition(instrument_id=AAPL), FlattenAll()])
def test_exits_stay_when_the_closing_order_may_not_leave(why: str, command: ClosePosition | FlattenAll) -> None:
    desk = Desk(limits=RiskLimits(arming_required=True))
    desk.engine.set_armed(SetArmed(armed=True))
    target, stop_order = protected(desk)
    match why:
        case "disarmed":
            desk.engine.set_armed(SetArmed(armed=False))
        case "halted":
            desk.engine.trading.latch("test", TradingState.HALTED, "a test")
        case _:
            desk.engine.trading.freeze(AAPL, "a conflict")
    if isinstance(command, FlattenAll):
        desk.engine.flatten_all(command)
    else:
        desk.engine.close_position(command)
    assert desk.broker.cancelled == []
    assert target.is_open
    assert stop_order.pending is PendingRequest.NONE
    assert [order.status for order in desk.engine.orders.all()][-1] is S.DENIED  # and it says why


def test_strategy_without_a_fresh_price_keeps_its_stop() -> None:
    desk = Desk()
    target, stop_order = protected(desk, strategy=True)
    desk.market.age = 60.0
    desk.engine.close_position(ClosePosition(instrument_id=AAPL, strategy_id=ALPHA))
    assert desk.broker.cancelled == []
    assert target.is_open
    assert stop_order.is_open


def test_closing_order_that_is_refused_after_its_exits_ended_is_alarmed() -> None:
    desk = Desk()
    target, stop_order = protected(desk)
    desk.engine.close_position(ClosePosition(instrument_id=AAPL))
    desk.engine.trading.latch("test", TradingState.HALTED, "a test")
    desk.say(desk.status(target, "Cancelled"))
    desk.say(desk.status(stop_order, "Cancelled"))
    assert any("was not closed" in text and "without its exits" in text for text in alarms(desk))


def test_flatten_that_is_refused_still_cancels_what_opens() -> None:
    desk = Desk()
    target, stop_order = protected(desk)
    more = desk.working(limit(price="95.00"))
    desk.engine.trading.freeze(AAPL, "a conflict")
    desk.engine.flatten_all(FlattenAll())
    assert desk.broker.cancelled == [more.broker_order_id]
    assert target.is_open
    assert stop_order.is_open


# ---------------------------------------------------------------- never through zero
def test_close_waits_for_executions_that_the_ended_exit_has_claimed() -> None:
    desk = Desk()
    desk.hold(100)
    exit_order = desk.working(stop())
    placed = len(desk.broker.placed)
    desk.engine.close_position(ClosePosition(instrument_id=AAPL))
    desk.say(desk.status(exit_order, "Cancelled", 40))  # 40 filled before, their executions follow
    assert len(desk.broker.placed) == placed
    desk.say(desk.execution(exit_order, 40, "95"))
    assert [wire.spec.quantity for wire in desk.broker.placed[placed:]] == [D(60)]


def test_flatten_of_one_instrument_waits_for_every_order_of_it() -> None:
    desk = Desk()
    desk.hold(100)
    resting = desk.working(limit(Side.SELL, 100, "105.00"))
    other = desk.working(limit(quantity=1, price="4900.00", instrument_id=ES))
    placed = len(desk.broker.placed)
    assert desk.engine.flatten_all(FlattenAll(instrument_id=AAPL)) == ()
    assert desk.broker.cancelled == [resting.broker_order_id]
    desk.say(desk.status(resting, "Cancelled"))
    assert [wire.spec.quantity for wire in desk.broker.placed[placed:]] == [D(100)]
    assert other.pending is PendingRequest.NONE


# ---------------------------------------------------------------- the opening half of a reversal obeys the limits
@pytest.mark.parametrize("limits", [{"max_notional": 15_000.0}, {"max_quantity_stock": 150.0}])
def test_reverse_obeys_the_size_limits_for_what_it_opens(limits: dict[str, float]) -> None:
    desk = Desk()
    desk.hold(200)
    stop_order = desk.working(stop(quantity=200))
    desk.engine.set_limits(RiskLimits().changed(limits))
    placed = len(desk.broker.placed)
    desk.engine.close_position(ClosePosition(instrument_id=AAPL, reverse=True))
    assert len(desk.broker.placed) == placed
    assert stop_order.pending is PendingRequest.NONE
    desk.engine.close_position(ClosePosition(instrument_id=AAPL))  # getting out is never too large
    desk.say(desk.status(stop_order, "Cancelled"))
    assert [wire.spec.quantity for wire in desk.broker.placed[placed:]] == [D(200)]


# ---------------------------------------------------------------- a stop is not dragged through the market
@pytest.mark.parametrize(("price", "refused"), [("101.00", True), ("98.00", False)])
def test_stop_is_not_moved_through_the_market(price: str, refused: bool) -> None:
    desk = Desk()
    desk.hold(100)
    order = desk.working(stop())
    command = ModifyOrder(client_order_id=order.client_order_id, stop_price=D(price))
    if refused:
        with pytest.raises(UserError, match="PRICE_COLLAR"):
            desk.engine.modify(command)
    else:
        desk.engine.modify(command)
    assert len(desk.broker.modified) == (not refused)


def test_other_terms_of_a_triggered_stop_may_change() -> None:
    desk = Desk()
    desk.hold(100)
    order = desk.working(stop(price="99.00"))
    desk.market.show(AAPL, 97.99, 98.01)
    desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, quantity=D(50)))
    assert len(desk.broker.modified) == 1


# ---------------------------------------------------------------- while the journal still writes
def test_no_change_leaves_after_a_cancel() -> None:
    desk = Desk()
    order = desk.working()
    desk.journal.hold = True
    desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, limit_price=D("99.00")))
    desk.engine.cancel(CancelOrder(client_order_id=order.client_order_id))
    desk.journal.release()
    assert desk.broker.cancelled == [1]
    assert desk.broker.modified == []
    assert order.requested is None


def test_kill_while_a_bracket_is_being_written_takes_all_of_it_back() -> None:
    desk = Desk()
    desk.journal.hold = True
    entry = desk.submit(market(), bracket=BRACKET)
    report = desk.engine.kill(KillSwitch())
    desk.journal.release()
    assert entry.group_id is not None
    legs = desk.engine.orders.group(entry.group_id)
    assert [leg.status for leg in legs] == [S.CANCELLED] * 3
    assert all(leg.knowledge is not Knowledge.CONFLICT for leg in legs)
    assert desk.engine.trading.frozen(AAPL) is None
    assert (desk.broker.placed, desk.broker.cancelled) == ([], [])
    assert report.finished
    assert all(confirmed for _, _, confirmed in report.orders)


# ---------------------------------------------------------------- exits fit what they protect
@pytest.mark.parametrize("quantity", ["50", "150"])
def test_entry_does_not_change_its_size_under_its_exits(quantity: str) -> None:
    desk = Desk()
    entry = desk.working(limit(price="99.00"), bracket=BRACKET)
    with pytest.raises(UserError, match="STATE_INVALID"):
        desk.engine.modify(ModifyOrder(client_order_id=entry.client_order_id, quantity=D(quantity)))
    desk.engine.modify(ModifyOrder(client_order_id=entry.client_order_id, limit_price=D("98.00")))
    assert len(desk.broker.modified) == 1


def test_exit_does_not_grow_beyond_its_entry() -> None:
    desk = Desk()
    _, stop_order = protected(desk)
    with pytest.raises(UserError, match="STATE_INVALID"):
        desk.engine.modify(ModifyOrder(client_order_id=stop_order.client_order_id, quantity=D(150)))
    desk.engine.modify(ModifyOrder(client_order_id=stop_order.client_order_id, quantity=D(50)))
    assert len(desk.broker.modified) == 1


def test_day_loss_takes_no_stop_away() -> None:
    desk = Desk()
    desk.engine.start()
    target, stop_order = protected(desk)
    more = desk.working(limit(price="95.00"))
    desk.say(
        e.PnlReported(ns=1, account_id=ACCOUNT, instrument_id=None, daily=-10_000.0, unrealized=None, realized=None)
    )
    desk.clock.advance(2)
    assert desk.engine.trading.state is TradingState.HALTED
    assert desk.broker.cancelled == [more.broker_order_id]
    assert target.is_open
    assert stop_order.is_open
    desk.engine.stop()


# ---------------------------------------------------------------- a change that somebody insists on
@pytest.mark.parametrize("strategy", [False, True])
def test_a_person_moves_a_stop_on_an_old_price_after_a_second_question(strategy: bool) -> None:
    desk = Desk()
    _, stop_order = protected(desk, strategy=strategy)
    desk.market.age = 9.0
    change = ModifyOrder(client_order_id=stop_order.client_order_id, stop_price=D("92.00"))
    with pytest.raises(UserError, match=r"9\.0 s old"):
        desk.engine.modify(change)
    assert [(each.code, each.soft) for each in desk.engine.check(change)] == [("STALE_QUOTE", True)]
    desk.engine.modify(replace(change, confirmed_warnings=frozenset({"STALE_QUOTE"})))
    assert desk.broker.modified[-1].spec.stop_price == D("92.00")
