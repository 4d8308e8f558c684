# SPDX-License-Identifier: Apache-2.0
"""A loopback TCP proxy between clients and the server: what networks do, without a word of the protocol.

It passes bytes, slows them, cuts them into single bytes, keeps a dead connection open, refuses, breaks off again and
again, or stops reading what a client sends. It looks at no message and keeps no copy of any.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from terminal.clock import Clock, Timer

_RESET: Final = struct.pack("ii", 1, 0)
_TICK_S: Final = 0.1
_AGAIN_S: Final = 1.0
_SMALL_BUFFER: Final = 4096


class Mode(StrEnum):
    """What the proxy does with bytes and connections."""

    THROUGH = "pass"
    HALF_OPEN = "half_open"  # nothing passes, the sockets stay
    SLOW = "slow"  # ``rate`` bytes per second to the client
    SPLIT = "split"  # every byte in a segment of its own
    STOP_READING = "stop_reading"  # takes nothing more from the client
    REFUSE = "refuse"  # accepts no connection, breaks the open ones
    FLAP = "flap"  # breaks every connection after ``period`` seconds, again and again


Note = Callable[[str, dict[str, object]], None]


class _Pipe(asyncio.Protocol):
    """One end of one connection."""

    def __init__(self, link: "Link", *, client: bool) -> None:
        self._link = link
        self._client = client
        self.transport: asyncio.Transport | None = None
        self.waiting: deque[bytes] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._link.made(self, client=self._client)

    def data_received(self, data: bytes) -> None:
        self._link.pass_on(data, client=self._client)

    def connection_lost(self, _: Exception | None) -> None:
        self._link.lost(client=self._client)


class Link:
    """One client's connection through the proxy."""

    def __init__(self, proxy: "FaultProxy") -> None:
        self._proxy = proxy
        self.client = _Pipe(self, client=True)
        self.server = _Pipe(self, client=False)
        self.client_port = 0
        self.server_port = 0
        self._early: list[bytes] = []

    def made(self, pipe: _Pipe, *, client: bool) -> None:
        if client:
            assert pipe.transport is not None
            self.client_port = int(pipe.transport.get_extra_info("peername")[1])
            self._proxy.opened(self)
        else:
            assert pipe.transport is not None
            self.server_port = int(pipe.transport.get_extra_info("sockname")[1])
            for data in self._early:
                pipe.transport.write(data)
            self._early.clear()

    def pass_on(self, data: bytes, *, client: bool) -> None:
        target = self.server if client else self.client
        mode = self._proxy.mode
        if mode is Mode.HALF_OPEN:
            self._proxy.swallowed += len(data)
        elif mode is Mode.SLOW and not client:
            target.waiting.append(data)
        elif mode is Mode.SPLIT and target.transport is not None:
            target.waiting.append(data)
            self._proxy.split_some(self)
        elif target.transport is None:
            self._early.append(data)
        else:
            target.transport.write(data)

    def lost(self, *, client: bool) -> None:
        other = self.server if client else self.client
        self._proxy.closed(self)
        if self._proxy.mode is Mode.HALF_OPEN and not client:
            return
        if other.transport is not None and not other.transport.is_closing():
            other.transport.close()

    def hold(self, *, on: bool) -> None:
        """Read nothing more of the client, or go on."""
        transport = self.client.transport
        if transport is None or transport.is_closing():
            return
        if on:
            bare = transport.get_extra_info("socket")
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
            transport.pause_reading()
        else:
            transport.resume_reading()

    def reset(self) -> None:
        for pipe in (self.client, self.server):
            transport = pipe.transport
            if transport is not None and not transport.is_closing():
                bare = transport.get_extra_info("socket")
                bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                transport.abort()

    def drain(self, limit: int | None) -> None:
        """Send what waits, at most so many bytes each way."""
        for pipe in (self.client, self.server):
            left = limit
            while pipe.waiting and pipe.transport is not None and (left is None or left > 0):
                data = pipe.waiting.popleft()
                part = data if left is None else data[:left]
                if len(part) < len(data):
                    pipe.waiting.appendleft(data[len(part) :])
                if not pipe.transport.is_closing():
                    pipe.transport.write(part)
                left = None if left is None else left - len(part)

    @property
    def busy(self) -> bool:
        """Whether bytes wait in here."""
        return bool(self.client.waiting or self.server.waiting or self._early)


