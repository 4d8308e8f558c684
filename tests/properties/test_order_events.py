# SPDX-License-Identifier: Apache-2.0
"""Order events never lose quantity: random histories against an independent count, and a broker that misbehaves.

The first part throws any sequence of events at one order. The second drives the whole order core against a small
model of a broker that loses orders, repeats and corrects executions, and goes away at any moment.
"""

from copy import deepcopy
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import event as note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from terminal.errors import UserError
from terminal.model import events as e
from terminal.model.commands import CancelOrder, KillSwitch, ModifyOrder, OrderSpec
from terminal.model.enums import (
    Evidence,
    LinkState,
    OrderOrigin,
    OrderStatus,
    OrderType,
    Side,
    TradingState,
)
from terminal.model.ids import AccountId, ClientOrderId, ExecutionId, InstrumentId, execution_root
from terminal.model.order import Order, replay
from terminal.ports import WireOrder
from terminal.trading.limits import RiskLimits
from tests.unit.trading.desk import AAPL, ACCOUNT, CLIENT, Desk, limit

D = Decimal
COID = ClientOrderId("T1-TEST")
SPEC = OrderSpec(
    instrument_id=InstrumentId("AAPL"),
    side=Side.BUY,
    quantity=D(10),
    order_type=OrderType.LIMIT,
    limit_price=D(100),
)


# ---------------------------------------------------------------- any sequence of events on one order
def _events() -> st.SearchStrategy[e.OrderEvent]:
    base: dict[str, Any] = {"client_order_id": st.just(COID), "ns": st.integers(0, 10)}
    evidence = st.sampled_from(list(Evidence))
    perm = st.sampled_from([None, 0, 5, 5, 5, 6])
    reason = st.sampled_from(["", "a", "b"])
    spec = st.builds(
        lambda quantity, price: replace(SPEC, quantity=D(quantity), limit_price=D(price)),
        st.integers(1, 14),
        st.integers(99, 101),
    )
    fill = st.builds(
        e.OrderFilled,
        **base,
        execution_id=st.builds(
            lambda root, revision: ExecutionId(f"0.{root}.0{revision}"), st.sampled_from("abcd"), st.integers(1, 3)
        ),
        side=st.just(Side.BUY),
        quantity=st.integers(0, 12).map(D),
        price=st.integers(90, 110).map(D),
        event_ns=st.just(1),
        perm_id=perm,
    )
    return st.one_of(
        fill,
        fill,
        st.builds(e.OrderAcked, **base, perm_id=perm, held_reason=reason, evidence=evidence),
        st.builds(e.OrderWorking, **base, perm_id=perm, evidence=evidence),
        st.builds(e.OrderCancelled, **base, reason=reason, evidence=evidence),
        st.builds(e.OrderRejected, **base, code=st.just(201), reason=reason, evidence=evidence),
        st.builds(e.OrderInactive, **base, reason=reason, evidence=evidence),
        st.builds(e.OrderExpired, **base, reason=reason, evidence=evidence),
        st.builds(e.OrderUnknown, **base, reason=reason),
        st.builds(e.OrderLost, **base, reason=reason),
        st.builds(e.OrderSent, **base, session_epoch=st.integers(1, 2)),
        st.builds(e.OrderCancelRequested, **base, actor=st.just("user")),
        st.builds(e.OrderCancelRefused, **base, code=st.just(161), reason=reason),
        st.builds(e.OrderReplaceRequested, **base, spec=spec, actor=st.just("user")),
        st.builds(e.OrderReplaced, **base, spec=spec),
        st.builds(e.OrderReplaceRefused, **base, code=st.just(110), reason=reason),
        st.builds(e.OrderStale, **base, reason=reason),
        st.builds(e.OrderConfirmed, **base),
        st.builds(e.OrderConflict, **base, reason=reason),
        st.builds(e.OrderNoted, **base, code=st.just(399), text=reason),
    )


