# SPDX-License-Identifier: Apache-2.0
"""One test per row of the order state table (reliability 2b): what each word of the broker does."""

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

import pytest

from terminal.model import events as e
from terminal.model.commands import CancelOrder, ModifyOrder
from terminal.model.enums import Knowledge, LinkState, OrderOrigin, OrderStatus, PendingRequest, TradingState
from terminal.model.ids import ClientOrderId, ExecutionId
from terminal.model.order import Order, replay
from tests.unit.trading.desk import AAPL, CLIENT, Desk, limit, market, state

S, K, P, D = OrderStatus, Knowledge, PendingRequest, Decimal

pytestmark = pytest.mark.usefixtures("any_logs")  # faults are what these tests are about


def sent(desk: Desk) -> Order:
    order = desk.submit(limit())
    assert state(order) is S.SENT
    return order


# ---------------------------------------------------------------- openOrder
def test_open_order_binds_perm_id_and_terms() -> None:
    desk = Desk()
    order = sent(desk)
    shown = replace(order.spec, limit_price=Decimal("99.40"))
    desk.say(desk.opened(order, "PreSubmitted", spec=shown))
    assert (state(order), order.perm_id, order.spec) == (S.ACKED, 9_001, shown)
    assert order.knowledge is K.CONFIRMED


def test_second_perm_id_is_a_conflict_that_freezes_the_instrument() -> None:
    desk = Desk()
    order = desk.working()
    desk.say(desk.opened(order, perm=777))
    assert order.knowledge is K.CONFLICT
    assert order.perm_ids == {9_001, 777}
    refused = desk.submit(limit(price="99.00"))
    assert refused.status is S.DENIED
    assert "frozen" in refused.reason


def test_replace_is_acknowledged_by_terms() -> None:
    desk = Desk()
    order = desk.working()
    desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, limit_price=Decimal("99.60")))
    assert (order.pending, order.spec.limit_price) == (P.REPLACE, Decimal("99.50"))
    desk.say(desk.opened(order))  # still the old terms
    assert order.pending is P.REPLACE
    desk.say(desk.opened(order, spec=desk.broker.modified[0].spec))
    assert (order.pending, order.spec.limit_price) == (P.NONE, Decimal("99.60"))


# ---------------------------------------------------------------- orderStatus
@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("PendingSubmit", S.ACKED),
        ("ApiPending", S.ACKED),
        ("PreSubmitted", S.ACKED),
        ("Submitted", S.WORKING),
        ("Cancelled", S.CANCELLED),
        ("ApiCancelled", S.CANCELLED),
        ("Inactive", S.INACTIVE),
    ],
)
def test_status_words(word: str, expected: OrderStatus) -> None:
    desk = Desk()
    order = sent(desk)
    desk.say(desk.status(order, word))
    assert order.status is expected
    count = len(order.events)
    for _ in range(50):
        desk.say(desk.status(order, word))
    assert len(order.events) == count  # idempotent


def test_pending_cancel_is_an_overlay() -> None:
    desk = Desk()
    order = desk.working()
    desk.say(desk.status(order, "PendingCancel"))
    assert (order.status, order.pending) == (S.WORKING, P.CANCEL)


def test_unknown_status_word_is_a_conflict_without_a_transition() -> None:
    desk = Desk()
    order = desk.working()
    desk.say(desk.status(order, "ValidationError"))
    assert (order.status, order.knowledge) == (S.WORKING, K.CONFLICT)


def test_inactive_revives() -> None:
    desk = Desk()
    order = desk.working()
    desk.say(desk.status(order, "Inactive", why="margin"))
    assert (state(order), order.is_open, order.reason) == (S.INACTIVE, True, "held by the broker: margin")
    desk.say(desk.status(order, "Submitted"))
    assert state(order) is S.WORKING


def test_submitted_and_presubmitted_go_back_and_forth() -> None:
    desk = Desk()
    order = desk.working()
    for word, expected in (("PreSubmitted", S.ACKED), ("Submitted", S.WORKING), ("PreSubmitted", S.ACKED)):
        desk.say(desk.status(order, word))
        assert order.status is expected


