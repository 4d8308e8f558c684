# SPDX-License-Identifier: Apache-2.0
"""Displayed background depth: how much stands at each price at each moment, as a pure function.

A level keeps its size for some seconds and then is redrawn, each level at its own pace, so a book lives without
anybody stepping it and costs nothing while nobody looks. Sizes grow away from the touch and at round prices. What
own orders take from a level is kept by book.py, not here.
"""

from dataclasses import dataclass
from math import log
from typing import Final

from terminal.simulation.rng import label_key, mix, unit
from terminal.simulation.trading_days import NS

REACH: Final = 400
"""Ticks from the touch beyond which the background shows nothing."""
_SHAPE: Final = (0.55, 0.75, 0.9, 1.0)
_PACE_NS: Final = 1_500_000_000


@dataclass(frozen=True, slots=True)
class DepthField:
    """The background depth of one instrument: ``lot`` units per lot, ``lots`` the mean size of a level in lots."""

    key: int
    lot: int
    lots: float

    @classmethod
    def of(cls, seed: int, label: str, lot: int, lots: float) -> "DepthField":
        return cls(label_key("depth", seed, label), lot, lots)

    def displayed(self, sign: int, tick: int, touch: int, ns: int) -> int:
        """Return the size shown at ``tick`` on the bid (``sign`` +1) or ask (-1) side whose best is ``touch``."""
        distance = (touch - tick) * sign
        if distance < 0 or distance > REACH or tick <= 0:
            return 0
        level = mix(self.key, tick * 2 + (sign > 0))
        pace = _PACE_NS + (level & 7) * NS
        draw = unit(mix(level, (ns + (level >> 8) % pace) // pace))
        mean = self.lots * _SHAPE[min(distance, 3)] * _round_bonus(tick)
        return self.lot * (1 + int(mean * (0.25 - 0.75 * log(1.0 - draw))))


def _round_bonus(tick: int) -> float:
    if tick % 100 == 0:
        return 2.5
    return 1.5 if tick % 10 == 0 else 1.0
