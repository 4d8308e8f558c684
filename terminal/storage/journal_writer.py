# SPDX-License-Identifier: Apache-2.0
"""The one thread that owns `journal.db`. It takes waiting batches and makes them durable together.

While one commit waits for the disk, everything that arrives shares the next one (group commit). The first
failure ends it: nothing is retried, because after a failed sync nobody knows what the disk holds; the restart
reads the file and asks the broker. SQL is imported by this thread when it starts: a window does not wait for it.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from terminal.errors import InvariantError, StorageError, TerminalError
from terminal.storage.chain import Row
from terminal.storage.ending import ThreadEnd

if TYPE_CHECKING:
    from terminal.storage.journal_file import JournalFile

_log = structlog.get_logger("storage")
_IDLE_S: Final = 1.0

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
    busy_timeout_ms: int | None


class JournalWriter:
    """`put` may be called from one other thread. Attributes without underscore may be read from there."""

    def __init__(self, settings: WriterSettings, *, dispatch: Dispatch, on_failure: Callable[[str], None]) -> None:
        self._settings, self._dispatch, self._on_failure = settings, dispatch, on_failure
        self._ready: Future[None] = Future()
        self._ended = ThreadEnd()
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
        self._file: JournalFile | None = None
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
        return self._ended.of(self._thread)

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

    @property
    def free_bytes(self) -> int:
        return self._file.free_bytes if self._file is not None else 0

    @property
    def reserved_order_id(self) -> int:
        return self._file.reserved_order_id if self._file is not None else 0

    @property
    def found(self) -> str:
        """What the start found wrong with the end of the journal; empty when nothing."""
        return self._file.found if self._file is not None else ""

    @property
    def wal_is_stuck(self) -> bool:
        return self._file is not None and self._file.wal_is_stuck

    # ------------------------------------------------------------ the thread
    def _run(self) -> None:
        orderly = False
        try:
            with contextlib.ExitStack() as stack:
                file = self._open(stack)
                if file is not None:
                    self._ready.set_result(None)
                    self._write(file)
            orderly = True
        finally:
            if not self._ready.done():
                self._ready.set_exception(InvariantError("the journal writer died while it opened the file"))
            if not orderly:
                self._fail("the journal writer died")
            self._ended.come()

    def _open(self, stack: contextlib.ExitStack) -> "JournalFile | None":
        """Prepare the file; on failure tell whoever waits and return None."""
        from terminal.storage.journal_file import JournalFile

        chosen = self._settings
        file = JournalFile(chosen.path, key=chosen.key, backups=chosen.backups, busy_timeout_ms=chosen.busy_timeout_ms)
        stack.callback(file.close)
        try:
            file.open()
        except TerminalError as fault:
            self._ready.set_exception(fault)
            return None
        self._file = file
        return file

    def _write(self, file: "JournalFile") -> None:
        while True:
            with self._lock:
                if not self._waiting and not self._stopping:
                    self._arrived.wait(_IDLE_S)
                batches = list(self._waiting)
                self._waiting.clear()
                stopping = self._stopping
            if batches:
                if not self._commit(file, batches):
                    return
            elif stopping:
                file.checkpoint("TRUNCATE")
                return
            else:
                file.rest()

    def _commit(self, file: "JournalFile", batches: Sequence[Batch]) -> bool:
        """Make ``batches`` durable in one transaction; return False when that failed, for good."""
        rows = [row for batch in batches for row in batch.rows]
        try:
            file.commit(rows, max(batch.reserve_order_id for batch in batches))
        except StorageError as fault:
            self._fail(str(fault))
            return False
        self.commits += 1
        self._settle(batches, len(rows))
        file.note_end()
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
