# SPDX-License-Identifier: Apache-2.0
"""The price axis with its blocks (orders, position, last price, crosshair) and the time axis.

Labels are painted into a picture once per view; a tick only draws the blocks over it. A label that a block
would cover in part is left out: half a number is worse than none.
"""

from dataclasses import dataclass
from typing import Final

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from widgets.chart.frame import Frame
from widgets.chart.tags import TAG_HEIGHT
from widgets.chart.timeline import Weight

_LEFT: Final = 7
_RIGHT: Final = 6
_HALF_LABEL: Final = 7
TIME_HEIGHT: Final = 20


@dataclass(frozen=True, slots=True)
class AxisBlock:
    """A block on the price axis: ``y`` is its middle in plot pixels, colours are tokens."""

    y: float
    text: str
    fill: str
    color: str
    edge: str = ""
    second: str = ""
    height: int = TAG_HEIGHT


class _Axis(pg.AxisItem):
    """What both axes share: painting by hand in the axis's own pixels, labels kept as a picture."""

    def __init__(self, frame: Frame, side: str) -> None:
        super().__init__("right" if side == "right" else "bottom", showValues=False)
        self.frame = frame
        self.setStyle(tickLength=0)
        self._labels: QPixmap | None = None

    def relabel(self) -> None:
        """Paint the labels anew: the view, the theme or what covers them changed."""
        self._labels = None
        self.update()

    def linkedViewChanged(self, view: pg.ViewBox, new_range: object = None) -> None:
        """Do nothing: the plot says when labels change, pyqtgraph's own labels are not used."""

    def boundingRect(self) -> QRectF:
        return self.rect()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        del option, widget
        rect = self.rect()
        scale = painter.device().devicePixelRatioF()
        labels = self._labels
        if labels is None or labels.devicePixelRatio() != scale:
            labels = QPixmap(QSize(max(1, round(rect.width() * scale)), max(1, round(rect.height() * scale))))
            labels.setDevicePixelRatio(scale)
            labels.fill(self.frame.theme.color("chart.bg"))
            inner = QPainter(labels)
            self.draw_labels(inner, rect)
            inner.end()
            self._labels = labels
        painter.drawPixmap(QPointF(0, 0), labels)
        self.draw_blocks(painter, rect)

    def draw_labels(self, painter: QPainter, rect: QRectF) -> None:
        raise NotImplementedError

    def draw_blocks(self, painter: QPainter, rect: QRectF) -> None:
        raise NotImplementedError


class PriceAxis(_Axis):
    """Prices at the right. ``blocks`` are drawn over the labels in their order, the last on top."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame, "right")
        self.blocks: list[AxisBlock] = []
        self._label_rows: list[float] = []

    def set_blocks(self, blocks: list[AxisBlock]) -> None:
        if blocks != self.blocks:
            self.blocks = blocks
            self.update()

    def fitting_width(self) -> int:
        """Return the width that the widest label or block needs."""
        view, face = self.frame.view, self.frame.faces.strong
        texts = [self.frame.price(view.low), self.frame.price(view.high)]
        return round(max(face.width(text) for text in texts)) + _LEFT + _RIGHT + 1

    def draw_labels(self, painter: QPainter, rect: QRectF) -> None:
        frame, theme = self.frame, self.frame.theme
        painter.fillRect(QRectF(0, 0, 1, rect.height()), theme.color("chart.axis"))
        painter.setPen(theme.color("chart.axis_text"))
        view = frame.view
        self._label_rows = []
        for price in frame.price_ticks:
            y = view.y_of(price)
            if _HALF_LABEL <= y <= view.height - _HALF_LABEL:
                frame.faces.regular.draw(painter, _LEFT, y, frame.price(price))
                self._label_rows.append(y)

    def draw_blocks(self, painter: QPainter, rect: QRectF) -> None:
        paper = self.frame.theme.color("chart.bg")
        for block in self.blocks:
            reach = block.height / 2 + _HALF_LABEL
            for y in self._label_rows:
                if abs(y - block.y) < reach:
                    painter.fillRect(QRectF(1, round(y) - 8, rect.width() - 1, 16), paper)
        for block in self.blocks:
            self._draw_block(painter, block, rect.width())

    def _draw_block(self, painter: QPainter, block: AxisBlock, width: float) -> None:
        theme, faces = self.frame.theme, self.frame.faces
        box = QRectF(1, round(block.y - block.height / 2), width - 1, block.height)
        painter.fillRect(box, theme.color(block.fill))
        if block.edge:
            painter.setPen(theme.pen(block.edge))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.setPen(theme.color(block.color))
        if block.second:
            faces.strong.draw(painter, _LEFT, box.top() + 8.5, block.text)
            faces.regular.draw(painter, _LEFT, box.top() + 20, block.second)
        else:
            faces.strong.draw(painter, _LEFT, box.center().y(), block.text)


class TimeAxis(_Axis):
    """Times at the bottom, in the exchange's time; days and greater units a little stronger."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame, "bottom")
        self.setHeight(TIME_HEIGHT)
        self.cross: tuple[float, str] | None = None

    def set_cross(self, cross: tuple[float, str] | None) -> None:
        """Show the crosshair's time: (x in plot pixels, text)."""
        if cross != self.cross:
            self.cross = cross
            self.relabel()

    def draw_labels(self, painter: QPainter, rect: QRectF) -> None:
        frame, theme = self.frame, self.frame.theme
        painter.fillRect(QRectF(0, 0, rect.width(), 1), theme.color("chart.axis"))
        middle = rect.height() / 2 + 0.5
        cross = self._cross_place(rect.width())
        for label in frame.time_labels:
            heavy = label.weight is not Weight.TIME
            face = frame.faces.medium if heavy else frame.faces.regular
            width = face.width(label.text)
            left = frame.view.x_of(label.index) - width / 2
            covered = cross is not None and left < cross[0] + cross[1] + 4 and left + width > cross[0] - 4
            if left >= 2 and left + width <= frame.view.width - 2 and not covered:
                painter.setPen(theme.color("text.secondary" if heavy else "chart.axis_text"))
                face.draw(painter, left, middle, label.text)

    def draw_blocks(self, painter: QPainter, rect: QRectF) -> None:
        theme, cross = self.frame.theme, self._cross_place(rect.width())
        if cross is not None and self.cross is not None:
            left, width = cross
            painter.fillRect(QRectF(left, 0, width, rect.height()), theme.color("chart.crosshair_tag"))
            painter.setPen(theme.color("chart.on_crosshair_tag"))
            self.frame.faces.strong.draw(painter, left + 7, rect.height() / 2 + 0.5, self.cross[1])

    def _cross_place(self, room: float) -> tuple[int, int] | None:
        """Return (left, width) of the crosshair's tag, kept inside the axis."""
        if self.cross is None:
            return None
        x, text = self.cross
        width = round(self.frame.faces.strong.width(text)) + 14
        return round(min(max(x - width / 2, 0), max(room - width, 0))), width
