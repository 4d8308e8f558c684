# SPDX-License-Identifier: Apache-2.0
"""What one execution costs: the broker's commission, fixed or tiered, and the fees of third parties.

Commission rates are IBKR's for US clients as its pricing pages state them (stocks, options, futures, spot
currencies, cryptocurrencies; early 2025). Tiers are marginal over a calendar month. Minimum and maximum hold per
order, so an execution pays the difference between the order's commission after and before it; where the maximum lies
below the minimum the maximum is charged. Pure functions of one trade; what was traded this month is an argument.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation import fees
from terminal.simulation.fees import FEES, REMOVED, ZERO, FeeTable, Lines


class Schedule(StrEnum):
    """IBKR's two price lists."""

    FIXED = "fixed"
    TIERED = "tiered"


Tiers = tuple[tuple[Decimal, Decimal], ...]
"""(upper bound of the month's volume, rate), ascending; the last bound is infinite."""
_ENDLESS: Final = Decimal("Infinity")


def _tiers(*rows: tuple[int, str]) -> Tiers:
    return tuple((Decimal(bound) if bound else _ENDLESS, Decimal(rate)) for bound, rate in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionRule:
    """One row of a price list, USD. ``by_value``: the tiers count traded value, else units."""

    tiers: Tiers
    by_value: bool = False
    minimum: Decimal = ZERO
    maximum_share: Decimal | None = None
    minimum_share: Decimal | None = None
    """The minimum is never more than this share of the value."""

    def total(self, quantity: Decimal, value: Decimal, month: Decimal = ZERO) -> Decimal:
        """Return the commission of an order that has traded this much, after ``month`` in the same month."""
        size = value if self.by_value else quantity
        if not size:
            return ZERO
        least = self.minimum
        if self.minimum_share is not None:
            least = min(least, self.minimum_share * value)
        amount = max(marginal(self.tiers, month, month + size), least)
        return amount if self.maximum_share is None else min(amount, self.maximum_share * value)


def marginal(tiers: Tiers, start: Decimal, end: Decimal) -> Decimal:
    """Return what the volume from ``start`` to ``end`` of a month costs, each part at its own tier's rate."""
    total, lower = ZERO, ZERO
    for bound, rate in tiers:
        part = min(end, bound) - max(start, lower)
        if part > 0:
            total += part * rate
        lower = bound
    return total


_STOCK_FIXED: Final = CommissionRule(tiers=_tiers((0, "0.005")), minimum=Decimal("1.00"), maximum_share=Decimal("0.01"))
_STOCK_TIERED: Final = CommissionRule(
    tiers=_tiers(
        (300_000, "0.0035"), (3_000_000, "0.0020"), (20_000_000, "0.0015"), (100_000_000, "0.0010"), (0, "0.0005")
    ),
    minimum=Decimal("0.35"),
    maximum_share=Decimal("0.01"),
)
_OPTION_HIGH: Final = _tiers((10_000, "0.65"), (50_000, "0.50"), (100_000, "0.25"), (0, "0.15"))
_OPTION_MIDDLE: Final = _tiers((50_000, "0.50"), (100_000, "0.25"), (0, "0.15"))
_OPTION_LOW: Final = _tiers((100_000, "0.25"), (0, "0.15"))
_FUTURE_FIXED: Final = CommissionRule(tiers=_tiers((0, "0.85")))
_FUTURE_TIERED: Final = CommissionRule(tiers=_tiers((1_000, "0.85"), (10_000, "0.65"), (20_000, "0.45"), (0, "0.25")))
_FOREX_TIERS: Final = _tiers(
    (1_000_000_000, "0.000020"), (2_000_000_000, "0.000015"), (5_000_000_000, "0.000010"), (0, "0.000008")
)
_FOREX_MINIMUMS: Final = ((1_000_000_000, "2.00"), (2_000_000_000, "1.50"), (5_000_000_000, "1.25"), (0, "1.00"))
_CRYPTO: Final = CommissionRule(
    tiers=_tiers((100_000, "0.0018"), (1_000_000, "0.0015"), (0, "0.0012")),
    by_value=True,
    minimum=Decimal("1.75"),
    minimum_share=Decimal("0.01"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One execution as the price lists see it.

    ``before`` is what its order had traded already (quantity, value); ``month`` what the account traded of this
    asset class in the calendar month before this order's first execution (units, or USD value for currencies and
    crypto). ``value`` is quantity x price x multiplier in USD for currency pairs and crypto, else in the contract's
    currency.
    """

    instrument: Instrument
    sign: int
    quantity: Decimal
    price: Decimal
    value: Decimal
    liquidity: int = REMOVED
    before: tuple[Decimal, Decimal] = (ZERO, ZERO)
    month: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What an execution pays. A negative total is a rebate."""

    commission: Decimal
    lines: Lines = ()

    @property
    def total(self) -> Decimal:
        return self.commission + sum((amount for _, amount in self.lines), ZERO)


def charge(trade: Trade, schedule: Schedule = Schedule.FIXED, table: FeeTable = FEES) -> Charge:
    """Return the cost of one execution.

    Raises:
        ValueError: the asset class cannot be traded (an index).
    """
    instrument = trade.instrument
    rule = _rule(trade, schedule)
    after = (trade.before[0] + trade.quantity, trade.before[1] + trade.value)
    commission = rule.total(*after, trade.month) - rule.total(*trade.before, trade.month)
    match instrument.asset_class:
        case AssetClass.STOCK:
            return Charge(commission=commission, lines=_stock_lines(trade, schedule, table, commission))
        case AssetClass.OPTION:
            lines = fees.option_fees(
                table, instrument, sign=trade.sign, quantity=trade.quantity, price=trade.price,
                liquidity=trade.liquidity,
            )  # fmt: skip
            return Charge(commission=commission, lines=lines)
        case AssetClass.FUTURE:
            return Charge(commission=commission, lines=fees.future_fees(table, instrument, trade.quantity))
        case _:
            return Charge(commission=commission)


def _stock_lines(trade: Trade, schedule: Schedule, table: FeeTable, commission: Decimal) -> Lines:
    """Fixed pricing includes exchange and clearing; sales pay the regulators in both."""
    lines = fees.stock_regulatory(table, sign=trade.sign, quantity=trade.quantity, value=trade.value)
    if schedule is Schedule.TIERED:
        lines += fees.stock_venue(table, quantity=trade.quantity, value=trade.value, liquidity=trade.liquidity)
        lines += fees.pass_through(table, commission)
    return lines


def _rule(trade: Trade, schedule: Schedule) -> CommissionRule:
    tiered = schedule is Schedule.TIERED
    match trade.instrument.asset_class:
        case AssetClass.STOCK:
            return _STOCK_TIERED if tiered else _STOCK_FIXED
        case AssetClass.OPTION:
            # US options have one list: tiers by volume and premium (IBKR LLC).
            low, middle = trade.price < Decimal("0.05"), trade.price < Decimal("0.10")
            rates = _OPTION_LOW if low else _OPTION_MIDDLE if middle else _OPTION_HIGH
            return CommissionRule(tiers=rates, minimum=Decimal("1.00"))
        case AssetClass.FUTURE:
            return _FUTURE_TIERED if tiered else _FUTURE_FIXED
        case AssetClass.FOREX:
            return CommissionRule(tiers=_FOREX_TIERS, by_value=True, minimum=_forex_minimum(trade.month))
        case AssetClass.CRYPTO:
            return _CRYPTO
        case _:
            raise ValueError(f"a contract of class {trade.instrument.asset_class} cannot be traded, so has no price")


def _forex_minimum(month: Decimal) -> Decimal:
    return next(Decimal(least) for bound, least in _FOREX_MINIMUMS if not bound or month <= bound)


def counts(instrument: Instrument, quantity: Decimal, value: Decimal) -> Decimal:
    """Return what a trade adds to its class's volume of the month."""
    return value if instrument.asset_class in {AssetClass.FOREX, AssetClass.CRYPTO} else quantity


def trade_value(instrument: Instrument, quantity: Decimal, price: Decimal) -> Decimal:
    """Return the money value of a trade in the contract's currency, signed like the price."""
    return quantity * price * instrument.multiplier
