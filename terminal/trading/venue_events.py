# SPDX-License-Identifier: Apache-2.0
"""Venue event -> order events: what a word of the broker means for the order as it stands.

Pure mapping, one function per message (reliability table 2b). It decides nothing about sending, timers or
the journal; what must be asked of the broker comes back as ``probe``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from terminal.model import events as e
from terminal.model.enums import Evidence, OrderStatus, PendingRequest
from terminal.model.order import Order, same_terms
from terminal.model.order_states import UNCONFIRMED
from terminal.trading.codes import CodeClass, order_code

S = OrderStatus

_ACKED: Final = frozenset({"PreSubmitted", "PendingSubmit", "ApiPending"})
_WORKING: Final = frozenset({"Submitted", "ApiUpdate"})
_CANCELLED: Final = frozenset({"Cancelled", "ApiCancelled"})
_NO_ANSWER_YET: Final = UNCONFIRMED | {S.UNKNOWN, S.LOST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What to apply to the order, and what to ask the broker (in words; empty means nothing)."""

    events: tuple[e.OrderEvent, ...] = ()
    probe: str = ""
    read_only: bool = False


def _has_refusal(order: Order) -> bool:
    """Say whether the broker gave a rejection code for it (it then calls the refused order Inactive)."""
    return any(
        isinstance(event, e.OrderNoted) and order_code(event.code).kind is CodeClass.REJECT
        for event in order.events[-6:]
    )


def _last_refusal(order: Order) -> e.OrderNoted:
    return next(
        event
        for event in reversed(order.events)
        if isinstance(event, e.OrderNoted) and order_code(event.code).kind is CodeClass.REJECT
    )


def read_status(
    order: Order,
    status: str,
    *,
    ns: int,
    evidence: Evidence,
    perm_id: int | None = None,
    why_held: str = "",
    filled: Decimal | None = None,
) -> Reading:
    """Read a status word of orderStatus or openOrder. ``filled`` is the broker's cumulated quantity, if told."""
    coid = order.client_order_id
    if status in _ACKED:
        held = f"held: {why_held}" if why_held else ""
        events = [e.OrderAcked(client_order_id=coid, ns=ns, perm_id=perm_id, held_reason=held, evidence=evidence)]
        return _refused_by_end(order, events, evidence)
    if status in _WORKING:
        return _refused_by_end(
            order, [e.OrderWorking(client_order_id=coid, ns=ns, perm_id=perm_id, evidence=evidence)], evidence
        )
    if status == "PendingCancel":
        pending: list[e.OrderEvent] = _first_evidence(order, ns, perm_id, evidence)
        if order.is_open:
            pending.append(e.OrderCancelRequested(client_order_id=coid, ns=ns, actor="broker"))
        return Reading(events=tuple(pending))
    if status in _CANCELLED:
        reason = order.reason if order.status is S.REJECTED else ""
        return Reading(events=(e.OrderCancelled(client_order_id=coid, ns=ns, reason=reason, evidence=evidence),))
    if status == "Filled":
        return _read_filled(order, ns=ns, evidence=evidence, perm_id=perm_id, filled=filled)
    if status == "Inactive":
        return _read_inactive(order, ns=ns, evidence=evidence, why_held=why_held)
    conflict = e.OrderConflict(client_order_id=coid, ns=ns, reason=f"the broker uses an unknown status {status!r}")
    return Reading(events=(conflict,), probe=f"unknown status {status!r}")


def _refused_by_end(order: Order, events: Sequence[e.OrderEvent], evidence: Evidence) -> Reading:
    """A finished order that the broker calls alive in equally strong words: ask for stronger ones."""
    over = order.is_terminal and order.closed_by is not None and not evidence.outranks(order.closed_by)
    if over and order.status is not S.FILLED:
        return Reading(events=tuple(events), probe=f"the broker calls a finished order ({order.status.value}) alive")
    return Reading(events=tuple(events))


def _first_evidence(order: Order, ns: int, perm_id: int | None, evidence: Evidence) -> list[e.OrderEvent]:
    if order.status in _NO_ANSWER_YET:
        return [e.OrderAcked(client_order_id=order.client_order_id, ns=ns, perm_id=perm_id, evidence=evidence)]
    return []


def _read_filled(order: Order, *, ns: int, evidence: Evidence, perm_id: int | None, filled: Decimal | None) -> Reading:
    """Filled is a claim: quantities come from executions alone."""
    coid = order.client_order_id
    events = _first_evidence(order, ns, perm_id, evidence)
    claimed = filled if filled is not None else order.spec.quantity
    if order.filled >= claimed:
        if order.requested is not None:  # it filled under the old terms before the change came through
            events.append(
                e.OrderReplaceRefused(client_order_id=coid, ns=ns, code=104, reason="filled before the change")
            )
        return Reading(events=tuple(events))
    return Reading(events=(*events, _gap(order, ns, claimed)), probe="executions are missing")


