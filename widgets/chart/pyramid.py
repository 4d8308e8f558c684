# SPDX-License-Identifier: Apache-2.0
"""Bars as columns with a pyramid of coarser bars above them, so that drawing never costs more than the pixels.

Level 0 holds the closed bars, level k bars of 4**k of them. Appending touches one row per level; the bar that
still grows is not in here (the model keeps it apart), so a tick costs nothing. No Qt.
"""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
FACTOR: Final = 4
_FIRST_CAPACITY: Final = 1024


@dataclass(frozen=True, slots=True)
class Columns:
    """Equally long columns of bars. Prices in the price unit, volume in units; views, not copies: do not write."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.open)

    def part(self, first: int, last: int) -> "Columns":
        return Columns(*(getattr(self, field.name)[first:last] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Row:
    """One bar as plain numbers."""

    open: float
    high: float
    low: float
    close: float
    volume: float

    def joined(self, later: "Row") -> "Row":
        """Return the bar that covers this one and the `later` one."""
        return Row(
            self.open, max(self.high, later.high), min(self.low, later.low), later.close, self.volume + later.volume
        )


class _Level:
    """Growing columns of one level."""

    __slots__ = ("_store", "count")

    def __init__(self, columns: Columns | None = None) -> None:
        self.count = len(columns) if columns is not None else 0
        capacity = max(_FIRST_CAPACITY, self.count + self.count // 4)
        self._store = np.empty((5, capacity))
        if columns is not None:
            for row, field in enumerate(fields(columns)):
                self._store[row, : self.count] = getattr(columns, field.name)

    def view(self, first: int, last: int) -> Columns:
        return Columns(*self._store[:, first:last])

    def row(self, index: int) -> Row:
        return Row(*(float(value) for value in self._store[:, index]))

    def put(self, index: int, row: Row) -> None:
        """Write a row; ``index`` may be one past the end."""
        if index == self._store.shape[1]:
            grown = np.empty((5, 2 * index))
            grown[:, :index] = self._store
            self._store = grown
        self._store[:, index] = (row.open, row.high, row.low, row.close, row.volume)
        self.count = max(self.count, index + 1)

    def coarse(self) -> "_Level":
        """Return the level above, built from this one; its last bar may cover fewer than four."""
        starts = np.arange(0, self.count, FACTOR)
        data = self._store[:, : self.count]
        ends = np.minimum(starts + FACTOR, self.count) - 1
        return _Level(
            Columns(
                data[0, starts],
                np.maximum.reduceat(data[1], starts),
                np.minimum.reduceat(data[2], starts),
                data[3, ends],
                np.add.reduceat(data[4], starts),
            )
        )


class BarPyramid:
    """Closed bars and their coarser versions."""

    def __init__(self, columns: Columns | None = None) -> None:
        self._levels = [_Level(columns)]
        while self._levels[-1].count > FACTOR:
            self._levels.append(self._levels[-1].coarse())

    def __len__(self) -> int:
        return self._levels[0].count

    @property
    def top(self) -> int:
        """Number of the coarsest level there is."""
        return len(self._levels) - 1

    def append(self, row: Row) -> None:
        """Add one closed bar: one row per level."""
        index = self._levels[0].count
        self._levels[0].put(index, row)
        self._refresh_above(index)
        if self._levels[-1].count > FACTOR:
            self._levels.append(self._levels[-1].coarse())

    def amend(self, index: int, row: Row) -> None:
        """Replace one closed bar, as a source does that corrects itself. IndexError if there is none."""
        if not 0 <= index < len(self):
            raise IndexError(f"bar must be one of the {len(self)} closed bars, was {index}")
        self._levels[0].put(index, row)
        self._refresh_above(index)

    def row(self, index: int) -> Row:
        return self._levels[0].row(index)

    def closed(self) -> Columns:
        """Return all closed bars."""
        return self._levels[0].view(0, len(self))

    def full_groups(self, level: int) -> int:
        """Return how many bars of `level` are complete: those that a new closed bar cannot change."""
        return len(self) // _size(level)

    def groups(self, level: int, first: int, last: int) -> Columns:
        """Return the complete bars ``[first, last)`` of a level, clipped to what there is."""
        last = min(last, self.full_groups(level))
        first = min(max(first, 0), last)
        return self._levels[min(level, self.top)].view(first, last) if level <= self.top else _EMPTY

    def tail(self, level: int) -> Row | None:
        """Return the incomplete bar at the end of a level, None when all are complete."""
        if level == 0 or len(self) % _size(level) == 0:
            return None
        if level <= self.top:
            return self._levels[level].row(self._levels[level].count - 1)
        rows = self._levels[self.top]
        out = rows.row(0)
        for index in range(1, rows.count):
            out = out.joined(rows.row(index))
        return out

    def extremes(self, first: int, last: int) -> tuple[float, float] | None:
        """Return (lowest low, highest high) of the closed bars ``[first, last)``; None when there are none.

        Reads at most six bars of each level, whatever the range.
        """
        first, last = max(first, 0), min(last, len(self))
        lows: list[float] = []
        highs: list[float] = []
        for level in self._levels:
            if first >= last:
                break
            inner_first, inner_last = -(-first // FACTOR), last // FACTOR
            whole = inner_first >= inner_last or level is self._levels[-1]
            spans = [(first, last)] if whole else [(first, inner_first * FACTOR), (inner_last * FACTOR, last)]
            for start, end in spans:
                if start < end:
                    part = level.view(start, end)
                    lows.append(float(part.low.min()))
                    highs.append(float(part.high.max()))
            if whole:
                break
            first, last = inner_first, inner_last
        return (min(lows), max(highs)) if lows else None

    def _refresh_above(self, index: int) -> None:
        for number in range(1, len(self._levels)):
            below = self._levels[number - 1]
            group = index // FACTOR
            part = below.view(group * FACTOR, min(group * FACTOR + FACTOR, below.count))
            self._levels[number].put(
                group,
                Row(
                    float(part.open[0]),
                    float(part.high.max()),
                    float(part.low.min()),
                    float(part.close[-1]),
                    float(part.volume.sum()),
                ),
            )
            index = group


def _size(level: int) -> int:
    """Return how many closed bars a bar of `level` covers: 4 to the power of it."""
    return 1 << (2 * level)


_EMPTY: Final = Columns(*(np.empty(0) for _ in range(5)))
