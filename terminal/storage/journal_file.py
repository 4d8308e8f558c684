# SPDX-License-Identifier: Apache-2.0
"""`journal.db` as the writer's thread sees it: opened and checked, rows linked and committed, its log kept small.

Everything here belongs to that one thread and may block. Knows rows and bytes, never an order.
"""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from terminal.errors import StorageError
from terminal.paths import free_bytes
from terminal.storage import schema
from terminal.storage.backup import backup_before_migration, list_backups
from terminal.storage.chain import ChainWriter, Head, Row, genesis, key_id, seal
from terminal.storage.database import BUSY_TIMEOUT_MS, explain, open_engine, prepare_database
from terminal.storage.head_file import HeadFile, Note

_log = structlog.get_logger("storage")
_CHECKPOINT_IDLE_ROWS: Final = 100
_CHECKPOINT_ROWS: Final = 1500
_LOG_ROOM: Final = 8 << 20
_LARGE_WAL_PAGES: Final = 16_384  # 64 MB: a reader never lets go

# Compiled once: between a click and the wire, SQLAlchemy's construction of the same statement costs more than SQLite.
_INSERT_ROW: Final = str(insert(schema.records).compile(dialect=sqlite.dialect()))
_UPDATE_HEAD: Final = str(
    update(schema.state)
    .values(dict.fromkeys(("head_seq", "head_hash", "head_key_id", "head_seal", "reserved_order_id")))
    .compile(dialect=sqlite.dialect())
)


