# SPDX-License-Identifier: Apache-2.0
"""MarketStore: what was downloaded or recorded of the market, for charts, research and replay.

Everything here can be had again, so it is fast before it is safe: commits are not synced one by one, a damaged
file is put aside and begun anew, and when the disk is full rows are counted as lost while trading goes on.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from terminal.clock import NS_PER_S, perf_ns, wall_clock_ns
from terminal.errors import DataError, StorageError, TerminalError
from terminal.model.ids import InstrumentId
from terminal.model.market import Bar
from terminal.storage import bars, schema, ticks
from terminal.storage.backup import set_aside
from terminal.storage.bars import BarArrays, Series, SeriesExtent
from terminal.storage.database import CorruptDatabaseError, open_engine, prepare_database
from terminal.storage.ending import ThreadEnd
from terminal.storage.ticks import InstrumentNumbers, TickArrays

_log = structlog.get_logger("storage")
_IDLE_S: Final = 0.25
_TIDY_EVERY_NS: Final = 600 * NS_PER_S
_MOST_WAITING: Final = 200_000
DAY_NS: Final = 86_400 * NS_PER_S


@dataclass(frozen=True, slots=True)
class _Job:
    """Something to write, or (without ``run``) somebody who waits for what was queued before."""

    rows: int
    run: Callable[[Connection], None] | None = None
    done: "Future[None] | None" = None


class MarketStore:
    """Life: construct, `start`, use, `stop`. Reads run in the caller's thread, writes in the store's own.

    A read sees what was flushed: call `flush` first where that matters.
    """

    def __init__(self, path: Path, *, retention_days: int = 30, size_cap_bytes: int = 4 << 30) -> None:
        self.path = path
        self.retention_days, self.size_cap_bytes = retention_days, size_cap_bytes
        self.problem = ""
        """Why rows are being lost, in words; empty when none are."""
        self.lost = 0
        """Rows that could not be kept."""
        self.notice = ""
        """What the start did that a person should know."""
        self._reader: Engine | None = None
        self._jobs: deque[_Job] = deque()
        self._waiting = 0
        self._arrived = threading.Condition()
        self._stopping = False
        self._ready: Future[None] = Future()
        self._ended = ThreadEnd()
        self._thread = threading.Thread(target=self._run, name="market-data", daemon=True)
        self._numbers = InstrumentNumbers()
        self._tidied_ns: int | None = None

    # ------------------------------------------------------------ life
    async def start(self) -> None:
        """Open the file; a damaged one is put aside (see `notice`).

        Raises:
            UserError: STO-002, a newer Tiller wrote it; STO-006, it cannot be opened.
        """
        self._thread.start()
        await asyncio.wrap_future(self._ready)

    def open(self) -> None:
        """As `start`, blocking."""
        self._thread.start()
        self._ready.result()

    async def stop(self) -> None:
        """Write what waits and close. Repeats do no harm."""
        await asyncio.wrap_future(self._end())

    def close(self) -> None:
        """As `stop`, blocking."""
        self._end().result()

    def _end(self) -> "Future[None]":
        with self._arrived:
            self._stopping = True
            self._arrived.notify()
        return self._ended.of(self._thread)

    # ------------------------------------------------------------ bars
    def put_bars(self, which: Series, new: Sequence[Bar] | BarArrays) -> None:
        """Queue closed bars of one series; bars with a known start replace the old ones."""
        arrays = new if isinstance(new, dict) else bars.arrays_of(new)
        if len(arrays["start_ns"]):
            self._put(len(arrays["start_ns"]), lambda connection: bars.merge(connection, which, arrays))

    def read_bars(self, which: Series, start_ns: int | None = None, end_ns: int | None = None) -> BarArrays:
        """Return the bars with ``start_ns <= start < end_ns``, oldest first.

        Raises:
            StorageError: the file cannot be read.
        """
        with self._reading() as connection:
            return bars.read(connection, which, start_ns, end_ns)

    def last_bars(self, which: Series, count: int, end_ns: int | None = None) -> BarArrays:
        """Return the newest ``count`` bars (before ``end_ns``), oldest first. Raises StorageError."""
        with self._reading() as connection:
            return bars.read_last(connection, which, count, end_ns)

    def extent(self, which: Series) -> SeriesExtent | None:
        """Return what is stored of a series; None when nothing is. Raises StorageError."""
        with self._reading() as connection:
            return bars.extent(connection, which)

    # ------------------------------------------------------------ ticks
    def put_ticks(self, kind: str, events: Sequence[Any]) -> None:
        """Queue recorded events: kind ``quotes`` (Quote), ``trades`` (Trade) or ``option_quotes`` (OptionQuote)."""
        if events:
            self._put(len(events), lambda connection: self._append(connection, kind, events))

    def read_ticks(self, kind: str, instrument_id: InstrumentId, start_ns: int, end_ns: int) -> TickArrays:
        """Return recorded events with ``start_ns <= ns < end_ns`` as arrays, oldest first. Raises StorageError."""
        with self._reading() as connection:
            return ticks.read(connection, kind, instrument_id, start_ns, end_ns)

    def flush(self) -> "Future[None]":
        """Return a future that ends when everything queued so far can be read."""
        done: Future[None] = Future()
        with self._arrived:
            if self._stopping or not self._thread.is_alive():
                done.set_result(None)
            else:
                self._jobs.append(_Job(0, done=done))
                self._arrived.notify()
        return done

    def _append(self, connection: Connection, kind: str, events: Sequence[Any]) -> None:
        ticks.append(connection, self._numbers, kind, events)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        if self._reader is None:
            raise StorageError("the market data store is not open")
        try:
            with self._reader.connect() as connection:
                yield connection
        except (DBAPIError, DataError) as fault:
            raise StorageError(f"market data cannot be read from {self.path}: {fault}") from fault

    # ------------------------------------------------------------ the thread
    def _put(self, rows: int, run: Callable[[Connection], None]) -> None:
        with self._arrived:
            if self._stopping or (self._waiting and self._waiting + rows > _MOST_WAITING):
                self.lost += rows
                return
            self._jobs.append(_Job(rows, run))
            self._waiting += rows
            self._arrived.notify()

    def _run(self) -> None:
        try:
            with contextlib.ExitStack() as stack:
                connection = self._open(stack)
                if connection is not None:
                    self._ready.set_result(None)
                    self._write(connection)
        finally:
            if not self._ready.done():
                self._ready.set_exception(StorageError(f"{self.path} could not be opened"))
            with self._arrived:
                self._stopping = True
                left = list(self._jobs)
                self._jobs.clear()
            self.lost += sum(job.rows for job in left)
            _release(left)
            self._ended.come()

    def _open(self, stack: contextlib.ExitStack) -> Connection | None:
        try:
            try:
                prepare_database(self.path, schema.MARKET_SCHEMA, durable=False)
            except CorruptDatabaseError as fault:
                kept = set_aside(self.path)
                self.notice = f"{fault.text.partition(';')[0]}; it is kept as {kept} and market data begins anew"
                _log.warning("market data begins anew", kept=str(kept))
                prepare_database(self.path, schema.MARKET_SCHEMA, durable=False)
            engine = open_engine(self.path, durable=False, pool=StaticPool)
            stack.callback(engine.dispose)
            connection = stack.enter_context(engine.connect())
            self._reader = open_engine(self.path, read_only=True)
            stack.callback(self._reader.dispose)
        except TerminalError as fault:
            self._ready.set_exception(fault)
            return None
        return connection

    def _write(self, connection: Connection) -> None:
        while True:
            with self._arrived:
                if not self._jobs and not self._stopping:
                    self._arrived.wait(_IDLE_S)
                jobs = list(self._jobs)
                self._jobs.clear()
                stopping = self._stopping
            if jobs:
                self._commit(connection, jobs)
            elif stopping:
                return
            else:
                self._idle(connection)

    def _commit(self, connection: Connection, jobs: Sequence[_Job]) -> None:
        """Run what waited in one transaction; a failure loses those rows and is told, nothing more."""
        rows = sum(job.rows for job in jobs)
        try:
            with connection.begin():
                for job in jobs:
                    if job.run is not None:
                        job.run(connection)
        except (DBAPIError, DataError, OSError) as fault:
            self._numbers.forget()
            self.lost += rows
            if not self.problem:
                _log.error("market data is lost", reason=str(getattr(fault, "orig", fault)))
            self.problem = f"market data is not recorded: {getattr(fault, 'orig', fault)}"
        else:
            self.problem = ""
        finally:
            with self._arrived:
                self._waiting -= rows
            _release(jobs)

    def _idle(self, connection: Connection) -> None:
        with contextlib.suppress(DBAPIError, DataError):  # tried again a quarter of a second later
            with connection.begin():
                for kind in schema.TICK_COLUMNS:
                    ticks.pack_log(connection, kind, wall_clock_ns())
            now = perf_ns()
            if self._tidied_ns is None or now - self._tidied_ns > _TIDY_EVERY_NS:
                self._tidied_ns = now
                self.tidy(connection)

    def tidy(self, connection: Connection) -> None:
        """Keep the file within its age and size. Runs in the store's own thread."""
        oldest = wall_clock_ns() - self.retention_days * DAY_NS
        with connection.begin():
            gone = ticks.prune(connection, before_written_ns=oldest, most_bytes=self.size_cap_bytes)
        if gone:
            connection.exec_driver_sql("PRAGMA incremental_vacuum(2000)")
            connection.commit()


def _release(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.done is not None:
            job.done.set_result(None)
