# SPDX-License-Identifier: Apache-2.0
"""What the risk gate judges, by what, and what it answers: plain frozen values for pure rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from terminal.model.commands import BracketSpec, OrderSpec
from terminal.model.enums import BracketRole, OrderOrigin, Side, TradingState
from terminal.model.ids import GroupId, StrategyId
from terminal.model.instrument import Instrument
from terminal.model.market import Quote
from terminal.model.order import Order
from terminal.trading.limits import RiskLimits
from terminal.trading.views import TradingSession

_ZERO: Final = Decimal(0)
_EXITS: Final = frozenset({BracketRole.STOP, BracketRole.TARGET})


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A refusal: which rule, in words with value, limit and way out, and the numbers.

    ``soft``: a person may confirm it (SubmitOrder.confirmed_warnings), a strategy never.
    """

    code: str
    reason: str
    context: Mapping[str, str] = field(default_factory=dict)
    soft: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """What somebody wants to send. ``order`` is the live order that a change is asked for."""

    spec: OrderSpec
    bracket: BracketSpec | None = None
    origin: OrderOrigin = OrderOrigin.MANUAL
    strategy_id: StrategyId | None = None
    confirmed: frozenset[str] = frozenset()
    closes: Decimal = _ZERO
    """The part that brings an existing position to zero, as the core has sized it: size limits do not stand in the
    way of getting out. What goes beyond (a reversal) opens, and is judged like any other order."""
    order: Order | None = None

    @property
    def by_person(self) -> bool:
        """Say whether a person asks. A change always is a person's: strategies have no door for it."""
        return self.origin is OrderOrigin.MANUAL or self.order is not None

    @property
    def legs(self) -> int:
        """How many orders leave: the entry and each exit that goes with it."""
        if self.bracket is None:
            return 1
        return 1 + sum(price is not None for price in (self.bracket.stop_price, self.bracket.target_price))

    @property
    def opens(self) -> Decimal:
        """Return the quantity that size limits judge."""
        return self.spec.quantity - self.closes


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskContext:
    """Everything that the rules may look at, taken at one moment."""

    now_ns: int
    limits: RiskLimits
    session: TradingSession | None
    armed: bool
    state: TradingState
    state_source: str
    state_reason: str
    frozen: str | None
    connected: bool
    reconciled: bool
    link_text: str
    clock_skew_s: float
    """How far the broker's clock stands from ours, in seconds; 0.0 once ours has followed it."""
    journal_healthy: bool
    journal_fill: float
    read_only: bool
    instrument: Instrument | None
    quote: Quote | None
    quote_age_s: float | None
    reference: float | None
    """What the instrument cost a minute ago."""
    model_price: float | None
    position: Decimal
    working_buy: Decimal
    """Worst case of what may still be bought, the order under change left out."""
    working_sell: Decimal
    open_buys: int
    open_sells: int
    open_account: int
    strategy_second: int
    strategy_minute: int
    strategy_day: int
    account_second: int
    same_before_s: float | None
    """How long ago the same order was sent; None when it was not, lately."""
    day_loss_percent: float | None
    """Loss of the day in percent of net liquidation at its start (negative is a gain); None when not known."""
    rate_to_base: float | None

    def working(self, side: Side) -> Decimal:
        return self.working_buy if side is Side.BUY else self.working_sell

    def new_leaves(self, request: OrderRequest) -> Decimal:
        """Return the quantity of the request that can still fill, at worst case."""
        if request.order is None:
            return request.spec.quantity
        return max(max(request.spec.quantity, request.order.spec.quantity) - request.order.filled, _ZERO)

    def reduces(self, request: OrderRequest) -> bool:
        """Say whether the request can only bring the position nearer to zero."""
        sign = request.spec.side.sign
        if self.position * sign >= 0 or request.bracket is not None or not request.spec.quantity.is_finite():
            return False
        return self.working(request.spec.side) + self.new_leaves(request) <= abs(self.position)


def worst_case(orders: Iterable[Order], side: Side, *, leave_out: Order | None = None) -> Decimal:
    """Return how much ``orders`` (all open ones of one instrument) may still buy or sell at worst.

    UNKNOWN and in-flight orders count in full, a pending change with its larger quantity. Of the exits of one
    bracket only the largest counts, and only for the part of its entry that may have filled: the broker holds
    the rest back until the entry fills.
    """
    total = _ZERO
    exits: dict[GroupId, Decimal] = {}
    entries: dict[GroupId, Decimal] = {}
    for order in orders:
        if not order.is_open or order is leave_out:
            continue
        if order.role is BracketRole.ENTRY and order.group_id is not None:
            entries[order.group_id] = order.leaves
        if order.spec.side is not side:
            continue
        if order.role in _EXITS and order.group_id is not None:
            exits[order.group_id] = max(exits.get(order.group_id, _ZERO), order.worst_leaves)
        else:
            total += order.worst_leaves
    return total + sum((max(most - entries.get(group, _ZERO), _ZERO) for group, most in exits.items()), _ZERO)
