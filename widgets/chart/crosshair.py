# SPDX-License-Identifier: Apache-2.0
"""Crosshair and legend: the figures of the bar under the mouse, or of the last bar when there is none.

The crosshair snaps to the middle of a bar, not to prices: a person reads the price where the mouse is.
"""

from typing import Final

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter

from widgets import formats
from widgets.chart.axes import AxisBlock
from widgets.chart.face import Face
from widgets.chart.frame import LEGEND_HEIGHT, ChartItem, Frame
from widgets.chart.series import DAY_SECONDS

_DASH: Final = (4.0, 3.0)
_MARK: Final = 14
_NAME_GAP: Final = 5
_CELL_GAP: Final = 11


class Crosshair(ChartItem):
    """Two dashed lines at ``point`` (plot pixels), nothing when it is None. ``locked`` keeps it where it is."""

    def __init__(self, frame: Frame, parent: pg.ViewBox) -> None:
        super().__init__(frame, parent, 15)
        self.point: QPointF | None = None
        self.locked = False

    def move(self, point: QPointF | None) -> None:
        """Go to a point, snapped to the nearest bar, or go away. Does nothing while locked."""
        if self.locked or (point is None and self.point is None):
            return
        self.point = point
        self.update()

    @property
    def index(self) -> int | None:
        """The bar under the crosshair, None without one."""
        count = len(self.frame.model.series)
        if self.point is None or not count:
            return None
        return min(max(round(self.frame.view.index_at(self.point.x())), 0), count - 1)

    def step(self, bars: int) -> None:
        """Move by bars, as the arrow keys do while locked."""
        index = self.index
        if index is not None and self.point is not None:
            place = min(max(index + bars, 0), len(self.frame.model.series) - 1)
            self.point = QPointF(self.frame.view.x_of(place), self.point.y())
            self.update()

    def price_block(self) -> AxisBlock | None:
        """Return the block on the price axis."""
        if self.point is None:
            return None
        model, y = self.frame.model, self.point.y()
        price = self.frame.view.price_at(y)
        text = formats.number(model.instrument.snap(price), model.decimals) if model.instrument else ""
        return AxisBlock(y, text, "chart.crosshair_tag", "chart.on_crosshair_tag") if text else None

    def time_tag(self) -> tuple[float, str] | None:
        """Return (x, text) for the time axis."""
        index = self.index
        if index is None:
            return None
        model = self.frame.model
        ns = int(model.series.times[index])
        if model.series.seconds >= DAY_SECONDS:
            text = formats.day(ns, model.zone, weekday=True, year=True)
        else:
            time = formats.clock_time(ns, model.zone, seconds=False)
            newest = formats.day(int(model.series.times[-1]), model.zone)
            day = formats.day(ns, model.zone)
            text = time if day == newest else f"{day} {time}"
        return self.frame.view.x_of(index) + 0.5, text

    def draw(self, painter: QPainter) -> None:
        index = self.index
        if self.point is None or index is None:
            return
        view = self.frame.view
        x, y = round(view.x_of(index)) + 0.5, round(self.point.y()) + 0.5
        painter.setPen(self.frame.theme.pen("chart.crosshair", 1, _DASH))
        painter.drawLine(QPointF(x, 0), QPointF(x, view.height))
        painter.drawLine(QPointF(0, y), QPointF(view.width, y))


class Legend(ChartItem):
    """One line at the top: open, high, low, close, volume, and each study with its value."""

    def __init__(self, frame: Frame, parent: pg.ViewBox, cross: Crosshair) -> None:
        super().__init__(frame, parent, 25)
        self._cross = cross

    def fit(self) -> None:
        wanted = QRectF(0, 0, self.frame.view.width, LEGEND_HEIGHT)
        if self._rect != wanted:
            self.prepareGeometryChange()
            self._rect = wanted

    def text(self) -> str:
        """Return the legend as one line of text, for a screen reader."""
        return "  ".join(f"{name} {value}" for name, value, _ in self._cells())

    def _cells(self) -> list[tuple[str, str, str]]:
        """Return (name, value, colour token of its mark or empty)."""
        found = self.frame.model.legend(self._cross.index)
        row = found.row
        cells: list[tuple[str, str, str]] = []
        if row is not None:
            cells = [
                (name, self.frame.price(value), "")
                for name, value in (("O", row.open), ("H", row.high), ("L", row.low), ("C", row.close))
            ]
            cells.append(("V", formats.size(row.volume), ""))
        for choice, value in found.studies:
            text = formats.NONE if value is None else self.frame.price(value)
            cells.append((choice.label, text, choice.color))
        return cells

    def _fitting(self, face: Face) -> list[tuple[str, str, str]]:
        """Return the cells that fit: without room the volume leaves first, then open, high and low."""
        cells = self._cells()
        widths = {
            cell: face.width(cell[0]) + face.width(cell[1]) + _NAME_GAP + _CELL_GAP + (_MARK if cell[2] else 0)
            for cell in cells
        }
        for leaves in ("V", "O", "H", "L"):
            if sum(widths[cell] for cell in cells) + 9 <= self.frame.view.width:
                break
            cells = [cell for cell in cells if cell[0] != leaves or cell[2]]
        return cells

    def draw(self, painter: QPainter) -> None:
        theme, face = self.frame.theme, self.frame.faces.regular
        late = self.frame.model.stale and self._cross.index is None  # the growing bar: it may have grown on
        muted, bright = theme.color("text.muted"), theme.color("text.stale" if late else "text.primary")
        x = 9.0
        middle = LEGEND_HEIGHT / 2 + 2
        texts: list[tuple[float, str, QColor]] = []
        marks: list[tuple[float, str]] = []
        for name, value, mark in self._fitting(face):
            if mark:
                marks.append((x, mark))
                x += _MARK
            texts.append((x, name, muted))
            x += face.width(name) + _NAME_GAP
            texts.append((x, value, bright))
            x += face.width(value) + _CELL_GAP
        painter.fillRect(QRectF(0, 0, x - 4, LEGEND_HEIGHT), theme.color("chart.bg"))
        for left, token in marks:
            painter.fillRect(QRectF(round(left), LEGEND_HEIGHT / 2 + 1, 10, 2), theme.color(token))
        for left, text, color in texts:
            painter.setPen(color)
            face.draw(painter, left, middle, text)
