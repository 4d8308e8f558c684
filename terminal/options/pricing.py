# SPDX-License-Identifier: Apache-2.0
"""Black-Scholes-Merton prices and Greeks of European options, on arrays that broadcast against each other.

Formulas: Hull, Options, Futures, and Other Derivatives, chapters 15 and 19 (continuous dividend yield). Units are
IBKR's: vega per volatility point (0.01), theta per calendar day, rho per percentage point of the rate; all for one
unit of the underlying. At or after expiry, or without volatility, the value is the discounted forward's intrinsic one
and the Greeks that need time are 0.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from terminal.options.normal import cdf, pdf

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

YEAR_NS: Final = 365 * 86_400 * 1_000_000_000
"""A year of 365 days of calendar time, in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Valuation:
    """Arrays of one shape. See the module for units."""

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    rho: Floats


@dataclass(frozen=True, slots=True)
class _Terms:
    """What prices and Greeks share."""

    spot: Floats
    strike: Floats
    years: Floats
    sign: Floats
    deviation: Floats
    d1: Floats
    d2: Floats
    carried: Floats  # exp(-dividend x years)
    discount: Floats  # exp(-rate x years)
    alive: Bools
    rate: Floats
    dividend: Floats
    volatility: Floats


def years_between(now_ns: int, expiry_ns: int) -> float:
    """Return the time to expiry in years by calendar seconds, 0 when it has passed."""
    return max(expiry_ns - now_ns, 0) / YEAR_NS


def _terms(
    spot: ArrayLike, strike: ArrayLike, years: ArrayLike, volatility: ArrayLike, call: ArrayLike,
    rate: ArrayLike, dividend: ArrayLike,
) -> _Terms:  # fmt: skip
    s, k, t, v, r, q = np.broadcast_arrays(
        *(np.asarray(item, dtype=np.float64) for item in (spot, strike, years, volatility, rate, dividend))
    )
    is_call = np.broadcast_to(np.asarray(call, dtype=np.bool_), np.broadcast_shapes(s.shape, np.shape(call)))
    s, k, t, v, r, q = (np.broadcast_to(item, is_call.shape) for item in (s, k, t, v, r, q))
    if bool(np.any(~(s > 0)) or np.any(~(k > 0))):
        raise ValueError("spot and strike must be positive")
    alive = (t > 0) & (v > 0)
    time = np.where(alive, t, 1.0)
    deviation = np.where(alive, v * np.sqrt(time), 1.0)
    moneyness = np.log(s / k) + (r - q) * np.maximum(t, 0.0)
    d1 = moneyness / deviation + deviation / 2
    # Without volatility the option is worth its intrinsic value: both probabilities are 0 or 1 (1/2 at the money).
    certain = np.where(moneyness > 0, np.inf, np.where(moneyness < 0, -np.inf, 0.0))
    d1, d2 = np.where(alive, d1, certain), np.where(alive, d1 - deviation, certain)
    past = np.maximum(t, 0.0)
    sign = np.where(is_call, 1.0, -1.0)
    return _Terms(s, k, past, sign, deviation, d1, d2, np.exp(-q * past), np.exp(-r * past), alive, r, q, v)


def price(
    spot: ArrayLike, strike: ArrayLike, years: ArrayLike, volatility: ArrayLike, call: ArrayLike, *,
    rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0,
) -> Floats:  # fmt: skip
    """Return option prices.

    Args:
        years: time to expiry in years.
        volatility: per year, 0.2 = 20 %.
        call: True for calls, False for puts.
        rate: continuous interest rate per year.
        dividend: continuous dividend yield per year.

    Raises:
        ValueError: a spot or strike is not positive.
    """
    return _price(_terms(spot, strike, years, volatility, call, rate, dividend))


def _price(terms: _Terms) -> Floats:
    inside, paid = cdf(terms.sign * terms.d1), cdf(terms.sign * terms.d2)
    forward = terms.spot * terms.carried * inside
    value: Floats = terms.sign * (forward - terms.strike * terms.discount * paid)
    return np.maximum(value, 0.0)


def value(
    spot: ArrayLike, strike: ArrayLike, years: ArrayLike, volatility: ArrayLike, call: ArrayLike, *,
    rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0,
) -> Valuation:  # fmt: skip
    """Return prices and Greeks. Arguments and errors as for `price`."""
    terms = _terms(spot, strike, years, volatility, call, rate, dividend)
    density = np.where(terms.alive, pdf(np.where(terms.alive, terms.d1, 0.0)), 0.0)
    inside, paid = cdf(terms.sign * terms.d1), cdf(terms.sign * terms.d2)
    root = np.sqrt(np.where(terms.alive, terms.years, 1.0))
    carried_spot = terms.spot * terms.carried
    strike_now = terms.strike * terms.discount
    decay = -carried_spot * density * terms.volatility / (2 * root)
    theta = decay + terms.sign * (terms.dividend * carried_spot * inside - terms.rate * strike_now * paid)
    return Valuation(
        price=np.maximum(terms.sign * (carried_spot * inside - strike_now * paid), 0.0),
        delta=terms.sign * terms.carried * inside,
        gamma=terms.carried * density / (terms.spot * terms.deviation),
        vega=carried_spot * density * root / 100.0,
        theta=np.where(terms.alive, theta, 0.0) / 365.0,
        rho=terms.sign * strike_now * terms.years * paid / 100.0,
    )
