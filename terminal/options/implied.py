# SPDX-License-Identifier: Apache-2.0
"""Implied volatility on arrays: Newton's method with bisection behind it, so it converges wherever there is one.

The equation is solved for the out-of-the-money option of the same strike (by put-call parity) and in the logarithm of
its price, which is nearly straight in volatility even where prices are tiny.

A price at or below the intrinsic value, or at or above what no volatility can reach, has none: nan in arrays, None in
`implied_volatility_of`.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from terminal.options.pricing import price, value

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
LOWEST: Final = 1e-4
HIGHEST: Final = 10.0
_ROUNDS: Final = 64
_RELATIVE: Final = 1e-12


def implied_volatility(
    option_price: ArrayLike, spot: ArrayLike, strike: ArrayLike, years: ArrayLike, call: ArrayLike, *,
    rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0,
) -> Floats:  # fmt: skip
    """Return the volatilities per year at which Black-Scholes-Merton gives ``option_price``; nan where none does.

    Raises:
        ValueError: a spot or strike is not positive.
    """
    arrays = np.broadcast_arrays(option_price, spot, strike, years, rate, dividend)
    wanted, s, k, t, r, q = (np.asarray(item, dtype=np.float64).ravel() for item in arrays)
    sign = np.where(np.broadcast_to(np.asarray(call, dtype=np.bool_), arrays[0].shape).ravel(), 1.0, -1.0)
    past = np.maximum(t, 0.0)
    parity = s * np.exp(-q * past) - k * np.exp(-r * past)
    time_value = wanted - np.maximum(sign * parity, 0.0)
    result = np.full(wanted.shape, np.nan)
    solvable = np.flatnonzero((t > 0) & (time_value > 0))
    if len(solvable):
        rows = solvable
        result[rows] = _solve(time_value[rows], s[rows], k[rows], t[rows], parity[rows] < 0, r[rows], q[rows])
    return result.reshape(arrays[0].shape)


def _solve(wanted: Floats, s: Floats, k: Floats, t: Floats, call: Bools, r: Floats, q: Floats) -> Floats:
    """Return the volatilities of out-of-the-money options; nan where the bracket holds none."""
    low, high = np.full(wanted.shape, LOWEST), np.full(wanted.shape, HIGHEST)
    result = np.full(wanted.shape, np.nan)
    floor, roof = price(s, k, t, low, call, rate=r, dividend=q), price(s, k, t, high, call, rate=r, dividend=q)
    open_ = np.flatnonzero((wanted > floor) & (wanted < roof))
    guess = _first_guess(wanted, s, t)
    for _ in range(_ROUNDS):
        if not len(open_):
            break
        rows = open_
        seen = value(s[rows], k[rows], t[rows], guess[rows], call[rows], rate=r[rows], dividend=q[rows])
        error = np.log(np.maximum(seen.price, 1e-300) / wanted[rows])
        high[rows] = np.where(error > 0, guess[rows], high[rows])
        low[rows] = np.where(error <= 0, guess[rows], low[rows])
        slope = seen.vega * 100.0 / np.maximum(seen.price, 1e-300)
        newton = guess[rows] - error / np.maximum(slope, 1e-300)
        inside = (newton > low[rows]) & (newton < high[rows])
        result[rows] = guess[rows]
        guess[rows] = np.where(inside, newton, (low[rows] + high[rows]) / 2)
        settled = (np.abs(error) <= _RELATIVE) | (np.abs(guess[rows] - result[rows]) <= _RELATIVE * result[rows])
        open_ = rows[~settled]
    return result


def _first_guess(wanted: Floats, spot: Floats, years: Floats) -> Floats:
    """Return the at-the-money approximation of Brenner and Subrahmanyam (1988), kept within sane bounds."""
    guess: Floats = np.clip(2.5 * wanted / (spot * np.sqrt(np.maximum(years, 1e-9))), 0.15, 3.0)
    return guess


def implied_volatility_of(
    option_price: float, spot: float, strike: float, years: float, *, call: bool, rate: float = 0.0,
    dividend: float = 0.0,
) -> float | None:  # fmt: skip
    """Return one implied volatility, None where there is none."""
    found = float(implied_volatility(option_price, spot, strike, years, call, rate=rate, dividend=dividend))
    return None if np.isnan(found) else found
