# SPDX-License-Identifier: Apache-2.0
"""The two layers of bars: everything closed as one cached picture, and the growing end drawn afresh.

A tick touches only the second. The picture is made anew when the view moves, a bar closes or the theme changes.
"""

from typing import Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPixmap, QPolygonF

from terminal.model.enums import Side
from widgets.chart.batch import fill_rects
from widgets.chart.candles import draw_bar, draw_candles, draw_volume
from widgets.chart.frame import ChartItem, Frame
from widgets.chart.pyramid import FACTOR
from widgets.chart.series import DAY_SECONDS
from widgets.chart.studies import draw_live_ends, draw_studies

_FILL_SIZE: Final = 4.5
_LIVE_MARGIN: Final = 4


class BackLayer(ChartItem):
    """Closed hours, grid, volume, candles, studies and fills of the closed bars, as one picture."""

    def __init__(self, frame: Frame, parent: pg.ViewBox) -> None:
        super().__init__(frame, parent, 0)
        self._picture: QPixmap | None = None
        self.drawn = 0
        """How often the picture was made: tests and benchmarks watch that ticks do not make it anew."""

    def invalidate(self) -> None:
        """Make the picture anew at the next paint."""
        self._picture = None
        self.update()

    def draw(self, painter: QPainter) -> None:
        scale = painter.device().devicePixelRatioF()
        picture = self._picture
        if picture is None or picture.devicePixelRatio() != scale:
            picture = self._picture = self._render(scale)
        painter.drawPixmap(QPointF(0, 0), picture)

    def _render(self, scale: float) -> QPixmap:
        frame = self.frame
        size = QSize(max(1, round(frame.view.width * scale)), max(1, round(frame.view.height * scale)))
        picture = QPixmap(size)
        picture.setDevicePixelRatio(scale)
        picture.fill(frame.theme.color("chart.bg"))
        painter = QPainter(picture)
        self.drawn += 1
        level, first, last = visible_groups(frame)
        bars = frame.model.series.pyramid.groups(level, first, last)
        draw_closed_hours(painter, frame)
        draw_grid(painter, frame)
        draw_volume(painter, frame, level, first, bars.volume, frame.largest_volume)
        draw_session_starts(painter, frame)
        draw_candles(painter, frame, level, first, bars)
        draw_studies(painter, frame, level, max(0, first - 1), last + 1)
        draw_fills(painter, frame)
        painter.end()
        return picture


class LiveLayer(ChartItem):
    """The growing end: the last candle and its volume, the end of each study, the line to the price axis."""

    def __init__(self, frame: Frame, parent: pg.ViewBox) -> None:
        super().__init__(frame, parent, 10)

    def refresh(self) -> None:
        """Paint the strip of the growing end again."""
        tail = self.frame.model.series.tail(self.frame.view.level)
        if tail is None:
            self.update()
            return
        size = FACTOR**self.frame.view.level
        left = self.frame.view.x_of(tail[0] * size - 1) - self.frame.view.step * size - _LIVE_MARGIN
        self.update(QRectF(left, 0, self.frame.view.width - left, self.frame.view.height))

    def draw(self, painter: QPainter) -> None:
        frame = self.frame
        view, level = frame.view, frame.view.level
        tail = frame.model.series.tail(level)
        if tail is not None and view.x_of(tail[0] * FACTOR**level) < view.width + view.step * FACTOR**level:
            group, row = tail
            draw_bar(painter, frame, level, group, row)
            draw_live_ends(painter, frame, frame.model.live_values())
        self._draw_last(painter)

    def _draw_last(self, painter: QPainter) -> None:
        frame, price = self.frame, self.frame.model.last_price
        if price is None:
            return
        y = round(frame.view.y_of(price)) + 0.5
        left = frame.view.x_of(len(frame.model.series) - 1) + frame.view.step / 2 + 2
        if left < frame.view.width:
            painter.setPen(frame.theme.pen("chart.last", 1, (1, 3)))
            painter.drawLine(QPointF(max(left, 0), y), QPointF(frame.view.width, y))


