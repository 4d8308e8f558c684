# SPDX-License-Identifier: Apache-2.0
"""A client's connection that a fault script can spoil: every message passes the laboratory on its way out.

It adds what a sound server never does (hang, lose, break off, send rubbish) and changes nothing else.
"""

import asyncio
import socket
import struct
from typing import Final, Protocol

from brokers.simulator.protocol.frames import frame, join_fields, split_fields
from brokers.simulator.protocol.language import Message
from brokers.simulator.protocol.values import Value, Values, WireError
from brokers.simulator.session import Session, SessionHost

_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends RST."""


class Laboratory(Protocol):
    """What a session needs of the laboratory."""

    def outgoing(self, session: "FaultySession", message: Message, values: Values) -> None:
        """Send one message, or do with it what the script says."""
        ...

    def version_for(self, session: "FaultySession") -> int | None:
        """The server version to announce against all sense; None for the right one."""
        ...


class FaultySession(Session):
    """See the module."""

    def __init__(self, host: SessionHost, laboratory: Laboratory, *, ceiling: int, backlog: int) -> None:
        super().__init__(host, ceiling=ceiling, backlog=backlog)
        self._laboratory = laboratory
        self.hung = False
        """Reads nothing and sends nothing; what is to be sent waits."""
        self.silent = False
        """What is to be sent is lost."""
        self.gathered: list[tuple[Message, Values]] = []
        self.gathered_order: list[str] = []
        self.lines: dict[int, None] = {}
        """Request ids of the open market data lines, in the order of their requests."""

    # ------------------------------------------------------------------ out
    def send(self, message: Message, /, **values: Value) -> None:
        if not self.silent:
            self._laboratory.outgoing(self, message, dict(values))

    def send_plain(self, message: Message, values: Values) -> None:
        """Send a message past the laboratory."""
        if not self.silent:
            super().send(message, **values)

    def send_fields(self, message: Message, fields: list[str], encoding: str = "ascii") -> None:
        """Send field texts as they are, right or wrong."""
        self._host.note_sent(self, message, fields)
        self._write(frame(join_fields(fields, encoding)))

    def send_raw(self, data: bytes, why: str) -> None:
        """Send bytes that are no message."""
        self._host.note("raw_out", client=self.client_id, why=why, bytes=len(data), hex=data[:200].hex())
        self._write(data)

    def send_gathered(self) -> None:
        """Send what was gathered, in the order that the script wants; equal names keep theirs."""
        if not self.gathered:
            return
        waiting, self.gathered = self.gathered, []
        place = {name: number for number, name in enumerate(self.gathered_order)}
        for message, values in sorted(waiting, key=lambda each: place.get(each[0].name, len(place))):
            self.send_plain(message, values)

    def flush(self) -> None:
        if not self.hung:
            super().flush()
        elif self._flush_handle is not None:
            self._flush_handle.cancel()
            self._flush_handle = None

    # ------------------------------------------------------------------ in
    def _agree_version(self, payload: bytes) -> None:
        super()._agree_version(payload)
        wrong = self._laboratory.version_for(self)
        if wrong is not None and self._outgoing:
            time = split_fields(self._outgoing[-1][4:])[-1]
            self._outgoing[-1] = frame(join_fields([str(wrong), time]))

    # ------------------------------------------------------------------ the connection
    def hang(self) -> None:
        """Stop reading and sending; the socket stays."""
        self.hung = True
        if self._transport is not None:
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read and send again, first what waited."""
        if not self.hung:
            return
        self.hung = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self.flush()

    def reset(self, reason: str) -> None:
        """Break off at once; whatever waits to be sent is lost."""
        self._outgoing.clear()
        transport = self._transport
        self._end(reason)
        if isinstance(transport, asyncio.Transport):
            bare = transport.get_extra_info("socket")
            if bare is not None:
                bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()

    def read_payload(self, fields: list[str]) -> None:
        """Handle a message that was held back."""
        try:
            self._host.received(self, fields)
        except WireError as error:
            self.error(-1, 320, f"Error reading request: {error}")
