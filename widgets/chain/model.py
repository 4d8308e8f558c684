# SPDX-License-Identifier: Apache-2.0
"""ChainModel: the contracts of one expiry by strike, with their quotes and Greeks. No Qt.

It also says which contracts should be streamed: only the visible strikes, so that a chain never eats the
line budget, and where the money is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from terminal.model.enums import OptionRight
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import OptionQuote, OptionStatistics, Quote
from widgets import formats
from widgets.formats import SignRule

CALL_COLUMNS: Final = ("position", "oi", "volume", "iv", "vega", "theta", "gamma", "delta", "bid", "ask")
PUT_COLUMNS: Final = ("bid", "ask", "delta", "gamma", "theta", "vega", "iv", "volume", "oi", "position")
TITLES: Final = {
    "position": "Pos",
    "oi": "OI",
    "volume": "Volume",
    "iv": "IV",
    "vega": "Vega",
    "theta": "Theta",
    "gamma": "Gamma",
    "delta": "Delta",
    "bid": "Bid",
    "ask": "Ask",
}
LEAVING: Final = ("position", "oi", "volume", "vega", "gamma", "theta", "iv", "delta")
"""In this order columns leave a narrow chain; bid, ask and strike never do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """One expiry of one trading class; ``code`` is YYYYMMDD."""

    code: str
    trading_class: str
    days: int
    monthly: bool

    @property
    def day(self) -> date:
        return date(int(self.code[:4]), int(self.code[4:6]), int(self.code[6:8]))


@dataclass(slots=True, kw_only=True)
class Strike:
    """Call and put of one strike."""

    strike: Decimal
    call: Instrument | None = None
    put: Instrument | None = None


@dataclass(slots=True)
class ChainModel:
    """One expiry's chain."""

    underlying: Instrument | None = None
    expiry: Expiry | None = None
    strikes: list[Strike] = field(default_factory=list)
    spot: float | None = None
    spot_delayed: bool = False
    quotes: dict[InstrumentId, Quote] = field(default_factory=dict)
    options: dict[InstrumentId, OptionQuote] = field(default_factory=dict)
    statistics: dict[InstrumentId, OptionStatistics] = field(default_factory=dict)
    positions: Mapping[InstrumentId, Decimal] = field(default_factory=dict)
    spot_stale: bool = False
    """Whether the underlying's price is old: the money may be elsewhere."""
    stale: frozenset[InstrumentId] = frozenset()
    """Contracts whose figures are old: shown dimmed."""

    def set_contracts(self, contracts: Iterable[Instrument]) -> None:
        """Arrange the contracts of one expiry by strike."""
        by_strike: dict[Decimal, Strike] = {}
        for contract in contracts:
            if contract.strike is None:
                continue
            row = by_strike.setdefault(contract.strike, Strike(strike=contract.strike))
            if contract.right is OptionRight.CALL:
                row.call = contract
            else:
                row.put = contract
        self.strikes = [by_strike[strike] for strike in sorted(by_strike)]
        self.quotes.clear()
        self.options.clear()
        self.statistics.clear()

    def clear(self) -> None:
        self.strikes = []
        self.expiry = None
        self.quotes.clear()
        self.options.clear()
        self.statistics.clear()

    def at_the_money(self) -> int | None:
        """Return the index of the strike nearest to spot."""
        if self.spot is None or not self.strikes:
            return None
        spot = self.spot
        return min(range(len(self.strikes)), key=lambda index: abs(float(self.strikes[index].strike) - spot))

    def contracts(self, first: int, last: int) -> list[Instrument]:
        """Return the contracts of strikes ``first`` to ``last`` inclusive."""
        rows = self.strikes[max(0, first) : last + 1]
        return [contract for row in rows for contract in (row.call, row.put) if contract is not None]

    def expected_move(self) -> float | None:
        """Return the one-sigma move to expiry implied by the at-the-money volatility, in price units."""
        index = self.at_the_money()
        if index is None or self.expiry is None or self.spot is None:
            return None
        row = self.strikes[index]
        levels = [
            option.implied_volatility
            for contract in (row.call, row.put)
            if contract is not None
            and (option := self.options.get(contract.id)) is not None
            and option.implied_volatility is not None
        ]
        if not levels:
            return None
        years = max(self.expiry.days, 1) / 365
        return float(self.spot * (sum(levels) / len(levels)) * years**0.5)

    @property
    def delayed(self) -> bool:
        """Whether anything here is of delayed prices."""
        return self.spot_delayed or any(quote.delayed for quote in self.quotes.values())

    def value(self, contract: Instrument | None, column: str) -> float | Decimal | None:
        """Return one figure of a contract, None when it is not known."""
        if contract is None:
            return None
        if column == "position":
            return self.positions.get(contract.id)
        if column in ("bid", "ask"):
            quote = self.quotes.get(contract.id)
            found: float | None = getattr(quote, column) if quote is not None else None
            return found
        if column in ("oi", "volume"):
            return self._statistic(contract, column)
        option = self.options.get(contract.id)
        if option is None:
            return None
        if column == "iv":
            return option.implied_volatility
        greek: float | None = getattr(option, column)
        return greek

    def _statistic(self, contract: Instrument, column: str) -> float | None:
        statistics = self.statistics.get(contract.id)
        if statistics is None:
            return None
        return statistics.open_interest if column == "oi" else statistics.volume

    def text(self, contract: Instrument | None, column: str) -> str:
        """Return the figure as it is shown: units stand in the heads."""
        value = self.value(contract, column)
        if column == "position":
            return "" if not value else formats.quantity(value, SignRule.ALWAYS)
        if value is None:
            return formats.NONE
        if column == "oi":
            return formats.size(value)  # of the day before, for everybody
        if column in ("bid", "ask", "volume"):
            quote = self.quotes.get(contract.id) if contract is not None else None
            late = formats.delayed_note(value, delayed=quote is not None and quote.delayed)
            text = formats.size(value) if column == "volume" else formats.number(value, 2)
            return f"{text} {late}".rstrip()
        if column == "iv":
            return formats.number(float(value) * 100, 1)
        return formats.number(value, 3 if column == "gamma" else 2)


def expiries_of(codes: Iterable[tuple[str, str]], today: date) -> list[Expiry]:
    """Return the expiries (YYYYMMDD, trading class) from ``today`` on, nearest first.

    Monthly means the third Friday of the month, the standard expiry of equity options.
    """
    found = []
    for code, trading_class in codes:
        day = date(int(code[:4]), int(code[4:6]), int(code[6:8]))
        if day < today:
            continue
        monthly = day.weekday() == 4 and 15 <= day.day <= 21
        found.append(Expiry(code=code, trading_class=trading_class, days=(day - today).days, monthly=monthly))
    return sorted(found, key=lambda expiry: (expiry.code, expiry.trading_class))
