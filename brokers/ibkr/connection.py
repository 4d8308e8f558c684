# SPDX-License-Identifier: Apache-2.0
"""Connection: one socket to TWS and everything that lives and dies with it.

Holds a fresh library object, stands as a gate before it (our own frames in, our own lanes out) and hands
each message to whoever reads it: order and account messages to our parse, ticks and contract details to the
library. Never used again after its end: a new session gets a new one. It decides nothing.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from brokers.ibkr import codes
from brokers.ibkr.frames import FrameError, FrameSplitter
from brokers.ibkr.lanes import Lanes
from brokers.ibkr.library import load, quiet
from brokers.ibkr.timing import BrokerClock, within
from terminal.errors import BrokerError, LinkLostError
from terminal.model.ids import InstrumentId
from terminal.ports import ConnectionSettings

if TYPE_CHECKING:
    from eventkit import Event
    from ib_insync import IB, Client, Wrapper
    from ib_insync.ticker import Ticker

REQUEST_BASE: Final = 1_900_000_000
"""Request ids start here, order ids stay below: an error's id says by itself what it is about."""
MIN_VERSION: Final = 157
MAX_VERSION: Final = 176
BROKEN_VERSION: Final = 158
"""The library decodes this one wrongly."""
MAX_UNSENT: Final = 256 * 1024
"""Bytes the server may leave untaken before the connection counts as stuck."""

