# SPDX-License-Identifier: Apache-2.0
"""A server over a still market, and real clients connected to it."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import SimClock
from tests.unit.simulator_wire.raw_client import RawClient
from tests.unit.simulator_wire.still_market import START_NS, StillMarket

if TYPE_CHECKING:
    from ib_insync import IB

Connect = Callable[[int], Awaitable["IB"]]
ConnectRaw = Callable[..., Awaitable[RawClient]]


@pytest.fixture
def market() -> StillMarket:
    return StillMarket()


@pytest.fixture
def clock() -> SimClock:
    return SimClock(START_NS)


@pytest.fixture
async def server(market: StillMarket, clock: SimClock, tmp_path: Path) -> AsyncIterator[SimulatedTws]:
    options = ServerOptions(speed=0, history=tmp_path / "history.jsonl")
    tws = SimulatedTws(market, clock, options)
    await tws.start()
    yield tws
    await tws.stop()


@pytest.fixture
async def ib_insync() -> ModuleType:
    """The library, imported inside the running loop because eventkit takes the loop at import."""
    loop = asyncio.get_running_loop()
    asyncio.set_event_loop(loop)
    library = importlib.import_module("ib_insync")
    importlib.import_module("eventkit.util").__dict__["main_event_loop"] = loop
    return library


@pytest.fixture
async def connect(server: SimulatedTws, ib_insync: ModuleType) -> AsyncIterator[Connect]:
    """Connect ib_insync with a client id; every client is disconnected afterwards."""
    clients: list[IB] = []

    async def connect_client(client_id: int) -> "IB":
        client: IB = ib_insync.IB()
        clients.append(client)
        await client.connectAsync(*server.address, clientId=client_id, timeout=5)
        return client

    yield connect_client
    for client in clients:
        client.disconnect()
    await asyncio.sleep(0)


@pytest.fixture
async def connect_raw(server: SimulatedTws) -> AsyncIterator[ConnectRaw]:
    """Connect with bare frames, to send what no library would."""
    clients: list[RawClient] = []

    async def connect_client(client_id: int | None = None, versions: str = "v157..176") -> RawClient:
        client = await RawClient.open(*server.address)
        clients.append(client)
        await client.handshake(versions)
        if client_id is not None:
            await client.start(client_id)
        return client

    yield connect_client
    for client in clients:
        await client.close()
