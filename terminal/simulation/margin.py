# SPDX-License-Identifier: Apache-2.0
"""Margin requirements of a set of positions: Reg T for stocks, the Cboe formula for short options, tables for the rest.

Sources: Federal Reserve Regulation T (12 CFR 220.12: 50 % initial), FINRA rule 4210 (25 % long and 30 % short
maintenance), Cboe margin manual (short option: premium + 20 % of the underlying less the out-of-the-money amount, at
least premium + 10 % of the underlying, or of the strike for puts), CME and IBKR per-contract futures margins of
early 2025 (assumed round figures), 3 % for currencies (IBKR's haircuts for EUR lie between 2 and 5 %).
Long options carry no requirement because they carry no loan value: the premium is paid in full. A short call covered
by shares, and a short put covered by short shares, need nothing; spreads are not recognised yet.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from terminal.model.enums import AssetClass, OptionRight
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument

STOCK_INITIAL: Final = 0.50
LONG_MAINTENANCE: Final = 0.25
SHORT_MAINTENANCE: Final = 0.30
OPTION_RATE: Final = 0.20
OPTION_FLOOR: Final = 0.10
FOREX_RATE: Final = 0.03
FUTURES: Final[dict[str, tuple[float, float]]] = {"ES": (16_500.0, 15_000.0)}
"""Initial and maintenance per contract, USD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A position as margin sees it. ``price`` is the mark, ``underlying`` the underlying's mark for options."""

    instrument: Instrument
    quantity: float
    price: float
    underlying: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Amounts in the holding's currency."""

    initial: float
    maintenance: float


def requirement(holdings: Iterable[Holding]) -> Requirement:
    """Return the margin requirement of all ``holdings`` together."""
    held = [holding for holding in holdings if holding.quantity]
    shares = {
        holding.instrument.id: holding.quantity
        for holding in held
        if holding.instrument.asset_class is AssetClass.STOCK
    }
    initial = maintenance = 0.0
    # The dearest short options are covered first.
    for holding in sorted(held, key=lambda item: (item.instrument.asset_class is AssetClass.OPTION, -item.price)):
        part = _one(holding, shares)
        initial += part.initial
        maintenance += part.maintenance
    return Requirement(initial=initial, maintenance=maintenance)


def _one(holding: Holding, shares: dict[InstrumentId, float]) -> Requirement:
    value = abs(holding.quantity) * holding.price * float(holding.instrument.multiplier)
    match holding.instrument.asset_class:
        case AssetClass.STOCK:
            rate = LONG_MAINTENANCE if holding.quantity > 0 else SHORT_MAINTENANCE
            return Requirement(initial=STOCK_INITIAL * value, maintenance=rate * value)
        case AssetClass.OPTION:
            return _option(holding, shares)
        case AssetClass.FUTURE:
            initial, maintenance = FUTURES[holding.instrument.symbol]
            count = abs(holding.quantity)
            return Requirement(initial=initial * count, maintenance=maintenance * count)
        case _:
            return Requirement(initial=FOREX_RATE * value, maintenance=FOREX_RATE * value)


def _option(holding: Holding, shares: dict[InstrumentId, float]) -> Requirement:
    if holding.quantity >= 0:
        return Requirement(initial=0.0, maintenance=0.0)
    instrument = holding.instrument
    naked = -holding.quantity - _covered(holding, shares)
    spot, strike = holding.underlying, float(instrument.strike or 0)
    call = instrument.right is OptionRight.CALL
    out_of_the_money = max(strike - spot, 0.0) if call else max(spot - strike, 0.0)
    floor = OPTION_FLOOR * (spot if call else strike)
    per_unit = holding.price + max(OPTION_RATE * spot - out_of_the_money, floor)
    amount = per_unit * float(instrument.multiplier) * naked
    return Requirement(initial=amount, maintenance=amount)


def _covered(holding: Holding, shares: dict[InstrumentId, float]) -> float:
    """Return how many short contracts shares cover, and use these shares up."""
    instrument = holding.instrument
    if instrument.underlying_id is None:
        return 0.0
    sign = 1.0 if instrument.right is OptionRight.CALL else -1.0
    multiplier = float(instrument.multiplier)
    available = max(sign * shares.get(instrument.underlying_id, 0.0), 0.0)
    contracts = min(available // multiplier, -holding.quantity)
    if contracts:
        shares[instrument.underlying_id] -= sign * contracts * multiplier
    return contracts
