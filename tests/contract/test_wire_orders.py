# SPDX-License-Identifier: Apache-2.0
"""Orders on the real market over the wire: fills, brackets, refusals, restart; judged by the market's own books."""

from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.conftest import AllowLogs
from tests.contract.wire_fixtures import AAPL, World

ACCOUNT = "DU9000001"


async def test_a_market_order_fills_and_every_figure_agrees(world: World) -> None:
    ib: Any = await world.client(1)
    stock = world.library.Stock("AAPL", "SMART", "USD")
    cash = world.truth.cash(ACCOUNT)
    trade = ib.placeOrder(stock, world.library.MarketOrder("BUY", 700, orderRef="T1-A"))
    await world.until(lambda: trade.orderStatus.status == "Filled" and trade.fills[-1].commissionReport.commission)
    assert world.truth.accepted() == {"T1-A": 1}
    assert world.truth.filled("T1-A") == Decimal(700) == Decimal(str(trade.filled()))
    assert world.truth.positions(ACCOUNT) == {AAPL: Decimal(700)}
    spent = sum(
        Decimal(str(fill.execution.price)) * Decimal(str(fill.execution.shares))
        + Decimal(str(fill.commissionReport.commission))
        for fill in trade.fills
    )
    assert cash - world.truth.cash(ACCOUNT) == pytest.approx(spent, abs=Decimal("0.01"))
    await world.until(lambda: ib.positions() and ib.portfolio())
    assert ib.positions()[0].position == 700
    assert [fill.execution.permId for fill in trade.fills] == [trade.order.permId] * len(trade.fills)
    assert len({fill.execution.execId for fill in trade.fills}) == len(trade.fills)


async def test_a_bracket_lives_and_dies_together(world: World) -> None:
    ib: Any = await world.client(1)
    stock = world.library.Stock("AAPL", "SMART", "USD")
    line = ib.reqMktData(stock)
    await world.until(lambda: line.bid > 0)
    bracket = ib.bracketOrder("BUY", 100, line.ask + 0.5, line.ask + 40, line.bid - 40)
    orders = [(order, round(order.lmtPrice, 2)) for order in bracket if order.orderType == "LMT"]
    for order, price in orders:
        order.lmtPrice = price
    bracket.stopLoss.auxPrice = round(bracket.stopLoss.auxPrice, 2)
    parent, target, stop = [ib.placeOrder(stock, order) for order in bracket]
    await world.until(lambda: parent.orderStatus.status == "Filled")
    await world.until(lambda: target.orderStatus.status == "Submitted")
    assert stop.orderStatus.status == "PreSubmitted"
    assert (target.order.parentId, stop.orderStatus.parentId) == (parent.order.orderId, parent.order.orderId)
    ib.cancelOrder(target.order)
    await world.until(lambda: target.orderStatus.status == "Cancelled")
    ib.reqGlobalCancel()
    await world.until(lambda: stop.orderStatus.status == "Cancelled")
    assert world.truth.positions(ACCOUNT) == {AAPL: Decimal(100)}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lmtPrice": 200.005}, 110),
        ({"orderType": "PEG MID"}, 387),
        ({"algoStrategy": "Twap"}, 442),
        ({"totalQuantity": 1_000_000}, 201),
        ({"tif": "GTD"}, 334),
        ({"totalQuantity": 0.5}, 10243),
    ],
)
async def test_what_the_market_does_not_do_is_refused_with_ibkrs_code(
    world: World, changes: dict[str, object], code: int, allow_logs: AllowLogs
) -> None:
    allow_logs("ib_insync.wrapper")
    ib: Any = await world.client(1)
    codes: list[int] = []

    def note(req_id: int, found: int, text: str, contract: object) -> None:
        del req_id, text, contract
        codes.append(found)

    ib.errorEvent += note
    order = world.library.LimitOrder("BUY", 100, 200.0, orderRef="T1-R")
    for name, value in changes.items():
        setattr(order, name, value)
    ib.placeOrder(world.library.Stock("AAPL", "SMART", "USD"), order)
    await world.until(lambda: codes)
    assert codes == [code]
    assert world.truth.accepted() == {}


async def test_orders_positions_and_ids_are_there_after_a_restart() -> None:
    first = World()
    await first.server.start()
    ib: Any = await first.client(3)
    stock = first.library.Stock("AAPL", "SMART", "USD")
    bought = ib.placeOrder(stock, first.library.MarketOrder("BUY", 50, orderRef="T1-B"))
    resting = ib.placeOrder(stock, first.library.LimitOrder("SELL", 50, 400, tif="GTC", orderRef="T1-C"))
    await first.until(lambda: bought.orderStatus.status == "Filled" and resting.orderStatus.status == "Submitted")
    now_ns = first.server.exchange.now_ns()
    state = first.server.dump_state()
    perm_id = resting.order.permId
    await first.stop()

    second = World(state=state)
    await second.server.start()
    assert second.server.exchange.now_ns() == now_ns
    again: Any = await second.client(3)
    (trade,) = again.openTrades()
    assert (trade.order.permId, trade.order.orderId, trade.order.orderRef) == (
        perm_id,
        resting.order.orderId,
        "T1-C",
    )
    assert [position.position for position in again.positions()] == [50]
    assert [fill.execution.orderRef for fill in again.fills()] == ["T1-B"]
    assert again.client.getReqId() > resting.order.orderId
    trade.order.lmtPrice = 390.0  # a recovered order can be changed, with all that TWS told about it
    again.placeOrder(trade.contract, trade.order)
    await second.until(lambda: second.truth.orders()[-1].order.limit_price == 390.0)
    again.cancelOrder(trade.order)
    await second.until(lambda: trade.orderStatus.status == "Cancelled")
    assert second.truth.accepted() == {"T1-B": 1, "T1-C": 1}
    await second.stop()


async def test_the_same_seed_gives_the_same_fills() -> None:
    prices = []
    for _ in range(2):
        world = World(seed=5)
        await world.server.start()
        ib: Any = await world.client(1)
        trade = ib.placeOrder(world.library.Stock("TSLA", "SMART", "USD"), world.library.MarketOrder("SELL", 900))
        await world.until(partial(_filled, trade))
        prices.append([(fill.execution.price, fill.execution.shares) for fill in trade.fills])
        await world.stop()
    assert prices[0] == prices[1]


def _filled(trade: Any) -> bool:
    return bool(trade.orderStatus.status == "Filled")
