# SPDX-License-Identifier: Apache-2.0
"""Background flow: the quotes and prints of one instrument on one day, event by event, in integer ticks.

Minutes come first (`MinuteFlow`: what opened, the extremes, the close, volume and number of events), then the day's
events are made to agree with them exactly (`DayPlan`): a print at each extreme, volume spread over the prints. So
daily bars need no events, and bars of any size agree with each other and with what is streamed. A function of seed,
instrument and day; own orders are laid over it elsewhere and never bend it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.simulation.catalog import Underlying
from terminal.simulation.paths import BLOCK_DAYS, PathBlock
from terminal.simulation.rng import generator
from terminal.simulation.seconds import SecondPath
from terminal.simulation.trading_days import MINUTE_NS, NS, SessionHours

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FORCED: Final = 4  # first, highest, lowest and last print of each minute
_EXTENDED_ACTIVITY: Final = 0.06
_PRINT_SHARE: Final = 0.55
_MAX_EVENTS: Final = 900


@dataclass(frozen=True, slots=True)
class Grid:
    """From log level to ticks: price = scale x exp(level), in units of ``tick``."""

    scale: float
    tick: float

    def mid(self, level: Floats) -> Floats:
        """Return the efficient price in (fractional) ticks."""
        ticks: Floats = np.exp(level) * (self.scale / self.tick)
        return ticks


@dataclass(frozen=True, slots=True)
class MinuteFlow:
    """One row per minute, prices of prints in ticks. ``spread`` is the quoted spread of that minute."""

    spread: NDArray[np.int16]
    open: NDArray[np.int32]
    high: NDArray[np.int32]
    low: NDArray[np.int32]
    close: NDArray[np.int32]
    volume: NDArray[np.int32]
    events: NDArray[np.int16]
    open_at_ask: NDArray[np.bool_]
    close_at_ask: NDArray[np.bool_]

    def rows(self, where: int | slice | tuple[int, slice]) -> "MinuteFlow":
        """Return the part ``where`` of every array."""
        return MinuteFlow(
            self.spread[where], self.open[where], self.high[where], self.low[where], self.close[where],
            self.volume[where], self.events[where], self.open_at_ask[where], self.close_at_ask[where],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DayPlan:
    """Events of one day in time order. ``size`` 0 marks a change of the quote alone; ``side`` +1 is a buyer."""

    ns: Ints
    bid: NDArray[np.int32]
    ask: NDArray[np.int32]
    size: NDArray[np.int32]
    side: NDArray[np.int8]


def bid_tick(mid: Floats, spread: Ints | int) -> Ints:
    """Return the bid, in ticks, of a market ``spread`` ticks wide around ``mid``."""
    return np.floor(mid - spread / 2 + 0.5).astype(np.int64)


def activity(hours: SessionHours) -> Floats:
    """Return each minute's trading activity, 1 on average over the regular session."""
    minute = np.arange(hours.minutes, dtype=np.float64)
    regular = (minute >= hours.open_minute) & (minute < hours.close_minute)
    since, left = minute - hours.open_minute, hours.close_minute - minute
    shape = np.where(regular, 0.7 + 1.6 * np.exp(-since / 20.0) + 1.5 * np.exp(-left / 15.0), 0.0)
    shape /= shape[regular].mean()
    shape[~regular] = _EXTENDED_ACTIVITY
    return shape


def minute_flow(seed: int, spec: Underlying, label: str, grid: Grid, number: int, block: PathBlock,
                hours: SessionHours) -> MinuteFlow:  # fmt: skip
    """Return the minutes of a block of days, arrays [day, minute].

    Args:
        label: the instrument's own name, so that two expiries of one path trade differently.
    """
    rng = generator(seed, "flow", label, number)
    shape = (BLOCK_DAYS, hours.minutes)
    busy = activity(hours)
    move = np.abs(block.close - block.open) / block.scale
    extra = spec.spread * (1.0 + 0.8 * (busy <= _EXTENDED_ACTIVITY)) - 1.0
    spread = 1 + rng.poisson(np.maximum(extra, 0.02), shape)
    noise = np.exp(0.45 * rng.standard_normal(shape) - 0.1)
    mean_volume = spec.daily_volume / (hours.close_minute - hours.open_minute) * busy
    events = np.clip(rng.poisson(spec.events * busy * (0.7 + 0.3 * noise)), 3, _MAX_EVENTS)
    volume = np.maximum(mean_volume * noise * (0.6 + 0.5 * move), 40.0 * (events + FORCED) if spec.lot > 1 else 0)
    volume = np.maximum(volume.astype(np.int64), 2 * (events + FORCED))
    open_at_ask, close_at_ask = rng.random(shape) < 0.5, rng.random(shape) < 0.5
    prints = [
        bid_tick(grid.mid(level), spread) + spread * at_ask
        for level, at_ask in ((block.open, open_at_ask), (block.high, 1), (block.low, 0), (block.close, close_at_ask))
    ]
    # Kept by the block for many names: as narrow as the numbers allow.
    opened, high, low, close = (part.astype(np.int32) for part in prints)
    return MinuteFlow(
        spread.astype(np.int16), opened, high, low, close, volume.astype(np.int32), events.astype(np.int16),
        open_at_ask, close_at_ask,
    )  # fmt: skip


