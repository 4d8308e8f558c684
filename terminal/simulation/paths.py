# SPDX-License-Identifier: Apache-2.0
"""Price paths: for every day and minute where the efficient price opens, turns and closes, as a function of the seed.

A correlated factor model (market, technology, own noise) in log price with stochastic volatility: a slow factor by
day, a fast one within the day, a U-shaped season over the session and gaps over the skipped night. Minutes are drawn
in blocks of days, each block by its own generator, forwards and backwards from the anchor, so that a year of
history costs the same as a year of future. Highs and lows of a minute are drawn from the law of the extremes of a
Brownian bridge; seconds.py fills in the way between them. Knows no ticks, no spreads and no orders.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.simulation.catalog import Underlying
from terminal.simulation.rng import generator
from terminal.simulation.trading_days import SessionHours

Floats = NDArray[np.float64]

BLOCK_DAYS: Final = 64
FIRST_BLOCK: Final = -8
"""History begins 512 trading days before the anchor."""
MARKET_VOLATILITY: Final = 0.165
TECH_VOLATILITY: Final = 0.10
_OVERNIGHT: Final = 0.20  # share of the daily variance that happens while the market is closed
_EXTENDED: Final = 0.04
_MEMORY: Final = 16  # days over which the daily volatility factor remembers shocks
_KNOT_MINUTES: Final = 15


@dataclass(frozen=True, slots=True)
class PathBlock:
    """Log price of one path over a block of days, arrays [day, minute]; ``scale`` is the minute's deviation."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    scale: Floats


@dataclass(frozen=True, slots=True)
class _Increments:
    gap: Floats  # [day]
    step: Floats  # [day, minute]
    scale: Floats  # [day, minute]


