# SPDX-License-Identifier: Apache-2.0
"""Reconciler: asks the broker for everything and makes both sides of one mind, visibly.

One path for start, reconnect, every doubt (a probe) and a routine look each minute. A failed query changes
nothing. Absence is proved by two polls at least 10 s apart. Positions are compared in `position_check`.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from terminal.clock import NS_PER_S, Clock, Timer
from terminal.errors import BrokerError
from terminal.model import events as e
from terminal.model.enums import Evidence, Knowledge, OrderStatus, PendingRequest
from terminal.model.ids import AccountId, ClientOrderId, InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.order import Order
from terminal.ports import BrokerTruth, ExecutionVenue
from terminal.trading.compare import describe, is_missing, session_over
from terminal.trading.halves import HalfBrackets
from terminal.trading.inbox import VenueInbox
from terminal.trading.index import OrderIndex
from terminal.trading.ledger import OrderLedger
from terminal.trading.link import LinkWatch
from terminal.trading.portfolio import Portfolio
from terminal.trading.position_check import POLL_APART_S, PositionCheck
from terminal.trading.sender import Sender

_log = structlog.get_logger("orders")

RETRY_S: Final = 5.0
ROUTINE_S: Final = 60.0
_POLL_APART_NS: Final = round(POLL_APART_S * NS_PER_S)
_REQUEST_NS: Final = 5 * NS_PER_S
_FIRST_SPACING_S: Final = 0.5
_LAST_SPACING_S: Final = 30.0
_ROUTINE: Final = "a routine look"
_UNEXPLAINED: Final = "something is not explained yet"
_REASONS_KEPT: Final = 1_000
Spawn = Callable[[str, Coroutine[Any, Any, object]], object]
Line = tuple[str, str, str]


@dataclass(slots=True)
class _Missing:
    first_ns: int
    """Monotonic: the broker's clock may jump, and a jump proves nothing."""
    polls: int = 1


