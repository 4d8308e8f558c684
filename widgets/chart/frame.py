# SPDX-License-Identifier: Apache-2.0
"""Frame: what all items of one chart draw from, so that they agree on every pixel; and the base of those items.

Items are children of the view box and paint in its own pixels, not in prices and bar numbers: edges fall on
whole pixels and text is never scaled.
"""

from dataclasses import dataclass, field
from typing import Final

import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from widgets import formats
from widgets.chart.face import Face
from widgets.chart.model import ChartModel
from widgets.chart.timeline import TimeLabel
from widgets.chart.viewport import Viewport
from widgets.theme import Theme

LEGEND_HEIGHT: Final = 20


class Faces:
    """The faces of the chart in one theme and density."""

    def __init__(self, theme: Theme) -> None:
        self.regular = Face(theme.number_font("caption"))
        self.medium = Face(theme.number_font("caption", "medium"))
        self.strong = Face(theme.number_font("caption", "strong"))


@dataclass(slots=True)
class Frame:
    """Theme, model and viewport, with the ticks of both axes as they follow from them."""

    theme: Theme
    model: ChartModel
    faces: Faces = field(init=False)
    view: Viewport = field(default_factory=lambda: Viewport(0, 100, 0, 1, 100, 100))
    price_ticks: list[float] = field(default_factory=list)
    tick_decimals: int = 2
    time_labels: list[TimeLabel] = field(default_factory=list)
    largest_volume: float = 0.0
    """Volume that reaches the full height of the volume bars: the largest in sight when the picture was made."""

    def __post_init__(self) -> None:
        self.restyle()

    def restyle(self) -> None:
        """Take the fonts of another theme or density."""
        self.faces = Faces(self.theme)

    @property
    def rect(self) -> QRectF:
        return QRectF(0, 0, self.view.width, self.view.height)

    def price(self, value: float) -> str:
        """Return a price with the decimals of the instrument."""
        return formats.number(value, self.model.decimals)


class ChartItem(pg.GraphicsObject):
    """An item that covers the plot and draws in its pixels."""

    def __init__(self, frame: Frame, parent: pg.ViewBox, z: float) -> None:
        super().__init__(parent)
        self.frame = frame
        self.setZValue(z)
        self._rect = frame.rect

    def fit(self) -> None:
        """Take the size of the plot."""
        if self._rect != self.frame.rect:
            self.prepareGeometryChange()
            self._rect = self.frame.rect

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        del option, widget
        self.draw(painter)

    def draw(self, painter: QPainter) -> None:
        """Paint in pixels of the plot, from its upper left corner."""
        raise NotImplementedError
