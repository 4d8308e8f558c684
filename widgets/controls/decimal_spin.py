# SPDX-License-Identifier: Apache-2.0
"""Decimal spin field: a price or quantity as an exact number on its grid.

A binary float would turn 0.1 into something the exchange refuses, so the value is a Decimal from the key
to the order. What is typed is never changed behind a person's back: off the grid or out of range, the
field says so and has no value. The wheel only turns a field that has the focus.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QWidget

from widgets import formats
from widgets.theme import Theme, set_property

_CHARACTERS: Final = frozenset("0123456789.,+-\u2212 \u2007\u2009\u202f'")
_SEPARATORS: Final = str.maketrans({",": "", " ": "", "'": "", "\u2007": "", "\u2009": "", "\u202f": "", "\u2212": "-"})
_STEPS: Final = {Qt.KeyboardModifier.ShiftModifier: 10, Qt.KeyboardModifier.ControlModifier: 100}
_INSET: Final = 5


class DecimalSpin(QAbstractSpinBox):
    """A field for a Decimal on a grid of ticks: Up and Down one tick, Shift ten, Ctrl a hundred.

    Signals:
        value_changed: the value (Decimal) or None while what is typed is not one.
        error_changed: what is wrong with what is typed, "" when nothing is.
    """

    value_changed = Signal(object)
    error_changed = Signal(str)

    def __init__(
        self,
        theme: Theme,
        name: str,
        *,
        tick: Decimal,
        minimum: Decimal | None = None,
        maximum: Decimal | None = None,
        value: Decimal | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """`name` is the label in words (``Limit price``): it is the accessible name and begins the error."""
        super().__init__(parent)
        self._theme = theme
        self._name = name
        self._tick = self._positive(tick)
        self._minimum, self._maximum = minimum, maximum
        self._value: Decimal | None = None
        self._error = ""
        self._outside_error = ""
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToPreviousValue)
        self.setKeyboardTracking(True)
        self.lineEdit().setTextMargins(_INSET, 0, 0, 0)
        self.lineEdit().textEdited.connect(self._read)
        theme.changed.connect(self._restyle)
        self._restyle()
        if value is not None:
            self.set_value(value)

    # ------------------------------------------------------------------ value
    @property
    def value(self) -> Decimal | None:
        """The number in the field, None while there is none that may be used."""
        return self._value

    @property
    def error(self) -> str:
        """Rule, value and way out, or "" when the value may be used."""
        return self._error or self._outside_error

    def set_value(self, value: Decimal | None) -> None:
        """Show a number; None empties the field. It is checked like a typed one."""
        self.lineEdit().setText("" if value is None else self._written(value))
        self._read()

    def set_tick(self, tick: Decimal) -> None:
        """Take another grid, of another instrument. What is in the field is checked again."""
        self._tick = self._positive(tick)
        if self._value is not None:
            self.lineEdit().setText(self._written(self._value))
        self._read()

    def set_range(self, minimum: Decimal | None, maximum: Decimal | None) -> None:
        """Take other bounds; None is no bound. What is in the field is checked again."""
        self._minimum, self._maximum = minimum, maximum
        self._read()

    def set_error(self, text: str) -> None:
        """Show an error that another rule found (a price collar); "" takes it back."""
        if text != self._outside_error:
            self._outside_error = text
            self._show_error()

    # ------------------------------------------------------------------ steps
    def stepBy(self, steps: int) -> None:
        """Move by ticks; from beside the grid the first step goes to the nearest tick in that direction."""
        now = self._number(self.lineEdit().text())
        if now is None:
            now = self._minimum if self._minimum is not None and self._minimum > 0 else Decimal(0)
            steps = 0 if self._minimum is not None and self._minimum > 0 else steps
        ticks = now / self._tick
        whole = ticks.to_integral_value(ROUND_FLOOR if steps > 0 else ROUND_CEILING)
        self.set_value(self._bounded((whole + steps) * self._tick))
        self.selectAll()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        flags = QAbstractSpinBox.StepEnabledFlag
        if self.isReadOnly():
            return flags.StepNone
        found = flags.StepNone
        if self._maximum is None or self._value is None or self._value < self._maximum:
            found |= flags.StepUpEnabled
        if self._minimum is None or self._value is None or self._value > self._minimum:
            found |= flags.StepDownEnabled
        return found

    def keyPressEvent(self, event: QKeyEvent) -> None:
        direction = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}
        step = direction.get(Qt.Key(event.key()))
        if step is None or self.isReadOnly():
            super().keyPressEvent(event)
            return
        self.stepBy(step * _factor(event.modifiers()))
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turn by one tick per notch, but only with the focus: a wheel in passing must not move a price."""
        notches = event.angleDelta().y() or event.angleDelta().x()
        if not self.hasFocus() or self.isReadOnly() or not notches:
            event.ignore()
            return
        self.stepBy((1 if notches > 0 else -1) * _factor(event.modifiers()))
        event.accept()

    # ------------------------------------------------------------------ text
    def validate(self, text: str, pos: int) -> tuple[QValidator.State, str, int]:
        """Keep out what no number has; everything else may be typed and is judged as it stands."""
        good = set(text) <= _CHARACTERS
        return (QValidator.State.Acceptable if good else QValidator.State.Invalid, text, pos)

    def sizeHint(self) -> QSize:
        return QSize(max(72, super().sizeHint().width()), self._theme.density.control)

    def _read(self) -> None:
        text = self.lineEdit().text()
        number = self._number(text)
        error = self._judge(text, number)
        value = None if error else number
        changed = value != self._value
        self._value = value
        self._error = error
        self._show_error()
        if changed:
            self.value_changed.emit(value)

    def _number(self, text: str) -> Decimal | None:
        try:
            number = Decimal(text.translate(_SEPARATORS))
        except InvalidOperation:
            return None
        return number if number.is_finite() else None

    def _judge(self, text: str, number: Decimal | None) -> str:
        if not text.strip():
            return ""
        if number is None:
            return f"{self._name} must be a number, was {text.strip()}"
        if self._minimum is not None and number < self._minimum:
            return f"{self._name} must be {self._written(self._minimum)} or more"
        if self._maximum is not None and number > self._maximum:
            return f"{self._name} must be {self._written(self._maximum)} or less"
        if number % self._tick:
            return f"{self._name} must be a multiple of {formats.quantity(self._tick)}"
        return ""

    def _bounded(self, value: Decimal) -> Decimal:
        if self._minimum is not None:
            value = max(value, self._minimum)
        return value if self._maximum is None else min(value, self._maximum)

    def _written(self, value: Decimal) -> str:
        decimals = max(formats.decimals_of(self._tick), formats.decimals_of(value))
        return formats.number(value, decimals)

    def _show_error(self) -> None:
        set_property(self, "invalid", bool(self.error))
        if self.toolTip() != self.error:
            self.setToolTip(self.error)
            self.setAccessibleDescription(self.error)
            self.error_changed.emit(self.error)

    def _restyle(self) -> None:
        self.setFixedHeight(self._theme.density.control)
        self.setFont(self._theme.number_font())

    @staticmethod
    def _positive(tick: Decimal) -> Decimal:
        if not tick.is_finite() or tick <= 0:
            raise ValueError(f"a tick must be above 0, was {tick}")
        return tick


def _factor(modifiers: Qt.KeyboardModifier) -> int:
    return next((steps for key, steps in _STEPS.items() if modifiers & key), 1)