def test_filled_without_executions_is_a_gap_and_asks_within_a_second() -> None:
    desk = Desk()
    order = desk.working()
    asked = desk.broker.truths
    desk.say(desk.status(order, "Filled", 100))
    assert (state(order), order.filled, order.knowledge) == (S.WORKING, D(0), K.STALE)
    desk.broker.executions = [desk.execution(order, 100)]
    desk.clock.advance(1)
    assert desk.broker.truths == asked + 1
    assert (state(order), order.knowledge) == (S.FILLED, K.CONFIRMED)
    assert desk.engine.portfolio.position(AAPL).quantity == 100


def test_partial_gap_is_noticed_too() -> None:
    desk = Desk()
    order = desk.working()
    desk.say(desk.status(order, "Submitted", 40))
    assert order.knowledge is K.STALE
    desk.say(desk.execution(order, 15))
    assert order.knowledge is K.STALE
    desk.say(desk.execution(order, 25))
    assert (order.knowledge, order.status, order.leaves) == (K.CONFIRMED, S.PARTIAL, D(60))


def test_filled_first_and_execution_half_a_minute_later() -> None:
    desk = Desk()
    order = desk.working()
    desk.broker.open_orders = [desk.opened(order, "Filled")]
    desk.say(desk.status(order, "Filled", 100))
    desk.clock.advance(30)
    assert order.knowledge is K.STALE
    assert desk.engine.portfolio.position(AAPL).quantity == 0
    desk.say(desk.execution(order, 100))
    assert (order.status, order.knowledge) == (S.FILLED, K.CONFIRMED)


def test_weaker_word_does_not_reopen_a_finished_order_but_asks() -> None:
    desk = Desk()
    order = desk.working()
    desk.say(desk.status(order, "Cancelled"))
    asked = desk.broker.truths
    desk.say(desk.status(order, "Submitted"))
    assert state(order) is S.CANCELLED
    desk.broker.open_orders = [desk.opened(order)]
    desk.clock.advance(2)
    assert desk.broker.truths > asked
    assert (state(order), order.reopened) == (S.WORKING, 1)  # openOrder is stronger than orderStatus


# ---------------------------------------------------------------- execDetails
@pytest.mark.parametrize("before", ["sent", "acked", "working", "inactive", "unknown", "cancelled", "rejected"])
def test_a_full_fill_beats_everything(before: str) -> None:
    desk = Desk()
    order = sent(desk)
    match before:
        case "acked":
            desk.say(desk.status(order, "PreSubmitted"))
        case "working":
            desk.say(desk.opened(order))
        case "inactive":
            desk.say(desk.status(order, "Inactive"))
        case "unknown":
            desk.clock.advance(5)
        case "cancelled":
            desk.say(desk.status(order, "Cancelled"))
        case "rejected":
            desk.say(desk.error(order, 201, "rejected"))
        case _:
            pass
    desk.say(desk.execution(order, 100))
    assert order.status is S.FILLED
    assert desk.engine.portfolio.position(AAPL).quantity == 100


@pytest.mark.parametrize(("word", "expected"), [("Cancelled", S.CANCELLED), ("rejected", S.PARTIAL)])
def test_a_late_partial_fill_is_booked_and_alarmed(word: str, expected: OrderStatus) -> None:
    desk = Desk()
    order = sent(desk)
    desk.say(desk.error(order, 201, "no") if word == "rejected" else desk.status(order, word))
    desk.say(desk.execution(order, 30))
    assert (order.status, order.filled) == (expected, D(30))
    assert desk.engine.portfolio.position(AAPL).quantity == 30
    assert any(isinstance(event, e.DataNotice) and "filled on an order" in event.text for event in desk.seen)


def test_duplicate_execution_is_booked_once() -> None:
    desk = Desk()
    order = desk.working()
    execution = desk.execution(order, 40)
    for _ in range(5):
        desk.say(execution)
    assert order.filled == 40
    assert len(desk.engine.portfolio.fills()) == 1


