# SPDX-License-Identifier: Apache-2.0
"""The order aggregate alone: what may follow what, who wins, and that nothing changes without an event."""

from dataclasses import replace
from decimal import Decimal

import pytest

from terminal.errors import InvariantError
from terminal.model import events as e
from terminal.model.commands import OrderSpec
from terminal.model.enums import Evidence, Knowledge, OrderOrigin, OrderStatus, OrderType, PendingRequest, Side
from terminal.model.ids import AccountId, ClientOrderId, ExecutionId, InstrumentId, execution_root
from terminal.model.order import Order, replay, same_terms
from terminal.model.order_states import ALLOWED, OPEN, SOFT_TERMINAL, TERMINAL

S, D = OrderStatus, Decimal
COID = ClientOrderId("T1-A")
SPEC = OrderSpec(
    instrument_id=InstrumentId("AAPL"), side=Side.BUY, quantity=D(10), order_type=OrderType.LIMIT, limit_price=D(5)
)


def draft() -> Order:
    return Order(
        e.OrderInitialized(
            client_order_id=COID, ns=0, spec=SPEC, account_id=AccountId("DU1"), origin=OrderOrigin.MANUAL
        )
    )


def sending() -> Order:
    order = draft()
    order.apply(e.OrderStaged(client_order_id=COID, ns=1, broker_order_id=7, client_id=1))
    order.apply(e.OrderSending(client_order_id=COID, ns=1))
    return order


def working(evidence: Evidence = Evidence.STATUS) -> Order:
    order = sending()
    order.apply(e.OrderWorking(client_order_id=COID, ns=2, perm_id=70, evidence=evidence))
    return order


def fill(quantity: int, name: str = "a.01", price: int = 5) -> e.OrderFilled:
    return e.OrderFilled(
        client_order_id=COID,
        ns=3,
        execution_id=ExecutionId(name),
        side=Side.BUY,
        quantity=D(quantity),
        price=D(price),
        event_ns=3,
    )


def test_every_event_has_its_row_and_every_state_is_open_or_over() -> None:
    kinds = {kind for kind in vars(e).values() if isinstance(kind, type) and issubclass(kind, e.OrderEvent)}
    assert set(ALLOWED) == kinds - {e.OrderEvent, e.OrderInitialized}
    assert OPEN | TERMINAL | {S.INITIALIZED} == set(S)
    assert not OPEN & TERMINAL


def test_a_denied_order_hears_nothing_but_remarks() -> None:
    order = draft()
    order.apply(e.OrderDenied(client_order_id=COID, ns=1, code="MAX_QTY", reason="too much"))
    assert (order.status, order.reason, order.is_terminal) == (S.DENIED, "too much", True)
    for event in (
        fill(1),
        e.OrderAcked(client_order_id=COID, ns=2),
        e.OrderLost(client_order_id=COID, ns=2, reason=""),
    ):
        with pytest.raises(InvariantError, match="cannot follow denied"):
            order.apply(event)
    assert order.apply(e.OrderNoted(client_order_id=COID, ns=2, code=1, text="x"))


def test_events_of_another_order_are_refused() -> None:
    with pytest.raises(InvariantError, match="given to"):
        draft().apply(replace(fill(1), client_order_id=ClientOrderId("T1-B")))


def test_sending_needs_staging() -> None:
    with pytest.raises(InvariantError):
        draft().apply(e.OrderSending(client_order_id=COID, ns=1))
    with pytest.raises(InvariantError):
        draft().apply(fill(1))


def test_adoption_is_evidence_of_the_broker() -> None:
    order = draft()
    order.apply(e.OrderAdopted(client_order_id=COID, ns=1, broker_order_id=-4, client_id=0, perm_id=9))
    assert (order.status, order.knowledge, order.broker_order_id, order.perm_id) == (
        S.ACKED,
        Knowledge.CONFIRMED,
        -4,
        9,
    )


def test_sent_after_the_answer_only_notes_the_session() -> None:
    order = working()
    assert order.apply(e.OrderSent(client_order_id=COID, ns=2, session_epoch=3))
    assert (order.status, order.session_epoch) == (S.WORKING, 3)


def test_error_text_does_not_reject_what_the_broker_has_shown() -> None:
    order = working()
    assert not order.apply(e.OrderRejected(client_order_id=COID, ns=3, code=201, reason="no"))
    assert order.status is S.WORKING
    assert order.apply(e.OrderRejected(client_order_id=COID, ns=3, code=201, reason="no", evidence=Evidence.COMPLETED))
    assert order.is_terminal


def test_no_rejection_beats_a_fill() -> None:
    order = sending()
    order.apply(fill(3))
    assert not order.apply(
        e.OrderRejected(client_order_id=COID, ns=3, code=201, reason="no", evidence=Evidence.COMPLETED)
    )
    assert order.status is S.PARTIAL


