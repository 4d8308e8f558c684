# SPDX-License-Identifier: Apache-2.0
"""The bars of one chart: closed ones in a pyramid, the growing one apart. No Qt.

It takes bars as they come from history and from the live feed, in any mixture: a later one starts a new bar,
the same one grows, an older one corrects. It never invents a bar for a time in which nothing traded.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from terminal.model.instrument import Session
from terminal.model.market import Bar
from widgets.chart.pyramid import BarPyramid, Columns, Floats, Row, Times
from widgets.chart.timeline import local_days

DAY_SECONDS: Final = 86_400
_Scalar = TypeVar("_Scalar", bound=np.generic)


class Change(Enum):
    """What an update touched: nothing, the growing bar, closed bars at the end, or anything."""

    NOTHING = auto()
    LIVE = auto()
    CLOSED = auto()
    ALL = auto()


@dataclass(frozen=True, slots=True)
class LiveBar:
    """The bar that still grows; ``price`` weighs it in a VWAP."""

    start_ns: int
    row: Row
    price: float


class BarSeries:
    """Bars of ``seconds`` each, oldest first; index 0 is the oldest, the last one is the live one if there is one."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self.live: LiveBar | None = None
        self.pyramid = BarPyramid()
        self._times: Times = np.empty(0, dtype=np.int64)
        self._prices: Floats = np.empty(0)

    def __len__(self) -> int:
        return len(self.pyramid) + (self.live is not None)

    @property
    def times(self) -> Times:
        """Start of every bar in nanoseconds UTC, the live one included. A view: do not write."""
        return self._times[: len(self)]

    @property
    def prices(self) -> Floats:
        """Weighing price of every closed bar: its own VWAP, else its typical price."""
        return self._prices[: len(self.pyramid)]

    def row(self, index: int) -> Row:
        """Return one bar. IndexError if there is none."""
        if self.live is not None and index == len(self.pyramid):
            return self.live.row
        if not 0 <= index < len(self.pyramid):
            raise IndexError(f"bar must be one of {len(self)}, was {index}")
        return self.pyramid.row(index)

    def index_at(self, ns: int) -> int | None:
        """Return the bar in which `ns` falls, or the last one before it; None before the first."""
        place = int(np.searchsorted(self.times, ns, side="right")) - 1
        return place if place >= 0 else None

    def tail(self, level: int) -> tuple[int, Row] | None:
        """Return (group, bar) of the incomplete bar at the end of a level, the live bar included."""
        closed = self.pyramid.tail(level)
        group = self.pyramid.full_groups(level)
        if self.live is None:
            return None if closed is None else (group, closed)
        return group, self.live.row if closed is None else closed.joined(self.live.row)

    def extremes(self, first: int, last: int) -> tuple[float, float] | None:
        """Return (lowest, highest) price of the bars ``[first, last)``."""
        found = self.pyramid.extremes(first, last)
        if self.live is None or not first <= len(self.pyramid) < last:
            return found
        low, high = self.live.row.low, self.live.row.high
        return (low, high) if found is None else (min(low, found[0]), max(high, found[1]))

    # ------------------------------------------------------------------ taking bars
    def load(self, bars: Sequence[Bar]) -> None:
        """Replace everything. The newest bar becomes the live one; of bars with one start the last counts.

        Raises:
            ValueError: a bar is of another length or has a price that is not a number.
        """
        ordered = {bar.start_ns: bar for bar in bars}
        rows = [self._checked(ordered[start]) for start in sorted(ordered)]
        count = len(rows)
        table = np.fromiter(
            (value for bar in rows for value in (bar.open, bar.high, bar.low, bar.close, bar.volume)),
            dtype=np.float64,
            count=5 * count,
        ).reshape(count, 5)
        times = np.fromiter((bar.start_ns for bar in rows), dtype=np.int64, count=count)
        prices = np.fromiter((_weighing_price(bar) for bar in rows), dtype=np.float64, count=count)
        self.load_columns(times, Columns(*np.ascontiguousarray(table.T)), prices)

    def load_columns(self, times: Times, columns: Columns, prices: Floats | None = None) -> None:
        """Replace everything by columns, sorted by time without repeats. The last row becomes the live bar."""
        if prices is None:
            prices = (columns.high + columns.low + columns.close) / 3
        closed = max(len(times) - 1, 0)
        self.pyramid = BarPyramid(columns.part(0, closed))
        self._times, self._prices = times.copy(), prices.copy()
        self.live = None
        if len(times):
            row = Row(*(float(column[closed]) for column in _each(columns)))
            self.live = LiveBar(int(times[closed]), row, float(prices[closed]))

    def put(self, bar: Bar) -> Change:
        """Take one bar: grow the live one, start the next, or correct an older one. Raises ValueError as `load`."""
        self._checked(bar)
        row = Row(bar.open, bar.high, bar.low, bar.close, bar.volume)
        fresh = LiveBar(bar.start_ns, row, _weighing_price(bar))
        if self.live is None or bar.start_ns > self.live.start_ns:
            self._begin(fresh)
            return Change.CLOSED
        if bar.start_ns == self.live.start_ns:
            if fresh == self.live:
                return Change.NOTHING
            self.live = fresh
            return Change.LIVE
        index = int(np.searchsorted(self.times, bar.start_ns))
        if int(self._times[index]) == bar.start_ns:
            if self.pyramid.row(index) == row:
                return Change.NOTHING
            self.pyramid.amend(index, row)
            self._prices[index] = fresh.price
        else:
            self._insert(index, fresh)
        return Change.ALL

    def _begin(self, fresh: LiveBar) -> None:
        if self.live is not None:
            self.pyramid.append(self.live.row)
            place = len(self.pyramid) - 1
            self._times, self._prices = _room(self._times, place), _room(self._prices, place)
            self._prices[place] = self.live.price
        place = len(self.pyramid)
        self._times, self._prices = _room(self._times, place), _room(self._prices, place)
        self._times[place] = fresh.start_ns
        self.live = fresh

    def _insert(self, index: int, fresh: LiveBar) -> None:
        """Take a bar that history had missed: rare, so everything is built anew."""
        closed, live = self.pyramid.closed(), self.live
        assert live is not None
        new = _each_row(fresh.row)
        last = _each_row(live.row)
        columns = Columns(
            *(
                np.append(np.insert(column, index, value), end)
                for column, value, end in zip(_each(closed), new, last, strict=True)
            )
        )
        prices = np.append(np.insert(self.prices, index, fresh.price), live.price)
        self.load_columns(np.insert(self.times, index, fresh.start_ns), columns, prices)

    def _checked(self, bar: Bar) -> Bar:
        if bar.seconds != self.seconds:
            raise ValueError(f"a bar of this chart must last {self.seconds} s, was {bar.seconds} s")
        if not all(math.isfinite(value) for value in (bar.open, bar.high, bar.low, bar.close, bar.volume)):
            raise ValueError(f"a bar must hold finite numbers, was {bar}")
        return bar


