# SPDX-License-Identifier: Apache-2.0
"""Price paths: for every day, stretch and minute where the efficient price opens, turns and closes, by seed alone.

A correlated factor model in log price. First come days: each noise (the factors, and every path's own) draws one
number per stretch of the day, a slow stochastic volatility that rises after falls, jumps, and the jump of an earnings
report. Then minutes: within a stretch every noise is a Brownian bridge to its number, with a season and a fast
volatility, so minutes agree with days exactly and names move together in both. So the closes of years cost nothing
and only what is looked at is filled in. Highs and lows of a minute are drawn from the law of the extremes of a bridge;
seconds.py fills in the way between them. Knows no ticks, spreads, dividends or orders.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from terminal.simulation.profiles import (
    EARLY_MINUTES,
    EQUITY,
    GAP,
    LENGTHS,
    REGULAR,
    SEGMENTS,
    Profile,
)
from terminal.simulation.rng import generator
from terminal.simulation.trading_days import MINUTE_NS, TradingCalendar

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BLOCK_DAYS: Final = 32
FIRST_BLOCK: Final = -16
"""History begins 512 trading days before the anchor."""
_MEMORY: Final = 48  # days over which the slow volatility remembers shocks
_DECAY: Final = 0.93
_KNOT_MINUTES: Final = 15
_KEEP_BLOCKS: Final = 48
_KEEP_UNITS: Final = 48
_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class NoiseSpec:
    """One source of noise. ``swing`` is the deviation of its log volatility, ``leverage`` how much falls raise it.

    Jumps come ``jump_rate`` times a year with mean and deviation ``jump`` in log price (already of this noise alone).
    """

    name: str
    profile: Profile = EQUITY
    swing: float = 0.22
    leverage: float = 0.0
    jump_rate: float = 0.0
    jump: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class PathSpec:
    """One path: volatilities per year on noises (the path's own among them, jumps scaled by 1)."""

    key: str
    loads: tuple[tuple[NoiseSpec, float], ...]


@dataclass(frozen=True, slots=True)
class Shock:
    """A jump at a known moment: the report of earnings. ``minute`` counts within its stretch."""

    index: int
    segment: int
    minute: int
    size: float


ShocksOf = Callable[[str, int, int], Iterable[Shock]]
"""(path, first day, day after the last) -> known jumps."""


@dataclass(frozen=True, slots=True)
class PathBlock:
    """Log price of one path, arrays [day, minute] or [minute]; ``scale`` is the minute's deviation."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    scale: Floats

    def row(self, row: int) -> "PathBlock":
        return PathBlock(self.open[row], self.high[row], self.low[row], self.close[row], self.scale[row])


@dataclass(frozen=True, slots=True)
class DayLevels:
    """A block of days: ``level`` [day, 6] is the log price at the stretches' edges, ``deviation`` [noise, day, 5].

    ``volatility`` [day] is the day's volatility against the path's usual one.
    """

    level: Floats
    deviation: Floats
    volatility: Floats
    jumps: tuple[tuple[int, int, int, float], ...]  # row, segment, minute, size


@dataclass(frozen=True, slots=True)
class _NoiseDays:
    z: Floats  # [day, 5]
    slow: Floats  # [day]
    jumps: tuple[tuple[int, int, float], ...]  # row, minute of the regular session, size


class PathBook:
    """All price paths of one seed."""

    def __init__(
        self, seed: int, calendar: TradingCalendar, specs: Sequence[PathSpec], shocks: ShocksOf | None = None
    ) -> None:
        self._seed = seed
        self._calendar = calendar
        self._specs = {spec.key: spec for spec in specs}
        self._shocks = shocks
        self._noises: dict[tuple[str, int], _NoiseDays] = {}
        self._units: dict[tuple[str, int, int], tuple[Floats, Floats]] = {}
        self._base: dict[tuple[str, int], float] = {}
        self._days: dict[tuple[str, int], DayLevels] = {}
        self._blocks: dict[tuple[str, int, int], PathBlock] = {}

    # ------------------------------------------------------------ days

    def days(self, key: str, number: int) -> DayLevels:
        """Return block ``number`` of path ``key`` by day (block 0 begins at the anchor day).

        Raises:
            KeyError: no such path.
            ValueError: the block lies before the start of history.
        """
        found = self._days.get((key, number))
        if found is None:
            if number < FIRST_BLOCK:
                raise ValueError(f"history begins {-FIRST_BLOCK * BLOCK_DAYS} trading days before the anchor")
            steps, deviation, volatility, jumps = self._day_steps(key, number)
            flat = np.concatenate(([0.0], np.cumsum(steps.reshape(-1))))
            level = self._start(key, number) + flat[np.arange(BLOCK_DAYS)[:, None] * 5 + np.arange(6)[None, :]]
            found = self._days[key, number] = DayLevels(level, deviation, volatility, jumps)
        return found

    def day_level(self, key: str, index: int, edge: int) -> float:
        """Return the log price at an edge of a day: 0 the end of the day before, 4 the close, 5 the day's end."""
        number, row = divmod(index, BLOCK_DAYS)
        return float(self.days(key, number).level[row, edge])

    def volatility(self, key: str, index: int) -> float:
        """Return a day's volatility against the path's usual one."""
        number, row = divmod(index, BLOCK_DAYS)
        return float(self.days(key, number).volatility[row])

    def _start(self, key: str, number: int) -> float:
        """Return the log level before a block; 0 before the anchor."""
        if number == 0:
            return 0.0
        known = self._base.get((key, number))
        if known is None:
            near = number - 1 if number > 0 else number + 1
            part = number - 1 if number > 0 else number
            total = float(self._day_steps(key, part)[0].sum())
            known = self._base[key, number] = self._start(key, near) + (total if number > 0 else -total)
        return known

    def _day_steps(
        self, key: str, number: int
    ) -> tuple[Floats, Floats, Floats, tuple[tuple[int, int, int, float], ...]]:
        """Return log steps [day, 5], deviations [noise, day, 5], volatility [day] and jumps."""
        spec = self._specs[key]
        indices = range(number * BLOCK_DAYS, (number + 1) * BLOCK_DAYS)
        deviation = np.zeros((len(spec.loads), BLOCK_DAYS, 5))
        steps = np.zeros((BLOCK_DAYS, 5))
        usual, now = 0.0, np.zeros(BLOCK_DAYS)
        jumps: list[tuple[int, int, int, float]] = []
        for place, (noise, volatility) in enumerate(spec.loads):
            drawn = self._noise(noise, number)
            day = abs(volatility) / sqrt(noise.profile.days) * drawn.slow
            deviation[place] = day[:, None] * np.sqrt(self._shares(noise.profile, indices))
            steps += np.sign(volatility) * deviation[place] * drawn.z
            usual += volatility**2
            now += (volatility * drawn.slow) ** 2
            # A factor's jump is felt in proportion to the load, the path's own as it is.
            share = 1.0 if noise.name == key else volatility / MARKET_VOLATILITY
            jumps += [(row, REGULAR, minute, size * share) for row, minute, size in drawn.jumps]
        steps -= 0.5 * (deviation**2).sum(axis=0)  # prices are fair games, so logarithms drift down
        if self._shocks is not None:
            known = self._shocks(key, indices[0], indices[-1] + 1)
            jumps += [(one.index - indices[0], one.segment, one.minute, one.size) for one in known]
        for row, segment, _, size in jumps:
            steps[row, segment] += size
        return steps, deviation, np.sqrt(now / usual) if usual else np.ones(BLOCK_DAYS), tuple(jumps)

    def _shares(self, profile: Profile, indices: Sequence[int]) -> Floats:
        rows = []
        for index in indices:
            span = self._calendar.span(index)
            gap = (span.night_ns - span.gap_ns) // MINUTE_NS
            rows.append([profile.share(segment, span.early, gap) for segment in SEGMENTS])
        return np.array(rows)

    def _noise(self, noise: NoiseSpec, number: int) -> _NoiseDays:
        """Return a noise by day."""
        found = self._noises.get((noise.name, number))
        if found is None:
            rng = generator(self._seed, "days", noise.name, number)
            z = rng.standard_normal((BLOCK_DAYS, 5))
            struck = rng.random(BLOCK_DAYS) < noise.jump_rate / 252
            minute = rng.integers(5, EARLY_MINUTES, BLOCK_DAYS)
            size = noise.jump[0] + noise.jump[1] * rng.standard_normal(BLOCK_DAYS)
            jumps = tuple((int(row), int(minute[row]), float(size[row])) for row in np.flatnonzero(struck))
            found = self._noises[noise.name, number] = _NoiseDays(z, self._slow(noise, number), jumps)
        return found

    def _slow(self, noise: NoiseSpec, number: int) -> Floats:
        """Return the slow volatility of each day: it remembers shocks, and falls of the price raise it."""
        blocks = range(number - 1 - _MEMORY // BLOCK_DAYS, number + 1)
        own = np.concatenate(
            [generator(self._seed, "slow", noise.name, block).standard_normal(BLOCK_DAYS) for block in blocks]
        )
        if noise.leverage:
            moves = np.concatenate(
                [generator(self._seed, "days", noise.name, block).standard_normal((BLOCK_DAYS, 5)) for block in blocks]
            )
            shares = np.array(noise.profile.shares)
            moved = (moves * np.sqrt(shares / shares.sum())).sum(axis=1)
            own = sqrt(1 - noise.leverage**2) * own - noise.leverage * moved
        weights = _DECAY ** np.arange(_MEMORY)
        weights *= noise.swing / sqrt(float((weights**2).sum()))
        # A day's volatility knows the days before it, not itself.
        smooth = np.convolve(own, np.concatenate(([0.0], weights)))[len(own) - BLOCK_DAYS : len(own)]
        slow: Floats = np.exp(smooth - noise.swing**2)
        return slow

    # ------------------------------------------------------------ minutes

    def segment(self, key: str, number: int, segment: int) -> PathBlock:
        """Return one stretch (not the gap) of every day of a block, arrays [day, minute]. Errors as for `days`."""
        place = (key, number, segment)
        found = self._blocks.pop(place, None)
        if found is None:
            found = self._build(key, number, segment)
        remember(self._blocks, place, found, _KEEP_BLOCKS)
        return found

    def _build(self, key: str, number: int, segment: int) -> PathBlock:
        days = self.days(key, number)
        step = np.zeros((BLOCK_DAYS, LENGTHS[segment]))
        variance = np.zeros_like(step)
        for place, (noise, volatility) in enumerate(self._specs[key].loads):
            unit, weight = self._unit(noise, number, segment, shared=noise.name != key)
            deviation = days.deviation[place, :, segment][:, None]
            step += np.sign(volatility) * deviation * unit
            variance += (deviation * weight) ** 2
        total = days.level[:, segment + 1] - days.level[:, segment]
        for row, where, minute, size in days.jumps:
            if where == segment:
                step[row, minute] += size
        step += _spread(total - step.sum(axis=1), variance)
        level = days.level[:, segment][:, None] + np.concatenate(
            (np.zeros((BLOCK_DAYS, 1)), np.cumsum(step, axis=1)), 1
        )
        level[:, -1] = days.level[:, segment + 1]
        rng = generator(self._seed, "extremes", key, number, segment)
        return _with_extremes(rng, level, np.sqrt(variance))

    def gap(self, key: str, index: int) -> PathBlock:
        """Return the minutes between the end of the day before and 20:00 of the evening before (mostly none)."""
        place = (key, index, GAP)
        found = self._blocks.pop(place, None)
        if found is None:
            found = self._build_gap(key, index)
        remember(self._blocks, place, found, _KEEP_BLOCKS)
        return found

    def _build_gap(self, key: str, index: int) -> PathBlock:
        span = self._calendar.span(index)
        minutes = (span.night_ns - span.gap_ns) // MINUTE_NS
        number, row = divmod(index, BLOCK_DAYS)
        days = self.days(key, number)
        start, end = days.level[row, 0], days.level[row, 1]
        if not minutes:
            none = np.zeros(0)
            return PathBlock(none, none, none, none, none)
        rng = generator(self._seed, "gap", key, index)
        deviation = sqrt(float((days.deviation[:, row, GAP] ** 2).sum()) / minutes)
        step = deviation * rng.standard_normal((1, minutes))
        step += ((end - start) - step.sum()) / minutes
        level = start + np.concatenate((np.zeros((1, 1)), np.cumsum(step, axis=1)), axis=1)
        level[:, -1] = end
        return _with_extremes(rng, level, np.full((1, minutes), deviation)).row(0)

    def _unit(self, noise: NoiseSpec, number: int, segment: int, *, shared: bool) -> tuple[Floats, Floats]:
        """Return the steps of unit noise within a stretch, which sum to the day's number, and their deviations."""
        place = (noise.name, number, segment)
        found = self._units.pop(place, None)
        if found is None:
            early = np.array([self._calendar.span(number * BLOCK_DAYS + row).early for row in range(BLOCK_DAYS)])
            rng = generator(self._seed, "minutes", noise.name, number, segment)
            base = noise.profile.weights(segment, early)
            weight = base * _fast_volatility(rng, base.shape[1])
            weight /= np.sqrt((weight**2).sum(axis=1))[:, None]
            free = weight * rng.standard_normal(base.shape)
            z = self._noise(noise, number).z[:, segment]
            found = (free + weight**2 * (z - free.sum(axis=1))[:, None], weight)
        if shared:
            remember(self._units, place, found, _KEEP_UNITS)
        return found


MARKET_VOLATILITY: Final = 0.165
"""Annual volatility of the market factor; its jumps are written for a load of this size."""


def _spread(missing: Floats, variance: Floats) -> Floats:
    """Spread what is missing of each row over its minutes, in proportion to their variance."""
    total = variance.sum(axis=1)
    rates: Floats = np.divide(missing, total, out=np.zeros_like(missing), where=total > 0)
    return variance * rates[:, None]


def _with_extremes(rng: np.random.Generator, level: Floats, scale: Floats) -> PathBlock:
    opened, closed = level[:, :-1], level[:, 1:]
    spread = closed - opened
    up = np.sqrt(spread**2 - 2 * scale**2 * np.log1p(-rng.random(spread.shape)))
    down = np.sqrt(spread**2 - 2 * scale**2 * np.log1p(-rng.random(spread.shape)))
    return PathBlock(opened, opened + (spread + up) / 2, opened + (spread - down) / 2, closed, scale)


def _fast_volatility(rng: np.random.Generator, minutes: int) -> Floats:
    """Draw the volatility within each day: noise at knots, straight lines of its logarithm between them."""
    knots = minutes // _KNOT_MINUTES + 2
    shocks = 0.3 * rng.standard_normal((BLOCK_DAYS, knots))
    place = np.arange(minutes) / _KNOT_MINUTES
    left = place.astype(np.int64)
    weight = place - left
    fast: Floats = np.exp(shocks[:, left] * (1 - weight) + shocks[:, left + 1] * weight)
    return fast


def remember(cache: dict[_K, _V], key: _K, value: _V, limit: int) -> None:
    """Put ``key`` last into a cache and drop the oldest entries beyond ``limit``."""
    cache[key] = value
    while len(cache) > limit:
        cache.pop(next(iter(cache)))