T = TypeVar("T")
Handler = Callable[[list[str]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a connection could not be made, or ended."""

    code: int
    text: str
    way_out: str = ""
    patience: float = 0.0
    """Shortest wait in seconds before the next attempt makes sense."""

    @classmethod
    def of(cls, code: int, text: str = "", *, patience: float = 0.0) -> "Cause":
        row = codes.lookup(code)
        return cls(code=code, text=text or row.meaning, way_out=row.way_out, patience=patience)


class ConnectFailedError(Exception):
    """The session could not be opened."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.text)
        self.cause = cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asked under a request id. ``on_error`` gets code and text and says whether a person should see it."""

    channel: str
    instrument_id: InstrumentId | None = None
    on_error: Callable[[int, str], bool] | None = None


class Connection:
    """One session with one server.

    ``routes`` maps a message id to our own reader; such a message never reaches the library (except errors,
    which it needs to end its requests). ``on_packet`` gets the library's changed tickers once per packet.
    """

    def __init__(
        self,
        clock: BrokerClock,
        settings: ConnectionSettings,
        epoch: int,
        routes: Mapping[str, Handler],
        on_packet: Callable[[set["Ticker"]], None],
    ) -> None:
        quiet()
        self._clock = clock
        self.settings = settings
        self.epoch = epoch
        self.requests: dict[int, Request] = {}
        self.accounts: tuple[str, ...] = ()
        self.order_id_floor = 1
        self.version = 0
        self.packet_ns = 0
        self.heard_ns = 0
        """Monotonic time of the last whole message."""
        self.never_sent: list[str] = []
        """Orders and cancels that still waited in their lane at the end."""
        self.lost: asyncio.Future[Cause] = asyncio.get_running_loop().create_future()
        self._routes = {**routes, "9": self._on_next_id, "15": self._on_accounts}
        self._on_packet = on_packet
        self._splitter = FrameSplitter()
        self._queue: deque[bytes] = deque()
        self._ready = False
        self._build()

    def _build(self) -> None:
        library = load()
        self.ib: IB = library.IB()
        self.ib.RaiseRequestErrors = True
        self.ib.errorEvent.clear()
        self.client: Client = self.ib.client
        self.wrapper: Wrapper = self.ib.wrapper
        self.wrapper.clientId = self.settings.client_id
        self.lanes = Lanes(self._clock, self._write, self.settings.market_data_lines)
        self.client.MaxRequests = 0
        self.client.sendMsg = self.lanes.send
        self._library_input: Event[bytes] = self.client.conn.hasData
        gate: Event[bytes] = library.Event("hasData")
        gate.connect(self._on_data, error=self._on_fault)
        self.client.conn.hasData = gate
        self.client.conn.disconnected.connect(self._on_disconnected)

    # ------------------------------------------------------------ life
    @property
    def alive(self) -> bool:
        return self._ready and not self.lost.done()

    async def open(self) -> None:
        """Connect and start the API.

        Raises:
            ConnectFailedError: with the cause; nothing is left open.
        """
        settings = self.settings
        task = asyncio.ensure_future(self.client.connectAsync(settings.host, settings.port, settings.client_id, None))
        try:
            await within(self._clock, settings.connect_timeout_s, self._opened(task))
        except TimeoutError:
            raise ConnectFailedError(self._why_silent()) from None
        except OSError as fault:
            raise ConnectFailedError(self._why_refused(fault)) from None
        finally:
            if not self.alive:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await self.close()
        self.client.updateReqId(REQUEST_BASE)
        if self.order_id_floor >= REQUEST_BASE:
            await self.close()
            raise ConnectFailedError(Cause.of(codes.ID_RANGE, patience=30.0))

    async def _opened(self, task: "asyncio.Future[None]") -> None:
        either: set[asyncio.Future[Any]] = {task, self.lost}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self.lost.done():
            raise ConnectFailedError(self._why_closed(self.lost.result()))
        await task

    def _why_closed(self, cause: Cause) -> Cause:
        if cause.code != codes.CLOSED_BY_PEER:
            return cause
        return Cause(
            code=codes.CLOSED_BY_PEER,
            text=f"{self.settings.host}:{self.settings.port} closed the connection while the session was opened",
            way_out=f"Check that client id {self.settings.client_id} is free and that TWS accepts this machine "
            "(Global Configuration > API > Settings: Trusted IPs; answer the question to accept the connection)",
        )

    def _why_silent(self) -> Cause:
        address = f"{self.settings.host}:{self.settings.port}"
        waited = f"within {self.settings.connect_timeout_s:g} s"
        if self.version:
            return Cause.of(codes.NO_START, f"{address} speaks the API but opened no session {waited}")
        if self.client.conn.isConnected():
            return Cause.of(codes.SILENT_SERVER, f"{address} accepts connections but did not answer {waited}")
        return Cause.of(codes.CANNOT_CONNECT, f"{address} did not answer {waited}")

    def _why_refused(self, fault: OSError) -> Cause:
        address = f"{self.settings.host}:{self.settings.port}"
        if isinstance(fault, ConnectionRefusedError):
            return Cause.of(codes.CANNOT_CONNECT, f"Nothing listens on {address}")
        return Cause.of(codes.CANNOT_CONNECT, f"{address} cannot be reached: {fault.strerror or type(fault).__name__}")

    async def close(self) -> None:
        """End in order: what waits is dropped, the socket is closed."""
        self._finish(Cause.of(codes.CLOSED_BY_PEER, "The connection was closed"))
        transport = self.client.conn.transport
        if transport is not None:
            gone = asyncio.ensure_future(self._gone())
            self.client.disconnect()
            try:
                await within(self._clock, 1.0, gone)
            except TimeoutError:
                transport.abort()
        else:
            self.client.disconnect()

    async def _gone(self) -> None:
        while self.client.conn.transport is not None:
            await self.client.conn.disconnected

    def drop(self, cause: Cause) -> None:
        """End at once, because of ``cause``."""
        transport = self.client.conn.transport
        self._finish(cause)
        if transport is not None:
            transport.abort()

    def _finish(self, cause: Cause) -> None:
        if not self.lost.done():
            self.lost.set_result(cause)
            self.never_sent = self.lanes.close()
            self._queue.clear()

    def _on_disconnected(self, message: str) -> None:
        text = "The server closed the connection" + (f" ({message})" if message else "")
        self._finish(Cause.of(codes.CLOSED_BY_PEER, text))

    # ------------------------------------------------------------ outbound
    def request_id(self, request: Request) -> int:
        """Return a new request id, registered for its errors."""
        req_id = self.client.getReqId()
        self.requests[req_id] = request
        return req_id

    def forget(self, req_id: int) -> None:
        self.requests.pop(req_id, None)

    def ensure_open(self) -> None:
        """Raise LinkLostError when bytes could not be handed to the transport."""
        transport = self.client.conn.transport
        if not self.alive or transport is None or transport.is_closing():
            raise LinkLostError(504, "not connected: nothing was sent")
        if transport.get_write_buffer_size() > MAX_UNSENT:
            self.drop(Cause.of(codes.SEND_STUCK))
            raise LinkLostError(codes.SEND_STUCK, "the server does not take messages: nothing was sent")

    async def answer(self, seconds: float, awaitable: Awaitable[T], what: str) -> T:
        """Wait for an answer of this connection.

        Raises:
            BrokerError: none came within ``seconds``.
            LinkLostError: the connection ended first.
        """
        task = asyncio.ensure_future(awaitable)
        either: set[asyncio.Future[Any]] = {task, self.lost}
        try:
            await within(self._clock, seconds, asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED))
        except TimeoutError:
            raise BrokerError(0, f"no {what} within {seconds:g} s") from None
        finally:
            answered = task.done()
            task.cancel()
        if not answered:
            raise LinkLostError(504, f"the connection broke before the {what} came")
        return await task

    def _write(self, message: str) -> None:
        payload = message.encode()
        self.client.conn.sendMsg(len(payload).to_bytes(4, "big") + payload)

    # ------------------------------------------------------------ inbound
    def _on_fault(self, _event: object, fault: Exception) -> None:
        asyncio.get_running_loop().call_exception_handler(
            {"message": "the broker adapter failed on a message", "exception": fault}
        )

    def _on_data(self, data: bytes) -> None:
        if self.lost.done():
            return
        self.packet_ns = self._clock.now_ns()
        try:
            frames = self._splitter.feed(data)
        except FrameError as fault:
            self.drop(Cause.of(codes.CORRUPT_STREAM, f"The server's messages are corrupt: {fault}"))
            return
        if frames:
            self.heard_ns = self._clock.monotonic_ns()
            self._queue.extend(frames)
            self._drain()

    def _drain(self) -> None:
        """Read every waiting message. One that fails costs itself only: the rest follows in the next turn."""
        queue, routes, interpret = self._queue, self._routes, self.client.decoder.interpret
        wrapper = self.wrapper
        wrapper.tcpDataArrived()
        try:
            while queue:
                payload = queue.popleft()
                if not self._ready:
                    self._handshake(payload)
                    continue
                fields = payload.decode(errors="backslashreplace").split("\0")
                fields.pop()
                kind = fields[0] if fields else ""
                route = routes.get(kind)
                if route is None:
                    self._to_library(fields, interpret)
                else:
                    route(fields)
                    if kind == "4":
                        interpret(fields)
        finally:
            if queue:
                asyncio.get_running_loop().call_soon(self._drain)
        if self._ready:
            self._on_packet(wrapper.pendingTickers)

    def _to_library(self, fields: list[str], interpret: Handler) -> None:
        if fields and fields[0].isdigit():
            interpret(fields)
        else:
            self.drop(Cause.of(codes.CORRUPT_STREAM, "A message without a message number came"))

    def _handshake(self, payload: bytes) -> None:
        """Until the API is ready the library keeps its own books: it gets whole frames, after our checks."""
        fields = payload.decode(errors="backslashreplace").split("\0")
        fields.pop()
        if not self.version:
            if not self._version_fits(fields):
                return
        elif not fields or not fields[0].isdigit():
            self.drop(Cause.of(codes.CORRUPT_STREAM, "A message without a message number came"))
            return
        elif fields[0] == "4" and fields[3:4] == [str(codes.CLIENT_ID_TAKEN)]:
            text = f"Client id {self.settings.client_id} is in use by another program"
            self.drop(Cause.of(codes.CLIENT_ID_TAKEN, text))
            return
        elif fields[0] in ("4", "9", "15"):
            self._routes.get(fields[0], self._ignore)(fields)
        self._library_input.emit(len(payload).to_bytes(4, "big") + payload)
        self._ready = self.client.isReady()

    def _version_fits(self, fields: list[str]) -> bool:
        if len(fields) != 2 or not fields[0].isdigit():
            self.drop(Cause.of(codes.CORRUPT_STREAM, "What listens there is not TWS: its greeting is another one"))
            return False
        version = int(fields[0])
        if not MIN_VERSION <= version <= MAX_VERSION or version == BROKEN_VERSION:
            text = f"The server's API version must be {MIN_VERSION} to {MAX_VERSION} (not 158), was {version}"
            self.drop(Cause.of(codes.UNSUPPORTED_VERSION, text, patience=30.0))
            return False
        self.version = version
        return True

    def _ignore(self, fields: list[str]) -> None:
        """Messages that neither we nor the library need."""

    def _on_next_id(self, fields: list[str]) -> None:
        if len(fields) > 2 and fields[2].isdigit():
            self.order_id_floor = max(self.order_id_floor, int(fields[2]))

    def _on_accounts(self, fields: list[str]) -> None:
        accounts = tuple(name for name in ",".join(fields[2:]).split(",") if name)
        if self._ready and set(accounts) != set(self.accounts):
            self.drop(Cause.of(codes.ACCOUNT_MISMATCH, "The login behind this port changed to other accounts"))
        self.accounts = accounts
