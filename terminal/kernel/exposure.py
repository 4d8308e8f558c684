# SPDX-License-Identifier: Apache-2.0
"""Exposure: what the book stands for, by underlying, in the account's currency. Pure: figures in, figures out.

Delta in currency is delta x spot x multiplier x quantity (1 for stock and futures); gamma is the change of that
delta for a 1 % move of the underlying; theta per calendar day; vega per volatility point.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from terminal.model.enums import AssetClass
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import OptionQuote


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeks:
    """Currency Greeks of a holding; None where a part of it is not known."""

    delta: float | None = 0.0
    gamma: float | None = 0.0
    theta: float | None = 0.0
    vega: float | None = 0.0

    def plus(self, other: "Greeks") -> "Greeks":
        return Greeks(
            delta=_add(self.delta, other.delta),
            gamma=_add(self.gamma, other.gamma),
            theta=_add(self.theta, other.theta),
            vega=_add(self.vega, other.vega),
        )


def _add(left: float | None, right: float | None) -> float | None:
    return None if left is None or right is None else left + right


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    instrument: Instrument
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSight:
    """The market as exposure needs it, as callables so that it stays pure."""

    mark: Callable[[InstrumentId], float | None]
    option: Callable[[InstrumentId], OptionQuote | None]
    rate: Callable[[str], float | None]
    """Units of base currency per unit of a currency."""


def greeks_of(holding: Holding, sight: MarketSight) -> Greeks:
    """Return the currency Greeks of one holding."""
    instrument, quantity = holding.instrument, float(holding.quantity)
    rate = sight.rate(instrument.currency)
    if rate is None:
        return Greeks(delta=None, gamma=None, theta=None, vega=None)
    size = quantity * float(instrument.multiplier) * rate
    if instrument.asset_class is not AssetClass.OPTION:
        mark = sight.mark(instrument.id)
        return Greeks(delta=None if mark is None else mark * size)
    option = sight.option(instrument.id)
    if option is None:
        return Greeks(delta=None, gamma=None, theta=None, vega=None)
    spot = option.underlying_price
    if spot is None and instrument.underlying_id is not None:
        spot = sight.mark(instrument.underlying_id)
    return Greeks(
        delta=None if option.delta is None or spot is None else option.delta * spot * size,
        gamma=None if option.gamma is None or spot is None else option.gamma * spot * spot * 0.01 * size,
        theta=None if option.theta is None else option.theta * size,
        vega=None if option.vega is None else option.vega * size,
    )


def underlying_of(instrument: Instrument) -> InstrumentId:
    """Return the identity that a holding is grouped by."""
    return instrument.underlying_id or instrument.id


def by_underlying(holdings: Iterable[Holding], sight: MarketSight) -> Mapping[InstrumentId, Greeks]:
    """Return the summed Greeks per underlying."""
    sums: dict[InstrumentId, Greeks] = {}
    for holding in holdings:
        key = underlying_of(holding.instrument)
        sums[key] = sums.get(key, Greeks()).plus(greeks_of(holding, sight))
    return sums
