# SPDX-License-Identifier: Apache-2.0
"""What early exercise adds to an option: a binomial tree with cash dividends, on arrays of contracts.

The tree of Cox, Ross and Rubinstein (1979) on the spot less the present value of the dividends to come (the escrowed
dividend model; Hull, Options, Futures, and Other Derivatives, chapter 21), valued with and without early exercise at
the same time: the difference is smooth and small where the values themselves still swing, so it is added to an exact
European price. Units as in pricing.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
STEPS: Final = 48


@dataclass(frozen=True, slots=True)
class CashDividend:
    """A payment ``years`` ahead, of ``amount`` money per unit of the underlying."""

    years: float
    amount: float


def present_value(dividends: Sequence[CashDividend], years: ArrayLike, rate: float, elapsed: ArrayLike = 0.0) -> Floats:
    """Return what the dividends of (0, years] are worth now, for each of ``years``; ``elapsed`` brings them nearer."""
    until, nearer = np.broadcast_arrays(np.asarray(years, dtype=np.float64), np.asarray(elapsed, dtype=np.float64))
    found = np.zeros(until.shape)
    last = float((until + nearer).max(initial=0.0))
    for paid in dividends:
        if not 0 < paid.years <= last:
            continue
        ahead = paid.years - nearer
        found = found + np.where((ahead > 0) & (until >= ahead), paid.amount * np.exp(-rate * ahead), 0.0)
    return found


def early_exercise_premium(
    spot: ArrayLike, strike: ArrayLike, years: ArrayLike, volatility: ArrayLike, call: ArrayLike, *,
    rate: float, dividends: Sequence[CashDividend] = (), elapsed: ArrayLike = 0.0, steps: int = STEPS,
) -> Floats:  # fmt: skip
    """Return what an American option is worth above the European one, arrays that broadcast to one dimension.

    Args:
        years: time to expiry in years; rows at or after expiry have no premium.
        dividends: what the underlying pays; each row counts those before its own expiry.
        elapsed: years by which the dividends are nearer for a row.

    Raises:
        ValueError: the present value of the dividends reaches a spot.
    """
    s, k, t, v, e = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(item, dtype=np.float64)) for item in (spot, strike, years, volatility, elapsed))
    )
    is_call = np.broadcast_to(np.asarray(call, dtype=np.bool_), s.shape)
    escrowed = s - present_value(dividends, t, rate, e)
    if bool(np.any(escrowed <= 0)):
        raise ValueError("dividends must be worth less than the spot")
    found = np.zeros(s.shape)
    rows = np.flatnonzero(_worthwhile(s, k, t, v, is_call, rate, dividends, e))
    if len(rows):
        found[rows] = _tree(escrowed[rows], k[rows], t[rows], v[rows], is_call[rows], rate, dividends, e[rows], steps)
    return found


def _worthwhile(
    spot: Floats, strike: Floats, years: Floats, volatility: Floats, call: NDArray[np.bool_], rate: float,
    dividends: Sequence[CashDividend], elapsed: Floats,
) -> NDArray[np.bool_]:  # fmt: skip
    """Say where early exercise can be worth a tenth of a cent at all: interest for puts, dividends for calls."""
    alive = (years > 0) & (volatility > 0)
    interest = strike * -np.expm1(-rate * np.maximum(years, 0.0))
    paid = np.zeros(spot.shape)
    last = float((years + elapsed).max(initial=0.0))
    for each in dividends:
        if not 0 < each.years <= last:
            continue
        ahead = each.years - elapsed
        paid += np.where((ahead > 0) & (years >= ahead), each.amount, 0.0)
    deviation = np.where(alive, volatility * np.sqrt(np.maximum(years, 1e-9)), 1.0)
    near = np.where(call, 1.0, -1.0) * np.log(spot / strike) > -2.0 * deviation
    return alive & near & (np.where(call, paid, interest) > 1e-3)


def _tree(
    escrowed: Floats, strike: Floats, years: Floats, volatility: Floats, call: NDArray[np.bool_], rate: float,
    dividends: Sequence[CashDividend], elapsed: Floats, steps: int,
) -> Floats:  # fmt: skip
    step = years / steps
    up = np.exp(volatility * np.sqrt(step))
    growth = np.exp(rate * step)
    chance = np.clip((growth - 1 / up) / (up - 1 / up), 0.0, 1.0)
    rise, fall = (chance / growth)[:, None], ((1 - chance) / growth)[:, None]
    sign = np.where(call, 1.0, -1.0)[:, None]
    # Column j: j ups among `steps` moves; an earlier step reuses the middle columns of the same grid.
    exponent = np.arange(-steps, steps + 1)
    nodes = escrowed[:, None] * up[:, None] ** exponent
    price = np.maximum(sign * (nodes[:, ::2] - strike[:, None]), 0.0)
    plain = price.copy()
    coming = _coming(dividends, step[:, None] * np.arange(steps), years[:, None], rate, elapsed[:, None])
    gained = strike[:, None] - coming  # exercise gives the spot with the dividends to come, against the strike
    for level in range(steps - 1, -1, -1):
        price = rise * price[:, 1:] + fall * price[:, :-1]
        plain = rise * plain[:, 1:] + fall * plain[:, :-1]
        here = nodes[:, steps - level : steps + level + 1 : 2]
        price = np.maximum(price, sign * (here - gained[:, level : level + 1]))
    premium: Floats = np.maximum(price[:, 0] - plain[:, 0], 0.0)
    return premium


def _coming(dividends: Sequence[CashDividend], now: Floats, years: Floats, rate: float, elapsed: Floats) -> Floats:
    """Return the value, at ``now`` [row, step], of the dividends still to come before expiry."""
    found = np.zeros(now.shape)
    last = float((years + elapsed).max())
    for paid in dividends:
        if not 0 < paid.years <= last:
            continue
        at = paid.years - elapsed
        ahead = (at > now) & (at <= years)
        found += np.where(ahead, paid.amount * np.exp(-rate * (at - now)), 0.0)
    return found
