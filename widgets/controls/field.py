# SPDX-License-Identifier: Apache-2.0
"""Field: a caption above a control and a line below it that keeps its place when it is empty.

Nothing jumps when an error appears: the line is always there. It shows the control's error, or a hint.
"""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from widgets.controls.decimal_spin import DecimalSpin
from widgets.controls.elided import ElidedLabel
from widgets.theme import Theme, set_property


class Field(QWidget):
    """A control with its caption; `hint` stands below while there is no error."""

    def __init__(
        self,
        theme: Theme,
        caption: str,
        control: QWidget,
        *,
        hint: str = "",
        line: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        """`line` False leaves the line below out, where a form shows errors in one place."""
        super().__init__(parent)
        self.control = control
        self._hint = hint
        self._error = ""
        self._caption = QLabel(caption, self)
        self._caption.setProperty("role", "caption")
        self._caption.setBuddy(control)
        self._line = ElidedLabel(hint, self)
        self._line.setProperty("role", "caption")
        self._line.setVisible(line)
        if not control.accessibleName():
            control.setAccessibleName(caption)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space.x1 + 1)
        column.addWidget(self._caption)
        column.addWidget(control)
        column.addWidget(self._line)
        column.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setFocusProxy(control)
        if isinstance(control, DecimalSpin):
            control.error_changed.connect(self.set_error)
            self.set_error(control.error)

    def set_caption(self, text: str) -> None:
        """Change the words above."""
        self._caption.setText(text)

    def set_hint(self, text: str) -> None:
        """Change what stands below while there is no error."""
        self._hint = text
        self.set_error(self._error)

    def set_error(self, text: str) -> None:
        """Show an error below, or the hint again with ""."""
        self._error = text
        self._line.setText(text or self._hint)
        set_property(self._line, "tone", "danger" if text else "muted")

    @property
    def line_text(self) -> str:
        """What stands below the control."""
        return self._line.text()
