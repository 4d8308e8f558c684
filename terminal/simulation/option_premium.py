# SPDX-License-Identifier: Apache-2.0
"""Early exercise premiums of American contracts, cheap enough to be asked every second.

Once a day and contract a tree is grown (terminal/options/american.py) over a row of spots, at the surface's volatility
and at one beside it, today and a day on. In between the premium is a cubic spline in the logarithm of the spot and
straight in volatility and time, so quotes, Greeks and history use one smooth function, and its derivatives are the
Greeks' share of early exercise. A day's table does not change, whoever asks first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from terminal.options.american import CashDividend, early_exercise_premium
from terminal.options.pricing import YEAR_NS, Valuation
from terminal.simulation.catalog import Underlying
from terminal.simulation.option_chain import Contract
from terminal.simulation.trading_days import TradingCalendar

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KNOTS: Final = 13
_DAY_NS: Final = 86_400_000_000_000
_BUMP: Final = 0.02
_STEPS: Final = 40
_SPREAD: Final = 4.0 / 252**0.5
"""The row of spots reaches so many annual volatilities to each side."""


class State(Protocol):
    """What a table needs to know of the underlying and its surface."""

    def spot(self, spec: Underlying, ns: int) -> float: ...
    def dividends(self, spec: Underlying, ns: int) -> list[CashDividend]: ...
    def volatility_at(self, contracts: Sequence[Contract], ns: int, spot: Floats) -> Floats:
        """Return volatilities [contract, spot]."""
        ...


@dataclass(frozen=True, slots=True)
class _Table:
    """Premiums of one contract on one day at spots first x step^j: values and spline bends, [value, vega, theta]."""

    ns: int
    volatility: Floats  # at each knot
    base: float  # log of the first spot
    step: float
    values: Floats  # [3, knot]
    bends: Floats  # [3, knot]


def _spline_matrix() -> Floats:
    """Return the matrix that gives a natural spline's second derivatives (for a step of 1) from its values."""
    inner = KNOTS - 2
    system = 4.0 * np.eye(inner) + np.eye(inner, k=1) + np.eye(inner, k=-1)
    second = np.zeros((inner, KNOTS))
    for row in range(inner):
        second[row, row : row + 3] = (6.0, -12.0, 6.0)
    full = np.zeros((KNOTS, KNOTS))
    full[1:-1] = np.linalg.solve(system, second)
    return full


_BENDS: Final = _spline_matrix()


