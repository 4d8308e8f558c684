# SPDX-License-Identifier: Apache-2.0
"""The price axis with its blocks (orders, position, last price, crosshair) and the time axis.

Labels are laid out once per view and kept as static texts; a tick only moves the last-price block. A label that
a block would cover in part is left out: half a number is worse than none.
"""

from dataclasses import dataclass
from typing import Final

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QStaticText
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from widgets.chart.frame import Frame, Metrics
from widgets.chart.tags import TAG_HEIGHT
from widgets.chart.timeline import Weight

_LEFT: Final = 7
_RIGHT: Final = 6
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
    """What both axes share: no ticks of pyqtgraph's, painting by hand in the axis's own pixels."""

    def __init__(self, frame: Frame, side: str) -> None:
        super().__init__("right" if side == "right" else "bottom", showValues=False)
        self.frame = frame
        self.setStyle(tickLength=0)
        self._texts: dict[tuple[str, str, str], QStaticText] = {}
        self._metrics = Metrics()

    def restyle(self) -> None:
        """Forget what was laid out for the old theme or density."""
        self._texts.clear()
        self.update()

    def boundingRect(self) -> QRectF:
        return self.rect()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        del option, widget
        self.draw(painter, self.rect())

    def draw(self, painter: QPainter, rect: QRectF) -> None:
        raise NotImplementedError

    def _static(self, text: str, weight: str = "regular") -> QStaticText:
        font = self.frame.theme.number_font("caption", weight)
        key = (text, weight, font.key())
        found = self._texts.get(key)
        if found is None:
            if len(self._texts) > 500:
                self._texts.clear()
            found = QStaticText(text)
            found.setTextFormat(Qt.TextFormat.PlainText)
            found.prepare(font=font)
            self._texts[key] = found
        return found

    def _put(self, painter: QPainter, left: float, middle: float, text: str, weight: str = "regular") -> None:
        """Draw a text from `left`, its middle at a height."""
        static = self._static(text, weight)
        painter.setFont(self.frame.theme.number_font("caption", weight))
        painter.drawStaticText(QPointF(left, round(middle - static.size().height() / 2)), static)


class PriceAxis(_Axis):
    """Prices at the right. ``blocks`` are drawn over the labels in their order, the last on top."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame, "right")
        self.blocks: list[AxisBlock] = []

    def set_blocks(self, blocks: list[AxisBlock]) -> None:
        if blocks != self.blocks:
            self.blocks = blocks
            self.update()

    def fitting_width(self) -> int:
        """Return the width that the widest label or block needs."""
        font = self.frame.theme.number_font("caption", "strong")
        view = self.frame.view
        texts = [self.frame.price(view.low), self.frame.price(view.high)]
        return round(max(self._metrics.width(font, text) for text in texts)) + _LEFT + _RIGHT + 1

    def draw(self, painter: QPainter, rect: QRectF) -> None:
        frame, theme = self.frame, self.frame.theme
        painter.fillRect(rect, theme.color("chart.bg"))
        painter.fillRect(QRectF(0, 0, 1, rect.height()), theme.color("chart.axis"))
        painter.setPen(theme.color("chart.axis_text"))
        taken = [(block.y - block.height / 2, block.y + block.height / 2) for block in self.blocks]
        half = 7
        for price in frame.price_ticks:
            y = frame.view.y_of(price)
            covered = any(low - half < y < high + half for low, high in taken)
            if half <= y <= frame.view.height - half and not covered:
                self._put(painter, _LEFT, y, frame.price(price))
        for block in self.blocks:
            self._draw_block(painter, block, rect.width())

    def _draw_block(self, painter: QPainter, block: AxisBlock, width: float) -> None:
        theme = self.frame.theme
        box = QRectF(1, round(block.y - block.height / 2), width - 1, block.height)
        painter.fillRect(box, theme.color(block.fill))
        if block.edge:
            painter.setPen(theme.pen(block.edge))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.setPen(theme.color(block.color))
        if block.second:
            self._put(painter, _LEFT, box.top() + 8.5, block.text, "strong")
            self._put(painter, _LEFT, box.top() + 20, block.second)
        else:
            self._put(painter, _LEFT, box.center().y(), block.text, "strong")


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
            self.update()

    def draw(self, painter: QPainter, rect: QRectF) -> None:
        frame, theme = self.frame, self.frame.theme
        painter.fillRect(rect, theme.color("chart.bg"))
        painter.fillRect(QRectF(0, 0, rect.width(), 1), theme.color("chart.axis"))
        middle = rect.height() / 2 + 0.5
        cross = self._cross_place(rect.width())
        for label in frame.time_labels:
            heavy = label.weight is not Weight.TIME
            width = self._width(label.text, "medium" if heavy else "regular")
            left = frame.view.x_of(label.index) - width / 2
            covered = cross is not None and left < cross[0] + cross[1] + 4 and left + width > cross[0] - 4
            if left >= 2 and left + width <= frame.view.width - 2 and not covered:
                painter.setPen(theme.color("text.secondary" if heavy else "chart.axis_text"))
                self._put(painter, left, middle, label.text, "medium" if heavy else "regular")
        if cross is not None and self.cross is not None:
            left, width = cross
            painter.fillRect(QRectF(left, 0, width, rect.height()), theme.color("chart.crosshair_tag"))
            painter.setPen(theme.color("chart.on_crosshair_tag"))
            self._put(painter, left + 7, middle, self.cross[1], "strong")

    def _cross_place(self, room: float) -> tuple[int, int] | None:
        """Return (left, width) of the crosshair's tag, kept inside the axis."""
        if self.cross is None:
            return None
        x, text = self.cross
        width = round(self._width(text, "strong")) + 14
        return round(min(max(x - width / 2, 0), max(room - width, 0))), width

    def _width(self, text: str, weight: str) -> float:
        return self._metrics.width(self.frame.theme.number_font("caption", weight), text)
