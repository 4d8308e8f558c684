# SPDX-License-Identifier: Apache-2.0
"""The ways out of a start that fails, taken: the backup is restored, settings are set aside, nothing is lost."""

import argparse
import json
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

import main
from terminal.errors import TerminalError, UserError
from terminal.paths import ProfilePaths, prepare_profile, profile_paths
from terminal.settings import SettingsFile
from terminal.storage.database import CorruptDatabaseError
from terminal.storage.journal_reader import load_journal
from tests.conftest import AllowLogs
from tests.support.program import running, tiller
from widgets.trouble import Trouble, explain


@pytest.fixture
def demo(tmp_path: Path) -> ProfilePaths:
    """Return the default profile below a data folder of its own."""
    paths = profile_paths("demo", tmp_path / "data")
    prepare_profile(paths)
    return paths


def lived(paths: ProfilePaths) -> None:
    """Let the core live once: a journal, and its first backup."""
    with running("--headless", "--data-dir", paths.root.parent, until="running without a window") as process:
        process.terminate()
        process.communicate(timeout=30)


def damage(path: Path) -> bytes:
    content = b"this is no database" + path.read_bytes()[19:]
    path.write_bytes(content)
    return content


def arguments(paths: ProfilePaths) -> argparse.Namespace:
    return argparse.Namespace(profile=paths.profile, data_dir=paths.root.parent, demo=False)


def offered(paths: ProfilePaths, error: TerminalError) -> str:
    """Take the way out that is offered; return what its button says."""
    offer = main.way_out(arguments(paths), error)
    assert offer is not None
    offer[1]()
    return offer[0]


# ---------------------------------------------------------------- the journal
def test_a_damaged_journal_is_restored_and_kept(demo: ProfilePaths) -> None:
    lived(demo)
    content = damage(demo.journal)
    refused = tiller("--headless", "--data-dir", demo.root.parent)
    refused.refused("STO-001", "tiller journal restore")
    done = tiller("journal", "restore", "--json", "--data-dir", demo.root.parent)
    assert done.code == 0, done.errors
    told = json.loads(done.output)
    assert Path(told["kept"]).read_bytes() == content
    assert Path(told["restored"]).name in refused.errors
    assert tiller("journal", "verify", "--data-dir", demo.root.parent).code == 0
    lived(demo)


def test_the_window_offers_the_same(demo: ProfilePaths, allow_logs: AllowLogs) -> None:
    allow_logs("storage")
    lived(demo)
    damage(demo.journal)
    with pytest.raises(UserError) as caught:
        load_journal(demo.journal)
    backup = next(demo.backups.iterdir())
    label = offered(demo, _named(caught.value, backup))
    assert label == f"Restore {backup.name}"
    assert load_journal(demo.journal).report.ok


def _named(error: UserError, backup: Path) -> UserError:
    """Return the error as a start gives it, which knows the backups; reading alone does not."""
    assert isinstance(error, CorruptDatabaseError)
    return CorruptDatabaseError(error.path, "damaged", (backup,))


def test_without_a_backup_nothing_is_changed(demo: ProfilePaths) -> None:
    demo.journal.write_bytes(b"this is no database")
    demo.journal.chmod(0o600)
    tiller("journal", "restore", "--data-dir", demo.root.parent).refused("STO-011", str(demo.backups))
    assert demo.journal.read_bytes() == b"this is no database"


def test_a_running_core_keeps_its_journal(demo: ProfilePaths) -> None:
    with running("--headless", "--data-dir", demo.root.parent, until="running without a window"):
        tiller("journal", "restore", "--data-dir", demo.root.parent).refused("APP-001", "already open")
    assert tiller("journal", "verify", "--data-dir", demo.root.parent).code == 0


# ---------------------------------------------------------------- settings
@pytest.mark.parametrize("content", ["[trading\n", "[trading]\nconfirm_before_send = 3\n"])
def test_settings_that_cannot_be_used_are_set_aside(demo: ProfilePaths, content: str) -> None:
    demo.settings.write_text(content)
    demo.settings.chmod(0o600)
    with pytest.raises(UserError) as caught:
        SettingsFile(demo.settings).load()
    assert offered(demo, caught.value) == "Start with default settings"
    assert not demo.settings.exists()
    kept = [path for path in demo.root.iterdir() if path.name.startswith("settings.toml.bad-")]
    assert [path.read_text() for path in kept] == [content]


def test_settings_of_a_newer_version_are_left_to_the_person(demo: ProfilePaths) -> None:
    demo.settings.write_text("version = 99\n")
    demo.settings.chmod(0o600)
    with pytest.raises(UserError) as caught:
        SettingsFile(demo.settings).load()
    assert main.way_out(arguments(demo), caught.value) is None


# ---------------------------------------------------------------- the window
def answer(button: str) -> list[str]:
    """Click this button of the window that appears; what it shows comes into the returned list."""
    seen: list[str] = []

    def click() -> None:
        window = QApplication.activeModalWidget()
        assert isinstance(window, Trouble)
        seen.extend(label.text() for label in window.findChildren(QLabel))
        seen.extend(each.text() for each in window.findChildren(QPushButton))
        found = window.findChild(QPushButton, button)
        assert found is not None
        found.click()

    QTimer.singleShot(0, click)
    return seen


@pytest.mark.parametrize(("button", "taken"), [("troubleWayOut", True), ("troubleQuit", False)])
def test_the_window_says_why_and_asks(qapp: QApplication, button: str, *, taken: bool) -> None:
    seen = answer(button)
    assert explain("STO-001: the journal is damaged", "Restore it") is taken
    assert {"STO-001: the journal is damaged", "Restore it", "Quit"} <= set(seen)


def test_without_a_way_out_there_is_no_button_for_one(qapp: QApplication) -> None:
    seen = answer("troubleQuit")
    assert not explain("APP-001: another Tiller runs", None)
    assert "Quit" in seen
    assert len([text for text in seen if text]) == 3
