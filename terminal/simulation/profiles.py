# SPDX-License-Identifier: Apache-2.0
"""How variance is spread over a trading day: by stretch (`DaySpan`) and by minute within it, per kind of market.

A profile gives shares that sum to about one trading day's variance, so that a volatility per year stays what it says
whatever part of the day is lived. Pure shapes; the noise that follows them is paths.py's. The shares are assumptions
of the order that the literature on overnight and intraday variance reports.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GAP, NIGHT, MORNING, REGULAR, EVENING = range(5)
SEGMENTS: Final = (GAP, NIGHT, MORNING, REGULAR, EVENING)
LENGTHS: Final = {NIGHT: 480, MORNING: 330, REGULAR: 390, EVENING: 240}
"""Minutes of each stretch that has a fixed length; a half day uses only the first 210 of the regular 390."""
EARLY_MINUTES: Final = 210
DAY_MINUTES: Final = 1440


@dataclass(frozen=True, slots=True)
class Profile:
    """``shares`` of a day's variance by stretch (the gap's share is for a whole weekend), deviations by minute.

    ``round_the_clock``: every minute has the same variance and a year has 365 days.
    """

    shares: tuple[float, float, float, float, float]
    shapes: dict[int, Floats]
    early: Floats
    round_the_clock: bool = False

    @property
    def days(self) -> float:
        """Days of trading in a year."""
        return 365.0 if self.round_the_clock else 252.0

    def weights(self, segment: int, early: NDArray[np.bool_]) -> Floats:
        """Return deviations [row, minute] whose squares sum to 1 in each row."""
        shape = self.shapes[segment]
        if segment != REGULAR or not early.any():
            return np.broadcast_to(shape, (len(early), len(shape)))
        return np.where(early[:, None], self.early, shape)

    def share(self, segment: int, early: bool, gap_minutes: int) -> float:
        """Return the share of a day's variance that falls into one stretch."""
        if segment == GAP:
            if self.round_the_clock:
                return gap_minutes / DAY_MINUTES
            return self.shares[GAP] if gap_minutes > DAY_MINUTES / 2 else 0.0
        if segment == REGULAR and early:
            return self.shares[REGULAR] * EARLY_MINUTES / LENGTHS[REGULAR]
        return self.shares[segment]


def _unit(shape: Floats) -> Floats:
    scaled: Floats = shape / np.sqrt((shape**2).sum())
    return scaled


def _minutes(segment: int) -> Floats:
    return np.arange(LENGTHS[segment], dtype=np.float64)


def _session(minutes: int, base: float, opening: float, closing: float) -> Floats:
    """Return the U of a session, zero after its end."""
    since = _minutes(REGULAR)
    shape = base + opening * np.exp(-since / 25.0) + closing * np.exp(-(minutes - since) / 20.0)
    return _unit(np.where(since < minutes, shape, 0.0))


def _build(shares: tuple[float, float, float, float, float], u: tuple[float, float, float], shapes: dict[int, Floats],
           *, flat: bool = False) -> Profile:  # fmt: skip
    full = {segment: _unit(shape) for segment, shape in shapes.items()}
    full[REGULAR] = _session(LENGTHS[REGULAR], *u)
    return Profile(shares, full, _session(EARLY_MINUTES, *u), round_the_clock=flat)


_NEWS: Final = np.exp(-np.abs(_minutes(MORNING) - 270) / 6)  # figures at 08:30
EQUITY: Final = _build(
    (0.03, 0.05, 0.14, 0.76, 0.05),
    (0.75, 0.95, 0.35),
    {
        NIGHT: np.full(480, 1.0),
        MORNING: 0.4 + 0.6 * _minutes(MORNING) / 330 + 1.2 * _NEWS,
        EVENING: 0.4 + 1.5 * np.exp(-_minutes(EVENING) / 15),
    },
)
"""Stocks, funds, their indices and the futures on them."""
MACRO: Final = _build(
    (0.03, 0.26, 0.25, 0.42, 0.07),
    (0.85, 0.35, 0.1),
    {
        NIGHT: np.where(_minutes(NIGHT) > 420, 1.2, 0.7),  # London opens
        MORNING: np.asarray(0.9 + 0.7 * _NEWS, dtype=np.float64),
        EVENING: np.full(240, 0.5),
    },
)
"""Currencies, rates, energy and metals: what trades through the night."""
CLOCK: Final = _build(
    (2.0, 480 / 1440, 330 / 1440, 390 / 1440, 240 / 1440),
    (1.0, 0.0, 0.0),
    {segment: np.full(LENGTHS[segment], 1.0) for segment in (NIGHT, MORNING, EVENING)},
    flat=True,
)
"""Coins."""
