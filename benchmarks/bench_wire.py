# SPDX-License-Identifier: Apache-2.0
"""The simulated TWS's wire by itself: its encoder against the decoder of a client, and level 1 end to end.

The encoder is compared with ib_insync's decoder over the same level 1 messages, because a server that writes slower
than its client reads would be the measure of the client. End to end is one server process with one client that only
counts: quotes of thirty stocks change, the desk tells what changed, the bytes leave by one socket.
"""

import asyncio
import importlib
import socket
import statistics
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from benchmarks.harness import Row, alternate, compared
from brokers.simulator.protocol import responses_data
from brokers.simulator.protocol.language import encode
from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import LiveClock
from terminal.model.enums import AssetClass
from terminal.simulation.factory import open_exchange

LEAST_MESSAGES_PER_S: Final = 100_000
_LINES: Final = 30
_VERSION: Final = 176
_READY: Final = b"2158"


class _Deaf:
    """A wrapper that hears every callback and does nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_arguments, **_named: None


def _messages(count: int) -> list[tuple[Any, dict[str, Any]]]:
    """Level 1 as it comes: prices, sizes and now and then a text."""
    found: list[tuple[Any, dict[str, Any]]] = []
    for number in range(count):
        line, price = 1000 + number % 100, 230.0 + number % 977 / 100
        match number % 5:
            case 0 | 1:
                values = {"req_id": line, "tick_type": 1 + number % 5, "price": price, "size": 100 + number % 9}
                found.append((responses_data.TICK_PRICE, values))
            case 2 | 3:
                values = {"req_id": line, "tick_type": 3 * (number % 5 - 2), "size": 200 + number % 7}
                found.append((responses_data.TICK_SIZE, values))
            case _:
                stamp: dict[str, Any] = {"req_id": line, "tick_type": 45, "value": str(1_741_100_000 + number)}
                found.append((responses_data.TICK_STRING, stamp))
    return found


def _encoder(rounds: int, count: int) -> list[tuple[float, float]]:
    """Microseconds per message: ours from values to fields, theirs from fields to values."""
    messages = _messages(count)
    fields = [encode(message, _VERSION, values) for message, values in messages]
    decoder = importlib.import_module("ib_insync.decoder").Decoder(_Deaf(), _VERSION)

    def ours() -> float:
        start = time.process_time()
        for message, values in messages:
            encode(message, _VERSION, values)
        return (time.process_time() - start) / count * 1e6

    def theirs() -> float:
        start = time.process_time()
        for each in fields:
            decoder.interpret(each)
        return (time.process_time() - start) / count * 1e6

    return alternate(ours, theirs, rounds)


# ------------------------------------------------------------------ end to end


class _Counter(threading.Thread):
    """A client that subscribes to lines and then only counts the frames that come."""

    def __init__(self, port: int, con_ids: list[int]) -> None:
        super().__init__(daemon=True)
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.con_ids = con_ids
        self.loop = asyncio.get_running_loop()
        self.ready = asyncio.Event()
        self.frames = 0

    def _send(self, *fields: object) -> None:
        payload = ("\0".join(map(str, fields)) + "\0").encode()
        self.socket.sendall(struct.pack(">I", len(payload)) + payload)

    def run(self) -> None:
        versions = b"v157..176"
        self.socket.sendall(b"API\0" + struct.pack(">I", len(versions)) + versions)
        self.socket.recv(4096)
        self._send(71, 2, 1, "")
        for number, con_id in enumerate(self.con_ids):
            self._send(1, 11, number, con_id, "", "", "", 0, "", "", "SMART", "", "", "", "", 0, "", 0, 0, "")
        self._send(49, 1)
        rest = b""
        while chunk := self.socket.recv(1 << 20):
            rest += chunk
            place = 0
            while len(rest) - place >= 4:
                (length,) = struct.unpack_from(">I", rest, place)
                if len(rest) - place < 4 + length:
                    break
                if rest.startswith(b"49\0", place + 4):
                    self.loop.call_soon_threadsafe(self.ready.set)
                place += 4 + length
                self.frames += 1
            rest = rest[place:]


async def _end_to_end(turns: int) -> float:
    """Messages per second of the server's processor time."""
    exchange = open_exchange(seed=1)
    server = SimulatedTws(exchange, LiveClock(), ServerOptions(speed=0))
    _, port = await server.start()
    stocks = [one.broker_id or 0 for one in exchange.instruments() if one.asset_class is AssetClass.STOCK][:_LINES]
    counter = _Counter(port, stocks)
    counter.start()
    await counter.ready.wait()
    tops = [exchange.top(con_id) for con_id in stocks]
    before, start = counter.frames, time.thread_time()
    for turn in range(turns):
        for top in tops:
            server.on_top(replace(top, bid_size=100.0 + turn % 9, ask_size=100.0 + turn % 7, last_size=turn % 5 + 1.0))
        server.pump.step(0)
        await asyncio.sleep(0)
    await server.stop()
    spent = time.thread_time() - start
    counter.join(5)
    return (counter.frames - before) / spent


def measure(*, quick: bool) -> list[Row]:
    pairs = _encoder(3 if quick else 7, 20_000 if quick else 100_000)
    rates = [asyncio.run(_end_to_end(300 if quick else 2000)) for _ in range(2 if quick else 5)]
    rate = statistics.median(rates)
    return [
        compared("a level 1 message encoded, against ib_insync's decoder", pairs, unit="us",
                 reference_name="ib_insync decodes", most_ratio=1.0),
        Row(name="level 1 end to end, one socket, one core", unit="messages/s", ours=rate,
            goal=f">= {LEAST_MESSAGES_PER_S:,} messages/s", met=rate >= LEAST_MESSAGES_PER_S,
            note=f"{_LINES} stocks, processor time of the server's thread"),
    ]  # fmt: skip
