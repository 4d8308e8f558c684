# SPDX-License-Identifier: Apache-2.0
"""What can be traded, and what the venue says about it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, NamedTuple

@dataclass
class Contract:
    secType: str = ""
    conId: int = 0
    symbol: str = ""
    lastTradeDateOrContractMonth: str = ""
    strike: float = 0.0
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primaryExchange: str = ""
    currency: str = ""
    localSymbol: str = ""
    tradingClass: str = ""
    includeExpired: bool = False
    secIdType: str = ""
    secId: str = ""
    description: str = ""
    issuerId: str = ""
    comboLegsDescrip: str = ""
    comboLegs: list[ComboLeg] = ...
    deltaNeutralContract: DeltaNeutralContract | None = None
    @staticmethod
    def create(**kwargs: Any) -> Contract: ...
    def isHashable(self) -> bool: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

class Stock(Contract):
    def __init__(
        self,
        symbol: str = "",
        exchange: str = "",
        currency: str = "",
        **kwargs: Any,
    ) -> None: ...

class Option(Contract):
    def __init__(
        self,
        symbol: str = "",
        lastTradeDateOrContractMonth: str = "",
        strike: float = 0.0,
        right: str = "",
        exchange: str = "",
        multiplier: str = "",
        currency: str = "",
        **kwargs: Any,
    ) -> None: ...

class Future(Contract):
    def __init__(
        self,
        symbol: str = "",
        lastTradeDateOrContractMonth: str = "",
        exchange: str = "",
        localSymbol: str = "",
        multiplier: str = "",
        currency: str = "",
        **kwargs: Any,
    ) -> None: ...

class ContFuture(Contract):
    def __init__(
        self,
        symbol: str = "",
        exchange: str = "",
        localSymbol: str = "",
        multiplier: str = "",
        currency: str = "",
        **kwargs: Any,
    ) -> None: ...

class Forex(Contract):
    def __init__(
        self,
        pair: str = "",
        exchange: str = "IDEALPRO",
        symbol: str = "",
        currency: str = "",
        **kwargs: Any,
    ) -> None: ...
    def pair(self) -> str: ...

class Index(Contract):
    def __init__(
        self,
        symbol: str = "",
        exchange: str = "",
        currency: str = "",
        **kwargs: Any,
    ) -> None: ...

class FuturesOption(Contract):
    def __init__(
        self,
        symbol: str = "",
        lastTradeDateOrContractMonth: str = "",
        strike: float = 0.0,
        right: str = "",
        exchange: str = "",
        multiplier: str = "",
        currency: str = "",
        **kwargs: Any,
    ) -> None: ...

class Bag(Contract):
    def __init__(
        self,
        **kwargs: Any,
    ) -> None: ...

class TagValue(NamedTuple):
    tag: str
    value: str

@dataclass
class ComboLeg:
    conId: int = 0
    ratio: int = 0
    action: str = ""
    exchange: str = ""
    openClose: int = 0
    shortSaleSlot: int = 0
    designatedLocation: str = ""
    exemptCode: int = -1

@dataclass
class DeltaNeutralContract:
    conId: int = 0
    delta: float = 0.0
    price: float = 0.0

class TradingSession(NamedTuple):
    start: dt.datetime
    end: dt.datetime

@dataclass
class ContractDetails:
    contract: Contract | None = None
    marketName: str = ""
    minTick: float = 0.0
    orderTypes: str = ""
    validExchanges: str = ""
    priceMagnifier: int = 0
    underConId: int = 0
    longName: str = ""
    contractMonth: str = ""
    industry: str = ""
    category: str = ""
    subcategory: str = ""
    timeZoneId: str = ""
    tradingHours: str = ""
    liquidHours: str = ""
    evRule: str = ""
    evMultiplier: int = 0
    mdSizeMultiplier: int = 1
    aggGroup: int = 0
    underSymbol: str = ""
    underSecType: str = ""
    marketRuleIds: str = ""
    secIdList: list[TagValue] = ...
    realExpirationDate: str = ""
    lastTradeTime: str = ""
    stockType: str = ""
    minSize: float = 0.0
    sizeIncrement: float = 0.0
    suggestedSizeIncrement: float = 0.0
    cusip: str = ""
    ratings: str = ""
    descAppend: str = ""
    bondType: str = ""
    couponType: str = ""
    callable: bool = False
    putable: bool = False
    coupon: float = 0
    convertible: bool = False
    maturity: str = ""
    issueDate: str = ""
    nextOptionDate: str = ""
    nextOptionType: str = ""
    nextOptionPartial: bool = False
    notes: str = ""
    def tradingSessions(self) -> list[TradingSession]: ...
    def liquidSessions(self) -> list[TradingSession]: ...

@dataclass
class ContractDescription:
    contract: Contract | None = None
    derivativeSecTypes: list[str] = ...

@dataclass
class ScanData:
    rank: int
    contractDetails: ContractDetails
    distance: str
    benchmark: str
    projection: str
    legsStr: str
