# SPDX-License-Identifier: Apache-2.0
"""Position: quantity, average cost and realized result of one instrument, from fills alone.

Average-cost accounting as IBKR shows it: an opening fill moves the average, a closing one realizes against
it, a fill through zero closes and opens. All amounts in the instrument's currency, Decimal.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from terminal.model.enums import Side

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """``quantity`` is signed; ``average_price`` per unit, without the multiplier and without commissions."""

    quantity: Decimal = _ZERO
    average_price: Decimal = _ZERO
    realized: Decimal = _ZERO
    """Realized P&L before commissions."""
    commission: Decimal = _ZERO
    bought: Decimal = _ZERO
    """Quantity bought so far."""
    sold: Decimal = _ZERO
    opened_ns: int | None = None
    """When the open quantity left zero or changed its sign; None while flat or not known."""

    def with_fill(
        self, side: Side, quantity: Decimal, price: Decimal, multiplier: Decimal, ns: int | None = None
    ) -> "Position":
        """Return the position after one fill of ``quantity`` > 0 units at ``ns``."""
        signed = quantity * side.sign
        closing = min(quantity, abs(self.quantity)) if self.quantity * signed < 0 else _ZERO
        realized = self.realized
        if closing:
            direction = 1 if self.quantity > 0 else -1
            realized += closing * direction * (price - self.average_price) * multiplier
        after = self.quantity + signed
        opened_ns = self.opened_ns if self.quantity else ns
        if not after:
            average, opened_ns = _ZERO, None
        elif closing == quantity:
            average = self.average_price
        elif closing:
            average, opened_ns = price, ns
        else:
            average = (abs(self.quantity) * self.average_price + quantity * price) / abs(after)
        return Position(
            quantity=after,
            average_price=average,
            realized=realized,
            commission=self.commission,
            bought=self.bought + (quantity if side is Side.BUY else _ZERO),
            sold=self.sold + (quantity if side is Side.SELL else _ZERO),
            opened_ns=opened_ns,
        )

    def with_commission(self, amount: Decimal) -> "Position":
        return replace(self, commission=self.commission + amount)

    def unrealized(self, mark: float, multiplier: Decimal) -> float:
        """P&L of the open quantity at ``mark``, in the instrument's currency."""
        return float(self.quantity) * (mark - float(self.average_price)) * float(multiplier)
