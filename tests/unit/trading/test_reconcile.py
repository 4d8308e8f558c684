# SPDX-License-Identifier: Apache-2.0
"""Start, reconnect, restart, doubt: one path. Absence needs proof, a failed query proves nothing."""

from dataclasses import replace
from decimal import Decimal

import pytest

from terminal.errors import BrokerError, OutcomeUnknownError
from terminal.model import events as e
from terminal.model.commands import BracketSpec, CancelOrder, KillSwitch, ModifyOrder, ReleaseInstrument
from terminal.model.enums import (
    Knowledge,
    LinkState,
    OrderOrigin,
    OrderStatus,
    PendingRequest,
    TimeInForce,
    TradingState,
)
from terminal.model.ids import AccountId
from terminal.model.instrument import Instrument
from tests.unit.trading.desk import AAPL, ACCOUNT, CALL, Desk, limit, market, state

S, K, D = OrderStatus, Knowledge, Decimal

pytestmark = pytest.mark.usefixtures("any_logs")  # faults are what these tests are about


def reports(desk: Desk) -> list[e.Reconciled]:
    return [event for event in desk.seen if isinstance(event, e.Reconciled)]


def trading(desk: Desk) -> TradingState:
    return desk.engine.trading.state


def drop(desk: Desk) -> None:
    desk.link(LinkState.RECONNECTING, text="socket closed")


# ---------------------------------------------------------------- start
def test_nothing_leaves_before_the_first_comparison() -> None:
    desk = Desk(connect=False)
    assert desk.submit(limit()).status is S.DENIED
    desk.broker.truth_fault = OutcomeUnknownError(0, "timed out")
    desk.connect()
    assert trading(desk) is TradingState.HALTED
    assert not reports(desk)[-1].clean
    assert desk.submit(limit()).status is S.DENIED
    desk.broker.truth_fault = None
    desk.clock.advance(5)  # it asks again by itself
    assert reports(desk)[-1].clean
    assert trading(desk) is TradingState.ACTIVE


def test_first_start_adopts_positions_with_the_brokers_cost() -> None:
    desk = Desk(connect=False)
    desk.broker.positions = [desk.position(300, cost=91.5), desk.position(2, CALL, cost=512.0)]
    desk.connect()
    assert reports(desk)[-1].clean
    position = desk.engine.portfolio.position(AAPL)
    assert (position.quantity, position.average_price) == (D(300), D("91.5"))
    assert desk.engine.portfolio.position(CALL).average_price == D("5.12")
    assert len(desk.engine.portfolio.fills()) == 0
    [first, second] = [record for record in desk.journal.records if isinstance(record, e.PositionAdjusted)]
    assert first.opening
    assert second.opening
    again = desk.restart()
    again.broker.positions = desk.broker.positions
    again.connect()
    assert again.engine.portfolio.position(AAPL).quantity == 300
    assert sum(isinstance(record, e.PositionAdjusted) for record in again.journal.records) == 2


def test_first_start_counts_todays_fills_of_others_once() -> None:
    desk = Desk(connect=False)
    shape = Desk().submit(market())
    desk.broker.executions = [replace(desk.execution(shape, 40), client_order_id=None, broker_order_id=0, perm_id=3)]
    desk.broker.positions = [desk.position(100)]
    desk.connect()
    assert desk.engine.portfolio.position(AAPL).quantity == 100
    assert [row.quantity for row in desk.engine.portfolio.fills()] == [40]


def test_orders_of_others_are_adopted_and_never_touched() -> None:
    desk = Desk(connect=False)
    shape = Desk().submit(limit())
    desk.broker.open_orders = [
        replace(desk.opened(shape, perm=55), client_order_id=None, client_id=0, broker_order_id=-3)
    ]
    desk.connect()
    [order] = desk.engine.orders.open()
    assert (order.origin, order.status, order.client_order_id) == (OrderOrigin.EXTERNAL, S.WORKING, "X1-55")
    desk.engine.kill(KillSwitch())
    assert desk.broker.cancelled == []
    with pytest.raises(Exception, match="ORD-002"):
        desk.engine.cancel(CancelOrder(client_order_id=order.client_order_id))
    again = desk.restart()
    again.broker.open_orders = desk.broker.open_orders
    again.connect()
    assert [order.client_order_id for order in again.engine.orders.all()] == ["X1-55"]


