# SPDX-License-Identifier: Apache-2.0
"""Whoever edits, deletes, reorders, cuts off or puts back rows of the journal is found out."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from terminal.storage.backup import backup_journal
from terminal.storage.chain import ChainReport, Head, Row, genesis, link, seal
from terminal.storage.head_file import HeadFile
from terminal.storage.journal import JournalStore
from terminal.storage.journal_reader import verify_journal
from tests.conftest import AllowLogs
from tests.unit.storage.conftest import OpenJournal
from tests.unit.storage.records import story

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
Tamper = Callable[[sqlite3.Connection], object]


async def write(open_journal: OpenJournal, numbers: range, key: bytes | None = KEY) -> JournalStore:
    journal = await open_journal(key=key)
    for number in numbers:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        journal.append(story(number), partial(done.set_result, None))
        await done
    await journal.stop()
    return journal


def tamper(path: Path, how: Tamper) -> None:
    """Do to the file what somebody with a database tool could do."""
    with sqlite3.connect(path) as other:
        other.execute("DROP TRIGGER records_refuse_update")
        other.execute("DROP TRIGGER records_refuse_delete")
        how(other)
    other.close()


def swap(other: sqlite3.Connection) -> None:
    other.execute("UPDATE records SET seq = -1 WHERE seq = 4")
    other.execute("UPDATE records SET seq = 4 WHERE seq = 5")
    other.execute("UPDATE records SET seq = 5 WHERE seq = -1")


def cut_off(other: sqlite3.Connection) -> None:
    other.execute("DELETE FROM records WHERE seq > 6")


def cut_off_with_head(other: sqlite3.Connection) -> None:
    cut_off(other)
    other.execute("UPDATE state SET head_seq = 6, head_hash = (SELECT hash FROM records WHERE seq = 6)")


TAMPERINGS: dict[str, tuple[Tamper, int]] = {
    "payload edited": (
        lambda db: db.execute("UPDATE records SET payload = replace(payload, '100', '900') WHERE seq = 2"),
        2,
    ),
    "time edited": (lambda db: db.execute("UPDATE records SET wall_ns = wall_ns + 1 WHERE seq = 3"), 3),
    "actor edited": (lambda db: db.execute("UPDATE records SET actor = 'strategy:x' WHERE seq = 2"), 2),
    "row deleted": (lambda db: db.execute("DELETE FROM records WHERE seq = 4"), 4),
    "rows swapped": (swap, 4),
    "end cut off": (cut_off, 7),
    "end cut off and head bent": (cut_off_with_head, 6),
    "all deleted": (lambda db: db.execute("DELETE FROM records"), 1),
}


@pytest.mark.parametrize("name", TAMPERINGS)
@pytest.mark.parametrize("key", [KEY, None], ids=["keyed", "keyless"])
async def test_tampering_is_found(open_journal: OpenJournal, folder: Path, name: str, key: bytes | None) -> None:
    journal = await write(open_journal, range(1, 3), key)
    assert journal.verify().ok
    how, seq = TAMPERINGS[name]
    tamper(journal.path, how)
    report = journal.verify()
    assert not report.ok
    assert report.first_bad_seq == seq


async def test_a_row_forged_without_the_key_is_found(open_journal: OpenJournal) -> None:
    journal = await write(open_journal, range(1, 3))
    genuine = verify_journal(journal.path, key=KEY)
    assert (genuine.ok, genuine.keyed_rows) == (True, genuine.rows)
    forged = verify_journal(journal.path, key=OTHER_KEY)
    assert forged.unchecked_rows == forged.rows  # a strange key proves nothing and accuses nobody


async def test_an_older_copy_put_back_is_found_at_start_and_on_demand(
    open_journal: OpenJournal, folder: Path, allow_logs: AllowLogs
) -> None:
    allow_logs("storage")
    journal = await write(open_journal, range(1, 3))
    shutil.copy(journal.path, folder / "copy")
    await write(open_journal, range(3, 5))
    shutil.copy(folder / "copy", journal.path)
    report = journal.verify()
    assert "older copy" in report.faults[-1]
    again = await open_journal(key=KEY)
    assert "older copy" in again.found
    used = again.allocate_order_id(1)
    assert used > 2000  # both runs had reserved ids; the copy knows of one


def forge(other: sqlite3.Connection) -> None:
    """Change an old row and make every hash fit again, as anybody can where there is no key."""
    other.row_factory = sqlite3.Row
    other.execute("UPDATE records SET payload = replace(payload, '187.30', '188.30')")
    previous = genesis(other.execute("SELECT journal_id FROM state").fetchone()[0])
    for found in other.execute("SELECT * FROM records ORDER BY seq").fetchall():
        previous = link(previous, Row(**found), None)
        other.execute("UPDATE records SET hash = ? WHERE seq = ?", (previous, found["seq"]))
    last = Head(seq=found["seq"], hash=previous, key_id="")
    other.execute("UPDATE state SET head_hash = ?, head_seal = ?", (last.hash, seal(last, None)))


async def test_a_history_forged_without_a_key_differs_from_what_the_backup_noted(
    open_journal: OpenJournal, folder: Path
) -> None:
    journal = await write(open_journal, range(1, 3), key=None)
    backup_journal(journal.path, folder / "backups")
    HeadFile(journal.path).head_path.unlink()
    assert journal.verify().ok
    tamper(journal.path, forge)
    assert "differs from what was noted" in journal.verify().faults[0]
    HeadFile(journal.path).anchors_path.unlink()
    assert journal.verify().ok  # the limit of a chain without a key, which is why every report names it
    assert "forging is not excluded" in journal.verify().summary


async def test_a_run_without_the_key_goes_on_and_says_so(open_journal: OpenJournal) -> None:
    await write(open_journal, range(1, 2))
    journal = await write(open_journal, range(2, 3), key=None)
    report = verify_journal(journal.path, key=KEY)
    assert report.ok
    assert 0 < report.keyed_rows < report.rows
    assert "without a key" in report.summary
    without = verify_journal(journal.path)
    assert without.ok
    assert without.unchecked_rows == report.keyed_rows


async def test_our_own_code_cannot_change_or_delete_a_row(open_journal: OpenJournal) -> None:
    journal = await write(open_journal, range(1, 2))
    with sqlite3.connect(journal.path) as other:
        for statement in ("UPDATE records SET actor = 'x'", "DELETE FROM records"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                other.execute(statement)
    other.close()


def test_an_empty_report_is_sound() -> None:
    assert ChainReport(rows=0, keyed_rows=0, unchecked_rows=0).summary == "the journal is empty"
