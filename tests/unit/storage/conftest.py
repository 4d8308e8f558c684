# SPDX-License-Identifier: Apache-2.0
"""A private folder and journals that are closed whatever happens."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from terminal.storage.journal import JournalStore

OpenJournal = Callable[..., Awaitable[JournalStore]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "profile"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
async def open_journal(folder: Path) -> AsyncIterator[OpenJournal]:
    """Return a function that starts a journal on the folder's file; all are stopped at the end."""
    started: list[JournalStore] = []

    async def begin(**options: Any) -> JournalStore:
        journal = JournalStore(folder / "journal.db", disk_floor=0, **options)
        await journal.start()
        started.append(journal)
        return journal

    yield begin
    for journal in started:
        await journal.stop()
