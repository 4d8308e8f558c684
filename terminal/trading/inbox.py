# SPDX-License-Identifier: Apache-2.0
"""VenueInbox: whose order is the broker talking about?

Finds the order of every message by our reference, then by client and order id, then by permId; what belongs to
none of ours is adopted as EXTERNAL (an execution after five seconds, since its order may still be announced).
What a message means for its order is `venue_events`; here is only identity, buffering and gaps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from terminal.clock import Clock
from terminal.model import events as e
from terminal.model.commands import OrderSpec
from terminal.model.enums import OrderOrigin, OrderStatus, OrderType, Side
from terminal.model.ids import AccountId, ClientOrderId, ExecutionId, InstrumentId, execution_root
from terminal.model.order import Order
from terminal.trading import venue_events as read
from terminal.trading.codes import is_read_only
from terminal.trading.index import OrderIndex
from terminal.trading.ledger import OrderLedger

ADOPT_AFTER_S: Final = 5.0
GAP_PROBE_S: Final = 0.5
_NO_ID: Final = 2_147_483_647
_ORPHANS_KEPT: Final = 10_000
_OVER: Final = frozenset(
    {OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED, OrderStatus.LOST, OrderStatus.FILLED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The names under which a message speaks of an order."""

    reference: ClientOrderId | None
    client_id: int
    broker_order_id: int
    perm_id: int
    instrument_id: InstrumentId | None = None
    side: Side | None = None