def test_correction_supersedes_and_bust_takes_back() -> None:
    desk = Desk()
    order = desk.working()
    first = desk.execution(order, 100, "100", execution_id="00.aa.01.01")
    desk.say(first)
    desk.say(replace(first, execution_id=ExecutionId("00.aa.01.02"), price=Decimal(98)))
    assert order.average_price == 98
    assert desk.engine.portfolio.position(AAPL).average_price == 98
    desk.say(first)  # the old revision again
    assert order.average_price == 98
    desk.say(replace(first, execution_id=ExecutionId("00.aa.01.03"), quantity=Decimal(0)))
    assert (order.filled, desk.engine.portfolio.position(AAPL).quantity) == (D(0), D(0))
    assert order.is_open  # exposure until the broker says otherwise
    assert order.knowledge is K.STALE
    desk.broker.completed = [desk.completed(order, "Filled", 100)]
    desk.clock.advance(12)
    assert not order.is_open


def test_overfill_is_a_conflict_and_the_position_is_true() -> None:
    desk = Desk()
    order = desk.working(strategy="alpha")
    desk.say(desk.execution(order, 70, execution_id="a.01"))
    desk.say(desk.execution(order, 70, execution_id="b.01"))
    assert (order.status, order.filled, order.knowledge) == (S.FILLED, D(140), K.CONFLICT)
    assert desk.engine.portfolio.position(AAPL).quantity == 140
    assert desk.engine.trading.frozen(AAPL) is not None
    assert desk.engine.trading.frozen(desk.market.instruments[AAPL].id, order.strategy_id) is not None


def test_execution_is_matched_by_reference_then_id_then_perm() -> None:
    desk = Desk()
    one, two = desk.working(), desk.working(limit(price="99.40"))
    wrong_ids = replace(desk.execution(one, 10), broker_order_id=two.broker_order_id or 0, perm_id=9_002)
    desk.say(wrong_ids)
    assert (one.filled, two.filled) == (D(10), D(0))
    desk.say(replace(desk.execution(two, 20), client_order_id=None, perm_id=0))
    assert two.filled == 20
    by_perm = replace(desk.execution(one, 5), client_order_id=None, broker_order_id=2_147_483_647, client_id=0)
    desk.say(by_perm)
    assert one.filled == 15


def test_perm_id_of_two_orders_names_neither() -> None:
    desk = Desk()
    one = desk.submit(limit())
    two = desk.submit(limit(price="99.40"))
    desk.say(desk.opened(one, perm=5))
    desk.say(desk.opened(two, perm=5))
    desk.say(replace(desk.execution(one, 5, perm=5), client_order_id=None, broker_order_id=0))
    assert (one.filled, two.filled) == (D(0), D(0))
    desk.clock.advance(5)
    [stranger] = [order for order in desk.engine.orders.all() if order.origin is OrderOrigin.EXTERNAL]
    assert stranger.filled == 5


def test_broker_number_reused_for_another_contract_is_not_ours() -> None:
    desk = Desk()
    order = desk.working()
    foreign = replace(
        desk.execution(order, 3), client_order_id=None, perm_id=0, instrument_id=desk.market.instruments[AAPL].id
    )
    desk.say(replace(foreign, client_order_id=ClientOrderId("made elsewhere")))
    assert order.filled == 0
    desk.clock.advance(5)
    assert order.filled == 0
    assert desk.engine.portfolio.position(AAPL).quantity == 3


def test_execution_of_a_stranger_waits_five_seconds_for_its_order() -> None:
    desk = Desk()
    shape = desk.submit(market())
    stranger = replace(desk.execution(shape, 30), client_order_id=None, broker_order_id=5, client_id=99, perm_id=4_242)
    desk.say(stranger)
    assert desk.engine.portfolio.position(AAPL).quantity == 0
    desk.clock.advance(4)
    opened = replace(desk.opened(shape, perm=4_242), client_order_id=None, broker_order_id=5, client_id=99)
    desk.say(opened)
    [external] = [order for order in desk.engine.orders.all() if order.origin is OrderOrigin.EXTERNAL]
    assert (external.filled, external.status, external.client_order_id) == (D(30), S.PARTIAL, "X1-4242")
    assert desk.engine.portfolio.manual_position(AAPL).quantity == 30


