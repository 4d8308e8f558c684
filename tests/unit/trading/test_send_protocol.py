# SPDX-License-Identifier: Apache-2.0
"""Write-ahead: no byte before its intent is durable, and nothing leaves that was refused meanwhile."""

from decimal import Decimal
from pathlib import Path

import pytest

from terminal.errors import UserError
from terminal.model import events as e
from terminal.model.commands import BracketSpec, CancelOrder, KillSwitch, OrderSpec, SubmitOrder
from terminal.model.enums import BracketRole, Knowledge, LinkState, OrderOrigin, OrderStatus
from terminal.model.instrument import Instrument
from tests.unit.trading.desk import AAPL, CLIENT, Desk, limit, market, state

S = OrderStatus

pytestmark = pytest.mark.usefixtures("any_logs")  # faults are what these tests are about


def kinds(records: object) -> list[str]:
    assert isinstance(records, (list, tuple))
    return [type(record).__name__ for record in records]


def test_intent_id_and_marker_are_one_commit_and_bytes_follow_it() -> None:
    desk = Desk()
    desk.journal.hold = True
    commits = len(desk.journal.commits)
    order = desk.submit(limit())
    assert len(desk.journal.commits) == commits + 1
    assert kinds(desk.journal.commits[-1]) == ["Instrument", "OrderInitialized", "OrderStaged", "OrderSending"]
    assert desk.broker.placed == []
    assert state(order) is S.SENDING
    desk.journal.release()
    [wire] = desk.broker.placed
    assert wire.client_order_id == order.client_order_id
    assert wire.broker_order_id == order.broker_order_id
    assert wire.transmit
    assert state(order) is S.SENT
    assert order.session_epoch == desk.broker.epoch
    assert kinds(desk.journal.commits[-1]) == ["OrderSent"]


def test_a_fast_disk_lets_the_bytes_leave_before_anybody_is_told_and_the_news_keep_their_order() -> None:
    desk = Desk()
    seen: list[tuple[str, int]] = []
    desk.bus.subscribe(
        e.OrderChanged, lambda change: seen.append((type(change.event).__name__, len(desk.broker.placed)))
    )
    desk.submit(limit())
    assert [name for name, _ in seen] == ["OrderInitialized", "OrderStaged", "OrderSending", "OrderSent"]
    assert {placed for _, placed in seen} == {1}


def test_refused_order_burns_no_id_and_sends_nothing() -> None:
    desk = Desk()
    order = desk.submit(limit(quantity=5_000))
    assert order.status is S.DENIED
    assert order.broker_order_id is None
    assert desk.broker.placed == []
    assert desk.journal.allocate_order_id(0) == 1
    [denied] = [event for event in order.events if isinstance(event, e.OrderDenied)]
    assert denied.code == "MAX_QTY"
    assert "1,000" in denied.reason


def test_bracket_is_one_commit_contiguous_ids_and_only_the_last_transmits() -> None:
    desk = Desk()
    desk.journal.hold = True
    commits = len(desk.journal.commits)
    bracket = BracketSpec(stop_price=Decimal("95.00"), target_price=Decimal("110.00"))
    entry = desk.submit(limit(), bracket=bracket)
    assert len(desk.journal.commits) == commits + 1
    assert kinds(desk.journal.commits[-1]).count("OrderSending") == 3
    desk.journal.release()
    wires = desk.broker.placed
    assert [wire.broker_order_id for wire in wires] == [1, 2, 3]
    assert [wire.transmit for wire in wires] == [False, False, True]
    assert [wire.parent_broker_order_id for wire in wires] == [0, 1, 1]
    assert [wire.role for wire in wires] == [BracketRole.ENTRY, BracketRole.TARGET, BracketRole.STOP]
    assert wires[1].oca_group == wires[2].oca_group != ""
    assert {order.client_order_id for order in desk.engine.orders.children(entry.client_order_id)} == {
        wires[1].client_order_id,
        wires[2].client_order_id,
    }


def test_transport_that_refuses_makes_the_order_unknown() -> None:
    desk = Desk()
    desk.broker.fail_from = 0
    order = desk.submit(limit())
    assert order.status is S.UNKNOWN
    assert order.knowledge is Knowledge.STALE


def test_bracket_cut_in_the_middle_loses_what_was_never_tried() -> None:
    desk = Desk()
    desk.broker.fail_from = 1
    bracket = BracketSpec(stop_price=Decimal("95.00"), target_price=Decimal("110.00"))
    entry = desk.submit(limit(), bracket=bracket)
    target, stop = desk.engine.orders.children(entry.client_order_id)
    assert (entry.status, target.status, stop.status) == (S.SENT, S.UNKNOWN, S.LOST)
    assert stop.reason.startswith("not sent")


