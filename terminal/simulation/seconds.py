# SPDX-License-Identifier: Apache-2.0
"""The way of a price through each second of a day, between the opens, highs, lows and closes of its minutes.

Within a minute the path is a Brownian bridge through four knots (open, the two extremes at random seconds, close),
with the market's own second-by-second noise in it so that names move together, clipped to the extremes. It depends
on seed, path and day alone. Arrays are [minute, second].
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.simulation.paths import PathBlock
from terminal.simulation.rng import generator

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_COMMON_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class SecondPath:
    """Log price at each second [minute, 60], and the seconds at which each minute's extremes stand."""

    level: Floats
    high_second: Ints
    low_second: Ints


def second_path(seed: int, key: str, index: int, day: PathBlock) -> SecondPath:
    """Fill one day of minutes with seconds."""
    minutes = len(day.open)
    rng = generator(seed, "seconds", key, index)
    first = rng.integers(4, 27, minutes)
    second = first + rng.integers(8, 29, minutes)
    rising = day.close > day.open
    low_first = rng.random(minutes) < np.where(rising, 0.8, 0.2)
    early = np.where(low_first, day.low, day.high)
    late = np.where(low_first, day.high, day.low)
    noise = _noise(seed, index, minutes, rng, day.scale)
    level = _bridge(noise, first, second, (day.open, early, late, day.close))
    np.clip(level, day.low[:, None], day.high[:, None], out=level)
    rows = np.arange(minutes)
    high_second = np.where(low_first, second, first)
    low_second = np.where(low_first, first, second)
    level[rows, high_second] = day.high
    level[rows, low_second] = day.low
    level[:, 0] = day.open
    level[:, 59] = day.close
    return SecondPath(level, high_second, low_second)


def _noise(seed: int, index: int, minutes: int, rng: np.random.Generator, scale: Floats) -> Floats:
    common = generator(seed, "seconds", "market", index).standard_normal((minutes, 60))
    own = rng.standard_normal((minutes, 60))
    mixed = sqrt(_COMMON_SHARE) * common + sqrt(1 - _COMMON_SHARE) * own
    noise: Floats = np.cumsum(mixed * (scale[:, None] / sqrt(60.0)), axis=1)
    return noise


def _bridge(noise: Floats, first: Ints, second: Ints, knots: tuple[Floats, Floats, Floats, Floats]) -> Floats:
    """Bend ``noise`` so that it passes through the knots at seconds 0, first, second and 59."""
    minutes = len(first)
    rows = np.arange(minutes)
    places = np.stack((np.zeros(minutes, dtype=np.int64), first, second, np.full(minutes, 59)))
    lift = np.stack(knots) - noise[rows, places]
    clock = np.arange(60)[None, :]
    part = (clock >= first[:, None]).astype(np.int64) + (clock >= second[:, None])
    start = places[part, rows[:, None]]
    length = places[part + 1, rows[:, None]] - start
    weight = (clock - start) / np.maximum(length, 1)
    bent: Floats = noise + lift[part, rows[:, None]] * (1 - weight) + lift[part + 1, rows[:, None]] * weight
    return bent