class Reconciler:
    """Compares and repairs.

    Publishes: Reconciled.
    """

    def __init__(
        self,
        *,
        venue: ExecutionVenue,
        ledger: OrderLedger,
        index: OrderIndex,
        inbox: VenueInbox,
        portfolio: Portfolio,
        sender: Sender,
        halves: HalfBrackets,
        clock: Clock,
        link: LinkWatch,
        spawn: Spawn,
        publish: Callable[[object], None],
        account_id: Callable[[], AccountId],
        instrument_of: Callable[[InstrumentId], Instrument | None],
        on_reconciled: Callable[[], None],
    ) -> None:
        self._venue = venue
        self._ledger = ledger
        self._index = index
        self._inbox = inbox
        self._portfolio = portfolio
        self._sender = sender
        self._halves = halves
        self._clock = clock
        self._link = link
        self._spawn = spawn
        self._publish = publish
        self._account_id = account_id
        self._instrument_of = instrument_of
        self._on_reconciled = on_reconciled
        self._lock = asyncio.Lock()
        self._timer: Timer | None = None
        self._due_ns = 0
        self._last_ns = 0
        self._reasons: set[str] = set()
        self._fruitless: dict[str, int] = {}
        self._failures = 0
        self._missing: dict[ClientOrderId, _Missing] = {}
        self._positions = PositionCheck(
            ledger=ledger, portfolio=portfolio, clock=clock, instrument_of=instrument_of, ask=self.ask
        )
        self.probes = 0
        """How often the broker was asked because of a doubt."""

    # ------------------------------------------------------------ asking
    def ask(self, reason: str, delay_s: float = 1.0) -> None:
        """Ask the broker soon because of ``reason``; questions close together are one.

        The same question is asked ever more rarely while the answers change nothing; a new one never waits for it.
        """
        if not self._link.connected:
            return  # the reconnect asks everything
        if reason is not _ROUTINE:
            _log.info("the broker will be asked", reason=reason)
        now = self._clock.monotonic_ns()
        self._reasons.add(reason)
        spacing_s = min(_FIRST_SPACING_S * 2 ** self._fruitless.get(reason, 0), _LAST_SPACING_S)
        due = max(now + round(delay_s * NS_PER_S), self._last_ns + round(spacing_s * NS_PER_S))
        if self._timer is not None:
            if self._due_ns <= due:
                return
            self._timer.cancel()
        self._due_ns = due
        self._timer = self._clock.call_later((due - now) / NS_PER_S, self._start_probe)

    def _start_probe(self) -> None:
        self._timer = None
        if self._link.connected:
            self.probes += 1
            self._spawn("probe", self._compare(full=not self._link.reconciled))

    async def reconcile(self) -> e.Reconciled:
        """Fetch the broker's truth and apply it; a failed query changes nothing and is asked again."""
        return await self._compare(full=True)

    async def _compare(self, *, full: bool) -> e.Reconciled:
        async with self._lock:
            asked = {
                order.client_order_id: len(order.events)
                for order in self._index.open()
                if not self._sender.is_waiting(order.client_order_id)
            }
            session = self._link.session
            try:
                truth = await self._venue.truth(self._account_id())
            except BrokerError as fault:
                return self._failed(fault, full=full)
            finally:
                self._last_ns = self._clock.monotonic_ns()
            if session != self._link.session or not self._link.connected:
                return self._failed(BrokerError(0, "the connection changed while the broker was asked"), full=full)
            return self._apply(truth, asked, full=full)

    def _failed(self, fault: BrokerError, *, full: bool) -> e.Reconciled:
        wait_s = min(RETRY_S * 2**self._failures, _LAST_SPACING_S)
        self._failures += 1
        line = ("", f"no complete answer: {fault.text}", f"nothing changed; asked again in {wait_s:g} s")
        result = e.Reconciled(ns=self._clock.now_ns(), clean=False, lines=(line,))
        if full:  # a probe that fails leaves what was agreed on, and its doubt is shown at the order
            self._publish(result)
        self.ask("the last query failed", wait_s)
        return result

    # ------------------------------------------------------------ applying
    def _apply(self, truth: BrokerTruth, asked: Mapping[ClientOrderId, int], *, full: bool) -> e.Reconciled:
        self._failures = 0
        account = self._account_id()
        self._positions.begin(account)
        before = {order.client_order_id: (order, describe(order)) for order in self._index.open()}
        known = len(self._index)
        shown, ended = self._apply_orders(truth)
        self._settle_requests(shown)
        self._halves.look(lambda order: order.client_order_id not in shown | ended and self._second_poll(order))
        unresolved = self._apply_absence(shown | ended, asked)
        lines = [
            (was, f"{order.status.value}, {order.filled} filled", order.reason or "taken over from the broker")
            for order, was in before.values()
            if describe(order) != was
        ]
        lines += [("not known", describe(order), "adopted as external") for order in self._index.all()[known:]]
        gap_lines, open_gaps = self._positions.compare(account, truth)
        lines += gap_lines
        self._confirm(shown | ended)
        self._note_fruit(fruitful=bool(lines))
        clean = not unresolved and not open_gaps
        if clean:
            self.ask(_ROUTINE, ROUTINE_S)
        else:
            self.ask(_UNEXPLAINED, self._until_proof_s())
        result = e.Reconciled(ns=self._clock.now_ns(), clean=clean, lines=tuple(lines))
        if full or lines:
            self._ledger.write([result])
            self._publish(result)
        if clean and self._link.connected and not self._link.reconciled:
            self._link.reconciled = True
            self._on_reconciled()
        return result

    def _until_proof_s(self) -> float:
        """Return when the next poll can prove something: 10 s after the first that saw it."""
        now = self._clock.monotonic_ns()
        firsts = [each.first_ns for each in self._missing.values() if each.polls == 1]
        firsts += self._positions.first_seen()
        waits = [first + _POLL_APART_NS - now for first in firsts if first + _POLL_APART_NS > now]
        return min(waits) / NS_PER_S if waits else POLL_APART_S

    def _note_fruit(self, *, fruitful: bool) -> None:
        asked, self._reasons = self._reasons, set()
        if fruitful or len(self._fruitless) > _REASONS_KEPT:
            self._fruitless.clear()
            return
        for reason in asked - {_UNEXPLAINED, _ROUTINE}:  # these have their own times
            self._fruitless[reason] = self._fruitless.get(reason, 0) + 1

    def _apply_orders(self, truth: BrokerTruth) -> tuple[set[ClientOrderId], set[ClientOrderId]]:
        shown, ended = set(), set()
        for opened in truth.open_orders:
            order = self._inbox.on_listed(opened)
            if order is not None:
                shown.add(order.client_order_id)
        for execution in truth.executions:
            self._inbox.on_execution(execution)
        self._inbox.settle()
        for commission in truth.commissions:
            self._inbox.on_commission(commission)
        for completed in truth.completed_orders:
            order = self._inbox.on_completed(completed)
            if order is not None:
                ended.add(order.client_order_id)
        return shown, ended

    def _settle_requests(self, shown: set[ClientOrderId]) -> None:
        """A request that the broker shows no trace of after 5 s did not arrive: it may be asked again."""
        now = self._clock.now_ns()
        for order in self._index.open():
            if order.client_order_id not in shown or order.pending is PendingRequest.NONE:
                continue
            asked = _asked_ns(order)
            if asked is None or 0 <= now - asked < _REQUEST_NS:
                continue
            coid, reason = order.client_order_id, "the broker shows no trace of the request; ask again if you want it"
            if order.pending is PendingRequest.CANCEL:
                self._ledger.record([e.OrderCancelRefused(client_order_id=coid, ns=now, code=0, reason=reason)])
            else:
                self._ledger.record([e.OrderReplaceRefused(client_order_id=coid, ns=now, code=0, reason=reason)])

    def _apply_absence(self, seen: set[ClientOrderId], asked: Mapping[ClientOrderId, int]) -> bool:
        """Treat open orders that the broker names nowhere; return whether one still lacks its proof."""
        unresolved = False
        now, elapsed = self._clock.now_ns(), self._clock.monotonic_ns()
        for order in self._index.open():
            coid = order.client_order_id
            if coid in seen:
                self._missing.pop(coid, None)
                continue
            if asked.get(coid) != len(order.events) or not is_missing(order):
                continue  # sent or heard of while the broker was being asked: the next poll tells
            missing = self._missing.get(coid)
            if missing is None:
                self._missing[coid] = _Missing(first_ns=elapsed)
                if order.status is not OrderStatus.UNKNOWN:
                    reason = "neither among the broker's open nor its completed orders"
                    self._ledger.record([e.OrderUnknown(client_order_id=coid, ns=now, reason=reason)])
                unresolved = True
                continue
            if not self._second_poll(order):
                unresolved = True
                continue
            missing.polls += 1
            if not self._prove_absence(order, now):
                unresolved |= missing.polls <= 2  # after that the person decides; its instrument is frozen
        self._missing = {coid: each for coid, each in self._missing.items() if self._still_open(coid)}
        return unresolved

    def _second_poll(self, order: Order) -> bool:
        """Say whether an order was absent long enough ago that its absence now proves something."""
        missing = self._missing.get(order.client_order_id)
        return missing is not None and self._clock.monotonic_ns() - missing.first_ns >= _POLL_APART_NS

    def _still_open(self, coid: ClientOrderId) -> bool:
        order = self._index.get(coid)
        return order is not None and order.is_open

    def _prove_absence(self, order: Order, now: int) -> bool:
        coid = order.client_order_id
        if session_over(order, self._instrument_of(order.instrument_id), now) and order.perm_ids:
            reason = "its trading day is over and the broker no longer has it"
            self._ledger.record([e.OrderExpired(client_order_id=coid, ns=now, reason=reason, evidence=Evidence.LOCAL)])
            return True
        if not self._is_beyond_reach(order):
            return False
        reason = "absent from the broker's open orders, completed orders and executions in two polls"
        self._ledger.record([e.OrderLost(client_order_id=coid, ns=now, reason=reason)])
        return True

    def _is_beyond_reach(self, order: Order) -> bool:
        """Say whether its bytes cannot arrive any more: an earlier session, a used id, or a newer order accepted."""
        if not order.is_own or self._sender.sent_in(order.client_order_id) < self._link.session:
            return True
        broker_id = order.broker_order_id or 0
        if broker_id < self._venue.next_order_id_floor():
            return True
        return any(
            (other.broker_order_id or 0) > broker_id and other.perm_ids and other.client_id == order.client_id
            for other in self._index.all()
        )

    def _confirm(self, seen: set[ClientOrderId]) -> None:
        now = self._clock.now_ns()
        for coid in seen:
            order = self._index.get(coid)
            if order is None or order.knowledge not in (Knowledge.STALE, Knowledge.ASSUMED):
                continue
            if order.status is not OrderStatus.UNKNOWN and self._inbox.claimed(coid) <= order.filled:
                self._ledger.record([e.OrderConfirmed(client_order_id=coid, ns=now)])

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _asked_ns(order: Order) -> int | None:
    """Return when the pending request was made."""
    kind = e.OrderCancelRequested if order.pending is PendingRequest.CANCEL else e.OrderReplaceRequested
    return next((event.ns for event in reversed(order.events) if isinstance(event, kind)), None)
