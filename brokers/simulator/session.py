# SPDX-License-Identifier: Apache-2.0
"""Session: one client's connection, from the handshake to the close.

It turns bytes into requests and answers into bytes, keeps the rate limit and
bounds what waits for a slow reader. It never acts on a request itself: a
broken peer costs its own connection and nothing else.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Final, Protocol

from brokers.simulator.pacing import MessageRate, Verdict
from brokers.simulator.protocol import responses
from brokers.simulator.protocol.frames import FrameError, FrameSplitter, frame, join_fields, split_fields
from brokers.simulator.protocol.language import MAX_VERSION, MIN_VERSION, Message, encode
from brokers.simulator.protocol.values import Value, WireError

DEFAULT_VERSION: Final = 176
_PACE_OPTION: Final = "+PACEAPI"
_PACE_S: Final = 0.1
_NEVER_ANNOUNCED: Final = 158
"""The libraries disagree with the protocol at this version."""
_OLDEST_HANDSHAKE: Final = 100
"""Clients that speak less have another handshake."""
_HANDSHAKE_PREFIX: Final = b"API\0"
_HANDSHAKE_LIMIT: Final = 1024
HANDSHAKE_TIMEOUT_S: Final = 30.0
MAX_BACKLOG: Final = 8 * 1024 * 1024
"""Bytes that may wait for a reader before it is disconnected."""
_VERSIONS: Final = re.compile(rb"v(\d{1,5})\.\.(\d{1,5})(?: (.*))?\Z", re.DOTALL)


class Phase(StrEnum):
    """Where a connection stands."""

    HANDSHAKE = "handshake"
    IDENTIFYING = "identifying"  # version agreed, START_API awaited
    READY = "ready"
    CLOSED = "closed"


class SessionHost(Protocol):
    """What a session needs of its server."""

    def opened(self, session: "Session") -> None: ...
    def monotonic_ns(self) -> int: ...
    def stalled_ns(self) -> int:
        """How long the server itself did not read lately."""
        ...

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> object: ...
    def connection_time(self) -> str: ...
    def received(self, session: "Session", fields: list[str]) -> None:
        """Handle one message. Raises WireError when it cannot be read."""
        ...

    @property
    def recording(self) -> bool:
        """Whether what is sent shall be noted."""
        ...

    def note_sent(self, session: "Session", message: Message, fields: list[str]) -> None: ...
    def note(self, name: str, **details: object) -> None: ...
    def closed(self, session: "Session") -> None: ...


def choose_version(highest: int, ceiling: int = DEFAULT_VERSION) -> int:
    """Server version to announce to a client that speaks up to ``highest``: the highest that both speak, never 158."""
    version = min(highest, ceiling, MAX_VERSION)
    return version - 1 if version == _NEVER_ANNOUNCED else version


class Session(asyncio.Protocol):
    """One connection of one client."""

    def __init__(self, host: SessionHost, *, ceiling: int = DEFAULT_VERSION, backlog: int = MAX_BACKLOG) -> None:
        self.phase = Phase.HANDSHAKE
        self.client_id: int | None = None
        self.server_version = MIN_VERSION
        self.connect_options = ""
        self._host = host
        self._ceiling = ceiling
        self._backlog = backlog
        self._transport: asyncio.Transport | None = None
        self._splitter = FrameSplitter(_HANDSHAKE_LIMIT)
        self._first_bytes = b""
        self._prefix_seen = False
        self._payloads: deque[bytes] = deque()
        self._paced = False
        self._rate = MessageRate()
        self._outgoing: list[bytes] = []
        self._flush_handle: asyncio.Handle | None = None
        self._timeout: asyncio.TimerHandle | None = None
        self._gone = asyncio.Event()
        self._gone.set()

    # ------------------------------------------------------------------ asyncio
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._gone.clear()
        loop = asyncio.get_running_loop()
        self._timeout = loop.call_later(HANDSHAKE_TIMEOUT_S, self._give_up)
        self._host.opened(self)

    def data_received(self, data: bytes) -> None:
        if self.phase is Phase.CLOSED:
            return
        try:
            if not self._prefix_seen:
                self._handshake_bytes(data)
            else:
                self._take(data)
        except FrameError as error:
            self.close(f"bad frame: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"connection lost: {exc}" if exc else "client closed")
        self._gone.set()

    # ------------------------------------------------------------------ inbound
    def _give_up(self) -> None:
        if self.phase is not Phase.READY:
            self.close(f"no START_API within {HANDSHAKE_TIMEOUT_S:g} s")

    def _handshake_bytes(self, data: bytes) -> None:
        """Wait for ``API\\0``; anything else is not a client of this protocol."""
        self._first_bytes += data
        seen = self._first_bytes
        if not _HANDSHAKE_PREFIX.startswith(seen[:4]):
            self.close("the first bytes are not the API handshake")
            return
        if len(seen) >= len(_HANDSHAKE_PREFIX):
            self._prefix_seen = True
            self._take(seen[len(_HANDSHAKE_PREFIX) :])

    def _take(self, data: bytes) -> None:
        self._payloads.extend(self._splitter.feed(data))
        self._work()

    def _work(self) -> None:
        while self._payloads and self.phase is not Phase.CLOSED:
            if self._paced and not self._rate.has_room(self._host.monotonic_ns()):
                self._wait_for_room()
                return
            payload = self._payloads.popleft()
            if self.phase is Phase.HANDSHAKE:
                self._agree_version(payload)
            else:
                self._one_message(payload)

    def _wait_for_room(self) -> None:
        """Read no further until the rate allows it: what a client asks for with ``+PACEAPI``."""
        if self._transport is not None:
            self._transport.pause_reading()
        self._host.call_later(_PACE_S, self._resume)

    def _resume(self) -> None:
        if self.phase is Phase.CLOSED or self._transport is None:
            return
        self._transport.resume_reading()
        self._work()

    def _agree_version(self, payload: bytes) -> None:
        match = _VERSIONS.match(payload.rstrip(b"\0"))
        if match is None:
            self.close("the handshake names no versions (v157..176)")
            return
        version = choose_version(int(match[2]), self._ceiling)
        if version < _OLDEST_HANDSHAKE:
            self.close(f"no common server version with v{int(match[1])}..{int(match[2])}")
            return
        # A client that wants more than this hears the version as from any TWS, and leaves by itself.
        self.server_version = version
        self.connect_options = (match[3] or b"").decode("ascii", "replace")
        self._paced = _PACE_OPTION in self.connect_options.upper().split()
        self.phase = Phase.IDENTIFYING
        self._splitter.limit = FrameSplitter().limit
        # Nothing else may follow before START_API: clients drop what comes with the reply.
        self._write(frame(join_fields([str(version), self._host.connection_time()])))
        self._host.note("handshake", version=version, options=self.connect_options)

    def _one_message(self, payload: bytes) -> None:
        verdict = self._rate.judge(self._host.monotonic_ns(), self._host.stalled_ns())
        if verdict is not Verdict.ADMIT:
            self._refuse_rate(verdict)
            return
        try:
            self._host.received(self, split_fields(payload))
        except WireError as error:
            self.error(-1, 320, f"Error reading request: {error}")

    def _refuse_rate(self, verdict: Verdict) -> None:
        limit, count = self._rate.limit, self._rate.count
        self.error(
            -1,
            100,
            f"Max rate of messages per second has been exceeded:max={limit} rec={count} ({self._rate.breaches})",
        )
        if verdict is Verdict.CLOSE:
            self.close("message rate exceeded three times")

    @property
    def outdated(self) -> bool:
        """Whether the client speaks no version that is served here."""
        return self.server_version < MIN_VERSION

    def started(self, client_id: int) -> None:
        """START_API was accepted."""
        self.client_id = client_id
        self.phase = Phase.READY
        if self._timeout is not None:
            self._timeout.cancel()

    # ------------------------------------------------------------------ outbound
    def send(self, message: Message, /, **values: Value) -> None:
        """Send one message; the bytes leave together with all others of this turn of the loop."""
        if self.phase is Phase.CLOSED:
            return
        fields = encode(message, self.server_version, values)
        if self._host.recording:
            self._host.note_sent(self, message, fields)
        self._write(frame(join_fields(fields)))

    def error(self, req_id: int, code: int, text: str) -> None:
        """Send an error or a notice."""
        self.send(responses.ERROR, req_id=req_id, code=code, message=text)

    def _write(self, data: bytes) -> None:
        self._outgoing.append(data)
        if self._flush_handle is None:
            self._flush_handle = asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Hand everything that waits to the socket in one write."""
        if self._flush_handle is not None:
            self._flush_handle.cancel()
            self._flush_handle = None
        if not self._outgoing or self._transport is None or self._transport.is_closing():
            self._outgoing.clear()
            return
        waiting = self._transport.get_write_buffer_size()
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        if waiting + len(data) > self._backlog:
            self._host.note("slow_reader", client=self.client_id, waiting=waiting + len(data))
            self._abort()
            return
        self._transport.write(data)

    # ------------------------------------------------------------------ the end
    def close(self, reason: str) -> None:
        """Send what waits, then close."""
        if self.phase is Phase.CLOSED:
            return
        self.flush()
        self._end(reason)
        if self._transport is not None:
            self._transport.close()

    async def wait_gone(self, timeout_s: float) -> None:
        """Wait until the socket is closed; one whose peer does not read is cut off after the timeout."""
        try:
            await asyncio.wait_for(self._gone.wait(), timeout_s)
        except TimeoutError:
            if self._transport is not None:
                self._transport.abort()

    def _abort(self) -> None:
        self._end("reader too slow")
        if self._transport is not None:
            self._transport.abort()

    def _end(self, reason: str) -> None:
        if self.phase is Phase.CLOSED:
            return
        self.phase = Phase.CLOSED
        if self._timeout is not None:
            self._timeout.cancel()
        self._host.note("session_closed", client=self.client_id, reason=reason)
        self._host.closed(self)
