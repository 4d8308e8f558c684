# SPDX-License-Identifier: Apache-2.0
"""What a person may type into the size field: a number, or the amount they think in. No Qt.

``100`` units, ``1R`` (so many risk units lost at the stop), ``0.5%`` of net liquidation as notional, ``$10k``
notional, ``50Δ`` (share equivalents of delta, for options). Money is the account's and is turned into the instrument's
at the rate of exchange. The answer is always a quantity on the instrument's size step, never above what was asked for,
and never above what the risk limits let through.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Final

from terminal.model.instrument import Instrument

_NUMBER: Final = r"(\d[\d,]*\.?\d*|\.\d+)"
_FORMS: Final = (
    ("risk", re.compile(rf"^{_NUMBER}\s*[rR]$")),
    ("percent", re.compile(rf"^{_NUMBER}\s*%$")),
    ("notional", re.compile(rf"^\$\s*{_NUMBER}\s*([kKmM]?)$")),
    ("delta", re.compile(rf"^{_NUMBER}\s*(?:Δ|d|D)$")),
    ("units", re.compile(rf"^{_NUMBER}\s*([kK]?)$")),
)
_SUFFIX: Final = {"": 1, "k": 1_000, "m": 1_000_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeBasis:
    """What the amounts are turned into units with; None where it is not known."""

    instrument: Instrument
    price: Decimal | None
    stop_price: Decimal | None
    net_liquidation: Decimal | None
    risk_fraction: Decimal
    rate: Decimal | None = None
    """Money of the account per unit of the instrument's currency."""
    delta: float | None = None
    largest: tuple[Decimal, str] | None = None
    """What the risk limits let through, and the limit's name. An amount is cut to it, a number of units never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """``quantity`` in units; ``words`` explains where it came from, empty for a plain number."""

    quantity: Decimal
    words: str = ""


def needs_stop(text: str) -> bool:
    """Say whether ``text`` is an amount of risk, which a stop turns into units."""
    return _FORMS[0][1].match(text.strip()) is not None


def parse_size(text: str, basis: SizeBasis) -> Size:
    """Turn what was typed into a quantity.

    Raises:
        ValueError: not one of the forms, or something needed for it is not known; names the way out.
    """
    shown = text.strip()
    for form, pattern in _FORMS:
        match = pattern.match(shown)
        if match is not None:
            amount = _amount(match)
            return _floor(_CONVERT[form](amount, basis), basis, form, shown)
    raise ValueError(f"size must be a number, 1R, 0.5%, $10k or 50Δ, was {shown!r}")


def _amount(match: re.Match[str]) -> Decimal:
    try:
        number = Decimal(match.group(1).replace(",", ""))
    except InvalidOperation as error:
        raise ValueError(f"size must be a number, was {match.group(1)!r}") from error
    suffix = match.group(2).lower() if match.re.groups > 1 else ""
    return number * _SUFFIX[suffix]


def _units(amount: Decimal, _: SizeBasis) -> Decimal:
    return amount


def _risk(amount: Decimal, basis: SizeBasis) -> Decimal:
    if basis.net_liquidation is None:
        raise ValueError("1R needs the account's net liquidation, which is not known yet; type a number of units")
    if basis.price is None or basis.stop_price is None:
        raise ValueError("1R needs a price and a stop; switch the stop on or type a number of units")
    distance = abs(basis.price - basis.stop_price)
    if not distance:
        raise ValueError("1R needs a stop away from the price; move the stop")
    risk = _in_its_currency(amount * basis.net_liquidation * basis.risk_fraction, basis)
    return risk / (distance * basis.instrument.multiplier)


def _in_its_currency(money: Decimal, basis: SizeBasis) -> Decimal:
    """Turn money of the account into money of the instrument."""
    if not basis.rate:
        raise ValueError(
            f"an amount of money needs the rate of {basis.instrument.currency} to the account's currency, which is not "
            "known yet; type a number of units"
        )
    return money / basis.rate


def _percent(amount: Decimal, basis: SizeBasis) -> Decimal:
    if basis.net_liquidation is None:
        raise ValueError("a percentage needs the account's net liquidation, which is not known yet")
    return _notional(basis.net_liquidation * amount / 100, basis)


def _notional(amount: Decimal, basis: SizeBasis) -> Decimal:
    if not basis.price:
        raise ValueError("an amount of money needs a price; wait for a quote or type a number of units")
    return _in_its_currency(amount, basis) / (basis.price * basis.instrument.multiplier)


def _delta(amount: Decimal, basis: SizeBasis) -> Decimal:
    if not basis.delta:
        raise ValueError("an amount of delta needs the option's delta, which is not known")
    return amount / (Decimal(repr(abs(basis.delta))) * basis.instrument.multiplier)


_CONVERT: Final = {"units": _units, "risk": _risk, "percent": _percent, "notional": _notional, "delta": _delta}


def _floor(quantity: Decimal, basis: SizeBasis, form: str, shown: str) -> Size:
    instrument = basis.instrument
    step = instrument.size_increment
    snapped = (quantity / step).quantize(Decimal(1), rounding=ROUND_DOWN) * step
    if form == "units" and snapped != quantity:
        raise ValueError(f"size must be a multiple of {step}, was {quantity}")
    if snapped < instrument.min_size:
        raise ValueError(f"size must be at least {instrument.min_size}, {shown} comes to {snapped}")
    if form == "units":
        return Size(quantity=snapped)
    words = f"{shown} is {snapped:,}"
    if basis.largest is not None and snapped > basis.largest[0] >= instrument.min_size:
        most, rule = basis.largest
        return Size(quantity=most, words=f"{words}, cut to {most:,} by the limit on {rule}")
    return Size(quantity=snapped, words=words)
