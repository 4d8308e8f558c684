# SPDX-License-Identifier: Apache-2.0
"""Limit up, limit down: where a regular session's minutes leave their price band, they are cut and trading pauses.

The plan to address extraordinary market volatility (NMS LULD plan): the band is a percentage around the mean price of
the five minutes before, 5 % for tier 1 (doubled in the last 25 minutes), 10 % for tier 2; a pause lasts five minutes
and ends with an auction. Simplified: the pause begins with the minute after the one that reached the band, whose
prices are cut to it (the plan waits 15 seconds in a limit state), and the reference moves by the minute.
"""

from collections import deque
from dataclasses import replace
from typing import Final

import numpy as np

from terminal.simulation.flow import Bools, HaltRow, MinuteFlow

TIER_1: Final = 0.05
TIER_2: Final = 0.10
PAUSE_MINUTES: Final = 5
_MEMORY: Final = 5
_CLOSING: Final = 25


def band_share(minute: int, last: int, *, tier_2: bool) -> float:
    """Return the half width of the band, as a share of the reference, in a minute of the regular session."""
    if tier_2:
        return TIER_2
    return TIER_1 * (2 if minute >= last - _CLOSING else 1)


def references(flow: MinuteFlow, row: int, halts: tuple[HaltRow, ...], minute: int) -> float:
    """Return the reference price, in ticks, of a minute of a session: the mean of the five before, since a halt."""
    begin = max([0, minute - _MEMORY, *(halt.stop for halt in halts if halt.stop <= minute)])
    if begin >= minute:
        return float(flow.open[row, minute])
    return float(flow.close[row, begin:minute].mean())


def apply_halts(flow: MinuteFlow, early: Bools, *, tier_2: bool) -> tuple[MinuteFlow, tuple[HaltRow, ...]]:
    """Cut a block of regular sessions [day, minute] to its bands and return it with its halts."""
    candidates = _candidates(flow, TIER_2 if tier_2 else TIER_1)
    if not len(candidates):
        return flow, ()
    names = ("open", "high", "low", "close", "volume", "events")
    cut = replace(flow, **{name: getattr(flow, name).copy() for name in names})
    halts: list[HaltRow] = []
    for row in candidates.tolist():
        last = 210 if early[row] else flow.close.shape[1]
        halts += _halt_row(cut, row, last, tier_2=tier_2)
    return cut, tuple(halts)


def _candidates(flow: MinuteFlow, share: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the days on which some minute strays from the mean of those before."""
    close = flow.close.astype(np.float64)
    padded = np.concatenate((np.repeat(flow.open[:, :1].astype(np.float64), _MEMORY, axis=1), close[:, :-1]), axis=1)
    running = np.cumsum(padded, axis=1)
    mean = (running[:, _MEMORY - 1 :] - np.concatenate((np.zeros((len(close), 1)), running[:, :-_MEMORY]), 1)) / _MEMORY
    # A little inside the band: the exact test follows.
    far = (flow.high > mean * (1 + 0.8 * share)) | (flow.low < mean * (1 - 0.8 * share))
    return np.flatnonzero(far.any(axis=1))


def _halt_row(flow: MinuteFlow, row: int, last: int, *, tier_2: bool) -> list[HaltRow]:
    found: list[HaltRow] = []
    memory: deque[int] = deque(maxlen=_MEMORY)
    minute = 0
    while minute < last:
        reference = sum(memory) / len(memory) if memory else float(flow.open[row, minute])
        share = band_share(minute, last, tier_2=tier_2)
        low, high = int(np.ceil(reference * (1 - share))), int(np.floor(reference * (1 + share)))
        outside = flow.high[row, minute] > high or flow.low[row, minute] < low
        stop = minute + 1 + PAUSE_MINUTES
        if not outside or stop >= last:
            memory.append(int(flow.close[row, minute]))
            minute += 1
            continue
        for name in ("open", "high", "low", "close"):
            values = getattr(flow, name)
            values[row, minute] = min(max(int(values[row, minute]), low), high)
        price = flow.close[row, minute]
        pause = (row, slice(minute + 1, stop))
        for name in ("open", "high", "low", "close"):
            getattr(flow, name)[pause] = price
        flow.volume[pause] = 0
        flow.events[pause] = 0
        found.append(HaltRow(row, minute + 1, stop, low, high))
        memory.clear()
        minute = stop
    return found