class PathBook:
    """All price paths of one seed."""

    def __init__(self, seed: int, hours: SessionHours, specs: tuple[Underlying, ...]) -> None:
        self._seed = seed
        self.minutes = hours.minutes
        self._season = season(hours)
        self._specs = {spec.path_key: spec for spec in specs}
        self._increments: dict[tuple[str, int], _Increments] = {}
        self._base: dict[tuple[str, int], float] = {}
        self._blocks: dict[tuple[str, int], PathBlock] = {}

    def block(self, key: str, number: int) -> PathBlock:
        """Return the block ``number`` of path ``key`` (block 0 begins at the anchor day).

        Raises:
            KeyError: no such path.
            ValueError: the block lies before the start of history.
        """
        found = self._blocks.pop((key, number), None)
        if found is None:
            found = self._build(key, number)
        self._blocks[key, number] = found
        while len(self._blocks) > 24:
            self._blocks.pop(next(iter(self._blocks)))
        return found

    def day(self, key: str, index: int) -> PathBlock:
        """Return the rows of one trading day, arrays [minute]."""
        number, row = divmod(index, BLOCK_DAYS)
        block = self.block(key, number)
        return PathBlock(block.open[row], block.high[row], block.low[row], block.close[row], block.scale[row])

    def _build(self, key: str, number: int) -> PathBlock:
        if number < FIRST_BLOCK:
            raise ValueError(f"history begins {-FIRST_BLOCK * BLOCK_DAYS} trading days before the anchor")
        steps = self._steps(key, number)
        flat = np.concatenate((steps.gap[:, None], steps.step), axis=1)
        level = self._start(key, number) + np.cumsum(flat.reshape(-1)).reshape(flat.shape)
        opened, closed = level[:, :-1], level[:, 1:]
        rng = generator(self._seed, "extremes", key, number)
        spread = closed - opened
        up = np.sqrt(spread**2 - 2 * steps.scale**2 * np.log1p(-rng.random(spread.shape)))
        down = np.sqrt(spread**2 - 2 * steps.scale**2 * np.log1p(-rng.random(spread.shape)))
        return PathBlock(opened, opened + (spread + up) / 2, opened + (spread - down) / 2, closed, steps.scale)

    def _start(self, key: str, number: int) -> float:
        """Return the log level before the first gap of a block; 0 at the anchor."""
        if number == 0:
            return 0.0
        known = self._base.get((key, number))
        if known is not None:
            return known
        if number > 0:
            value = self._start(key, number - 1) + self._total(key, number - 1)
        else:
            value = self._start(key, number + 1) - self._total(key, number)
        self._base[key, number] = value
        return value

    def _total(self, key: str, number: int) -> float:
        steps = self._steps(key, number)
        return float(steps.gap.sum() + steps.step.sum())

    def _steps(self, key: str, number: int) -> _Increments:
        """Combine the factors' and the path's own noise into log increments."""
        own, slow = self._noise(key, number)
        spec = self._specs[key]
        market, market_slow = self._noise("market factor", number)
        tech, tech_slow = self._noise("tech factor", number)
        loads = (
            (spec.market * MARKET_VOLATILITY, market, market_slow),
            (spec.tech * TECH_VOLATILITY, tech, tech_slow),
            (own_volatility(spec), own, slow),
        )
        gap = np.zeros(BLOCK_DAYS)
        step = np.zeros_like(own.step)
        variance = np.zeros_like(own.step)
        for volatility, noise, daily in loads:
            day = volatility / sqrt(252.0) * daily
            gap += day * sqrt(_OVERNIGHT) * noise.gap
            scale = day[:, None] * self._season * noise.scale
            step += scale * noise.step
            variance += scale**2
        return _Increments(gap, step, np.sqrt(variance))

    def _noise(self, name: str, number: int) -> tuple[_Increments, Floats]:
        """Return unit noise of a factor with its fast volatility, and its slow volatility by day."""
        known = self._increments.pop((name, number), None)
        if known is None:
            rng = generator(self._seed, "path", name, number)
            gap = rng.standard_normal(BLOCK_DAYS)
            step = rng.standard_normal((BLOCK_DAYS, self.minutes))
            known = _Increments(gap, step, self._fast_volatility(rng))
        self._increments[name, number] = known
        while len(self._increments) > 24:
            self._increments.pop(next(iter(self._increments)))
        return known, self._slow_volatility(name, number)

    def _fast_volatility(self, rng: np.random.Generator) -> Floats:
        """Draw the volatility within each day: noise at knots, straight lines of its logarithm between them."""
        knots = self.minutes // _KNOT_MINUTES + 2
        shocks = 0.3 * rng.standard_normal((BLOCK_DAYS, knots))
        place = np.arange(self.minutes) / _KNOT_MINUTES
        left = place.astype(np.int64)
        weight = place - left
        log_vol = shocks[:, left] * (1 - weight) + shocks[:, left + 1] * weight
        fast: Floats = np.exp(log_vol - 0.06)
        return fast

    def _slow_volatility(self, name: str, number: int) -> Floats:
        shocks = np.concatenate(
            [generator(self._seed, "slow", name, block).standard_normal(BLOCK_DAYS) for block in (number - 1, number)]
        )
        weights = 0.85 ** np.arange(_MEMORY)
        weights *= 0.22 / sqrt(float((weights**2).sum()))
        smooth = np.convolve(shocks, weights)[BLOCK_DAYS : 2 * BLOCK_DAYS]
        slow: Floats = np.exp(smooth - 0.22**2)
        return slow


def own_volatility(spec: Underlying) -> float:
    """Return the part of the annual volatility that the factors do not explain."""
    common = (spec.market * MARKET_VOLATILITY) ** 2 + (spec.tech * TECH_VOLATILITY) ** 2
    return sqrt(max(spec.volatility**2 - common, 0.0))


def season(hours: SessionHours) -> Floats:
    """Return each minute's share of a day's deviation: the U of the regular session, thin edges before and after."""
    minute = np.arange(hours.minutes, dtype=np.float64)
    regular = (minute >= hours.open_minute) & (minute < hours.close_minute)
    since = minute - hours.open_minute
    left = hours.close_minute - minute
    shape = np.where(regular, 0.75 + 0.95 * np.exp(-since / 25.0) + 0.35 * np.exp(-left / 20.0), 0.0)
    inside = 1.0 - _OVERNIGHT - _EXTENDED
    weights = shape * sqrt(inside / float((shape**2).sum()))
    outside = max(int((~regular).sum()), 1)
    weights[~regular] = sqrt(_EXTENDED / outside)
    return weights
