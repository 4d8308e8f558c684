# SPDX-License-Identifier: Apache-2.0
"""MarketSource: where quotes, prints and history come from, the part in which a simulated and a recorded market differ.

market.py runs clock, books, orders and accounts over any source. Prices are integer ticks of the instrument's
smallest increment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from terminal.model.instrument import Instrument
from terminal.model.market import Bar
from terminal.simulation.book import LimitBook
from terminal.simulation.exchange_port import SimGreeks
from terminal.simulation.facts import Auction, Borrow, Dividend, Earnings, Halt, Indication, OptionTerms, Split
from terminal.simulation.tape import Tape
from terminal.simulation.trading_days import TradingCalendar

NEVER = 1 << 62
Touch = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One background event: the touch after it, and a print (``size`` 0: none). ``side`` is the taker, 0 unknown."""

    con_id: int
    bid: int | None
    ask: int | None
    tick: int = 0
    size: int = 0
    side: int = 0
    exchange: str = ""
    conditions: str = ""


class Feed(Protocol):
    """Background events in time order, of one instrument or of several that move together."""

    next_ns: int

    def step(self) -> Sequence[FeedEvent]:
        """Return the events at ``next_ns`` and move on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """Facts about the day at a moment that do not come from its prints so far, in ticks; None where there is none."""

    open: int | None
    previous_close: int | None


class MarketSource(Protocol):
    """Quotes, prints, reference and history of every instrument at any moment."""

    calendar: TradingCalendar
    identity: str
    """What market this is: a saved state belongs to one."""
    own_prints: bool
    """Whether trades with own orders appear on the tape (a recorded tape stays as it was recorded)."""

    def unit(self, con_id: int) -> Decimal:
        """Return the money of one tick of this source's prices."""
        ...

    def next_day(self, index: int) -> int:
        """Return the trading day that is lived after day ``index``."""
        ...

    def start_ns(self) -> int: ...
    def end_ns(self) -> int:
        """Return when the source has no more to tell (NEVER for a simulated market)."""
        ...

    def instruments(self, day: int) -> Sequence[Instrument]: ...
    def instrument(self, con_id: int, day: int) -> Instrument | None: ...
    def option_chain(self, con_id: int, day: int) -> Sequence[tuple[str, str, str, Sequence[str], Sequence[float]]]: ...
    def option_contracts(
        self, symbol: str, day: int, *, expiry: str = "", strike: float = 0.0, right: str = ""
    ) -> Sequence[Instrument]:
        """Return listed contracts, narrowed by what is set."""
        ...

    def underlying_of(self, instrument: Instrument) -> int | None: ...
    def touch(self, con_id: int, ns: int) -> Touch: ...
    def displayed(self, con_id: int, sign: int, tick: int, touch: int, ns: int) -> int: ...
    def has_depth(self, con_id: int) -> bool: ...
    def open_feed(self, con_id: int, ns: int) -> Feed:
        """Return the feed of an instrument from just after ``ns``; the same object for instruments that share one."""
        ...

    def close_feed(self, con_id: int) -> Feed | None:
        """Say that this instrument is not needed any more; return its feed when nobody else needs that either."""
        ...

    def tape(self, con_id: int, ns: int) -> Tape:
        """Return the tape of the day at ``ns``."""
        ...

    def tapes(self) -> Mapping[tuple[int, int], Tape]:
        """Return the tapes in memory by contract and day."""
        ...

    def figures(self, con_id: int, ns: int) -> DayFigures: ...
    def greeks(self, con_id: int, source: str, ns: int, book: LimitBook, last: int | None) -> SimGreeks | None: ...
    def fair(self, con_id: int, ns: int) -> float | None:
        """Return a value for an instrument that has no quote now, None when the source knows none."""
        ...

    def statistics(self, con_id: int, ns: int) -> dict[str, float]: ...
    def bars(
        self, con_id: int, *, seconds: int, start_ns: int, end_ns: int, now_ns: int, what: str, regular_only: bool
    ) -> Sequence[Bar]: ...
    def head_ns(self, con_id: int) -> int: ...

    # ------------------------------------------------------------ auctions and halts

    def size_unit(self, con_id: int) -> Decimal:
        """Return what one unit of an integer size is worth in quantity (1, or a fraction of a coin)."""
        ...

    def auctions(self, con_id: int, index: int) -> Sequence[Auction]:
        """Return the auctions of a trading day in time order."""
        ...

    def indication(self, con_id: int, kind: str, ns: int) -> Indication | None:
        """Return what is published at ``ns`` about the next auction of a kind; None outside of its minutes."""
        ...

    def halts(self, con_id: int, index: int) -> Sequence[Halt]: ...
    def halt_at(self, con_id: int, ns: int) -> Halt | None: ...
    def price_band(self, con_id: int, ns: int) -> tuple[int, int] | None:
        """Return the limit-up limit-down band in ticks, None when there is none now."""
        ...

    # ------------------------------------------------------------ corporate actions, borrow, settlement

    def dividends(self, con_id: int, first: date, last: date) -> Sequence[Dividend]:
        """Return dividends whose ex-date lies in [first, last]."""
        ...

    def dividend_text(self, con_id: int, ns: int) -> str:
        """Return generic tick 59: past 12 months, next 12 months, next ex-date, next amount; empty for none."""
        ...

    def splits(self, con_id: int, first: date, last: date) -> Sequence[Split]: ...
    def earnings(self, con_id: int, first: date, last: date) -> Sequence[Earnings]: ...
    def borrow(self, con_id: int, ns: int) -> Borrow: ...
    def terms(self, con_id: int) -> OptionTerms | None: ...
    def settlement_price(self, con_id: int, index: int) -> float | None:
        """Return the money that a contract settles against on a day: an option's underlying, a future itself."""
        ...

    def official_open(self, con_id: int, index: int) -> float | None: ...
    def official_close(self, con_id: int, index: int) -> float | None: ...
    def expiries(self, symbol: str, index: int, trading_class: str = "") -> Sequence[date]: ...
    def fx_rate(self, currency: str, ns: int) -> float:
        """Return the USD that one unit of a currency is worth.

        Raises:
            KeyError: the market does not know the currency.
        """
        ...

    def interest_rate(self, currency: str, ns: int) -> float:
        """Return the benchmark rate per year, continuous."""
        ...

    def beta(self, con_id: int) -> float: ...
    def sector(self, con_id: int) -> tuple[str, str, str]:
        """Return industry, category and subcategory as contract details show them."""
        ...

    def stock_type(self, con_id: int) -> str: ...
    def evaluate(self, con_id: int, volatility: float, spot: float, ns: int) -> SimGreeks | None:
        """Return an option's worth at a volatility and a price of its underlying."""
        ...

    def implied(self, con_id: int, price: float, spot: float, ns: int) -> SimGreeks | None:
        """Return the computation of an option's price; None when no volatility makes it."""
        ...