def test_execution_of_an_unannounced_order_is_adopted_and_grows() -> None:
    desk = Desk()
    shape = desk.submit(market())
    one = replace(desk.execution(shape, 30, execution_id="q.01"), client_order_id=None, broker_order_id=0, perm_id=77)
    desk.say(one)
    desk.clock.advance(5)
    desk.say(replace(one, execution_id=ExecutionId("r.01"), quantity=Decimal(20)))
    [external] = [order for order in desk.engine.orders.all() if order.origin is OrderOrigin.EXTERNAL]
    assert (external.filled, external.status, external.knowledge) == (D(50), S.FILLED, K.CONFIRMED)


# ---------------------------------------------------------------- commissionReport
@pytest.mark.parametrize("first", ["execution", "commission"])
def test_commission_waits_for_its_execution(first: str) -> None:
    desk = Desk()
    order = desk.working()
    execution = desk.execution(order, 100)
    report = e.VenueCommission(
        ns=desk.clock.now_ns(), execution_id=execution.execution_id, commission=Decimal("1.05"), currency="USD"
    )
    for event in (execution, report) if first == "execution" else (report, execution):
        desk.say(event)
    desk.say(report)
    assert order.commission == Decimal("1.05")
    assert desk.engine.portfolio.position(AAPL).commission == Decimal("1.05")
    assert desk.engine.portfolio.fills()[0].commission == Decimal("1.05")
    desk.say(replace(report, commission=Decimal("0.80")))  # corrected
    assert desk.engine.portfolio.position(AAPL).commission == Decimal("0.80")


# ---------------------------------------------------------------- all orders of the four messages of a fill
@pytest.mark.parametrize("sequence", list(permutations(range(4))))
def test_four_messages_in_any_order_end_the_same(sequence: tuple[int, ...]) -> None:
    desk = Desk()
    order = sent(desk)
    execution = desk.execution(order, 100, execution_id="p.01")
    messages = [
        desk.opened(order, "Filled"),
        desk.status(order, "Filled", 100),
        execution,
        e.VenueCommission(
            ns=desk.clock.now_ns(), execution_id=execution.execution_id, commission=Decimal(1), currency="USD"
        ),
    ]
    for index in sequence:
        desk.say(messages[index])
    position = desk.engine.portfolio.position(AAPL)
    assert (order.status, order.pending, order.knowledge, order.filled, order.reason, order.perm_ids) == (
        S.FILLED,
        P.NONE,
        K.CONFIRMED,
        D(100),
        "",
        {9_001},
    )
    assert (position.quantity, position.average_price, position.commission) == (D(100), D(100), D(1))
    again = replay(order.events)
    assert vars_of(again) == vars_of(order)


def vars_of(order: Order) -> dict[str, object]:
    return {name: value for name, value in vars(order).items() if name != "updated_ns"}


# ---------------------------------------------------------------- error
@pytest.mark.parametrize("code", [10349, 399, 2109, 2137, 2174, 2150])
def test_notice_changes_nothing_but_the_notes(code: int) -> None:
    desk = Desk()
    order = desk.working()
    asked = desk.broker.truths
    desk.say(desk.error(order, code, "a remark"))
    desk.clock.advance(3)
    assert (order.status, order.knowledge, order.pending) == (S.WORKING, K.CONFIRMED, P.NONE)
    assert desk.broker.truths == asked
    assert isinstance(order.events[-1], e.OrderNoted)


@pytest.mark.parametrize("code", [110, 201, 203, 321, 460, 10318, 202, 19_999, 10_349, 404])
def test_no_text_ends_a_live_order(code: int) -> None:
    desk = Desk()
    order = desk.working()
    desk.broker.open_orders = [desk.opened(order)]
    desk.say(desk.error(order, code, "text"))
    desk.clock.advance(15)
    assert order.is_open


@pytest.mark.parametrize("code", [201, 110, 203, 321, 10318])
def test_rejection_before_any_evidence_is_believed(code: int) -> None:
    desk = Desk()
    order = sent(desk)
    desk.say(desk.error(order, code, "because"))
    assert (order.status, order.reason) == (S.REJECTED, "because")


