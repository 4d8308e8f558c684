# SPDX-License-Identifier: Apache-2.0
"""The real client reads and writes every long message at every server version at which a layout changed."""

from types import ModuleType
from typing import Any

import pytest

from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import SimClock
from tests.unit.simulator_wire.still_market import AAPL, START_NS, S, StillMarket
from tests.unit.simulator_wire.test_account_history_reference import bar
from tests.unit.simulator_wire.waiting import eventually

VERSIONS = [157, 159, 160, 162, 163, 164, 165, 166, 169, 170, 174, 175, 176]


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_library_understands_every_dialect(
    market: StillMarket, clock: SimClock, ib_insync: ModuleType, version: int
) -> None:
    server = SimulatedTws(market, clock, ServerOptions(speed=0, server_version=version))
    await server.start()
    ib: Any = ib_insync.IB()
    await ib.connectAsync(*server.address, clientId=1, timeout=10)
    assert ib.client.serverVersion() == version
    ib.TimezoneTWS = "US/Eastern"  # before version 174 times carry no zone
    try:
        await _live_a_day(ib, ib_insync, market)
    finally:
        ib.disconnect()
        await server.stop()


async def _live_a_day(ib: Any, library: ModuleType, market: StillMarket) -> None:
    stock = library.Stock("AAPL", "SMART", "USD")
    (details,) = await ib.reqContractDetailsAsync(stock)
    assert (details.contract.conId, details.timeZoneId, details.stockType) == (AAPL, "US/Eastern", "COMMON")
    market.recorded = [bar(START_NS - 60 * S, 236.2)]
    (one,) = await ib.reqHistoricalDataAsync(stock, "", "600 S", "1 min", "TRADES", False, 2)
    assert (one.close, one.volume) == (236.2, 5000)
    state = await ib.whatIfOrderAsync(stock, library.LimitOrder("BUY", 100, 236.1))
    assert float(state.initMarginAfter) == 11_805.5
    order = library.LimitOrder("BUY", 100, 236.1, orderRef="T1-D", outsideRth=True, tif="GTC")
    trade = ib.placeOrder(stock, order)
    await eventually(lambda: trade.orderStatus.status == "Submitted")
    placed = market.states[order.permId].order
    assert (placed.order_ref, placed.outside_rth, placed.tif, placed.attributes) == ("T1-D", True, "GTC", {})
    market.fill(order.permId, 100, 236.1)
    await eventually(lambda: trade.orderStatus.status == "Filled" and trade.fills)
    assert trade.fills[0].execution.time.timestamp() == START_NS // S
    (completed,) = await ib.reqCompletedOrdersAsync(False)
    assert (completed.order.orderRef, completed.order.filledQuantity) == ("T1-D", 100)
    (open_now,) = await _open_orders_after_a_stop(ib, library, stock)
    assert (open_now.order.auxPrice, open_now.orderStatus.status) == (230.0, "Submitted")
    samples = await ib.reqMatchingSymbolsAsync("MSF")
    assert [sample.contract.symbol for sample in samples] == ["MSFT"]


async def _open_orders_after_a_stop(ib: Any, library: ModuleType, stock: Any) -> Any:
    trade = ib.placeOrder(stock, library.StopOrder("SELL", 100, 230.0))
    await eventually(lambda: trade.orderStatus.status == "Submitted")
    return await ib.reqAllOpenOrdersAsync()
