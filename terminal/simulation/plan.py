# SPDX-License-Identifier: Apache-2.0
"""The events of one instrument on one day, made to agree with its minutes exactly.

Quotes follow the efficient price second by second; prints stand at the bid or the ask, one at each minute's first,
highest, lowest and last price; the minute's volume is spread over them. Auctions print once at their own price, a
halted minute has nothing but one unchanged quote.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.simulation.flow import HaltRow, Ints, MidOf, MinuteFlow, bid_tick
from terminal.simulation.rng import generator
from terminal.simulation.seconds import SecondPath
from terminal.simulation.trading_days import MINUTE_NS, NS

CONDITIONS: Final = ("", "O", "6", "5", "T", "I")
"""Sale conditions by code: regular, opening, closing and reopening auction, outside of regular hours, odd lot."""
OPENING, CLOSING, REOPENING, EXTENDED, ODD = range(1, 6)
OVERNIGHT: Final = 8
"""Added to a code: the print belongs to the overnight session."""
OPEN_OFFSET: Final = 5_000_000
CLOSE_OFFSET: Final = MINUTE_NS - 1_000_000
"""Auctions print 5 ms after the open and in the last millisecond before the close: inside the session."""
_PRINT_SHARE: Final = 0.55
_FREE, _FIRST, _HIGH, _LOW, _LAST, _PAUSE = range(6)


def print_marks(code: int) -> tuple[str, str]:
    """Return exchange (empty: any) and sale conditions of a print's code."""
    return "OVERNIGHT" if code >= OVERNIGHT else "", CONDITIONS[code % OVERNIGHT]


@dataclass(frozen=True, slots=True)
class DayMinutes:
    """The minutes of a day in which an instrument trades: when they begin, their stretch, and what happens in them.

    ``auctions`` are (place, code, tick, size); ``halts`` have places of this day's minutes. Prints below
    ``round_lot`` are odd lots.
    """

    ns: Ints
    segment: NDArray[np.int8]
    flow: MinuteFlow
    auctions: tuple[tuple[int, int, int, int], ...] = ()
    halts: tuple[HaltRow, ...] = ()
    codes: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, dtype=np.int8))
    round_lot: int = 0


@dataclass(frozen=True, slots=True)
class DayPlan:
    """Events of one day in time order. ``size`` 0 marks a change of the quote alone; ``side`` +1 is a buyer."""

    ns: Ints
    bid: NDArray[np.int32]
    ask: NDArray[np.int32]
    tick: NDArray[np.int32]
    size: NDArray[np.int32]
    side: NDArray[np.int8]
    code: NDArray[np.int8]


def index_plan(day: DayMinutes, path: SecondPath, mid: MidOf) -> DayPlan:
    """Return the values of an index, one each second, as prints of size 1 without quotes."""
    count = len(day.ns) * 60
    ns = (day.ns[:, None] + np.arange(60)[None, :] * NS).reshape(-1)
    none = np.zeros(count, dtype=np.int32)
    tick = np.rint(mid(path.level)).astype(np.int32).reshape(-1)
    small = np.zeros(count, dtype=np.int8)
    return DayPlan(ns, none, none, tick, none + 1, small, small)