# ---------------------------------------------------------------- absence
def test_order_that_never_arrived_is_lost_after_two_polls_ten_seconds_apart() -> None:
    desk = Desk()
    order = desk.submit(limit())
    drop(desk)
    assert state(order) is S.UNKNOWN
    desk.connect()
    assert (state(order), order.is_open) == (S.UNKNOWN, True)
    assert trading(desk) is TradingState.HALTED
    desk.clock.advance(9)
    assert state(order) is S.UNKNOWN
    desk.clock.advance(3)
    assert state(order) is S.LOST
    assert trading(desk) is TradingState.ACTIVE
    assert len(desk.broker.placed) == 1  # never sent again
    desk.say(desk.execution(order, 100))  # and if it was alive after all, the fill is booked
    assert state(order) is S.FILLED


def test_order_that_arrived_is_found_by_reference() -> None:
    desk = Desk()
    order = desk.submit(limit())
    drop(desk)
    desk.broker.open_orders = [replace(desk.opened(order), broker_order_id=999)]
    desk.connect()
    assert (order.status, order.knowledge) == (S.WORKING, K.CONFIRMED)
    assert trading(desk) is TradingState.ACTIVE


def test_failed_query_is_no_empty_answer() -> None:
    desk = Desk()
    order = desk.working()
    desk.hold(50)
    drop(desk)
    desk.broker.truth_fault = BrokerError(0, "no end marker")
    desk.connect()
    desk.clock.advance(60)
    assert (order.status, order.is_open) == (S.WORKING, True)
    assert desk.engine.portfolio.position(AAPL).quantity == 50
    assert trading(desk) is TradingState.HALTED


def test_a_query_that_keeps_failing_is_asked_ever_more_rarely_and_answers_at_last() -> None:
    desk = Desk(connect=False)
    desk.broker.truth_fault = BrokerError(321, "read-only")
    desk.connect()
    asked = []
    for _ in range(130):
        before = desk.broker.truths
        desk.clock.advance(1)
        asked.append(desk.broker.truths > before)
    assert [second + 1 for second, again in enumerate(asked) if again] == [5, 15, 35, 65, 95, 125]
    desk.broker.truth_fault = None
    desk.clock.advance(30)
    assert trading(desk) is TradingState.ACTIVE
    desk.broker.truth_fault = BrokerError(0, "no end marker")
    drop(desk)
    desk.connect()
    before = desk.broker.truths
    desk.clock.advance(5)  # a success begins the count anew
    assert desk.broker.truths == before + 1


def test_absence_without_proof_stays_unknown_freezes_and_alarms_after_60_s() -> None:
    desk = Desk()
    order = desk.submit(limit())  # same session, its id is the newest, the broker says nothing
    desk.broker.floor = 1
    desk.clock.advance(120)
    assert state(order) is S.UNKNOWN
    assert desk.engine.trading.frozen(AAPL) is not None
    assert trading(desk) is TradingState.ACTIVE
    assert any(isinstance(event, e.DataNotice) and "unknown for 60 s" in event.text for event in desk.seen)
    assert desk.submit(limit(price="99.00")).status is S.DENIED
    desk.clock.advance(480)
    desk.say(desk.execution(order, 100))  # ten minutes later
    assert state(order) is S.FILLED
    assert desk.engine.trading.frozen(AAPL) is None


def ask_again(desk: Desk, *, times: int) -> None:
    """Make the core ask its broker several times within a few seconds."""
    for _ in range(times):
        desk.say(e.VenueDecodeFailed(ns=desk.clock.now_ns(), message_id=5, reason="a field is missing"))
        desk.clock.advance(2)


def test_polls_close_together_prove_nothing() -> None:
    desk = Desk()
    order = desk.submit(limit())
    drop(desk)
    desk.connect()
    asked = desk.broker.truths
    ask_again(desk, times=4)
    assert desk.broker.truths >= asked + 2
    assert state(order) is S.UNKNOWN
    desk.clock.advance(5)
    assert state(order) is S.LOST