class SourceDefaults:
    """The answers of a source that knows only quotes and prints (a recording)."""

    def size_unit(self, con_id: int) -> Decimal:
        del con_id
        return Decimal(1)

    def auctions(self, con_id: int, index: int) -> Sequence[Auction]:
        del con_id, index
        return ()

    def indication(self, con_id: int, kind: str, ns: int) -> Indication | None:
        del con_id, kind, ns
        return None

    def halts(self, con_id: int, index: int) -> Sequence[Halt]:
        del con_id, index
        return ()

    def halt_at(self, con_id: int, ns: int) -> Halt | None:
        del con_id, ns
        return None

    def price_band(self, con_id: int, ns: int) -> tuple[int, int] | None:
        del con_id, ns
        return None

    def dividends(self, con_id: int, first: date, last: date) -> Sequence[Dividend]:
        del con_id, first, last
        return ()

    def dividend_text(self, con_id: int, ns: int) -> str:
        del con_id, ns
        return ""

    def splits(self, con_id: int, first: date, last: date) -> Sequence[Split]:
        del con_id, first, last
        return ()

    def earnings(self, con_id: int, first: date, last: date) -> Sequence[Earnings]:
        del con_id, first, last
        return ()

    def borrow(self, con_id: int, ns: int) -> Borrow:
        del con_id, ns
        # A recording knows no lending: every share can be borrowed.
        return Borrow(available=10_000_000, fee=0.0, rebate=0.0, level=3.0)

    def terms(self, con_id: int) -> OptionTerms | None:
        del con_id
        return None

    def settlement_price(self, con_id: int, index: int) -> float | None:
        del con_id, index
        return None

    def official_open(self, con_id: int, index: int) -> float | None:
        del con_id, index
        return None

    def official_close(self, con_id: int, index: int) -> float | None:
        del con_id, index
        return None

    def expiries(self, symbol: str, index: int, trading_class: str = "") -> Sequence[date]:
        del symbol, index, trading_class
        return ()

    def fx_rate(self, currency: str, ns: int) -> float:
        del ns
        return {"USD": 1.0}[currency]

    def interest_rate(self, currency: str, ns: int) -> float:
        del currency, ns
        return 0.0

    def beta(self, con_id: int) -> float:
        del con_id
        return 1.0

    def sector(self, con_id: int) -> tuple[str, str, str]:
        del con_id
        return ("", "", "")

    def stock_type(self, con_id: int) -> str:
        del con_id
        return ""

    def evaluate(self, con_id: int, volatility: float, spot: float, ns: int) -> SimGreeks | None:
        del con_id, volatility, spot, ns
        return None

    def implied(self, con_id: int, price: float, spot: float, ns: int) -> SimGreeks | None:
        del con_id, price, spot, ns
        return None