class Premiums:
    """See the module."""

    def __init__(self, state: State, calendar: TradingCalendar, rate: float) -> None:
        self._state = state
        self._calendar = calendar
        self._rate = rate
        self._tables: dict[tuple[int, int], _Table | None] = {}

    def of(
        self, contracts: Sequence[Contract], spot: Floats, volatility: Floats, ns: Ints
    ) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Return premium, and its share of delta, gamma, vega (per point) and theta (per day).

        One contract may come with many spots, or many contracts with one spot each.
        """
        index = self._calendar.index_at(int(ns[0]))
        shape = np.broadcast_shapes(spot.shape, ns.shape)
        zero = np.zeros(shape)
        if not contracts[0].option_class.american:
            return zero, zero, zero, zero, zero
        tables = self._need(contracts, index)
        rows = np.array([row for row, table in enumerate(tables) if table is not None], dtype=np.int64)
        if not len(rows):
            return zero, zero, zero, zero, zero
        grown = [table for table in tables if table is not None]
        if len(contracts) == 1:
            return _evaluate(grown, np.zeros(shape, dtype=np.int64), spot, volatility, ns)
        found = np.zeros((5, *shape))
        found[:, rows] = _evaluate(grown, np.arange(len(rows)), spot[rows], volatility[rows], ns[rows])
        return found[0], found[1], found[2], found[3], found[4]

    def added(
        self, worth: Valuation, contracts: Sequence[Contract], spot: Floats, volatility: Floats, years: Floats, ns: Ints
    ) -> Valuation:
        """Return European values with early exercise added; never below what exercise now gives."""
        premium, delta, gamma, vega, theta = self.of(contracts, spot, volatility, ns)
        alive = years > 0
        strike = np.array([item.strike for item in contracts])
        sign = np.where(np.array([item.call for item in contracts]), 1.0, -1.0)
        price = worth.price + np.where(alive, premium, 0.0)
        exercised = sign * (spot - strike)
        # Where the tree says hold and the spline says less than exercise, exercise is the floor.
        floor = alive & (price < exercised)
        live = np.where(alive & ~floor, 1.0, 0.0)
        return Valuation(
            price=np.where(floor, exercised, price),
            delta=np.where(floor, sign, worth.delta + live * delta),
            gamma=np.where(floor, 0.0, worth.gamma + live * gamma),
            vega=np.where(floor, 0.0, worth.vega + live * vega),
            theta=np.where(floor, 0.0, worth.theta + live * theta),
            rho=worth.rho,
        )

    def _need(self, contracts: Sequence[Contract], index: int) -> list["_Table | None"]:
        missing = [item for item in contracts if (item.con_id, index) not in self._tables]
        if missing:
            if len(self._tables) > 6_000:
                self._tables.clear()
                missing = list(contracts)
            for item, table in zip(missing, self._build(missing, index), strict=True):
                self._tables[item.con_id, index] = table
        return [self._tables[item.con_id, index] for item in contracts]

    def _build(self, contracts: Sequence[Contract], index: int) -> list["_Table | None"]:
        """Grow the tables of contracts of one underlying for a day."""
        spec = contracts[0].spec
        ns = self._calendar.day(index).open_ns
        spot = self._state.spot(spec, ns)
        step = 2 * _SPREAD * max(spec.volatility, 0.1) / (KNOTS - 1)
        base = np.log(spot) - step * (KNOTS - 1) / 2
        spots = np.exp(base + step * np.arange(KNOTS))
        dividends = self._state.dividends(spec, ns)
        volatility = self._state.volatility_at(contracts, ns, spots)
        years = np.maximum(np.array([item.expiry_ns for item in contracts]) - ns, 0) / YEAR_NS
        grown = self._grow(contracts, spots, volatility, years, dividends)
        found: list[_Table | None] = []
        for row in range(len(contracts)):
            level, dearer, later = grown[:, row]
            if not level.any():
                found.append(None)
                continue
            values = np.stack((level, (dearer - level) / _BUMP, later - level))
            found.append(_Table(ns, volatility[row], float(base), step, values, values @ _BENDS.T))
        return found

    def _grow(
        self, contracts: Sequence[Contract], spots: Floats, volatility: Floats, years: Floats,
        dividends: list[CashDividend],
    ) -> Floats:  # fmt: skip
        """Return premiums [case, contract, knot]: as it is, at a higher volatility, a day on; one tree for all."""
        count = len(contracts)
        bump, ahead = np.array([0.0, _BUMP, 0.0]), np.array([0.0, 0.0, _DAY_NS / YEAR_NS])
        shape = (3, count, KNOTS)
        strike = np.array([item.strike for item in contracts])[None, :, None]
        call = np.array([item.call for item in contracts])[None, :, None]
        rows = [
            np.broadcast_to(each, shape).reshape(-1)
            for each in (
                spots, strike, years[None, :, None] - ahead[:, None, None], volatility + bump[:, None, None],
                ahead[:, None, None],
            )
        ]  # fmt: skip
        premium = early_exercise_premium(
            rows[0], rows[1], rows[2], rows[3], np.broadcast_to(call, shape).reshape(-1), rate=self._rate,
            dividends=dividends, elapsed=rows[4], steps=_STEPS,
        )  # fmt: skip
        return premium.reshape(shape)


def _evaluate(
    tables: Sequence[_Table], row: Ints, spot: Floats, volatility: Floats, ns: Ints
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return premium, delta, gamma, vega per point and theta per day; ``row`` names each element's table."""
    first_table = tables[0]  # spots, moment and step are those of the underlying's day
    place = (np.log(spot) - first_table.base) / first_table.step
    left = np.clip(np.floor(place), 0, KNOTS - 2).astype(np.int64)
    t = np.clip(place, 0.0, KNOTS - 1.0) - left
    inside = (place >= 0) & (place <= KNOTS - 1)
    values, bends = np.stack([each.values for each in tables]), np.stack([each.bends for each in tables])
    known = np.stack([each.volatility for each in tables])
    value, slope, bend = _spline(values, bends, row, left, t, first_table.step)
    drift = (known[row, left + 1] - known[row, left]) / first_table.step
    over = volatility - (known[row, left] * (1 - t) + known[row, left + 1] * t)
    days = (ns - first_table.ns) / _DAY_NS
    premium = value[0] + over * value[1] + days * value[2]
    # In the logarithm of the spot; the knots' own volatility moves with it, the contract's is held.
    first = np.where(inside, slope[0] + over * slope[1] + days * slope[2] - drift * value[1], 0.0)
    second = np.where(inside, bend[0] + over * bend[1] + days * bend[2] - 2 * drift * slope[1], 0.0)
    alive = premium > 0
    return (
        np.where(alive, premium, 0.0),
        np.where(alive, first / spot, 0.0),
        np.where(alive, (second - first) / spot**2, 0.0),
        np.where(alive, value[1] / 100.0, 0.0),
        np.where(alive, value[2], 0.0),
    )


def _spline(values: Floats, bends: Floats, row: Ints, left: Ints, t: Floats, step: float) -> (
    tuple[Floats, Floats, Floats]
):  # fmt: skip
    """Return values and derivatives in the logarithm of the spot, arrays [3, element]."""
    a, b = values[row, :, left].T, values[row, :, left + 1].T
    low, high = bends[row, :, left].T, bends[row, :, left + 1].T
    u = 1.0 - t
    value = u * a + t * b + ((u**3 - u) * low + (t**3 - t) * high) / 6.0
    slope = (b - a) + (-(3 * u**2 - 1) * low + (3 * t**2 - 1) * high) / 6.0
    bend = u * low + t * high
    return value, slope / step, bend / step**2