class VenueInbox:
    """Turns venue events into recorded order events."""

    def __init__(
        self,
        *,
        ledger: OrderLedger,
        index: OrderIndex,
        clock: Clock,
        client_id: Callable[[], int],
        account_id: Callable[[], AccountId],
        probe: Callable[[str, float], None],
        alarm: Callable[[str, str], None],
        on_read_only: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._index = index
        self._clock = clock
        self._client_id = client_id
        self._account_id = account_id
        self._probe = probe
        self._alarm = alarm
        self._on_read_only = on_read_only
        self._references: dict[ClientOrderId, Order] = {}
        self._homeless: dict[ExecutionId, e.VenueExecution] = {}
        self._orphans: dict[ExecutionId, e.VenueCommission] = {}
        self._claimed: dict[ClientOrderId, Decimal] = {}
        self.strangers = 0
        """Messages about orders that nobody has announced."""

    # ------------------------------------------------------------ who
    def find(self, who: Identity) -> Order | None:
        """Return the order that a message speaks of, or None."""
        if who.reference:
            known = self._index.get(who.reference) or self._references.get(who.reference)
            if known is not None:
                return known
        if 0 < who.broker_order_id < _NO_ID:
            known = self._index.by_broker_id(who.client_id, who.broker_order_id)
            if known is not None and self._fits(known, who):
                return known
        known = self._index.by_perm_id(who.perm_id)
        return known if known is not None and self._fits(known, who) else None

    @staticmethod
    def _fits(order: Order, who: Identity) -> bool:
        """Refuse a broker's number that was given to another order in another session."""
        if who.reference and order.origin is not OrderOrigin.EXTERNAL:
            return False  # it names another intent than ours
        same_contract = who.instrument_id is None or who.instrument_id == order.instrument_id
        return same_contract and (who.side is None or who.side is order.spec.side)

    # ------------------------------------------------------------ messages
    def on_opened(self, event: e.VenueOrderOpened) -> Order | None:
        """Take openOrder; an order that is not ours is adopted."""
        if not self._is_own_account(event.account_id):
            return None
        who = _named_by(event)
        order = self.find(who)
        if order is None:
            order = self._adopt(who, event.spec, event.account_id, event.ns, "shown by the broker, not made here")
        self._take(order, read.read_open_order(order, event))
        self._rehouse()
        return order

    def on_listed(self, event: e.VenueOrderOpened) -> Order | None:
        """Take openOrder out of a list that was asked for: what ended after the list was made stays over."""
        order = self.find(_named_by(event))
        if order is not None and order.is_terminal and order.updated_ns > event.ns:
            return order
        return self.on_opened(event)

    def on_status(self, event: e.VenueOrderStatus) -> None:
        order = self.find(
            Identity(
                reference=None,
                client_id=event.client_id,
                broker_order_id=event.broker_order_id,
                perm_id=event.perm_id,
            )
        )
        if order is None:
            self.strangers += 1
            self._probe(f"a status of an order that nobody announced (id {event.broker_order_id})", 1.0)
            return
        if event.filled > self._claimed.get(order.client_order_id, Decimal(0)):
            self._claimed[order.client_order_id] = event.filled
        self._take(order, read.read_order_status(order, event))

    def on_execution(self, event: e.VenueExecution) -> None:
        """Take execDetails: booked at once when its order is known, else kept for five seconds."""
        if not self._is_own_account(event.account_id):
            return
        order = self._index.by_execution(event.execution_id) or self.find(
            Identity(
                reference=event.client_order_id,
                client_id=event.client_id,
                broker_order_id=event.broker_order_id,
                perm_id=event.perm_id,
                instrument_id=None if event.client_order_id else event.instrument_id,
                side=None if event.client_order_id else event.side,
            )
        )
        if order is not None:
            self._book(order, event)
        elif event.execution_id not in self._homeless:
            self._homeless[event.execution_id] = event
            self._clock.call_later(ADOPT_AFTER_S, lambda: self._give_home(event.execution_id))

    def on_commission(self, event: e.VenueCommission) -> None:
        order = self._index.by_execution(event.execution_id)
        if order is None:
            self._orphans[event.execution_id] = event
            if len(self._orphans) > _ORPHANS_KEPT:
                self._orphans.pop(next(iter(self._orphans)))
            return
        self._take(order, read.read_commission(order, event))

    def on_completed(self, event: e.VenueOrderCompleted) -> Order | None:
        order = self._index.get(event.client_order_id) if event.client_order_id else None
        if order is None:
            order = self._references.get(event.client_order_id) if event.client_order_id else None
        if order is None and not event.client_order_id:
            order = self._index.by_perm_id(event.perm_id)
        if order is not None and order.status is not OrderStatus.DENIED:
            self._take(order, read.read_completed(order, event))
        return order

    def on_error(self, event: e.VenueOrderError) -> bool:
        """Take error() with an order id; False when no order has that id."""
        if is_read_only(event.code, event.text):
            self._on_read_only()
        order = self._index.by_broker_id(self._client_id(), event.broker_order_id)
        if order is None:
            return False
        self._take(order, read.read_error(order, event))
        return True

    # ------------------------------------------------------------ effects
    def _take(self, order: Order, reading: read.Reading) -> None:
        if reading.events:
            self._ledger.record(reading.events)
        if reading.probe:
            gap = reading.probe == "executions are missing"
            self._probe(f"{order.client_order_id}: {reading.probe}", GAP_PROBE_S if gap else 1.0)

    def _book(self, order: Order, event: e.VenueExecution) -> None:
        if order.instrument_id != event.instrument_id:
            order = self._leg(order, event)
        before = order.status
        known = execution_root(event.execution_id)[0] in order.fills
        if order.origin is OrderOrigin.EXTERNAL and not known:
            self._grow(order, event)
        count = len(order.events)
        self._take(order, read.read_execution(order, event))
        if len(order.events) == count:
            return
        coid = order.client_order_id
        if known:
            self._claimed.pop(coid, None)  # after a correction the broker's old sum means nothing
            self._alarm(f"{order.instrument_id}: execution {event.execution_id} was corrected", "check the position")
            self._probe(f"{coid}: an execution was corrected", 1.0)
        elif before in _OVER and order.is_own:
            self._alarm(
                f"{order.instrument_id}: {event.quantity} filled on an order that was {before.value}",
                "the position is true; check the other orders of this instrument",
            )
        claimed = self._claimed.get(coid)
        if claimed is not None and order.filled < claimed:
            reason = f"the broker says {claimed} filled, executions say {order.filled}"
            self._ledger.record([e.OrderStale(client_order_id=coid, ns=event.ns, reason=reason)])
        orphan = self._orphans.pop(event.execution_id, None)
        if orphan is not None:
            self._take(order, read.read_commission(order, orphan))

    def _grow(self, order: Order, event: e.VenueExecution) -> None:
        """An order of others is as large as what it fills: we may never have seen its terms."""
        after = order.filled + event.quantity
        if after > order.spec.quantity:
            spec = replace(order.spec, quantity=after)
            self._ledger.record([e.OrderReplaced(client_order_id=order.client_order_id, ns=event.ns, spec=spec)])

    # ------------------------------------------------------------ adoption
    def _is_own_account(self, account_id: AccountId) -> bool:
        own = self._account_id()
        return not account_id or not own or account_id == own

    def _adopt(self, who: Identity, spec: OrderSpec, account_id: AccountId, ns: int, note: str) -> Order:
        coid = self._name(who)
        self._ledger.record(
            [
                e.OrderInitialized(
                    client_order_id=coid,
                    ns=ns,
                    spec=spec,
                    account_id=account_id or self._account_id(),
                    origin=OrderOrigin.EXTERNAL,
                    note=note,
                ),
                e.OrderAdopted(
                    client_order_id=coid,
                    ns=ns,
                    broker_order_id=who.broker_order_id,
                    client_id=who.client_id,
                    perm_id=who.perm_id or None,
                ),
            ]
        )
        order = self._index.get(coid)
        if order is None:
            raise LookupError(f"adopted order {coid} is not in the index")
        if who.reference:
            self._references[who.reference] = order
        return order

    def _name(self, who: Identity) -> ClientOrderId:
        """Return a name for an adopted order that is the same at every start."""
        if who.reference and who.reference.startswith("T1-"):
            return who.reference  # ours once: its journal is gone
        name = f"X1-{who.perm_id}" if who.perm_id else f"X1-{who.client_id}-{who.broker_order_id}"
        number = 1
        unique = ClientOrderId(name)
        while self._index.get(unique) is not None:  # the broker's number was reused
            number += 1
            unique = ClientOrderId(f"{name}-{number}")
        return unique

    def _leg(self, parent: Order, event: e.VenueExecution) -> Order:
        """Return the order that holds a combination's executions in one of its contracts."""
        coid = ClientOrderId(f"{parent.client_order_id}/{event.instrument_id}")
        known = self._index.get(coid)
        if known is not None:
            return known
        spec = _spec_of(event)
        self._ledger.record(
            [
                e.OrderInitialized(
                    client_order_id=coid,
                    ns=event.ns,
                    spec=spec,
                    account_id=parent.account_id,
                    origin=OrderOrigin.EXTERNAL,
                    strategy_id=parent.strategy_id,
                    note=f"leg of {parent.client_order_id}",
                ),
                e.OrderAdopted(client_order_id=coid, ns=event.ns, broker_order_id=0, client_id=event.client_id),
            ]
        )
        found = self._index.get(coid)
        if found is None:
            raise LookupError(f"leg order {coid} is not in the index")
        return found

    def _give_home(self, execution_id: ExecutionId) -> None:
        event = self._homeless.pop(execution_id, None)
        if event is None:
            return
        who = Identity(
            reference=event.client_order_id,
            client_id=event.client_id,
            broker_order_id=event.broker_order_id,
            perm_id=event.perm_id,
            instrument_id=event.instrument_id,
            side=event.side,
        )
        order = self.find(who)
        if order is None:
            account = event.account_id or self._account_id()
            order = self._adopt(who, _spec_of(event), account, event.ns, "known from its executions only")
        self._book(order, event)

    def _rehouse(self) -> None:
        for event in tuple(self._homeless.values()):
            order = self._index.by_execution(event.execution_id) or self.find(
                Identity(
                    reference=event.client_order_id,
                    client_id=event.client_id,
                    broker_order_id=event.broker_order_id,
                    perm_id=event.perm_id,
                    instrument_id=event.instrument_id,
                    side=event.side,
                )
            )
            if order is not None:
                del self._homeless[event.execution_id]
                self._book(order, event)

    def settle(self) -> None:
        """Adopt every waiting execution now: the broker has been asked for its orders and named none."""
        for execution_id in tuple(self._homeless):
            self._give_home(execution_id)

    def homeless(self) -> Sequence[e.VenueExecution]:
        return tuple(self._homeless.values())

    def claimed(self, client_order_id: ClientOrderId) -> Decimal:
        """Return the largest cumulated quantity that a status of the order has claimed."""
        return self._claimed.get(client_order_id, Decimal(0))


def _named_by(event: e.VenueOrderOpened) -> Identity:
    return Identity(
        reference=event.client_order_id,
        client_id=event.client_id,
        broker_order_id=event.broker_order_id,
        perm_id=event.perm_id,
        instrument_id=event.spec.instrument_id,
        side=event.spec.side,
    )


def _spec_of(event: e.VenueExecution) -> OrderSpec:
    return OrderSpec(
        instrument_id=event.instrument_id, side=event.side, quantity=event.quantity, order_type=OrderType.MARKET
    )
