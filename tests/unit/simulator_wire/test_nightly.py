# SPDX-License-Identifier: Apache-2.0
"""The nightly restart: what comes back, what is lost, and ids that go back."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from brokers.simulator.nightly import nightly_restart
from brokers.simulator.protocol import requests_orders as orders
from brokers.simulator.protocol.values import Value
from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import SimClock
from terminal.simulation.factory import open_exchange
from terminal.simulation.market import Market
from tests.unit.simulator_wire.conftest import ConnectRaw
from tests.unit.simulator_wire.raw_client import RawClient
from tests.unit.simulator_wire.test_orders import ORDER


@pytest.fixture
def exchange() -> Market:
    return open_exchange()


@pytest.fixture
async def server(exchange: Market) -> AsyncIterator[SimulatedTws]:
    tws = SimulatedTws(exchange, SimClock(exchange.now_ns()), ServerOptions(speed=0))
    await tws.start()
    yield tws
    await tws.stop()


async def send(client: RawClient, server: SimulatedTws, order_id: int, **changes: Value) -> None:
    client.send(orders.PLACE_ORDER, **{**ORDER, "order_id": order_id, "limit_price": Decimal(150), **changes})
    for _ in range(60):
        await asyncio.sleep(0)
        server.pump.step(0.1)


def next_id(client: RawClient) -> int:
    found = next(values["order_id"] for name, values in client.received if name == "nextValidId")
    assert isinstance(found, int)
    return found


async def test_resting_orders_come_back_and_untransmitted_ones_are_gone(
    connect_raw: ConnectRaw, server: SimulatedTws, exchange: Market
) -> None:
    client = await connect_raw(1)
    await send(client, server, 1)
    await send(client, server, 2, order_type="MKT", limit_price=None)
    await send(client, server, 3, transmit=False)
    await send(client, server, 4, order_type="MKT", limit_price=None)
    await client.close()
    await asyncio.sleep(0)
    assert len(nightly_restart(exchange, server.ids, ids_back=3)) == 1
    for _ in range(10):
        server.pump.step(0.1)
    again = await connect_raw(1)
    assert next_id(again) == 2  # 5 - 3; 1 still lives
    again.received.clear()
    again.send(orders.REQ_OPEN_ORDERS)
    await again.until("openOrderEnd")
    assert [values["order_id"] for name, values in again.received if name == "openOrder"] == [1]
    assert exchange.positions("DU9000001")[0].quantity == 200
    again.send(orders.REQ_EXECUTIONS, req_id=9)
    await again.until("execDetailsEnd", req_id=9)
    assert len([name for name, _ in again.received if name == "execDetails"]) == 2


async def test_an_id_that_is_issued_again_is_a_new_order(
    connect_raw: ConnectRaw, server: SimulatedTws, exchange: Market
) -> None:
    client = await connect_raw(1)
    await send(client, server, 1, order_type="MKT", limit_price=None)
    await client.close()
    await asyncio.sleep(0)
    nightly_restart(exchange, server.ids, ids_back=1)
    again = await connect_raw(1)
    assert next_id(again) == 1
    await send(again, server, 1)
    states = [state for state in server.truth.orders() if state.order.order_id == 1]
    assert [state.status for state in states] == ["Filled", "Submitted"]
    assert len({state.perm_id for state in states}) == 2


async def test_ids_never_go_back_to_a_living_order(
    connect_raw: ConnectRaw, server: SimulatedTws, exchange: Market
) -> None:
    client = await connect_raw(1)
    await send(client, server, 7)
    await client.close()
    await asyncio.sleep(0)
    nightly_restart(exchange, server.ids, ids_back=100)
    assert next_id(await connect_raw(1)) == 8
