# SPDX-License-Identifier: Apache-2.0
"""A scripted TWS for faults: real sockets, any bytes, answers by table. Not a market: see the simulator for that."""

import asyncio
from collections.abc import Callable, Sequence

Answer = Callable[[list[str]], Sequence[Sequence[object]]]


def frame(*fields: object) -> bytes:
    payload = "".join(f"{field}\0" for field in fields).encode()
    return len(payload).to_bytes(4, "big") + payload


class FakeTws:
    """Accepts one client after the other; records what they say, answers by ``answers`` (message id -> messages)."""

    def __init__(self) -> None:
        self.version = "176"
        self.accounts = "DU1234567,"
        self.next_id = 1
        self.greet = True
        self.start = True
        self.greeting: bytes | None = None
        self.on_start: list[bytes] = []
        """Frames sent instead of the ids, when not empty."""
        self.epoch_s = 1_700_000_000
        self.answers: dict[str, Answer] = {
            "49": lambda _: [(49, 1, self.epoch_s)],
            "61": lambda _: [(62, 1)],
            "6": lambda f: [(6, 2, "NetLiquidation", "250000.00", "USD", f[3]), (54, 1, f[3])],
            "16": lambda _: [(53, 1)],
            "99": lambda _: [(102,)],
            "7": lambda f: [(55, 1, f[2])],
        }
        self.listening = asyncio.Event()
        """Cleared: the server no longer reads what the client sends."""
        self.listening.set()
        self.received: list[list[str]] = []
        self.times: list[float] = []
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._changed = asyncio.Event()

    # ------------------------------------------------------------ life
    async def listen(self, port: int = 0) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self.reset_connection()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self._writer = writer
        self._wake()
        try:
            await self._talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()
            self._wake()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(4)
        await self._read(reader)
        if self.greeting is not None:
            writer.write(self.greeting)
        elif self.greet:
            writer.write(frame(self.version, "20240105 09:30:00 EST"))
        while True:
            await self.listening.wait()
            fields = (await self._read(reader)).decode().split("\0")[:-1]
            self.received.append(fields)
            self.times.append(asyncio.get_running_loop().time())
            self._wake()
            if fields[0] == "71" and self.start:
                writer.write(b"".join(self.on_start) or frame(15, 1, self.accounts) + frame(9, 1, self.next_id))
            answer = self.answers.get(fields[0])
            for message in answer(fields) if answer else ():
                writer.write(frame(*message))

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        size = int.from_bytes(await reader.readexactly(4), "big")
        return await reader.readexactly(size)

    # ------------------------------------------------------------ speaking
    def send(self, *fields: object) -> None:
        self.send_bytes(frame(*fields))

    def send_bytes(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(data)

    def reset_connection(self) -> None:
        """Cut the client off without a goodbye."""
        if self._writer is not None:
            self._writer.transport.abort()

    # ------------------------------------------------------------ listening
    def _wake(self) -> None:
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def all(self, kind: int) -> list[list[str]]:
        return [fields for fields in self.received if fields[0] == str(kind)]

    async def request(self, kind: int, count: int = 1) -> list[str]:
        """Wait for the ``count``-th message of a kind and return it."""
        await self.until(lambda: len(self.all(kind)) >= count)
        return self.all(kind)[count - 1]
