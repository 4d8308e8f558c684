# SPDX-License-Identifier: Apache-2.0
"""Real parts that count: so that a test knows when nothing is on its way any more, without waiting for a duration.

The server's sessions count their bytes both ways, the journal counts the commits that somebody waits for, the
clients are gathered. None of them changes what its real class does.
"""

import asyncio
import importlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import brokers.ibkr.session
from brokers.ibkr.broker import IbkrBroker
from brokers.ibkr.connection import Connection
from brokers.simulator.server import SimulatedTws
from brokers.simulator.session import Session
from terminal.storage.journal import JournalStore

PLACE_ORDER: Final = 3
CANCEL_ORDER: Final = 4


@contextmanager
def counted_connections() -> Iterator[None]:
    """Let the adapter make counted connections meanwhile."""
    names = brokers.ibkr.session.__dict__
    names["Connection"] = CountedConnection
    try:
        yield
    finally:
        names["Connection"] = Connection


def bind_library() -> None:
    """Import ib_insync inside the running loop, and let eventkit use this loop, not that of the test before."""
    loop = asyncio.get_running_loop()
    importlib.import_module("ib_insync")
    importlib.import_module("eventkit.util").__dict__["main_event_loop"] = loop


class CountedSession(Session):
    """A session that counts its bytes both ways."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.bytes_in = 0
        self.bytes_out = 0
        self.mute = False
        """Whatever it says from now on is lost on the way."""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.bytes_in += len(data)
        super().data_received(data)

    def _write(self, data: bytes) -> None:
        if self.mute:
            return
        self.bytes_out += len(data)
        super()._write(data)


class CountedTws(SimulatedTws):
    """The simulated TWS whose sessions count."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.opened_sessions: list[CountedSession] = []
        self.requests: Counter[int] = Counter()
        """Message id -> how many requests of that kind were read."""

    def received(self, session: Session, fields: list[str]) -> None:
        if fields[0].isdecimal():
            self.requests[int(fields[0])] += 1
        super().received(session, fields)

    def _connect(self) -> Session:
        session = CountedSession(self, ceiling=self.options.server_version, backlog=self.options.max_backlog)
        self.opened_sessions.append(session)
        return session

    @property
    def live_sessions(self) -> list[CountedSession]:
        return [session for session in self.opened_sessions if session in self._connections]


class CountedJournal(JournalStore):
    """The journal that counts the commits whose ends somebody waits for."""

    waiting = 0

    def append(self, records: Sequence[object], on_durable: Callable[[], None] | None = None) -> None:
        if on_durable is None:
            super().append(records)
            return
        callback = on_durable

        def done() -> None:
            self.waiting -= 1
            callback()

        super().append(records, done)
        self.waiting += 1


class CountedConnection(Connection):
    """The adapter's connection that counts the bytes it has read and handed on."""

    bytes_in = 0

    @property
    def bytes_out(self) -> int:
        return self.client.conn.numBytesSent

    @property
    def local_port(self) -> int:
        transport = self.client.conn.transport
        return int(transport.get_extra_info("sockname")[1]) if transport is not None else 0

    def _on_data(self, data: bytes) -> None:
        super()._on_data(data)
        self.bytes_in += len(data)


class CountedBroker(IbkrBroker):
    """The adapter over counted connections."""

    @property
    def connection(self) -> CountedConnection | None:
        connection = self._session.connection
        if connection is None or connection.client.conn.transport is None:
            return None
        assert isinstance(connection, CountedConnection)
        return connection
