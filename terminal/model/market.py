# SPDX-License-Identifier: Apache-2.0
"""Market data as nouns. Measurements are float; None means absent; times are int nanoseconds UTC."""

from dataclasses import dataclass
from typing import Final

from terminal.model.enums import BarSource, DataType, OptionPriceSource, Side
from terminal.model.ids import InstrumentId

HIGHEST_PRICE: Final = 1e7
"""Above every price of an instrument that IBKR trades; the dearest share costs less than a tenth of it."""
LARGEST_SIZE: Final = 1e13
"""Above every size and every day's volume."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Level 1 as it stands after one packet, heard at ``received_ns``; sizes in units (shares, contracts)."""

    instrument_id: InstrumentId
    received_ns: int
    bid: float | None = None
    bid_size: float | None = None
    ask: float | None = None
    ask_size: float | None = None
    last: float | None = None
    last_size: float | None = None
    volume: float | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    previous_close: float | None = None
    halted: bool = False
    data_type: DataType = DataType.LIVE

    @property
    def delayed(self) -> bool:
        """Whether these are prices of some time ago, because the account has no permission for live ones."""
        return self.data_type in (DataType.DELAYED, DataType.DELAYED_FROZEN)

    @property
    def mid(self) -> float | None:
        """Midpoint in the price unit; None without both sides."""
        if self.bid is None or self.ask is None:
            return None
        return (self.bid + self.ask) / 2

    @property
    def mark(self) -> float | None:
        """Price for valuation: last kept inside the spread; mid without a last; else the previous close."""
        if self.bid is not None and self.ask is not None:
            if self.last is None:
                return (self.bid + self.ask) / 2
            return min(max(self.last, self.bid), self.ask)
        return self.last if self.last is not None else self.previous_close

    @property
    def change(self) -> float | None:
        """Last minus previous close, in the price unit."""
        if self.last is None or self.previous_close is None:
            return None
        return self.last - self.previous_close


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One print. ``event_ns`` is the venue's time (whole seconds at IBKR), ``aggressor`` None when unknown."""

    instrument_id: InstrumentId
    received_ns: int
    event_ns: int
    price: float
    size: float
    exchange: str = ""
    conditions: str = ""
    aggressor: Side | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthLevel:
    price: float
    size: float
    maker: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """The visible book, best level first on both sides."""

    instrument_id: InstrumentId
    received_ns: int
    bids: tuple[DepthLevel, ...]
    asks: tuple[DepthLevel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionQuote:
    """Implied volatility (per year, 0.2 = 20 %) and Greeks of one contract.

    Delta per 1 of underlying, gamma per 1 squared, vega per one volatility point (0.01), theta per calendar
    day, all for one unit of underlying (not times the multiplier), as IBKR sends them.
    """

    instrument_id: InstrumentId
    received_ns: int
    source: OptionPriceSource
    implied_volatility: float | None = None
    price: float | None = None
    delta: float | None = None
    gamma: float | None = None
    vega: float | None = None
    theta: float | None = None
    underlying_price: float | None = None
    pv_dividend: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionStatistics:
    """Slow facts of an option or its underlying: open interest and day volume."""

    instrument_id: InstrumentId
    received_ns: int
    open_interest: float | None = None
    volume: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar ``[start_ns, start_ns + seconds)``. ``closed`` is False while it grows."""

    instrument_id: InstrumentId
    seconds: int
    start_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0
    vwap: float | None = None
    count: int = 0
    source: BarSource = BarSource.TRADES
    closed: bool = True

    @property
    def end_ns(self) -> int:
        return self.start_ns + self.seconds * 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionParameters:
    """Expiries (YYYYMMDD) and strikes that one trading class of an underlying has at one exchange."""

    underlying_id: InstrumentId
    exchange: str
    trading_class: str
    multiplier: str
    expiries: tuple[str, ...]
    strikes: tuple[float, ...]
