# SPDX-License-Identifier: Apache-2.0
"""Folders and files of a profile are private, and one Tiller has it at a time."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from terminal.errors import UserError
from terminal.paths import (
    ProfilePaths,
    lock_profile,
    prepare_profile,
    private_file,
    private_folder,
    profile_paths,
    write_atomically,
)

ROOT = Path(__file__).parents[3]


@pytest.fixture
def paths(tmp_path: Path) -> ProfilePaths:
    found = profile_paths("demo", tmp_path / "data")
    assert prepare_profile(found) == ()
    return found


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_every_folder_is_private_even_with_a_generous_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        paths = profile_paths("demo", tmp_path / "data")
        prepare_profile(paths)
        private_file(paths.settings)
        write_atomically(paths.workspace, b"{}")
    finally:
        os.umask(old)
    folders = [paths.root, paths.root.parent, paths.logs, paths.backups, paths.strategies]
    assert {mode(folder) for folder in folders} == {0o700}
    assert {mode(paths.settings), mode(paths.workspace)} == {0o600}


def test_profiles_share_no_path(tmp_path: Path) -> None:
    one, two = profile_paths("demo", tmp_path), profile_paths("paper", tmp_path)
    assert not one.root.is_relative_to(two.root)
    assert not two.root.is_relative_to(one.root)


@pytest.mark.parametrize("name", ["", "..", "a/b", "UPPER", "con", "x" * 33, "a b", "-x", "ä"])
def test_a_name_that_is_no_folder_everywhere_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="FIL-001"):
        profile_paths(name)


def test_a_folder_that_others_can_change_is_refused(paths: ProfilePaths) -> None:
    paths.root.chmod(0o770)
    with pytest.raises(UserError, match="chmod 700") as refused:
        prepare_profile(paths)
    assert refused.value.code == "FIL-003"


def test_a_folder_that_others_can_only_read_is_not_ours_to_refuse(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    prepare_profile(profile_paths("demo", folder))


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(UserError, match="FIL-002"):
        private_folder(tmp_path / "link")


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(UserError, match="FIL-004"):
        private_folder(tmp_path / "data")


def test_a_folder_that_cannot_be_made_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--data-dir"):
        private_folder(Path("/proc/tiller"))


def test_others_lose_the_right_to_read_a_file_and_may_never_have_written_it(paths: ProfilePaths) -> None:
    paths.settings.touch()
    paths.settings.chmod(0o644)
    assert not private_file(paths.settings)
    assert mode(paths.settings) == 0o600
    paths.settings.chmod(0o666)
    with pytest.raises(UserError, match="FIL-003"):
        private_file(paths.settings)


def test_a_write_replaces_the_whole_file_and_leaves_nothing_beside_it(paths: ProfilePaths) -> None:
    write_atomically(paths.settings, b"old" * 1000)
    write_atomically(paths.settings, b"new")
    assert paths.settings.read_bytes() == b"new"
    assert not [path for path in paths.root.iterdir() if path.name.endswith(".tmp")]


def test_a_failed_write_leaves_the_old_content(paths: ProfilePaths) -> None:
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom terminal.paths import write_atomically\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_atomically(Path(sys.argv[1]), b'x' * 5000)\n"
    )
    write_atomically(paths.settings, b"old")
    command = [sys.executable, "-c", code, str(paths.settings)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "FIL-006" in ended.stderr
    assert paths.settings.read_bytes() == b"old"
    assert not [path for path in paths.root.iterdir() if path.name.endswith(".tmp")]


def test_a_second_instance_is_refused_and_told_who_has_the_profile(paths: ProfilePaths) -> None:
    with lock_profile(paths):
        with pytest.raises(UserError, match=f"process {os.getpid()}") as refused:
            lock_profile(paths)
        assert refused.value.code == "APP-001"
        assert "--profile" in refused.value.text
    lock_profile(paths).release()


def test_a_second_process_is_refused_until_the_first_dies(paths: ProfilePaths) -> None:
    command = [sys.executable, "-m", "tests.unit.storage.child", "take_profile", str(paths.root.parent)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "locked\n"
        with pytest.raises(UserError, match=f"process {first.pid}"):
            lock_profile(paths)
        first.kill()
    lock_profile(paths).release()
