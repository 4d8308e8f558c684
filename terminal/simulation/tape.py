# SPDX-License-Identifier: Apache-2.0
"""The tape of one instrument on one day: its prints with our own trades among them, and bars made from them.

One object serves the live stream, the day figures and history, so that what was streamed is what history returns.
Prices are integer ticks; edits are what own orders changed (a background print that hit an own order first, a print
that exists only because an own order took it).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prints:
    """Prints in time order. ``code`` is their sale condition (plan.py), None when all are regular."""

    ns: Ints
    tick: Ints | Int32s | Floats
    size: Ints | Int32s
    side: NDArray[np.int8]
    code: NDArray[np.int8] | None = None

    def between(self, start_ns: int, end_ns: int) -> "Prints":
        """Return the prints of [start, end)."""
        low, high = np.searchsorted(self.ns, (start_ns, end_ns))
        return self.take(slice(int(low), int(high)))

    def codes(self) -> NDArray[np.int8]:
        """Return sale conditions, 0 where they are not known."""
        return np.zeros(len(self.ns), dtype=np.int8) if self.code is None else self.code

    def take(self, where: slice | Ints | NDArray[np.bool_]) -> "Prints":
        """Return the part ``where``."""
        code = None if self.code is None else self.code[where]
        return Prints(self.ns[where], self.tick[where], self.size[where], self.side[where], code)


@dataclass(frozen=True, slots=True)
class BarRows:
    """Columns of bars; prices in ticks, ``value`` the sum of price x size in ticks."""

    start_ns: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    value: Floats
    count: Ints

    def __len__(self) -> int:
        return len(self.start_ns)

    @classmethod
    def empty(cls) -> "BarRows":
        none = np.zeros(0)
        return cls(np.zeros(0, dtype=np.int64), none, none, none, none, none, none, np.zeros(0, dtype=np.int64))

    @classmethod
    def join(cls, parts: "list[BarRows]") -> "BarRows":
        """Concatenate parts in time order."""
        if not parts:
            return cls.empty()
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))

    def take(self, chosen: NDArray[np.bool_] | Ints) -> "BarRows":
        return BarRows(*(getattr(self, name)[chosen] for name in self.__slots__))


@dataclass(slots=True)
class Tape:
    """Background prints plus own edits; day figures up to any moment.

    ``sizeless``: the values of an index, which have no size and no volume.
    """

    background: Prints
    added: list[tuple[int, int, int, int]] = field(default_factory=list)
    removed: dict[int, int] = field(default_factory=dict)
    """ns of a background print -> units of it that were replaced by own trades."""
    sizeless: bool = False
    _prints: Prints | None = None
    _running: tuple[Ints, Ints | Int32s | Floats, Ints | Int32s | Floats] | None = None
    _worth: tuple[Floats, Floats] | None = None

    def add(self, ns: int, tick: int, size: int, side: int) -> None:
        """Record a print that own trading made."""
        self.added.append((ns, tick, size, side))
        self._forget()

    def remove(self, ns: int, size: int) -> None:
        """Take ``size`` units off the background print at ``ns``."""
        self.removed[ns] = self.removed.get(ns, 0) + size
        self._forget()

    def _forget(self) -> None:
        self._prints = self._running = self._worth = None

    @property
    def prints(self) -> Prints:
        """The prints that happened or will happen, edits included."""
        if self._prints is None:
            self._prints = self._edited()
        return self._prints

    def _edited(self) -> Prints:
        base = self.background
        if not self.added and not self.removed:
            return base
        size = base.size.astype(np.int64)
        for ns, taken in self.removed.items():
            left = taken
            for place in range(int(np.searchsorted(base.ns, ns)), int(np.searchsorted(base.ns, ns + 1))):
                part = min(left, int(size[place]))
                size[place] -= part
                left -= part
        rows = np.array(self.added, dtype=np.int64).reshape(-1, 4)
        ns_all = np.concatenate((base.ns, rows[:, 0]))
        size_all: Ints = np.concatenate((size, rows[:, 2]))
        order = np.argsort(ns_all, kind="stable")
        order = order[size_all[order] > 0]
        code = None
        if base.code is not None:
            code = np.concatenate((base.code, np.zeros(len(rows), dtype=np.int8)))[order]
        tick_all: Ints = np.concatenate((base.tick, rows[:, 1]))
        side_all = np.concatenate((base.side, rows[:, 3].astype(np.int8)))
        return Prints(ns_all[order], tick_all[order], size_all[order], side_all[order], code)

    def figures(self, ns: int) -> tuple[int, int, int, int, int] | None:
        """Return (last tick, last size, volume, high, low) of everything up to ``ns``; None if nothing."""
        prints = self.prints
        place = int(np.searchsorted(prints.ns, ns, side="right")) - 1
        if place < 0:
            return None
        if self._running is None:
            self._running = (
                np.cumsum(prints.size, dtype=np.int64),
                np.maximum.accumulate(prints.tick),
                np.minimum.accumulate(prints.tick),
            )
        volume, high, low = self._running
        if self.sizeless:
            return int(prints.tick[place]), 0, 0, int(high[place]), int(low[place])
        return (
            int(prints.tick[place]), int(prints.size[place]), int(volume[place]), int(high[place]), int(low[place]),
        )  # fmt: skip

    def average(self, ns: int) -> float | None:
        """Return the volume-weighted tick of everything up to ``ns``; None if nothing."""
        prints = self.prints
        place = int(np.searchsorted(prints.ns, ns, side="right")) - 1
        if place < 0 or self.sizeless:
            return None
        if self._worth is None:
            size = prints.size.astype(np.float64)
            self._worth = (np.cumsum(size), np.cumsum(size * prints.tick))
        return float(self._worth[1][place] / self._worth[0][place])


def aggregate(prints: Prints, bin_ns: Ints) -> BarRows:
    """Group prints into bars; ``bin_ns`` is each print's bar start, in time order."""
    if not len(prints.ns):
        return BarRows.empty()
    starts = np.flatnonzero(np.concatenate(([True], np.diff(bin_ns) > 0)))
    ends = np.concatenate((starts[1:], [len(bin_ns)])) - 1
    tick = prints.tick.astype(np.float64)
    size = prints.size.astype(np.float64)
    return BarRows(
        start_ns=bin_ns[starts],
        open=tick[starts],
        high=np.maximum.reduceat(tick, starts),
        low=np.minimum.reduceat(tick, starts),
        close=tick[ends],
        volume=np.add.reduceat(size, starts),
        value=np.add.reduceat(tick * size, starts),
        count=ends - starts + 1,
    )


def regroup(rows: BarRows, bin_ns: Ints) -> BarRows:
    """Merge bars into larger ones; ``bin_ns`` is the larger bar's start for each row."""
    if not len(rows):
        return rows
    starts = np.flatnonzero(np.concatenate(([True], np.diff(bin_ns) > 0)))
    ends = np.concatenate((starts[1:], [len(bin_ns)])) - 1
    return BarRows(
        start_ns=bin_ns[starts],
        open=rows.open[starts],
        high=np.maximum.reduceat(rows.high, starts),
        low=np.minimum.reduceat(rows.low, starts),
        close=rows.close[ends],
        volume=np.add.reduceat(rows.volume, starts),
        value=np.add.reduceat(rows.value, starts),
        count=np.add.reduceat(rows.count, starts),
    )
