# SPDX-License-Identifier: Apache-2.0
"""Profiles: a new one with the name of a mode begins in it, and no window changes its mode while it runs."""

import contextlib
from pathlib import Path

import pytest

import main
from brokers.ibkr.broker import IbkrBroker
from terminal.clock import LiveClock
from terminal.errors import UserError
from terminal.model.enums import Mode
from terminal.paths import ProfilePaths, prepare_profile, profile_paths
from terminal.profile import LOOK, Session
from terminal.settings import SECTIONS, SettingsFile, section_fields
from tests.support.core import build_kernel


def prepared(name: str, tmp_path: Path) -> ProfilePaths:
    paths = profile_paths(name, tmp_path)
    prepare_profile(paths)
    return paths


def test_the_first_paint_knows_the_same_defaults_and_choices_as_the_settings() -> None:
    for section, key, usual in LOOK:
        known = next(each for each in section_fields(SECTIONS[section]) if each.name == key)
        assert usual[0] == known.default
        assert set(usual) == set(known.choices)


@pytest.mark.parametrize(
    ("name", "mode"), [("paper", Mode.PAPER), ("live", Mode.LIVE), ("demo", Mode.DEMO), ("mine", Mode.DEMO)]
)
def test_a_new_profile_begins_in_the_mode_of_its_name(tmp_path: Path, name: str, mode: Mode) -> None:
    with contextlib.ExitStack() as ending:
        session = Session(prepared(name, tmp_path), False, ending, main._demo_child)
        assert session.look()[0] == mode.value
        begun = session.begin()
        assert begun.settings.connection.mode is mode
        assert begun.stored.connection.mode is mode


def test_a_saved_profile_keeps_its_mode_whatever_its_name(tmp_path: Path) -> None:
    paths = prepared("paper", tmp_path)
    file = SettingsFile(paths.settings)
    file.save(file.load().settings)
    with contextlib.ExitStack() as ending:
        session = Session(paths, False, ending, main._demo_child)
        assert session.look()[0] == "demo"
        assert session.begin().settings.connection.mode is Mode.DEMO


def test_the_mode_of_a_running_window_is_saved_for_its_next_start(tmp_path: Path) -> None:
    paths = prepared("paper", tmp_path)
    kernel = build_kernel(
        paths, clock=LiveClock(), address=("127.0.0.1", 1), broker=IbkrBroker, changes={"connection.mode": "demo"}
    )
    wanted = SettingsFile(paths.settings).load().settings.with_value("connection.mode", "paper", ()).connection
    with pytest.raises(UserError) as caught:
        kernel.open_elsewhere(wanted)
    assert caught.value.code == "APP-002"
    assert kernel.mode is Mode.DEMO
    assert SettingsFile(paths.settings).load().settings.connection.mode is Mode.PAPER
    assert not kernel.parts.settings_file.changed_on_disk()
