# SPDX-License-Identifier: Apache-2.0
"""Still: a frame that keeps what happens inside from stirring the layout around it.

A label that changes its words tells its parent's layout, that one the next, up to the window, which then asks
every dock how large it wants to be: ten times a second, for a number. Here the message ends, unless the least
size has really changed.
"""

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget


class Still(QWidget):
    """Holds one widget, as large as itself, without a layout."""

    def __init__(self, inner: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.inner = inner
        inner.setParent(self)
        self.setSizePolicy(inner.sizePolicy())
        self.setFocusProxy(inner)
        self._least = self.minimumSizeHint()

    def sizeHint(self) -> QSize:
        return self.inner.sizeHint().expandedTo(self.minimumSizeHint()).boundedTo(self.inner.maximumSize())

    def minimumSizeHint(self) -> QSize:
        return self.inner.minimumSizeHint().expandedTo(self.inner.minimumSize()).boundedTo(self.inner.maximumSize())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.inner.resize(self.size())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            least = self.minimumSizeHint()
            if least != self._least:
                self._least = least
                self.updateGeometry()
        return super().event(event)
