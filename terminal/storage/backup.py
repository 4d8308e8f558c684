# SPDX-License-Identifier: Apache-2.0
"""Backups of the journal: made while it is written, checked before they count, restored without losing the original.

Each is a whole database file of its own, 0600, named by the UTC second. Automatic ones are made daily and before
every migration; of each sort the newest are kept.
"""

import asyncio
import contextlib
import json
import os
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from terminal.clock import NS_PER_S, Clock, wall_clock_ns
from terminal.errors import StorageError, UserError
from terminal.paths import check_private_file, private_file, private_folder, sync_folder
from terminal.storage import schema
from terminal.storage.chain import Head
from terminal.storage.database import check_database, open_engine
from terminal.storage.head_file import HeadFile, Note

_log = structlog.get_logger("storage")
KEPT: Final = 7
KEPT_BEFORE_MIGRATION: Final = 3
DAY_NS: Final = 86_400 * NS_PER_S
_LOOK_EVERY_S: Final = 900.0
_DAILY: Final = "journal-"
_MIGRATION: Final = "before-update-"


def list_backups(folder: Path | None) -> Sequence[Path]:
    """Return the backups in ``folder``, newest first."""
    if folder is None or not folder.is_dir():
        return ()
    found = [path for path in folder.iterdir() if path.suffix == ".db" and path.name.startswith((_DAILY, _MIGRATION))]
    return tuple(sorted(found, key=_stamp_of, reverse=True))


