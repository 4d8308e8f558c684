# SPDX-License-Identifier: Apache-2.0
"""Backups are whole, private, checked, limited in number, and made while the journal is written."""

import asyncio
from pathlib import Path

import pytest

from terminal.clock import SimClock
from terminal.errors import UserError
from terminal.storage.backup import (
    KEPT,
    accept_end,
    back_up_daily,
    backup_is_due,
    backup_journal,
    list_backups,
    restore_backup,
)
from terminal.storage.journal_reader import load_journal, verify_journal
from tests.unit.storage.conftest import OpenJournal
from tests.unit.storage.records import intent, story


async def test_a_backup_made_while_the_journal_is_written_is_whole_and_private(
    open_journal: OpenJournal, folder: Path
) -> None:
    journal = await open_journal()
    done = asyncio.get_running_loop().create_future()
    journal.append(story(1), lambda: done.set_result(None))
    await done
    task = asyncio.create_task(asyncio.to_thread(backup_journal, journal.path, folder / "backups"))
    for number in range(2, 200):
        journal.append(intent(number))
    backup = await task
    assert backup.stat().st_mode & 0o777 == 0o600
    assert backup.parent.stat().st_mode & 0o777 == 0o700
    assert list(load_journal(backup).records)[:7] == story(1)
    await journal.stop()
    assert verify_journal(journal.path).ok


async def test_only_the_newest_are_kept_and_one_a_day_is_due(open_journal: OpenJournal, folder: Path) -> None:
    journal = await open_journal()
    await journal.stop()
    backups = folder / "backups"
    assert backup_is_due(backups)
    made = [backup_journal(journal.path, backups) for _ in range(KEPT + 3)]
    assert list(list_backups(backups)) == made[: -KEPT - 1 : -1]
    assert not backup_is_due(backups)
    for path in list_backups(backups):
        path.rename(path.with_name("journal-20200101T000000.000000Z.db"))
    assert backup_is_due(backups)


async def test_a_damaged_backup_is_not_restored(open_journal: OpenJournal, folder: Path) -> None:
    journal = await open_journal()
    await journal.stop()
    backup = backup_journal(journal.path, folder / "backups")
    backup.write_bytes(backup.read_bytes()[:5000])
    before = journal.path.read_bytes()
    with pytest.raises(UserError, match="STO-001"):
        restore_backup(journal.path, backup)
    assert journal.path.read_bytes() == before


async def test_an_older_copy_is_accepted_on_demand_and_its_ids_stay_used(
    open_journal: OpenJournal, folder: Path
) -> None:
    journal = await open_journal()
    await journal.stop()
    old = journal.path.read_bytes()
    later = await open_journal()
    used = later.allocate_order_id(7000)
    later.append(intent(1))
    await later.stop()
    journal.path.write_bytes(old)
    assert not verify_journal(journal.path).ok
    accept_end(journal.path)
    assert verify_journal(journal.path).ok
    again = await open_journal()
    assert again.found == ""
    assert again.allocate_order_id(1) > used


async def test_a_backup_folder_that_cannot_be_used_is_told(open_journal: OpenJournal, folder: Path) -> None:
    journal = await open_journal()
    await journal.stop()
    (folder / "backups").write_text("a file")
    with pytest.raises(UserError, match="FIL-004"):
        backup_journal(journal.path, folder / "backups")


async def test_the_daily_backup_is_made_when_it_is_due_and_not_before(open_journal: OpenJournal, folder: Path) -> None:
    journal = await open_journal()
    await journal.stop()
    backups, clock = folder / "backups", SimClock(0)
    task = asyncio.create_task(back_up_daily(journal.path, backups, clock))

    async def waits_again() -> None:
        while clock.next_timer_ns() is None:
            await asyncio.wait([task], timeout=0.01)

    await waits_again()
    (first,) = list_backups(backups)
    clock.advance(3600)
    await waits_again()
    assert list_backups(backups) == (first,)
    first.rename(first.with_name("journal-20200101T000000.000000Z.db"))
    clock.advance(3600)
    await waits_again()
    assert len(list_backups(backups)) == 2
    task.cancel()
    await asyncio.wait([task])
