# SPDX-License-Identifier: Apache-2.0
"""Drives IBKR's own ibapi (old or new) through EClient's methods and EWrapper's callbacks.

Every callback is written down with its parameters by name; a verb sends one request and reads what was written.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from tests.clients.drivers.ibapi_orders import Orders
from tests.clients.drivers.ibapi_waiting import library
from tests.clients.drivers.talk import book_of, filled, plain, serve

PRICES = {
    1: "bid", 2: "ask", 4: "last", 6: "high", 7: "low", 9: "close", 14: "open", 37: "markPrice",
    66: "bid", 67: "ask", 68: "last", 72: "high", 73: "low", 75: "close", 76: "open",
    15: "low13week", 16: "high13week", 17: "low26week", 18: "high26week", 19: "low52week", 20: "high52week",
}  # fmt: skip
SIZES = {
    0: "bidSize", 3: "askSize", 5: "lastSize", 8: "volume", 21: "avVolume", 27: "callOpenInterest",
    28: "putOpenInterest", 29: "callVolume", 30: "putVolume", 86: "futuresOpenInterest", 87: "avOptionVolume",
    69: "bidSize", 70: "askSize", 71: "lastSize", 74: "volume", 89: "shortableShares",
}  # fmt: skip
GENERICS = {
    23: "histVolatility", 24: "impliedVolatility", 46: "shortable", 49: "halted", 54: "tradeCount", 55: "tradeRate",
    56: "volumeRate", 58: "rtHistVolatility", 90: "halted",
}  # fmt: skip
GREEKS = {10: "bidGreeks", 11: "askGreeks", 12: "lastGreeks", 13: "modelGreeks"}
STRINGS = {
    32: "bidExchange", 33: "askExchange", 45: "lastTimestamp", 48: "rtVolume", 59: "dividends", 84: "lastExchange",
    88: "lastTimestamp",
}  # fmt: skip
CALLS = {"tickPrice": PRICES, "tickSize": SIZES, "tickGeneric": GENERICS, "tickString": STRINGS}


class Driver(Orders):
    """One connection."""

    # ------------------------------------------------------------------ session
    def connect(self, host: str, port: int, client_id: int) -> Any:
        (self.client.setConnectOptions if self.modern else self.client.setConnectionOptions)("+PACEAPI")
        self.client.connect(host, port, client_id)
        threading.Thread(target=self.client.run, daemon=True).start()
        try:
            ready = self.until(lambda: self.found("nextValidId") and self.found("managedAccounts"))
        except TimeoutError:
            ready = False
        if not ready:
            return {"connected": False, "reason": "refused"}
        self.until(lambda: {2104, 2106, 2158} <= {code for code, _ in self.errors})
        return {
            "connected": True,
            "version": self.client.serverVersion(),
            "accounts": [name for name in self.found("managedAccounts")[-1]["accountsList"].split(",") if name],
            "nextId": self.found("nextValidId")[-1]["orderId"],
        }

    def disconnect(self) -> Any:
        self.client.disconnect()
        return bool(self.client.isConnected())

    def current_time(self) -> Any:
        return self.bare(self.client.reqCurrentTime, ("currentTime",), None)[0]["time"]

    def user_info(self) -> Any:
        self.request(self.client.reqUserInfo, ("userInfo",), None)
        return "answered"

    def next_id(self) -> Any:
        before = self.found("nextValidId")[-1]["orderId"]
        return [before, self.bare(lambda: self.client.reqIds(1), ("nextValidId",), None)[-1]["orderId"]]

    def managed_accounts(self) -> Any:
        return self.bare(self.client.reqManagedAccts, ("managedAccounts",), None)[-1]["accountsList"]

    # ------------------------------------------------------------------ reference
    def contract_details(self, contract: dict[str, Any]) -> Any:
        asked = self.contract(contract)
        found = self.request(
            lambda n: self.client.reqContractDetails(n, asked), ("contractDetails",), "contractDetailsEnd"
        )
        return [one["contractDetails"] for one in found]

    def matching_symbols(self, pattern: str) -> Any:
        found = self.request(lambda n: self.client.reqMatchingSymbols(n, pattern), ("symbolSamples",), None)
        return found[0]["contractDescriptions"] if found else []

    def option_parameters(self, symbol: str, sec_type: str, con_id: int) -> Any:
        name = "securityDefinitionOptionParameter"
        return self.request(
            lambda n: self.client.reqSecDefOptParams(n, symbol, "", sec_type, con_id), (name,), f"{name}End"
        )

    def market_rule(self, rule_id: int) -> Any:
        found = self.bare(lambda: self.client.reqMarketRule(rule_id), ("marketRule",), None)
        return found[0]["priceIncrements"] if found else None

    def depth_exchanges(self) -> Any:
        found = self.bare(self.client.reqMktDepthExchanges, ("mktDepthExchanges",), None)
        return found[0]["depthMktDataDescriptions"]

    def smart_components(self, exchange: str) -> Any:
        found = self.request(lambda n: self.client.reqSmartComponents(n, exchange), ("smartComponents",), None)
        return found[0]["smartComponentMap"] if found else None

    def scanner(self, code: str, instrument: str, location: str, rows: int) -> Any:
        wanted = filled(
            library("scanner").ScannerSubscription(),
            {"instrument": instrument, "locationCode": location, "scanCode": code, "numberOfRows": rows},
        )
        found = self.request(
            lambda n: self.client.reqScannerSubscription(n, wanted, [], []), ("scannerData",), "scannerDataEnd"
        )
        if not self.refused():
            self.client.cancelScannerSubscription(self.next_request)
        return found

    def display_groups(self) -> Any:
        return self.request(self.client.queryDisplayGroups, ("displayGroupList",), None)[0]["groups"]

    def display_group_events(self, group: int, contract: str) -> Any:
        found = self.request(lambda n: self.client.subscribeToGroupEvents(n, group), ("displayGroupUpdated",), None)
        if self.refused():
            return found
        number = self.next_request
        self.client.updateDisplayGroup(number, contract)
        self.until(lambda: len(self.found("displayGroupUpdated", reqId=number)) > 1)
        self.client.unsubscribeFromGroupEvents(number)
        return [one["contractInfo"] for one in self.found("displayGroupUpdated", reqId=number)]

    # ------------------------------------------------------------------ market data
    def _ticker(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, values in tuple(self.events):
            if values.get("reqId") != number:
                continue
            if name in CALLS and values["tickType"] in CALLS[name]:
                value = values.get("price", values.get("size", values.get("value")))
                found[CALLS[name][values["tickType"]]] = plain(value)
            elif name == "tickOptionComputation" and values["tickType"] in GREEKS:
                found[GREEKS[values["tickType"]]] = plain(values)
            elif name == "marketDataType":
                found["marketDataType"] = values["marketDataType"]
            elif name == "tickReqParams":
                found |= {key: plain(values[key]) for key in ("minTick", "bboExchange", "snapshotPermissions")}
        return found

    def market_data(
        self,
        contract: dict[str, Any],
        until: list[str],
        generics: str = "",
        data_type: int = 0,
        regulatory: bool = False,
    ) -> Any:
        if data_type:
            self.client.reqMarketDataType(data_type)
        self.next_request += 1
        number = self.next_request
        self.client.reqMktData(number, self.contract(contract), generics, False, regulatory, [])
        if self.until(lambda: set(until) <= set(self._ticker(number))):
            self.client.cancelMktData(number)
        return self._ticker(number)

    def snapshot(self, contract: dict[str, Any]) -> Any:
        asked = self.contract(contract)
        self.request(lambda n: self.client.reqMktData(n, asked, "", True, False, []), (), "tickSnapshotEnd")
        return self._ticker(self.next_request)

    def tick_by_tick(self, contract: dict[str, Any], kind: str, want: int, past: int = 0) -> Any:
        asked = self.contract(contract)
        names = ("tickByTickAllLast", "tickByTickBidAsk", "tickByTickMidPoint", "historicalTicksLast")
        found = self.request(
            lambda n: self.client.reqTickByTickData(n, asked, kind, past, False), names, None, want if not past else 1
        )
        if not self.refused():
            self.client.cancelTickByTickData(self.next_request)
        ticks: list[Any] = []
        for one in found:
            ticks += one.get("ticks", [one])
        return ticks

    def depth(self, contract: dict[str, Any], rows: int, smart: bool, changes: int) -> Any:
        asked = self.contract(contract)
        names = ("updateMktDepth", "updateMktDepthL2")
        found = self.request(lambda n: self.client.reqMktDepth(n, asked, rows, smart, []), names, None, changes)
        if not self.refused():
            self.client.cancelMktDepth(self.next_request, smart)
        return book_of(plain(found))

    def calculate(self, contract: dict[str, Any], under: float, price: float = 0, volatility: float = 0) -> Any:
        asked, client = self.contract(contract), self.client

        def send(number: int) -> None:
            if price:
                client.calculateImpliedVolatility(number, asked, price, under, [])
            else:
                client.calculateOptionPrice(number, asked, volatility, under, [])

        found = self.request(send, ("tickOptionComputation",), None)
        if found:
            (client.cancelCalculateImpliedVolatility if price else client.cancelCalculateOptionPrice)(self.next_request)
        return found[0] if found else None

    # ------------------------------------------------------------------ history
    def bars(
        self,
        contract: dict[str, Any],
        duration: str,
        size: str,
        what: str = "TRADES",
        end: str = "",
        rth: bool = True,
        format_date: int = 2,
    ) -> Any:
        asked = self.contract(contract)
        found = self.request(
            lambda n: self.client.reqHistoricalData(
                n, asked, end, duration, size, what, int(rth), format_date, False, []
            ),
            ("historicalData",),
            "historicalDataEnd",
        )
        return [one["bar"] for one in found]

    def growing_bars(self, contract: dict[str, Any], duration: str, size: str, updates: int, bars: int) -> Any:
        asked = self.contract(contract)
        found = self.request(
            lambda n: self.client.reqHistoricalData(n, asked, "", duration, size, "TRADES", 0, 2, True, []),
            ("historicalData",),
            "historicalDataEnd",
        )
        number = self.next_request
        dates = {one["bar"].date for one in found}

        def fresh() -> list[Any]:
            return [one["bar"] for one in self.found("historicalDataUpdate", reqId=number)]

        self.until(lambda: len(fresh()) >= updates and len({bar.date for bar in fresh()} - dates) >= bars)
        self.client.cancelHistoricalData(number)
        grown = {one["bar"].date: one["bar"] for one in found} | {bar.date: bar for bar in fresh()}
        new = len({bar.date for bar in fresh()} - dates)
        return {"bars": list(grown.values()), "updates": len(fresh()), "new": new}

    def real_time_bars(self, contract: dict[str, Any], what: str, want: int, size: int = 5) -> Any:
        asked = self.contract(contract)
        found = self.request(
            lambda n: self.client.reqRealTimeBars(n, asked, size, what, False, []), ("realtimeBar",), None, want
        )
        if not self.refused():
            self.client.cancelRealTimeBars(self.next_request)
        return found

    def head(self, contract: dict[str, Any], what: str = "TRADES") -> Any:
        asked = self.contract(contract)
        found = self.request(lambda n: self.client.reqHeadTimeStamp(n, asked, what, 1, 2), ("headTimestamp",), None)
        if not found:
            return None
        self.client.cancelHeadTimeStamp(self.next_request)
        return int(found[0]["headTimestamp"])

    def ticks(
        self, contract: dict[str, Any], what: str, count: int, start: str = "", end: str = "", rth: bool = False
    ) -> Any:
        asked = self.contract(contract)
        names = ("historicalTicks", "historicalTicksBidAsk", "historicalTicksLast")
        found = self.request(
            lambda n: self.client.reqHistoricalTicks(n, asked, start, end, count, what, int(rth), False, []),
            names,
            None,
        )
        return found[0]["ticks"] if found else []

    def schedule(self, contract: dict[str, Any], days: int) -> Any:
        asked = self.contract(contract)
        found = self.request(
            lambda n: self.client.reqHistoricalData(n, asked, "", f"{days} D", "1 day", "SCHEDULE", 1, 2, False, []),
            ("historicalSchedule",),
            None,
        )
        return found[0] if found else None

    # ------------------------------------------------------------------ account
    def account_summary(self, account: str) -> Any:
        del account
        found = self.request(
            lambda n: self.client.reqAccountSummary(n, "All", "NetLiquidation,BuyingPower,TotalCashValue"),
            ("accountSummary",),
            "accountSummaryEnd",
        )
        self.client.cancelAccountSummary(self.next_request)
        return found

    def account_values(self, account: str) -> Any:
        found = self.bare(
            lambda: self.client.reqAccountUpdates(True, account), ("updateAccountValue",), "accountDownloadEnd"
        )
        return [{**one, "tag": one["key"], "value": one["val"], "account": one["accountName"]} for one in found]

    def account_multi(self, account: str) -> Any:
        found = self.request(
            lambda n: self.client.reqAccountUpdatesMulti(n, account, "", False),
            ("accountUpdateMulti",),
            "accountUpdateMultiEnd",
        )
        self.client.cancelAccountUpdatesMulti(self.next_request)
        return [{**one, "tag": one["key"]} for one in found]

    def positions(self) -> Any:
        found = self.bare(self.client.reqPositions, ("position",), "positionEnd")
        self.client.cancelPositions()
        return found

    def positions_multi(self, account: str) -> Any:
        found = self.request(
            lambda n: self.client.reqPositionsMulti(n, account, ""), ("positionMulti",), "positionMultiEnd"
        )
        self.client.cancelPositionsMulti(self.next_request)
        return found

    def portfolio(self, account: str) -> Any:
        found = self.bare(
            lambda: self.client.reqAccountUpdates(True, account), ("updatePortfolio",), "accountDownloadEnd"
        )
        return [{**one, "account": one["accountName"]} for one in found]

    def pnl(self, account: str) -> Any:
        found = self.request(lambda n: self.client.reqPnL(n, account, ""), ("pnl",), None)
        if found:
            self.client.cancelPnL(self.next_request)
        return found[0] if found else None

    def pnl_single(self, account: str, con_id: int) -> Any:
        found = self.request(lambda n: self.client.reqPnLSingle(n, account, "", con_id), ("pnlSingle",), None)
        if found:
            self.client.cancelPnLSingle(self.next_request)
        return found[0] if found else None

    # ------------------------------------------------------------------ what IBKR refuses here
    def refused_by_name(self, what: str, contract: dict[str, Any]) -> Any:
        client, asked = self.client, self.contract(contract)
        sends: dict[str, Callable[[int], None]] = {
            "newsProviders": lambda _: client.reqNewsProviders(),
            "newsArticle": lambda n: client.reqNewsArticle(n, "BRFG", "BRFG$1", []),
            "historicalNews": lambda n: client.reqHistoricalNews(n, asked.conId, "BRFG", "", "", 5, []),
            "newsBulletins": lambda _: client.reqNewsBulletins(True),
            "fundamentalData": lambda n: client.reqFundamentalData(n, asked, "ReportSnapshot", []),
            "financialAdvisor": lambda _: client.requestFA(1),
            "histogram": lambda n: client.reqHistogramData(n, asked, True, "3 days"),
            "scannerParameters": lambda _: client.reqScannerParameters(),
            "wshMetaData": client.reqWshMetaData if self.modern else client.reqNewsArticle,
        }
        self.request(sends[what], (), "never")


def main() -> None:
    """Serve calls."""
    logging.disable(logging.CRITICAL)
    drivers: dict[str, Driver] = {}

    def handle(session: str, name: str, arguments: dict[str, Any]) -> Any:
        driver = drivers.setdefault(session, Driver())
        driver.errors.clear()
        verb = "refused_by_name" if name == "refused" else name
        value = getattr(driver, verb)(**arguments)
        return {"value": plain(value), "errors": list(driver.errors)}

    serve(handle)
    for driver in drivers.values():
        driver.client.disconnect()


main()
