# SPDX-License-Identifier: Apache-2.0
"""Order: what we asked for and everything the venue has said since.

The order never asks; it is told. `apply` is the only way to change it, so replaying the journal rebuilds
exactly the order that was on screen. Three axes that are never mixed: life cycle (``status``), pending
request and knowledge. Quantities come from the execution ledger alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from terminal.errors import InvariantError
from terminal.model.commands import OrderSpec
from terminal.model.enums import BracketRole, Knowledge, OrderOrigin, OrderStatus, PendingRequest
from terminal.model.events import (
    OrderAcked,
    OrderCancelled,
    OrderCancelRefused,
    OrderCancelRequested,
    OrderCommissioned,
    OrderConfirmed,
    OrderConflict,
    OrderDenied,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderInactive,
    OrderInitialized,
    OrderLost,
    OrderNoted,
    OrderRejected,
    OrderReplaced,
    OrderReplaceRefused,
    OrderReplaceRequested,
    OrderSending,
    OrderSent,
    OrderStaged,
    OrderStale,
    OrderUnknown,
    OrderWorking,
)
from terminal.model.ids import (
    AccountId,
    ClientOrderId,
    ExecutionId,
    GroupId,
    InstrumentId,
    StrategyId,
    execution_root,
)

S = OrderStatus
_OPEN: Final = frozenset({S.STAGED, S.SENDING, S.SENT, S.ACKED, S.WORKING, S.PARTIAL, S.INACTIVE, S.UNKNOWN})
_LIVE_AT_BROKER: Final = frozenset({S.ACKED, S.WORKING, S.PARTIAL, S.INACTIVE})
_SOFT_TERMINAL: Final = frozenset({S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED, S.LOST})
_TERMINAL: Final = _SOFT_TERMINAL | {S.DENIED}
_EVIDENCE: Final = _OPEN | _SOFT_TERMINAL  # broker evidence may reopen a soft-terminal order; that is audited

_ALLOWED: Final[Mapping[type[OrderEvent], frozenset[OrderStatus]]] = {
    OrderDenied: frozenset({S.INITIALIZED}),
    OrderStaged: frozenset({S.INITIALIZED}),
    OrderSending: frozenset({S.STAGED}),
    OrderSent: frozenset({S.SENDING}),
    OrderAcked: _EVIDENCE,
    OrderWorking: _EVIDENCE,
    OrderFilled: _EVIDENCE,  # a fill may already have been on the wire: from any state that left the house
    OrderCancelled: _EVIDENCE,
    OrderRejected: _EVIDENCE,
    OrderInactive: _EVIDENCE,
    OrderExpired: _EVIDENCE,
    OrderUnknown: _OPEN,
    OrderLost: frozenset({S.UNKNOWN, S.STAGED, S.SENDING, S.SENT}),
    OrderCancelRequested: _OPEN,
    OrderCancelRefused: _EVIDENCE,
    OrderReplaceRequested: _LIVE_AT_BROKER,
    OrderReplaced: _EVIDENCE,
    OrderReplaceRefused: _EVIDENCE,
    OrderStale: _EVIDENCE,
    OrderConfirmed: _EVIDENCE,
    OrderConflict: _EVIDENCE,
    OrderNoted: frozenset(OrderStatus),
    OrderCommissioned: _EVIDENCE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """The latest revision of one execution."""

    execution_id: ExecutionId
    revision: int
    quantity: Decimal
    price: Decimal
    event_ns: int
    exchange: str
    ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    amount: Decimal
    currency: str
    realized_pnl: Decimal | None


class Order:
    """One order intent and its history.

    Raises on `apply`:
        InvariantError: the event cannot follow the state by any reading of the broker's behaviour.
    """

    def __init__(self, first: OrderInitialized) -> None:
        self.client_order_id: ClientOrderId = first.client_order_id
        self.account_id: AccountId = first.account_id
        self.origin: OrderOrigin = first.origin
        self.strategy_id: StrategyId | None = first.strategy_id
        self.group_id: GroupId | None = first.group_id
        self.role: BracketRole = first.role
        self.parent_id: ClientOrderId | None = first.parent_id
        self.note: str = first.note
        self.created_ns: int = first.ns
        self.updated_ns: int = first.ns
        self.spec: OrderSpec = first.spec
        """Acknowledged terms (the asked ones until the broker has spoken)."""
        self.requested: OrderSpec | None = None
        """Terms of a pending replace."""
        self.status: OrderStatus = S.INITIALIZED
        self.pending: PendingRequest = PendingRequest.NONE
        self.knowledge: Knowledge = Knowledge.ASSUMED
        self.broker_order_id: int | None = None
        self.client_id: int | None = None
        self.session_epoch: int | None = None
        self.perm_ids: set[int] = set()
        self.reason: str = ""
        """Last refusal, hold or conflict in words."""
        self.fills: dict[str, Fill] = {}
        """Execution root -> its latest revision."""
        self.commissions: dict[ExecutionId, Commission] = {}
        self.events: list[OrderEvent] = [first]
        self.reopened: int = 0
        """How often evidence reopened a finished order: each is an alarm."""

    # ------------------------------------------------------------ what it is
    @property
    def instrument_id(self) -> InstrumentId:
        return self.spec.instrument_id

    @property
    def filled(self) -> Decimal:
        return sum((fill.quantity for fill in self.fills.values()), Decimal(0))

    @property
    def leaves(self) -> Decimal:
        """Quantity that can still fill; zero once the order is over."""
        if self.is_terminal:
            return Decimal(0)
        return max(self.spec.quantity - self.filled, Decimal(0))

    @property
    def average_price(self) -> Decimal | None:
        filled = self.filled
        if not filled:
            return None
        return sum((fill.quantity * fill.price for fill in self.fills.values()), Decimal(0)) / filled

    @property
    def commission(self) -> Decimal:
        """Sum over executions; in the account's reporting currency of each report."""
        return sum((report.amount for report in self.commissions.values()), Decimal(0))

    @property
    def is_terminal(self) -> bool:
        return self.status in _TERMINAL

    @property
    def is_open(self) -> bool:
        """May still fill: counts as exposure."""
        return self.status in _OPEN

    @property
    def is_live_at_broker(self) -> bool:
        return self.status in _LIVE_AT_BROKER

    @property
    def perm_id(self) -> int | None:
        return max(self.perm_ids) if self.perm_ids else None

    # ------------------------------------------------------------ what it is told
    def can_apply(self, event: OrderEvent) -> bool:
        return self.status in _ALLOWED[type(event)]

    def apply(self, event: OrderEvent) -> bool:
        """Apply one event; return False when it changed nothing (a repeat).

        Raises:
            InvariantError: the event is not possible in this state, or belongs to another order.
        """
        if event.client_order_id != self.client_order_id:
            raise InvariantError(f"event of order {event.client_order_id} given to {self.client_order_id}")
        if type(event) not in _ALLOWED or not self.can_apply(event):
            raise InvariantError(f"{type(event).__name__} cannot follow {self.status} (order {self.client_order_id})")
        before = self.status
        changed = _HANDLERS[type(event)](self, event)
        if not changed:
            return False
        if before in _SOFT_TERMINAL and (self.is_open or (before is not S.FILLED and self.status is S.FILLED)):
            self.reopened += 1
        self.updated_ns = max(self.updated_ns, event.ns)
        self.events.append(event)
        return True

    # ------------------------------------------------------------ handlers: return whether anything changed
    def _to(self, status: OrderStatus) -> bool:
        changed = self.status is not status
        self.status = status
        return changed

    def _add_perm(self, perm_id: int | None) -> bool:
        if not perm_id or perm_id in self.perm_ids:
            return False
        self.perm_ids.add(perm_id)
        if len(self.perm_ids) > 1:
            self.knowledge = Knowledge.CONFLICT
            self.reason = f"the broker shows a second incarnation (permId {perm_id})"
        return True

    def _confirm(self) -> bool:
        if self.knowledge in (Knowledge.CONFIRMED, Knowledge.CONFLICT):
            return False
        self.knowledge = Knowledge.CONFIRMED
        return True

    def _settle(self, floor: OrderStatus) -> bool:
        """Set the state that fills imply, never below ``floor``."""
        filled = self.filled
        if filled and filled >= self.spec.quantity:
            if filled > self.spec.quantity:
                self.knowledge = Knowledge.CONFLICT
                self.reason = f"overfilled: {filled} of {self.spec.quantity}"
            self.pending = PendingRequest.NONE
            return self._to(S.FILLED)
        if filled and floor in (S.ACKED, S.WORKING, S.FILLED, S.PARTIAL):
            return self._to(S.PARTIAL)
        return self._to(floor)

    def _on_denied(self, event: OrderDenied) -> bool:
        self.reason = event.reason
        return self._to(S.DENIED)

    def _on_staged(self, event: OrderStaged) -> bool:
        self.broker_order_id = event.broker_order_id
        self.client_id = event.client_id
        return self._to(S.STAGED)

    def _on_sending(self, _: OrderSending) -> bool:
        return self._to(S.SENDING)

    def _on_sent(self, event: OrderSent) -> bool:
        self.session_epoch = event.session_epoch
        return self._to(S.SENT)

    def _on_acked(self, event: OrderAcked) -> bool:
        changed = self._add_perm(event.perm_id)
        if event.held_reason and event.held_reason != self.reason:
            self.reason = event.held_reason
            changed = True
        changed |= self._confirm()
        return self._settle(S.ACKED) or changed

    def _on_working(self, event: OrderWorking) -> bool:
        changed = self._add_perm(event.perm_id)
        changed |= self._confirm()
        return self._settle(S.WORKING) or changed

    def _on_filled(self, event: OrderFilled) -> bool:
        root, revision = execution_root(event.execution_id)
        known = self.fills.get(root)
        if known is not None and known.revision >= revision:
            return False
        self.fills[root] = Fill(
            execution_id=event.execution_id,
            revision=revision,
            quantity=event.quantity,
            price=event.price,
            event_ns=event.event_ns,
            exchange=event.exchange,
            ns=event.ns,
        )
        self._add_perm(event.perm_id)
        self._confirm()
        if self.status in (S.CANCELLED, S.REJECTED, S.EXPIRED) and self.filled < self.spec.quantity:
            return True  # the fill was on the wire: book it, the order stays over
        self._settle(S.WORKING if self.status in (S.PARTIAL, S.FILLED) else self._floor_after_fill())
        return True

    def _floor_after_fill(self) -> OrderStatus:
        return S.WORKING if self.status in (S.WORKING, S.SENT, S.UNKNOWN, S.LOST) else S.ACKED

    def _on_cancelled(self, event: OrderCancelled) -> bool:
        if self.filled and self.filled >= self.spec.quantity:
            return False  # a fill beats a cancel
        self.pending = PendingRequest.NONE
        self.requested = None
        self.reason = event.reason or self.reason
        self._confirm()
        return self._to(S.CANCELLED)

    def _on_rejected(self, event: OrderRejected) -> bool:
        if self.filled:
            return False  # a fill beats a rejection
        self.pending = PendingRequest.NONE
        self.requested = None
        self.reason = event.reason
        self._confirm()
        return self._to(S.REJECTED)

    def _on_inactive(self, event: OrderInactive) -> bool:
        self.reason = event.reason or self.reason
        changed = self._confirm()
        return self._settle(S.INACTIVE) or changed

    def _on_expired(self, event: OrderExpired) -> bool:
        if self.filled and self.filled >= self.spec.quantity:
            return False
        self.pending = PendingRequest.NONE
        self.requested = None
        self.reason = event.reason
        self._confirm()
        return self._to(S.EXPIRED)

    def _on_unknown(self, event: OrderUnknown) -> bool:
        self.reason = event.reason
        self.knowledge = Knowledge.STALE
        return self._to(S.UNKNOWN)

    def _on_lost(self, event: OrderLost) -> bool:
        self.pending = PendingRequest.NONE
        self.requested = None
        self.reason = event.reason
        return self._to(S.LOST)

    def _on_cancel_requested(self, _: OrderCancelRequested) -> bool:
        changed = self.pending is not PendingRequest.CANCEL
        self.pending = PendingRequest.CANCEL
        return changed

    def _on_cancel_refused(self, event: OrderCancelRefused) -> bool:
        changed = self.pending is PendingRequest.CANCEL
        if changed:
            self.pending = PendingRequest.NONE
        self.reason = event.reason
        return changed

    def _on_replace_requested(self, event: OrderReplaceRequested) -> bool:
        self.pending = PendingRequest.REPLACE
        self.requested = event.spec
        return True

    def _on_replaced(self, event: OrderReplaced) -> bool:
        changed = self.spec != event.spec
        self.spec = event.spec
        if self.pending is PendingRequest.REPLACE and (self.requested is None or self.requested == event.spec):
            self.pending = PendingRequest.NONE
            self.requested = None
            changed = True
        if self.status in (S.WORKING, S.PARTIAL, S.FILLED, S.ACKED):
            changed |= self._settle(S.WORKING if self.status is not S.ACKED else S.ACKED)
        return changed

    def _on_replace_refused(self, event: OrderReplaceRefused) -> bool:
        changed = self.pending is PendingRequest.REPLACE
        if changed:
            self.pending = PendingRequest.NONE
            self.requested = None
        self.reason = event.reason
        return changed

    def _on_stale(self, event: OrderStale) -> bool:
        if self.knowledge is Knowledge.CONFLICT:
            return False
        changed = self.knowledge is not Knowledge.STALE
        self.knowledge = Knowledge.STALE
        self.reason = event.reason
        return changed

    def _on_confirmed(self, _: OrderConfirmed) -> bool:
        return self._confirm()

    def _on_conflict(self, event: OrderConflict) -> bool:
        self.knowledge = Knowledge.CONFLICT
        self.reason = event.reason
        return True

    def _on_noted(self, _: OrderNoted) -> bool:
        return True

    def _on_commissioned(self, event: OrderCommissioned) -> bool:
        report = Commission(amount=event.commission, currency=event.currency, realized_pnl=event.realized_pnl)
        if self.commissions.get(event.execution_id) == report:
            return False
        self.commissions[event.execution_id] = report
        return True