def test_absence_is_proved_by_a_newer_order() -> None:
    desk = Desk()
    order = desk.submit(limit())
    newer = desk.working(limit(price="99.00"))
    desk.broker.open_orders = [desk.opened(newer)]
    desk.clock.advance(30)
    assert state(order) is S.LOST


def test_day_order_after_its_session_is_expired() -> None:
    desk = Desk()
    day, gtc = desk.working(), desk.working(limit(price="99.00", tif=TimeInForce.GTC))
    drop(desk)
    desk.clock.advance(7 * 3600)
    desk.connect()
    desk.clock.advance(15)
    assert (day.status, gtc.status) == (S.EXPIRED, S.LOST)


def test_order_sent_while_the_broker_was_asked_is_not_missing() -> None:
    desk = Desk()
    late: list[object] = []

    def send_one() -> None:
        desk.broker.on_truth = None
        late.append(desk.submit(limit()))

    desk.broker.on_truth = send_one
    desk.say(e.VenueDecodeFailed(ns=desk.clock.now_ns(), message_id=5, reason="one field missing"))
    desk.clock.advance(1)
    [order] = late
    assert desk.engine.orders.open()[0] is order
    assert desk.engine.orders.open()[0].status is S.SENT


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        ("Cancelled", "Cancelled by Trader", S.CANCELLED),
        ("Cancelled", "Expired", S.EXPIRED),
        ("Filled", "Filled Size: 100", S.FILLED),
        ("Inactive", "Rejected", S.REJECTED),
    ],
)
def test_what_ended_while_we_were_away(status: str, words: str, expected: OrderStatus) -> None:
    desk = Desk()
    order = desk.working()
    drop(desk)
    filled = 100 if status == "Filled" else 0
    desk.broker.completed = [desk.completed(order, status, filled, words)]
    if filled:
        desk.broker.executions = [desk.execution(order, 100)]
    desk.connect()
    assert order.status is expected
    assert reports(desk)[-1].clean
    assert len(reports(desk)[-1].lines) == 1
    assert "working" in reports(desk)[-1].lines[0][0]


def test_request_of_a_lost_session_is_cleared_when_the_order_still_works() -> None:
    desk = Desk()
    one, two = desk.working(), desk.working(limit(price="99.00"))
    desk.engine.cancel(CancelOrder(client_order_id=one.client_order_id))
    desk.engine.modify(ModifyOrder(client_order_id=two.client_order_id, quantity=D(120)))
    drop(desk)
    assert (one.status, two.status) == (S.UNKNOWN, S.UNKNOWN)
    desk.clock.advance(20)
    desk.broker.open_orders = [desk.opened(one), desk.opened(two)]
    desk.connect()
    assert (one.status, one.pending) == (S.WORKING, PendingRequest.NONE)
    assert (two.status, two.pending, two.spec.quantity) == (S.WORKING, PendingRequest.NONE, D(100))


def test_change_that_was_applied_while_we_were_away() -> None:
    desk = Desk()
    order = desk.working()
    desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, quantity=D(120)))
    drop(desk)
    desk.broker.open_orders = [desk.opened(order, spec=desk.broker.modified[0].spec)]
    desk.connect()
    assert (order.status, order.pending, order.spec.quantity) == (S.WORKING, PendingRequest.NONE, D(120))


def test_second_order_of_a_change_is_seen() -> None:
    desk = Desk()
    order = desk.working()
    desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, quantity=D(120)))
    drop(desk)
    desk.broker.open_orders = [desk.opened(order), desk.opened(order, perm=4_564)]
    desk.connect()
    assert order.knowledge is K.CONFLICT
    assert desk.engine.trading.frozen(AAPL) is not None
    desk.engine.release_instrument(ReleaseInstrument(instrument_id=AAPL))
    desk.say(desk.status(order, "Submitted"))
    assert desk.engine.trading.frozen(AAPL) is None  # released once, it stays released


