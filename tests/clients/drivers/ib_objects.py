# SPDX-License-Identifier: Apache-2.0
"""Drives ib_insync or ib_async (the first argument) through the methods of its IB object.

Every verb returns what the library returned; a request that the server refuses ends with the error that the
library's own errorEvent told.
"""

import asyncio
import importlib
import logging
import sys
from typing import Any

from tests.clients.drivers.ib_orders import Orders
from tests.clients.drivers.ib_waiting import GRACE_S, TIMEOUT_S
from tests.clients.drivers.talk import book_of, plain, serve


class Driver(Orders):
    """One connection."""

    # ------------------------------------------------------------------ session
    async def connect(self, host: str, port: int, client_id: int) -> Any:
        try:
            await self.ib.connectAsync(host, port, clientId=client_id, timeout=10)
        except (TimeoutError, ConnectionError, OSError) as error:
            return {"connected": False, "reason": type(error).__name__}
        client = self.ib.client
        return {
            "connected": True,
            "version": client.serverVersion(),
            "accounts": self.ib.managedAccounts(),
            "nextId": client.getReqId(),
        }

    async def disconnect(self) -> Any:
        self.ib.disconnect()
        await asyncio.sleep(GRACE_S)
        return self.ib.isConnected()

    async def current_time(self) -> Any:
        return await self.answer(self.ib.reqCurrentTimeAsync())

    async def user_info(self) -> Any:
        await self.answer(self.ib.reqUserInfoAsync())
        return "answered"

    async def next_id(self) -> Any:
        before = self.ib.client.getReqId()
        self.ib.client.reqIds(1)
        await asyncio.sleep(GRACE_S)
        return [before, self.ib.client.getReqId()]

    # ------------------------------------------------------------------ reference
    async def contract_details(self, contract: dict[str, Any]) -> Any:
        return await self.answer(self.ib.reqContractDetailsAsync(self.contract(contract)))

    async def matching_symbols(self, pattern: str) -> Any:
        return await self.answer(self.ib.reqMatchingSymbolsAsync(pattern))

    async def option_parameters(self, symbol: str, sec_type: str, con_id: int) -> Any:
        return await self.answer(self.ib.reqSecDefOptParamsAsync(symbol, "", sec_type, con_id))

    async def market_rule(self, rule_id: int) -> Any:
        return await self.answer(self.ib.reqMarketRuleAsync(rule_id))

    async def depth_exchanges(self) -> Any:
        return await self.answer(self.ib.reqMktDepthExchangesAsync())

    async def smart_components(self, exchange: str) -> Any:
        return await self.answer(self.ib.reqSmartComponentsAsync(exchange))

    async def scanner(self, code: str, instrument: str, location: str, rows: int) -> Any:
        subscription = self.library.ScannerSubscription(
            instrument=instrument, locationCode=location, scanCode=code, numberOfRows=rows
        )
        return await self.answer(self.ib.reqScannerDataAsync(subscription))

    # ------------------------------------------------------------------ market data
    async def market_data(
        self,
        contract: dict[str, Any],
        until: list[str],
        generics: str = "",
        data_type: int = 0,
        regulatory: bool = False,
    ) -> Any:
        if data_type:
            self.ib.reqMarketDataType(data_type)
        asked = self.contract(contract)
        ticker = self.ib.reqMktData(asked, generics, False, regulatory)
        await self.until(lambda: all(self._seen(ticker, name) for name in until))
        found = plain(ticker)
        if not self.stopped.is_set():
            self.ib.cancelMktData(asked)
        return found

    @staticmethod
    def _seen(ticker: Any, name: str) -> bool:
        value = getattr(ticker, name)
        return value not in (None, "") and plain(value) is not None

    async def snapshot(self, contract: dict[str, Any]) -> Any:
        tickers = await self.answer(self.ib.reqTickersAsync(self.contract(contract)))
        return tickers[0] if tickers else None

    async def tick_by_tick(self, contract: dict[str, Any], kind: str, want: int, past: int = 0) -> Any:
        asked = self.contract(contract)
        found: list[Any] = []
        ticker = self.ib.reqTickByTickData(asked, kind, past, False)

        def collect(ticker: Any) -> None:
            found.extend(plain(ticker.tickByTicks))

        ticker.updateEvent += collect
        await self.until(lambda: len(found) >= want)
        if not self.stopped.is_set():
            self.ib.cancelTickByTickData(asked, kind)
        ticker.updateEvent -= collect
        return found

    async def depth(self, contract: dict[str, Any], rows: int, smart: bool, changes: int) -> Any:
        asked = self.contract(contract)
        seen: list[Any] = []
        ticker = self.ib.reqMktDepth(asked, rows, smart)

        def collect(ticker: Any) -> None:
            seen.extend(plain(ticker.domTicks))

        ticker.updateEvent += collect
        await self.until(lambda: len(seen) >= changes)
        if not self.stopped.is_set():
            self.ib.cancelMktDepth(asked, smart)
        return book_of(seen)

    async def calculate(self, contract: dict[str, Any], under: float, price: float = 0, volatility: float = 0) -> Any:
        asked = self.contract(contract)
        if price:
            return await self.answer(self.ib.calculateImpliedVolatilityAsync(asked, price, under, []))
        return await self.answer(self.ib.calculateOptionPriceAsync(asked, volatility, under, []))

    # ------------------------------------------------------------------ history
    async def bars(
        self,
        contract: dict[str, Any],
        duration: str,
        size: str,
        what: str = "TRADES",
        end: str = "",
        rth: bool = True,
        format_date: int = 2,
    ) -> Any:
        bars = await self.answer(
            self.ib.reqHistoricalDataAsync(
                self.contract(contract), end, duration, size, what, rth, formatDate=format_date, timeout=TIMEOUT_S
            )
        )
        return list(bars or [])

    async def growing_bars(self, contract: dict[str, Any], duration: str, size: str, updates: int, bars: int) -> Any:
        asked = self.contract(contract)
        found = await self.answer(
            self.ib.reqHistoricalDataAsync(asked, "", duration, size, "TRADES", False, formatDate=2, keepUpToDate=True)
        )
        counted: list[bool] = []
        found.updateEvent += lambda _bars, new: counted.append(new)
        await self.until(lambda: len(counted) >= updates and sum(counted) >= bars)
        self.ib.cancelHistoricalData(found)
        await asyncio.sleep(GRACE_S)
        return {"bars": plain(list(found)), "updates": len(counted), "new": sum(counted)}

    async def real_time_bars(self, contract: dict[str, Any], what: str, want: int, size: int = 5) -> Any:
        found = self.ib.reqRealTimeBars(self.contract(contract), size, what, False)
        await self.until(lambda: len(found) >= want)
        if not self.stopped.is_set():
            self.ib.cancelRealTimeBars(found)
        return plain(list(found))

    async def head(self, contract: dict[str, Any], what: str = "TRADES") -> Any:
        return await self.answer(self.ib.reqHeadTimeStampAsync(self.contract(contract), what, True, 2))

    async def ticks(
        self, contract: dict[str, Any], what: str, count: int, start: str = "", end: str = "", rth: bool = False
    ) -> Any:
        return await self.answer(self.ib.reqHistoricalTicksAsync(self.contract(contract), start, end, count, what, rth))

    async def schedule(self, contract: dict[str, Any], days: int) -> Any:
        return await self.answer(self.ib.reqHistoricalScheduleAsync(self.contract(contract), days))

    # ------------------------------------------------------------------ account
    async def account_summary(self, account: str) -> Any:
        return await self.answer(self.ib.accountSummaryAsync(account))

    async def account_values(self, account: str) -> Any:
        await self.until(lambda: self.ib.accountValues(account))
        return [plain(value) for value in self.ib.accountValues(account)]

    async def account_multi(self, account: str) -> Any:
        await self.answer(self.ib.reqAccountUpdatesMultiAsync(account))
        return [plain(value) for value in self.ib.accountValues(account)]

    async def positions(self) -> Any:
        return await self.answer(self.ib.reqPositionsAsync())

    async def portfolio(self, account: str) -> Any:
        return plain(self.ib.portfolio(account))

    async def pnl(self, account: str) -> Any:
        found = self.ib.reqPnL(account)
        await self.until(lambda: found.dailyPnL == found.dailyPnL)
        if not self.stopped.is_set():
            self.ib.cancelPnL(account)
        return plain(found)

    async def pnl_single(self, account: str, con_id: int) -> Any:
        found = self.ib.reqPnLSingle(account, "", con_id)
        await self.until(lambda: found.value == found.value)
        if not self.stopped.is_set():
            self.ib.cancelPnLSingle(account, "", con_id)
        return plain(found)

    # ------------------------------------------------------------------ what IBKR refuses here
    async def refused(self, what: str, contract: dict[str, Any]) -> Any:
        asked = self.contract(contract)
        ib = self.ib
        match what:
            case "newsProviders":
                return await self.answer(ib.reqNewsProvidersAsync())
            case "newsArticle":
                return await self.answer(ib.reqNewsArticleAsync("BRFG", "BRFG$1", []))
            case "historicalNews":
                return await self.answer(ib.reqHistoricalNewsAsync(asked.conId, "BRFG", "", "", 5))
            case "newsBulletins":
                ib.reqNewsBulletins(True)
                return await self.until(lambda: False)
            case "fundamentalData":
                return await self.answer(ib.reqFundamentalDataAsync(asked, "ReportSnapshot"))
            case "financialAdvisor":
                return await self.answer(ib.requestFAAsync(1))
            case "histogram":
                return await self.answer(ib.reqHistogramDataAsync(asked, True, "3 days"))
            case "scannerParameters":
                return await self.answer(ib.reqScannerParametersAsync())
            case "wshMetaData":
                return await self.answer(ib.getWshMetaDataAsync())
            case _:
                raise ValueError(what)


def main() -> None:
    """Serve calls in one event loop, which the library must find when it is imported."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    library = importlib.import_module(sys.argv[1])
    logging.disable(logging.CRITICAL)
    drivers: dict[str, Driver] = {}

    def handle(session: str, name: str, arguments: dict[str, Any]) -> Any:
        driver = drivers.setdefault(session, Driver(library))
        driver.errors.clear()
        driver.stopped.clear()
        value = loop.run_until_complete(getattr(driver, name)(**arguments))
        return {"value": plain(value), "errors": list(driver.errors)}

    serve(handle)
    for driver in drivers.values():
        driver.ib.disconnect()


main()
