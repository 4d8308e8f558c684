# SPDX-License-Identifier: Apache-2.0
"""OrderLedger: the one door through which an order changes.

Every event takes the same steps: apply to the order, journal, index, book to the portfolio, tell those who
watch, publish. When the journal cannot write, facts of the broker are still believed and kept to be written
later; trading is halted meanwhile.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import structlog

from terminal.clock import Clock
from terminal.errors import InvariantError, StorageError
from terminal.model.enums import TradingState
from terminal.model.events import (
    OrderChanged,
    OrderCommissioned,
    OrderConflict,
    OrderEvent,
    OrderFilled,
    OrderInitialized,
    PositionAdjusted,
)
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.order import Order
from terminal.ports import Journal
from terminal.trading import states
from terminal.trading.index import OrderIndex
from terminal.trading.portfolio import Portfolio
from terminal.trading.states import TradingStates

_log = structlog.get_logger("orders")
_RETRY_S: Final = 5.0
Watcher = Callable[[Order, OrderEvent], None]
Checkpoint = Callable[[str], None]


def no_checkpoint(_: str) -> None:
    """The default hook: named moments pass unnoticed."""


class OrderLedger:
    """Applies and remembers.

    Publishes: OrderChanged (positions are booked before).
    """

    def __init__(
        self,
        *,
        publish: Callable[[object], None],
        clock: Clock,
        journal: Journal,
        index: OrderIndex,
        portfolio: Portfolio,
        trading: TradingStates,
        instrument_of: Callable[[InstrumentId], Instrument | None],
        checkpoint: Checkpoint = no_checkpoint,
    ) -> None:
        self._publish = publish
        self._clock = clock
        self._journal = journal
        self._index = index
        self._portfolio = portfolio
        self._trading = trading
        self._instrument_of = instrument_of
        self._checkpoint = checkpoint
        self._written_instruments: dict[InstrumentId, Instrument] = {}
        self._backlog: list[object] = []
        self._retrying = False
        self._untold: deque[tuple[Order, OrderEvent, OrderChanged]] = deque()
        self._holding = 0
        self.watchers: list[Watcher] = []
        self.repeats = 0
        """Events that told nothing new."""

    # ------------------------------------------------------------ orders
    def record(self, events: Sequence[OrderEvent], on_durable: Callable[[], None] | None = None) -> bool:
        """Apply events in one commit and publish what changed; return whether they are on their way to disk.

        ``on_durable`` runs once they are on disk, and never when the journal cannot write.

        Raises:
            InvariantError: an event names an order that does not exist.
        """
        changed: list[tuple[Order, OrderEvent]] = []
        for event in events:
            order = self._order_of(event)
            if order.events[-1] is event or self._apply(order, event):
                changed.append((order, order.events[-1]))
        if not changed:
            return True
        filled = any(isinstance(event, OrderFilled) for _, event in changed)
        if filled:
            self._checkpoint("before_fill_commit")
        durable = self.write([event for _, event in changed], on_durable)
        for order, event in changed:
            self._index.refresh(order)
            self._book(order, event)
        if filled:
            self._checkpoint("after_fill_booked")
        for order, event in changed:
            news = OrderChanged(ns=event.ns, client_order_id=order.client_order_id, event=event, status=order.status)
            self._untold.append((order, event, news))
        if not self._holding:
            self._tell()
        return durable

    @contextmanager
    def bytes_first(self) -> Iterator[None]:
        """Tell what is recorded inside only at its end, in order: between a click and its bytes nobody need hear."""
        self._holding += 1
        try:
            yield
        finally:
            self._holding -= 1
            if not self._holding:
                self._tell()

    def _tell(self) -> None:
        while self._untold:
            order, event, news = self._untold.popleft()
            for watch in self.watchers:
                watch(order, event)
            self._publish(news)

    def _order_of(self, event: OrderEvent) -> Order:
        if isinstance(event, OrderInitialized):
            if self._index.get(event.client_order_id) is not None:
                raise InvariantError(f"order {event.client_order_id} exists already")
            order = Order(event)
            self._index.add(order)
            return order
        found = self._index.get(event.client_order_id)
        if found is None:
            raise InvariantError(f"{type(event).__name__} for an order that does not exist: {event.client_order_id}")
        return found

    def _apply(self, order: Order, event: OrderEvent) -> bool:
        """Apply one event; what cannot be by any reading makes the order suspect instead."""
        if order.can_apply(event):
            changed = order.apply(event)
            self.repeats += not changed
            return changed
        _log.error("impossible order event", order=order.client_order_id, event_type=type(event).__name__)
        reason = f"{type(event).__name__} cannot follow {order.status.value}"
        suspect = OrderConflict(client_order_id=order.client_order_id, ns=event.ns, reason=reason)
        return order.can_apply(suspect) and order.apply(suspect)

    def _book(self, order: Order, event: OrderEvent) -> None:
        if isinstance(event, OrderFilled):
            self._index.bind_execution(event.execution_id, order)
            self._portfolio.book_fill(order, event)
        elif isinstance(event, OrderCommissioned):
            self._portfolio.book_commission(order, event)

    # ------------------------------------------------------------ positions without a fill
    def adjust(self, event: PositionAdjusted) -> None:
        """Book and journal a flagged change of a position; a repeat changes nothing."""
        if self._portfolio.book_adjustment(event):
            self.write([event])

    # ------------------------------------------------------------ the journal
    def write(self, records: Sequence[object], on_durable: Callable[[], None] | None = None) -> bool:
        """Queue records for one durable commit; keep them and halt trading when the journal refuses."""
        batch = [*self._new_instruments(records), *records]
        if self._backlog:
            self._backlog += batch
            if not self._journal.healthy:
                return False  # it was said, and it is tried again by the timer
            batch = self._backlog
        try:
            self._journal.append(batch, on_durable)
        except StorageError as fault:
            self._backlog = batch
            _log.error("journal refused", records=len(batch), reason=str(fault))
            self._trading.latch(states.JOURNAL, TradingState.HALTED, f"the journal cannot write: {fault}")
            self._retry_later()
            return False
        if self._backlog:
            self._backlog = []
            self._trading.lift(states.JOURNAL)
        return True

    @property
    def backlog(self) -> int:
        """How many records wait because the journal could not write."""
        return len(self._backlog)

    def _retry_later(self) -> None:
        if not self._retrying:
            self._retrying = True
            self._clock.call_later(_RETRY_S, self._retry)

    def _retry(self) -> None:
        self._retrying = False
        if self._backlog:
            self.write([])

    def _new_instruments(self, records: Iterable[object]) -> list[Instrument]:
        """Contract facts go into the journal with the first record that needs them: P&L needs multipliers."""
        found = []
        for record in records:
            match record:
                case OrderInitialized():
                    instrument_id = record.spec.instrument_id
                case PositionAdjusted():
                    instrument_id = record.instrument_id
                case _:
                    continue
            if instrument_id in self._written_instruments:
                continue
            instrument = self._instrument_of(instrument_id)
            if instrument is not None:
                self._written_instruments[instrument_id] = instrument
                found.append(instrument)
        return found

    # ------------------------------------------------------------ after a restart
    def restore(self, records: Iterable[object]) -> int:
        """Rebuild orders and positions from the journal without publishing; return how many records were ours.

        Raises:
            InvariantError: the journal holds a history that cannot be.
        """
        count = 0
        for record in records:
            match record:
                case Instrument():
                    self._written_instruments[record.id] = record
                case OrderInitialized():
                    self._index.add(Order(record))
                case OrderEvent():
                    order = self._order_of(record)
                    if order.apply(record):
                        self._index.refresh(order)
                        self._book(order, record)
                case PositionAdjusted():
                    self._portfolio.book_adjustment(record)
                case _:
                    continue
            count += 1
        return count

    def instrument(self, instrument_id: InstrumentId) -> Instrument | None:
        """Return a contract that the journal knows (the market may not yet)."""
        return self._written_instruments.get(instrument_id)
