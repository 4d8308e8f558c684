# SPDX-License-Identifier: Apache-2.0
"""How busy each minute of the day is, per kind of market: 1 is an average minute of the regular session.

Shapes are assumptions of the order of what venues publish: a U over the session, one to two per cent of the volume
before it and less after it, London and the figures at 08:30 in what trades through the night.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.model.enums import AssetClass
from terminal.simulation.profiles import EARLY_MINUTES, EVENING, LENGTHS, MORNING, NIGHT, REGULAR

Floats = NDArray[np.float64]
OPEN_SHARE: Final = 0.014
CLOSE_SHARE: Final = 0.095
FUND_CLOSE_SHARE: Final = 0.035
"""Shares of a day's volume that the opening and closing auctions clear."""


@lru_cache(maxsize=64)
def activity(kind: AssetClass, segment: int, *, early: bool, minutes: int = 0) -> Floats:
    """Return each minute's activity; ``minutes`` is the length of a gap."""
    if segment not in LENGTHS:
        return np.full(minutes, 1.0 if kind is AssetClass.CRYPTO else 0.1)
    minute = np.arange(LENGTHS[segment], dtype=np.float64)
    if segment == REGULAR:
        return _regular(kind, minute, EARLY_MINUTES if early else LENGTHS[REGULAR])
    match kind:
        case AssetClass.STOCK:
            return {
                NIGHT: np.full(len(minute), 0.004),
                MORNING: 0.005 + 0.075 * (minute / 330) ** 3,
                EVENING: 0.008 + 0.09 * np.exp(-minute / 20),
            }[segment]
        case AssetClass.CRYPTO:
            return np.full(len(minute), 0.8)
        case AssetClass.FOREX:
            return {NIGHT: np.where(minute > 420, 0.85, 0.45), MORNING: np.full(len(minute), 0.9),
                    EVENING: np.full(len(minute), 0.3)}[segment]  # fmt: skip
        case _:
            return {
                NIGHT: np.where(minute > 420, 0.22, 0.10),
                MORNING: 0.25 + 0.5 * np.exp(-np.abs(minute - 270) / 8),
                EVENING: 0.06 + 0.25 * np.exp(-minute / 20),
            }[segment]


def _regular(kind: AssetClass, minute: Floats, length: int) -> Floats:
    inside = minute < length
    if kind in {AssetClass.CRYPTO, AssetClass.INDEX}:
        return np.where(inside | (kind is AssetClass.CRYPTO), 1.0, 0.0)
    shape = 0.7 + 1.6 * np.exp(-minute / 20.0) + 1.5 * np.exp(-(length - minute) / 15.0)
    if kind is AssetClass.FOREX:
        shape = 0.8 + 0.4 * np.exp(-minute / 90.0)
    shape = np.where(inside, shape, 0.0)
    usual: Floats = shape / shape[inside].mean()
    return usual
