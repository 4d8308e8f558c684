# SPDX-License-Identifier: Apache-2.0
"""Events: facts in the past tense. Here stand those that the core publishes, and all others are found under this name.

Order events (order_events.py) rebuild an order; venue events (venue_events.py) are what the broker said; core events
tell screen, log and strategies. All are frozen and made of plain values (see codec.py). No logic here.
"""

from dataclasses import dataclass, field

from terminal.model.enums import OrderStatus, StrategyState, TradingState
from terminal.model.ids import AccountId, ClientOrderId, InstrumentId, StrategyId
from terminal.model.order_events import (
    OrderAcked,
    OrderAdopted,
    OrderCancelled,
    OrderCancelRefused,
    OrderCancelRequested,
    OrderCommissioned,
    OrderConfirmed,
    OrderConflict,
    OrderDenied,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderInactive,
    OrderInitialized,
    OrderLost,
    OrderNoted,
    OrderRejected,
    OrderReplaced,
    OrderReplaceRefused,
    OrderReplaceRequested,
    OrderSending,
    OrderSent,
    OrderStaged,
    OrderStale,
    OrderUnknown,
    OrderWorking,
    PositionAdjusted,
)
from terminal.model.venue_events import (
    AccountValueReported,
    DataNotice,
    DataTypeChanged,
    LinkChanged,
    PnlReported,
    PositionReported,
    SourceSpoke,
    VenueCommission,
    VenueDecodeFailed,
    VenueEvent,
    VenueExecution,
    VenueOrderCompleted,
    VenueOrderError,
    VenueOrderOpened,
    VenueOrderStatus,
)

__all__ = [
    "AccountChanged",
    "AccountValueReported",
    "ArmedChanged",
    "DataNotice",
    "DataTypeChanged",
    "DecisionMade",
    "KillSwitchReport",
    "LinkChanged",
    "LogLine",
    "OrderAcked",
    "OrderAdopted",
    "OrderCancelRefused",
    "OrderCancelRequested",
    "OrderCancelled",
    "OrderChanged",
    "OrderCommissioned",
    "OrderConfirmed",
    "OrderConflict",
    "OrderDenied",
    "OrderEvent",
    "OrderExpired",
    "OrderFilled",
    "OrderInactive",
    "OrderInitialized",
    "OrderLost",
    "OrderNoted",
    "OrderRejected",
    "OrderReplaceRefused",
    "OrderReplaceRequested",
    "OrderReplaced",
    "OrderSending",
    "OrderSent",
    "OrderStaged",
    "OrderStale",
    "OrderUnknown",
    "OrderWorking",
    "PnlReported",
    "PositionAdjusted",
    "PositionChanged",
    "PositionReported",
    "Reconciled",
    "SourceSpoke",
    "StrategyChanged",
    "TaskFailed",
    "TradingStateChanged",
    "VenueCommission",
    "VenueDecodeFailed",
    "VenueEvent",
    "VenueExecution",
    "VenueOrderCompleted",
    "VenueOrderError",
    "VenueOrderOpened",
    "VenueOrderStatus",
]


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
class QuotesFrozen:
    """These streams of quotes hang, although the source itself goes on: what they told is as old as it is."""

    ns: int
    instrument_ids: tuple[InstrumentId, ...]


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
