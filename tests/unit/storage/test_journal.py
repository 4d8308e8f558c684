# SPDX-License-Identifier: Apache-2.0
"""The journal keeps what it is given, in order, durably, in shared commits, and refuses the rest."""

import asyncio
import sqlite3
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from terminal.errors import InvariantError, StorageError
from terminal.storage.journal import LAST_ORDER_ID, JournalStore
from terminal.storage.journal_reader import load_journal
from tests.unit.storage.conftest import OpenJournal
from tests.unit.storage.records import intent, story


def durable(journal: JournalStore, records: list[object]) -> "asyncio.Future[None]":
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    journal.append(records, lambda: done.set_result(None))
    return done


async def test_records_come_back_as_they_were_in_the_order_they_were_given(open_journal: OpenJournal) -> None:
    journal = await open_journal()
    given = [*story(1), *intent(2)]
    await durable(journal, list(given))
    loaded = journal.load()
    assert list(loaded.records) == given
    assert loaded.report.ok


async def test_the_callback_runs_on_the_loop_when_another_connection_sees_the_rows(
    open_journal: OpenJournal, folder: Path
) -> None:
    journal = await open_journal()
    loop = asyncio.get_running_loop()
    seen: asyncio.Future[int] = loop.create_future()

    def look() -> None:
        assert asyncio.get_running_loop() is loop
        with sqlite3.connect(folder / "journal.db") as other:
            seen.set_result(other.execute("SELECT count(*) FROM records WHERE kind = 'OrderSending'").fetchone()[0])

    journal.append(intent(1), look)
    assert await seen == 1


