# SPDX-License-Identifier: Apache-2.0
"""Commands: what a person or a strategy asks the trading core to do. Imperative, frozen, checked by the core."""

from dataclasses import dataclass
from decimal import Decimal

from terminal.model.enums import BracketRole, OrderOrigin, OrderType, Side, StrategyState, TimeInForce
from terminal.model.ids import ClientOrderId, GroupId, InstrumentId, StrategyId


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSpec:
    """The terms of an order: everything a venue needs, nothing that it answers.

    ``limit_price`` for LIMIT and STOP_LIMIT; ``stop_price`` for STOP, STOP_LIMIT and, optionally, as the first
    stop of a TRAIL; a TRAIL has exactly one of ``trail_amount`` (price units) and ``trail_percent`` (1 = 1 %).
    """

    instrument_id: InstrumentId
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    outside_regular_hours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BracketSpec:
    """Exits that go out with an entry, all in one group: any of the two may be absent, not both."""

    stop_price: Decimal | None = None
    target_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitOrder:
    spec: OrderSpec
    bracket: BracketSpec | None = None
    origin: OrderOrigin = OrderOrigin.MANUAL
    strategy_id: StrategyId | None = None
    confirmed_warnings: frozenset[str] = frozenset()
    """Codes of soft checks that the person has read and accepted."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyOrder:
    """Change the open terms of a live order. None leaves a term as it is."""

    client_order_id: ClientOrderId
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    confirmed_warnings: frozenset[str] = frozenset()
    """Codes of soft checks that the person has read and accepted."""
    actor: str = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    client_order_id: ClientOrderId
    actor: str = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrders:
    """Cancel all own live orders that match. Without filters: every own order."""

    instrument_id: InstrumentId | None = None
    side: Side | None = None
    strategy_id: StrategyId | None = None
    actor: str = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePosition:
    """Send the order that brings a position to zero (or, with ``reverse``, to its opposite)."""

    instrument_id: InstrumentId
    reverse: bool = False
    strategy_id: StrategyId | None = None
    actor: str = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlattenAll:
    """Cancel own orders and close every position, of one instrument or of all."""

    instrument_id: InstrumentId | None = None
    actor: str = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitch:
    """Block new orders and cancel all own orders; ``engage`` False lifts the block."""

    engage: bool = True
    reason: str = ""
    actor: str = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseInstrument:
    """A person has looked at the conflict that froze an instrument and lets orders through again."""

    instrument_id: InstrumentId
    actor: str = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetArmed:
    """Let orders leave (armed) or not. Arming ends by itself, see settings."""

    armed: bool
    account_typed: str = ""
    actor: str = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStrategyState:
    strategy_id: StrategyId
    state: StrategyState
    actor: str = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class BracketLeg:
    """One order of a bracket as the core will send it."""

    role: BracketRole
    spec: OrderSpec
    client_order_id: ClientOrderId
    group_id: GroupId
