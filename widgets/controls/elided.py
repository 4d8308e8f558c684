# SPDX-License-Identifier: Apache-2.0
"""Elided label: a line of words that gives way with an ellipsis, and shows all of it as a hint."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QStyle, QStyleOption, QWidget


class ElidedLabel(QLabel):
    """A label that may become narrower than its text. Not for numbers: half a number is a wrong number."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return QSize(0 if not self.text() else min(hint.width(), 12), hint.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        width = self.contentsRect().width()
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, width)
        if shown == self.text():
            super().paintEvent(event)
            self._hint("")
            return
        painter = QPainter(self)
        option = QStyleOption()
        option.initFrom(self)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_Widget, option, painter, self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.contentsRect(), int(self.alignment() | Qt.AlignmentFlag.AlignVCenter), shown)
        self._hint(self.text())

    def _hint(self, text: str) -> None:
        if self.toolTip() != text:
            self.setToolTip(text)
