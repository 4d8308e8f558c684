# SPDX-License-Identifier: Apache-2.0
"""The session object: events, the mirror of the venue's state, requests.

Only what may run inside the loop is declared. The blocking twins (connect, reqHistoricalData,
qualifyContracts, sleep, run, ...) are left out on purpose, so that calling one is a type error.
"""

import datetime as dt
from collections.abc import Awaitable
from typing import Any, ClassVar, Self, TypeAlias

from eventkit import Event

from ib_insync.client import Client
from ib_insync.contract import Contract, ContractDescription, ContractDetails, TagValue
from ib_insync.objects import (
    AccountValue,
    BarDataList,
    CommissionReport,
    DepthMktDataDescription,
    Execution,
    ExecutionFilter,
    Fill,
    HistogramData,
    HistoricalSchedule,
    HistoricalTick,
    HistoricalTickBidAsk,
    HistoricalTickLast,
    NewsBulletin,
    NewsTick,
    OptionChain,
    OptionComputation,
    PnL,
    PnLSingle,
    PortfolioItem,
    Position,
    PriceIncrement,
    RealTimeBarList,
    ScanDataList,
    ScannerSubscription,
    SmartComponent,
)
from ib_insync.order import BracketOrder, Order, OrderState, Trade
from ib_insync.ticker import Ticker
from ib_insync.wrapper import Wrapper

_When: TypeAlias = dt.datetime | dt.date | str | None