# ---------------------------------------------------------------- positions
def test_mismatch_is_adjusted_after_two_polls_and_flagged() -> None:
    desk = Desk()
    desk.hold(100)
    desk.broker.positions = [desk.position(70, cost=99.0)]
    drop(desk)
    desk.connect()
    assert not reports(desk)[-1].clean
    assert desk.engine.portfolio.position(AAPL).quantity == 100  # neither is edited silently
    assert trading(desk) is TradingState.HALTED
    desk.clock.advance(11)
    assert desk.engine.portfolio.position(AAPL).quantity == 70
    assert trading(desk) is TradingState.ACTIVE
    [record] = [record for record in desk.journal.records if isinstance(record, e.PositionAdjusted)]
    assert (record.quantity, record.opening) == (D(-30), False)
    assert any("adjusted by -30" in line[2] for report in reports(desk) for line in report.lines)


def test_comparisons_close_together_adjust_nothing() -> None:
    desk = Desk()
    desk.hold(100)
    desk.broker.positions = [desk.position(70, cost=99.0)]
    drop(desk)
    desk.connect()
    ask_again(desk, times=4)
    assert desk.engine.portfolio.position(AAPL).quantity == 100


def test_mismatch_that_an_execution_explains_is_no_adjustment() -> None:
    desk = Desk()
    order = desk.working()
    drop(desk)
    desk.broker.positions = [desk.position(100)]
    desk.broker.open_orders = [desk.opened(order)]
    desk.connect()
    assert not reports(desk)[-1].clean
    desk.say(desk.execution(order, 100))
    desk.broker.open_orders = []
    desk.clock.advance(15)
    assert desk.engine.portfolio.position(AAPL).quantity == 100
    assert not [record for record in desk.journal.records if isinstance(record, e.PositionAdjusted)]


def test_position_of_an_unknown_contract_waits_for_its_facts() -> None:
    desk = Desk(connect=False)
    facts = desk.market.instruments.pop(CALL)
    desk.broker.positions = [desk.position(2, CALL, cost=512.0)]
    desk.connect()
    assert trading(desk) is TradingState.ACTIVE  # it is shown, and does not block
    assert desk.engine.portfolio.position(CALL).quantity == 0
    desk.market.instruments[CALL] = facts
    desk.clock.advance(11)
    assert desk.engine.portfolio.position(CALL).average_price == D("5.12")
    [record] = [record for record in desk.journal.records if isinstance(record, e.PositionAdjusted)]
    assert record.opening


def test_positions_of_another_account_are_not_ours() -> None:
    desk = Desk(connect=False)
    desk.broker.positions = [replace(desk.position(100), account_id=AccountId("DU2"))]
    desk.connect()
    assert desk.engine.portfolio.position(AAPL).quantity == 0
    assert desk.broker.asked_for == ACCOUNT


# ---------------------------------------------------------------- restart
def test_restart_rebuilds_orders_positions_and_sends_nothing() -> None:
    desk = Desk()
    held = desk.hold(100)
    working = desk.working()
    bracket = desk.submit(limit(price="98.00"), bracket=BracketSpec(stop_price=D("90.00"), target_price=D("110.00")))
    again = desk.restart()
    for before in (held, working, bracket):
        after = again.order(before.client_order_id)
        assert [type(event) for event in after.events[: len(before.events)]] == [type(x) for x in before.events]
        assert (after.spec, after.fills, after.group_id) == (before.spec, before.fills, before.group_id)
    assert again.order(working.client_order_id).knowledge is K.STALE
    assert again.order(bracket.client_order_id).status is S.UNKNOWN
    assert again.engine.portfolio.position(AAPL) == desk.engine.portfolio.position(AAPL)
    group = desk.engine.orders.group(bracket.group_id) if bracket.group_id else ()
    again.broker.open_orders = [desk.opened(order) for order in (working, *group)]
    again.connect()
    assert again.broker.placed == []
    assert again.broker.cancelled == []
    assert again.order(bracket.client_order_id).status is S.WORKING
    assert reports(again)[-1].clean


def test_staged_but_unsent_is_lost_after_a_restart() -> None:
    desk = Desk()
    order = desk.submit(limit())
    records = [record for record in desk.journal.records if not isinstance(record, (e.OrderSending, e.OrderSent))]
    again = Desk(connect=False, records=records)
    after = again.order(order.client_order_id)
    assert after.status is S.LOST
    assert after.reason.startswith("not sent")