def test_rejection_text_does_not_end_an_unknown_order_that_was_shown_alive() -> None:
    desk = Desk()
    order = desk.working()
    desk.link(LinkState.RECONNECTING)
    desk.connect()  # the broker does not name it: unknown, not yet lost
    assert state(order) is S.UNKNOWN
    desk.say(desk.error(order, 201, "late text"))
    assert state(order) is S.UNKNOWN


def test_unknown_code_asks_the_broker() -> None:
    desk = Desk()
    order = sent(desk)
    asked = desk.broker.truths
    desk.say(desk.error(order, 19_999))
    assert order.is_open
    desk.broker.open_orders = [desk.opened(order)]
    desk.clock.advance(1)
    assert desk.broker.truths == asked + 1
    assert state(order) is S.WORKING


def test_rejected_then_inactive_then_submitted_revives() -> None:
    desk = Desk()
    order = sent(desk)
    desk.say(desk.error(order, 201, "margin"))
    desk.say(desk.status(order, "Inactive"))
    assert state(order) is S.REJECTED
    desk.say(desk.status(order, "Submitted"))
    assert (state(order), order.reopened) == (S.WORKING, 1)


def test_inactive_then_rejection_code_is_rejected() -> None:
    desk = Desk()
    order = sent(desk)
    desk.say(desk.status(order, "Inactive"))
    desk.say(desk.error(order, 201, "margin"))
    assert (order.status, order.reason) == (S.REJECTED, "margin")


def test_duplicate_order_id_is_ambiguous() -> None:
    desk = Desk()
    order = sent(desk)
    desk.say(desk.error(order, 103, "Duplicate order id"))
    assert state(order) is S.UNKNOWN
    desk.broker.open_orders = [desk.opened(order)]
    desk.clock.advance(1)
    assert state(order) is S.WORKING
    assert len(desk.broker.placed) == 1  # never sent again


# ---------------------------------------------------------------- cancel sent
def test_cancel_waits_for_the_broker() -> None:
    desk = Desk()
    order = desk.working()
    desk.engine.cancel(CancelOrder(client_order_id=order.client_order_id))
    assert desk.broker.cancelled == [order.broker_order_id]
    assert (state(order), order.pending) == (S.WORKING, P.CANCEL)
    desk.say(desk.status(order, "Cancelled"))
    assert (state(order), order.pending) == (S.CANCELLED, P.NONE)


def test_cancel_without_answer_asks_after_5_s_and_may_be_repeated() -> None:
    desk = Desk()
    order = desk.working()
    desk.engine.cancel(CancelOrder(client_order_id=order.client_order_id))
    desk.broker.open_orders = [desk.opened(order)]
    asked = desk.broker.truths
    desk.clock.advance(5)
    assert desk.broker.truths == asked + 1
    assert (order.status, order.pending) == (S.WORKING, P.NONE)


@pytest.mark.parametrize("code", [10147, 10148, 161])
def test_refused_cancel_clears_the_overlay_and_asks(code: int) -> None:
    desk = Desk()
    order = desk.working()
    desk.engine.cancel(CancelOrder(client_order_id=order.client_order_id))
    desk.say(desk.error(order, code, "cannot"))
    assert (state(order), order.pending) == (S.WORKING, P.NONE)
    desk.broker.completed = [desk.completed(order, "Filled", 100)]
    desk.broker.executions = [desk.execution(order, 100)]
    desk.clock.advance(1)
    assert state(order) is S.FILLED


def test_cancel_race_that_fills() -> None:
    desk = Desk()
    order = desk.working()
    desk.engine.cancel(CancelOrder(client_order_id=order.client_order_id))
    desk.say(desk.execution(order, 100))
    desk.say(desk.error(order, 10148, "state: Filled"))
    desk.say(desk.status(order, "Cancelled"))
    assert (order.status, order.pending) == (S.FILLED, P.NONE)