def _weighing_price(bar: Bar) -> float:
    return bar.vwap if bar.vwap is not None else (bar.high + bar.low + bar.close) / 3


def _each(columns: Columns) -> tuple[Floats, ...]:
    return columns.open, columns.high, columns.low, columns.close, columns.volume


def _each_row(row: Row) -> tuple[float, ...]:
    return row.open, row.high, row.low, row.close, row.volume


def _room(array: NDArray[_Scalar], place: int) -> NDArray[_Scalar]:
    """Return the array with room at `place`, at least doubled when it has none."""
    if place < len(array):
        return array
    grown = np.empty(max(256, 2 * len(array)), dtype=array.dtype)
    grown[: len(array)] = array
    return grown


def session_numbers(times: Times, seconds: int, sessions: Sequence[Session], zone: str) -> Floats:
    """Return for each bar the number of its session, -1 outside all of them.

    Without known sessions each calendar day of the exchange is one. Bars of a day or more have no session: a
    VWAP over them would be one over days.
    """
    if seconds >= DAY_SECONDS:
        return np.full(len(times), -1.0)
    if not sessions:
        return local_days(times, zone).astype(np.float64)
    starts = np.array([session.start_ns for session in sessions], dtype=np.int64)
    ends = np.array([session.end_ns for session in sessions], dtype=np.int64)
    place = np.searchsorted(starts, times, side="right") - 1
    inside = (place >= 0) & (times < ends[np.maximum(place, 0)])
    return np.where(inside, place, -1).astype(np.float64)