def _gap(order: Order, ns: int, claimed: Decimal) -> e.OrderStale:
    reason = f"the broker says {claimed} filled, executions say {order.filled}"
    return e.OrderStale(client_order_id=order.client_order_id, ns=ns, reason=reason)


def _read_inactive(order: Order, *, ns: int, evidence: Evidence, why_held: str) -> Reading:
    coid = order.client_order_id
    if order.status is S.REJECTED:
        return Reading()  # the same refusal in other words
    if _has_refusal(order) and not order.filled:
        note = _last_refusal(order)
        rejected = e.OrderRejected(
            client_order_id=coid, ns=ns, code=note.code, reason=note.text, evidence=Evidence.ERROR
        )
        held = e.OrderInactive(client_order_id=coid, ns=ns, evidence=evidence)
        return Reading(events=(held, rejected))
    reason = f"held by the broker: {why_held}" if why_held else "held by the broker"
    return Reading(events=(e.OrderInactive(client_order_id=coid, ns=ns, reason=reason, evidence=evidence),))


def read_open_order(order: Order, event: e.VenueOrderOpened) -> Reading:
    """Read openOrder: identity, acknowledged terms, status."""
    reading = read_status(order, event.status, ns=event.ns, evidence=Evidence.OPEN_ORDER, perm_id=event.perm_id or None)
    if order.spec == event.spec and order.requested is None:
        return reading
    if order.spec == event.spec and order.requested is not None and not same_terms(order.requested, event.spec):
        return reading  # still the old terms: the change is not through
    replaced = e.OrderReplaced(client_order_id=order.client_order_id, ns=event.ns, spec=event.spec)
    return Reading(events=(*reading.events, replaced), probe=reading.probe)


def read_order_status(order: Order, event: e.VenueOrderStatus) -> Reading:
    """Read orderStatus; a cumulated quantity above our executions is a gap to be asked about."""
    reading = read_status(
        order,
        event.status,
        ns=event.ns,
        evidence=Evidence.STATUS,
        perm_id=event.perm_id or None,
        why_held=event.why_held,
        filled=event.filled,
    )
    if event.filled > order.filled and event.status != "Filled":
        gap = _gap(order, event.ns, event.filled)
        return Reading(events=(*reading.events, gap), probe="executions are missing")
    return reading


def read_execution(order: Order, event: e.VenueExecution) -> Reading:
    """Read execDetails: it beats everything."""
    filled = e.OrderFilled(
        client_order_id=order.client_order_id,
        ns=event.ns,
        execution_id=event.execution_id,
        side=event.side,
        quantity=event.quantity,
        price=event.price,
        event_ns=event.event_ns,
        exchange=event.exchange,
        perm_id=event.perm_id or None,
    )
    return Reading(events=(filled,))


def read_commission(order: Order, event: e.VenueCommission) -> Reading:
    report = e.OrderCommissioned(
        client_order_id=order.client_order_id,
        ns=event.ns,
        execution_id=event.execution_id,
        commission=event.commission,
        currency=event.currency,
        realized_pnl=event.realized_pnl,
    )
    return Reading(events=(report,))


def read_completed(order: Order, event: e.VenueOrderCompleted) -> Reading:
    """Read completedOrder: how an order of today ended."""
    coid, ns = order.client_order_id, event.ns
    words = event.completed_status or event.status
    if event.status == "Filled":
        if order.filled >= order.spec.quantity or (event.filled and order.filled >= event.filled):
            return Reading(events=_closed_short(order, event))
        corrected = any(fill.revision > 1 for fill in order.fills.values())
        if corrected:
            reason = "over at the broker, and an execution of it was corrected"
            return Reading(
                events=(e.OrderCancelled(client_order_id=coid, ns=ns, reason=reason, evidence=Evidence.COMPLETED),)
            )
        claimed = event.filled or order.spec.quantity
        return Reading(events=(_gap(order, ns, claimed),), probe="executions are missing")
    if event.status in _CANCELLED:
        if "expire" in words.lower():
            expired = e.OrderExpired(client_order_id=coid, ns=ns, reason=words, evidence=Evidence.COMPLETED)
            return Reading(events=(expired,))
        return Reading(
            events=(e.OrderCancelled(client_order_id=coid, ns=ns, reason=words, evidence=Evidence.COMPLETED),)
        )
    if event.status == "Inactive":
        rejected = e.OrderRejected(
            client_order_id=coid, ns=ns, code=0, reason=order.reason or words, evidence=Evidence.COMPLETED
        )
        return Reading(events=(rejected,))
    return Reading(events=(e.OrderNoted(client_order_id=coid, ns=ns, code=0, text=f"completed: {words}"),))


