# SPDX-License-Identifier: Apache-2.0
"""OrderRecord: what is known of one order, without the rules that change it.

Read by screens, limits and strategies; only `Order.apply` (order.py) writes it.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from terminal.model.commands import OrderSpec
from terminal.model.enums import (
    BracketRole,
    Evidence,
    Knowledge,
    OrderOrigin,
    OrderStatus,
    OrderType,
    PendingRequest,
)
from terminal.model.events import OrderEvent, OrderInitialized
from terminal.model.ids import AccountId, ClientOrderId, ExecutionId, GroupId, InstrumentId, StrategyId
from terminal.model.order_states import LIVE_AT_BROKER, OPEN, TERMINAL

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """The latest revision of one execution."""

    execution_id: ExecutionId
    revision: int
    quantity: Decimal
    price: Decimal
    event_ns: int
    exchange: str
    ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    amount: Decimal
    currency: str
    realized_pnl: Decimal | None


def same_terms(asked: OrderSpec, shown: OrderSpec) -> bool:
    """Say whether the broker shows what was asked for.

    The stop of a trailing order moves by itself, so it is no part of the comparison.
    """
    trailing = asked.order_type is OrderType.TRAIL
    return (
        asked.quantity == shown.quantity
        and asked.limit_price == shown.limit_price
        and (trailing or asked.stop_price == shown.stop_price)
        and asked.trail_amount == shown.trail_amount
        and asked.trail_percent == shown.trail_percent
    )


class OrderRecord:
    """State of one order on its three axes, its identity and its executions."""

    def __init__(self, first: OrderInitialized) -> None:
        self.client_order_id: ClientOrderId = first.client_order_id
        self.account_id: AccountId = first.account_id
        self.origin: OrderOrigin = first.origin
        self.strategy_id: StrategyId | None = first.strategy_id
        self.group_id: GroupId | None = first.group_id
        self.role: BracketRole = first.role
        self.parent_id: ClientOrderId | None = first.parent_id
        self.note: str = first.note
        self.created_ns: int = first.ns
        self.updated_ns: int = first.ns
        self.spec: OrderSpec = first.spec
        """Acknowledged terms (the asked ones until the broker has spoken)."""
        self.first_quantity: Decimal = first.spec.quantity
        """As it was sent: for an exit the size of its entry."""
        self.requested: OrderSpec | None = None
        """Terms of a pending replace."""
        self.status: OrderStatus = OrderStatus.INITIALIZED
        self.pending: PendingRequest = PendingRequest.NONE
        self.knowledge: Knowledge = Knowledge.ASSUMED
        self.closed_by: Evidence | None = None
        """What finished it: only stronger evidence may reopen it."""
        self.broker_order_id: int | None = None
        self.client_id: int | None = None
        self.session_epoch: int | None = None
        self.perm_ids: set[int] = set()
        self.reason: str = ""
        """Last refusal, hold, doubt or conflict in words."""
        self.fills: dict[str, Fill] = {}
        """Execution root -> its latest revision."""
        self.filled: Decimal = _ZERO
        """Sum over the latest revision of every execution."""
        self.commissions: dict[ExecutionId, Commission] = {}
        self.events: list[OrderEvent] = [first]
        self.reopened: int = 0
        """How often evidence reopened a finished order: each is an alarm."""
        self._doubt: str = ""
        self._filled_value: Decimal = _ZERO

    # ------------------------------------------------------------ what it is
    @property
    def instrument_id(self) -> InstrumentId:
        return self.spec.instrument_id

    @property
    def leaves(self) -> Decimal:
        """Quantity that can still fill under the acknowledged terms; zero once the order is over."""
        return _ZERO if self.is_terminal else max(self.spec.quantity - self.filled, _ZERO)

    @property
    def worst_leaves(self) -> Decimal:
        """Quantity that can still fill if a pending change has been applied: what limits count."""
        if self.is_terminal:
            return _ZERO
        asked = self.requested.quantity if self.requested is not None else _ZERO
        return max(max(self.spec.quantity, asked) - self.filled, _ZERO)

    @property
    def average_price(self) -> Decimal | None:
        return self._filled_value / self.filled if self.filled else None

    @property
    def commission(self) -> Decimal:
        """Sum over executions; in the account's reporting currency of each report."""
        return sum((report.amount for report in self.commissions.values()), _ZERO)

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL

    @property
    def is_open(self) -> bool:
        """May still fill: counts as exposure."""
        return self.status in OPEN

    @property
    def is_live_at_broker(self) -> bool:
        return self.status in LIVE_AT_BROKER

    @property
    def is_own(self) -> bool:
        """Made by this terminal: only such an order may be modified or cancelled."""
        return self.origin is not OrderOrigin.EXTERNAL

    @property
    def perm_id(self) -> int | None:
        return max(self.perm_ids) if self.perm_ids else None
