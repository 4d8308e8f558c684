# SPDX-License-Identifier: Apache-2.0
"""Orders through ibapi: what became of one is put together from openOrder, orderStatus, execDetails and commissions."""

from typing import Any

from tests.clients.drivers.ibapi_waiting import Waiting, library
from tests.clients.drivers.talk import filled, plain


class Orders(Waiting):
    """Verbs of orders and executions."""

    def order(self, values: dict[str, Any]) -> Any:
        order = library("order").Order()
        if not self.modern:  # what every user of the old package has to do: TWS does not take these two any more
            order.eTradeOnly, order.firmQuoteOnly = "", ""
        conditions = values.get("conditions")
        return filled(order, {key: value for key, value in values.items() if key != "conditions" or conditions})

    def place(self, contract: dict[str, Any], order: dict[str, Any], until: list[str]) -> Any:
        number = self.bare(lambda: self.client.reqIds(1), ("nextValidId",), None)[-1]["orderId"]
        number = order.get("orderId") or number
        self.contracts[number], self.orders[number] = self.contract(contract), self.order(order)
        self.client.placeOrder(number, self.contracts[number], self.orders[number])
        return self._settled(number, until)

    def _statuses(self, number: int) -> list[str]:
        return [one["status"] for one in self.found("orderStatus", orderId=number)]

    def _fills(self, number: int) -> list[dict[str, Any]]:
        reports = {}
        for one in self.found("commissionReport", "commissionAndFeesReport"):
            report = one.get("commissionReport") or one["commissionAndFeesReport"]
            reports[report.execId] = plain(report)
        fills = {}
        for one in self.found("execDetails"):
            if one["execution"].orderId == number:
                execution = plain(one["execution"])
                report = reports.get(execution["execId"], {})
                paid = report.get("commission", report.get("commissionAndFees"))
                fills[execution["execId"]] = {
                    **execution,
                    **report,
                    "commission": paid,
                    "conId": one["contract"].conId,
                }
        return list(fills.values())

    def _settled(self, number: int, until: list[str]) -> Any:
        self.until(lambda: (self._statuses(number) or [""])[-1] in until)
        if self._statuses(number)[-1:] == ["Filled"]:
            quantity = float(self.orders[number].totalQuantity)
            self.until(
                lambda: (
                    sum(one["shares"] for one in self._fills(number)) >= quantity
                    and all(one["commission"] is not None for one in self._fills(number))
                )
            )
        return self._trade(number)

    def _trade(self, number: int) -> Any:
        statuses = self.found("orderStatus", orderId=number)
        opened = self.found("openOrder", orderId=number)
        return {
            "orderId": number,
            **(plain(statuses[-1]) if statuses else {"status": ""}),
            "order": plain(opened[-1]["order"]) if opened else {},
            "contract": plain(opened[-1]["contract"]) if opened else {},
            "fills": self._fills(number),
        }

    def modify(self, order_id: int, order: dict[str, Any], until: list[str]) -> Any:
        filled(self.orders[order_id], order)
        since = len(self.events)
        self.client.placeOrder(order_id, self.contracts[order_id], self.orders[order_id])
        self.until(
            lambda: any(
                all(getattr(one["order"], name) == value for name, value in order.items())
                for one in self.found("openOrder", since=since, orderId=order_id)
            )
        )
        return self._settled(order_id, until)

    def _send_cancel(self, number: int) -> None:
        if self.modern:
            self.client.cancelOrder(number, library("order_cancel").OrderCancel())
        else:
            self.client.cancelOrder(number)

    def cancel(self, order_id: int, until: list[str]) -> Any:
        self._send_cancel(order_id)
        self._wait_gone(order_id, until)
        return self._trade(order_id)

    def _wait_gone(self, number: int, until: list[str]) -> None:
        """An order that goes is also told of as 202, which is no refusal."""
        self.until(lambda: (self._statuses(number) or [""])[-1] in until)

    def cancel_unknown(self, order_id: int) -> Any:
        self._send_cancel(order_id)
        self.until(lambda: False)

    def global_cancel(self, order_ids: list[int]) -> Any:
        if self.modern:
            self.client.reqGlobalCancel(library("order_cancel").OrderCancel())
        else:
            self.client.reqGlobalCancel()
        for number in order_ids:
            self.errors.clear()
            self._wait_gone(number, ["Cancelled", "ApiCancelled"])
        return [self._statuses(number)[-1] for number in order_ids]

    def status(self, order_ids: list[int], until: list[str]) -> Any:
        for number in order_ids:
            self.errors.clear()
            self._wait_gone(number, until)
        return [self._statuses(number)[-1] for number in order_ids]

    def what_if(self, contract: dict[str, Any], order: dict[str, Any]) -> Any:
        number = self.bare(lambda: self.client.reqIds(1), ("nextValidId",), None)[-1]["orderId"]
        asked = filled(self.order(order), {"whatIf": True})
        since = len(self.events)
        self.client.placeOrder(number, self.contract(contract), asked)
        self.until(lambda: self.found("openOrder", since=since, orderId=number))
        found = self.found("openOrder", since=since, orderId=number)
        return found[-1]["orderState"] if found else None

    def open_orders(self, everyone: bool) -> Any:
        since = len(self.events)
        (self.client.reqAllOpenOrders if everyone else self.client.reqOpenOrders)()
        self.until(lambda: self.found("openOrderEnd", since=since))
        return [{**plain(one["orderState"]), **plain(one["order"])} for one in self.found("openOrder", since=since)]

    def auto_open_orders(self) -> Any:
        self.client.reqAutoOpenOrders(True)
        self.until(lambda: False)
        return "asked"

    def completed_orders(self) -> Any:
        found = self.bare(lambda: self.client.reqCompletedOrders(False), ("completedOrder",), "completedOrdersEnd")
        return [{**plain(one["orderState"]), **plain(one["order"])} for one in found]

    def executions(self, wanted: dict[str, Any]) -> Any:
        asked = filled(library("execution").ExecutionFilter(), wanted)
        found = self.request(lambda n: self.client.reqExecutions(n, asked), ("execDetails",), "execDetailsEnd")
        return [{**plain(one["execution"]), "symbol": one["contract"].symbol} for one in found]

    def exercise(self, contract: dict[str, Any], action: int, quantity: int, account: str, override: int) -> Any:
        asked = self.contract(contract)
        extra = ["", "", False] if self.modern else []
        self.request(
            lambda n: self.client.exerciseOptions(n, asked, action, quantity, account, override, *extra), (), "never"
        )
