# SPDX-License-Identifier: Apache-2.0
"""IBKR's limits over the wire, on the real market: which code, what is refused, who is cut off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from brokers.simulator.protocol import requests, requests_orders
from brokers.simulator.protocol.frames import frame
from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import SimClock
from terminal.simulation.factory import open_exchange
from tests.faults.process import Listener, hang_up

AAPL = 265598


@asynccontextmanager
async def server() -> AsyncIterator[tuple[SimulatedTws, SimClock]]:
    exchange = open_exchange(seed=1)
    clock = SimClock(exchange.now_ns())
    tws = SimulatedTws(exchange, clock, ServerOptions(speed=0))
    await tws.start()
    try:
        yield tws, clock
    finally:
        await hang_up()
        await tws.stop()


async def codes(client: Listener, clock: SimClock) -> list[str]:
    """Return the errors of everything asked so far, and let two seconds of the clock pass."""
    clock.advance(2.0)
    client.send(requests.REQ_CURRENT_TIME)
    found: list[str] = []
    while (fields := await client.next())[0] != "49":
        if fields[0] == "4" and not fields[3].startswith("21"):
            found.append(fields[3])
    clock.advance(2.0)
    return found


async def test_the_third_breach_ends_the_connection() -> None:
    async with server() as (tws, clock):
        client = await Listener.connect(*tws.address, 1)
        clock.advance(2.0)
        for _ in range(2):
            assert await a_second_too_busy(client) >= 1
            clock.advance(2.0)
        with pytest.raises((AssertionError, ConnectionError)):
            await a_second_too_busy(client)


async def a_second_too_busy(client: Listener) -> int:
    """Ask 55 things at once; return how many were answered with error 100."""
    for _ in range(55):
        client.send(requests.REQ_CURRENT_TIME)
    answered = errors = 0
    while answered + errors < 55:
        fields = await client.next()
        answered += fields[0] == "49"
        errors += fields[0] == "4" and fields[3] == "100"
    return errors


async def test_a_client_that_asks_for_pace_is_slowed_down() -> None:
    async with server() as (tws, clock):
        client = Listener(*await asyncio.open_connection(*tws.address))
        client.writer.write(b"API\0" + frame(b"v157..176 +PACEAPI"))
        await client.next()
        client.fields("71", "2", "1", "")
        await client.until("4", code="2158")
        for _ in range(170):
            client.send(requests.REQ_CURRENT_TIME)
        answered = 0
        for _ in range(200):
            clock.advance(0.1)
            await asyncio.sleep(0)
        while answered < 170:
            fields = await asyncio.wait_for(_next(client, clock), 30)
            assert fields[0] != "4" or fields[3] != "100"
            answered += fields[0] == "49"
        client.writer.close()


async def _next(client: Listener, clock: SimClock) -> list[str]:
    task = asyncio.ensure_future(client.next())
    while not task.done():
        clock.advance(0.1)
        await asyncio.wait({task}, timeout=0.01)
    return await task


async def test_small_bars_in_a_hurry() -> None:
    async with server() as (tws, clock):
        client = await Listener.connect(*tws.address, 1)
        for number in range(8):
            client.send(
                requests.REQ_HISTORICAL_DATA, req_id=100 + number, symbol="AAPL", sec_type="STK", exchange="SMART",
                currency="USD", end="", bar_size="5 secs", duration=f"{600 + number} S", what_to_show="TRADES",
                use_rth=False, format_date=2,
            )  # fmt: skip
        assert "162" in await codes(client, clock)


async def test_twenty_active_orders_on_one_side_of_a_contract() -> None:
    async with server() as (tws, clock):
        client = await Listener.connect(*tws.address, 1)
        refused: list[str] = []
        for number in range(1, 23):
            client.send(
                requests_orders.PLACE_ORDER, order_id=number, con_id=AAPL, exchange="SMART", action="BUY",
                total_quantity=Decimal(1), order_type="LMT", limit_price=Decimal(100), tif="GTC", open_close="O",
                transmit=True,
            )  # fmt: skip
            refused += await codes(client, clock)
        assert refused == ["201", "201"]
        assert len(tws.exchange.open_orders()) == 20