@pytest.mark.parametrize("evidence", list(Evidence))
def test_only_stronger_evidence_reopens(evidence: Evidence) -> None:
    order = working()
    order.apply(e.OrderCancelled(client_order_id=COID, ns=3, evidence=Evidence.OPEN_ORDER))
    order.apply(e.OrderWorking(client_order_id=COID, ns=4, evidence=evidence))
    stronger = evidence in (Evidence.COMPLETED, Evidence.EXECUTION)
    assert order.is_open is stronger
    assert order.reopened == int(stronger)


def test_cancel_after_a_rejection_keeps_the_refusal() -> None:
    order = sending()
    order.apply(e.OrderRejected(client_order_id=COID, ns=3, code=201, reason="margin"))
    order.apply(e.OrderCancelled(client_order_id=COID, ns=4, reason="cancelled"))
    assert (order.status, order.reason) == (S.REJECTED, "margin")


@pytest.mark.parametrize("over", sorted(SOFT_TERMINAL))
def test_a_full_fill_ends_every_order_as_filled(over: OrderStatus) -> None:
    order = sending()
    match over:
        case S.CANCELLED:
            order.apply(e.OrderCancelled(client_order_id=COID, ns=3, evidence=Evidence.COMPLETED))
        case S.REJECTED:
            order.apply(e.OrderRejected(client_order_id=COID, ns=3, code=1, reason="r"))
        case S.EXPIRED:
            order.apply(e.OrderExpired(client_order_id=COID, ns=3))
        case S.LOST:
            order.apply(e.OrderLost(client_order_id=COID, ns=3, reason="l"))
        case _:
            order.apply(fill(10, "z.01"))
            return
    assert order.status is over
    order.apply(fill(10))
    assert (order.status, order.reopened, order.leaves) == (S.FILLED, 1, D(0))


def test_average_price_and_revisions() -> None:
    order = working()
    order.apply(fill(4, "a.01", 5))
    order.apply(fill(4, "b.01", 7))
    assert (order.filled, order.average_price, order.leaves) == (D(8), D(6), D(2))
    order.apply(fill(2, "b.02", 8))
    assert (order.filled, order.average_price) == (D(6), D(6))
    assert not order.apply(fill(4, "b.01", 7))


def test_execution_root_of_odd_ids() -> None:
    assert execution_root(ExecutionId("0001.0002.01.02")) == ("0001.0002.01", 2)
    assert execution_root(ExecutionId("plain")) == ("plain", 1)
    assert execution_root(ExecutionId("a.b")) == ("a.b", 1)


def test_a_cancel_refused_while_a_change_is_open_leaves_the_change_open() -> None:
    order = working()
    larger = replace(SPEC, quantity=D(20))
    order.apply(e.OrderReplaceRequested(client_order_id=COID, ns=3, spec=larger, actor="user"))
    order.apply(e.OrderCancelRequested(client_order_id=COID, ns=4, actor="user"))
    order.apply(e.OrderCancelRefused(client_order_id=COID, ns=5, code=161, reason="no"))
    assert (order.pending, order.requested, order.worst_leaves) == (PendingRequest.REPLACE, larger, D(20))


def test_terms_of_a_trail_do_not_count_its_moving_stop() -> None:
    trail = OrderSpec(
        instrument_id=InstrumentId("AAPL"),
        side=Side.SELL,
        quantity=D(1),
        order_type=OrderType.TRAIL,
        trail_amount=D(2),
        stop_price=D(90),
    )
    assert same_terms(trail, replace(trail, stop_price=D(95)))
    assert not same_terms(trail, replace(trail, trail_amount=D(3)))
    assert not same_terms(SPEC, replace(SPEC, limit_price=D(6)))


def test_doubt_goes_with_the_doubt() -> None:
    order = working()
    order.apply(e.OrderStale(client_order_id=COID, ns=3, reason="link lost"))
    assert (order.knowledge, order.reason) == (Knowledge.STALE, "link lost")
    order.apply(e.OrderConfirmed(client_order_id=COID, ns=4))
    assert (order.knowledge, order.reason) == (Knowledge.CONFIRMED, "")
    order.apply(e.OrderConflict(client_order_id=COID, ns=5, reason="twice"))
    assert not order.apply(e.OrderConfirmed(client_order_id=COID, ns=6))
    assert order.knowledge is Knowledge.CONFLICT


def test_the_same_doubt_after_another_remark_is_an_event() -> None:
    order = working()
    doubt = e.OrderStale(client_order_id=COID, ns=3, reason="a")
    order.apply(doubt)
    order.apply(e.OrderCancelRequested(client_order_id=COID, ns=3, actor="user"))
    order.apply(e.OrderCancelRefused(client_order_id=COID, ns=3, code=161, reason="b"))
    assert order.apply(doubt)
    assert vars(replay(order.events)) == vars(order)


def test_replay_needs_a_beginning() -> None:
    with pytest.raises(InvariantError, match="starts with"):
        replay([fill(1)])
    order = working()
    order.apply(fill(3))
    assert vars(replay(order.events)) == vars(order)