def day_plan(seed: int, label: str, index: int, day: DayMinutes, path: SecondPath, mid: MidOf) -> DayPlan:
    """Return the events of one day, agreeing with its minutes exactly."""
    rng = generator(seed, "plan", label, index)
    flow = day.flow
    minute, offset, kind = _times(rng, day, path)
    second = np.minimum(offset // NS, 59)
    # One gather of seconds, one exponential: the rest is integers.
    middle = mid(path.level[minute, second])
    spread = flow.spread[minute].astype(np.int64)
    bid = bid_tick(middle, spread)
    ask = bid + spread
    drift = np.sign(np.diff(bid, prepend=bid[:1]))
    buyer = rng.random(len(minute)) < 0.5 + 0.18 * drift
    for code, at_ask in (
        (_FIRST, flow.open_at_ask[minute]), (_HIGH, True), (_LOW, False), (_LAST, flow.close_at_ask[minute]),
    ):  # fmt: skip
        buyer = np.where(kind == code, at_ask, buyer)
    draw = rng.random(len(minute))
    printing = ((kind >= _FIRST) & (kind <= _LAST)) | ((kind == _FREE) & (draw < _PRINT_SHARE))
    # A quote alone is sometimes wider by a tick, but never beyond what the minute's prints reach.
    widen = ~printing & (draw > 0.8)
    bid = bid - (widen & buyer & (bid > flow.low[minute]))
    ask = ask + (widen & ~buyer & (ask < flow.high[minute]))
    for halt in day.halts:
        _cut(bid, ask, minute, kind, halt)
    tick = np.where(buyer, ask, bid)
    size, tick, codes = _sizes(rng, day, minute, kind, printing, tick)
    return DayPlan(
        ns=day.ns[minute] + offset,
        bid=bid.astype(np.int32),
        ask=ask.astype(np.int32),
        tick=tick.astype(np.int32),
        size=size.astype(np.int32),
        side=np.where(buyer, 1, -1).astype(np.int8),
        code=codes,
    )


def _cut(bid: Ints, ask: Ints, minute: Ints, kind: Ints, halt: HaltRow) -> None:
    """Keep the quotes of the minute before a halt inside the band, and the halt's own quote as it was."""
    last = minute == halt.start - 1
    bid[last] = np.clip(bid[last], halt.low, halt.high - 1)
    ask[last] = np.clip(ask[last], halt.low + 1, halt.high)
    for place in np.flatnonzero((minute >= halt.start) & (minute < halt.stop) & (kind == _PAUSE)).tolist():
        bid[place], ask[place] = bid[place - 1], ask[place - 1]


def _times(rng: np.random.Generator, day: DayMinutes, path: SecondPath) -> tuple[Ints, Ints, Ints]:
    """Return minute, nanoseconds within it and kind of each event in order."""
    events = day.flow.events.astype(np.int64)
    live = np.flatnonzero(day.flow.volume > 0)
    paused = np.flatnonzero(day.flow.volume == 0)
    free = np.repeat(np.arange(len(events)), events)
    early = rng.integers(1, 40, (2, len(events))) * 1_000_000
    within = rng.integers(100, 900, (2, len(events))) * 1_000_000
    first = early[0].copy()
    last = 59_940_000_000 + early[1]
    for place, code, _, _ in day.auctions:
        if code == CLOSING:
            last[place] = CLOSE_OFFSET
        else:
            first[place] = OPEN_OFFSET
    minute = np.concatenate((free, live, live, live, live, paused))
    offset = np.concatenate(
        (
            50_000_000 + (rng.random(len(free)) * 59_880.0).astype(np.int64) * 1_000_000,
            first[live],
            path.high_second[live] * NS + within[0][live],
            path.low_second[live] * NS + within[1][live],
            last[live],
            np.full(len(paused), 1_000_000),
        )
    )
    kinds = [np.full(len(live), code) for code in (_FIRST, _HIGH, _LOW, _LAST)]
    kind = np.concatenate((np.zeros(len(free), dtype=np.int64), *kinds, np.full(len(paused), _PAUSE)))
    order = np.argsort(minute * MINUTE_NS + offset, kind="stable")
    return minute[order], offset[order], kind[order]


def _sizes(
    rng: np.random.Generator, day: DayMinutes, minute: Ints, kind: Ints, printing: NDArray[np.bool_], tick: Ints
) -> tuple[Ints, Ints, NDArray[np.int8]]:
    """Split each minute's volume over its prints, at least 1 each, the sum exact; return sizes, prices and codes."""
    volume = day.flow.volume.astype(np.int64)
    own = np.zeros(len(minute), dtype=np.int64)
    code = day.codes[minute]
    tick = tick.copy()
    for place, condition, price, size in day.auctions:
        which = (minute == place) & (kind == (_LAST if condition == CLOSING else _FIRST))
        own[which], tick[which], code[which] = size, price, condition
        volume[place] -= size
    free = printing & (own == 0)
    weight = np.where(free, np.exp(0.9 * rng.standard_normal(len(minute))), 0.0)
    count = len(volume)
    totals = np.bincount(minute, weight, count)
    counts = np.bincount(minute, free, count).astype(np.int64)
    share = weight / np.where(totals > 0, totals, 1.0)[minute] * (volume - counts)[minute]
    size_of = np.where(free, 1 + np.floor(share).astype(np.int64), 0)
    missing = volume - np.bincount(minute, size_of, count).astype(np.int64)
    # What rounding left over goes to the minute's first prints, one unit each.
    starts = np.searchsorted(minute, np.arange(count))
    rank = np.cumsum(free) - 1
    before = np.concatenate(([0], np.cumsum(free)))[starts]
    size_of += free & ((rank - before[minute]) < missing[minute])
    whole = size_of + own
    code[(code == 0) & (whole > 0) & (whole < day.round_lot)] = ODD
    return whole, tick, code
