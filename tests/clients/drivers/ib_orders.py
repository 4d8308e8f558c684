# SPDX-License-Identifier: Apache-2.0
"""Orders through the IB object: placed, changed, cancelled, listed."""

import asyncio
from typing import Any

from tests.clients.drivers.ib_waiting import GRACE_S, Waiting
from tests.clients.drivers.talk import filled, plain


class Orders(Waiting):
    """Verbs of orders and executions."""

    async def place(self, contract: dict[str, Any], order: dict[str, Any], until: list[str]) -> Any:
        asked = filled(self.library.Order(), order)
        trade = self.ib.placeOrder(self.contract(contract), asked)
        self.trades[trade.order.orderId] = trade
        return await self._settled(trade, until)

    async def _settled(self, trade: Any, until: list[str]) -> Any:
        await self.until(lambda: trade.orderStatus.status in until)
        if trade.orderStatus.status == "Filled":
            await self.until(lambda: sum(fill.execution.shares for fill in trade.fills) >= trade.orderStatus.filled)
            await self.until(lambda: all(fill.commissionReport.execId for fill in trade.fills))
        await asyncio.sleep(GRACE_S)
        return self._trade(trade)

    @staticmethod
    def _trade(trade: Any) -> Any:
        return {
            "orderId": trade.order.orderId,
            **plain(trade.orderStatus),
            "order": plain(trade.order),
            "contract": plain(trade.contract),
            "fills": [
                {**plain(fill.execution), **plain(fill.commissionReport), "conId": fill.contract.conId}
                for fill in trade.fills
            ],
        }

    async def modify(self, order_id: int, order: dict[str, Any], until: list[str]) -> Any:
        trade = self.trades[order_id]
        filled(trade.order, order)
        self.ib.placeOrder(trade.contract, trade.order)
        return await self._settled(trade, until)

    async def cancel(self, order_id: int, until: list[str]) -> Any:
        trade = self.trades[order_id]
        self.ib.client.cancelOrder(order_id, "")
        await self.until(lambda: trade.orderStatus.status in until)
        return self._trade(trade)

    async def cancel_unknown(self, order_id: int) -> Any:
        self.ib.client.cancelOrder(order_id, "")
        await self.until(lambda: False)

    async def global_cancel(self, order_ids: list[int]) -> Any:
        self.ib.reqGlobalCancel()
        gone = ("Cancelled", "ApiCancelled")
        trades = [self.trades[order_id] for order_id in order_ids]
        await self.until(lambda: all(trade.orderStatus.status in gone for trade in trades))
        return [trade.orderStatus.status for trade in trades]

    async def status(self, order_ids: list[int], until: list[str]) -> Any:
        trades = [self.trades[order_id] for order_id in order_ids]
        self.stopped.clear()
        await self.until(lambda: all(trade.orderStatus.status in until for trade in trades))
        return [trade.orderStatus.status for trade in trades]

    async def what_if(self, contract: dict[str, Any], order: dict[str, Any]) -> Any:
        return await self.answer(self.ib.whatIfOrderAsync(self.contract(contract), filled(self.library.Order(), order)))

    async def open_orders(self, everyone: bool) -> Any:
        request = self.ib.reqAllOpenOrdersAsync if everyone else self.ib.reqOpenOrdersAsync
        trades = await self.answer(request())
        return [{**plain(trade.orderStatus), **plain(trade.order)} for trade in trades or []]

    async def auto_open_orders(self) -> Any:
        self.ib.reqAutoOpenOrders(True)
        await asyncio.sleep(GRACE_S)
        return "asked"

    async def completed_orders(self) -> Any:
        trades = await self.answer(self.ib.reqCompletedOrdersAsync(False))
        return [{**plain(trade.orderStatus), **plain(trade.order)} for trade in trades or []]

    async def executions(self, wanted: dict[str, Any]) -> Any:
        fills = await self.answer(self.ib.reqExecutionsAsync(filled(self.library.ExecutionFilter(), wanted)))
        return [{**plain(fill.execution), "symbol": fill.contract.symbol} for fill in fills or []]

    async def exercise(self, contract: dict[str, Any], action: int, quantity: int, account: str, override: int) -> Any:
        self.ib.exerciseOptions(self.contract(contract), action, quantity, account, override)
        await self.until(lambda: False)
