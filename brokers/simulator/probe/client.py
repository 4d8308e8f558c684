# SPDX-License-Identifier: Apache-2.0
"""The probe's client: bare frames, everything in both directions kept, answers read by the simulator's own tables.

It refuses to say anything beyond START_API to a server whose accounts are not all paper accounts: the check is here,
in the one place that writes, not in the steps.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from brokers.simulator.protocol.frames import FrameError, FrameSplitter, frame, join_fields, split_fields
from brokers.simulator.protocol.language import decode, encode
from brokers.simulator.protocol.requests import REQUESTS
from brokers.simulator.protocol.responses import RESPONSES
from brokers.simulator.protocol.values import Value, Values, WireError
from terminal.clock import Clock
from terminal.errors import UserError

LOWEST: Final = 157
HIGHEST: Final = 176
PAPER_PREFIX: Final = "D"
_BY_NAME: Final = {message.name: message for message in REQUESTS.values()}
_CONNECT_S: Final = 5.0
_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Heard:
    """One message of the server. ``fault`` says why the table could not read it."""

    name: str
    fields: tuple[str, ...]
    values: Values
    fault: str = ""


@dataclass(slots=True)
class Transcript:
    """Both directions, in order, with seconds since the connection."""

    lines: list[dict[str, object]] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write JSON lines for this user alone: they name an account and what it holds. Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in self.lines)


class ProbeClient:
    """One connection to one server."""

    def __init__(self, clock: Clock, who: str) -> None:
        self._clock = clock
        self.who = who
        self.version = 0
        self.accounts: tuple[str, ...] = ()
        self.next_order_id = 0
        self.heard: list[Heard] = []
        self.transcript = Transcript()
        self.step = 0
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._splitter = FrameSplitter()
        self._news = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._began = clock.monotonic_ns()
        self._paper = False
        self.closed = False

    # ------------------------------------------------------------------ connection
    async def connect(self, host: str, port: int, client_id: int) -> None:
        """Shake hands and start the API.

        Raises UserError PRB-001 no server, PRB-002 no TWS, PRB-003 a live account.
        """
        try:
            self._reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), _CONNECT_S)
        except TimeoutError as error:
            raise UserError("PRB-001", f"Nothing answers on {host}:{port}.") from error
        except OSError as error:
            raise UserError("PRB-001", f"Nothing answers on {host}:{port}: {error.strerror or error}.") from error
        self._writer = writer
        hello = f"v{LOWEST}..{HIGHEST}".encode()
        writer.write(b"API\0" + frame(hello))
        self._note("out", "handshake", [hello.decode()])
        self._reading = asyncio.get_running_loop().create_task(self._read())
        await self.wait(lambda: self.version > 0 or self.closed, _CONNECT_S)
        if not LOWEST <= self.version <= HIGHEST:
            raise UserError("PRB-002", f"{host}:{port} did not answer the handshake of versions {LOWEST} to {HIGHEST}.")
        self._write("startApi", encode(_BY_NAME["startApi"], self.version, {"client_id": client_id}))
        await self.wait(lambda: bool(self.accounts) and self.next_order_id > 0, _CONNECT_S)
        self._check_paper(client_id)

    def _check_paper(self, client_id: int) -> None:
        if not self.accounts:
            errors = [each.values.get("message", "") for each in self.heard if each.name == "error"]
            raise UserError("PRB-002", f"The API did not start for client id {client_id}: {errors or 'no answer'}.")
        if not all(account.startswith(PAPER_PREFIX) for account in self.accounts):
            raise UserError(
                "PRB-003",
                "This login has a live account; the probe speaks to paper accounts (D...) only. Nothing was sent.",
            )
        self._paper = True

    async def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading

    # ------------------------------------------------------------------ out
    def send(self, name: str, **values: Value) -> None:
        """Send a request by its name. Raises UserError PRB-003 before the account was seen to be paper."""
        if not self._paper:
            raise UserError("PRB-003", "Nothing is sent before the account is known to be a paper account.")
        self._write(name, encode(_BY_NAME[name], self.version, values))

    def _write(self, name: str, fields: list[str]) -> None:
        if self._writer is None or self.closed:
            return
        self._note("out", name, fields)
        self._writer.write(frame(join_fields(fields, "utf-8")))

    def _note(self, direction: str, name: str, fields: list[str]) -> None:
        seconds = round((self._clock.monotonic_ns() - self._began) / _NS, 3)
        self.transcript.lines.append(
            {"s": seconds, "step": self.step, "dir": direction, "name": name, "fields": fields}
        )

    # ------------------------------------------------------------------ in
    async def _read(self) -> None:
        assert self._reader is not None
        try:
            while data := await self._reader.read(65536):
                for payload in self._splitter.feed(data):
                    self._one(split_fields(payload))
                self._news.set()
        except (ConnectionError, FrameError, WireError) as error:
            self._note("in", "unreadable", [str(error)])
        self.closed = True
        self._news.set()

    def _one(self, fields: list[str]) -> None:
        if not self.version:
            self.version = int(fields[0]) if fields[0].isdecimal() and len(fields) == 2 else -1
            self._note("in", "handshake", fields)
            return
        message = RESPONSES.get(int(fields[0])) if fields[0].isdecimal() and len(fields[0]) < 6 else None
        name = message.name if message is not None else f"message {fields[0][:20]}"
        self._note("in", name, fields)
        values: Values = {}
        fault = "" if message is not None else "no table has it"
        if message is not None:
            try:
                values = decode(message, self.version, fields)
            except WireError as error:
                fault = str(error)
        heard = Heard(name, tuple(fields), values, fault)
        self.heard.append(heard)
        if name == "managedAccounts":
            accounts = str(values.get("accounts", ""))
            self.accounts = tuple(part for part in accounts.split(",") if part)
        order_id = values.get("order_id")
        if name == "nextValidId" and isinstance(order_id, int):
            self.next_order_id = max(self.next_order_id, order_id)

    async def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is so, at most so long; return whether it is."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not condition():
            left = end - loop.time()
            if left <= 0 or self.closed:
                return condition()
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left)
        return True
