# SPDX-License-Identifier: Apache-2.0
"""Time frames: one of a few, as a row of joined buttons in the panel's header."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from widgets.theme import Theme

_SPOKEN: Final = {60: "1 minute", 300: "5 minutes", 900: "15 minutes", 3600: "1 hour", 86_400: "1 day"}


class TimeFrameBar(QWidget):
    """A segmented control: Tab reaches the chosen one, the arrow keys choose.

    Signals:
        chosen: a person chose bars of so many seconds.
    """

    chosen = Signal(int)

    def __init__(
        self, theme: Theme, frames: Sequence[tuple[int, str]], seconds: int, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName("Time frame")
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(1, 1, 1, 1)
        row.setSpacing(0)
        for value, text in frames:
            button = QToolButton(self)
            button.setText(text)
            button.setCheckable(True)
            button.setChecked(value == seconds)
            button.setAccessibleName(_SPOKEN.get(value, text))
            button.setToolTip(f"Bars of {_SPOKEN.get(value, text)}")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._group.addButton(button, value)
            row.addWidget(button)
        self._group.idClicked.connect(self.chosen)
        theme.changed.connect(self._fit)
        self._fit()

    @property
    def seconds(self) -> int:
        return self._group.checkedId()

    def button(self, seconds: int) -> QToolButton | None:
        """Return the button of a time frame."""
        found = self._group.button(seconds)
        return found if isinstance(found, QToolButton) else None

    def choose(self, seconds: int) -> None:
        """Show another one as chosen, without a signal. ValueError if it is not offered."""
        found = self._group.button(seconds)
        if found is None:
            raise ValueError(f"a time frame must be one of those offered, was {seconds} s")
        found.setChecked(True)

    def _fit(self) -> None:
        height = self._theme.density.panel_header - 6
        self.setFixedHeight(height)
        for button in self._group.buttons():
            button.setFixedHeight(height - 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.pen("border.default"))
        radius = self._theme.tokens.radius.control
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
