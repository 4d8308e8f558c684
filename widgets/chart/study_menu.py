# SPDX-License-Identifier: Apache-2.0
"""Studies: a list in a menu, one row per study with a check mark and its parameter."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QMenu, QSpinBox, QWidget, QWidgetAction

from terminal.indicators import spec
from widgets.chart.study_lines import StudyChoice
from widgets.controls.buttons import IconButton
from widgets.theme import Theme


class StudyList(QWidget):
    """Rows of studies.

    Signals:
        changed: a person switched a study or changed its parameter; `StudyList.choices` has them all.
    """

    changed = Signal()

    def __init__(self, theme: Theme, choices: Sequence[StudyChoice], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Studies")
        self._choices = list(choices)
        self.boxes: list[QCheckBox] = []
        self.fields: dict[int, QSpinBox] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(theme.space.x5, theme.space.x3, theme.space.x5, theme.space.x3)
        grid.setHorizontalSpacing(theme.space.x5)
        grid.setVerticalSpacing(theme.space.x3)
        for row, choice in enumerate(self._choices):
            box = QCheckBox(spec(choice.name).title, self)
            box.setChecked(choice.shown)
            box.toggled.connect(lambda on, place=row: self._switch(place, shown=on))
            grid.addWidget(box, row, 0)
            self.boxes.append(box)
            if spec(choice.name).parameters:
                grid.addWidget(self._field(row, choice), row, 1)

    @property
    def choices(self) -> tuple[StudyChoice, ...]:
        """Every study as it is set now."""
        return tuple(self._choices)

    def _field(self, row: int, choice: StudyChoice) -> QSpinBox:
        found = spec(choice.name)
        parameter = found.parameters[0]
        field = QSpinBox(self)
        field.setRange(int(parameter.low), int(parameter.high))
        field.setValue(int(found.settings(choice.parameters)[parameter.name]))
        field.setSuffix(f" {parameter.unit}")
        field.setKeyboardTracking(False)
        field.setAccessibleName(f"{found.title} {parameter.title.lower()}")
        field.valueChanged.connect(lambda value, place=row, name=parameter.name: self._set(place, name, value))
        self.fields[row] = field
        return field

    def _switch(self, row: int, *, shown: bool) -> None:
        self._choices[row] = replace(self._choices[row], shown=shown)
        self.changed.emit()

    def _set(self, row: int, name: str, value: int) -> None:
        choice = self._choices[row]
        self._choices[row] = replace(choice, parameters={**choice.parameters, name: value})
        self.changed.emit()


class StudyButton(IconButton):
    """The header's button that opens the list.

    Signals:
        changed: the tuple of all studies as they are set now.
    """

    changed = Signal(object)

    def __init__(self, theme: Theme, choices: Sequence[StudyChoice], parent: QWidget | None = None) -> None:
        super().__init__(theme, "list", "Studies", parent=parent)
        self.list = StudyList(theme, choices)
        self._menu = QMenu(self)
        action = QWidgetAction(self._menu)
        action.setDefaultWidget(self.list)
        self._menu.addAction(action)
        self.list.changed.connect(lambda: self.changed.emit(self.list.choices))
        self.clicked.connect(self.open_menu)

    def open_menu(self) -> None:
        """Show the list below the button."""
        self._menu.popup(self.mapToGlobal(QPoint(0, self.height() + 2)))
        self.list.boxes[0].setFocus()
