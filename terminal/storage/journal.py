# SPDX-License-Identifier: Apache-2.0
"""The journal: append-only, durable, hash-chained truth about orders. Written before anything is sent.

`append` is synchronous up to the queue of the one writer thread (journal_writer.py); what must wait for the
disk goes into ``on_durable``, which runs back on the core's loop. A journal that fails once takes nothing more
until the program starts again: its callbacks are never called, so nothing leaves the house. It stores records
and never asks what they mean.
"""

import asyncio
import concurrent.futures
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from terminal.clock import perf_ns, wall_clock_ns
from terminal.errors import InvariantError, StorageError
from terminal.model.codec import EventCodec
from terminal.model.events import OrderInitialized
from terminal.storage.chain import ChainReport, Row, key_id
from terminal.storage.journal_writer import Batch, JournalWriter, WriterSettings
from terminal.storage.records import JournalOpened, LoadedJournal

DISK_WARNING: Final = 500_000_000
DISK_FLOOR: Final = 100_000_000
LAST_ORDER_ID: Final = 2**31 - 1
_ID_BLOCK: Final = 1000
_LOOK_S: Final = 0.2
HASTE_S: Final = 0.004
"""A quarter of a frame: a disk that takes longer finds the event loop free again."""
_REST_NS: Final = 50_000_000
"""So the event loop is never held for more than a twelfth of its time."""

Dispatch = Callable[[Callable[[], None]], object]


