# SPDX-License-Identifier: Apache-2.0
"""Exercise by the real client: nothing is said on acceptance, the morning's positions show it."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import SimClock
from terminal.simulation.exchange_port import SimOrder
from terminal.simulation.factory import open_exchange
from terminal.simulation.market import Market
from tests.conftest import AllowLogs
from tests.unit.simulator_wire.conftest import Connect
from tests.unit.simulator_wire.waiting import eventually, note_errors

AAPL, ACCOUNT = 265598, "DU9000001"


@pytest.fixture
def exchange() -> Market:
    return open_exchange()


@pytest.fixture
async def server(exchange: Market) -> AsyncIterator[SimulatedTws]:
    tws = SimulatedTws(exchange, SimClock(exchange.now_ns()), ServerOptions(speed=0))
    await tws.start()
    yield tws
    await tws.stop()


def deep_call(exchange: Market) -> int:
    spot = exchange.mark(AAPL)
    chain = exchange.find(symbol="AAPL", sec_type="OPT", expiry="20250321", right="C")
    return min(chain, key=lambda item: abs(float(item.strike or 0) - spot + 25)).broker_id or 0


async def test_an_exercise_is_silent_and_shows_in_the_morning(
    connect: Connect, server: SimulatedTws, exchange: Market, allow_logs: AllowLogs
) -> None:
    allow_logs("ib_insync.wrapper")
    con_id = deep_call(exchange)
    exchange.place(SimOrder(account=ACCOUNT, con_id=con_id, action="BUY", quantity=Decimal(3), order_type="MKT"))
    server.pump.step(30.0)
    ib = await connect(1)
    errors, known = note_errors(ib), len(ib.fills())
    held = {one.contract.conId: one for one in ib.positions()}
    assert held[con_id].position == 3
    option = held[con_id].contract
    option.exchange = "SMART"
    ib.exerciseOptions(option, 1, 2, ACCOUNT, 0)
    ib.exerciseOptions(option, 1, 9, ACCOUNT, 0)  # more than are held
    await eventually(lambda: [code for _, code in errors] == [321])
    assert {one.contract.conId: one.position for one in ib.positions()} == {con_id: 3}
    day = exchange.source.calendar.day(0)
    server.pump.step((day.end_ns - exchange.now_ns()) / 1e9 - 1.0)
    assert {one.contract.conId: one.position for one in ib.positions()} == {con_id: 3}
    server.pump.step(2.0)
    await eventually(lambda: {one.contract.conId: one.position for one in ib.positions()} == {con_id: 1, AAPL: 200})
    shares = next(one for one in ib.positions() if one.contract.conId == AAPL)
    assert shares.avgCost == pytest.approx(option.strike + held[con_id].avgCost / 100, rel=1e-6)
    assert len(ib.fills()) == known
