# SPDX-License-Identifier: Apache-2.0
"""Kill, power loss, full disk, foreign lock: nothing durable is lost, nothing else is called durable."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from terminal.errors import StorageError
from terminal.storage.journal import JournalStore
from terminal.storage.journal_reader import load_journal
from tests.conftest import AllowLogs
from tests.unit.storage.conftest import OpenJournal
from tests.unit.storage.records import intent

ROOT = Path(__file__).parents[3]


class Child:
    """A journal in a process that can be killed."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.storage.child", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def hears(self) -> str:
        return self.stdout.readline().strip()

    def go(self) -> None:
        self.stdin.write("\n")
        self.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.stdin.close()
        self.stdout.close()


@pytest.fixture
def child(folder: Path) -> Iterator[Child]:
    running = Child("write", str(folder))
    yield running
    running.kill()


def stored(folder: Path) -> list[object]:
    loaded = load_journal(folder / "journal.db")
    assert loaded.report.ok
    return list(loaded.records)


def test_kill_between_queue_and_commit_leaves_nothing_and_called_nobody(child: Child, folder: Path) -> None:
    assert child.hears().startswith("id ")
    with sqlite3.connect(folder / "journal.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")  # the child's commit has to wait for us
        child.go()
        assert child.hears() == "queued 1"
        child.kill()
        other.execute("ROLLBACK")
    other.close()
    assert stored(folder) == []


def test_kill_after_the_commit_and_before_anything_else_keeps_the_intent(child: Child, folder: Path) -> None:
    child.hears()
    child.go()
    assert {child.hears(), child.hears()} == {"queued 1", "durable 1"}
    child.kill()
    assert stored(folder) == intent(1)


async def test_an_order_id_of_a_killed_process_is_never_used_again(
    child: Child, folder: Path, open_journal: OpenJournal
) -> None:
    used = int(child.hears().split()[1])
    child.go()
    child.hears()
    child.hears()
    child.kill()
    journal = await open_journal()
    assert journal.allocate_order_id(1) > used


async def test_what_was_durable_survives_the_loss_of_everything_that_was_not_synced(
    open_journal: OpenJournal, folder: Path, tmp_path: Path
) -> None:
    """At the moment of the callback the files themselves, read past the process, must hold the order."""
    saved = tmp_path / "after power loss"
    saved.mkdir(mode=0o700)
    journal = await open_journal()
    copied: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def power_fails() -> None:
        for name in ("journal.db", "journal.db-wal"):
            shutil.copy(folder / name, saved / name)
        copied.set_result(None)

    journal.append(intent(1), power_fails)
    await copied
    assert stored(saved) == intent(1)


@pytest.mark.parametrize("allowed_kb", [12_288, 9_000, 8_300])
def test_a_full_disk_stops_the_journal_and_loses_nothing(folder: Path, allowed_kb: int) -> None:
    """The log has its size beforehand (8 MB), so the limit strikes when it must grow or the file itself does."""
    child = Child("fill_disk", str(folder), str(allowed_kb * 1024))
    lines = child.process.communicate(timeout=120)[0].splitlines()
    assert lines[0].startswith("failed the journal ")
    assert "nothing more is sent" in lines[0]
    durable = int(lines[1].split()[1])
    assert durable > 0
    assert lines[2:] == ["refused", "healthy False"]
    kept = stored(folder)
    assert kept[: durable * 3] == [record for number in range(1, durable + 1) for record in intent(number)]


async def test_a_foreign_lock_on_the_database_stops_the_journal(folder: Path, allow_logs: AllowLogs) -> None:
    allow_logs("storage")
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[StorageError] = loop.create_future()
    journal = JournalStore(folder / "journal.db", disk_floor=0, busy_timeout_ms=50, on_failure=failed.set_result)
    await journal.start()
    stopped = loop.create_future()
    journal.append(intent(1), lambda: stopped.set_result(None))
    await stopped
    other = sqlite3.connect(folder / "journal.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    called: list[str] = []
    journal.append(intent(2), lambda: called.append("durable"))
    assert journal._writer is not None
    journal._writer.hasten(60.0)  # the failure ends the wait
    fault = await failed
    other.execute("ROLLBACK")
    other.close()
    assert "locked" in str(fault)
    assert not journal.healthy
    with pytest.raises(StorageError, match="locked"):
        journal.append(intent(3))
    await journal.stop()
    assert called == []
    assert stored(folder) == intent(1)
