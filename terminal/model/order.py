# SPDX-License-Identifier: Apache-2.0
"""Order: what we asked for and everything the venue has said since.

The order never asks; it is told. `apply` is the only way to change it, so replaying the journal rebuilds
exactly the order that was on screen. Three axes that are never mixed: life cycle (``status``), pending
request and knowledge. Quantities come from the execution ledger alone. Who wins, strong to weak: executions,
completedOrder, openOrder, orderStatus, error text, our own assumptions.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from terminal.errors import InvariantError
from terminal.model import events as e
from terminal.model.enums import Evidence, Knowledge, PendingRequest
from terminal.model.enums import OrderStatus as S
from terminal.model.ids import execution_root
from terminal.model.order_record import Commission, Fill, OrderRecord, same_terms
from terminal.model.order_states import ALLOWED, LIVE_AT_BROKER, SOFT_TERMINAL

__all__ = ["Commission", "Fill", "Order", "replay", "same_terms"]

_STAYS_CLOSED: Final = frozenset({S.CANCELLED, S.EXPIRED})
"""A late fill is booked here, the rest of the order stays over; a rejected or lost order that fills is alive."""


class Order(OrderRecord):
    """One order intent and its history.

    Raises on `apply`:
        InvariantError: the event cannot follow the state by any reading of the broker's behaviour.
    """

    # ------------------------------------------------------------ what it is told
    def can_apply(self, event: e.OrderEvent) -> bool:
        return self.status in ALLOWED[type(event)]

    def apply(self, event: e.OrderEvent) -> bool:
        """Apply one event; return False when it changed nothing (a repeat, or weaker than what we know).

        Raises:
            InvariantError: the event is not possible in this state, or belongs to another order.
        """
        if event.client_order_id != self.client_order_id:
            raise InvariantError(f"event of order {event.client_order_id} given to {self.client_order_id}")
        if type(event) not in ALLOWED or not self.can_apply(event):
            raise InvariantError(f"{type(event).__name__} cannot follow {self.status} (order {self.client_order_id})")
        before = self.status
        if not _HANDLERS[type(event)](self, event):
            return False
        if before in SOFT_TERMINAL and (self.is_open or (before is not S.FILLED and self.status is S.FILLED)):
            self.reopened += 1
        if not self.is_terminal:
            self.closed_by = None
        self.updated_ns = max(self.updated_ns, event.ns)
        self.events.append(event)
        return True

    # ------------------------------------------------------------ parts of handlers; all say whether anything changed,
    # and change nothing when they say no: an unjournaled change would be lost by the next replay
    def _to(self, status: S) -> bool:
        changed = self.status is not status
        self.status = status
        return changed

    def _say(self, reason: str) -> bool:
        if not reason or reason == self.reason:
            return False
        self.reason = reason
        return True

    def _clear_pending(self) -> bool:
        changed = self.pending is not PendingRequest.NONE
        self.pending = PendingRequest.NONE
        self.requested = None
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
        if self._doubt and self.reason == self._doubt:
            self.reason = ""
        self._doubt = ""
        return True

    def _doubt_it(self, reason: str) -> bool:
        if self.knowledge is Knowledge.CONFLICT:
            return False
        new = bool(reason) and (self._doubt != reason or self.reason != reason)
        changed = new or self.knowledge is not Knowledge.STALE
        self.knowledge = Knowledge.STALE
        if reason:
            self._doubt = self.reason = reason
        return changed

    def _yields_to(self, evidence: Evidence) -> bool:
        return not self.is_terminal or self.closed_by is None or evidence.outranks(self.closed_by)

    def _close(self, status: S, evidence: Evidence, reason: str) -> bool:
        if not self._yields_to(evidence):
            return False
        if self.status is S.REJECTED and status is S.CANCELLED:
            status = S.REJECTED  # the same end in other words: the refusal is the better one
            reason = ""
        changed = self._to(status)
        changed |= self.closed_by is not evidence
        self.closed_by = evidence
        changed |= self._clear_pending()
        changed |= self._confirm()
        return self._say(reason) or changed

    def _settle(self, floor: S) -> bool:
        """Set the state that the fills imply; ``floor`` where they imply none."""
        if self.filled and self.filled >= self.spec.quantity:
            if self.requested is not None and self.requested.quantity > self.filled:
                return self._to(S.PARTIAL)  # a growing change may be alive at the broker: not over yet
            return self._fill_up()
        if self.filled and floor in (S.ACKED, S.WORKING):
            return self._to(S.PARTIAL)
        return self._to(floor)

    def _fill_up(self) -> bool:
        changed = self._clear_pending()
        if self.filled > self.spec.quantity:
            self.knowledge = Knowledge.CONFLICT
            changed |= self._say(f"overfilled: {self.filled} of {self.spec.quantity}")
        changed |= self.closed_by is not Evidence.EXECUTION
        self.closed_by = Evidence.EXECUTION
        return self._to(S.FILLED) or changed

    # ------------------------------------------------------------ before the broker has spoken
    def _on_denied(self, event: e.OrderDenied) -> bool:
        self.reason = event.reason
        return self._to(S.DENIED)

    def _on_adopted(self, event: e.OrderAdopted) -> bool:
        self.broker_order_id = event.broker_order_id
        self.client_id = event.client_id
        self._add_perm(event.perm_id)
        self._confirm()
        return self._to(S.ACKED)

    def _on_staged(self, event: e.OrderStaged) -> bool:
        self.broker_order_id = event.broker_order_id
        self.client_id = event.client_id
        return self._to(S.STAGED)

    def _on_sending(self, _: e.OrderSending) -> bool:
        return self._to(S.SENDING)

    def _on_sent(self, event: e.OrderSent) -> bool:
        changed = self.session_epoch != event.session_epoch
        self.session_epoch = event.session_epoch
        return self._to(S.SENT) if self.status is S.SENDING else changed

    def _on_unknown(self, event: e.OrderUnknown) -> bool:
        changed = self._doubt_it(event.reason)
        return self._to(S.UNKNOWN) or changed

    def _on_lost(self, event: e.OrderLost) -> bool:
        return self._close(S.LOST, Evidence.LOCAL, event.reason)

    # ------------------------------------------------------------ what the broker shows
    def _on_acked(self, event: e.OrderAcked) -> bool:
        changed = self._add_perm(event.perm_id)
        if not self._yields_to(event.evidence):
            return changed
        changed |= self._say(event.held_reason)
        changed |= self._confirm()
        return self._settle(S.ACKED) or changed

    def _on_working(self, event: e.OrderWorking) -> bool:
        changed = self._add_perm(event.perm_id)
        if not self._yields_to(event.evidence):
            return changed
        changed |= self._confirm()
        return self._settle(S.WORKING) or changed

    def _on_inactive(self, event: e.OrderInactive) -> bool:
        if not self._yields_to(event.evidence):
            return False
        changed = self._say(event.reason)
        changed |= self._confirm()
        return self._settle(S.INACTIVE) or changed

    def _on_cancelled(self, event: e.OrderCancelled) -> bool:
        return self._close(S.CANCELLED, event.evidence, event.reason)

    def _on_expired(self, event: e.OrderExpired) -> bool:
        return self._close(S.EXPIRED, event.evidence, event.reason)

    def _on_rejected(self, event: e.OrderRejected) -> bool:
        seen_alive = self.status in LIVE_AT_BROKER - {S.INACTIVE}
        if self.filled or (event.evidence is Evidence.ERROR and seen_alive):
            return False  # fills and broker evidence beat the text of an error
        return self._close(S.REJECTED, event.evidence, event.reason)

    def _on_filled(self, event: e.OrderFilled) -> bool:
        root, revision = execution_root(event.execution_id)
        known = self.fills.get(root)
        if known is not None and known.revision >= revision:
            return False
        if known is not None:
            self.filled -= known.quantity
            self._filled_value -= known.quantity * known.price
        self.fills[root] = Fill(
            execution_id=event.execution_id,
            revision=revision,
            quantity=event.quantity,
            price=event.price,
            event_ns=event.event_ns,
            exchange=event.exchange,
            ns=event.ns,
        )
        self.filled += event.quantity
        self._filled_value += event.quantity * event.price
        self._add_perm(event.perm_id)
        complete = self.filled >= self.spec.quantity
        if self.status is S.FILLED and not complete:
            # WORKAROUND: a bust does not say whether the rest works again; count it as exposure and ask
            self._to(S.PARTIAL if self.filled else S.WORKING)
            self._doubt_it("an execution was corrected: is the rest still working?")
            return True
        self._confirm()
        if complete or self.status not in _STAYS_CLOSED:
            self._settle(S.INACTIVE if self.status is S.INACTIVE and not self.filled else S.WORKING)
        return True

    # ------------------------------------------------------------ requests of ours
    def _on_cancel_requested(self, _: e.OrderCancelRequested) -> bool:
        changed = self.pending is not PendingRequest.CANCEL
        self.pending = PendingRequest.CANCEL
        return changed

    def _on_cancel_refused(self, event: e.OrderCancelRefused) -> bool:
        if self.pending is not PendingRequest.CANCEL:
            return False
        self.pending = PendingRequest.NONE if self.requested is None else PendingRequest.REPLACE
        self._say(event.reason)
        return True

    def _on_replace_requested(self, event: e.OrderReplaceRequested) -> bool:
        self.pending = PendingRequest.REPLACE
        self.requested = event.spec
        return True

    def _on_replaced(self, event: e.OrderReplaced) -> bool:
        grows = event.spec.quantity > self.filled
        if self.is_terminal and not (self.status is S.FILLED and grows):
            return False
        changed = self.spec != event.spec
        self.spec = event.spec
        if self.requested is not None and same_terms(self.requested, event.spec):
            self.requested = None
            if self.pending is PendingRequest.REPLACE:
                self.pending = PendingRequest.NONE
            changed = True
        if not changed:
            return False
        if self.status in (S.WORKING, S.PARTIAL, S.FILLED):
            self._settle(S.WORKING)
        elif self.filled and self.filled >= self.spec.quantity:
            self._settle(self.status)
        return True

    def _on_replace_refused(self, event: e.OrderReplaceRefused) -> bool:
        if self.requested is None:
            return False
        self.requested = None
        if self.pending is PendingRequest.REPLACE:
            self.pending = PendingRequest.NONE
        self._say(event.reason)
        if self.status in (S.WORKING, S.PARTIAL):
            self._settle(S.WORKING)
        return True

    # ------------------------------------------------------------ knowledge and remarks
    def _on_stale(self, event: e.OrderStale) -> bool:
        return self._doubt_it(event.reason)

    def _on_confirmed(self, _: e.OrderConfirmed) -> bool:
        return self._confirm()

    def _on_conflict(self, event: e.OrderConflict) -> bool:
        changed = self.knowledge is not Knowledge.CONFLICT
        self.knowledge = Knowledge.CONFLICT
        return self._say(event.reason) or changed

    def _on_noted(self, _: e.OrderNoted) -> bool:
        return True

    def _on_commissioned(self, event: e.OrderCommissioned) -> bool:
        report = Commission(amount=event.commission, currency=event.currency, realized_pnl=event.realized_pnl)
        if self.commissions.get(event.execution_id) == report:
            return False
        self.commissions[event.execution_id] = report
        return True


_Handler = Callable[[Order, Any], bool]
_HANDLERS: Final[Mapping[type[e.OrderEvent], _Handler]] = {
    e.OrderDenied: Order._on_denied,
    e.OrderAdopted: Order._on_adopted,
    e.OrderStaged: Order._on_staged,
    e.OrderSending: Order._on_sending,
    e.OrderSent: Order._on_sent,
    e.OrderAcked: Order._on_acked,
    e.OrderWorking: Order._on_working,
    e.OrderFilled: Order._on_filled,
    e.OrderCancelled: Order._on_cancelled,
    e.OrderRejected: Order._on_rejected,
    e.OrderInactive: Order._on_inactive,
    e.OrderExpired: Order._on_expired,
    e.OrderUnknown: Order._on_unknown,
    e.OrderLost: Order._on_lost,
    e.OrderCancelRequested: Order._on_cancel_requested,
    e.OrderCancelRefused: Order._on_cancel_refused,
    e.OrderReplaceRequested: Order._on_replace_requested,
    e.OrderReplaced: Order._on_replaced,
    e.OrderReplaceRefused: Order._on_replace_refused,
    e.OrderStale: Order._on_stale,
    e.OrderConfirmed: Order._on_confirmed,
    e.OrderConflict: Order._on_conflict,
    e.OrderNoted: Order._on_noted,
    e.OrderCommissioned: Order._on_commissioned,
}


def replay(events: Iterable[e.OrderEvent]) -> Order:
    """Rebuild an order from its journaled events.

    Raises:
        InvariantError: the first event is not e.OrderInitialized, or one cannot follow the other.
    """
    first, *rest = events
    if not isinstance(first, e.OrderInitialized):
        raise InvariantError(f"an order starts with OrderInitialized, was {type(first).__name__}")
    order = Order(first)
    for event in rest:
        order.apply(event)
    return order
