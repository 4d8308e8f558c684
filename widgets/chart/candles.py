# SPDX-License-Identifier: Apache-2.0
"""Candles and volume, drawn as filled rectangles on whole pixels: a wick of one pixel, an odd body around it.

Pure painting: which bars, at what level of detail and where they fall, the caller says.
"""

from dataclasses import dataclass

import numpy as np
from PySide6.QtGui import QBrush, QPainter

from widgets.chart.batch import fill_rects
from widgets.chart.frame import Frame
from widgets.chart.pyramid import FACTOR, Columns, Floats
from widgets.chart.viewport import VOLUME_SHARE, Viewport, body_width
from widgets.theme import Theme


@dataclass(frozen=True, slots=True)
class CandleShape:
    """Where candles fall, in whole pixels: wick column, left edge and width of the body, and the four prices."""

    center: Floats
    left: Floats
    width: int
    high: Floats
    low: Floats
    top: Floats
    bottom: Floats
    rising: np.ndarray[tuple[int], np.dtype[np.bool_]]


def group_centers(view: Viewport, level: int, first: int, count: int) -> Floats:
    """Return the pixel column of each group of a level: the middle of the bars that it covers."""
    size = FACTOR**level
    middle = (np.arange(first, first + count) * size) + (size - 1) / 2
    return np.asarray(np.floor((middle - view.first) * (view.width / (view.last - view.first))), dtype=np.float64)


def shape(view: Viewport, level: int, first: int, bars: Columns) -> CandleShape:
    """Place the groups ``first ...`` of a level."""
    center = group_centers(view, level, first, len(bars))
    width = body_width(view.step * FACTOR**level)
    scale = view.height / (view.high - view.low)

    def y(price: Floats) -> Floats:
        return np.asarray(np.round((view.high - price) * scale), dtype=np.float64)

    open_y, close_y = y(bars.open), y(bars.close)
    return CandleShape(
        center=center,
        left=center - (width - 1) / 2,
        width=width,
        high=y(bars.high),
        low=y(bars.low),
        top=np.minimum(open_y, close_y),
        bottom=np.maximum(open_y, close_y),
        rising=bars.close >= bars.open,
    )


def draw_candles(painter: QPainter, frame: Frame, level: int, first: int, bars: Columns) -> None:
    """Draw the groups ``first ...`` of a level. High and low always show, however small the candle."""
    if not len(bars):
        return
    theme = frame.theme
    placed = shape(frame.view, level, first, bars)
    for rising, token in ((True, "chart.candle_up"), (False, "chart.candle_down")):
        mask = placed.rising if rising else ~placed.rising
        _draw_side(painter, theme, placed, mask, token, hollow=rising and theme.hollow_up_candles)


def _draw_side(
    painter: QPainter,
    theme: Theme,
    placed: CandleShape,
    mask: np.ndarray[tuple[int], np.dtype[np.bool_]],
    token: str,
    *,
    hollow: bool,
) -> None:
    brush: QBrush = theme.brush(token)
    top, low = placed.high[mask], placed.low[mask]
    fill_rects(painter, placed.center[mask], top, 1.0, np.maximum(low - top, 1.0), brush)
    if placed.width == 1:
        return
    left, body = placed.left[mask], placed.top[mask]
    height = np.maximum(placed.bottom[mask] - body, 1.0)
    fill_rects(painter, left, body, float(placed.width), height, brush)
    if hollow and placed.width >= 3:
        tall = height >= 3
        inner = theme.brush("chart.bg")
        fill_rects(painter, left[tall] + 1, body[tall] + 1, placed.width - 2.0, height[tall] - 2, inner)


def draw_volume(painter: QPainter, frame: Frame, level: int, first: int, volume: Floats, largest: float) -> None:
    """Draw volume bars at the bottom, neutral, scaled to the `largest` in sight. They touch when bars are narrow."""
    if not len(volume) or largest <= 0:
        return
    view = frame.view
    step = view.step * FACTOR**level
    width = max(1.0, float(np.floor(step)) - (1 if step >= 3 else 0))
    height = np.round(volume / largest * (view.height * VOLUME_SHARE))
    height[(height < 1) & (volume > 0)] = 1.0
    left = group_centers(view, level, first, len(volume)) - np.floor(width / 2)
    fill_rects(painter, left, view.height - height, width, height, frame.theme.brush("chart.volume"))