# ---------------------------------------------------------------- replace sent
@pytest.mark.parametrize("code", [105, 110, 329, 2102, 321, 134])
def test_refused_change_reverts(code: int) -> None:
    desk = Desk()
    order = desk.working()
    old = order.spec
    desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, quantity=Decimal(120)))
    desk.say(desk.error(order, code, "no"))
    assert (order.spec, order.requested, order.pending, order.status) == (old, None, P.NONE, S.WORKING)


def test_change_without_answer_is_stale_and_asked() -> None:
    desk = Desk()
    order = desk.working()
    desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, quantity=Decimal(120)))
    asked = desk.broker.truths
    desk.clock.advance(5)
    assert order.knowledge is K.STALE
    assert desk.broker.truths == asked + 1
    assert len(desk.broker.modified) == 1  # never again by itself


def test_change_below_what_has_filled_completes() -> None:
    desk = Desk()
    order = desk.working()
    desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, quantity=Decimal(60)))
    desk.say(desk.execution(order, 60))
    assert state(order) is S.PARTIAL
    desk.say(desk.opened(order, "Filled", spec=desk.broker.modified[0].spec))
    assert state(order) is S.FILLED


def test_filling_up_while_a_larger_quantity_is_asked_is_not_the_end() -> None:
    desk = Desk()
    order = desk.working()
    desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, quantity=Decimal(150)))
    desk.say(desk.execution(order, 100))
    assert order.is_open
    assert order.worst_leaves == 50
    desk.say(desk.opened(order, spec=desk.broker.modified[0].spec))
    assert (order.status, order.leaves) == (S.PARTIAL, D(50))


def test_filling_up_before_the_change_came_through_is_the_end() -> None:
    desk = Desk()
    order = desk.working()
    desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, quantity=Decimal(150)))
    desk.say(desk.execution(order, 100))
    desk.say(desk.status(order, "Filled", 100))
    assert (order.status, order.spec.quantity, order.pending) == (S.FILLED, D(100), P.NONE)


# ---------------------------------------------------------------- no answer, disconnect, reconnect
def test_no_ack_within_5_s_is_unknown_and_asked() -> None:
    desk = Desk()
    order = sent(desk)
    asked = desk.broker.truths
    desk.clock.advance(4.9)
    assert state(order) is S.SENT
    desk.clock.advance(0.1)
    assert (state(order), order.knowledge, order.is_open) == (S.UNKNOWN, K.STALE, True)
    desk.clock.advance(1)
    assert desk.broker.truths > asked
    assert len(desk.broker.placed) == 1


def test_disconnect_makes_in_flight_unknown_and_the_rest_stale() -> None:
    desk = Desk()
    in_flight, working, cancelling = (
        sent(desk),
        desk.working(limit(price="99.40")),
        desk.working(limit(price="99.30")),
    )
    desk.engine.cancel(CancelOrder(client_order_id=cancelling.client_order_id))
    desk.link(LinkState.RECONNECTING, text="socket closed")
    assert (in_flight.status, working.status, cancelling.status) == (S.UNKNOWN, S.WORKING, S.UNKNOWN)
    assert working.knowledge is K.STALE
    assert desk.engine.trading.state is TradingState.HALTED


def test_fills_under_1100_are_booked() -> None:
    desk = Desk()
    order = desk.working()
    desk.link(LinkState.DEGRADED, code=1100, text="TWS lost its servers")
    assert desk.engine.trading.state is TradingState.HALTED
    desk.say(desk.execution(order, 100))
    assert state(order) is S.FILLED
    assert desk.engine.portfolio.position(AAPL).quantity == 100


def test_a_data_farm_does_not_halt_trading() -> None:
    desk = Desk()
    desk.link(LinkState.DEGRADED, code=2103, text="market data farm broken")
    assert desk.engine.trading.state is TradingState.ACTIVE


def test_messages_of_another_account_are_not_ours() -> None:
    desk = Desk()
    order = desk.working()
    foreign = replace(desk.execution(order, 10), account_id=desk.position(0).account_id.__class__("DU2"))
    desk.say(foreign)
    assert order.filled == 0
    assert order.client_id == CLIENT
