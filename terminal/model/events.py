# SPDX-License-Identifier: Apache-2.0
"""Events: facts in the past tense. Order events rebuild an order; venue events are what the broker said.

Venue events carry no judgement: the execution engine turns each into order events. Everything here is
frozen and made of plain values, so that the journal can write it and read it back (see codec.py).
"""

from dataclasses import dataclass, field
from decimal import Decimal

from terminal.model.commands import OrderSpec
from terminal.model.enums import (
    BracketRole,
    DataType,
    Evidence,
    LinkState,
    OrderOrigin,
    OrderStatus,
    Side,
    StrategyState,
    TradingState,
)
from terminal.model.ids import AccountId, ClientOrderId, ExecutionId, GroupId, InstrumentId, StrategyId


# ---------------------------------------------------------------- order events (journaled, rebuild the aggregate)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """Base of all order events. ``ns`` is our clock when it happened."""

    client_order_id: ClientOrderId
    ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderInitialized(OrderEvent):
    spec: OrderSpec
    account_id: AccountId
    origin: OrderOrigin
    strategy_id: StrategyId | None = None
    group_id: GroupId | None = None
    role: BracketRole = BracketRole.NONE
    parent_id: ClientOrderId | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAdopted(OrderEvent):
    """The broker shows an order that we did not make: tracked from here on, never modified unless claimed."""

    broker_order_id: int
    client_id: int
    perm_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDenied(OrderEvent):
    """The risk gate refused. ``code`` names the rule, ``context`` the numbers."""

    code: str
    reason: str
    context: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStaged(OrderEvent):
    """Intent durable under this broker order id."""

    broker_order_id: int
    client_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSending(OrderEvent):
    """Committed marker: about to write. A crash after this leaves the outcome unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSent(OrderEvent):
    """Bytes handed to the transport of this session."""

    session_epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAcked(OrderEvent):
    perm_id: int | None = None
    held_reason: str = ""
    evidence: Evidence = Evidence.STATUS


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWorking(OrderEvent):
    perm_id: int | None = None
    evidence: Evidence = Evidence.STATUS


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled(OrderEvent):
    """One execution. A higher revision of a known root supersedes it (a bust has quantity 0)."""

    execution_id: ExecutionId
    side: Side
    quantity: Decimal
    price: Decimal
    event_ns: int
    exchange: str = ""
    perm_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(OrderEvent):
    reason: str = ""
    evidence: Evidence = Evidence.STATUS


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected(OrderEvent):
    code: int
    reason: str
    evidence: Evidence = Evidence.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderInactive(OrderEvent):
    reason: str = ""
    evidence: Evidence = Evidence.STATUS


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExpired(OrderEvent):
    reason: str = ""
    evidence: Evidence = Evidence.COMPLETED


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnknown(OrderEvent):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLost(OrderEvent):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelRequested(OrderEvent):
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelRefused(OrderEvent):
    code: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReplaceRequested(OrderEvent):
    """We asked for these terms; the old ones stand until the broker shows the new."""

    spec: OrderSpec
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReplaced(OrderEvent):
    """The broker shows these terms."""

    spec: OrderSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReplaceRefused(OrderEvent):
    code: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStale(OrderEvent):
    """What we know is old: the link is down, or the broker's numbers do not add up yet."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderConfirmed(OrderEvent):
    """Reconciliation found the broker and us of one mind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderConflict(OrderEvent):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNoted(OrderEvent):
    """A remark of the broker or of ours that changes no state."""

    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCommissioned(OrderEvent):
    """Commission of one execution, in ``currency``; the latest report of an execution stands."""

    execution_id: ExecutionId
    commission: Decimal
    currency: str
    realized_pnl: Decimal | None = None


# ---------------------------------------------------------------- other journaled facts
@dataclass(frozen=True, slots=True, kw_only=True)
class PositionAdjusted:
    """A position changed without a fill that we know: flagged, never silent.

    ``adjustment_id`` is derived from account, instrument, day and quantity, so that the same correction is
    booked once. ``quantity`` is the signed change, ``price`` per unit without the multiplier.
    """

    ns: int
    adjustment_id: str
    account_id: AccountId
    instrument_id: InstrumentId
    quantity: Decimal
    price: Decimal
    reason: str
    opening: bool = False
    """Adopted at the first start: it counts as held before every fill we know."""


# ---------------------------------------------------------------- venue events (what the broker said)
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


# ---------------------------------------------------------------- core events (published for screen, log, strategies)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged:
    """An order applied ``event`` and stands at ``status``; look it up in the order index."""

    ns: int
    client_order_id: ClientOrderId
    event: OrderEvent
    status: OrderStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChanged:
    ns: int
    account_id: AccountId
    instrument_id: InstrumentId


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged:
    ns: int
    account_id: AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingStateChanged:
    ns: int
    state: TradingState
    reason: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmedChanged:
    ns: int
    armed: bool
    until_ns: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """One reconciliation ended. ``lines`` are (ours, broker, action) in words; empty means of one mind."""

    ns: int
    clean: bool
    lines: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitchReport:
    """Progress of a kill: (order, what the broker answered, confirmed)."""

    ns: int
    engaged: bool
    orders: tuple[tuple[ClientOrderId, str, bool], ...]
    finished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyChanged:
    ns: int
    strategy_id: StrategyId
    state: StrategyState
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionMade:
    """Why a strategy traded or did not: one line per gate in ``gates`` (name, value, passed)."""

    ns: int
    strategy_id: StrategyId
    instrument_id: InstrumentId
    action: str
    reason: str
    gates: tuple[tuple[str, str, bool], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailed:
    ns: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line for the log panel. ``fields`` are already redacted."""

    ns: int
    level: str
    subject: str
    text: str
    fields: dict[str, str] = field(default_factory=dict)