_Handler = Callable[[Order, Any], bool]
_HANDLERS: Final[Mapping[type[OrderEvent], _Handler]] = {
    OrderDenied: Order._on_denied,
    OrderStaged: Order._on_staged,
    OrderSending: Order._on_sending,
    OrderSent: Order._on_sent,
    OrderAcked: Order._on_acked,
    OrderWorking: Order._on_working,
    OrderFilled: Order._on_filled,
    OrderCancelled: Order._on_cancelled,
    OrderRejected: Order._on_rejected,
    OrderInactive: Order._on_inactive,
    OrderExpired: Order._on_expired,
    OrderUnknown: Order._on_unknown,
    OrderLost: Order._on_lost,
    OrderCancelRequested: Order._on_cancel_requested,
    OrderCancelRefused: Order._on_cancel_refused,
    OrderReplaceRequested: Order._on_replace_requested,
    OrderReplaced: Order._on_replaced,
    OrderReplaceRefused: Order._on_replace_refused,
    OrderStale: Order._on_stale,
    OrderConfirmed: Order._on_confirmed,
    OrderConflict: Order._on_conflict,
    OrderNoted: Order._on_noted,
    OrderCommissioned: Order._on_commissioned,
}


def replay(events: list[OrderEvent]) -> Order:
    """Rebuild an order from its journaled events.

    Raises:
        InvariantError: the first event is not OrderInitialized, or one cannot follow the other.
    """
    first, *rest = events
    if not isinstance(first, OrderInitialized):
        raise InvariantError(f"an order starts with OrderInitialized, was {type(first).__name__}")
    order = Order(first)
    for event in rest:
        order.apply(event)
    return order
