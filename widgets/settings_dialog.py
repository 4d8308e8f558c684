# SPDX-License-Identifier: Apache-2.0
"""The settings dialog: every setting of the profile as a form made from its declaration, checked as it is typed."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from terminal.settings import SECTIONS, NumberRule, SettingField, Settings, SettingsFile, section_fields
from widgets import formats
from widgets.theme import Theme, set_property

TITLES: Final = {
    "connection": "Connection",
    "appearance": "Appearance",
    "trading": "Trading",
    "watchlist": "Watchlist",
    "recorder": "Recorder",
    "demo": "Demo",
    "log": "Log",
}
LATER: Final = frozenset({"connection", "recorder", "demo", "log"})
"""Sections that are read at the next start."""


class SettingsDialog(QDialog):
    """Edit settings; ``changes`` gives what is different."""

    def __init__(self, theme: Theme, parent: QWidget | None, settings: Settings, file: SettingsFile) -> None:
        super().__init__(parent)
        self.setObjectName("settingsDialog")
        self.setWindowTitle(f"{formats.MODES[settings.connection.mode]} - Settings")
        self._settings = settings
        self._editors: dict[str, tuple[QWidget, Any]] = {}
        tabs = QTabWidget()
        for name, section in SECTIONS.items():
            tabs.addTab(self._section(theme, name, section), TITLES[name])
        tabs.addTab(self._risk(theme, file.risk_rules), "Risk limits")
        self.error = QLabel("")
        self.error.setProperty("role", "danger")
        self.error.setWordWrap(True)
        cancel, save = QPushButton("Cancel"), QPushButton("Save")
        save.setObjectName("settingsSave")
        set_property(save, "kind", "primary")
        cancel.clicked.connect(self.reject)
        save.clicked.connect(self._save)
        row = QHBoxLayout()
        row.addWidget(self.error, 1)
        row.addWidget(cancel)
        row.addWidget(save)
        column = QVBoxLayout(self)
        column.addWidget(tabs, 1)
        column.addLayout(row)
        self._rules = tuple(file.risk_rules)
        self.resize(620, 560)

    def _page(self, theme: Theme, note: str) -> tuple[QWidget, QFormLayout]:
        form = QFormLayout()
        form.setHorizontalSpacing(theme.space.x7)
        form.setVerticalSpacing(theme.space.x4)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.addLayout(form)
        if note:
            label = QLabel(note)
            label.setProperty("role", "muted")
            column.addWidget(label)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inner)
        return scroll, form

    def _section(self, theme: Theme, name: str, section: type) -> QWidget:
        page, form = self._page(theme, "Read at the next start." if name in LATER else "")
        for field in section_fields(section):
            value = getattr(getattr(self._settings, name), field.name)
            editor = _editor(field, value)
            self._add(form, f"{name}.{field.name}", field.rule.label, field.rule.help, editor, value)
        return page

    def _risk(self, theme: Theme, rules: "tuple[NumberRule, ...]") -> QWidget:
        page, form = self._page(theme, "Each limit refuses orders beyond it; the refusal names it.")
        for rule in rules:
            value = self._settings.risk.get(rule.name, rule.default)
            editor = _number_editor(value, rule.low, rule.high, rule.unit)
            self._add(form, f"risk.{rule.name}", rule.label, rule.help, editor, value)
        return page

    def _add(self, form: QFormLayout, key: str, label: str, text: str, editor: QWidget, value: Any) -> None:
        editor.setToolTip(text)
        editor.setAccessibleName(label)
        editor.setObjectName(f"setting:{key}")
        form.addRow(label, editor)
        self._editors[key] = (editor, value)

    def changes(self) -> Iterator[tuple[str, Any]]:
        """Return (name, value) of everything that was changed."""
        for key, (editor, before) in self._editors.items():
            value = _value(editor, before)
            if value != before:
                yield key, value

    def _save(self) -> None:
        """Check all changes together; close only when every rule is content."""
        settings = self._settings
        try:
            for name, value in self.changes():
                settings = settings.with_value(name, value, self._rules)
        except ValueError as error:
            self.error.setText(str(error))
            return
        self.accept()


def _editor(field: SettingField, value: Any) -> QWidget:
    if field.choices:
        box = QComboBox()
        box.addItems(list(field.choices))
        box.setCurrentText(value.value if isinstance(value, StrEnum) else str(value))
        return box
    if isinstance(value, bool | int | float):
        low = field.rule.low if field.rule.low is not None else -1e9
        high = field.rule.high if field.rule.high is not None else 1e9
        return _number_editor(value, low, high, field.rule.unit)
    return QLineEdit(", ".join(value) if isinstance(value, tuple) else str(value))


def _number_editor(value: float | bool, low: float, high: float, unit: str) -> QWidget:
    if isinstance(value, bool):
        check = QCheckBox()
        check.setChecked(value)
        return check
    if isinstance(value, int):
        whole = QSpinBox()
        whole.setRange(max(int(low), -(2**31)), min(int(high), 2**31 - 1))
        whole.setValue(value)
        whole.setSuffix(f" {unit}" if unit else "")
        return whole
    spin = QDoubleSpinBox()
    spin.setDecimals(2)
    spin.setRange(low, high)
    spin.setValue(value)
    spin.setSuffix(f" {unit}" if unit else "")
    return spin


def _value(editor: QWidget, before: Any) -> Any:
    match editor:
        case QCheckBox():
            return editor.isChecked()
        case QComboBox():
            text = editor.currentText()
            return type(before)(text) if isinstance(before, StrEnum) else text
        case QSpinBox() | QDoubleSpinBox():
            return editor.value()
        case QLineEdit():
            text = editor.text().strip()
            if isinstance(before, tuple):
                return tuple(part.strip().upper() for part in text.split(",") if part.strip())
            return text
        case _:
            return before