# -------------------------------------------------------------------------------- parts
def visible_groups(frame: Frame) -> tuple[int, int, int]:
    """Return (level, first, last) of the groups of which any part is in sight, one more at either side."""
    level = frame.view.level
    size = FACTOR**level
    first, last = frame.view.bars(len(frame.model.series))
    return level, max(0, first // size - 1), -(-last // size) + 1


def largest_volume(frame: Frame) -> float:
    """Return the largest volume in sight among all groups, the growing one included: the scale of the bars."""
    level, first, last = visible_groups(frame)
    volume = frame.model.series.pyramid.groups(level, first, last).volume
    tail = frame.model.series.tail(level)
    return max(float(volume.max()) if len(volume) else 0.0, tail[1].volume if tail else 0.0)


def draw_grid(painter: QPainter, frame: Frame) -> None:
    """Draw a hairline at every label of both axes."""
    view, brush = frame.view, frame.theme.brush("chart.grid")
    rows = np.array([round(view.y_of(price)) for price in frame.price_ticks], dtype=np.float64)
    fill_rects(painter, np.zeros(len(rows)), rows, view.width, 1.0, brush)
    shown = [round(view.x_of(label.index)) for label in frame.time_labels]
    columns = np.array([x for x in shown if 0 <= x < view.width], dtype=np.float64)
    fill_rects(painter, columns, np.zeros(len(columns)), 1.0, view.height, brush)


def draw_closed_hours(painter: QPainter, frame: Frame) -> None:
    """Shade what lies outside the regular sessions, as far back as they are known."""
    view, sessions = frame.view, frame.model.sessions
    series = frame.model.series
    if not sessions or not len(series) or series.seconds >= DAY_SECONDS:
        return
    times = series.times
    edges = [0.0]
    known = int(np.searchsorted(times, sessions[0].start_ns - DAY_SECONDS * 1_000_000_000))
    edges[0] = known - 0.5
    for session in sessions:
        edges.append(float(np.searchsorted(times, session.start_ns)) - 0.5)
        edges.append(float(np.searchsorted(times, session.end_ns)) - 0.5)
    # The free space at the right belongs to the bar that grows.
    last_ns = int(times[-1])
    open_now = any(session.contains(last_ns) for session in sessions)
    edges.append(len(times) - 0.5 if open_now else view.last)
    color = frame.theme.color("chart.bg_closed")
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        left, right = max(view.x_of(start), 0.0), min(view.x_of(end), view.width)
        if right > left:
            painter.fillRect(QRectF(round(left), 0, round(right) - round(left), view.height), color)


def draw_session_starts(painter: QPainter, frame: Frame) -> None:
    """Draw a dotted line where regular hours begin, named once it has the room."""
    view, series = frame.view, frame.model.series
    if series.seconds >= DAY_SECONDS or not len(series):
        return
    painter.setFont(frame.theme.font("caption"))
    shown = []
    for session in frame.model.sessions:
        place = int(np.searchsorted(series.times, session.start_ns))
        x = round(view.x_of(place - 0.5))
        before = place > 0 and not any(item.contains(int(series.times[place - 1])) for item in frame.model.sessions)
        if before and place < len(series) and 0 <= x < view.width:
            shown.append(x)
    if len(shown) > max(3, view.width / 120):
        return
    for x in shown:
        painter.setPen(frame.theme.pen("chart.crosshair", 1, (1, 3)))
        painter.drawLine(QPointF(x + 0.5, 0), QPointF(x + 0.5, view.height))
        painter.setPen(frame.theme.color("text.muted"))
        painter.drawText(QPointF(x + 5, view.height * 0.85 - 8), "Regular hours")


def draw_fills(painter: QPainter, frame: Frame) -> None:
    """Draw own executions as small triangles at price and bar: up and below for a buy, down and above for a sale."""
    view, series = frame.view, frame.model.series
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(frame.theme.pen("chart.bg"))
    for fill in frame.model.fills:
        index = series.index_at(fill.ns)
        if index is None or not view.first - 1 <= index <= view.last + 1:
            continue
        x, y = view.x_of(index) + 0.5, view.y_of(fill.price)
        sign = 1 if fill.side is Side.BUY else -1
        painter.setBrush(frame.theme.brush("chart.buy_line" if sign > 0 else "chart.sell_line"))
        base = y + sign * 2 * _FILL_SIZE
        corners = (QPointF(x, y), QPointF(x - _FILL_SIZE, base), QPointF(x + _FILL_SIZE, base))
        painter.drawPolygon(QPolygonF(corners), Qt.FillRule.OddEvenFill)
    painter.restore()
