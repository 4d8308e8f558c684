# SPDX-License-Identifier: Apache-2.0
"""What the order core needs to see of the market and of its own session: Protocols and plain values.

The market hub fulfils `MarketView`; the core never imports it, and never asks which broker is behind.
"""

from dataclasses import dataclass
from typing import Protocol

from terminal.model.enums import Mode
from terminal.model.ids import AccountId, InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import OptionQuote, Quote
from terminal.ports import ExecutionVenue


class MarketView(Protocol):
    """Latest market data by instrument; None means not known."""

    def instrument(self, instrument_id: InstrumentId) -> Instrument | None: ...
    def quote(self, instrument_id: InstrumentId) -> Quote | None: ...
    def option_quote(self, instrument_id: InstrumentId) -> OptionQuote | None: ...
    def reference(self, instrument_id: InstrumentId) -> float | None:
        """Return the price of about a minute ago."""
        ...

    def age_s(self, instrument_id: InstrumentId) -> float | None:
        """Return seconds since the source last spoke for it, None when it never did."""
        ...


class OrderVenue(ExecutionVenue, Protocol):
    """The part of a broker that the order core uses; every `Broker` is one."""

    @property
    def read_only(self) -> bool:
        """The API refuses orders."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingSession:
    """Whose money, and under which client id our orders are known."""

    account_id: AccountId
    mode: Mode
    client_id: int
    currency: str = "USD"
