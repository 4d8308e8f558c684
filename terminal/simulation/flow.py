# SPDX-License-Identifier: Apache-2.0
"""Background flow by the minute: what opened, the extremes, the close, volume and number of events, in integer ticks.

Minutes come first (here), then a day's events are made to agree with them exactly (plan.py): a print at each extreme,
volume spread over the prints. So daily bars need no events, and bars of any size agree with each other and with what
is streamed. A function of seed, instrument and day; own orders are laid over it elsewhere and never bend it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.simulation.catalog import Underlying
from terminal.simulation.paths import PathBlock
from terminal.simulation.rng import generator

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FORCED: Final = 4  # first, highest, lowest and last print of each minute
MidOf = Callable[[Floats], Floats]
"""From log levels [row, ...] to the efficient price in (fractional) ticks."""
_THIN: Final = 0.1
_MAX_EVENTS: Final = 900


@dataclass(frozen=True, slots=True)
class MinuteFlow:
    """One row per minute, prices of prints in ticks. ``spread`` is the quoted spread of that minute.

    A halted minute has neither events nor volume and its prices are the last one before it.
    """

    spread: NDArray[np.int16]
    open: NDArray[np.int32]
    high: NDArray[np.int32]
    low: NDArray[np.int32]
    close: NDArray[np.int32]
    volume: NDArray[np.int32]
    events: NDArray[np.int16]
    open_at_ask: Bools
    close_at_ask: Bools

    def rows(self, where: int | slice | tuple[int, slice] | Bools | tuple[int, Bools]) -> "MinuteFlow":
        """Return the part ``where`` of every array."""
        return MinuteFlow(
            self.spread[where], self.open[where], self.high[where], self.low[where], self.close[where],
            self.volume[where], self.events[where], self.open_at_ask[where], self.close_at_ask[where],
        )  # fmt: skip

    @classmethod
    def join(cls, parts: Sequence["MinuteFlow"]) -> "MinuteFlow":
        """Concatenate parts [minute] in time order."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))


@dataclass(frozen=True, slots=True)
class HaltRow:
    """A halt of a block's regular sessions: minutes [start, stop) without trade after a minute cut to the band."""

    row: int
    start: int
    stop: int
    low: int
    high: int


def bid_tick(mid: Floats, spread: Ints | int) -> Ints:
    """Return the bid, in ticks, of a market ``spread`` ticks wide around ``mid``."""
    return np.floor(mid - spread / 2 + 0.5).astype(np.int64)


def minute_flow(
    seed: int, spec: Underlying, label: str, place: tuple[int, int], block: PathBlock, mid: MidOf, busy: Floats,
    share: float = 1.0,
) -> MinuteFlow:  # fmt: skip
    """Return the minutes of a stretch, arrays [day, minute].

    Args:
        label: the instrument's own name, so that two expiries of one path trade differently.
        place: block (or day) and stretch.
        busy: activity of each minute, heated by the day's volatility.
        share: share of the day's volume that continuous trading has.
    """
    rng = generator(seed, "flow", label, *place)
    shape = block.open.shape
    move = np.abs(block.close - block.open) / np.where(block.scale > 0, block.scale, 1.0)
    extra = spec.spread * (1.0 + 0.8 * (busy <= _THIN) + 1.6 * (busy <= _THIN / 10)) - 1.0
    spread = 1 + rng.poisson(np.maximum(extra, 0.02), shape)
    noise = np.exp(0.45 * rng.standard_normal(shape) - 0.1)
    mean_volume = share * spec.daily_volume / 390 * busy
    events = np.clip(rng.poisson(spec.events * busy * (0.7 + 0.3 * noise)), 3, _MAX_EVENTS)
    volume = np.maximum(mean_volume * noise * (0.6 + 0.5 * move), 40.0 * (events + FORCED) if spec.lot > 1 else 0)
    volume = np.maximum(volume.astype(np.int64), 2 * (events + FORCED))
    open_at_ask, close_at_ask = rng.random(shape) < 0.5, rng.random(shape) < 0.5
    prints = [
        bid_tick(mid(level), spread) + spread * at_ask
        for level, at_ask in ((block.open, open_at_ask), (block.high, 1), (block.low, 0), (block.close, close_at_ask))
    ]
    # Kept by the block for many names: as narrow as the numbers allow.
    opened, high, low, close = (part.astype(np.int32) for part in prints)
    return MinuteFlow(
        spread.astype(np.int16), opened, high, low, close, volume.astype(np.int32), events.astype(np.int16),
        open_at_ask, close_at_ask,
    )  # fmt: skip


def index_flow(block: PathBlock, mid: MidOf) -> MinuteFlow:
    """Return the minutes of an index: a value each second, no quotes."""
    opened, high, low, close = (
        np.rint(mid(part)).astype(np.int32) for part in (block.open, block.high, block.low, block.close)
    )
    shape = opened.shape
    no = np.zeros(shape, dtype=np.bool_)
    return MinuteFlow(
        np.zeros(shape, dtype=np.int16), opened, high, low, close, np.full(shape, 60, dtype=np.int32),
        np.full(shape, 60, dtype=np.int16), no, no,
    )  # fmt: skip
