# SPDX-License-Identifier: Apache-2.0
"""Hand-written stand-ins for what lies outside the core, typed against the ports. They record and can answer.

They decide nothing about orders: a test says what the broker answers.
"""

from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from terminal.errors import LinkLostError, StorageError
from terminal.model.events import (
    PositionReported,
    VenueCommission,
    VenueExecution,
    VenueOrderCompleted,
    VenueOrderOpened,
)
from terminal.model.ids import AccountId, InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import OptionQuote, Quote
from terminal.model.preview import OrderPreview
from terminal.ports import BrokerTruth, WireOrder


class SyncJournal:
    """Keeps records in a list; durable as soon as somebody hastens, or when the test says so (``hold``)."""

    def __init__(self) -> None:
        self.records: list[object] = []
        self.commits: list[tuple[object, ...]] = []
        self.hold = False
        self.broken = ""
        self.fill = 0.0
        self._waiting: deque[Callable[[], None]] = deque()
        self._last_id = 0

    def append(self, records: Sequence[object], on_durable: Callable[[], None] | None = None) -> None:
        if self.broken:
            raise StorageError(self.broken)
        self.records.extend(records)
        self.commits.append(tuple(records))
        if on_durable is not None:
            self._waiting.append(on_durable)

    def hasten(self) -> None:
        if not self.hold:
            self.release()

    def release(self) -> None:
        """Let every held commit become durable."""
        while self._waiting:
            self._waiting.popleft()()

    @property
    def healthy(self) -> bool:
        return not self.broken

    @property
    def queue_fill(self) -> float:
        return self.fill

    def allocate_order_id(self, floor: int) -> int:
        self._last_id = max(self._last_id + 1, floor)
        return self._last_id


@dataclass
class FakeVenue:
    """Records what is sent; `truth` answers what the test has put into it."""

    placed: list[WireOrder] = field(default_factory=list)
    previewed: list[WireOrder] = field(default_factory=list)
    modified: list[WireOrder] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    on_place: Callable[[WireOrder], None] | None = None
    on_modify: Callable[[WireOrder], None] | None = None
    fail_from: int | None = None
    """Index of the first placed order that the transport refuses."""
    fail_cancel: bool = False
    epoch: int = 1
    floor: int = 1
    open_orders: list[VenueOrderOpened] = field(default_factory=list)
    completed: list[VenueOrderCompleted] = field(default_factory=list)
    executions: list[VenueExecution] = field(default_factory=list)
    commissions: list[VenueCommission] = field(default_factory=list)
    positions: list[PositionReported] | None = None
    """What the broker says is held; None means what `book` adds up."""
    book: Callable[[], Sequence[PositionReported]] = tuple
    truth_fault: Exception | None = None
    truths: int = 0
    asked_for: AccountId | None = None
    on_truth: Callable[[], None] | None = None
    latched_read_only: bool = False
    now_ns: Callable[[], int] = lambda: 0

    # ---------------------------------------------------------- execution
    def place(self, order: WireOrder) -> int:
        if self.fail_from is not None and len(self.placed) >= self.fail_from:
            raise LinkLostError(0, "the socket is closed")
        self.placed.append(order)
        if self.on_place is not None:
            self.on_place(order)
        return self.epoch

    def modify(self, order: WireOrder) -> None:
        if self.fail_from is not None:
            raise LinkLostError(0, "the socket is closed")
        if self.on_modify is not None:
            self.on_modify(order)
        self.modified.append(order)

    def cancel(self, broker_order_id: int) -> None:
        if self.fail_cancel:
            raise LinkLostError(0, "the socket is closed")
        self.cancelled.append(broker_order_id)

    async def preview(self, order: WireOrder) -> OrderPreview:
        self.previewed.append(order)
        return OrderPreview(ns=self.now_ns())

    async def truth(self, account_id: AccountId) -> BrokerTruth:
        self.truths += 1
        self.asked_for = account_id
        if self.truth_fault is not None:
            raise self.truth_fault
        answer = BrokerTruth(
            ns=self.now_ns(),
            open_orders=tuple(self.open_orders),
            completed_orders=tuple(self.completed),
            executions=tuple(self.executions),
            commissions=tuple(self.commissions),
            positions=tuple(self.book() if self.positions is None else self.positions),
        )
        if self.on_truth is not None:
            self.on_truth()
        return answer

    def next_order_id_floor(self) -> int:
        return self.floor

    @property
    def read_only(self) -> bool:
        return self.latched_read_only


@dataclass
class FakeMarket:
    """Market data that a test sets by hand."""

    instruments: dict[InstrumentId, Instrument] = field(default_factory=dict)
    quotes: dict[InstrumentId, Quote] = field(default_factory=dict)
    options: dict[InstrumentId, OptionQuote] = field(default_factory=dict)
    age: float | None = 0.1
    references: dict[InstrumentId, float] = field(default_factory=dict)

    def instrument(self, instrument_id: InstrumentId) -> Instrument | None:
        return self.instruments.get(instrument_id)

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        return self.quotes.get(instrument_id)

    def option_quote(self, instrument_id: InstrumentId) -> OptionQuote | None:
        return self.options.get(instrument_id)

    def reference(self, instrument_id: InstrumentId) -> float | None:
        return self.references.get(instrument_id)

    def age_s(self, instrument_id: InstrumentId) -> float | None:
        return self.age if instrument_id in self.quotes else None

    def show(self, instrument_id: InstrumentId, bid: float, ask: float, last: float | None = None) -> None:
        self.quotes[instrument_id] = Quote(
            instrument_id=instrument_id,
            received_ns=0,
            bid=bid,
            bid_size=100_000.0,
            ask=ask,
            ask_size=100_000.0,
            last=last if last is not None else (bid + ask) / 2,
            previous_close=(bid + ask) / 2,
        )


def run_now(_: str, coroutine: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine that never really waits to its end, on the spot.

    Raises:
        AssertionError: it waited for something.
    """
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise AssertionError("the coroutine waited; give it an event loop")
