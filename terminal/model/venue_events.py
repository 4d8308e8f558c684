# SPDX-License-Identifier: Apache-2.0
"""Venue events: what the broker said, without judgement. The execution engine turns each into order events.

Facts in the past tense, frozen and made of plain values. Readers import them from `terminal.model.events`, where all
facts stand together. No logic here.
"""

from dataclasses import dataclass
from decimal import Decimal

from terminal.model.commands import OrderSpec
from terminal.model.enums import DataType, LinkState, Side
from terminal.model.ids import AccountId, ClientOrderId, ExecutionId, InstrumentId


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueEvent:
    """Base of what a broker adapter tells the core. ``ns`` is when we heard it."""

    ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChanged(VenueEvent):
    state: LinkState
    code: int = 0
    text: str = ""
    way_out: str = ""
    data_lost: bool = False
    retry_in_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrderOpened(VenueEvent):
    """openOrder: identity, acknowledged terms and status of one order, ours or not."""

    client_order_id: ClientOrderId | None
    broker_order_id: int
    client_id: int
    perm_id: int
    account_id: AccountId
    spec: OrderSpec
    status: str
    parent_broker_order_id: int = 0
    oca_group: str = ""
    raw_order_type: str = ""
    """The venue's own word where ``spec`` cannot say the order type exactly (an external order)."""
    raw_time_in_force: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrderStatus(VenueEvent):
    """orderStatus in IBKR's own words (PreSubmitted, Submitted, ...)."""

    broker_order_id: int
    client_id: int
    perm_id: int
    status: str
    filled: Decimal
    remaining: Decimal
    average_price: float | None = None
    why_held: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueExecution(VenueEvent):
    """execDetails. ``raw_time`` is kept because its zone may be unknown to this machine."""

    execution_id: ExecutionId
    broker_order_id: int
    client_id: int
    perm_id: int
    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId | None
    side: Side
    quantity: Decimal
    price: Decimal
    event_ns: int
    raw_time: str = ""
    exchange: str = ""
    solicited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueCommission(VenueEvent):
    execution_id: ExecutionId
    commission: Decimal
    currency: str
    realized_pnl: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrderCompleted(VenueEvent):
    """completedOrder: how an order of today ended."""

    client_order_id: ClientOrderId | None
    perm_id: int
    status: str
    filled: Decimal
    completed_status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrderError(VenueEvent):
    """error() with the id of an order."""

    broker_order_id: int
    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueDecodeFailed(VenueEvent):
    """An order or execution message could not be read: its content is unknown, so reconcile."""

    message_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionReported(VenueEvent):
    account_id: AccountId
    instrument_id: InstrumentId
    quantity: Decimal
    average_cost: float
    """Per unit of quantity times multiplier, as IBKR counts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountValueReported(VenueEvent):
    """One account figure in IBKR's tag names (NetLiquidation, InitMarginReq, ...)."""

    account_id: AccountId
    tag: str
    value: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PnlReported(VenueEvent):
    """The broker's own P&L; ``instrument_id`` None means the whole account. None means not known."""

    account_id: AccountId
    instrument_id: InstrumentId | None
    daily: float | None
    unrealized: float | None
    realized: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataNotice(VenueEvent):
    """Something a person should know about market data or the session, with its way out."""

    code: int
    text: str
    meaning: str = ""
    way_out: str = ""
    instrument_id: InstrumentId | None = None
    severity: str = "info"
    """info, warn or error."""
    channel: str = "session"
    """session, quote, depth, ticks, chain, history: which panel it concerns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTypeChanged(VenueEvent):
    instrument_id: InstrumentId
    data_type: DataType


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpoke(VenueEvent):
    """The broker said something (heartbeat or data): ages of quiet instruments count from here."""

    round_trip_s: float | None = None
