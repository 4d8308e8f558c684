# SPDX-License-Identifier: Apache-2.0
"""The plain records that a connection hands out. A float that is absent is nan, an int 2**31 - 1."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from eventkit import Event

from ib_insync.contract import Contract, ScanData, TagValue

@dataclass
class ScannerSubscription:
    numberOfRows: int = -1
    instrument: str = ""
    locationCode: str = ""
    scanCode: str = ""
    abovePrice: float = ...
    belowPrice: float = ...
    aboveVolume: int = ...
    marketCapAbove: float = ...
    marketCapBelow: float = ...
    moodyRatingAbove: str = ""
    moodyRatingBelow: str = ""
    spRatingAbove: str = ""
    spRatingBelow: str = ""
    maturityDateAbove: str = ""
    maturityDateBelow: str = ""
    couponRateAbove: float = ...
    couponRateBelow: float = ...
    excludeConvertible: bool = False
    averageOptionVolumeAbove: int = ...
    scannerSettingPairs: str = ""
    stockTypeFilter: str = ""

@dataclass
class SoftDollarTier:
    name: str = ""
    val: str = ""
    displayName: str = ""

@dataclass
class Execution:
    execId: str = ""
    time: dt.datetime = ...
    acctNumber: str = ""
    exchange: str = ""
    side: str = ""
    shares: float = 0.0
    price: float = 0.0
    permId: int = 0
    clientId: int = 0
    orderId: int = 0
    liquidation: int = 0
    cumQty: float = 0.0
    avgPrice: float = 0.0
    orderRef: str = ""
    evRule: str = ""
    evMultiplier: float = 0.0
    modelCode: str = ""
    lastLiquidity: int = 0

@dataclass
class CommissionReport:
    execId: str = ""
    commission: float = 0.0
    currency: str = ""
    realizedPNL: float = 0.0
    yield_: float = 0.0
    yieldRedemptionDate: int = 0

@dataclass
class ExecutionFilter:
    clientId: int = 0
    acctCode: str = ""
    time: str = ""
    symbol: str = ""
    secType: str = ""
    exchange: str = ""
    side: str = ""

@dataclass
class BarData:
    date: dt.date | dt.datetime = ...
    open: float = 0.0
    high: float = 0.0
    low: float = 0.0
    close: float = 0.0
    volume: float = 0
    average: float = 0.0
    barCount: int = 0

@dataclass
class RealTimeBar:
    time: dt.datetime = ...
    endTime: int = -1
    open_: float = 0.0
    high: float = 0.0
    low: float = 0.0
    close: float = 0.0
    volume: float = 0.0
    wap: float = 0.0
    count: int = 0

@dataclass
class TickAttrib:
    canAutoExecute: bool = False
    pastLimit: bool = False
    preOpen: bool = False

@dataclass
class TickAttribBidAsk:
    bidPastLow: bool = False
    askPastHigh: bool = False

@dataclass
class TickAttribLast:
    pastLimit: bool = False
    unreported: bool = False

@dataclass
class HistogramData:
    price: float = 0.0
    count: int = 0

@dataclass
class NewsProvider:
    code: str = ""
    name: str = ""

@dataclass
class DepthMktDataDescription:
    exchange: str = ""
    secType: str = ""
    listingExch: str = ""
    serviceDataType: str = ""
    aggGroup: int = ...

@dataclass
class PnL:
    account: str = ""
    modelCode: str = ""
    dailyPnL: float = ...
    unrealizedPnL: float = ...
    realizedPnL: float = ...

@dataclass
class TradeLogEntry:
    time: dt.datetime
    status: str = ""
    message: str = ""
    errorCode: int = 0

@dataclass
class PnLSingle:
    account: str = ""
    modelCode: str = ""
    conId: int = 0
    dailyPnL: float = ...
    unrealizedPnL: float = ...
    realizedPnL: float = ...
    position: int = 0
    value: float = ...

@dataclass
class HistoricalSession:
    startDateTime: str = ""
    endDateTime: str = ""
    refDate: str = ""

@dataclass
class HistoricalSchedule:
    startDateTime: str = ""
    endDateTime: str = ""
    timeZone: str = ""
    sessions: list[HistoricalSession] = ...

class AccountValue(NamedTuple):
    account: str
    tag: str
    value: str
    currency: str
    modelCode: str

class TickData(NamedTuple):
    time: dt.datetime
    tickType: int
    price: float
    size: float

class HistoricalTick(NamedTuple):
    time: dt.datetime
    price: float
    size: float

class HistoricalTickBidAsk(NamedTuple):
    time: dt.datetime
    tickAttribBidAsk: TickAttribBidAsk
    priceBid: float
    priceAsk: float
    sizeBid: float
    sizeAsk: float

class HistoricalTickLast(NamedTuple):
    time: dt.datetime
    tickAttribLast: TickAttribLast
    price: float
    size: float
    exchange: str
    specialConditions: str

class TickByTickAllLast(NamedTuple):
    tickType: int
    time: dt.datetime
    price: float
    size: float
    tickAttribLast: TickAttribLast
    exchange: str
    specialConditions: str

class TickByTickBidAsk(NamedTuple):
    time: dt.datetime
    bidPrice: float
    askPrice: float
    bidSize: float
    askSize: float
    tickAttribBidAsk: TickAttribBidAsk

class TickByTickMidPoint(NamedTuple):
    time: dt.datetime
    midPoint: float

class MktDepthData(NamedTuple):
    time: dt.datetime
    position: int
    marketMaker: str
    operation: int
    side: int
    price: float
    size: float

class DOMLevel(NamedTuple):
    price: float
    size: float
    marketMaker: str

class PriceIncrement(NamedTuple):
    lowEdge: float
    increment: float

class PortfolioItem(NamedTuple):
    contract: Contract
    position: float
    marketPrice: float
    marketValue: float
    averageCost: float
    unrealizedPNL: float
    realizedPNL: float
    account: str

class Position(NamedTuple):
    account: str
    contract: Contract
    position: float
    avgCost: float

class Fill(NamedTuple):
    contract: Contract
    execution: Execution
    commissionReport: CommissionReport
    time: dt.datetime

class OptionComputation(NamedTuple):
    tickAttrib: int
    impliedVol: float | None
    delta: float | None
    optPrice: float | None
    pvDividend: float | None
    gamma: float | None
    vega: float | None
    theta: float | None
    undPrice: float | None

class OptionChain(NamedTuple):
    exchange: str
    underlyingConId: int
    tradingClass: str
    multiplier: str
    expirations: list[str]
    strikes: list[float]

class Dividends(NamedTuple):
    past12Months: float | None
    next12Months: float | None
    nextDate: dt.date | None
    nextAmount: float | None

class NewsBulletin(NamedTuple):
    msgId: int
    msgType: int
    message: str
    origExchange: str

class NewsTick(NamedTuple):
    timeStamp: int
    providerCode: str
    articleId: str
    headline: str
    extraData: str

class FamilyCode(NamedTuple):
    accountID: str
    familyCodeStr: str

class SmartComponent(NamedTuple):
    bitNumber: int
    exchange: str
    exchangeLetter: str

class ConnectionStats(NamedTuple):
    startTime: float
    duration: float
    numBytesRecv: int
    numBytesSent: int
    numMsgRecv: int
    numMsgSent: int

class BarDataList(list[BarData]):
    reqId: int
    contract: Contract
    endDateTime: dt.datetime | dt.date | str | None
    durationStr: str
    barSizeSetting: str
    whatToShow: str
    useRTH: bool
    formatDate: int
    keepUpToDate: bool
    chartOptions: list[TagValue]
    updateEvent: Event[BarDataList, bool]
    def __init__(self, *args: Iterable[BarData]) -> None: ...
    def __eq__(self, other: object) -> bool: ...

class RealTimeBarList(list[RealTimeBar]):
    reqId: int
    contract: Contract
    barSize: int
    whatToShow: str
    useRTH: bool
    realTimeBarsOptions: list[TagValue]
    updateEvent: Event[RealTimeBarList, bool]
    def __init__(self, *args: Iterable[RealTimeBar]) -> None: ...
    def __eq__(self, other: object) -> bool: ...

class ScanDataList(list[ScanData]):
    reqId: int
    subscription: ScannerSubscription
    scannerSubscriptionOptions: list[TagValue]
    scannerSubscriptionFilterOptions: list[TagValue]
    updateEvent: Event[ScanDataList]
    def __init__(self, *args: Iterable[ScanData]) -> None: ...
    def __eq__(self, other: object) -> bool: ...
