# SPDX-License-Identifier: Apache-2.0
"""Plugins are found by manifest in three places, loaded on first use, and a broken one harms nobody."""

import hashlib
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from terminal.errors import PluginError, UserError
from terminal.ports import BrokerPlugin
from terminal.registry import USER_PACKAGE, Registry

IBKR = BrokerPlugin(id="ibkr", title="Interactive Brokers", factory="fractions:Fraction")
GOOD = """
from terminal.ports import BrokerPlugin
PLUGIN = BrokerPlugin(id="mine", title="My own", factory=":Mine")
class Mine:
    answer = 42
"""


@pytest.fixture
def registry() -> Registry[BrokerPlugin]:
    found = Registry(BrokerPlugin)
    found.add_builtin([IBKR])
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "strategies"
    path.mkdir(mode=0o700)
    return path


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_code_is_imported_on_first_use_only(registry: Registry[BrokerPlugin], tmp_path: Path) -> None:
    registry.add(BrokerPlugin(id="late", title="Late", factory="no.such.module:Thing"))
    assert set(registry.manifests) == {"ibkr", "late"}
    assert registry.load("ibkr").__name__ == "Fraction"
    with pytest.raises(PluginError, match="built in"):
        registry.load("late")
    assert registry.broken[0].origin == "built in"


def test_two_plugins_of_one_id_are_refused_by_both_origins(registry: Registry[BrokerPlugin], folder: Path) -> None:
    path = put(folder, "mine.py", GOOD.replace('"mine"', '"ibkr"'))
    with pytest.raises(UserError, match=r"built in, the other the file .*mine\.py") as refused:
        registry.add_folder(folder)
    assert refused.value.code == "PLG-001"
    assert str(path) in refused.value.text


def test_an_unknown_id_names_the_known_ones(registry: Registry[BrokerPlugin]) -> None:
    with pytest.raises(UserError, match="known: ibkr"):
        registry.load("tws")


def test_a_file_of_the_person_is_loaded_under_a_private_name(registry: Registry[BrokerPlugin], folder: Path) -> None:
    put(folder, "my_idea.py", GOOD)
    before = list(sys.path)
    registry.add_folder(folder)
    assert registry.load("mine").answer == 42
    assert registry.load("mine").__module__ == f"{USER_PACKAGE}.my_idea"
    assert sys.path == before
    assert "my_idea" not in sys.modules
    assert not (folder / "__pycache__").exists()


BROKEN = {
    "raises.py": ("raise RuntimeError('on purpose')", "on purpose"),
    "leaves.py": ("class Odd(Exception): ...\nraise Odd('strange')", "strange"),
    "syntax.py": ("def f(:\n", "SyntaxError"),
    "imports.py": ("import no_such_library", "no_such_library"),
    "empty.py": ("", "must define PLUGIN as a BrokerPlugin"),
    "two words.py": (GOOD, "must be a Python name"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_listed_and_the_others_are_there(
    registry: Registry[BrokerPlugin], folder: Path, name: str
) -> None:
    text, reason = BROKEN[name]
    put(folder, name, text)
    put(folder, "zz_good.py", GOOD)
    registry.add_folder(folder)
    assert set(registry.manifests) == {"ibkr", "mine"}
    (broken,) = registry.broken
    assert reason in broken.reason
    assert name in broken.origin


def test_a_file_that_others_can_change_or_a_link_is_not_run(registry: Registry[BrokerPlugin], folder: Path) -> None:
    put(folder, "open.py", GOOD).chmod(0o666)
    (folder / "link.py").symlink_to(put(folder.parent, "outside.py", GOOD))
    registry.add_folder(folder)
    assert set(registry.manifests) == {"ibkr"}
    assert len(registry.broken) == 2


def test_a_file_that_changed_since_it_was_approved_is_not_run(registry: Registry[BrokerPlugin], folder: Path) -> None:
    path = put(folder, "mine.py", GOOD)
    approved = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()}
    put(folder, "mine.py", GOOD + "\nchanged = True\n")
    put(folder, "new.py", GOOD.replace('"mine"', '"new"'))
    registry.add_folder(folder, approved)
    assert set(registry.manifests) == {"ibkr"}
    put(folder, "mine.py", GOOD)
    registry.add_folder(folder, approved)
    assert registry.load("mine").answer == 42


def test_entry_points_give_manifests_and_broken_ones_are_listed(
    registry: Registry[BrokerPlugin], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tiller_extra_broker.py").write_text(GOOD)
    monkeypatch.syspath_prepend(str(tmp_path))
    registry.add_entry_points(
        "tiller.brokers",
        [
            EntryPoint("mine", "tiller_extra_broker:PLUGIN", "tiller.brokers"),
            EntryPoint("gone", "tiller_extra_broker:NOTHING", "tiller.brokers"),
            EntryPoint("odd", "tiller_extra_broker:Mine", "tiller.brokers"),
        ],
    )
    assert set(registry.manifests) == {"ibkr", "mine"}
    assert "tiller_extra_broker" in registry.origin("mine")
    assert len(registry.broken) == 2


def test_no_folder_is_no_fault(registry: Registry[BrokerPlugin], tmp_path: Path) -> None:
    registry.add_folder(tmp_path / "nothing")
    assert registry.broken == ()
