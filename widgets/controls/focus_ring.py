# SPDX-License-Identifier: Apache-2.0
"""Focus ring: one frame per window that stands around the control with the keyboard focus.

A style sheet cannot paint outside a widget, so a masked overlay follows the focus and the moves of what it
frames. Tables ring their current cell themselves.
"""

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QRegion
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QWidget
from shiboken6 import isValid

from widgets.theme import Theme

_GAP = 1
_FOLLOWED = frozenset({QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide})
_RINGED = (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit)


class FocusRing(QWidget):
    """Create one per window, after its content."""

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._theme = theme
        self._watched: list[QWidget] = []
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Focus ring")
        self.hide()
        theme.changed.connect(self._place)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._on_focus)

    @property
    def target(self) -> QWidget | None:
        """The control that is ringed."""
        return self._watched[0] if self._watched else None

    def _on_focus(self, _old: QWidget | None, new: QWidget | None) -> None:
        for widget in filter(isValid, self._watched):
            widget.removeEventFilter(self)
        for widget in filter(isValid, self._watched[:1]):
            widget.destroyed.disconnect(self._forget)
        self._watched = []
        if new is not None and new.window() is self.window():
            target = self._control(new)
            if target is not None:
                self._watch(target)
        self._place()

    @staticmethod
    def _control(widget: QWidget) -> QWidget | None:
        parent = widget.parentWidget()
        if isinstance(widget, QLineEdit) and isinstance(parent, QAbstractSpinBox | QComboBox):
            return parent
        return widget if isinstance(widget, _RINGED) else None

    def _watch(self, target: QWidget) -> None:
        target.destroyed.connect(self._forget)
        step: QWidget | None = target
        while step is not None and step is not self.window():
            self._watched.append(step)
            step.installEventFilter(self)
            step = step.parentWidget()

    def _forget(self) -> None:
        self._watched = []
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _FOLLOWED:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        target = self.target
        if target is None or not target.isVisible():
            self.hide()
            return
        width = self._theme.focus_width
        corner = target.mapTo(self.window(), QPoint(0, 0))
        reach = width + _GAP
        self.setGeometry(QRect(corner, target.size()).adjusted(-reach, -reach, reach, reach))
        inside = self.rect().adjusted(width, width, -width, -width)
        self.setMask(QRegion(self.rect()).subtracted(QRegion(inside)))
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        width = self._theme.focus_width
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.pen("focus.ring", width))
        half = width / 2
        radius = self._theme.tokens.radius.control + 1
        painter.drawRoundedRect(self.rect().toRectF().adjusted(half, half, -half, -half), radius, radius)