def backup_journal(journal: Path, folder: Path, *, prefix: str = _DAILY, keep: int = KEPT) -> Path:
    """Copy the journal as it stands now, check the copy, note its end, drop the oldest copies. Blocks.

    Raises:
        UserError: STO-010, the copy could not be made or is not sound.
    """
    private_folder(folder)
    target = folder / f"{prefix}{_stamp(wall_clock_ns())}.db"
    temporary = target.with_suffix(".tmp")
    try:
        temporary.unlink(missing_ok=True)
        private_file(temporary)
        _copy(journal, temporary)
        handle = os.open(temporary, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(target)
        sync_folder(folder)
        _anchor(journal, target)
    except (sqlite3.Error, DBAPIError, OSError, StorageError) as fault:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise UserError(
            "STO-010", f"no backup of {journal} could be made in {folder} ({fault}): check the disk"
        ) from fault
    for old in [path for path in list_backups(folder) if path.name.startswith(prefix)][keep:]:
        old.unlink(missing_ok=True)
    _log.info("journal backed up", file=target.name)
    return target


def backup_before_migration(journal: Path, folder: Path | None) -> Path:
    """As `backup_journal`, for a file whose form is about to change."""
    place = folder if folder is not None else journal.parent / "backups"
    return backup_journal(journal, place, prefix=_MIGRATION, keep=KEPT_BEFORE_MIGRATION)


def backup_is_due(folder: Path) -> bool:
    """Say whether the newest daily backup is older than a day."""
    newest = next((path for path in list_backups(folder) if path.name.startswith(_DAILY)), None)
    return newest is None or _stamp(wall_clock_ns() - DAY_NS) >= _stamp_of(newest)


async def back_up_daily(journal: Path, folder: Path, clock: Clock) -> None:
    """Make the day's backup when it is due, for ever; a supervised task.

    Raises:
        UserError: STO-010, a backup failed; the supervisor tells it and tries again later.
    """
    while True:
        if backup_is_due(folder):
            await asyncio.to_thread(backup_journal, journal, folder)
        due: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = clock.call_later(_LOOK_EVERY_S, partial(_wake, due))
        try:
            await due
        finally:
            timer.cancel()


def _wake(due: "asyncio.Future[None]") -> None:
    if not due.done():
        due.set_result(None)


def restore_backup(journal: Path, backup: Path) -> Path | None:
    """Put ``backup`` in the journal's place; return where the file that was there is kept. Nothing may have it open.

    Raises:
        UserError: the backup itself is damaged (STO-001), newer (STO-002), or the disk refuses (STO-010).
    """
    check_database(backup, schema.JOURNAL_SCHEMA)
    kept = set_aside(journal)
    temporary = journal.with_name(f".{journal.name}.restore")
    try:
        temporary.unlink(missing_ok=True)
        private_file(temporary)
        _copy(backup, temporary)
        temporary.replace(journal)
        sync_folder(journal.parent)
    except (sqlite3.Error, OSError) as fault:
        where = f"; the file that was there is {kept}" if kept else ""
        raise UserError("STO-010", f"{backup} could not be restored ({fault}){where}") from fault
    accept_end(journal)
    _log.warning("journal restored from its backup", file=backup.name, kept=kept.name if kept is not None else None)
    return kept


def restore_newest(journal: Path, folder: Path, *, as_json: bool = False) -> str:
    """Put the newest backup in the journal's place; return what was done, in words or as JSON.

    Raises:
        UserError: STO-011, there is no backup; as `restore_backup`.
    """
    found = list_backups(folder)
    if not found:
        raise UserError("STO-011", f"there is no backup in {folder}: nothing was changed")
    kept = restore_backup(journal, found[0])
    if as_json:
        return json.dumps({"version": 1, "restored": str(found[0]), "kept": str(kept) if kept else None}) + "\n"
    told = f"; what was there is kept as {kept}" if kept else ""
    return f"{journal} is now {found[0].name}{told}. The broker is asked for what is missing at the next start\n"


def set_aside(database: Path) -> Path | None:
    """Rename a database and its companions to ``.corrupt-<time>``; None when there was nothing.

    Raises:
        UserError: STO-010.
    """
    if not database.exists():
        return None
    kept = database.with_name(f"{database.name}.corrupt-{_stamp(wall_clock_ns())}")
    try:
        for ending in ("-wal", "-shm", ""):
            companion = database.with_name(database.name + ending)
            if companion.exists():
                companion.replace(kept.with_name(kept.name + ending))
    except OSError as fault:
        raise UserError("STO-010", f"{database} cannot be moved aside ({fault.strerror})") from fault
    return kept


def accept_end(journal: Path) -> None:
    """Take the journal's present end as the true one: an older copy stands there on purpose.

    Its chain must still verify; only the notes that remember a later end are dropped. Order ids that were
    noted as used stay used.
    """
    note = _end_of(journal)
    notes = HeadFile(journal)
    old = notes.read(note.journal_id)
    used = max(note.reserved_order_id, old.reserved_order_id if old is not None else 0)
    notes.cut_back(Note(journal_id=note.journal_id, head=note.head, reserved_order_id=used))


def _anchor(journal: Path, backup: Path) -> None:
    notes = HeadFile(journal)
    notes.anchor(_end_of(backup))


def _end_of(database: Path) -> Note:
    engine = open_engine(database, read_only=True)
    try:
        with engine.connect() as connection:
            state = connection.execute(
                select(
                    schema.state.c.journal_id,
                    schema.state.c.head_seq,
                    schema.state.c.head_hash,
                    schema.state.c.head_key_id,
                    schema.state.c.reserved_order_id,
                )
            ).one_or_none()
    finally:
        engine.dispose()
    if state is None:
        raise StorageError(f"{database} has no head: it was never started")
    return Note(
        journal_id=state.journal_id,
        head=Head(seq=state.head_seq, hash=state.head_hash, key_id=state.head_key_id),
        reserved_order_id=state.reserved_order_id,
    )


def _copy(source: Path, target: Path) -> None:
    """Copy a live database page by page into an empty file and check the result."""
    check_private_file(source)
    with (
        contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")  # one file, no companions; the writer turns the log on again
        problems = [row[0] for row in new.execute("PRAGMA quick_check(1)")]
    if problems != ["ok"]:
        raise StorageError(f"the copy is not sound: {problems[0]}")


def _stamp(ns: int) -> str:
    return datetime.fromtimestamp(ns / NS_PER_S, UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def _stamp_of(path: Path) -> str:
    return path.stem.rpartition("-")[2]
