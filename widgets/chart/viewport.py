# SPDX-License-Identifier: Apache-2.0
"""Viewport: which bars and prices are in sight, and where on the panel they fall. Pure maths, no Qt.

The horizontal axis counts bars, so nights and weekends take no room. Pixels are logical ones, from the left
and from the top of the plot. Everything that draws or hits asks here, so that a line and its tag agree.
"""

import bisect
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from widgets.chart.pyramid import FACTOR

FREE_SPACE: Final = 184
"""Pixels kept free right of the last bar, for tags."""
VOLUME_SHARE: Final = 0.15
DEFAULT_STEP: Final = 6.5
MIN_STEP: Final = 0.0005
MAX_STEP: Final = 60.0
_BODY_SHARE: Final = 0.68


@dataclass(frozen=True, slots=True)
class Viewport:
    """Bars ``first .. last`` (fractional bar indices: bar i is drawn around i) and prices ``low .. high``."""

    first: float
    last: float
    low: float
    high: float
    width: float
    height: float

    @property
    def step(self) -> float:
        """Pixels from one bar to the next."""
        return self.width / (self.last - self.first)

    def x_of(self, index: float) -> float:
        return (index - self.first) * self.width / (self.last - self.first)

    def y_of(self, price: float) -> float:
        return (self.high - price) * self.height / (self.high - self.low)

    def index_at(self, x: float) -> float:
        return self.first + x * (self.last - self.first) / self.width

    def price_at(self, y: float) -> float:
        return self.high - y * (self.high - self.low) / self.height

    @property
    def level(self) -> int:
        """Level of detail at which one drawn bar is at least one pixel wide."""
        return level_for(self.step)

    def bars(self, count: int) -> tuple[int, int]:
        """Return the range ``[first, last)`` of `count` bars of which any part is in sight."""
        first = max(0, math.floor(self.first + 0.5))
        last = min(count, math.ceil(self.last + 0.5))
        return first, max(first, last)

    def moved(self, bars: float) -> "Viewport":
        return replace(self, first=self.first + bars, last=self.last + bars)


def level_for(step: float) -> int:
    """Return the smallest level whose bars are at least a pixel apart when bars are `step` pixels apart."""
    level = 0
    while step < 1 - 1e-9 and level < 20:
        step *= FACTOR
        level += 1
    return level


def body_width(step: float) -> int:
    """Return the width of a candle body: 68 % of the step, an odd number of pixels, so that the wick is centred.

    At least a pixel stays free between two bodies, where there are two pixels.
    """
    wanted = 2 * round((step * _BODY_SHARE - 1) / 2) + 1
    widest = 2 * math.floor((step - 2) / 2) + 1
    return max(1, min(wanted, widest))


# -------------------------------------------------------------------------------- moving about
def home(view: Viewport, count: int, *, free: float = FREE_SPACE) -> Viewport:
    """Return the view with the last of `count` bars `free` pixels left of the right edge, same zoom."""
    room = min(free, view.width * 0.4)
    last = max(count, 1) - 0.5 + room / view.step
    return replace(view, first=last - (view.last - view.first), last=last)


def zoomed(view: Viewport, factor: float, anchor: float) -> Viewport:
    """Return the view with `factor` times as many bars, the bar `anchor` staying where it is."""
    step = min(max(view.step / factor, MIN_STEP), MAX_STEP)
    factor = view.step / step
    first = anchor - (anchor - view.first) * factor
    return replace(view, first=first, last=first + view.width / step)


def kept_in_sight(view: Viewport, count: int) -> Viewport:
    """Return the view, moved as little as needed, so that at least three bars stay in sight."""
    edge = min(3, max(count, 1))
    if view.first > count - edge:
        return view.moved(count - edge - view.first)
    if view.last < edge:
        return view.moved(edge - view.last)
    return view


def resized(view: Viewport, width: float, height: float) -> Viewport:
    """Return the view at another size: same pixels per bar, the right edge stays."""
    return replace(view, first=view.last - width / view.step, width=width, height=height)


def price_range(low: float, high: float, extra: Iterable[float], tick: float) -> tuple[float, float]:
    """Return the prices to show for bars between `low` and `high`.

    Prices of `extra` (orders, position) that lie within one and a half spans of the bars are taken in; others
    would flatten the bars. Volume gets its share at the bottom, the legend some air at the top.
    """
    span = max(high - low, 8 * tick)
    middle = (low + high) / 2
    bottom, top = min(low, middle - span / 2), max(high, middle + span / 2)
    reach_low, reach_high = bottom - 1.5 * span, top + 1.5 * span
    inside = [price for price in extra if reach_low <= price <= reach_high]
    bottom, top = min([bottom, *inside]), max([top, *inside])
    whole = (top - bottom) / (1 - VOLUME_SHARE - 0.03 - 0.09)
    return bottom - whole * (VOLUME_SHARE + 0.03), top + whole * 0.09


# -------------------------------------------------------------------------------- price ticks
_NICE: Final = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


def price_step(span: float, height: float, tick: Decimal, gap: float = 38) -> Decimal:
    """Return the distance of price labels: 1, 2, 2.5 or 5 times a power of ten, a multiple of `tick`.

    `span` in the price unit is shown over `height` pixels; labels stay at least `gap` pixels apart.
    """
    least = Decimal(repr(span * gap / max(height, 1.0)))
    scale = Decimal(1).scaleb(least.adjusted())
    for _ in range(12):
        for nice in _NICE[:-1]:
            step = nice * scale
            if step >= least and step >= tick and step % tick == 0:
                return step
        scale *= 10
    return max(tick, scale)


def price_ticks(low: float, high: float, step: Decimal) -> list[float]:
    """Return the multiples of `step` from `low` to `high`."""
    size = float(step)
    first, last = math.ceil(low / size - 1e-9), math.floor(high / size + 1e-9)
    return [float(number * step) for number in range(first, min(last, first + 200) + 1)]


# -------------------------------------------------------------------------------- tags
def slide_apart(wanted: Sequence[float], height: float, low: float, high: float) -> list[float]:
    """Return centres for tags of `height` that wish to be at `wanted`, none overlapping, all in ``low .. high``.

    Neighbours that collide are moved together by their mean wish (pool adjacent violators), which moves
    each as little as possible. If there is no room for all, they overlap evenly rather than leave.
    """
    if not wanted:
        return []
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    room = max(high - low - height, 0.0)
    gap = min(height, room / (len(wanted) - 1)) if len(wanted) > 1 else 0.0
    pools: list[tuple[float, int]] = []  # (mean wish of the first member, members)
    for place, index in enumerate(order):
        wish, size = wanted[index] - place * gap, 1
        while pools and pools[-1][0] >= wish:
            other, members = pools.pop()
            wish = (wish * size + other * members) / (size + members)
            size += members
        pools.append((wish, size))
    first, last = low + height / 2, high - height / 2 - (len(wanted) - 1) * gap
    out = [0.0] * len(wanted)
    place = 0
    for wish, size in pools:
        start = min(max(wish, first), max(last, first))
        for _ in range(size):
            out[order[place]] = start + place * gap
            place += 1
    return out


def nearest(values: Sequence[float], target: float) -> int:
    """Return the index of the sorted value nearest to `target`. ValueError for no values."""
    if not values:
        raise ValueError("nearest needs at least one value")
    place = bisect.bisect_left(values, target)
    if place == 0:
        return 0
    if place == len(values) or target - values[place - 1] <= values[place] - target:
        return place - 1
    return place
