# SPDX-License-Identifier: Apache-2.0
"""Margin requirements of a set of positions: shares and options by strategy rules, futures by table, currencies.

Shares and options of one underlying are looked at together (share_margin.py, option_margin.py). Futures need a scan
amount per contract of each product, net over its expiries; what is long in one and short in another expiry needs the
smaller spread amount. Currencies need a share of what the account is worth in each currency that is not its base.
Cryptocurrencies carry no loan value and so no requirement: they are paid in full. Pure functions of holdings.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from terminal.model.enums import AssetClass, OptionRight
from terminal.model.instrument import Instrument
from terminal.simulation import option_margin
from terminal.simulation.share_margin import Need, OptionLeg, ShareRules

BROAD_FUNDS: Final = frozenset({"SPY", "QQQ", "IWM", "DIA"})
"""Funds on broad indexes: their options carry the index rate (Cboe margin manual)."""
NO_CALENDARS: Final = frozenset({"VIX"})
"""Every expiry has a forward of its own, so expiries do not hedge each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureMargin:
    """Per contract, USD; ``spread`` per pair of a long and a short contract of two expiries. Initial is 110 %."""

    maintenance: float
    spread: float

    @property
    def initial(self) -> float:
        return INITIAL_FACTOR * self.maintenance


INITIAL_FACTOR: Final = 1.1
DAY_FACTOR: Final = 0.7
"""Share of the overnight amounts that IBKR asks for futures by day."""
FUTURES: Final[Mapping[str, FutureMargin]] = {
    "ES": FutureMargin(maintenance=15_000.0, spread=500.0),
    "NQ": FutureMargin(maintenance=22_000.0, spread=700.0),
    "CL": FutureMargin(maintenance=6_000.0, spread=600.0),
    "GC": FutureMargin(maintenance=10_000.0, spread=300.0),
}
FUTURE_SHARE: Final = 0.15
"""Maintenance of a future that is not in the table, of its contract value."""
HAIRCUTS: Final[Mapping[str, float]] = {
    "USD": 0.03, "EUR": 0.03, "GBP": 0.03, "AUD": 0.035, "NZD": 0.035, "CAD": 0.025, "CHF": 0.04, "JPY": 0.04,
}  # fmt: skip
HAIRCUT_DEFAULT: Final = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A position as margin sees it.

    ``price`` is the mark, ``underlying`` the underlying's mark for options, ``rate`` the money of the account's base
    currency for one unit of the contract's.
    """

    instrument: Instrument
    quantity: float
    price: float
    underlying: float = 0.0
    rate: float = 1.0


def requirement(
    holdings: Iterable[Holding], exposures: Mapping[str, float] | None = None, *, by_day: bool = False
) -> Need:
    """Return the margin requirement of all ``holdings`` together, in the account's base currency.

    Args:
        by_day: futures need their lower amounts of the day.
        exposures: currency other than the base -> what the account is worth in it, in base currency.
    """
    groups: dict[str, list[Holding]] = {}
    futures: dict[str, list[Holding]] = {}
    for holding in holdings:
        kind = holding.instrument.asset_class
        if not holding.quantity:
            continue
        if kind is AssetClass.FUTURE:
            futures.setdefault(holding.instrument.symbol, []).append(holding)
        elif kind in {AssetClass.STOCK, AssetClass.OPTION}:
            groups.setdefault(_underlying_key(holding.instrument), []).append(holding)
    total = Need()
    for group in groups.values():
        total += _shares_and_options(group).times(group[0].rate)
    for product in futures.values():
        factor = product[0].rate * (DAY_FACTOR if by_day else 1.0)
        total += _futures(product).times(factor)
    for currency, worth in (exposures or {}).items():
        amount = HAIRCUTS.get(currency, HAIRCUT_DEFAULT) * abs(worth)
        total += Need(initial=amount, maintenance=amount)
    return total


def _underlying_key(instrument: Instrument) -> str:
    if instrument.asset_class is AssetClass.OPTION and instrument.underlying_id is not None:
        return str(instrument.underlying_id)
    return str(instrument.id) if instrument.asset_class is AssetClass.STOCK else f"{instrument.symbol} options"


def _shares_and_options(group: Sequence[Holding]) -> Need:
    """Return what one underlying needs. Contracts of different deliverables do not hedge each other."""
    shares = sum(item.quantity for item in group if item.instrument.asset_class is AssetClass.STOCK)
    price = next((item.price for item in group if item.instrument.asset_class is AssetClass.STOCK), 0.0)
    by_units: dict[float, list[Holding]] = {}
    for item in group:
        if item.instrument.asset_class is AssetClass.OPTION:
            by_units.setdefault(float(item.instrument.multiplier), []).append(item)
    if not by_units:
        return ShareRules(price=price, shares=shares).alone()
    total = Need()
    # The standard deliverable gets the shares.
    for units in sorted(by_units, key=lambda size: (size != 100.0, size)):
        options = by_units[units]
        underlying = _underlying(options[0].instrument, price if shares else options[0].underlying)
        total += option_margin.requirement([_leg(item) for item in options], shares, underlying)
        shares = 0.0
    return total


def _underlying(instrument: Instrument, spot: float) -> option_margin.Underlying:
    broad = instrument.symbol in BROAD_FUNDS or str(instrument.underlying_id or "").startswith("^")
    return option_margin.Underlying(
        spot=spot,
        rate=option_margin.INDEX_RATE if broad else option_margin.EQUITY_RATE,
        same_expiry=instrument.symbol in NO_CALENDARS,
    )


def _leg(holding: Holding) -> OptionLeg:
    instrument = holding.instrument
    return OptionLeg(
        call=instrument.right is OptionRight.CALL,
        strike=float(instrument.strike or 0),
        expiry=instrument.expiry.toordinal() if instrument.expiry else 0,
        quantity=round(holding.quantity),
        price=holding.price,
        units=float(instrument.multiplier),
    )


def _futures(product: Sequence[Holding]) -> Need:
    long = sum(item.quantity for item in product if item.quantity > 0)
    short = -sum(item.quantity for item in product if item.quantity < 0)
    pairs, outright = min(long, short), abs(long - short)
    known = FUTURES.get(product[0].instrument.symbol)
    if known is None:
        value = max(item.price * float(item.instrument.multiplier) for item in product)
        known = FutureMargin(maintenance=FUTURE_SHARE * value, spread=FUTURE_SHARE * value)
    maintenance = outright * known.maintenance + pairs * known.spread
    return Need(initial=INITIAL_FACTOR * maintenance, maintenance=maintenance)
