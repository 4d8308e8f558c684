# SPDX-License-Identifier: Apache-2.0
"""Ports: what the core needs from outside, as Protocols. I/O is async, decisions are sync.

A broker plugin fulfils `Broker`; it speaks to the core only through the `EventSink` that it is given
(venue events, quotes, trades, ...), called on the core's thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from terminal.model.commands import OrderSpec
from terminal.model.enums import BarSource, BracketRole, DataType, LinkState, Mode
from terminal.model.events import (
    PositionReported,
    VenueCommission,
    VenueExecution,
    VenueOrderCompleted,
    VenueOrderOpened,
)
from terminal.model.ids import AccountId, ClientOrderId, GroupId, InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import Bar, OptionParameters
from terminal.model.preview import OrderPreview

EventSink = Callable[[object], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPlugin:
    """Manifest of a broker: strings only, the factory is imported on first use."""

    id: str
    title: str
    factory: str
    capabilities: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    host: str
    port: int
    client_id: int
    mode: Mode
    account: AccountId | None = None
    connect_timeout_s: float = 5.0
    market_data_lines: int = 100
    requested_data_type: DataType = DataType.LIVE
    """Delayed is asked for only when the person chose it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireOrder:
    """One order ready for the wire. ``broker_order_id`` comes from the core's durable allocator."""

    client_order_id: ClientOrderId
    broker_order_id: int
    account_id: AccountId
    instrument: Instrument
    spec: OrderSpec
    transmit: bool = True
    parent_broker_order_id: int = 0
    oca_group: str = ""
    role: BracketRole = BracketRole.NONE
    group_id: GroupId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerTruth:
    """Everything the broker says about our orders at one moment. A failed query is not an empty answer:
    the call raises instead."""

    ns: int
    open_orders: tuple[VenueOrderOpened, ...]
    completed_orders: tuple[VenueOrderCompleted, ...]
    executions: tuple[VenueExecution, ...]
    commissions: tuple[VenueCommission, ...]
    positions: tuple[PositionReported, ...]


class MarketFeed(Protocol):
    """Subscriptions are idempotent and survive reconnects: the feed asks again by itself.

    Data comes through the sink as Quote, Trade, Depth, OptionQuote, OptionStatistics and Bar; trouble as
    DataNotice with the channel it concerns.
    """

    def subscribe_quote(self, instrument: Instrument) -> None: ...
    def unsubscribe_quote(self, instrument_id: InstrumentId) -> None: ...
    def subscribe_depth(self, instrument: Instrument, rows: int) -> None:
        """One book at a time of those the broker gives: a new subscription replaces the old."""
        ...

    def unsubscribe_depth(self, instrument_id: InstrumentId) -> None: ...
    def subscribe_trades(self, instrument: Instrument) -> None: ...
    def unsubscribe_trades(self, instrument_id: InstrumentId) -> None: ...
    def request_data_type(self, data_type: DataType) -> None: ...
    def subscriptions(self) -> dict[str, int]:
        """Return how many lines are held by kind (quotes, depth, trades)."""
        ...


class ReferenceData(Protocol):
    """Contract facts. Every call raises BrokerError when the broker refuses or does not answer in time."""

    async def search(self, pattern: str) -> Sequence[Instrument]:
        """Return up to ~16 stock, future, index or forex candidates for what a person typed."""
        ...

    async def qualify(self, instrument: Instrument) -> Instrument:
        """Return exactly one complete contract (conId, ticks, hours).

        Raises:
            RefusedError: none or several contracts match.
        """
        ...

    async def option_parameters(self, underlying: Instrument) -> Sequence[OptionParameters]: ...
    async def option_contracts(self, underlying: Instrument, expiry: str, trading_class: str) -> Sequence[Instrument]:
        """Return every contract of one expiry (YYYYMMDD), complete."""
        ...


class HistoryFeed(Protocol):
    async def bars(
        self,
        instrument: Instrument,
        *,
        seconds: int,
        duration_s: int,
        end_ns: int | None = None,
        source: BarSource = BarSource.TRADES,
        regular_hours_only: bool = True,
    ) -> Sequence[Bar]:
        """Return closed bars, oldest first (and the growing last one when ``end_ns`` is None).

        ``seconds``: 1, 5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 14400, 28800 or 86400.
        """
        ...

    def keep_bars(
        self,
        instrument: Instrument,
        *,
        seconds: int,
        duration_s: int,
        regular_hours_only: bool,
        sink: Callable[[Sequence[Bar], bool], None],
    ) -> "BarStream":
        """Stream history and then live updates of one series.

        ``sink(bars, reset)``: reset True replaces everything (first answer, and after a reconnect), False
        updates or appends the last bar.
        """
        ...


class BarStream(Protocol):
    def close(self) -> None: ...


class ExecutionVenue(Protocol):
    """Orders. `place`, `modify` and `cancel` are synchronous, non-blocking and return nothing: every
    answer is a venue event. They raise LinkLostError when nothing could be handed to the transport."""

    def place(self, order: WireOrder) -> int:
        """Hand the bytes to the transport and return the session epoch they went out in."""
        ...

    def modify(self, order: WireOrder) -> None: ...
    def cancel(self, broker_order_id: int) -> None: ...
    async def preview(self, order: WireOrder) -> OrderPreview:
        """Ask the broker what-if. Raises BrokerError (refused, unknown, timed out after 5 s)."""
        ...

    async def truth(self, account_id: AccountId) -> BrokerTruth: ...
    def next_order_id_floor(self) -> int:
        """Return the smallest id the broker accepts in this session."""
        ...


class Broker(MarketFeed, ReferenceData, HistoryFeed, ExecutionVenue, Protocol):
    """A connection to one venue."""

    async def connect(self, settings: ConnectionSettings) -> None:
        """Start connecting and keep trying with back-off until `disconnect`. Progress comes as LinkChanged."""
        ...

    async def disconnect(self) -> None: ...
    @property
    def link(self) -> LinkState: ...
    @property
    def accounts(self) -> tuple[AccountId, ...]: ...
    @property
    def read_only(self) -> bool:
        """The API refuses orders (error 321): latched until the next connection."""
        ...


class Journal(Protocol):
    """Append-only truth about orders. One writer thread; the callback runs on the core's loop."""

    def append(self, records: Sequence[object], on_durable: Callable[[], None] | None = None) -> None:
        """Queue domain events for one atomic, durable commit.

        ``on_durable`` runs on the loop once they are on disk. Waiting appends share a commit.

        Raises:
            StorageError: the journal is closed, full or broken: nothing may be sent.
        """
        ...

    def hasten(self) -> None:
        """Hold the core a moment for what was just appended; if it is durable then, its callbacks run inside.

        For what a person or a strategy waits for. It only brings the callbacks forward: a slow disk's come later.
        """
        ...

    @property
    def healthy(self) -> bool: ...
    @property
    def queue_fill(self) -> float:
        """Return how full the writer's queue is, 0.0 to 1.0."""
        ...

    def allocate_order_id(self, floor: int) -> int:
        """Return a broker order id never used before by this profile, at least ``floor``."""
        ...


class Notifier(Protocol):
    def __call__(self, kind: str, title: str, text: str) -> None: ...
