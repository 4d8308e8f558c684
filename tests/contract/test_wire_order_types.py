# SPDX-License-Identifier: Apache-2.0
"""Order types, conditions and combinations through the real client: what was sent comes back, and is done."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import LiveClock
from terminal.simulation.exchange_port import SimOrder
from terminal.simulation.factory import open_exchange
from terminal.simulation.trading_days import NS
from tests.conftest import AllowLogs
from tests.contract.wire_fixtures import World
from tests.unit.simulation.floor_case import order as sim_order

AAPL, GME = 265598, 36285627


@pytest.fixture
async def world() -> AsyncIterator[World]:
    one = World()
    await one.server.start()
    yield one
    await one.stop()


def note_codes(ib: Any) -> list[tuple[int, int]]:
    """Collect (request id, code) of everything that is told as an error."""
    codes: list[tuple[int, int]] = []

    def note(req_id: int, code: int, text: str, contract: object) -> None:
        del text, contract
        codes.append((req_id, code))

    ib.errorEvent += note
    return codes


async def qualified(world: World, ib: Any, contract: Any) -> Any:
    asked = ib.qualifyContractsAsync(contract)
    (found,) = await asked
    return found


async def test_a_vertical_is_one_order_with_an_execution_as_a_whole_and_one_per_leg(world: World) -> None:
    ib: Any = await world.client(1)
    library: Any = world.library
    stock = await qualified(world, ib, library.Stock("AAPL", "SMART", "USD"))
    (chain, *_) = await ib.reqSecDefOptParamsAsync("AAPL", "", "STK", stock.conId)
    spot = world.server.exchange.top(AAPL).last
    low, high = sorted(sorted(chain.strikes, key=lambda strike: abs(strike - spot))[:2])
    legs = [
        await qualified(world, ib, library.Option("AAPL", sorted(chain.expirations)[3], strike, "C", "SMART"))
        for strike in (low, high)
    ]
    bag = library.Contract(
        symbol="AAPL", secType="BAG", exchange="SMART", currency="USD",
        comboLegs=[
            library.ComboLeg(conId=leg.conId, ratio=1, action=action, exchange="SMART")
            for leg, action in zip(legs, ("BUY", "SELL"), strict=True)
        ],
    )  # fmt: skip
    ticket = library.LimitOrder("BUY", 2, 2.5, orderRef="T1-V", tif="DAY")
    ticket.smartComboRoutingParams = [library.TagValue("NonGuaranteed", "0")]
    trade = ib.placeOrder(bag, ticket)
    await world.until(lambda: trade.orderStatus.status == "Filled" and len(trade.fills) >= 3)
    assert trade.filled() == 2
    kinds = sorted({fill.contract.secType for fill in trade.fills})
    assert kinds == ["BAG", "OPT"]
    await world.until(
        lambda: all(fill.commissionReport.execId for fill in trade.fills if fill.contract.secType == "OPT")
    )
    whole = [fill.execution for fill in trade.fills if fill.contract.secType == "BAG"]
    assert sum(one.shares for one in whole) == 2
    assert all(0 < one.price <= 2.5 for one in whole)
    assert {item.contract.conId: item.position for item in ib.positions()} == {legs[0].conId: 2, legs[1].conId: -2}
    other: Any = await world.client(2)
    resting = ib.placeOrder(bag, library.LimitOrder("BUY", 1, -20.0, orderRef="T1-W", tif="GTC"))
    await world.until(lambda: resting.orderStatus.status == "Submitted")
    await other.reqAllOpenOrdersAsync()
    (seen,) = other.openTrades()
    assert [leg.conId for leg in seen.contract.comboLegs] == [leg.conId for leg in legs]
    assert (seen.contract.secType, seen.order.lmtPrice) == ("BAG", -20.0)
    preview = await ib.whatIfOrderAsync(bag, library.LimitOrder("BUY", 1, 2.0, tif="DAY"))
    assert float(preview.commission) > 0


async def test_conditions_and_times_come_back_as_they_were_sent(world: World) -> None:
    ib: Any = await world.client(1)
    library: Any = world.library
    stock = await qualified(world, ib, library.Stock("AAPL", "SMART", "USD"))
    ticket = library.LimitOrder("BUY", 10, 100.0, orderRef="T1-C", tif="GTD")
    ticket.goodTillDate = "20250306 15:00:00 US/Eastern"
    ticket.goodAfterTime = "20250304 10:30:00 US/Eastern"
    ticket.conditions = [
        library.PriceCondition(conId=AAPL, exch="SMART", isMore=True, price=500.5, triggerMethod=2, conjunction="o"),
        library.TimeCondition(isMore=True, time="20250305 10:00:00 US/Eastern", conjunction="a"),
        library.VolumeCondition(conId=AAPL, exch="SMART", isMore=True, volume=10**9, conjunction="a"),
        library.PercentChangeCondition(conId=AAPL, exch="SMART", isMore=False, changePercent=-20.5, conjunction="a"),
        library.MarginCondition(isMore=False, percent=5, conjunction="a"),
        library.ExecutionCondition(secType="STK", exch="SMART", symbol="IBM", conjunction="o"),
    ]
    ticket.conditionsIgnoreRth = True
    trade = ib.placeOrder(stock, ticket)
    await world.until(lambda: trade.orderStatus.status == "PreSubmitted")
    other: Any = await world.client(2)
    await other.reqAllOpenOrdersAsync()
    (seen,) = other.openTrades()
    assert seen.order.conditions == ticket.conditions
    assert (seen.order.goodTillDate, seen.order.goodAfterTime) == (ticket.goodTillDate, ticket.goodAfterTime)
    assert seen.order.conditionsIgnoreRth is True
    assert seen.order.conditionsCancelOrder is False


async def test_attributes_of_resting_orders_come_back(world: World) -> None:
    ib: Any = await world.client(1)
    library: Any = world.library
    stock = await qualified(world, ib, library.Stock("AAPL", "SMART", "USD"))
    tickets: list[Any] = [library.LimitOrder("BUY", 200, 100.0, tif="GTC", orderRef=f"T1-{n}") for n in range(3)]
    tickets[0].displaySize = 50
    tickets[1].hidden = True
    tickets[2].allOrNone = True
    tickets.append(library.Order(action="BUY", totalQuantity=10, orderType="TRAIL LIMIT", auxPrice=5.0,
                                 trailStopPrice=400.0, lmtPriceOffset=0.5, tif="GTC", triggerMethod=4))  # fmt: skip
    tickets.append(library.Order(action="BUY", totalQuantity=10, orderType="REL", auxPrice=0.02, lmtPrice=150.0,
                                 tif="DAY"))  # fmt: skip
    trades = [ib.placeOrder(stock, ticket) for ticket in tickets]
    await world.until(lambda: all(trade.orderStatus.status in {"Submitted", "PreSubmitted"} for trade in trades))
    other: Any = await world.client(2)
    await other.reqAllOpenOrdersAsync()
    seen = [trade.order for trade in sorted(other.openTrades(), key=lambda trade: trade.order.orderId)]
    assert [(one.displaySize, one.hidden, one.allOrNone) for one in seen[:3]] == [
        (50, False, False), (0, True, False), (0, False, True),
    ]  # fmt: skip
    assert (seen[3].orderType, seen[3].lmtPriceOffset, seen[3].triggerMethod) == ("TRAIL LIMIT", 0.5, 4)
    assert (seen[4].orderType, seen[4].auxPrice, seen[4].lmtPrice) == ("REL", 0.02, 150.0)
    # TWS's own words, sent back, change nothing but what was changed.
    again = tickets[3]
    again.totalQuantity = 20
    ib.placeOrder(stock, again)
    await world.until(lambda: world.truth.orders()[-2].order.quantity == 20)


async def test_a_scarce_share_is_held_and_says_so(world: World, allow_logs: AllowLogs) -> None:
    allow_logs("ib_insync.wrapper")
    ib: Any = await world.client(1)
    codes = note_codes(ib)
    stock = await qualified(world, ib, world.library.Stock("GME", "SMART", "USD"))
    trade = ib.placeOrder(stock, world.library.MarketOrder("SELL", 100, tif="DAY"))
    await world.until(lambda: (trade.order.orderId, 404) in codes)
    assert (trade.orderStatus.status, trade.orderStatus.whyHeld) == ("PreSubmitted", "locate")
    await world.until(lambda: trade.orderStatus.status == "Filled", step=5)


async def test_everything_is_cancelled_for_every_client_and_account() -> None:
    world = World()
    two = open_exchange(seed=1, accounts=("DU9000001", "DU9000002"))
    world.server = SimulatedTws(two, LiveClock(), ServerOptions(speed=0))
    await world.server.start()
    first: Any = await world.client(1)
    second: Any = await world.client(2)
    accounts = world.server.exchange.accounts
    stock = await qualified(world, first, world.library.Stock("AAPL", "SMART", "USD"))
    trades = [
        ib.placeOrder(stock, world.library.LimitOrder("BUY", 1, 100.0, tif="GTC", account=account))
        for ib in (first, second)
        for account in accounts
    ]
    await world.until(lambda: all(trade.orderStatus.status == "Submitted" for trade in trades))
    first.reqGlobalCancel()
    await world.until(lambda: all(trade.orderStatus.status == "Cancelled" for trade in trades))
    assert not world.server.exchange.open_orders()
    await world.stop()


async def test_client_zero_binds_what_was_made_by_hand(world: World) -> None:
    by_hand: SimOrder = sim_order("BUY", 5, "LMT", limit_price=100.0, tif="GTC", order_ref="")
    world.server.exchange.place(by_hand)
    other: Any = await world.client(4)
    await other.reqAllOpenOrdersAsync()
    assert [trade.order.orderId for trade in other.openTrades()] == [0]
    zero: Any = await world.client(0)
    await zero.reqOpenOrdersAsync()
    (trade,) = zero.openTrades()
    assert trade.order.orderId == -2
    zero.cancelOrder(trade.order)
    await world.until(lambda: not world.server.exchange.open_orders())


async def test_a_lost_race_is_told_as_an_error_of_the_order(world: World, allow_logs: AllowLogs) -> None:
    allow_logs("ib_insync.wrapper")
    ib: Any = await world.client(1)
    codes = note_codes(ib)
    stock = await qualified(world, ib, world.library.Stock("AAPL", "SMART", "USD"))
    ticket = world.library.LimitOrder("BUY", 10, 1000.0, tif="DAY")
    trade = ib.placeOrder(stock, ticket)
    await world.until(lambda: trade.orderStatus.status == "PreSubmitted", step=0.001)
    ticket.totalQuantity = 20
    ib.placeOrder(stock, ticket)  # still on its way when the first request fills
    await world.until(lambda: (ticket.orderId, 104) in codes or trade.filled() in {10, 20})
    exchange = world.server.exchange
    exchange.advance_to(exchange.now_ns() + NS)
    (state,) = exchange.completed_orders()
    assert state.filled == state.order.quantity
