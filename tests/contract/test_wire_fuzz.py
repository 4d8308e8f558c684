# SPDX-License-Identifier: Apache-2.0
"""Random requests against the whole server on the real market: each is answered or served, none breaks it."""

import asyncio
import random
from collections.abc import Mapping
from decimal import Decimal

import pytest

from brokers.simulator.protocol.language import Field, Literal, Repeat, Rows, Series, passes, plan
from brokers.simulator.protocol.requests import REQ_CURRENT_TIME, REQUESTS, START_API
from brokers.simulator.protocol.values import Kind, Value, Values
from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import SimClock
from terminal.simulation.factory import open_exchange
from tests.unit.simulator_wire.raw_client import RawClient

ROUNDS = 3000
_TEXTS = ("", "AAPL", "SMART", "STK", "OPT", "FUT", "CASH", "USD", "C", "BUY", "SELL", "LMT", "MKT", "TRAIL", "GTC")
_MORE = (
    "1 D",
    "1 min",
    "TRADES",
    "BID_ASK",
    "AllLast",
    "20250304-15:00:00",
    "233",
    "All",
    "é\\",
    "x" * 300,
    "DU9000001",
)
_POOLS: Mapping[Kind, tuple[Value, ...]] = {
    Kind.INTEGER: (None, 0, 1, 2, 5, 7, 99, -1, 265598, 756733, 12087792, 2**31 - 2, -(2**31)),
    Kind.FLOAT: (None, 0.0, 0.25, 100.0, 240.0, 1e-9, 1e300, -5.0),
    Kind.DECIMAL: (None, Decimal(0), Decimal("240.01"), Decimal("1e30"), Decimal(-3), Decimal("Infinity")),
    Kind.SIZE: (None, Decimal(0), Decimal(100), Decimal("0.5"), Decimal(-1), Decimal("Infinity"), Decimal("1e30")),
    Kind.FLAG: (None, True, False),
    Kind.TEXT: _TEXTS + _MORE,
    Kind.TAGS: (None, {"a": "b"}),
}


def _values(chance: random.Random, rows: Rows, version: int, density: float) -> Values:
    values: Values = {}
    _fill(chance, rows, version, values, density)
    return values


def _fill(chance: random.Random, rows: Rows, version: int, values: Values, density: float) -> None:
    for row in plan(rows, version):
        match row:
            case Literal():
                pass
            case Field():
                values[row.name] = chance.choice(_POOLS[row.kind]) if chance.random() < density else row.default
            case Repeat():
                count = chance.choice((0, 1, 2)) if density else 0
                values[row.name] = [_values(chance, row.rows, version, density) for _ in range(count)]
            case Series():
                values[row.name] = [chance.choice(_POOLS[row.kind])]
            case _:
                if passes(row, values):
                    _fill(chance, row.rows, version, values, density)


def _plausible(chance: random.Random, values: Values) -> Values:
    """Half of the requests name a contract that exists, so that they get past the first check."""
    if "con_id" in values and chance.random() < 0.6:
        values |= {"con_id": 265598, "sec_type": "STK", "exchange": "SMART", "primary_exchange": ""}
        values |= {name: False for name in ("delta_neutral_contract",) if name in values}
    if "action" in values and chance.random() < 0.7:
        values |= {"action": "BUY", "total_quantity": Decimal(100), "account": "", "tif": "DAY"}
        values |= {"order_type": "LMT", "limit_price": Decimal("240.01"), "order_id": chance.randrange(10**6)}
    return values


@pytest.mark.parametrize("versions", ["v100..157", "v157..176"])
async def test_random_requests_never_break_the_server(versions: str) -> None:
    chance = random.Random(7)
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    clock = SimClock(0)
    server = SimulatedTws(open_exchange(seed=3), clock, ServerOptions(speed=0))
    await server.start()
    client = await RawClient.open(*server.address)
    try:
        await client.handshake(versions)
        await client.start(1)
        messages = [message for message in REQUESTS.values() if message not in (START_API, REQ_CURRENT_TIME)]
        for number in range(ROUNDS):
            message = messages[number % len(messages)]
            density = chance.choice((0.0, 0.05, 0.5))
            values = _plausible(chance, _values(chance, message.rows, client.server_version, density))
            client.send(message, **values)
            client.send(REQ_CURRENT_TIME)
            try:
                await client.until("currentTime")
            except ConnectionError:
                pytest.fail(f"{message.name} {values} ended the connection: {faults}")
            clock.advance(0.1)
            server.pump.step(0.05)
            assert not faults, (message.name, values, faults)
    finally:
        await client.close()
        await server.stop()
    assert {name for name, _ in client.received} >= {"error", "contractDetails", "tickPrice", "openOrder"}
