# SPDX-License-Identifier: Apache-2.0
"""Candles and volume, drawn as filled rectangles on whole pixels: a wick of one pixel, an odd body around it.

Pure painting: which bars, at what level of detail and where they fall, the caller says.
"""

import math
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QBrush, QPainter

from widgets.chart.batch import fill_rects
from widgets.chart.frame import Frame
from widgets.chart.pyramid import FACTOR, Columns, Floats, Row
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
    width = volume_width(view.step * FACTOR**level)
    height = np.round(volume / largest * (view.height * VOLUME_SHARE))
    height[(height < 1) & (volume > 0)] = 1.0
    left = group_centers(view, level, first, len(volume)) - width // 2
    fill_rects(painter, left, view.height - height, float(width), height, frame.theme.brush("chart.volume"))


def draw_bar(painter: QPainter, frame: Frame, level: int, group: int, row: Row) -> None:
    """Draw one candle and its volume: as `draw_candles` and `draw_volume` do, without tables for a single row."""
    view, theme = frame.view, frame.theme
    size = FACTOR**level
    step = view.step * size
    center = math.floor((group * size + (size - 1) / 2 - view.first) * (view.width / (view.last - view.first)))
    if row.volume > 0 and frame.largest_volume > 0:
        wide, height = (
            volume_width(step),
            max(1, round(row.volume / frame.largest_volume * (view.height * VOLUME_SHARE))),
        )
        box = QRectF(center - wide // 2, view.height - height, wide, height)
        painter.fillRect(box, theme.color("chart.volume"))
    rising = row.close >= row.open
    color = theme.color("chart.candle_up" if rising else "chart.candle_down")
    high, low = round(view.y_of(row.high)), round(view.y_of(row.low))
    painter.fillRect(QRectF(center, high, 1, max(low - high, 1)), color)
    width = body_width(step)
    if width == 1:
        return
    ends = round(view.y_of(row.open)), round(view.y_of(row.close))
    left, top, tall = center - (width - 1) // 2, min(ends), max(abs(ends[0] - ends[1]), 1)
    painter.fillRect(QRectF(left, top, width, tall), color)
    if rising and theme.hollow_up_candles and tall >= 3:
        painter.fillRect(QRectF(left + 1, top + 1, width - 2, tall - 2), theme.color("chart.bg"))


def volume_width(step: float) -> int:
    """Return the width of a volume bar: a pixel free between two, unless they are too narrow for it."""
    return max(1, math.floor(step) - (1 if step >= 3 else 0))
