# SPDX-License-Identifier: Apache-2.0
"""`tiller simulate` as a process with its control port, and a client that keeps every byte it was sent."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from brokers.simulator.protocol import requests
from brokers.simulator.protocol.frames import FrameSplitter, frame, join_fields, split_fields
from brokers.simulator.protocol.language import Message, encode
from brokers.simulator.protocol.values import Value

TIMEOUT_S = 60.0
VERSION = 176
_OPENED: list[asyncio.StreamWriter] = []


async def dial(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect; `hang_up` closes it."""
    reader, writer = await asyncio.open_connection(host, port, limit=16 * 1024 * 1024)
    _OPENED.append(writer)
    return reader, writer


async def hang_up() -> None:
    """Close everything that was dialled."""
    while _OPENED:
        writer = _OPENED.pop()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@dataclass(slots=True)
class Control:
    """Speaks to a control port."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    token: str

    @classmethod
    async def open(cls, host: str, port: int, token: str) -> "Control":
        return cls(*await dial(host, port), token)

    async def ask(self, do: str, **more: object) -> dict[str, Any]:
        self.writer.write(json.dumps({"token": self.token, "do": do, **more}).encode() + b"\n")
        answer: dict[str, Any] = json.loads(await asyncio.wait_for(self.reader.readline(), TIMEOUT_S))
        return answer

    async def done(self, do: str, **more: object) -> dict[str, Any]:
        answer = await self.ask(do, **more)
        assert answer["ok"], answer
        return answer

    async def until(self, what: str) -> dict[str, Any]:
        """Ask for the status until something of it is so."""
        for _ in range(100_000):
            status = await self.done("status")
            if status[what]:
                return status
        raise AssertionError(f"it never became {what}")


class Listener:
    """A client of bare frames; `transcript` is all that the server ever sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.transcript = bytearray()
        self._splitter = FrameSplitter()
        self._waiting: list[list[str]] = []

    @classmethod
    async def connect(cls, host: str, port: int, client_id: int) -> "Listener":
        made = cls(*await dial(host, port))
        made.writer.write(b"API\0" + frame(f"v157..{VERSION}".encode()))
        await made.next()
        made.fields("71", "2", str(client_id), "")
        await made.until("4", code="2158")
        return made

    def fields(self, *fields: str) -> None:
        self.writer.write(frame(join_fields(list(fields), "utf-8")))

    def send(self, message: Message, /, **values: Value) -> None:
        self.fields(*encode(message, VERSION, values))

    async def next(self) -> list[str]:
        while not self._waiting:
            data = await asyncio.wait_for(self.reader.read(65536), TIMEOUT_S)
            assert data, "the server closed the connection"
            self.transcript += data
            self._waiting = [split_fields(payload) for payload in self._splitter.feed(data)]
        return self._waiting.pop(0)

    async def until(self, message_id: str, *, code: str = "") -> list[str]:
        while True:
            found = await self.next()
            if found[0] == message_id and (not code or code in found):
                return found

    async def barrier(self) -> None:
        """Wait until everything that was asked is answered."""
        self.send(requests.REQ_CURRENT_TIME)
        await self.until("49")


@dataclass(slots=True)
class Simulator:
    """A running process."""

    process: asyncio.subprocess.Process
    said: dict[str, Any]
    control: Control

    @property
    def address(self) -> tuple[str, int]:
        return str(self.said["listening"]["host"]), int(self.said["listening"]["port"])


@asynccontextmanager
async def simulator(*arguments: str, hash_seed: str = "0") -> AsyncIterator[Simulator]:
    """Start `simulate --control` with these arguments; it is ended by quit, at the latest by a kill."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "brokers.simulator.main", "--control", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), TIMEOUT_S)
        if not line:
            assert process.stderr is not None
            raise AssertionError((await process.stderr.read()).decode())
        said = json.loads(line)
        control = await Control.open(said["control"]["host"], said["control"]["port"], said["control"]["token"])
        yield Simulator(process, said, control)
        await control.ask("quit")
        _, errors = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
        assert process.returncode == 0, errors.decode()
        assert errors == b"", errors.decode()
    finally:
        await hang_up()
        if process.returncode is None:
            process.kill()
            await process.communicate()