@pytest.mark.parametrize("closer", ["kill", "disconnect", "halt", "withdraw"])
def test_gate_that_closes_before_the_commit_keeps_the_bytes_in(closer: str) -> None:
    desk = Desk()
    desk.journal.hold = True
    order = desk.submit(limit())
    match closer:
        case "kill":
            desk.engine.kill(KillSwitch(reason="test"))
        case "disconnect":
            desk.link(LinkState.DISCONNECTED)
            assert state(order) is S.SENDING  # provably unsent: nothing about it is unknown
        case "halt":
            desk.engine.trading.freeze(AAPL, "a conflict")
        case _:
            desk.engine.cancel(CancelOrder(client_order_id=order.client_order_id))
    desk.journal.hold = False
    desk.journal.release()
    assert desk.broker.placed == []
    assert desk.broker.cancelled == []
    assert order.status in (S.LOST, S.CANCELLED)


def test_commit_that_never_comes_back_is_given_up_after_5_s() -> None:
    desk = Desk()
    desk.journal.hold = True
    order = desk.submit(limit())
    desk.clock.advance(5)
    assert order.status is S.LOST
    desk.journal.release()
    assert desk.broker.placed == []


def test_journal_that_refuses_sends_nothing_and_halts() -> None:
    desk = Desk()
    order = desk.submit(limit())
    desk.journal.broken = "disk full"
    refused = desk.submit(limit(price="99.40"))
    assert refused.status is S.DENIED
    assert len(desk.broker.placed) == 1
    desk.say(desk.opened(order))  # the broker is still believed
    desk.say(desk.execution(order, 100))
    assert order.status is S.FILLED
    assert desk.engine.trading.source == "journal"
    desk.journal.broken = ""
    desk.clock.advance(5)
    assert desk.engine.ledger.backlog == 0
    assert desk.engine.trading.source == ""
    assert "OrderFilled" in kinds(desk.journal.records)


def test_append_that_fails_on_the_way_out_loses_the_order() -> None:
    desk = Desk()

    class Breaking:
        """Healthy until it is asked to write."""

        def __call__(self, name: str) -> None:
            if name == "before_commit":
                desk.journal.broken = "disk full"

    desk.engine._sender._checkpoint = Breaking()
    order = desk.submit(limit())
    assert order.status is S.LOST
    assert desk.broker.placed == []


def test_checkpoints_stand_where_a_crash_may_come() -> None:
    passed: list[str] = []
    desk = Desk(checkpoint=passed.append)
    desk.broker.on_place = lambda _: passed.append("bytes")
    order = desk.submit(limit())
    desk.say(desk.execution(order, 100))
    assert passed == [
        "before_commit",
        "after_commit_before_bytes",
        "bytes",
        "after_bytes_before_answer",
        "before_fill_commit",
        "after_fill_booked",
    ]


def test_answer_inside_the_call_is_taken() -> None:
    desk = Desk()
    desk.broker.on_place = lambda wire: desk.say(desk.opened(desk.order(wire.client_order_id)))
    order = desk.submit(limit())
    assert order.status is S.WORKING
    assert order.session_epoch == desk.broker.epoch
    assert order.knowledge is Knowledge.CONFIRMED


def test_one_function_owns_venue_place() -> None:
    root = Path(__file__).parents[3] / "terminal"
    callers = [
        line
        for path in root.rglob("*.py")
        if "simulation" not in path.parts  # the other side of the wire
        for line in path.read_text(encoding="utf-8").splitlines()
        if ".place(" in line
    ]
    assert callers == ["        return self._venue.place(wire)"]


def test_nonsense_raises_with_code() -> None:
    desk = Desk()
    with pytest.raises(UserError, match="ORD-010"):
        desk.engine.submit(SubmitOrder(spec=limit(), origin=OrderOrigin.STRATEGY))


def test_instrument_is_journaled_once() -> None:
    desk = Desk()
    desk.submit(limit())
    desk.submit(limit(price="99.40"))
    assert sum(isinstance(record, Instrument) for record in desk.journal.records) == 1


def test_wire_order_carries_account_client_and_terms() -> None:
    desk = Desk()
    spec: OrderSpec = market()
    order = desk.submit(spec)
    [wire] = desk.broker.placed
    assert wire.account_id == "DU1"
    assert wire.spec is spec
    assert order.client_id == CLIENT
    assert wire.client_order_id.startswith("T1-")
    assert len(wire.client_order_id) <= 40
