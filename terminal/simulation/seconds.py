# SPDX-License-Identifier: Apache-2.0
"""The way of a price through each second, between the opens, highs, lows and closes of its minutes.

Within a minute the path is a Brownian bridge through four knots (open, the two extremes at random seconds, close),
with the market's own second-by-second noise in it so that names move together, clipped to the extremes. It depends
on seed, path, day and stretch alone. Arrays are [minute, second].
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.simulation.paths import PathBlock
from terminal.simulation.rng import generator

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_COMMON_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class SecondPath:
    """Log price at each second [minute, 60], and the seconds at which each minute's extremes stand."""

    level: NDArray[np.float64]
    high_second: Ints
    low_second: Ints

    def take(self, chosen: Bools) -> "SecondPath":
        """Return the minutes that ``chosen`` marks."""
        return SecondPath(self.level[chosen], self.high_second[chosen], self.low_second[chosen])

    @classmethod
    def join(cls, parts: Sequence["SecondPath"]) -> "SecondPath":
        return cls(
            np.concatenate([part.level for part in parts]),
            np.concatenate([part.high_second for part in parts]),
            np.concatenate([part.low_second for part in parts]),
        )

    def mirrored(self) -> "SecondPath":
        """Return the same way for something that falls when this rises: the extremes change places."""
        return SecondPath(self.level, self.low_second, self.high_second)


def second_path(seed: int, key: str, index: int, segment: int, minutes_of: PathBlock) -> SecondPath:
    """Fill the minutes of one stretch of a day with seconds."""
    minutes = len(minutes_of.open)
    rng = generator(seed, "seconds", key, index, segment)
    first = rng.integers(4, 27, minutes)
    second = first + rng.integers(8, 29, minutes)
    rising = minutes_of.close > minutes_of.open
    low_first = rng.random(minutes) < np.where(rising, 0.8, 0.2)
    early = np.where(low_first, minutes_of.low, minutes_of.high)
    late = np.where(low_first, minutes_of.high, minutes_of.low)
    common = generator(seed, "seconds", "market", index, segment).standard_normal((minutes, 60))
    noise = _noise(common, rng, minutes_of.scale)
    level = _bridge(noise, first, second, (minutes_of.open, early, late, minutes_of.close))
    np.clip(level, minutes_of.low[:, None], minutes_of.high[:, None], out=level)
    rows = np.arange(minutes)
    high_second = np.where(low_first, second, first)
    low_second = np.where(low_first, first, second)
    level[rows, high_second] = minutes_of.high
    level[rows, low_second] = minutes_of.low
    level[:, 0] = minutes_of.open
    level[:, 59] = minutes_of.close
    return SecondPath(level, high_second, low_second)


def _noise(common: Floats, rng: np.random.Generator, scale: Floats) -> Floats:
    own = rng.standard_normal(common.shape)
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
