# SPDX-License-Identifier: Apache-2.0
"""Segments: one choice of a few, all in sight. The arrow keys move it."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QPushButton, QWidget

from widgets.theme import Theme


class Segments(QFrame):
    """A row of exclusive buttons.

    Signals:
        chosen: key of the segment that a person chose.
    """

    chosen = Signal(str)

    def __init__(
        self,
        theme: Theme,
        name: str,
        choices: Sequence[tuple[str, str]],
        *,
        current: str | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """`choices` are (key, words); `current` is chosen at the start, without a signal."""
        super().__init__(parent)
        self._theme = theme
        self.setProperty("role", "segments")
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(1, 1, 1, 1)
        row.setSpacing(0)
        for key, text in choices:
            button = QPushButton(text, self)
            button.setCheckable(True)
            button.setProperty("segment", "true")
            button.setAccessibleName(f"{name}: {text}")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _checked=False, chosen=key: self.chosen.emit(chosen))
            self._group.addButton(button)
            self._buttons[key] = button
            row.addWidget(button)
        if len(self._buttons) != len(choices):
            raise ValueError(f"segment keys must be unique, were {', '.join(key for key, _ in choices)}")
        if current is not None:
            self.set_current(current)
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def current(self) -> str | None:
        """Key of the chosen segment."""
        return next((key for key, button in self._buttons.items() if button.isChecked()), None)

    def set_current(self, key: str) -> None:
        """Choose a segment without a signal. Raises ``LookupError`` for an unknown key."""
        if key not in self._buttons:
            raise LookupError(f"a segment must be one of {', '.join(self._buttons)}, was {key!r}")
        self._buttons[key].setChecked(True)

    def set_enabled(self, key: str, enabled: bool, reason: str = "") -> None:
        """Let a segment be chosen or not; `reason` is the hint that says why not."""
        self._buttons[key].setEnabled(enabled)
        self._buttons[key].setToolTip("" if enabled else reason)

    def _restyle(self) -> None:
        self.setFixedHeight(self._theme.density.control - 4)