class IB:
    events: ClassVar[tuple[str, ...]]
    RequestTimeout: float
    RaiseRequestErrors: bool
    MaxSyncedSubAccounts: int
    TimezoneTWS: str
    wrapper: Wrapper
    client: Client
    connectedEvent: Event[()]
    disconnectedEvent: Event[()]
    updateEvent: Event[()]
    pendingTickersEvent: Event[set[Ticker]]
    barUpdateEvent: Event[BarDataList | RealTimeBarList, bool]
    newOrderEvent: Event[Trade]
    orderModifyEvent: Event[Trade]
    cancelOrderEvent: Event[Trade]
    openOrderEvent: Event[Trade]
    orderStatusEvent: Event[Trade]
    execDetailsEvent: Event[Trade, Fill]
    commissionReportEvent: Event[Trade, Fill, CommissionReport]
    updatePortfolioEvent: Event[PortfolioItem]
    positionEvent: Event[Position]
    accountValueEvent: Event[AccountValue]
    accountSummaryEvent: Event[AccountValue]
    pnlEvent: Event[PnL]
    pnlSingleEvent: Event[PnLSingle]
    scannerDataEvent: Event[ScanDataList]
    tickNewsEvent: Event[NewsTick]
    newsBulletinEvent: Event[NewsBulletin]
    errorEvent: Event[int, int, str, Contract | None]
    timeoutEvent: Event[float]
    def __init__(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_exc: object) -> None: ...
    def disconnect(self) -> None: ...
    def isConnected(self) -> bool: ...
    def setTimeout(self, timeout: float = 60) -> None: ...
    async def connectAsync(
        self,
        host: str = "127.0.0.1",
        port: int = 7497,
        clientId: int = 1,
        timeout: float | None = 4,
        readonly: bool = False,
        account: str = "",
    ) -> Self: ...

    # the mirror
    def managedAccounts(self) -> list[str]: ...
    def accountValues(self, account: str = "") -> list[AccountValue]: ...
    def portfolio(self, account: str = "") -> list[PortfolioItem]: ...
    def positions(self, account: str = "") -> list[Position]: ...
    def pnl(self, account: str = "", modelCode: str = "") -> list[PnL]: ...
    def pnlSingle(self, account: str = "", modelCode: str = "", conId: int = 0) -> list[PnLSingle]: ...
    def trades(self) -> list[Trade]: ...
    def openTrades(self) -> list[Trade]: ...
    def orders(self) -> list[Order]: ...
    def openOrders(self) -> list[Order]: ...
    def fills(self) -> list[Fill]: ...
    def executions(self) -> list[Execution]: ...
    def ticker(self, contract: Contract) -> Ticker | None: ...
    def tickers(self) -> list[Ticker]: ...
    def pendingTickers(self) -> list[Ticker]: ...
    def realtimeBars(self) -> list[BarDataList | RealTimeBarList]: ...
    def newsBulletins(self) -> list[NewsBulletin]: ...

    # orders
    def placeOrder(self, contract: Contract, order: Order) -> Trade: ...
    def cancelOrder(self, order: Order, manualCancelOrderTime: str = "") -> Trade | None: ...
    def reqGlobalCancel(self) -> None: ...
    def bracketOrder(
        self,
        action: str,
        quantity: float,
        limitPrice: float,
        takeProfitPrice: float,
        stopLossPrice: float,
        **kwargs: Any,
    ) -> BracketOrder: ...
    @staticmethod
    def oneCancelsAll(orders: list[Order], ocaGroup: str, ocaType: int) -> list[Order]: ...
    def whatIfOrderAsync(self, contract: Contract, order: Order) -> Awaitable[OrderState]: ...
    def reqAutoOpenOrders(self, autoBind: bool = True) -> None: ...
    def reqOpenOrdersAsync(self) -> Awaitable[list[Trade]]: ...
    def reqAllOpenOrdersAsync(self) -> Awaitable[list[Trade]]: ...
    def reqCompletedOrdersAsync(self, apiOnly: bool) -> Awaitable[list[Trade]]: ...
    def reqExecutionsAsync(self, execFilter: ExecutionFilter | None = None) -> Awaitable[list[Fill]]: ...

    # account
    def reqCurrentTimeAsync(self) -> Awaitable[dt.datetime]: ...
    def reqAccountUpdatesAsync(self, account: str) -> Awaitable[None]: ...
    def reqAccountUpdatesMultiAsync(self, account: str, modelCode: str = "") -> Awaitable[None]: ...
    async def accountSummaryAsync(self, account: str = "") -> list[AccountValue]: ...
    def reqAccountSummaryAsync(self) -> Awaitable[None]: ...
    def reqPositionsAsync(self) -> Awaitable[list[Position]]: ...
    def reqPnL(self, account: str, modelCode: str = "") -> PnL: ...
    def cancelPnL(self, account: str, modelCode: str = "") -> None: ...
    def reqPnLSingle(self, account: str, modelCode: str, conId: int) -> PnLSingle: ...
    def exerciseOptions(
        self, contract: Contract, exerciseAction: int, exerciseQuantity: int, account: str, override: int
    ) -> None: ...
    def cancelPnLSingle(self, account: str, modelCode: str, conId: int) -> None: ...

    # reference data
    async def qualifyContractsAsync(self, *contracts: Contract) -> list[Contract]: ...
    def reqContractDetailsAsync(self, contract: Contract) -> Awaitable[list[ContractDetails]]: ...
    async def reqMatchingSymbolsAsync(self, pattern: str) -> list[ContractDescription] | None: ...
    async def reqMarketRuleAsync(self, marketRuleId: int) -> list[PriceIncrement] | None: ...
    def reqSecDefOptParamsAsync(
        self,
        underlyingSymbol: str,
        futFopExchange: str,
        underlyingSecType: str,
        underlyingConId: int,
    ) -> Awaitable[list[OptionChain]]: ...
    def reqSmartComponentsAsync(self, bboExchange: str) -> Awaitable[list[SmartComponent]]: ...
    def reqMktDepthExchangesAsync(self) -> Awaitable[list[DepthMktDataDescription]]: ...

    # market data
    def reqMarketDataType(self, marketDataType: int) -> None: ...
    def reqMktData(
        self,
        contract: Contract,
        genericTickList: str = "",
        snapshot: bool = False,
        regulatorySnapshot: bool = False,
        mktDataOptions: list[TagValue] = [],
    ) -> Ticker: ...
    def cancelMktData(self, contract: Contract) -> None: ...
    async def reqTickersAsync(self, *contracts: Contract, regulatorySnapshot: bool = False) -> list[Ticker]: ...
    def reqTickByTickData(
        self, contract: Contract, tickType: str, numberOfTicks: int = 0, ignoreSize: bool = False
    ) -> Ticker: ...
    def cancelTickByTickData(self, contract: Contract, tickType: str) -> None: ...
    def reqMktDepth(
        self,
        contract: Contract,
        numRows: int = 5,
        isSmartDepth: bool = False,
        mktDepthOptions: list[TagValue] | None = None,
    ) -> Ticker: ...
    def cancelMktDepth(self, contract: Contract, isSmartDepth: bool = False) -> None: ...
    def reqRealTimeBars(
        self,
        contract: Contract,
        barSize: int,
        whatToShow: str,
        useRTH: bool,
        realTimeBarsOptions: list[TagValue] = [],
    ) -> RealTimeBarList: ...
    def cancelRealTimeBars(self, bars: RealTimeBarList) -> None: ...
    async def reqHistoricalDataAsync(
        self,
        contract: Contract,
        endDateTime: _When,
        durationStr: str,
        barSizeSetting: str,
        whatToShow: str,
        useRTH: bool,
        formatDate: int = 1,
        keepUpToDate: bool = False,
        chartOptions: list[TagValue] = [],
        timeout: float = 60,
    ) -> BarDataList: ...
    def cancelHistoricalData(self, bars: BarDataList) -> None: ...
    def reqHistoricalScheduleAsync(
        self, contract: Contract, numDays: int, endDateTime: _When = "", useRTH: bool = True
    ) -> Awaitable[HistoricalSchedule]: ...
    def reqHistoricalTicksAsync(
        self,
        contract: Contract,
        startDateTime: str | dt.date,
        endDateTime: str | dt.date,
        numberOfTicks: int,
        whatToShow: str,
        useRth: bool,
        ignoreSize: bool = False,
        miscOptions: list[TagValue] = [],
    ) -> Awaitable[list[HistoricalTick] | list[HistoricalTickBidAsk] | list[HistoricalTickLast]]: ...
    async def reqHeadTimeStampAsync(
        self, contract: Contract, whatToShow: str, useRTH: bool, formatDate: int
    ) -> dt.datetime: ...
    def reqHistogramDataAsync(
        self, contract: Contract, useRTH: bool, period: str
    ) -> Awaitable[list[HistogramData]]: ...
    def reqScannerSubscription(
        self,
        subscription: ScannerSubscription,
        scannerSubscriptionOptions: list[TagValue] = [],
        scannerSubscriptionFilterOptions: list[TagValue] = [],
    ) -> ScanDataList: ...
    def cancelScannerSubscription(self, dataList: ScanDataList) -> None: ...
    async def calculateImpliedVolatilityAsync(
        self,
        contract: Contract,
        optionPrice: float,
        underPrice: float,
        implVolOptions: list[TagValue] = [],
    ) -> OptionComputation | None: ...
    async def calculateOptionPriceAsync(
        self,
        contract: Contract,
        volatility: float,
        underPrice: float,
        optPrcOptions: list[TagValue] = [],
    ) -> OptionComputation | None: ...
    def reqNewsBulletins(self, allMessages: bool) -> None: ...
    def cancelNewsBulletins(self) -> None: ...
