# SPDX-License-Identifier: Apache-2.0
"""Order events: what an order applies; replaying them rebuilds it exactly. And what else the journal keeps.

Facts in the past tense, frozen and made of plain values, so that the journal can write them and read them back
(codec.py). Readers import them from `terminal.model.events`, where all facts stand together. No logic here.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from terminal.model.commands import OrderSpec
from terminal.model.enums import BracketRole, Evidence, OrderOrigin, Side
from terminal.model.ids import AccountId, ClientOrderId, ExecutionId, GroupId, InstrumentId, StrategyId


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