class JournalFile:
    """Life: construct, `open`, `commit` ..., `close`."""

    def __init__(
        self, path: Path, *, key: bytes | None, backups: Path | None, busy_timeout_ms: int | None = None
    ) -> None:
        self._path, self._key, self._backups = path, key, backups
        self._busy_timeout_ms = BUSY_TIMEOUT_MS if busy_timeout_ms is None else busy_timeout_ms
        self._ending = contextlib.ExitStack()
        self._head_file = HeadFile(path)
        self._journal_id = ""
        self._rows_since_checkpoint = 0
        self.reserved_order_id = 0
        self.found = ""
        """What is wrong with the end of the journal, in words; empty when nothing is."""
        self.free_bytes = 0
        self.wal_pages = 0

    # ------------------------------------------------------------ life
    def open(self) -> None:
        """Prepare the file and read where it ends.

        Raises:
            TerminalError: it cannot be used; nothing is left open.
        """
        path, backups = self._path, self._backups
        try:
            prepare_database(
                path,
                schema.JOURNAL_SCHEMA,
                backups=lambda: list_backups(backups),
                before_migration=lambda: backup_before_migration(path, backups),
            )
            engine = open_engine(path, pool=StaticPool, busy_timeout_ms=self._busy_timeout_ms)
            self._ending.callback(engine.dispose)
            connection = self._ending.enter_context(engine.connect())
            self._cursor = connection.connection.cursor()
            self._pragma("PRAGMA wal_autocheckpoint=0")
            self._chain = self._read_state(connection)
            self._make_log_room()
            self._head_file.open()
            self._ending.callback(self._head_file.close)
            self.free_bytes = free_bytes(path.parent)
        except (DBAPIError, sqlite3.Error) as fault:
            raise explain(fault, path, list_backups(backups)) from fault
        except OSError as fault:
            raise StorageError(f"{path} cannot be opened: {fault}") from fault
        _log.info("journal opened", rows=self._chain.head.seq, keyed=self._chain.key is not None)
        if self.found:
            _log.error("journal end is not the one remembered", found=self.found)

    def close(self) -> None:
        self._ending.close()

    def _make_log_room(self) -> None:
        """Give the write-ahead log its size before the first order needs it.

        A sync of a file that grows also writes the file system's own journal: measured, a commit into a log
        that has its size already takes half as long. SQLite ignores what follows the last valid frame.
        """
        log = self._path.with_name(self._path.name + "-wal")
        with contextlib.suppress(OSError):  # a full disk: the commits themselves will tell
            missing = _LOG_ROOM - log.stat().st_size
            if missing > 0 and free_bytes(log.parent) > 10 * _LOG_ROOM:
                with log.open("r+b") as file:
                    file.seek(0, os.SEEK_END)
                    file.write(bytes(missing))
                    file.flush()
                    os.fsync(file.fileno())

    def _read_state(self, connection: Connection) -> ChainWriter:
        key = self._key
        with connection.begin():
            state = connection.execute(select(schema.state)).one_or_none()
            if state is None:
                self._journal_id = secrets.token_hex(16)
                head = Head(seq=0, hash=genesis(self._journal_id), key_id=key_id(key))
                connection.execute(
                    insert(schema.state).values(
                        id=1,
                        journal_id=self._journal_id,
                        head_seq=0,
                        head_hash=head.hash,
                        head_key_id=head.key_id,
                        head_seal=seal(head, key),
                        reserved_order_id=0,
                    )
                )
                return ChainWriter(head=head, key=key)
            self._journal_id = state.journal_id
            self.reserved_order_id = state.reserved_order_id
            head = Head(seq=state.head_seq, hash=state.head_hash, key_id=state.head_key_id)
            self.found = self._compare_with_notes(connection, head, state.head_seal)
        return ChainWriter(head=head, key=key)

    def _compare_with_notes(self, connection: Connection, head: Head, head_seal: bytes) -> str:
        """Return in words what is wrong with the end of the journal; empty when nothing is."""
        last = connection.execute(
            select(schema.records.c.seq, schema.records.c.hash).order_by(schema.records.c.seq.desc()).limit(1)
        ).one_or_none()
        if (last.seq if last else 0) != head.seq or (last is not None and last.hash != head.hash):
            return f"the journal's last row is {last.seq if last else 0}, sealed was row {head.seq}"
        if head.key_id in ("", key_id(self._key)) and head_seal != seal(head, self._key_for(head)):
            return f"the seal of the journal's last row ({head.seq}) is wrong"
        note = self._head_file.read(self._journal_id)
        if note is None:
            return ""
        self.reserved_order_id = max(self.reserved_order_id, note.reserved_order_id)
        if note.head.seq > head.seq:
            return (
                f"the journal ends at row {head.seq} but row {note.head.seq} was once written: an older copy was put "
                "in its place, or the disk lost its last writes"
            )
        known = connection.execute(
            select(schema.records.c.hash).where(schema.records.c.seq == note.head.seq)
        ).scalar_one_or_none()
        if note.head.seq and known != note.head.hash:
            return f"row {note.head.seq} of the journal differs from what was noted when it was written"
        return ""

    def _key_for(self, head: Head) -> bytes | None:
        return self._key if head.key_id else None

    # ------------------------------------------------------------ writing
    def commit(self, rows: Sequence[Row], reserve_order_id: int) -> None:
        """Link ``rows`` and make them durable in one transaction.

        On the driver's cursor: between a click and the wire, SQLAlchemy's way to the same four statements costs
        more than SQLite. A transaction that fails is rolled back by closing the file.

        Raises:
            StorageError: that failed, and nobody knows what the disk holds.
        """
        chain, cursor = self._chain, self._cursor
        linked, head = chain.extend(rows)
        reserved = max(self.reserved_order_id, reserve_order_id)
        try:
            cursor.execute("BEGIN IMMEDIATE")
            if linked:
                cursor.executemany(_INSERT_ROW, linked)
            cursor.execute(_UPDATE_HEAD, (head.seq, head.hash, head.key_id, seal(head, chain.key), reserved))
            cursor.execute("COMMIT")
        except (sqlite3.Error, OSError) as fault:
            raise StorageError(
                f"the journal {self._path} cannot be written ({fault}): nothing more is sent. "
                "Way out: see to the disk, then start Tiller again; it reconciles with the broker"
            ) from fault
        chain.commit(head)
        self.reserved_order_id = reserved
        self._rows_since_checkpoint += len(linked)

    def note_end(self) -> None:
        """Do behind a commit what nobody waits for: note the end outside, look at the disk."""
        note = Note(journal_id=self._journal_id, head=self._chain.head, reserved_order_id=self.reserved_order_id)
        with contextlib.suppress(OSError):  # it lags one commit then; the journal itself stands
            self._head_file.write(note)
            self.free_bytes = free_bytes(self._path.parent)
        if self._rows_since_checkpoint > _CHECKPOINT_ROWS:
            self.checkpoint("PASSIVE")

    def rest(self) -> None:
        """Use a moment in which nothing waits."""
        with contextlib.suppress(OSError):
            self.free_bytes = free_bytes(self._path.parent)
        if self._rows_since_checkpoint > _CHECKPOINT_IDLE_ROWS:
            self.checkpoint("PASSIVE")

    def checkpoint(self, how: str) -> None:
        """Move the write-ahead log into the file while nobody waits for a commit."""
        try:
            _, pages, moved = self._pragma(f"PRAGMA wal_checkpoint({how})")
        except (DBAPIError, sqlite3.Error):
            return  # the log stays; the next commit tells whether the disk is at fault
        self.wal_pages = pages - moved
        self._rows_since_checkpoint = 0

    @property
    def wal_is_stuck(self) -> bool:
        """Another program keeps an old snapshot open, so the write-ahead log only grows."""
        return self.wal_pages > _LARGE_WAL_PAGES

    def _pragma(self, statement: str) -> tuple[int, int, int]:
        """Run a statement that must stand outside a transaction."""
        self._cursor.execute(statement)
        found = self._cursor.fetchone() or (0, 0, 0)
        return (int(found[0]), int(found[1]), int(found[2])) if len(found) == 3 else (int(found[0]), 0, 0)