def _closed_short(order: Order, event: e.VenueOrderCompleted) -> tuple[e.OrderEvent, ...]:
    """An order that the broker calls filled with fewer units than its terms say is over all the same."""
    if order.status is S.FILLED or not order.is_open:
        return ()
    coid = order.client_order_id
    if order.requested is not None and order.filled >= order.spec.quantity:
        return (e.OrderReplaceRefused(client_order_id=coid, ns=event.ns, code=104, reason="filled before the change"),)
    return (
        e.OrderCancelled(
            client_order_id=coid,
            ns=event.ns,
            reason=f"over at the broker with {order.filled} filled",
            evidence=Evidence.COMPLETED,
        ),
    )


def read_error(order: Order, event: e.VenueOrderError) -> Reading:
    """Read error(): a text never ends an order that the broker has shown alive."""
    code = order_code(event.code)
    coid, ns = order.client_order_id, event.ns
    text = event.text or code.meaning
    note = e.OrderNoted(client_order_id=coid, ns=ns, code=event.code, text=text)
    match code.kind:
        case CodeClass.NOTICE:
            return Reading(events=(note,))
        case CodeClass.HELD:
            held = e.OrderAcked(client_order_id=coid, ns=ns, held_reason=text, evidence=Evidence.ERROR)
            return Reading(events=(note, held) if order.is_open and order.status is not S.INACTIVE else (note,))
        case CodeClass.MODIFY_REFUSED:
            return _read_modify_refusal(order, event, note, text)
        case CodeClass.CANCEL_REFUSED:
            refused = e.OrderCancelRefused(client_order_id=coid, ns=ns, code=event.code, reason=text)
            return Reading(events=(note, refused), probe=f"error {event.code}: {text}")
        case CodeClass.REJECT:
            return _read_rejection(order, event, note, text)
        case CodeClass.AMBIGUOUS:
            doubt: tuple[e.OrderEvent, ...] = (note,)
            if order.status in UNCONFIRMED:
                doubt = (note, e.OrderUnknown(client_order_id=coid, ns=ns, reason=text))
            elif order.is_open:
                doubt = (note, e.OrderStale(client_order_id=coid, ns=ns, reason=text))
            return Reading(events=doubt, probe=f"error {event.code}: {text}")
        case CodeClass.NEVER_SENT:
            return _read_never_sent(order, event, note, text)
        case CodeClass.CANCELLED:
            over = order.status in (S.CANCELLED, S.REJECTED, S.EXPIRED, S.FILLED)
            return Reading(events=(note,), probe="" if over else f"error {event.code}: {text}")
        case CodeClass.UNKNOWN:
            return Reading(events=(note,), probe=f"error {event.code}: {text}")


def _read_never_sent(order: Order, event: e.VenueOrderError, note: e.OrderNoted, text: str) -> Reading:
    coid, ns = order.client_order_id, event.ns
    if order.status in UNCONFIRMED and not order.perm_ids:
        return Reading(events=(note, e.OrderLost(client_order_id=coid, ns=ns, reason=f"not sent: {text}")))
    refused = e.OrderReplaceRefused(client_order_id=coid, ns=ns, code=event.code, reason=f"not sent: {text}")
    return Reading(events=(note, refused) if order.requested is not None else (note,))


def _read_modify_refusal(order: Order, event: e.VenueOrderError, note: e.OrderNoted, text: str) -> Reading:
    if order.requested is None:
        return Reading(events=(note,), probe=f"error {event.code}: {text}")
    refused = e.OrderReplaceRefused(client_order_id=order.client_order_id, ns=event.ns, code=event.code, reason=text)
    return Reading(events=(note, refused), probe="the change was refused: which terms stand?")


def _read_rejection(order: Order, event: e.VenueOrderError, note: e.OrderNoted, text: str) -> Reading:
    coid, ns = order.client_order_id, event.ns
    probe = f"error {event.code}: {text}"
    if order.pending is PendingRequest.REPLACE and order.status not in UNCONFIRMED:
        refused = e.OrderReplaceRefused(client_order_id=coid, ns=ns, code=event.code, reason=text)
        return Reading(events=(note, refused), probe=probe)
    if order.pending is PendingRequest.CANCEL and order.status not in UNCONFIRMED:
        unable = e.OrderCancelRefused(client_order_id=coid, ns=ns, code=event.code, reason=text)
        return Reading(events=(note, unable), probe=probe)
    rejected = e.OrderRejected(client_order_id=coid, ns=ns, code=event.code, reason=text, evidence=Evidence.ERROR)
    silent = order.status in UNCONFIRMED or (order.status in (S.UNKNOWN, S.LOST) and not order.perm_ids)
    if silent or order.status is S.INACTIVE:
        return Reading(events=(note, rejected))
    return Reading(events=(note,), probe="" if order.status is S.REJECTED else probe)
