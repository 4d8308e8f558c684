# SPDX-License-Identifier: Apache-2.0
"""Where decoded messages arrive. Its dictionaries are a mirror of the session and emptied at disconnect."""

import datetime as dt

from ib_insync.contract import Contract, ContractDescription, ContractDetails
from ib_insync.ib import IB
from ib_insync.objects import (
    AccountValue,
    BarData,
    CommissionReport,
    DepthMktDataDescription,
    Execution,
    Fill,
    HistoricalSession,
    HistoricalTick,
    HistoricalTickBidAsk,
    HistoricalTickLast,
    PnL,
    PnLSingle,
    PortfolioItem,
    Position,
    PriceIncrement,
    SmartComponent,
    TickAttribBidAsk,
    TickAttribLast,
)
from ib_insync.order import Order, OrderState, Trade
from ib_insync.ticker import Ticker

class RequestError(Exception):
    reqId: int
    code: int
    message: str
    def __init__(self, reqId: int, code: int, message: str) -> None: ...

class Wrapper:
    ib: IB
    accountValues: dict[tuple[str, str, str, str], AccountValue]
    acctSummary: dict[tuple[str, str, str], AccountValue]
    portfolio: dict[str, dict[int, PortfolioItem]]
    positions: dict[str, dict[int, Position]]
    trades: dict[int | tuple[int, int], Trade]
    permId2Trade: dict[int, Trade]
    fills: dict[str, Fill]
    tickers: dict[int, Ticker]
    pendingTickers: set[Ticker]
    reqId2Ticker: dict[int, Ticker]
    ticker2ReqId: dict[int | str, dict[Ticker, int]]
    reqId2PnL: dict[int, PnL]
    reqId2PnlSingle: dict[int, PnLSingle]
    pnlKey2ReqId: dict[tuple[str, str], int]
    pnlSingleKey2ReqId: dict[tuple[str, str, int], int]
    lastTime: dt.datetime
    accounts: list[str]
    clientId: int
    def __init__(self, ib: IB) -> None: ...
    def reset(self) -> None: ...
    def setEventsDone(self) -> None: ...
    def connectionClosed(self) -> None: ...
    def startTicker(self, reqId: int, contract: Contract, tickType: int | str) -> Ticker: ...
    def endTicker(self, ticker: Ticker, tickType: int | str) -> int: ...
    def orderKey(self, clientId: int, orderId: int, permId: int) -> int | tuple[int, int]: ...
    def setTimeout(self, timeout: float) -> None: ...
    def connectAck(self) -> None: ...
    def nextValidId(self, reqId: int) -> None: ...
    def managedAccounts(self, accountsList: str) -> None: ...
    def updateAccountTime(self, timestamp: str) -> None: ...
    def updateAccountValue(self, tag: str, val: str, currency: str, account: str) -> None: ...
    def accountDownloadEnd(self, _account: str) -> None: ...
    def accountUpdateMulti(
        self,
        reqId: int,
        account: str,
        modelCode: str,
        tag: str,
        val: str,
        currency: str,
    ) -> None: ...
    def accountUpdateMultiEnd(self, reqId: int) -> None: ...
    def accountSummary(self, _reqId: int, account: str, tag: str, value: str, currency: str) -> None: ...
    def accountSummaryEnd(self, reqId: int) -> None: ...
    def updatePortfolio(
        self,
        contract: Contract,
        posSize: float,
        marketPrice: float,
        marketValue: float,
        averageCost: float,
        unrealizedPNL: float,
        realizedPNL: float,
        account: str,
    ) -> None: ...
    def position(self, account: str, contract: Contract, posSize: float, avgCost: float) -> None: ...
    def positionEnd(self) -> None: ...
    def positionMulti(
        self,
        reqId: int,
        account: str,
        modelCode: str,
        contract: Contract,
        pos: float,
        avgCost: float,
    ) -> None: ...
    def positionMultiEnd(self, reqId: int) -> None: ...
    def pnl(self, reqId: int, dailyPnL: float, unrealizedPnL: float, realizedPnL: float) -> None: ...
    def pnlSingle(
        self,
        reqId: int,
        pos: int,
        dailyPnL: float,
        unrealizedPnL: float,
        realizedPnL: float,
        value: float,
    ) -> None: ...
    def openOrder(self, orderId: int, contract: Contract, order: Order, orderState: OrderState) -> None: ...
    def openOrderEnd(self) -> None: ...
    def completedOrder(self, contract: Contract, order: Order, orderState: OrderState) -> None: ...
    def completedOrdersEnd(self) -> None: ...
    def orderStatus(
        self,
        orderId: int,
        status: str,
        filled: float,
        remaining: float,
        avgFillPrice: float,
        permId: int,
        parentId: int,
        lastFillPrice: float,
        clientId: int,
        whyHeld: str,
        mktCapPrice: float = 0.0,
    ) -> None: ...
    def execDetails(self, reqId: int, contract: Contract, execution: Execution) -> None: ...
    def execDetailsEnd(self, reqId: int) -> None: ...
    def commissionReport(self, commissionReport: CommissionReport) -> None: ...
    def contractDetails(self, reqId: int, contractDetails: ContractDetails) -> None: ...
    def contractDetailsEnd(self, reqId: int) -> None: ...
    def symbolSamples(self, reqId: int, contractDescriptions: list[ContractDescription]) -> None: ...
    def marketRule(self, marketRuleId: int, priceIncrements: list[PriceIncrement]) -> None: ...
    def marketDataType(self, reqId: int, marketDataId: int) -> None: ...
    def realtimeBar(
        self,
        reqId: int,
        time: int,
        open_: float,
        high: float,
        low: float,
        close: float,
        volume: float,
        wap: float,
        count: int,
    ) -> None: ...
    def historicalData(self, reqId: int, bar: BarData) -> None: ...
    def historicalDataEnd(self, reqId: int, _start: str, _end: str) -> None: ...
    def historicalDataUpdate(self, reqId: int, bar: BarData) -> None: ...
    def headTimestamp(self, reqId: int, headTimestamp: str) -> None: ...
    def historicalTicks(self, reqId: int, ticks: list[HistoricalTick], done: bool) -> None: ...
    def historicalTicksBidAsk(self, reqId: int, ticks: list[HistoricalTickBidAsk], done: bool) -> None: ...
    def historicalTicksLast(self, reqId: int, ticks: list[HistoricalTickLast], done: bool) -> None: ...
    def priceSizeTick(self, reqId: int, tickType: int, price: float, size: float) -> None: ...
    def tickSize(self, reqId: int, tickType: int, size: float) -> None: ...
    def tickSnapshotEnd(self, reqId: int) -> None: ...
    def tickByTickAllLast(
        self,
        reqId: int,
        tickType: int,
        time: int,
        price: float,
        size: float,
        tickAttribLast: TickAttribLast,
        exchange: str,
        specialConditions: str,
    ) -> None: ...
    def tickByTickBidAsk(
        self,
        reqId: int,
        time: int,
        bidPrice: float,
        askPrice: float,
        bidSize: float,
        askSize: float,
        tickAttribBidAsk: TickAttribBidAsk,
    ) -> None: ...
    def tickByTickMidPoint(self, reqId: int, time: int, midPoint: float) -> None: ...
    def tickString(self, reqId: int, tickType: int, value: str) -> None: ...
    def tickGeneric(self, reqId: int, tickType: int, value: float) -> None: ...
    def tickReqParams(
        self,
        reqId: int,
        minTick: float,
        bboExchange: str,
        snapshotPermissions: int,
    ) -> None: ...
    def smartComponents(self, reqId: int, components: list[SmartComponent]) -> None: ...
    def mktDepthExchanges(self, depthMktDataDescriptions: list[DepthMktDataDescription]) -> None: ...
    def updateMktDepth(
        self,
        reqId: int,
        position: int,
        operation: int,
        side: int,
        price: float,
        size: float,
    ) -> None: ...
    def updateMktDepthL2(
        self,
        reqId: int,
        position: int,
        marketMaker: str,
        operation: int,
        side: int,
        price: float,
        size: float,
        isSmartDepth: bool = False,
    ) -> None: ...
    def tickOptionComputation(
        self,
        reqId: int,
        tickType: int,
        tickAttrib: int,
        impliedVol: float,
        delta: float,
        optPrice: float,
        pvDividend: float,
        gamma: float,
        vega: float,
        theta: float,
        undPrice: float,
    ) -> None: ...
    def scannerData(
        self,
        reqId: int,
        rank: int,
        contractDetails: ContractDetails,
        distance: str,
        benchmark: str,
        projection: str,
        legsStr: str,
    ) -> None: ...
    def scannerDataEnd(self, reqId: int) -> None: ...
    def securityDefinitionOptionParameter(
        self,
        reqId: int,
        exchange: str,
        underlyingConId: int,
        tradingClass: str,
        multiplier: str,
        expirations: list[str],
        strikes: list[float],
    ) -> None: ...
    def securityDefinitionOptionParameterEnd(self, reqId: int) -> None: ...
    def tickNews(
        self,
        _reqId: int,
        timeStamp: int,
        providerCode: str,
        articleId: str,
        headline: str,
        extraData: str,
    ) -> None: ...
    def updateNewsBulletin(self, msgId: int, msgType: int, message: str, origExchange: str) -> None: ...
    def currentTime(self, time: int) -> None: ...
    def historicalSchedule(
        self,
        reqId: int,
        startDateTime: str,
        endDateTime: str,
        timeZone: str,
        sessions: list[HistoricalSession],
    ) -> None: ...
    def error(self, reqId: int, errorCode: int, errorString: str, advancedOrderRejectJson: str) -> None: ...
    def tcpDataArrived(self) -> None: ...
    def tcpDataProcessed(self) -> None: ...