class FaultProxy:
    """Listens on a loopback port and passes to the server's."""

    def __init__(self, clock: Clock, upstream: tuple[str, int], note: Note) -> None:
        self._clock = clock
        self._upstream = upstream
        self._note = note
        self.mode = Mode.THROUGH
        self._numbers: Mapping[str, float] = {}
        self.links: list[Link] = []
        self.swallowed = 0
        """Bytes that a half-open connection has taken."""
        self.connections = 0
        """Connections since the start; and how many of them at once at most:"""
        self.most_at_once = 0
        self._listener: asyncio.Server | None = None
        self._timer: Timer | None = None
        self._tasks: set[asyncio.Task[object]] = set()
        self._debt = 0.0
        self.address = ("", 0)

    # ------------------------------------------------------------------ life
    async def start(self, host: str = "127.0.0.1", port: int = 0) -> tuple[str, int]:
        """Listen. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: Link(self).client, host, port)
        bound = self._listener.sockets[0].getsockname()
        self.address = (str(bound[0]), int(bound[1]))
        return self.address

    @property
    def listening(self) -> bool:
        """Whether a connection would be taken now."""
        return self._listener is not None

    async def stop(self) -> None:
        """Break every connection and listen no more."""
        self._cancel()
        for link in tuple(self.links):
            link.reset()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for task in tuple(self._tasks):
            task.cancel()

    # ------------------------------------------------------------------ links
    def opened(self, link: Link) -> None:
        self.connections += 1
        self.links.append(link)
        self.most_at_once = max(self.most_at_once, len(self.links))
        self._note("proxy_opened", {"open": len(self.links), "count": self.connections})
        if self.mode is Mode.STOP_READING:
            link.hold(on=True)
        loop = asyncio.get_running_loop()
        task: asyncio.Task[object] = loop.create_task(self._reach(link))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reach(self, link: Link) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: link.server, *self._upstream)
        except OSError:
            link.reset()

    def closed(self, link: Link) -> None:
        if link in self.links:
            self.links.remove(link)

    def link_of(self, client_port: int) -> Link | None:
        """The link whose client has this port."""
        return next((link for link in self.links if link.client_port == client_port), None)

    # ------------------------------------------------------------------ modes
    def set_mode(self, mode: str, numbers: Mapping[str, float]) -> None:
        """Do this from now on. Raises ValueError for a mode that there is not."""
        before, self.mode = self.mode, Mode(mode)
        self._numbers = dict(numbers)
        self._cancel()
        if before is Mode.STOP_READING and self.mode is not Mode.STOP_READING:
            for link in self.links:
                link.hold(on=False)
        match self.mode:
            case Mode.STOP_READING:
                for link in self.links:
                    link.hold(on=True)
            case Mode.REFUSE:
                self._refuse()
            case Mode.FLAP:
                self._flap()
            case Mode.SLOW:
                self._slow()
            case _:
                pass
        if before is Mode.REFUSE and self.mode is not Mode.REFUSE:
            self._listen_again()
        if self.mode in (Mode.THROUGH, Mode.HALF_OPEN):
            for link in self.links:
                link.drain(None)
        seconds = numbers.get("seconds")
        if seconds is not None:
            self._timer_end = self._clock.call_later(seconds, lambda: self.set_mode("pass", {}))
            self._note("proxy_until", {"seconds": seconds})

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for link in tuple(self.links):
            link.reset()

    def _listen_again(self) -> None:
        task: asyncio.Task[object] = asyncio.get_running_loop().create_task(self._reopen())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reopen(self) -> None:
        try:
            await self.start(*self.address)
        except OSError as error:  # somebody else took it meanwhile: it may be free again later
            self._note("proxy_port_taken", {"port": self.address[1], "text": error.strerror})
            self._clock.call_later(_AGAIN_S, self._listen_again)

    def _flap(self) -> None:
        period = self._numbers.get("period", 2.0)
        for link in tuple(self.links):
            link.reset()
            self._note("proxy_cut", {"count": self.connections})
        self._timer = self._clock.call_later(period, self._flap)

    def _slow(self) -> None:
        self._debt += self._numbers.get("rate", 1.0) * _TICK_S
        whole = int(self._debt)
        self._debt -= whole
        for link in self.links:
            if whole:
                link.drain(whole)
        self._timer = self._clock.call_later(_TICK_S, self._slow)

    def split_some(self, link: Link) -> None:
        """Send what waits byte by byte, one segment each turn of the loop."""
        for pipe in (link.client, link.server):
            while pipe.waiting and pipe.transport is not None:
                for value in pipe.waiting.popleft():
                    bare = pipe.transport.get_extra_info("socket")
                    bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    pipe.transport.write(bytes((value,)))
