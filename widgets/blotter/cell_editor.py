# SPDX-License-Identifier: Apache-2.0
"""A field laid over one cell of a table: Enter takes the value, Esc and a lost focus put it back."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QToolTip, QWidget

from widgets import formats
from widgets.theme import set_property


class CellEditor(QLineEdit):
    """Edits one number. ``take(value)`` returns what is wrong with it, empty when it was taken."""

    def __init__(
        self, parent: QWidget, spot: QRect, text: str, name: str, take: Callable[[Decimal], str], step: Decimal
    ) -> None:
        super().__init__(text.replace(formats.MINUS, "-"), parent)
        self.setObjectName("cellEditor")
        self.setAccessibleName(name)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setGeometry(spot.adjusted(0, -2, 0, 2))
        self._take = take
        self._step = step
        self.selectAll()
        self.show()
        self.setFocus()

    def _value(self) -> Decimal | None:
        try:
            value = Decimal(self.text().replace(",", "").strip())
        except InvalidOperation:
            return None
        return value if value.is_finite() else None

    def _refuse(self, why: str) -> None:
        set_property(self, "invalid", True)
        QToolTip.showText(self.mapToGlobal(self.rect().bottomLeft()), why, self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Escape:
                self.deleteLater()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                value = self._value()
                wrong = f"a number is needed, was {self.text()!r}" if value is None else self._take(value)
                if wrong:
                    self._refuse(wrong)
                else:
                    self.deleteLater()
            case Qt.Key.Key_Up | Qt.Key.Key_Down:
                self._move(1 if event.key() == Qt.Key.Key_Up else -1, event.modifiers())
            case _:
                super().keyPressEvent(event)

    def _move(self, direction: int, modifiers: Qt.KeyboardModifier) -> None:
        value = self._value()
        if value is None:
            return
        factor = 10 if modifiers & Qt.KeyboardModifier.ShiftModifier else 1
        factor = 100 if modifiers & Qt.KeyboardModifier.ControlModifier else factor
        self.setText(str(value + direction * factor * self._step))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.deleteLater()