def day_plan(seed: int, label: str, index: int, start_ns: int, flow: MinuteFlow, path: SecondPath,
             grid: Grid) -> DayPlan:  # fmt: skip
    """Return the events of one day, agreeing with its minutes exactly."""
    rng = generator(seed, "plan", label, index)
    minute, offset, kind = _times(rng, flow.events.astype(np.int64), path)
    second = np.minimum(offset // NS, 59)
    mid = grid.mid(path.level[minute, second])
    spread = flow.spread[minute].astype(np.int64)
    bid = bid_tick(mid, spread)
    ask = bid + spread
    drift = np.sign(np.diff(bid, prepend=bid[0]))
    buyer = rng.random(len(minute)) < 0.5 + 0.18 * drift
    for code, at_ask in ((1, flow.open_at_ask[minute]), (2, True), (3, False), (4, flow.close_at_ask[minute])):
        buyer = np.where(kind == code, at_ask, buyer)
    draw = rng.random(len(minute))
    printing = (kind > 0) | (draw < _PRINT_SHARE)
    widen = ~printing & (draw > 0.8)
    bid = bid - (widen & buyer)
    ask = ask + (widen & ~buyer)
    size = _sizes(rng, minute, printing, flow.volume.astype(np.int64))
    return DayPlan(
        ns=start_ns + minute * MINUTE_NS + offset,
        bid=bid.astype(np.int32),
        ask=ask.astype(np.int32),
        size=size.astype(np.int32),
        side=np.where(buyer, 1, -1).astype(np.int8),
    )


def _times(rng: np.random.Generator, events: Ints, path: SecondPath) -> tuple[Ints, Ints, Ints]:
    """Return minute, nanoseconds within it and kind (0 free, 1 first, 2 high, 3 low, 4 last) of each event in order."""
    minutes = len(events)
    free = np.repeat(np.arange(minutes), events)
    rows = np.arange(minutes)
    early = rng.integers(1, 40, (2, minutes)) * 1_000_000
    within = rng.integers(100, 900, (2, minutes)) * 1_000_000
    minute = np.concatenate((free, rows, rows, rows, rows))
    offset = np.concatenate(
        (
            50_000_000 + (rng.random(len(free)) * 59_880.0).astype(np.int64) * 1_000_000,
            early[0],
            path.high_second * NS + within[0],
            path.low_second * NS + within[1],
            59_940_000_000 + early[1],
        )
    )
    kind = np.concatenate((np.zeros(len(free), dtype=np.int64), *(np.full(minutes, code) for code in (1, 2, 3, 4))))
    order = np.argsort(minute * MINUTE_NS + offset, kind="stable")
    return minute[order], offset[order], kind[order]


def _sizes(rng: np.random.Generator, minute: Ints, printing: NDArray[np.bool_], volume: Ints) -> Ints:
    """Split each minute's volume over its prints: at least 1 each, the sum exact."""
    weight = np.where(printing, np.exp(0.9 * rng.standard_normal(len(minute))), 0.0)
    starts = np.searchsorted(minute, np.arange(len(volume)))
    totals = np.add.reduceat(weight, starts)
    counts = np.add.reduceat(printing.astype(np.int64), starts)
    share = weight / totals[minute] * (volume - counts)[minute]
    size = np.where(printing, 1 + np.floor(share).astype(np.int64), 0)
    missing = volume - np.add.reduceat(size, starts)
    # What rounding left over goes to the minute's first prints, one unit each.
    rank = np.cumsum(printing) - 1
    first_rank = rank[starts] + np.where(printing[starts], 0, 1)
    size += printing & ((rank - first_rank[minute]) < missing[minute])
    return size