@pytest.mark.parametrize("arrived", [True, False])
def test_crash_after_the_marker_is_unknown_until_the_broker_is_asked(arrived: bool) -> None:
    desk = Desk()
    order = desk.submit(limit())
    records = [record for record in desk.journal.records if not isinstance(record, e.OrderSent)]
    again = Desk(connect=False, records=records)
    after = again.order(order.client_order_id)
    assert state(after) is S.UNKNOWN
    again.broker.open_orders = [again.opened(after)] if arrived else []
    again.connect()
    again.clock.advance(12)
    assert state(after) is (S.WORKING if arrived else S.LOST)
    assert again.broker.placed == []


def test_fill_of_an_old_session_is_attached_by_reference() -> None:
    desk = Desk()
    order = desk.working()
    again = desk.restart()
    after = again.order(order.client_order_id)
    again.broker.executions = [desk.execution(order, 100)]
    again.broker.completed = [desk.completed(order, "Filled", 100)]
    again.connect()
    assert after.status is S.FILLED
    assert again.engine.portfolio.position(AAPL).quantity == 100


def test_kill_switch_stays_engaged_over_a_restart_and_sends_nothing() -> None:
    desk = Desk()
    order = desk.working()
    desk.engine.kill(KillSwitch(reason="test"))
    again = desk.restart()
    again.broker.open_orders = [again.opened(again.order(order.client_order_id))]
    again.connect()
    assert again.engine.kill_switch.engaged
    assert trading(again) is TradingState.HALTED
    assert again.broker.cancelled == []
    again.engine.kill(KillSwitch(engage=False))
    assert trading(again) is TradingState.ACTIVE
    once_more = again.restart()
    assert not once_more.engine.kill_switch.engaged


def test_multipliers_come_back_from_the_journal_before_the_market_does() -> None:
    desk = Desk()
    desk.hold(2, CALL)
    records = [record for record in desk.journal.records if isinstance(record, Instrument)]
    assert [record.id for record in records] == [CALL]
    again = Desk(connect=False, records=desk.journal.records)
    again.market.instruments.clear()
    assert again.engine.portfolio.unrealized(CALL) == 0.0
    again.market.show(CALL, 5.9, 6.1)
    assert again.engine.portfolio.unrealized(CALL) == pytest.approx(200.0)


# ---------------------------------------------------------------- asking
def test_questions_close_together_are_one() -> None:
    desk = Desk()
    orders = [desk.submit(limit(price=f"99.{cents}")) for cents in (10, 20, 30)]
    asked = desk.broker.truths
    desk.clock.advance(6)
    assert all(order.status is S.UNKNOWN for order in orders)
    assert desk.broker.truths == asked + 1


def test_the_same_question_is_asked_ever_more_rarely_and_a_new_one_at_once() -> None:
    desk = Desk()
    order = desk.working()
    desk.broker.open_orders = [desk.opened(order, "Filled")]  # and no execution ever
    desk.say(desk.status(order, "Filled", 100))
    asked = desk.broker.truths
    desk.clock.advance(60)
    assert desk.broker.truths - asked < 12
    other = desk.working(limit(price="99.00"))
    desk.broker.open_orders += [desk.opened(other)]
    asked = desk.broker.truths
    desk.say(desk.status(other, "Filled", 100))
    desk.clock.advance(1)
    assert desk.broker.truths == asked + 1


def test_a_fill_that_nobody_told_is_found_within_a_minute() -> None:
    desk = Desk()
    order = desk.working()
    desk.broker.executions = [desk.execution(order, 100)]
    desk.broker.completed = [desk.completed(order, "Filled", 100)]
    desk.clock.advance(61)
    assert state(order) is S.FILLED
    assert desk.engine.portfolio.position(AAPL).quantity == 100
    assert trading(desk) is TradingState.ACTIVE


def test_a_routine_look_that_fails_leaves_trading_as_it_is() -> None:
    desk = Desk()
    desk.working()
    told = len(reports(desk))
    desk.broker.truth_fault = BrokerError(0, "timed out")
    desk.clock.advance(100)
    assert trading(desk) is TradingState.ACTIVE
    assert len(reports(desk)) == told


def test_no_question_without_a_connection() -> None:
    desk = Desk()
    order = desk.submit(limit())
    drop(desk)
    asked = desk.broker.truths
    desk.clock.advance(100)
    assert desk.broker.truths == asked
    assert order.is_open
