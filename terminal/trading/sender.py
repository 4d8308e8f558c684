# SPDX-License-Identifier: Apache-2.0
"""Sender: the only place from which order bytes leave.

Write-ahead: intent, broker id and the marker "about to write" are one durable commit; the bytes leave when it
is on disk, if nothing has closed the gate meanwhile. What the transport refuses is UNKNOWN, never resent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from terminal.clock import Clock
from terminal.errors import BrokerError, InvariantError, UserError
from terminal.model import events as e
from terminal.model.commands import BracketLeg, ModifyOrder, OrderSpec
from terminal.model.enums import BracketRole, Evidence, OrderOrigin, PendingRequest
from terminal.model.ids import AccountId, ClientOrderId, GroupId, StrategyId
from terminal.model.instrument import Instrument
from terminal.model.order import Order
from terminal.ports import ExecutionVenue, Journal, WireOrder
from terminal.trading.index import OrderIndex
from terminal.trading.ledger import Checkpoint, OrderLedger, no_checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What all legs of one submission have in common."""

    account_id: AccountId
    client_id: int
    origin: OrderOrigin
    strategy_id: StrategyId | None
    note: str


class Sender:
    """Stages and sends orders, changes and cancels."""

    def __init__(
        self,
        *,
        ledger: OrderLedger,
        index: OrderIndex,
        journal: Journal,
        venue: ExecutionVenue,
        clock: Clock,
        withheld: Callable[[Order], str | None],
        unreachable: Callable[[], str | None],
        link_session: Callable[[], int],
        checkpoint: Checkpoint = no_checkpoint,
    ) -> None:
        self._ledger = ledger
        self._index = index
        self._journal = journal
        self._venue = venue
        self._clock = clock
        self._withheld = withheld
        self._unreachable = unreachable
        self._link_session = link_session
        self._checkpoint = checkpoint
        self._waiting: dict[ClientOrderId, tuple[ClientOrderId, ...]] = {}
        self._sent_in: dict[ClientOrderId, int] = {}

    # ------------------------------------------------------------ new orders
    def send(self, legs: Sequence[BracketLeg], common: Sending, instrument: Instrument) -> tuple[ClientOrderId, ...]:
        """Stage all legs in one commit; their bytes leave once it is durable, all or none."""
        ids = self._allocate(len(legs))
        now = self._clock.now_ns()
        entry = legs[0]
        exits = len(legs) - 1
        events: list[e.OrderEvent] = []
        wires: list[WireOrder] = []
        for position, (leg, broker_id) in enumerate(zip(legs, ids, strict=True)):
            child = position > 0
            grouped = len(legs) > 1
            coid = leg.client_order_id
            events += (
                initialized(leg, common, now, grouped=grouped, parent=entry.client_order_id if child else None),
                e.OrderStaged(client_order_id=coid, ns=now, broker_order_id=broker_id, client_id=common.client_id),
                e.OrderSending(client_order_id=coid, ns=now),
            )
            wires.append(
                WireOrder(
                    client_order_id=coid,
                    broker_order_id=broker_id,
                    account_id=common.account_id,
                    instrument=instrument,
                    spec=leg.spec,
                    transmit=position == exits,
                    parent_broker_order_id=ids[0] if child else 0,
                    oca_group=leg.group_id if child and exits > 1 else "",
                    role=leg.role,
                    group_id=leg.group_id if grouped else None,
                )
            )
        names = tuple(leg.client_order_id for leg in legs)
        for name in names:
            self._waiting[name] = names
        self._checkpoint("before_commit")
        with self._ledger.bytes_first():
            if not self._ledger.record(events, lambda: self._on_durable(names, wires)):
                self._give_up(names, "not sent: the journal cannot write")
            self._journal.hasten()
        return names

    def _allocate(self, count: int) -> list[int]:
        """Return contiguous broker order ids, as a bracket needs them."""
        floor = self._venue.next_order_id_floor()
        for _ in range(3):
            ids = [self._journal.allocate_order_id(floor) for _ in range(count)]
            if ids == list(range(ids[0], ids[0] + count)):
                return ids
            floor = ids[-1] + 1
        raise InvariantError(f"the journal gave no {count} contiguous order ids")

    def _on_durable(self, names: tuple[ClientOrderId, ...], wires: Sequence[WireOrder]) -> None:
        if names[0] not in self._waiting:
            return  # given up meanwhile
        orders = [order for name in names if (order := self._index.get(name)) is not None]
        reason = next((why for order in orders if (why := self._withheld(order))), None)
        if reason is not None:
            self._give_up(names, f"not sent: {reason}")
            return
        self._checkpoint("after_commit_before_bytes")
        for name in names:
            self._waiting.pop(name, None)
            self._sent_in[name] = self._link_session()
        self._put_all(wires)

    def _put_all(self, wires: Sequence[WireOrder]) -> None:
        now = self._clock.now_ns
        sent: list[e.OrderEvent] = []
        for position, wire in enumerate(wires):
            try:
                epoch = self._put_on_wire(wire)
            except UserError as fault:
                self._ledger.record(sent)
                self._take_back(wires[:position], wires[position:], fault.text)
                return
            except BrokerError as fault:
                rest = wires[position + 1 :]
                doubt = f"the connection did not take the order: {fault.text}"
                lost = "not sent: an earlier part of its bracket did not get out"
                self._ledger.record(
                    [
                        *sent,
                        e.OrderUnknown(client_order_id=wire.client_order_id, ns=now(), reason=doubt),
                        *(e.OrderLost(client_order_id=each.client_order_id, ns=now(), reason=lost) for each in rest),
                    ]
                )
                return
            sent.append(e.OrderSent(client_order_id=wire.client_order_id, ns=now(), session_epoch=epoch))
            self._checkpoint("after_bytes_before_answer" if position == len(wires) - 1 else "between_bracket_legs")
        self._ledger.record(sent)

    def _take_back(self, out: Sequence[WireOrder], unsent: Sequence[WireOrder], why: str) -> None:
        """The adapter refused a leg before any byte of it: what is out waits for a last leg that never comes."""
        now, reason = self._clock.now_ns(), f"not sent: {why}"
        self._ledger.record(
            [e.OrderLost(client_order_id=each.client_order_id, ns=now, reason=reason) for each in unsent]
        )
        for each in out:
            order = self._index.get(each.client_order_id)
            if order is not None:
                self.cancel(order, "core")

    def _put_on_wire(self, wire: WireOrder) -> int:
        """The one caller of ``venue.place``."""
        return self._venue.place(wire)

    # ------------------------------------------------------------ what has not left yet
    def is_waiting(self, client_order_id: ClientOrderId) -> bool:
        """Say whether the order is staged and its bytes have provably not left."""
        return client_order_id in self._waiting

    def withdraw(self, client_order_id: ClientOrderId, reason: str) -> bool:
        """Take back an order (with its bracket) before its bytes leave; False when they have left."""
        names = self._waiting.get(client_order_id)
        if names is None:
            return False
        now = self._clock.now_ns()
        self._forget(names)
        self._ledger.record(
            [e.OrderCancelled(client_order_id=name, ns=now, reason=reason, evidence=Evidence.LOCAL) for name in names]
        )
        return True

    def abandon(self, client_order_id: ClientOrderId, reason: str) -> bool:
        """Never send an order whose commit does not come back; False when its bytes have left."""
        names = self._waiting.get(client_order_id)
        if names is None:
            return False
        self._give_up(names, reason)
        return True

    def _give_up(self, names: Sequence[ClientOrderId], reason: str) -> None:
        now = self._clock.now_ns()
        self._forget(names)
        self._ledger.record([e.OrderLost(client_order_id=name, ns=now, reason=reason) for name in names])

    def _forget(self, names: Sequence[ClientOrderId]) -> None:
        for name in names:
            self._waiting.pop(name, None)

    # ------------------------------------------------------------ changes and cancels
    def change(
        self, order: Order, spec: OrderSpec, instrument: Instrument, actor: str, *, reduces: bool = False
    ) -> None:
        """Ask for new terms: journaled durable first, then the bytes; the old terms stand until they are shown.

        ``reduces``: less of an exit is a cancel in part, and leaves whenever the broker can be reached.
        """
        coid = order.client_order_id
        wire = self.wire_of(order, spec, instrument)

        def refuse(reason: str) -> None:
            now = self._clock.now_ns()
            self._ledger.record(
                [e.OrderReplaceRefused(client_order_id=coid, ns=now, code=0, reason=f"not sent: {reason}")]
            )

        def on_durable() -> None:
            if order.requested is not spec:
                return  # refused, filled or superseded meanwhile
            reason = self._unreachable() if reduces else self._withheld(order)
            if order.pending is PendingRequest.CANCEL:
                reason = "a cancel was asked for meanwhile"
            if reason is None:
                reason = self._put_change(order, wire)
            if reason is not None:
                refuse(reason)

        asked = e.OrderReplaceRequested(client_order_id=coid, ns=self._clock.now_ns(), spec=spec, actor=actor)
        self._checkpoint("before_change_commit")
        with self._ledger.bytes_first():
            if not self._ledger.record([asked], on_durable):
                refuse("the journal cannot write")
            self._journal.hasten()

    def _put_change(self, order: Order, wire: WireOrder) -> str | None:
        """Hand a change to the transport; return why it provably did not leave, or None."""
        try:
            self._venue.modify(wire)
        except UserError as fault:
            return fault.text
        except BrokerError as fault:
            doubt = f"the connection did not take the change: {fault.text}"
            if order.is_open:
                now = self._clock.now_ns()
                self._ledger.record([e.OrderUnknown(client_order_id=order.client_order_id, ns=now, reason=doubt)])
        return None

    def wire_of(self, order: Order, spec: OrderSpec, instrument: Instrument) -> WireOrder:
        """Return an order as it stands on the wire, with terms ``spec``."""
        if order.broker_order_id is None:
            raise InvariantError(f"order {order.client_order_id} has no broker order id")
        parent = self._index.get(order.parent_id) if order.parent_id is not None else None
        siblings = self._index.children(order.parent_id) if order.parent_id is not None else ()
        return WireOrder(
            client_order_id=order.client_order_id,
            broker_order_id=order.broker_order_id,
            account_id=order.account_id,
            instrument=instrument,
            spec=spec,
            parent_broker_order_id=(parent.broker_order_id or 0) if parent is not None else 0,
            oca_group=order.group_id if order.group_id is not None and len(siblings) > 1 else "",
            role=order.role,
            group_id=order.group_id,
        )

    def cancel(self, order: Order, actor: str) -> str | None:
        """Ask the broker to cancel. The bytes do not wait for the disk; only the broker confirms.

        Returns what kept the request from leaving, or None.
        """
        if self.withdraw(order.client_order_id, f"withdrawn by {actor} before it was sent"):
            return None
        if not order.is_open:
            return None  # it ended with another part of its bracket
        if order.broker_order_id is None:
            return "it has no broker order id"
        coid = order.client_order_id
        self._ledger.record([e.OrderCancelRequested(client_order_id=coid, ns=self._clock.now_ns(), actor=actor)])
        try:
            self._venue.cancel(order.broker_order_id)
        except BrokerError as fault:
            reason = f"cancel not sent: {fault.text}"
            refused = e.OrderCancelRefused(client_order_id=coid, ns=self._clock.now_ns(), code=0, reason=reason)
            self._ledger.record([refused])
            return reason
        return None

    def sent_in(self, client_order_id: ClientOrderId) -> int:
        """Return the link session in which the bytes left; 0 for those of an earlier run."""
        return self._sent_in.get(client_order_id, 0)


def initialized(
    leg: BracketLeg, common: Sending, now_ns: int, *, grouped: bool, parent: ClientOrderId | None
) -> e.OrderInitialized:
    """Return the first event of one leg."""
    group: GroupId | None = leg.group_id if grouped else None
    return e.OrderInitialized(
        client_order_id=leg.client_order_id,
        ns=now_ns,
        spec=leg.spec,
        account_id=common.account_id,
        origin=common.origin,
        strategy_id=common.strategy_id,
        group_id=group,
        role=leg.role if grouped else BracketRole.NONE,
        parent_id=parent,
        note=common.note,
    )


def changed_terms(spec: OrderSpec, command: ModifyOrder) -> OrderSpec:
    """Return ``spec`` with the terms that the command names; None leaves a term as it is."""
    return replace(
        spec,
        quantity=spec.quantity if command.quantity is None else command.quantity,
        limit_price=spec.limit_price if command.limit_price is None else command.limit_price,
        stop_price=spec.stop_price if command.stop_price is None else command.stop_price,
        trail_amount=spec.trail_amount if command.trail_amount is None else command.trail_amount,
        trail_percent=spec.trail_percent if command.trail_percent is None else command.trail_percent,
    )
