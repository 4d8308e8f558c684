# SPDX-License-Identifier: Apache-2.0
"""The one thread that owns `journal.db`. It takes waiting batches, links them, and makes them durable together.

While one commit waits for the disk, everything that arrives shares the next one (group commit). The first
failure ends it: nothing is retried, because after a failed sync nobody knows what the disk holds; the restart
reads the file and asks the broker. Knows rows and bytes, never an order.
"""

import contextlib
import os
import secrets
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from terminal.errors import InvariantError, StorageError, TerminalError
from terminal.paths import free_bytes
from terminal.storage import schema
from terminal.storage.backup import backup_before_migration, list_backups
from terminal.storage.chain import ChainWriter, Head, Row, genesis, key_id, seal
from terminal.storage.database import explain, open_engine, prepare_database
from terminal.storage.head_file import HeadFile, Note

_log = structlog.get_logger("storage")
_IDLE_S: Final = 1.0
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

Dispatch = Callable[[Callable[[], None]], object]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that become durable together, and what waits for that."""

    rows: Sequence[Row]
    on_durable: Callable[[], None] | None
    reserve_order_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterSettings:
    path: Path
    key: bytes | None
    queue_rows: int
    disk_floor: int
    backups: Path | None
    busy_timeout_ms: int


class JournalWriter:
    """`put` may be called from one other thread. Attributes without underscore may be read from there."""

    def __init__(self, settings: WriterSettings, *, dispatch: Dispatch, on_failure: Callable[[str], None]) -> None:
        self._settings, self._dispatch, self._on_failure = settings, dispatch, on_failure
        self._ready: Future[None] = Future()
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._settled = threading.Condition(self._lock)
        self._waiting: deque[Batch] = deque()
        self._waiting_rows = 0
        self._unsettled = 0
        """Batches that are neither durable nor given up."""
        self._durable: deque[Callable[[], None]] = deque()
        """What waits to hear that its batch is durable, in the order of the commits."""
        self._hastening = False
        self._stopping = False
        self._failed = False
        self._rows_since_checkpoint = 0
        self._head_file = HeadFile(settings.path)
        self._journal_id = ""
        self.reserved_order_id = 0
        self.found = ""
        self.free_bytes = 0
        self.wal_pages = 0
        self.commits = 0

    # ------------------------------------------------------------ the other thread's side
    def start(self) -> "Future[None]":
        """Start; the future ends when the file is ready or carries why it is not."""
        self._thread.start()
        return self._ready

    def put(self, batch: Batch) -> None:
        """Queue ``batch``.

        Raises:
            StorageError: the queue is full, or the writer has stopped or failed.
        """
        with self._lock:
            if self._stopping or self._failed:
                raise StorageError("the journal is closed: nothing can be written or sent")
            if self._waiting_rows + len(batch.rows) > self._settings.queue_rows:
                raise StorageError(
                    f"the journal's queue is full ({self._waiting_rows:,} rows wait for the disk): nothing more is sent"
                )
            self._waiting.append(batch)
            self._waiting_rows += len(batch.rows)
            self._unsettled += 1
            self._arrived.notify()

    def hasten(self, limit_s: float) -> None:
        """Hold the caller until what it has put is durable, for at most ``limit_s``; tell who waited for that.

        The writer's thread gets the interpreter to itself, and the news needs no turn of the event loop. What is
        not durable in time is told by ``dispatch``, as without this.
        """
        with self._lock:
            if self._unsettled:
                self._hastening = True
                self._settled.wait(limit_s)
                self._hastening = False
        self._tell_durable()

    def stop(self) -> "Future[None]":
        """Write what waits, then end; the future ends with the thread."""
        with self._lock:
            self._stopping = True
            self._arrived.notify()
        if not self._thread.is_alive() and not self._ended.done():
            self._ended.set_result(None)
        return self._ended

    @property
    def queue_fill(self) -> float:
        return self._waiting_rows / self._settings.queue_rows

    @property
    def accepts(self) -> bool:
        """It has neither failed nor been told to stop."""
        return not self._failed and not self._stopping

    @property
    def has_room(self) -> bool:
        """The writer works and the disk has more room than the floor."""
        return self.accepts and self.free_bytes >= self._settings.disk_floor

    # ------------------------------------------------------------ the thread
    def _run(self) -> None:
        orderly = False
        try:
            with contextlib.ExitStack() as stack:
                opened = self._open(stack)
                if opened is not None:
                    self._ready.set_result(None)
                    self._write(*opened)
            orderly = True
        finally:
            if not self._ready.done():
                self._ready.set_exception(InvariantError("the journal writer died while it opened the file"))
            if not orderly:
                self._fail("the journal writer died")
            if not self._ended.done():
                self._ended.set_result(None)

    def _open(self, stack: contextlib.ExitStack) -> tuple[Connection, ChainWriter] | None:
        """Prepare the file; on failure tell whoever waits and return None."""
        path, backups = self._settings.path, self._settings.backups
        try:
            prepare_database(
                path,
                schema.JOURNAL_SCHEMA,
                backups=lambda: list_backups(backups),
                before_migration=lambda: backup_before_migration(path, backups),
            )
            engine = open_engine(path, pool=StaticPool, busy_timeout_ms=self._settings.busy_timeout_ms)
            stack.callback(engine.dispose)
            connection = stack.enter_context(engine.connect())
            _pragma(connection, "PRAGMA wal_autocheckpoint=0")
            chain = self._read_state(connection)
            self._make_log_room()
            self._head_file.open()
            stack.callback(self._head_file.close)
            self.free_bytes = free_bytes(path.parent)
        except TerminalError as fault:
            self._ready.set_exception(fault)
        except (DBAPIError, sqlite3.Error) as fault:
            self._ready.set_exception(explain(fault, path, list_backups(backups)))
        except OSError as fault:
            self._ready.set_exception(StorageError(f"{path} cannot be opened: {fault}"))
        else:
            _log.info("journal opened", rows=chain.head.seq, keyed=chain.key is not None)
            if self.found:
                _log.error("journal end is not the one remembered", found=self.found)
            return connection, chain
        return None

    def _make_log_room(self) -> None:
        """Give the write-ahead log its size before the first order needs it.

        A sync of a file that grows also writes the file system's own journal: measured, a commit into a log
        that has its size already takes half as long. SQLite ignores what follows the last valid frame.
        """
        log = self._settings.path.with_name(self._settings.path.name + "-wal")
        with contextlib.suppress(OSError):  # a full disk: the commits themselves will tell
            missing = _LOG_ROOM - log.stat().st_size
            if missing > 0 and free_bytes(log.parent) > 10 * _LOG_ROOM:
                with log.open("r+b") as file:
                    file.seek(0, os.SEEK_END)
                    file.write(bytes(missing))
                    file.flush()
                    os.fsync(file.fileno())

    def _read_state(self, connection: Connection) -> ChainWriter:
        key = self._settings.key
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
        if head.key_id in ("", key_id(self._settings.key)) and head_seal != seal(head, self._key_for(head)):
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
        return self._settings.key if head.key_id else None

    def _write(self, connection: Connection, chain: ChainWriter) -> None:
        cursor = connection.connection.cursor()
        while True:
            with self._lock:
                if not self._waiting and not self._stopping:
                    self._arrived.wait(_IDLE_S)
                batches = list(self._waiting)
                self._waiting.clear()
                stopping = self._stopping
            if batches:
                if not self._commit(cursor, chain, batches):
                    return
                if self._rows_since_checkpoint > _CHECKPOINT_ROWS:
                    self._checkpoint(connection, "PASSIVE")
            elif stopping:
                self._checkpoint(connection, "TRUNCATE")
                return
            else:
                self._idle(connection)

    def _commit(self, cursor: DBAPICursor, chain: ChainWriter, batches: Sequence[Batch]) -> bool:
        """Make ``batches`` durable in one transaction; return False when that failed, for good.

        On the driver's cursor: between a click and the wire, SQLAlchemy's way to the same four statements costs
        more than SQLite. A transaction that fails is rolled back by closing the file.
        """
        rows, head = chain.extend(row for batch in batches for row in batch.rows)
        reserved = max(self.reserved_order_id, *(batch.reserve_order_id for batch in batches))
        try:
            cursor.execute("BEGIN IMMEDIATE")
            if rows:
                cursor.executemany(_INSERT_ROW, rows)
            cursor.execute(_UPDATE_HEAD, (head.seq, head.hash, head.key_id, seal(head, chain.key), reserved))
            cursor.execute("COMMIT")
        except (sqlite3.Error, OSError) as fault:
            self._fail(
                f"the journal {self._settings.path} cannot be written ({fault}): nothing more is sent. "
                "Way out: see to the disk, then start Tiller again; it reconciles with the broker"
            )
            return False
        chain.commit(head)
        self.reserved_order_id = reserved
        self.commits += 1
        self._settle(batches, len(rows))
        self._after_commit(head, len(rows))
        return True

    def _settle(self, batches: Sequence[Batch], rows: int) -> None:
        """Wake whoever hastens, or let the loop tell it."""
        with self._lock:
            self._waiting_rows -= rows
            self._unsettled -= len(batches)
            self._durable.extend(batch.on_durable for batch in batches if batch.on_durable is not None)
            if self._hastening:
                if not self._unsettled:
                    self._settled.notify()
                return  # who hastens tells, whether this was in time or not
        if self._durable:
            self._call(self._tell_durable)

    def _tell_durable(self) -> None:
        """On the core's thread: one callback that fails keeps no other from being told."""
        try:
            while self._durable:
                self._durable.popleft()()
        finally:
            if self._durable:
                self._call(self._tell_durable)

    def _after_commit(self, head: Head, count: int) -> None:
        """What nobody waits for."""
        self._rows_since_checkpoint += count
        note = Note(journal_id=self._journal_id, head=head, reserved_order_id=self.reserved_order_id)
        with contextlib.suppress(OSError):  # it lags one commit then; the journal itself stands
            self._head_file.write(note)
            self.free_bytes = free_bytes(self._settings.path.parent)

    def _idle(self, connection: Connection) -> None:
        with contextlib.suppress(OSError):
            self.free_bytes = free_bytes(self._settings.path.parent)
        if self._rows_since_checkpoint > _CHECKPOINT_IDLE_ROWS:
            self._checkpoint(connection, "PASSIVE")

    def _checkpoint(self, connection: Connection, how: str) -> None:
        """Move the write-ahead log into the file while nobody waits for a commit."""
        try:
            _, pages, moved = _pragma(connection, f"PRAGMA wal_checkpoint({how})")
        except (DBAPIError, sqlite3.Error):
            return  # the log stays; the next commit tells whether the disk is at fault
        self.wal_pages = pages - moved
        self._rows_since_checkpoint = 0

    @property
    def wal_is_stuck(self) -> bool:
        """Another program keeps an old snapshot open, so the write-ahead log only grows."""
        return self.wal_pages > _LARGE_WAL_PAGES

    def _fail(self, text: str) -> None:
        _log.error("journal failed", reason=text)
        with self._lock:
            self._failed = True
            self._waiting.clear()
            self._unsettled = 0
            self._settled.notify()
        self._call(lambda: self._on_failure(text))

    def _call(self, callback: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the core is gone
            self._dispatch(callback)


def _pragma(connection: Connection, statement: str) -> tuple[int, int, int]:
    """Run a statement that must stand outside a transaction."""
    driver = connection.connection
    cursor = driver.cursor()
    try:
        cursor.execute(statement)
        found = cursor.fetchone() or (0, 0, 0)
        return (int(found[0]), int(found[1]), int(found[2])) if len(found) == 3 else (int(found[0]), 0, 0)
    finally:
        cursor.close()
