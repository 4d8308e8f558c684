# SPDX-License-Identifier: Apache-2.0
"""Types of ib_insync 0.9.86, as far as Tiller and its tests use it.

The package ships py.typed but is only partly annotated; here every name has a full type. Absent values are
nan, -1, 2**31 - 1 or the largest float, never None: `brokers/ibkr` turns them into None at the door.
"""

from eventkit import Event as Event

from ib_insync import util as util
from ib_insync.client import Client as Client
from ib_insync.contract import (
    Bag as Bag,
    ComboLeg as ComboLeg,
    ContFuture as ContFuture,
    Contract as Contract,
    ContractDescription as ContractDescription,
    ContractDetails as ContractDetails,
    DeltaNeutralContract as DeltaNeutralContract,
    Forex as Forex,
    Future as Future,
    FuturesOption as FuturesOption,
    Index as Index,
    Option as Option,
    ScanData as ScanData,
    Stock as Stock,
    TagValue as TagValue,
)
from ib_insync.ib import IB as IB
from ib_insync.objects import (
    AccountValue as AccountValue,
    BarData as BarData,
    BarDataList as BarDataList,
    CommissionReport as CommissionReport,
    ConnectionStats as ConnectionStats,
    DepthMktDataDescription as DepthMktDataDescription,
    Dividends as Dividends,
    DOMLevel as DOMLevel,
    Execution as Execution,
    ExecutionFilter as ExecutionFilter,
    FamilyCode as FamilyCode,
    Fill as Fill,
    HistogramData as HistogramData,
    HistoricalSchedule as HistoricalSchedule,
    HistoricalSession as HistoricalSession,
    HistoricalTick as HistoricalTick,
    HistoricalTickBidAsk as HistoricalTickBidAsk,
    HistoricalTickLast as HistoricalTickLast,
    MktDepthData as MktDepthData,
    NewsBulletin as NewsBulletin,
    NewsProvider as NewsProvider,
    NewsTick as NewsTick,
    OptionChain as OptionChain,
    OptionComputation as OptionComputation,
    PnL as PnL,
    PnLSingle as PnLSingle,
    PortfolioItem as PortfolioItem,
    Position as Position,
    PriceIncrement as PriceIncrement,
    RealTimeBar as RealTimeBar,
    RealTimeBarList as RealTimeBarList,
    ScanDataList as ScanDataList,
    ScannerSubscription as ScannerSubscription,
    SmartComponent as SmartComponent,
    SoftDollarTier as SoftDollarTier,
    TickAttrib as TickAttrib,
    TickAttribBidAsk as TickAttribBidAsk,
    TickAttribLast as TickAttribLast,
    TickByTickAllLast as TickByTickAllLast,
    TickByTickBidAsk as TickByTickBidAsk,
    TickByTickMidPoint as TickByTickMidPoint,
    TickData as TickData,
    TradeLogEntry as TradeLogEntry,
)
from ib_insync.order import (
    BracketOrder as BracketOrder,
    LimitOrder as LimitOrder,
    MarketOrder as MarketOrder,
    Order as Order,
    OrderComboLeg as OrderComboLeg,
    OrderCondition as OrderCondition,
    OrderState as OrderState,
    OrderStatus as OrderStatus,
    StopLimitOrder as StopLimitOrder,
    StopOrder as StopOrder,
    Trade as Trade,
)
from ib_insync.ticker import Ticker as Ticker
from ib_insync.wrapper import (
    RequestError as RequestError,
    Wrapper as Wrapper,
)

__version__: str
__version_info__: tuple[int, ...]
