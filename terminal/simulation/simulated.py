# SPDX-License-Identifier: Apache-2.0
"""SimulatedSource: the seeded market as a source of quotes, prints, reference and history."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument, Session
from terminal.model.market import Bar
from terminal.simulation.book import LimitBook
from terminal.simulation.catalog import SESSIONS_AHEAD, build_stock
from terminal.simulation.exchange_port import SimGreeks
from terminal.simulation.futures import build_future, contracts, future_at
from terminal.simulation.history import FIRST_DAY, ListedHistory
from terminal.simulation.listed import ListedFeed, ListedMarket
from terminal.simulation.listed_minutes import Listed
from terminal.simulation.listings import UNDERLYINGS
from terminal.simulation.market_facts import MarketFacts, historical_volatility
from terminal.simulation.option_chain import build_option
from terminal.simulation.option_history import LISTED_DAYS, OptionHistory
from terminal.simulation.option_market import OptionMarket
from terminal.simulation.rng import generator
from terminal.simulation.sessions import ALWAYS, Part
from terminal.simulation.source import NEVER, DayFigures, Feed, Touch
from terminal.simulation.tape import Tape
from terminal.simulation.trading_days import DEMO_ANCHOR, DEMO_HOURS, FULL_HOURS, NS, TradingCalendar

OPTION_UNIT: Final = Decimal("0.01")
START_NS: Final = 30 * 60 * NS
"""A first start begins 10:00 New York, half an hour after the first open."""
_MONTH: Final = 30


class SimulatedSource(MarketFacts):
    """See the module; fulfils `MarketSource`.

    Args:
        full_hours: live round the clock and through weekends instead of skipping the nights (docs/decisions/0010).
    """

    own_prints = True

    def __init__(self, seed: int, *, first_day: date | None = None, full_hours: bool = False) -> None:
        self.calendar = TradingCalendar(first_day or DEMO_ANCHOR, FULL_HOURS if full_hours else DEMO_HOURS)
        self.seed = seed
        self.identity = f"simulated, seed {seed}{', full hours' if full_hours else ''}"
        self.listed = ListedMarket(seed, self.calendar)
        self._history = ListedHistory(self.listed)
        self.options = OptionMarket(seed, self.listed)
        self._option_history = OptionHistory(self.options)
        self._specs = {spec.con_id: spec for spec in UNDERLYINGS}
        self._built: dict[tuple[int, int], Instrument] = {}
        self._feeds: dict[int, ListedFeed] = {}
        self._stated: dict[tuple[int, int], dict[str, float]] = {}

    def start_ns(self) -> int:
        return self.calendar.day(0).open_ns + START_NS

    def unit(self, con_id: int) -> Decimal:
        return OPTION_UNIT if self._is_option(con_id) else self.listed.need(con_id).spec.tick

    def next_day(self, index: int) -> int:
        return index + 1

    def end_ns(self) -> int:
        return NEVER

    # ------------------------------------------------------------ reference

    def instruments(self, day: int) -> Sequence[Instrument]:
        today = self.calendar.date_of(day)
        ids = [*self._specs, *(contract.con_id for contract in contracts(today, self.calendar))]
        return [item for item in (self.instrument(con_id, day) for con_id in ids) if item is not None]

    def instrument(self, con_id: int, day: int) -> Instrument | None:
        found = self._built.get((con_id, day))
        if found is None:
            found = self._build(con_id, day)
            if found is not None:
                if len(self._built) > 12_000:
                    self._built.clear()
                self._built[con_id, day] = found
        return found

    def _build(self, con_id: int, day: int) -> Instrument | None:
        spec = self._specs.get(con_id)
        hours = self.listed.hours
        if spec is not None:
            kind = spec.asset_class
            trading = hours.listed(kind, day, SESSIONS_AHEAD, Part.TRADING)
            regular = Part.TRADING if kind in ALWAYS else Part.REGULAR
            return build_stock(spec, trading, hours.listed(kind, day, SESSIONS_AHEAD, regular))
        future = future_at(con_id, self.calendar)
        if future is not None:
            days = max(min(SESSIONS_AHEAD, self.calendar.index_of(future.expiry) - day + 1), 0)
            trading = hours.listed(AssetClass.FUTURE, day, days, Part.TRADING)
            return build_future(future, trading, hours.listed(AssetClass.FUTURE, day, days, Part.REGULAR))
        contract = self.options.listing.contract(con_id)
        if contract is None:
            return None
        sessions = self.option_sessions(day)
        return build_option(contract, tuple(one for one in sessions if one.start_ns < contract.last_ns))

    def option_sessions(self, day: int) -> tuple[Session, ...]:
        """Return the next sessions of options."""
        return self.listed.hours.listed(AssetClass.OPTION, day, SESSIONS_AHEAD, Part.REGULAR)

    def option_chain(self, con_id: int, day: int) -> Sequence[tuple[str, str, str, Sequence[str], Sequence[float]]]:
        return self.options.listing.chain(con_id, day)

    def option_contracts(
        self, symbol: str, day: int, *, expiry: str = "", strike: float = 0.0, right: str = ""
    ) -> Sequence[Instrument]:
        found = self.options.listing.select(symbol, day, expiry=expiry, strike=strike, right=right)
        return [item for item in (self.instrument(contract.con_id, day) for contract in found) if item is not None]

    def underlying_of(self, instrument: Instrument) -> int | None:
        if instrument.asset_class is not AssetClass.OPTION or instrument.broker_id is None:
            return None
        return self.options.need(instrument.broker_id).spec.con_id

    # ------------------------------------------------------------ market

    def touch(self, con_id: int, ns: int) -> Touch:
        return self.options.touch(con_id, ns) if self._is_option(con_id) else self.listed.touch(con_id, ns)

    def displayed(self, con_id: int, sign: int, tick: int, touch: int, ns: int) -> int:
        if self._is_option(con_id):
            return self.options.displayed(con_id, sign, tick, touch, ns)
        return self.listed.displayed(con_id, sign, tick, touch, ns)

    def has_depth(self, con_id: int) -> bool:
        found = self.listed.listed(con_id)
        return found is not None and not found.is_index

    def open_feed(self, con_id: int, ns: int) -> Feed:
        if self._is_option(con_id):
            return self.options.open_feed(con_id, ns)
        feed = self._feeds.get(con_id)
        if feed is None:
            feed = self._feeds[con_id] = ListedFeed(self.listed, con_id, ns)
        return feed

    def close_feed(self, con_id: int) -> Feed | None:
        return self.options.close_feed(con_id) if self._is_option(con_id) else self._feeds.pop(con_id, None)

    def tape(self, con_id: int, ns: int) -> Tape:
        market = self.options if self._is_option(con_id) else self.listed
        return market.tape_of_day(con_id, self.calendar.index_at(ns))

    def tapes(self) -> dict[tuple[int, int], Tape]:
        return {**self.listed.tapes, **self.options.tapes}

    def figures(self, con_id: int, ns: int) -> DayFigures:
        return self.options.figures(con_id, ns) if self._is_option(con_id) else self.listed.figures(con_id, ns)

    def greeks(self, con_id: int, source: str, ns: int, book: LimitBook, last: int | None) -> SimGreeks | None:
        return self.options.greeks(con_id, source, ns, book, last) if self._is_option(con_id) else None

    def fair(self, con_id: int, ns: int) -> float | None:
        return self.options.fair_price(con_id, ns) if self._is_option(con_id) else None

    def statistics(self, con_id: int, ns: int) -> dict[str, float]:
        if self._is_option(con_id):
            return self.options.statistics(con_id, ns)
        listed = self.listed.need(con_id)
        index = self.calendar.index_at(ns)
        found = dict(self._stated_for_day(listed, index))
        found.update(self.options.statistics_of_underlying(listed.spec, ns))
        if listed.kind is AssetClass.STOCK:
            found["shortable_shares"] = float(self.borrow(con_id, ns).available)
        average = None if listed.is_index else self.tape(con_id, ns).average(ns)
        if average is not None:
            found["vwap"] = average * float(listed.spec.tick)
        return found

    def _stated_for_day(self, listed: Listed, index: int) -> dict[str, float]:
        """Return what does not change within a day."""
        found = self._stated.get((listed.con_id, index))
        if found is None:
            rng = generator(self.seed, "statistics", listed.con_id, index)
            found = {}
            if listed.spec.daily_volume:
                found["average_volume"] = float(round(listed.spec.daily_volume * rng.uniform(0.9, 1.1)))
            if listed.future is not None:
                found["open_interest"] = float(round(listed.future.family.open_interest * rng.uniform(0.95, 1.05)))
            closes = [
                self.listed.adjusted_close(listed.con_id, index - back, index) for back in range(_MONTH + 1, 0, -1)
            ]
            found["historical_volatility"] = historical_volatility(closes)
            if len(self._stated) > 500:
                self._stated.clear()
            self._stated[listed.con_id, index] = found
        return found

    def bars(
        self, con_id: int, *, seconds: int, start_ns: int, end_ns: int, now_ns: int, what: str, regular_only: bool
    ) -> Sequence[Bar]:
        instrument = self.instrument(con_id, self.calendar.index_at(now_ns))
        if instrument is None:
            raise KeyError(f"contract {con_id} is not listed")
        if self._is_option(con_id):
            return self._option_history.bars(
                instrument, seconds=seconds, start_ns=start_ns, end_ns=end_ns, now_ns=now_ns, what=what
            )
        return self._history.bars(
            instrument, seconds=seconds, start_ns=start_ns, end_ns=end_ns, now_ns=now_ns, what=what,
            regular_only=regular_only,
        )  # fmt: skip

    def head_ns(self, con_id: int) -> int:
        if self._is_option(con_id):
            return self.calendar.day(-LISTED_DAYS).open_ns
        self.listed.need(con_id)
        return self.calendar.day(FIRST_DAY).open_ns
