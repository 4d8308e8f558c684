# SPDX-License-Identifier: Apache-2.0
"""The layout comes back; a file that cannot be used is kept and the default is shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from terminal.errors import UserError
from terminal.storage.workspace import KEPT, WorkspaceStore

BLOBS = {"geometry": b"\x00\x01\xff\xfe", "state": bytes(range(256))}
PANELS: dict[str, dict[str, Any]] = {
    "chart-1": {"symbol": "AAPL", "seconds": 60, "studies": ["sma"]},
    "watchlist-1": {"columns": [1, 2.5, None]},
}


@pytest.fixture
def store(folder: Path) -> WorkspaceStore:
    return WorkspaceStore(folder / "workspace.json")


def test_a_first_start_has_no_layout_and_no_notice(store: WorkspaceStore) -> None:
    assert store.load() is None
    assert store.notice == ""


def test_blobs_and_panel_settings_come_back_from_a_private_file(store: WorkspaceStore) -> None:
    store.save(BLOBS, PANELS)
    found = store.load()
    assert found is not None
    assert (found.blobs, found.panels) == (BLOBS, PANELS)
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_the_five_before_are_kept_newest_first_and_repeats_are_not_counted(store: WorkspaceStore) -> None:
    for number in range(KEPT + 3):
        store.save(BLOBS, {"p": {"number": number}})
        store.save(BLOBS, {"p": {"number": number}})
    numbers = [store.load_kept(path).panels["p"]["number"] for path in store.kept()]
    assert numbers == [6, 5, 4, 3, 2]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"version": 2}',
        b'{"version": 1, "blobs": []}',
        b'{"version": 1, "blobs": {"a": "not base64!"}}',
        b'{"version": 1, "blobs": {"a": 5}}',
        b'{"version": 1, "panels": {"a": 5}}',
        b"[" * 100_000,
        b'{"version": 1, "x": "' + b"y" * 4_000_000 + b'"}',
    ],
)
def test_a_file_that_cannot_be_used_is_kept_and_told(store: WorkspaceStore, content: bytes) -> None:
    store.path.write_bytes(content)
    store.path.chmod(0o600)
    assert store.load() is None
    assert "the default layout is shown" in store.notice
    (kept,) = store.path.parent.glob("workspace.json.bad-*")
    assert kept.read_bytes() == content
    store.save(BLOBS, PANELS)
    assert store.load() is not None
    assert store.notice == ""


def test_what_is_not_plain_is_refused_and_the_old_layout_stands(store: WorkspaceStore) -> None:
    store.save(BLOBS, PANELS)
    for wrong in ({"p": {"x": object()}}, {"p": {"x": float("nan")}}, {"p": {"x": "y" * 5_000_000}}):
        with pytest.raises(UserError, match="WSP-001"):
            store.save(BLOBS, wrong)
    found = store.load()
    assert found is not None
    assert found.panels == PANELS


def test_a_kept_layout_that_cannot_be_used_is_refused_by_name(store: WorkspaceStore) -> None:
    store.save(BLOBS, {})
    store.save(BLOBS, PANELS)
    (kept,) = store.kept()
    kept.write_text(json.dumps({"version": 7}))
    with pytest.raises(UserError, match=r"WSP-002.*workspace\.1\.json"):
        store.load_kept(kept)
