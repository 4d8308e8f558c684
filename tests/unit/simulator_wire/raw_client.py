# SPDX-License-Identifier: Apache-2.0
"""A client of bare frames over a real socket, for what no library would send."""

import asyncio
import struct

from brokers.simulator.protocol.frames import FrameSplitter, frame, join_fields, split_fields
from brokers.simulator.protocol.language import Message, decode, encode
from brokers.simulator.protocol.responses import RESPONSES
from brokers.simulator.protocol.values import Value, Values

TIMEOUT_S = 10.0


class RawClient:
    """Sends frames and collects what comes back, decoded by the server's own tables."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.server_version = 0
        self.received: list[tuple[str, Values]] = []
        self._splitter = FrameSplitter()
        self._waiting: list[bytes] = []

    @classmethod
    async def open(cls, host: str, port: int) -> "RawClient":
        return cls(*await asyncio.open_connection(host, port))

    async def handshake(self, versions: str) -> None:
        payload = versions.encode()
        self.writer.write(b"API\0" + struct.pack(">I", len(payload)) + payload)
        fields = split_fields(await self._payload())
        self.server_version = int(fields[0])

    async def start(self, client_id: int) -> None:
        self.send_fields("71", "2", str(client_id), "")
        await self.until("error", code=2158)

    def send_fields(self, *fields: str) -> None:
        self.writer.write(frame(join_fields(list(fields), "utf-8")))

    def send(self, message: Message, /, **values: Value) -> None:
        self.send_fields(*encode(message, self.server_version, values))

    async def _payload(self) -> bytes:
        while not self._waiting:
            data = await asyncio.wait_for(self.reader.read(65536), TIMEOUT_S)
            if not data:
                raise ConnectionResetError("the server closed the connection")
            self._waiting = self._splitter.feed(data)
        return self._waiting.pop(0)

    async def next(self) -> tuple[str, Values]:
        """The next message: name and values."""
        fields = split_fields(await self._payload())
        message = RESPONSES[int(fields[0])]
        self.received.append((message.name, decode(message, self.server_version, fields)))
        return self.received[-1]

    async def until(self, name: str, **values: Value) -> Values:
        """Read until a message of this name with these values."""
        while True:
            found, content = await self.next()
            if found == name and all(content.get(key) == value for key, value in values.items()):
                return content

    def stop_reading(self) -> None:
        """Leave everything that comes in the socket from now on."""
        transport = self.writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()

    async def is_closed(self) -> bool:
        """Read to the end of the stream; True when the server closed it."""
        try:
            while await asyncio.wait_for(self.reader.read(65536), TIMEOUT_S):
                pass
        except ConnectionError:
            return True
        return True

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            return
