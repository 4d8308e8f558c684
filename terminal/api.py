# SPDX-License-Identifier: Apache-2.0
"""What plugins may import: the front door of the terminal. Its names are public and versioned.

Nothing is defined here. A change that breaks a name needs a decision record, a migration and a changelog line.
"""

from terminal.clock import NS_PER_S, Clock
from terminal.errors import BrokerError, DataError, TerminalError, UserError
from terminal.indicators import Atr, Ema, SessionVwap, Sma
from terminal.model.enums import AssetClass, OptionRight, OrderType, Side, StrategyState, TimeInForce
from terminal.model.events import OrderChanged
from terminal.model.ids import InstrumentId, StrategyId
from terminal.model.instrument import Instrument, Session, instrument_id
from terminal.model.market import Bar, Quote, Trade
from terminal.model.position import Position
from terminal.strategy.base import EntryPlan, Gate, Parameter, Strategy, StrategyContext, StrategyPlugin
from terminal.strategy.parts import FLAT_MIN, RISK_PERCENT, FlatBeforeClose

API_VERSION = 1

__all__ = [
    "API_VERSION",
    "FLAT_MIN",
    "NS_PER_S",
    "RISK_PERCENT",
    "AssetClass",
    "Atr",
    "Bar",
    "BrokerError",
    "Clock",
    "DataError",
    "Ema",
    "EntryPlan",
    "FlatBeforeClose",
    "Gate",
    "Instrument",
    "InstrumentId",
    "OptionRight",
    "OrderChanged",
    "OrderType",
    "Parameter",
    "Position",
    "Quote",
    "Session",
    "SessionVwap",
    "Side",
    "Sma",
    "Strategy",
    "StrategyContext",
    "StrategyId",
    "StrategyPlugin",
    "StrategyState",
    "TerminalError",
    "TimeInForce",
    "Trade",
    "UserError",
    "instrument_id",
]
