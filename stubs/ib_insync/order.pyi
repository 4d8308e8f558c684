# SPDX-License-Identifier: Apache-2.0
"""Orders, their state as the venue tells it, and the record of one order's life."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from eventkit import Event

from ib_insync.contract import Contract, TagValue
from ib_insync.objects import CommissionReport, Fill, SoftDollarTier, TradeLogEntry

@dataclass
class Order:
    orderId: int = 0
    clientId: int = 0
    permId: int = 0
    action: str = ""
    totalQuantity: float = 0.0
    orderType: str = ""
    lmtPrice: float = ...
    auxPrice: float = ...
    tif: str = ""
    activeStartTime: str = ""
    activeStopTime: str = ""
    ocaGroup: str = ""
    ocaType: int = 0
    orderRef: str = ""
    transmit: bool = True
    parentId: int = 0
    blockOrder: bool = False
    sweepToFill: bool = False
    displaySize: int = 0
    triggerMethod: int = 0
    outsideRth: bool = False
    hidden: bool = False
    goodAfterTime: str = ""
    goodTillDate: str = ""
    rule80A: str = ""
    allOrNone: bool = False
    minQty: int = ...
    percentOffset: float = ...
    overridePercentageConstraints: bool = False
    trailStopPrice: float = ...
    trailingPercent: float = ...
    faGroup: str = ""
    faProfile: str = ""
    faMethod: str = ""
    faPercentage: str = ""
    designatedLocation: str = ""
    openClose: str = "O"
    origin: int = 0
    shortSaleSlot: int = 0
    exemptCode: int = -1
    discretionaryAmt: float = 0.0
    eTradeOnly: bool = False
    firmQuoteOnly: bool = False
    nbboPriceCap: float = ...
    optOutSmartRouting: bool = False
    auctionStrategy: int = 0
    startingPrice: float = ...
    stockRefPrice: float = ...
    delta: float = ...
    stockRangeLower: float = ...
    stockRangeUpper: float = ...
    randomizePrice: bool = False
    randomizeSize: bool = False
    volatility: float = ...
    volatilityType: int = ...
    deltaNeutralOrderType: str = ""
    deltaNeutralAuxPrice: float = ...
    deltaNeutralConId: int = 0
    deltaNeutralSettlingFirm: str = ""
    deltaNeutralClearingAccount: str = ""
    deltaNeutralClearingIntent: str = ""
    deltaNeutralOpenClose: str = ""
    deltaNeutralShortSale: bool = False
    deltaNeutralShortSaleSlot: int = 0
    deltaNeutralDesignatedLocation: str = ""
    continuousUpdate: bool = False
    referencePriceType: int = ...
    basisPoints: float = ...
    basisPointsType: int = ...
    scaleInitLevelSize: int = ...
    scaleSubsLevelSize: int = ...
    scalePriceIncrement: float = ...
    scalePriceAdjustValue: float = ...
    scalePriceAdjustInterval: int = ...
    scaleProfitOffset: float = ...
    scaleAutoReset: bool = False
    scaleInitPosition: int = ...
    scaleInitFillQty: int = ...
    scaleRandomPercent: bool = False
    scaleTable: str = ""
    hedgeType: str = ""
    hedgeParam: str = ""
    account: str = ""
    settlingFirm: str = ""
    clearingAccount: str = ""
    clearingIntent: str = ""
    algoStrategy: str = ""
    algoParams: list[TagValue] = ...
    smartComboRoutingParams: list[TagValue] = ...
    algoId: str = ""
    whatIf: bool = False
    notHeld: bool = False
    solicited: bool = False
    modelCode: str = ""
    orderComboLegs: list[OrderComboLeg] = ...
    orderMiscOptions: list[TagValue] = ...
    referenceContractId: int = 0
    peggedChangeAmount: float = 0.0
    isPeggedChangeAmountDecrease: bool = False
    referenceChangeAmount: float = 0.0
    referenceExchangeId: str = ""
    adjustedOrderType: str = ""
    triggerPrice: float = ...
    adjustedStopPrice: float = ...
    adjustedStopLimitPrice: float = ...
    adjustedTrailingAmount: float = ...
    adjustableTrailingUnit: int = 0
    lmtPriceOffset: float = ...
    conditions: list[OrderCondition] = ...
    conditionsCancelOrder: bool = False
    conditionsIgnoreRth: bool = False
    extOperator: str = ""
    softDollarTier: SoftDollarTier = ...
    cashQty: float = ...
    mifid2DecisionMaker: str = ""
    mifid2DecisionAlgo: str = ""
    mifid2ExecutionTrader: str = ""
    mifid2ExecutionAlgo: str = ""
    dontUseAutoPriceForHedge: bool = False
    isOmsContainer: bool = False
    discretionaryUpToLimitPrice: bool = False
    autoCancelDate: str = ""
    filledQuantity: float = ...
    refFuturesConId: int = 0
    autoCancelParent: bool = False
    shareholder: str = ""
    imbalanceOnly: bool = False
    routeMarketableToBbo: bool = False
    parentPermId: int = 0
    usePriceMgmtAlgo: bool = False
    duration: int = ...
    postToAts: int = ...
    advancedErrorOverride: str = ""
    manualOrderTime: str = ""
    minTradeQty: int = ...
    minCompeteSize: int = ...
    competeAgainstBestOffset: float = ...
    midOffsetAtWhole: float = ...
    midOffsetAtHalf: float = ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

class LimitOrder(Order):
    def __init__(self, action: str, totalQuantity: float, lmtPrice: float, **kwargs: Any) -> None: ...

class MarketOrder(Order):
    def __init__(self, action: str, totalQuantity: float, **kwargs: Any) -> None: ...

class StopOrder(Order):
    def __init__(self, action: str, totalQuantity: float, stopPrice: float, **kwargs: Any) -> None: ...

class StopLimitOrder(Order):
    def __init__(
        self, action: str, totalQuantity: float, lmtPrice: float, stopPrice: float, **kwargs: Any
    ) -> None: ...

@dataclass
class OrderStatus:
    orderId: int = 0
    status: str = ""
    filled: float = 0.0
    remaining: float = 0.0
    avgFillPrice: float = 0.0
    permId: int = 0
    parentId: int = 0
    lastFillPrice: float = 0.0
    clientId: int = 0
    whyHeld: str = ""
    mktCapPrice: float = 0.0
    PendingSubmit: ClassVar[str]
    PendingCancel: ClassVar[str]
    PreSubmitted: ClassVar[str]
    Submitted: ClassVar[str]
    ApiPending: ClassVar[str]
    ApiCancelled: ClassVar[str]
    Cancelled: ClassVar[str]
    Filled: ClassVar[str]
    Inactive: ClassVar[str]
    DoneStates: ClassVar[set[str]]
    ActiveStates: ClassVar[set[str]]

@dataclass
class OrderState:
    status: str = ""
    initMarginBefore: str = ""
    maintMarginBefore: str = ""
    equityWithLoanBefore: str = ""
    initMarginChange: str = ""
    maintMarginChange: str = ""
    equityWithLoanChange: str = ""
    initMarginAfter: str = ""
    maintMarginAfter: str = ""
    equityWithLoanAfter: str = ""
    commission: float = ...
    minCommission: float = ...
    maxCommission: float = ...
    commissionCurrency: str = ""
    warningText: str = ""
    completedTime: str = ""
    completedStatus: str = ""

@dataclass
class OrderComboLeg:
    price: float = ...

@dataclass
class Trade:
    events: ClassVar[tuple[str, ...]]
    contract: Contract = ...
    order: Order = ...
    orderStatus: OrderStatus = ...
    fills: list[Fill] = ...
    log: list[TradeLogEntry] = ...
    advancedError: str = ""
    def __post_init__(self) -> None: ...
    statusEvent: Event[Trade] = field(init=False)
    modifyEvent: Event[Trade] = field(init=False)
    fillEvent: Event[Trade, Fill] = field(init=False)
    commissionReportEvent: Event[Trade, Fill, CommissionReport] = field(init=False)
    filledEvent: Event[Trade] = field(init=False)
    cancelEvent: Event[Trade] = field(init=False)
    cancelledEvent: Event[Trade] = field(init=False)
    def isActive(self) -> bool: ...
    def isDone(self) -> bool: ...
    def filled(self) -> float: ...
    def remaining(self) -> float: ...

class BracketOrder(NamedTuple):
    parent: Order
    takeProfit: Order
    stopLoss: Order

@dataclass
class OrderCondition: ...
