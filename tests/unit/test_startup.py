# SPDX-License-Identifier: Apache-2.0
"""The start: what the first paint may not import, and that its short look at the settings agrees with the settings."""

import argparse
import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

import main
from terminal.model.enums import Mode
from terminal.profile import Session, settings_file
from terminal.settings import SettingsError, SettingsFile
from terminal.settings.tree import Appearance, Connection, Density, Theme

ROOT = Path(main.__file__).parent
HEAVY = ("typer", "pydantic", "alembic", "pandas", "sqlalchemy", "pyqtgraph", "ib_insync", "keyring", "asyncio")
WATCHED = """
import json, sys
import widgets.main_window as window
def tell(moment):
    print(json.dumps(sorted(name.partition(".")[0] for name in sys.modules)), flush=True)
    raise SystemExit(0)
window._tell = tell
import main
main.cli(["--demo", "--data-dir", sys.argv[1]])
"""


def test_nothing_heavy_is_imported_before_the_first_paint(tmp_path: Path) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    child = subprocess.Popen(
        [sys.executable, "-c", WATCHED, str(tmp_path)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    with child.stdout:
        imported = set(json.loads(child.stdout.readline()))
    child.kill()
    child.wait()
    assert "PySide6" in imported
    assert not imported.intersection(HEAVY)


FILLED = """
import builtins, json, sys
import widgets.main_window as window
def tell(moment):
    if moment == "docks filled":
        wrapped = builtins.__import__ is not builtins.__orig_import__
        print(json.dumps(["sqlalchemy" in sys.modules, wrapped]), flush=True)
window._tell = tell
import main
main.cli(["--demo", "--data-dir", sys.argv[1]])
"""


def test_the_docks_are_filled_without_sql_and_behind_pythons_own_import(tmp_path: Path) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "TILLER_TRACE_START": "1"}
    child = subprocess.Popen(
        [sys.executable, "-c", FILLED, str(tmp_path)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    with child.stdout:
        told = json.loads(child.stdout.readline())
    child.kill()
    child.wait()
    assert told == [False, False]


# ---------------------------------------------------------------- the look
def opened(folder: Path, *, demo: bool = False) -> Session:
    paths = main._paths(argparse.Namespace(data_dir=folder))
    paths.root.mkdir(parents=True, mode=0o700)
    return Session(paths, demo, ExitStack(), main._demo_child)


def write(session: Session, connection: Connection, appearance: Appearance) -> None:
    file: SettingsFile = settings_file(session.paths)
    file.save(replace(file.load().settings, connection=connection, appearance=appearance))


def whole(session: Session) -> tuple[str, str, str]:
    settings = settings_file(session.paths).load().settings
    return settings.connection.mode.value, settings.appearance.theme.value, settings.appearance.density.value


def test_without_a_file_the_look_is_the_defaults(tmp_path: Path) -> None:
    session = opened(tmp_path)
    assert session.look() == whole(session)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("density", Density)
def test_the_look_reads_what_the_settings_hold(tmp_path: Path, mode: Mode, theme: Theme, density: Density) -> None:
    session = opened(tmp_path)
    write(session, Connection(mode=mode), Appearance(theme=theme, density=density))
    assert session.look() == (mode.value, theme.value, density.value)


def test_demo_outranks_the_mode_of_the_settings(tmp_path: Path) -> None:
    session = opened(tmp_path, demo=True)
    write(session, Connection(mode=Mode.PAPER), Appearance())
    assert session.look()[0] == "demo"


@pytest.mark.parametrize(
    "text", ["[appearance]\ntheme = 'pink'\n", "[connection]\nmode = 3\n", "connection = 3\n", "[[appearance]]\n"]
)
def test_what_cannot_be_used_is_refused_in_the_words_of_the_settings(tmp_path: Path, text: str) -> None:
    session = opened(tmp_path)
    session.paths.settings.touch(0o600)
    session.paths.settings.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"appearance|connection"):
        session.look()
