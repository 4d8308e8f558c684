# SPDX-License-Identifier: Apache-2.0
"""Dialogs: Cancel has the focus, a choice comes back as what it is, a rule is told before anything is saved."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from terminal.model.enums import DataType, Mode
from terminal.settings import SECTIONS, Connection, Settings, SettingsFile, section_fields
from tests.support.core import risk_rules
from widgets.connect_dialog import ConnectDialog
from widgets.dialogs import Confirm
from widgets.settings_dialog import SettingsDialog
from widgets.theme import Theme


def confirm(qtbot: QtBot, theme: Theme, mode: str = "demo") -> Confirm:
    box = Confirm(theme, None, mode=mode, title="Send?", headline="Buy 1", rows=[("Terms", "DAY")], action="Send")
    qtbot.addWidget(box)
    box.show()
    box.activateWindow()
    qtbot.waitExposed(box)
    return box


@pytest.mark.parametrize("mode", ["demo", "paper", "live"])
def test_enter_on_the_question_is_no_and_ctrl_enter_is_yes(qtbot: QtBot, theme: Theme, mode: str) -> None:
    answers: list[int] = []
    for modifiers in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier):
        box = confirm(qtbot, theme, mode)
        box.finished.connect(answers.append)
        assert mode.upper() in box.windowTitle()
        qtbot.waitUntil(box.cancel.hasFocus)
        QTest.keyClick(box.cancel, Qt.Key.Key_Return, modifiers)
    assert answers == [Confirm.DialogCode.Rejected.value, Confirm.DialogCode.Accepted.value]


def test_the_choice_of_a_connection_comes_back_as_what_it_is(qtbot: QtBot, theme: Theme) -> None:
    connection = replace(Connection(), mode=Mode.PAPER, port=5_000)
    box = ConnectDialog(theme, None, connection)
    qtbot.addWidget(box)
    assert box.port.value() == 5_000, "opening the dialog changes nothing"
    assert box.chosen() == connection
    assert type(box.chosen().mode) is Mode
    assert type(box.chosen().data_type) is DataType
    box.mode.setCurrentIndex(list(Mode).index(Mode.LIVE))
    assert box.chosen().mode is Mode.LIVE
    assert box.port.value() == 7_496
    assert "read-only" in box.hint.text()
    box.mode.setCurrentIndex(list(Mode).index(Mode.DEMO))
    assert not box.port.isEnabled()


def settings_dialog(qtbot: QtBot, theme: Theme, folder: Path) -> SettingsDialog:
    box = SettingsDialog(theme, None, Settings(), SettingsFile(folder / "settings.toml", risk_rules()))
    qtbot.addWidget(box)
    return box


def test_every_setting_has_its_editor_and_none_is_changed_by_looking(
    qtbot: QtBot, theme: Theme, tmp_path: Path
) -> None:
    box = settings_dialog(qtbot, theme, tmp_path)
    assert list(box.changes()) == []
    names = {f"{name}.{field.name}" for name, section in SECTIONS.items() for field in section_fields(section)}
    names |= {f"risk.{rule.name}" for rule in risk_rules()}
    found = {
        one.objectName().removeprefix("setting:")
        for one in box.findChildren(QWidget)
        if one.objectName().startswith("setting:")
    }
    assert found == names


def test_only_what_was_changed_is_told_and_a_broken_rule_keeps_it_open(
    qtbot: QtBot, theme: Theme, tmp_path: Path
) -> None:
    box = settings_dialog(qtbot, theme, tmp_path)
    finished: list[int] = []
    box.finished.connect(finished.append)
    quantity = box.findChild(QSpinBox, "setting:trading.stock_quantity")
    host = box.findChild(QLineEdit, "setting:connection.host")
    assert quantity is not None
    assert host is not None
    quantity.setValue(12)
    assert list(box.changes()) == [("trading.stock_quantity", 12)]
    host.setText("10.0.0.1")
    box._save()
    assert not finished
    assert "allow_remote_host" in box.error.text()
    host.setText("127.0.0.1")
    box._save()
    assert finished == [SettingsDialog.DialogCode.Accepted.value]