def _fresh() -> Order:
    order = Order(
        e.OrderInitialized(
            client_order_id=COID, ns=0, spec=SPEC, account_id=AccountId("DU1"), origin=OrderOrigin.MANUAL
        )
    )
    order.apply(e.OrderStaged(client_order_id=COID, ns=0, broker_order_id=1, client_id=1))
    order.apply(e.OrderSending(client_order_id=COID, ns=0))
    return order


def _state(order: Order) -> dict[str, Any]:
    return deepcopy(vars(order))


def _differences(order: Order) -> dict[str, tuple[Any, Any]]:
    """Return what a replay of the order's own events gets different: name, live, replayed."""
    live, again = _state(order), _state(replay(order.events))
    return {name: (live[name], again[name]) for name in live if live[name] != again[name]}


@settings(max_examples=600, deadline=None)
@given(st.lists(_events(), max_size=40))
def test_any_history_keeps_quantity_and_replays_exactly(history: list[e.OrderEvent]) -> None:
    order = _fresh()
    latest: dict[str, tuple[int, Decimal, Decimal]] = {}
    for event in history:
        before = _state(order)
        if not order.can_apply(event):
            continue
        changed = order.apply(event)
        if isinstance(event, e.OrderFilled):
            root, revision = execution_root(event.execution_id)
            if root not in latest or latest[root][0] < revision:
                latest[root] = (revision, event.quantity, event.price)
        if not changed:
            assert _state(order) == before  # what is not journaled has not happened
        assert order.filled == sum((quantity for _, quantity, _ in latest.values()), D(0))
        value = sum((quantity * price for _, quantity, price in latest.values()), D(0))
        assert order.average_price == (value / order.filled if order.filled else None)
        assert order.leaves == (max(order.spec.quantity - order.filled, D(0)) if order.is_open else 0)
        assert order.leaves <= order.worst_leaves
        if order.status is OrderStatus.FILLED:
            assert order.filled >= order.spec.quantity
        if order.status is OrderStatus.PARTIAL:
            assert order.filled > 0
        assert order.is_open != order.is_terminal
    assert not _differences(order), _differences(order)


@settings(max_examples=300, deadline=None)
@given(st.lists(_events(), max_size=12))
def test_weaker_evidence_never_reopens(history: list[e.OrderEvent]) -> None:
    order = _fresh()
    for event in history:
        if order.can_apply(event):
            closed_by = order.closed_by
            order.apply(event)
            weaker = (e.OrderAcked, e.OrderWorking, e.OrderInactive)
            if closed_by is not None and order.is_open and isinstance(event, weaker):
                assert event.evidence.outranks(closed_by)


# ---------------------------------------------------------------- a broker that misbehaves
@dataclass
class Truth:
    """What really happened to one order at the broker."""

    wire: WireOrder
    perm: int
    spec: OrderSpec
    state: str = "live"
    executions: list[e.VenueExecution] = field(default_factory=list)

    @property
    def filled(self) -> Decimal:
        latest: dict[str, e.VenueExecution] = {}
        for each in self.executions:
            latest[execution_root(each.execution_id)[0]] = each
        return sum((each.quantity for each in latest.values()), D(0))


