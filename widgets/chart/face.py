# SPDX-License-Identifier: Apache-2.0
"""Face: a font with what was measured and laid out in it, for painters that draw the same short texts all day.

A static text costs half of what laying out a string anew does. Make new faces when theme or density change.
"""

from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QStaticText

from widgets.recent import Recent

_TEXTS_KEPT: Final = 400


class Face:
    """A font with the widths of the texts that were set in it, measured once."""

    def __init__(self, font: QFont) -> None:
        self.font = font
        self._metrics = QFontMetricsF(font)
        self._half = self._metrics.height() / 2
        self._widths: Recent[str, float] = Recent(_TEXTS_KEPT, self._metrics.horizontalAdvance)
        self._texts: Recent[str, QStaticText] = Recent(_TEXTS_KEPT, self._lay_out)

    def width(self, text: str) -> float:
        return self._widths[text]

    def text(self, text: str) -> QStaticText:
        """Return a text laid out once, to be drawn many times with this face's font set."""
        return self._texts[text]

    def _lay_out(self, text: str) -> QStaticText:
        made = QStaticText(text)
        made.setTextFormat(Qt.TextFormat.PlainText)
        made.prepare(font=self.font)
        return made

    def draw(self, painter: QPainter, left: float, middle: float, text: str) -> None:
        """Draw a text from `left`, its middle at a height, in the painter's pen."""
        painter.setFont(self.font)
        painter.drawStaticText(QPointF(left, round(middle - self._half)), self.text(text))

    def draw_right(self, painter: QPainter, right: float, middle: float, text: str) -> None:
        """Draw a text that ends at `right`."""
        self.draw(painter, round(right - self.width(text)), middle, text)

    def draw_centered(self, painter: QPainter, center: float, middle: float, text: str) -> None:
        """Draw a text around `center`."""
        self.draw(painter, round(center - self.width(text) / 2), middle, text)
