# SPDX-License-Identifier: Apache-2.0
"""From the bytes of a market order to the bytes of its fill, over a loopback socket, without simulated latency.

Server and client share one event loop, so the figure holds both sides. Orders go out below the server's rate limit;
between them the market lives: quotes and prints of thirty stocks are streamed to the same client.
"""

import asyncio
import struct
import time
from decimal import Decimal
from typing import Final

from benchmarks.harness import Row, limited, percentile, told
from brokers.simulator.protocol import requests, requests_orders
from brokers.simulator.protocol.frames import FrameSplitter, frame, join_fields, split_fields
from brokers.simulator.protocol.language import Message, encode
from brokers.simulator.protocol.values import Value
from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import LiveClock
from terminal.model.enums import AssetClass
from terminal.simulation.factory import open_exchange

MOST_P99_MS: Final = 5.0
_WATCHED: Final = 30
_PAUSE_S: Final = 0.03
_EXECUTION: Final = "11"
_VERSION: Final = 176


class _Client:
    """Bare frames: sends an order and waits for the execution that names it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._splitter = FrameSplitter()
        self._fills: dict[str, asyncio.Future[int]] = {}

    async def begin(self) -> None:
        hello = f"v157..{_VERSION}".encode()
        self._writer.write(b"API\0" + struct.pack(">I", len(hello)) + hello)
        await self._reader.read(1024)
        self._writer.write(frame(join_fields(["71", "2", "7", ""])))

    def send(self, message: Message, /, **values: Value) -> None:
        self._writer.write(frame(join_fields(encode(message, _VERSION, values))))

    async def read(self) -> None:
        while data := await self._reader.read(1 << 16):
            now = time.perf_counter_ns()
            for payload in self._splitter.feed(data):
                if payload.startswith(b"11\0"):
                    waiting = self._fills.pop(split_fields(payload)[2], None)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(now)

    async def round_trip(self, order_id: int, con_id: int, action: str) -> float:
        """Return milliseconds from the write of an order to the arrival of its execution."""
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._fills[str(order_id)] = done
        start = time.perf_counter_ns()
        self.send(
            requests_orders.PLACE_ORDER, order_id=order_id, con_id=con_id, exchange="SMART", action=action,
            total_quantity=Decimal(1), order_type="MKT", tif="DAY", order_ref="bench",
        )  # fmt: skip
        return (await asyncio.wait_for(done, 10) - start) / 1e6


async def _round_trips(count: int) -> list[float]:
    exchange = open_exchange(seed=1)
    exchange.desk.latency.least_ms = exchange.desk.latency.spread_ms = 0
    server = SimulatedTws(exchange, LiveClock(), ServerOptions(speed=1))
    address = await server.start()
    client = _Client(*await asyncio.open_connection(*address))
    await client.begin()
    reading = asyncio.ensure_future(client.read())
    stocks = [one for one in exchange.instruments() if one.asset_class is AssetClass.STOCK][:_WATCHED]
    for number, one in enumerate(stocks, start=1):
        client.send(requests.REQ_MKT_DATA, req_id=number, con_id=one.broker_id or 0, exchange="SMART")
        await asyncio.sleep(_PAUSE_S)
    taken: list[float] = []
    for number in range(1, count + 1):
        action = "BUY" if number % 2 else "SELL"
        taken.append(await client.round_trip(number, stocks[0].broker_id or 0, action))
        await asyncio.sleep(_PAUSE_S)
    reading.cancel()
    await server.stop()
    return taken


def measure(*, quick: bool) -> list[Row]:
    taken = asyncio.run(_round_trips(150 if quick else 1000))
    return [
        limited("market order to its fill over a socket, 99 %", percentile(taken, 99), unit="ms", below=MOST_P99_MS,
                note=f"{len(taken)} orders, {_WATCHED} stocks streaming"),
        told("market order to its fill over a socket, median", percentile(taken, 50), unit="ms"),
    ]  # fmt: skip
