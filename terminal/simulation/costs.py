# SPDX-License-Identifier: Apache-2.0
"""Commissions as declared tables: what an order pays, by asset class.

Rates are IBKR's fixed pricing for US clients (https://www.interactivebrokers.com/en/pricing/commissions-home.php,
pages stocks, options, futures and spot currencies). Minimums and maximums hold per order, so an execution pays the
difference between the order's commission after and before it. Knows nothing of accounts.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument

_NONE: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionRule:
    """Amounts in the contract's currency. ``per_value`` and ``maximum_share`` are shares of the traded value."""

    per_unit: Decimal = _NONE
    per_value: Decimal = _NONE
    minimum: Decimal = _NONE
    maximum_share: Decimal | None = None

    def total(self, quantity: Decimal, value: Decimal) -> Decimal:
        """Return the commission of an order that traded ``quantity`` units for ``value`` so far.

        Where the maximum lies below the minimum the maximum is charged, as IBKR's stock page says.
        """
        if quantity == 0:
            return _NONE
        amount = max(self.per_unit * quantity + self.per_value * value, self.minimum)
        if self.maximum_share is not None:
            amount = min(amount, self.maximum_share * value)
        return amount


FIXED: Final[dict[AssetClass, CommissionRule]] = {
    # Stocks and funds, fixed: USD 0.005 per share, minimum 1.00 per order, maximum 1 % of trade value.
    AssetClass.STOCK: CommissionRule(per_unit=Decimal("0.005"), minimum=Decimal("1.00"), maximum_share=Decimal("0.01")),
    # Options, fixed: USD 0.65 per contract, minimum 1.00 per order.
    AssetClass.OPTION: CommissionRule(per_unit=Decimal("0.65"), minimum=Decimal("1.00")),
    # E-mini S&P 500, fixed 0.85 + CME 1.38 + NFA 0.02 per contract.
    AssetClass.FUTURE: CommissionRule(per_unit=Decimal("2.25")),
    # Spot currencies, tier I: 0.20 basis points of trade value, minimum 2.00 per order.
    AssetClass.FOREX: CommissionRule(per_value=Decimal("0.00002"), minimum=Decimal("2.00")),
}


def trade_value(instrument: Instrument, quantity: Decimal, price: Decimal) -> Decimal:
    """Return the money value of a trade, unsigned, in the contract's currency."""
    return quantity * price * instrument.multiplier


def commission(
    instrument: Instrument, *, before: tuple[Decimal, Decimal], quantity: Decimal, value: Decimal
) -> Decimal:
    """Return what one execution of an order pays.

    Args:
        before: quantity and value that the order had traded before this execution.
    """
    rule = FIXED[instrument.asset_class]
    return rule.total(before[0] + quantity, before[1] + value) - rule.total(*before)