class JournalStore:
    """Fulfils `ports.Journal` on a file that `prepare_journal` made or checked.

    Life: construct, `start`, `load`, append ..., `stop`. All methods belong to the core's thread.
    """

    def __init__(
        self,
        path: Path,
        *,
        codec: EventCodec | None = None,
        key: bytes | Callable[[], bytes | None] | None = None,
        version: str = "",
        settings_digest: str = "",
        backups: Path | None = None,
        queue_rows: int = 10_000,
        disk_floor: int = DISK_FLOOR,
        busy_timeout_ms: int | None = None,
        on_failure: Callable[[StorageError], None] | None = None,
    ) -> None:
        """``key`` seals the chain; a function is asked for it when the journal starts, off the event loop."""
        self.path = path
        self.on_failure = on_failure
        """Called once on the core's loop when a commit failed: kill switch."""
        self._codec = codec if codec is not None else EventCodec()
        if JournalOpened.__name__ not in self._codec.kinds:
            self._codec.register(JournalOpened)
        self._find_key = key if callable(key) else None
        self._key = None if callable(key) else key
        self._version, self._settings_digest = version, settings_digest
        self._queue_rows, self._disk_floor, self._backups = queue_rows, disk_floor, backups
        self._busy_timeout_ms = busy_timeout_ms
        self._writer: JournalWriter | None = None
        self._dispatch: Dispatch | None = None
        self._failure: str | None = None
        self._next_id, self._reserved = 1, 0
        self._hastened_ns = -_REST_NS

    # ------------------------------------------------------------ life
    async def start(self) -> None:
        """Start the writer on the running loop.

        Raises:
            UserError: STO-00x, the file cannot be used.
        """
        if self._find_key is not None:
            self._key = await asyncio.to_thread(self._find_key)
        await asyncio.wrap_future(self._begin(asyncio.get_running_loop().call_soon_threadsafe))
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def settle() -> None:
            if not durable.done():
                durable.set_result(None)

        self._opened(settle)
        while not durable.done() and self._failure is None:  # `load` must see a file at rest
            await asyncio.wait((durable,), timeout=_LOOK_S)

    def open(self, dispatch: Dispatch) -> None:
        """Start without a loop (command line, tests): ``dispatch`` gets what must run on the caller's thread."""
        if self._find_key is not None:
            self._key = self._find_key()
        self._begin(dispatch).result()
        self._opened()

    def _begin(self, dispatch: Dispatch) -> "concurrent.futures.Future[None]":
        if self._writer is not None:
            raise InvariantError("a journal is started once")
        self._dispatch = dispatch
        self._writer = JournalWriter(
            WriterSettings(
                path=self.path,
                key=self._key,
                queue_rows=self._queue_rows,
                disk_floor=self._disk_floor,
                backups=self._backups,
                busy_timeout_ms=self._busy_timeout_ms,
            ),
            dispatch=dispatch,
            on_failure=self._failed,
        )
        return self._writer.start()

    def _opened(self, on_durable: Callable[[], None] | None = None) -> None:
        writer = self._running()
        self._reserved = writer.reserved_order_id
        self._next_id = self._reserved + 1
        self.append(
            [
                JournalOpened(
                    ns=wall_clock_ns(),
                    process=os.getpid(),
                    version=self._version,
                    settings_digest=self._settings_digest,
                    key_id=key_id(self._key),
                    found=writer.found,
                )
            ],
            on_durable,
        )
        self.raise_order_id_floor(self._next_id)

    async def stop(self) -> None:
        """Commit what waits, close the file. Repeats do no harm."""
        if self._writer is not None:
            await asyncio.wrap_future(self._writer.stop())

    def close(self) -> None:
        """As `stop`, blocking."""
        if self._writer is not None:
            self._writer.stop().result()

    # ------------------------------------------------------------ writing
    def append(self, records: Sequence[object], on_durable: Callable[[], None] | None = None) -> None:
        """Queue ``records`` for one atomic, durable commit. See `ports.Journal.append`.

        Raises:
            StorageError: closed, broken, or its queue is full: nothing may be sent.
            InvariantError: a record cannot be written; nothing of the batch was queued.
        """
        writer = self._running()
        wall = wall_clock_ns()
        rows = [self._row(record, wall) for record in records]
        writer.put(Batch(rows=rows, on_durable=on_durable))

    def hasten(self) -> None:
        """Wait a moment for what was appended to be durable; its callbacks run now if it is. See `ports.Journal`.

        The first of a burst alone is hastened: the others shall share commits, and the screen its frames.
        """
        now = perf_ns()
        if self._writer is not None and now - self._hastened_ns >= _REST_NS:
            self._hastened_ns = now
            self._writer.hasten(HASTE_S)

    def _row(self, record: object, wall_ns: int) -> Row:
        kind, payload = self._codec.encode(record)
        return Row(
            seq=0,
            ns=getattr(record, "ns", wall_ns),
            wall_ns=wall_ns,
            mono_ns=perf_ns(),
            version=self._version,
            actor=_actor(record),
            kind=kind,
            client_order_id=getattr(record, "client_order_id", None),
            payload=payload,
            key_id="",
        )

    def _running(self) -> JournalWriter:
        if self._failure is not None:
            raise StorageError(self._failure)
        if self._writer is None or not self._writer.accepts:
            raise StorageError("the journal is not open: nothing can be written or sent")
        return self._writer

    def _failed(self, text: str) -> None:
        self._failure = text
        if self.on_failure is not None:
            self.on_failure(StorageError(text))

    # ------------------------------------------------------------ order ids
    def allocate_order_id(self, floor: int) -> int:
        """Return a broker order id that this profile never used, at least ``floor``.

        The reservation is queued before the caller can queue the intent that uses the id, so it is durable
        whenever that intent is. Call `raise_order_id_floor` on connecting, so that it is durable long before.

        Raises:
            StorageError: the journal takes nothing, or IBKR's ids (up to 2,147,483,647) are used up.
        """
        self.raise_order_id_floor(floor)
        if self._next_id > LAST_ORDER_ID:
            raise StorageError(f"order ids are used up ({LAST_ORDER_ID:,}): reset the API order id sequence in TWS")
        allocated = self._next_id
        self._next_id += 1
        return allocated

    def raise_order_id_floor(self, floor: int) -> None:
        """Make the next ids start at ``floor`` or later and reserve a block of them, without waiting.

        Raises:
            StorageError: the journal takes nothing.
        """
        writer = self._running()
        self._next_id = max(self._next_id, floor)
        if self._next_id + _ID_BLOCK // 2 > self._reserved:
            reserved = min(self._next_id + _ID_BLOCK, LAST_ORDER_ID)
            writer.put(Batch(rows=[], on_durable=None, reserve_order_id=reserved))
            self._reserved = reserved

    # ------------------------------------------------------------ how it is
    @property
    def healthy(self) -> bool:
        """Orders may be sent: the writer lives, the last commit worked, the disk has room."""
        return self._failure is None and self._writer is not None and self._writer.has_room

    @property
    def problem(self) -> str:
        """Return why it is not healthy, or what will soon make it so; empty when all is well."""
        if self._failure is not None:
            return self._failure
        if self._writer is None:
            return "the journal is not open"
        free = self._writer.free_bytes
        where = f"only {free / 1e6:,.0f} MB are free on the disk of {self.path.parent}"
        if free < self._disk_floor:
            return f"{where}: no order is sent until there are {self._disk_floor / 1e6:,.0f}"
        if free < DISK_WARNING:
            return f"{where}: free some before orders stop"
        if self._writer.wal_is_stuck:
            return f"another program keeps {self.path.name} open, so that its log only grows: close that program"
        return ""

    @property
    def queue_fill(self) -> float:
        return self._writer.queue_fill if self._writer is not None else 0.0

    @property
    def found(self) -> str:
        """Return what the start found wrong with the end of the journal; empty when nothing."""
        return self._writer.found if self._writer is not None else ""

    # ------------------------------------------------------------ reading
    def load(self) -> LoadedJournal:
        """Read and check everything. Blocks: call it through `asyncio.to_thread` where a window lives."""
        from terminal.storage.journal_reader import load_journal

        return load_journal(self.path, codec=self._codec, key=self._key)

    def verify(self) -> ChainReport:
        """Check the chain alone. Blocks."""
        from terminal.storage.journal_reader import verify_journal

        return verify_journal(self.path, key=self._key)


def _actor(record: object) -> str:
    """Return who is behind a record: user, strategy:ID, broker or core."""
    if isinstance(record, OrderInitialized):
        return f"strategy:{record.strategy_id}" if record.strategy_id else str(record.origin.value)
    actor = getattr(record, "actor", "")
    return str(actor) if actor else "core"
