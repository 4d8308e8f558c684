# SPDX-License-Identifier: Apache-2.0
"""Reconciler: asks the broker for everything and makes both sides of one mind, visibly.

One path for start, reconnect and every doubt (a probe). A failed query changes nothing. Absence is proved by
two polls at least 10 s apart; a position that does not add up is corrected, flagged, after two as well.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import structlog

from terminal.clock import NS_PER_S, Clock, Timer
from terminal.errors import BrokerError
from terminal.model import events as e
from terminal.model.enums import AssetClass, Evidence, Knowledge, OrderStatus, PendingRequest
from terminal.model.ids import AccountId, ClientOrderId, InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.order import Order
from terminal.ports import BrokerTruth, ExecutionVenue
from terminal.trading.compare import (
    PositionGap,
    adjustment_id,
    describe,
    is_missing,
    position_gaps,
    session_over,
)
from terminal.trading.inbox import VenueInbox
from terminal.trading.index import OrderIndex
from terminal.trading.ledger import OrderLedger
from terminal.trading.link import LinkWatch
from terminal.trading.portfolio import Portfolio
from terminal.trading.sender import Sender

_log = structlog.get_logger("orders")
POLL_APART_S: Final = 10.0
RETRY_S: Final = 5.0
_POLL_APART_NS: Final = round(POLL_APART_S * NS_PER_S)
_REQUEST_NS: Final = 5 * NS_PER_S
_FIRST_SPACING_S: Final = 0.5
_LAST_SPACING_S: Final = 30.0
_UNEXPLAINED: Final = "something is not explained yet"
_REASONS_KEPT: Final = 1_000
Spawn = Callable[[str, Coroutine[Any, Any, object]], object]
Line = tuple[str, str, str]


@dataclass(slots=True)
class _Missing:
    first_ns: int
    """Monotonic: the broker's clock may jump, and a jump proves nothing."""
    polls: int = 1