class BrokerMachine(RuleBasedStateMachine):
    """The order core against the model broker."""

    @initialize()
    def begin(self) -> None:
        self.limits = RiskLimits(
            max_position_stock=2_000, orders_per_second=50, account_orders_per_second=40, max_notional=1e6
        )
        self.desk = Desk(limits=self.limits)
        self.truths: dict[ClientOrderId, Truth] = {}
        self.heard: dict[str, e.VenueExecution] = {}
        self.swallow = False
        self.perm = 100
        self.number = 0
        self.placed: list[ClientOrderId] = []
        self._attach()
        for number in range(4):
            self.submit(side=Side.BUY, quantity=60, cents=10 + number * 5, swallow=number == 3)
            self.submit(side=Side.SELL, quantity=50, cents=10 + number * 5, swallow=False)

    def _attach(self) -> None:
        self.desk.broker.on_place = self._on_place
        self.desk.broker.book = self._book
        staged = [each.broker_order_id for each in self.desk.journal.records if isinstance(each, e.OrderStaged)]
        self.desk.broker.floor = 1 + max(staged, default=0)  # the real journal never gives an id twice

    def _on_place(self, wire: WireOrder) -> None:
        engine = self.desk.engine
        assert engine.link.connected
        assert engine.link.reconciled
        assert engine.trading.state is not TradingState.HALTED
        assert any(
            isinstance(record, e.OrderSending) and record.client_order_id == wire.client_order_id
            for record in self.desk.journal.records
        )
        assert wire.client_order_id not in self.placed
        self.placed.append(wire.client_order_id)
        if not self.swallow:
            self.perm += 1
            self.truths[wire.client_order_id] = Truth(wire=wire, perm=self.perm, spec=wire.spec)

    def _book(self) -> list[e.PositionReported]:
        total = sum((t.filled * t.spec.side.sign for t in self.truths.values()), D(0))
        return [
            e.PositionReported(
                ns=self.desk.clock.now_ns(), account_id=ACCOUNT, instrument_id=AAPL, quantity=total, average_cost=100.0
            )
        ]

    # ------------------------------------------------------------ what the broker says when asked
    def _opened(self, truth: Truth) -> e.VenueOrderOpened:
        return e.VenueOrderOpened(
            ns=self.desk.clock.now_ns(),
            client_order_id=truth.wire.client_order_id,
            broker_order_id=truth.wire.broker_order_id,
            client_id=CLIENT,
            perm_id=truth.perm,
            account_id=ACCOUNT,
            spec=truth.spec,
            status="Submitted",
        )

    def _publish_truth(self) -> None:
        broker = self.desk.broker
        broker.open_orders = [self._opened(each) for each in self.truths.values() if each.state == "live"]
        broker.completed = [
            e.VenueOrderCompleted(
                ns=self.desk.clock.now_ns(),
                client_order_id=each.wire.client_order_id,
                perm_id=each.perm,
                status="Filled" if each.state == "filled" else "Cancelled",
                filled=each.filled,
            )
            for each in self.truths.values()
            if each.state != "live"
        ]
        broker.executions = [execution for each in self.truths.values() for execution in each.executions]

    def _say(self, word: object) -> None:
        if self.desk.engine.link.socket_up:
            if isinstance(word, e.VenueExecution):
                self._hear(word)
            self.desk.say(word)

    def _hear(self, execution: e.VenueExecution) -> None:
        root, revision = execution_root(execution.execution_id)
        known = self.heard.get(root)
        if known is None or execution_root(known.execution_id)[1] < revision:
            self.heard[root] = execution

    def _ask_all(self) -> None:
        """The core has asked the broker: it has heard every execution."""
        for truth in self.truths.values():
            for each in truth.executions:
                self._hear(each)

    def _advance(self, seconds: float) -> None:
        self._publish_truth()
        asked = self.desk.broker.truths
        self.desk.clock.advance(seconds)
        if self.desk.broker.truths != asked:
            self._ask_all()

    def _pick(self, data: st.DataObject) -> Truth:
        return data.draw(st.sampled_from(list(self.truths.values())))

    # ------------------------------------------------------------ rules: us
    @rule(
        side=st.sampled_from(list(Side)),
        quantity=st.integers(1, 200),
        swallow=st.booleans(),
        cents=st.integers(10, 40),
    )
    def submit(self, side: Side, quantity: int, cents: int, *, swallow: bool) -> None:
        self.swallow = swallow
        price = f"99.{cents}" if side is Side.BUY else f"100.{cents + 20}"
        self.desk.submit(limit(side, quantity, price))
        self.swallow = False

    @precondition(lambda self: self.truths)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        truth = self._pick(data)
        try:
            self.desk.engine.cancel(CancelOrder(client_order_id=truth.wire.client_order_id))
        except UserError:
            return

    @precondition(lambda self: self.truths)
    @rule(data=st.data(), quantity=st.integers(1, 250), applied=st.booleans())
    def modify(self, data: st.DataObject, quantity: int, *, applied: bool) -> None:
        truth = self._pick(data)
        sent = len(self.desk.broker.modified)
        try:
            self.desk.engine.modify(ModifyOrder(client_order_id=truth.wire.client_order_id, quantity=D(quantity)))
        except UserError:
            return
        changed = len(self.desk.broker.modified) > sent
        if changed and applied and truth.state == "live" and quantity > truth.filled:
            truth.spec = self.desk.broker.modified[-1].spec

    @rule(engage=st.sampled_from([False, False, False, True]))
    def kill(self, *, engage: bool) -> None:
        self.desk.engine.kill(KillSwitch(engage=engage))

    # ------------------------------------------------------------ rules: the broker
    @precondition(lambda self: any(each.state == "live" for each in self.truths.values()))
    @rule(data=st.data(), quantity=st.integers(1, 120), told=st.booleans(), named=st.booleans())
    def fill(self, data: st.DataObject, quantity: int, *, told: bool, named: bool) -> None:
        truth = data.draw(st.sampled_from([each for each in self.truths.values() if each.state == "live"]))
        part = min(D(quantity), truth.spec.quantity - truth.filled)
        if part <= 0:
            return
        self.number += 1
        execution = e.VenueExecution(
            ns=self.desk.clock.now_ns(),
            execution_id=ExecutionId(f"0.{self.number}.01"),
            broker_order_id=truth.wire.broker_order_id,
            client_id=CLIENT,
            perm_id=truth.perm,
            account_id=ACCOUNT,
            instrument_id=AAPL,
            client_order_id=truth.wire.client_order_id if named else None,
            side=truth.spec.side,
            quantity=part,
            price=D(100),
            event_ns=self.desk.clock.now_ns(),
        )
        truth.executions.append(execution)
        if truth.filled >= truth.spec.quantity:
            truth.state = "filled"
        if told:
            self._say(execution)

    @precondition(lambda self: any(each.executions for each in self.truths.values()))
    @rule(data=st.data(), quantity=st.integers(0, 50))
    def correct(self, data: st.DataObject, quantity: int) -> None:
        truth = data.draw(st.sampled_from([each for each in self.truths.values() if each.executions]))
        last = truth.executions[-1]
        root, revision = execution_root(last.execution_id)
        corrected = replace(
            last, execution_id=ExecutionId(f"{root}.{revision + 1:02d}"), quantity=min(D(quantity), last.quantity)
        )
        if truth.state == "live":
            truth.executions.append(corrected)
            self._say(corrected)

    @precondition(lambda self: any(each.executions for each in self.truths.values()))
    @rule(data=st.data())
    def repeat_executions(self, data: st.DataObject) -> None:
        truth = data.draw(st.sampled_from([each for each in self.truths.values() if each.executions]))
        for execution in truth.executions:
            self._say(execution)

    @precondition(lambda self: self.truths)
    @rule(data=st.data(), word=st.sampled_from(["PreSubmitted", "Submitted", "Inactive", "PendingCancel"]))
    def status(self, data: st.DataObject, word: str) -> None:
        truth = self._pick(data)
        words = {"filled": "Filled", "cancelled": "Cancelled"}
        self._say(
            e.VenueOrderStatus(
                ns=self.desk.clock.now_ns(),
                broker_order_id=truth.wire.broker_order_id,
                client_id=CLIENT,
                perm_id=truth.perm,
                status=words.get(truth.state, word),
                filled=truth.filled,
                remaining=truth.spec.quantity - truth.filled,
            )
        )

    @precondition(lambda self: self.truths)
    @rule(data=st.data())
    def open_order(self, data: st.DataObject) -> None:
        truth = self._pick(data)
        if truth.state == "live":
            self._say(self._opened(truth))

    @precondition(lambda self: self.truths)
    @rule(data=st.data())
    def cancelled_by_broker(self, data: st.DataObject) -> None:
        truth = self._pick(data)
        if truth.state == "live":
            truth.state = "cancelled"

    @precondition(lambda self: self.truths)
    @rule(data=st.data(), code=st.sampled_from([10349, 399, 404, 110, 201, 202, 103, 10147, 10148, 161, 2109, 19_999]))
    def error(self, data: st.DataObject, code: int) -> None:
        truth = self._pick(data)
        self._say(
            e.VenueOrderError(
                ns=self.desk.clock.now_ns(), broker_order_id=truth.wire.broker_order_id, code=code, text="text"
            )
        )

    # ------------------------------------------------------------ rules: the world
    @rule(seconds=st.sampled_from([0.4, 1.1, 5.1, 11.0]))
    def time_passes(self, seconds: float) -> None:
        self._advance(seconds)

    @precondition(lambda self: self.desk.engine.link.connected)
    @rule(state=st.sampled_from([LinkState.RECONNECTING, LinkState.DEGRADED]))
    def lose_link(self, state: LinkState) -> None:
        self.desk.link(state, code=1100, text="lost")

    @precondition(lambda self: not self.desk.engine.link.connected)
    @rule()
    def regain_link(self) -> None:
        self._publish_truth()
        asked = self.desk.broker.truths
        self.desk.connect()
        if self.desk.broker.truths != asked:
            self._ask_all()

    @rule(regain=st.booleans())
    def restart(self, *, regain: bool) -> None:
        before = {name: order.filled for name, order in self._ours()}
        position = self.desk.engine.portfolio.position(AAPL).quantity
        again = self.desk.restart()
        again.engine.set_limits(self.limits)
        self.desk.engine.stop()
        self.desk = again
        self._attach()
        self.desk.report_worth()
        assert {name: order.filled for name, order in self._ours()} == before
        assert self.desk.engine.portfolio.position(AAPL).quantity == position
        if regain:
            self.regain_link()

    def _ours(self) -> list[tuple[ClientOrderId, Order]]:
        return [(order.client_order_id, order) for order in self.desk.engine.orders.all()]

    # ------------------------------------------------------------ what must hold after every step
    @invariant()
    def quantity_is_what_was_heard(self) -> None:
        if not hasattr(self, "desk"):
            return
        homeless = self.desk.engine._inbox.homeless()
        waiting = {execution_root(each.execution_id)[0] for each in homeless}
        total = D(0)
        for root, execution in self.heard.items():
            if root not in waiting:
                total += execution.quantity * execution.side.sign
        adjusted = sum(
            (each.quantity for each in self.desk.journal.records if isinstance(each, e.PositionAdjusted)), D(0)
        )
        assert adjusted == 0
        assert self.desk.engine.portfolio.position(AAPL).quantity == total
        assert sum((order.filled * order.spec.side.sign for _, order in self._ours()), D(0)) == total

    @invariant()
    def index_knows_what_is_open(self) -> None:
        if not hasattr(self, "desk"):
            return
        orders = self.desk.engine.orders
        assert {order.client_order_id for order in orders.open()} == {
            name for name, order in self._ours() if order.is_open
        }

    @invariant()
    def owners_add_up(self) -> None:
        if hasattr(self, "desk"):
            portfolio = self.desk.engine.portfolio
            assert sum(portfolio.owners(AAPL).values(), D(0)) == portfolio.position(AAPL).quantity

    def teardown(self) -> None:
        """When the faults are over, both sides agree: nothing lost, nothing sent twice."""
        if not hasattr(self, "desk"):
            return
        note(f"orders sent: {min(len(self.placed) // 4 * 4, 16)} or more")
        self.desk.link(LinkState.RECONNECTING, text="last fault")
        self.regain_link()
        for _ in range(4):
            self._advance(31)
        for truth in self.truths.values():
            order = self.desk.order(truth.wire.client_order_id)
            assert order.filled == truth.filled
            assert order.is_open == (truth.state == "live"), (order.status, truth.state)
        for name, order in self._ours():
            if name in self.placed and name not in self.truths:
                assert order.status is OrderStatus.LOST
            assert not _differences(order), _differences(order)
        assert self.desk.engine.portfolio.position(AAPL).quantity == self._book()[0].quantity
        assert self.desk.engine.link.reconciled
        self.desk.engine.stop()


BrokerMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
TestBroker = pytest.mark.usefixtures("any_logs")(BrokerMachine.TestCase)  # faults are what it is about