async def test_appends_that_wait_for_the_disk_share_one_commit(open_journal: OpenJournal, folder: Path) -> None:
    journal = await open_journal()
    await durable(journal, list(intent(1)))
    assert journal._writer is not None
    with sqlite3.connect(folder / "journal.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        before = journal._writer.commits
        waiting = [durable(journal, list(intent(number))) for number in range(2, 52)]
        other.execute("ROLLBACK")
    await asyncio.gather(*waiting)
    assert journal._writer.commits - before <= 2  # the first may have left alone before the others came


async def test_haste_tells_inside_the_call_and_every_waiting_batch_once(open_journal: OpenJournal) -> None:
    journal = await open_journal()
    assert journal._writer is not None
    told: list[int] = []
    for number in (1, 2, 3):
        journal.append(intent(number), partial(told.append, number))
    journal._writer.hasten(60.0)
    assert told == [1, 2, 3]
    await durable(journal, list(intent(4)))
    assert told == [1, 2, 3]


async def test_haste_ends_at_its_limit_and_the_news_comes_by_the_loop(open_journal: OpenJournal, folder: Path) -> None:
    journal = await open_journal()
    await durable(journal, list(intent(1)))
    with sqlite3.connect(folder / "journal.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")  # the disk that takes too long
        waiting = durable(journal, list(intent(2)))
        journal.hasten()
        assert not waiting.done()
        other.execute("ROLLBACK")
    await waiting
    assert list(journal.load().records) == [*intent(1), *intent(2)]


async def test_a_fault_in_a_hastened_callback_does_not_keep_the_next_from_running(open_journal: OpenJournal) -> None:
    journal = await open_journal()
    assert journal._writer is not None

    def fail() -> None:
        raise ZeroDivisionError

    journal.append(intent(1), fail)
    second = durable(journal, list(intent(2)))
    with pytest.raises(ZeroDivisionError):
        journal._writer.hasten(60.0)
    await second


async def test_a_batch_with_a_record_that_cannot_be_written_writes_nothing(open_journal: OpenJournal) -> None:
    @dataclass(frozen=True)
    class Foreign:
        ns: int = 0

    journal = await open_journal()
    with pytest.raises(InvariantError, match="Foreign is not registered"):
        journal.append([*intent(1), Foreign()])
    await durable(journal, list(intent(2)))
    assert list(journal.load().records) == intent(2)


async def test_a_full_queue_refuses_and_drops_nothing(open_journal: OpenJournal, folder: Path) -> None:
    journal = await open_journal(queue_rows=6)
    await durable(journal, list(intent(1)))
    with sqlite3.connect(folder / "journal.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = [durable(journal, list(intent(2))), durable(journal, list(intent(3)))]
        assert journal.queue_fill == 1.0
        with pytest.raises(StorageError, match="queue is full"):
            journal.append(intent(4))
        other.execute("ROLLBACK")
    await asyncio.gather(*waiting)
    assert list(journal.load().records) == [*intent(1), *intent(2), *intent(3)]


async def test_a_stopped_journal_refuses_and_has_written_what_waited(open_journal: OpenJournal) -> None:
    journal = await open_journal()
    journal.append(intent(1))
    await journal.stop()
    await journal.stop()
    assert not journal.healthy
    with pytest.raises(StorageError):
        journal.append(intent(2))
    with pytest.raises(StorageError):
        journal.allocate_order_id(1)
    assert list(journal.load().records) == intent(1)


def test_a_journal_that_was_never_started_refuses(folder: Path) -> None:
    journal = JournalStore(folder / "journal.db")
    with pytest.raises(StorageError):
        journal.append(intent(1))
    assert not journal.healthy
    assert "not open" in journal.problem


async def test_little_disk_space_is_unhealthy_while_facts_are_still_written(
    open_journal: OpenJournal, folder: Path
) -> None:
    journal = JournalStore(folder / "journal.db", disk_floor=1 << 62)
    await journal.start()
    try:
        assert not journal.healthy
        assert "MB are free" in journal.problem
        await durable(journal, list(intent(1)))
    finally:
        await journal.stop()
    assert list(load_journal(folder / "journal.db").records) == intent(1)


async def test_order_ids_grow_and_respect_the_brokers_floor(open_journal: OpenJournal) -> None:
    journal = await open_journal()
    first = journal.allocate_order_id(1)
    assert journal.allocate_order_id(1) == first + 1
    assert journal.allocate_order_id(5000) == 5000
    assert journal.allocate_order_id(200) == 5001  # a nightly restart may roll the broker's next id back


async def test_order_ids_are_never_used_again_after_a_restart(open_journal: OpenJournal) -> None:
    journal = await open_journal()
    used = [journal.allocate_order_id(1) for _ in range(2500)]
    assert len(set(used)) == 2500
    await journal.stop()
    again = await open_journal()
    assert again.allocate_order_id(1) > max(used)


async def test_order_ids_that_are_used_up_are_a_refusal(open_journal: OpenJournal) -> None:
    journal = await open_journal()
    assert journal.allocate_order_id(LAST_ORDER_ID) == LAST_ORDER_ID
    with pytest.raises(StorageError, match="used up"):
        journal.allocate_order_id(1)


async def test_each_run_is_marked_with_its_version_and_settings(open_journal: OpenJournal, folder: Path) -> None:
    for _ in range(2):
        journal = await open_journal(version="0.1.0", settings_digest="abc")
        await journal.stop()
    with sqlite3.connect(folder / "journal.db") as other:
        rows = other.execute("SELECT version, payload FROM records WHERE kind = 'JournalOpened'").fetchall()
    assert [version for version, _ in rows] == ["0.1.0", "0.1.0"]
    assert all('"settings_digest":"abc"' in payload for _, payload in rows)


async def test_a_fault_in_one_callback_does_not_keep_the_next_from_running(open_journal: OpenJournal) -> None:
    journal = await open_journal()
    loop = asyncio.get_running_loop()
    faults: list[object] = []
    loop.set_exception_handler(lambda _loop, context: faults.append(context["exception"]))

    def fail() -> None:
        raise ValueError("a handler's own fault")

    journal.append(intent(1), fail)
    await durable(journal, list(intent(2)))
    assert len(faults) == 1
    assert journal.healthy