@dataclass(slots=True)
class _Gap:
    gap: PositionGap
    first_ns: int
    """Monotonic."""


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
        self._missing: dict[ClientOrderId, _Missing] = {}
        self._gaps: dict[InstrumentId, _Gap] = {}
        self._compared: set[AccountId] = set()
        self._adopt_late: set[InstrumentId] = set()
        self.probes = 0
        """How often the broker was asked because of a doubt."""

    # ------------------------------------------------------------ asking
    def ask(self, reason: str, delay_s: float = 1.0) -> None:
        """Ask the broker soon because of ``reason``; questions close together are one.

        The same question is asked ever more rarely while the answers change nothing; a new one never waits for it.
        """
        if not self._link.connected:
            return  # the reconnect asks everything
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
                return self._failed(fault)
            finally:
                self._last_ns = self._clock.monotonic_ns()
            if session != self._link.session or not self._link.connected:
                return self._failed(BrokerError(0, "the connection changed while the broker was asked"))
            return self._apply(truth, asked, full=full)

    def _failed(self, fault: BrokerError) -> e.Reconciled:
        line = ("", f"no complete answer: {fault.text}", f"nothing changed; asked again in {RETRY_S:g} s")
        result = e.Reconciled(ns=self._clock.now_ns(), clean=False, lines=(line,))
        self._publish(result)
        self.ask("the last query failed", RETRY_S)
        return result

    # ------------------------------------------------------------ applying
    def _apply(self, truth: BrokerTruth, asked: Mapping[ClientOrderId, int], *, full: bool) -> e.Reconciled:
        account = self._account_id()
        first = account not in self._compared and not self._portfolio.has_records(account)
        self._compared.add(account)
        before = {order.client_order_id: (order, describe(order)) for order in self._index.open()}
        known = len(self._index)
        shown, ended = self._apply_orders(truth)
        self._settle_requests(shown)
        unresolved = self._apply_absence(shown | ended, asked)
        lines = [
            (was, f"{order.status.value}, {order.filled} filled", order.reason or "taken over from the broker")
            for order, was in before.values()
            if describe(order) != was
        ]
        lines += [("not known", describe(order), "adopted as external") for order in self._index.all()[known:]]
        gap_lines, open_gaps = self._apply_positions(truth, first=first)
        lines += gap_lines
        self._confirm(shown | ended)
        self._note_fruit(fruitful=bool(lines))
        clean = not unresolved and not open_gaps
        if not clean:
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
        firsts += [each.first_ns for each in self._gaps.values()]
        waits = [first + _POLL_APART_NS - now for first in firsts if first + _POLL_APART_NS > now]
        return min(waits) / NS_PER_S if waits else POLL_APART_S

    def _note_fruit(self, *, fruitful: bool) -> None:
        asked, self._reasons = self._reasons, set()
        if fruitful or len(self._fruitless) > _REASONS_KEPT:
            self._fruitless.clear()
            return
        for reason in asked - {_UNEXPLAINED}:  # its moment is the one that proves
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
            if elapsed - missing.first_ns < _POLL_APART_NS:
                unresolved = True
                continue
            missing.polls += 1
            if not self._prove_absence(order, now):
                unresolved |= missing.polls <= 2  # after that the person decides; its instrument is frozen
        self._missing = {coid: each for coid, each in self._missing.items() if self._still_open(coid)}
        return unresolved

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

    # ------------------------------------------------------------ positions
    def _apply_positions(self, truth: BrokerTruth, *, first: bool) -> tuple[list[Line], bool]:
        """Compare Σ fills with the broker; return the lines and whether a difference is still open."""
        account = self._account_id()
        reported = {each.instrument_id: each for each in truth.positions if each.account_id in (account, "")}
        for each in truth.positions:
            self._portfolio.on_position(each)
        self._portfolio.forget_broker_positions(account, set(reported), truth.ns)
        gaps = position_gaps(
            {name: position.quantity for name, position in self._portfolio.positions().items()},
            {name: each.quantity for name, each in reported.items() if not self._is_combo(name)},
        )
        self._gaps = {name: each for name, each in self._gaps.items() if any(gap == each.gap for gap in gaps)}
        lines: list[Line] = []
        still_open = False
        for gap in gaps:
            broker = reported.get(gap.instrument_id)
            line, is_open = self._treat_gap(gap, broker, first=first)
            lines.append(line)
            still_open |= is_open
        return lines, still_open

    def _is_combo(self, instrument_id: InstrumentId) -> bool:
        instrument = self._instrument_of(instrument_id)
        return instrument is not None and instrument.asset_class is AssetClass.COMBO

    def _treat_gap(self, gap: PositionGap, broker: e.PositionReported | None, *, first: bool) -> tuple[Line, bool]:
        name, now = gap.instrument_id, self._clock.monotonic_ns()
        ours, theirs = f"{name}: {gap.ours}", f"{name}: {gap.broker}"
        if self._instrument_of(name) is None:  # without its multiplier no price of it means anything
            if first:
                self._adopt_late.add(name)
            self.ask(f"the contract {name} is not known yet", POLL_APART_S)
            return (ours, theirs, "its contract is not known yet; compared again in 10 s"), False
        if first or name in self._adopt_late:
            self._adopt_late.discard(name)
            self._adjust(gap, broker, "held at the broker before the first start", opening=True)
            return (ours, theirs, "adopted as opening position"), False
        seen = self._gaps.get(name)
        if seen is None:
            self._gaps[name] = _Gap(gap=gap, first_ns=now)
            return (ours, theirs, "executions were asked for; compared again in 10 s"), True
        if now - seen.first_ns < _POLL_APART_NS:
            return (ours, theirs, "compared again in 10 s"), True
        del self._gaps[name]
        self._adjust(gap, broker, "two comparisons found no execution that explains it", opening=False)
        return (ours, theirs, f"position adjusted by {gap.delta}, flagged"), False

    def _adjust(self, gap: PositionGap, broker: e.PositionReported | None, reason: str, *, opening: bool) -> None:
        account, now = self._account_id(), self._clock.now_ns()
        instrument = self._instrument_of(gap.instrument_id)
        multiplier = float(instrument.multiplier) if instrument is not None else 1.0
        price = None
        if broker is not None and broker.quantity:
            price = broker.average_cost / multiplier
        if price is None:
            price = self._portfolio.valuation.mark(gap.instrument_id)
        held = self._portfolio.position(gap.instrument_id).average_price
        self._ledger.adjust(
            e.PositionAdjusted(
                ns=now,
                adjustment_id=adjustment_id(
                    account, gap, now, self._portfolio.adjustment_count(account, gap.instrument_id)
                ),
                account_id=account,
                instrument_id=gap.instrument_id,
                quantity=gap.delta,
                price=Decimal(repr(price)) if price is not None else held,
                reason=reason,
                opening=opening,
            )
        )

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _asked_ns(order: Order) -> int | None:
    """Return when the pending request was made."""
    kind = e.OrderCancelRequested if order.pending is PendingRequest.CANCEL else e.OrderReplaceRequested
    return next((event.ns for event in reversed(order.events) if isinstance(event, kind)), None)
