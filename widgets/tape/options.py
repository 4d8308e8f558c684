# SPDX-License-Identifier: Apache-2.0
"""The tape's options in a menu: the smallest size shown, and from which size on a print is large."""

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QMenu, QSpinBox, QWidget, QWidgetAction

from widgets.controls.buttons import IconButton
from widgets.theme import Theme

_MOST = 10_000_000


class TapeOptions(IconButton):
    """The header's button with the two sizes.

    Signals:
        minimumChanged: smallest size shown.
        largeChanged: size from which a print is large, None for never.
    """

    minimumChanged = Signal(float)
    largeChanged = Signal(object)

    def __init__(self, theme: Theme, minimum: float, large: float | None, parent: QWidget | None = None) -> None:
        super().__init__(theme, "gear", "Tape options", parent=parent)
        form = QWidget()
        form.setAccessibleName("Tape options")
        grid = QGridLayout(form)
        grid.setContentsMargins(theme.space.x5, theme.space.x3, theme.space.x5, theme.space.x3)
        grid.setHorizontalSpacing(theme.space.x5)
        grid.setVerticalSpacing(theme.space.x3)
        label = QLabel("Smallest size shown", form)
        self.minimum = self._field(form, minimum, "Smallest size shown")
        label.setBuddy(self.minimum)
        self.marks = QCheckBox("Mark sizes from", form)
        self.marks.setChecked(large is not None)
        self.large = self._field(form, 100 if large is None else large, "Size of a large print")
        self.large.setEnabled(large is not None)
        grid.addWidget(label, 0, 0)
        grid.addWidget(self.minimum, 0, 1)
        grid.addWidget(self.marks, 1, 0)
        grid.addWidget(self.large, 1, 1)
        self._menu = QMenu(self)
        action = QWidgetAction(self._menu)
        action.setDefaultWidget(form)
        self._menu.addAction(action)
        self.minimum.valueChanged.connect(lambda value: self.minimumChanged.emit(float(value)))
        self.large.valueChanged.connect(lambda _value: self._emit_large())
        self.marks.toggled.connect(self._toggle)
        self.clicked.connect(self.open_menu)

    def open_menu(self) -> None:
        """Show the options below the button."""
        self._menu.popup(self.mapToGlobal(QPoint(0, self.height() + 2)))
        self.minimum.setFocus()

    def _field(self, form: QWidget, value: float, name: str) -> QSpinBox:
        field = QSpinBox(form)
        field.setRange(0, _MOST)
        field.setGroupSeparatorShown(True)
        field.setKeyboardTracking(False)
        field.setValue(round(value))
        field.setAccessibleName(name)
        return field

    def _toggle(self, on: bool) -> None:
        self.large.setEnabled(on)
        self._emit_large()

    def _emit_large(self) -> None:
        self.largeChanged.emit(float(self.large.value()) if self.marks.isChecked() else None)
