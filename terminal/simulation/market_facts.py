# SPDX-License-Identifier: Apache-2.0
"""MarketFacts: auctions, halts, corporate actions, borrow and settlement of the simulated market.

The part of `SimulatedSource` that matching and accounts ask; everything is read off the listed market, its calendar
and its corporate calendar.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from math import sqrt
from typing import Final

import numpy as np

from terminal.model.enums import AssetClass
from terminal.simulation.catalog import Underlying
from terminal.simulation.exchange_port import SimGreeks
from terminal.simulation.facts import Auction, Borrow, Dividend, Earnings, Halt, Indication, OptionTerms, Split
from terminal.simulation.halts import band_share, references
from terminal.simulation.listed import ListedMarket
from terminal.simulation.listed_minutes import Listed
from terminal.simulation.listings import FOREX
from terminal.simulation.option_classes import OPTION_ID_BASE
from terminal.simulation.option_market import OptionMarket
from terminal.simulation.option_quotes import RATE
from terminal.simulation.paths import BLOCK_DAYS
from terminal.simulation.plan import CLOSE_OFFSET, CLOSING, OPEN_OFFSET, OPENING
from terminal.simulation.profiles import EARLY_MINUTES, LENGTHS, REGULAR
from terminal.simulation.rng import label_key, mix, unit
from terminal.simulation.source import SourceDefaults
from terminal.simulation.trading_days import MINUTE_NS, TradingCalendar

INDICATIVE_NS: Final = {"open": 5 * MINUTE_NS, "close": 10 * MINUTE_NS, "reopen": 5 * MINUTE_NS}
"""How long before an auction its indication is published (NASDAQ: opening 5, closing 10 minutes)."""
_KINDS: Final = {OPENING: "open", CLOSING: "close"}
RATES: Final = {
    "USD": RATE, "EUR": 0.0240, "GBP": 0.0445, "AUD": 0.0410, "NZD": 0.0375, "JPY": 0.0050, "CHF": 0.0030,
    "CAD": 0.0275,
}  # fmt: skip
"""Benchmark overnight rates of early March 2025, rounded."""


class MarketFacts(SourceDefaults):
    """See the module."""

    seed: int
    calendar: TradingCalendar
    listed: ListedMarket
    options: OptionMarket

    # ------------------------------------------------------------ auctions and halts

    def size_unit(self, con_id: int) -> Decimal:
        found = self.listed.listed(con_id)
        return Decimal(1) if found is None else found.spec.size

    def _auctioned(self, con_id: int) -> Listed | None:
        found = self.listed.listed(con_id)
        return found if found is not None and found.spec.has_auctions else None

    def auctions(self, con_id: int, index: int) -> Sequence[Auction]:
        if self._auctioned(con_id) is None:
            return ()
        day = self.listed.minutes(con_id, index)
        found = [
            Auction(
                kind=_KINDS.get(code, "reopen"),
                ns=int(day.ns[place]) + (CLOSE_OFFSET if code == CLOSING else OPEN_OFFSET),
                tick=tick,
                size=size,
            )
            for place, code, tick, size in day.auctions
        ]
        return sorted(found, key=lambda one: one.ns)

    def indication(self, con_id: int, kind: str, ns: int) -> Indication | None:
        """Return the indication: about the price of now, paired size growing to what clears, an imbalance that fades.

        It knows no more than the market does: the price leans to the side of the imbalance by up to a few spreads.
        """
        ahead = [
            one
            for one in self.auctions(con_id, self.calendar.index_at(ns))
            if one.kind == kind and 0 <= one.ns - ns <= INDICATIVE_NS[kind]
        ]
        if not ahead:
            return None
        auction = ahead[0]
        left = (auction.ns - ns) / INDICATIVE_NS[kind]
        key = label_key("imbalance", self.seed, con_id, auction.ns)
        side = 1 if mix(key, 1) & 1 else -1
        wave = 0.6 + 0.8 * unit(mix(key, (auction.ns - ns) // (5 * MINUTE_NS // 60)))
        paired = int(auction.size * (1 - 0.65 * left))
        imbalance = side * int(auction.size * 0.25 * left * wave)
        spec = self.listed.need(con_id).spec
        now = self.listed.price(con_id, ns) / float(spec.tick)
        tick = round(now + 4 * spec.spread * imbalance / auction.size) if left else auction.tick
        return Indication(kind=kind, auction_ns=auction.ns, tick=tick, paired=paired, imbalance=imbalance)

    def halts(self, con_id: int, index: int) -> Sequence[Halt]:
        if self._auctioned(con_id) is None:
            return ()
        start = self.calendar.span(index).open_ns
        return [
            Halt(
                start_ns=start + one.start * MINUTE_NS, end_ns=start + one.stop * MINUTE_NS, code=2, low=one.low,
                high=one.high,
            )
            for one in self.listed.halts(con_id, index)
        ]  # fmt: skip

    def halt_at(self, con_id: int, ns: int) -> Halt | None:
        halts = self.halts(con_id, self.calendar.index_at(ns))
        return next((one for one in halts if one.start_ns <= ns < one.end_ns), None)

    def price_band(self, con_id: int, ns: int) -> tuple[int, int] | None:
        found = self._auctioned(con_id)
        index = self.calendar.index_at(ns)
        if found is None or not self.calendar.day(index).is_regular(ns):
            return None
        span = self.calendar.span(index)
        number, row = divmod(index, BLOCK_DAYS)
        minute = (ns - span.open_ns) // MINUTE_NS
        last = EARLY_MINUTES if span.early else LENGTHS[REGULAR]
        reference = references(self.listed.flow(con_id, number, REGULAR), row, self.listed.halts(con_id, index), minute)
        share = band_share(minute, last, tier_2=found.spec.hard_to_borrow)
        return int(np.ceil(reference * (1 - share))), int(np.floor(reference * (1 + share)))

    # ------------------------------------------------------------ corporate actions and borrow

    def _stock(self, con_id: int) -> Underlying | None:
        found = self.listed.listed(con_id)
        return found.spec if found is not None and found.kind is AssetClass.STOCK else None

    def dividends(self, con_id: int, first: date, last: date) -> Sequence[Dividend]:
        spec = self._stock(con_id)
        return () if spec is None else self.listed.corporate.dividends(spec, first, last)

    def dividend_text(self, con_id: int, ns: int) -> str:
        spec = self._stock(con_id)
        today = self.calendar.date_of(self.calendar.index_at(ns))
        return "" if spec is None else self.listed.corporate.dividend_text(spec, today)

    def splits(self, con_id: int, first: date, last: date) -> Sequence[Split]:
        spec = self._stock(con_id)
        return () if spec is None else self.listed.corporate.splits(spec, first, last)

    def earnings(self, con_id: int, first: date, last: date) -> Sequence[Earnings]:
        spec = self._stock(con_id)
        return () if spec is None else self.listed.corporate.earnings(spec, first, last)

    def borrow(self, con_id: int, ns: int) -> Borrow:
        spec = self._stock(con_id)
        if spec is None:
            return Borrow(available=0, fee=0.0, rebate=0.0, level=1.0)
        index = self.calendar.index_at(ns)
        minute = max(ns - self.calendar.span(index).gap_ns, 0) // MINUTE_NS
        return self.listed.corporate.borrow(spec, index, minute)

    # ------------------------------------------------------------ settlement

    def terms(self, con_id: int) -> OptionTerms | None:
        contract = self.options.listing.contract(con_id) if self._is_option(con_id) else None
        if contract is None:
            return None
        american = contract.option_class.american
        return OptionTerms(
            style="american" if american else "european",
            settlement="physical" if american else "cash",
            morning=contract.option_class.morning,
            last_trade_ns=contract.last_ns,
            settle_ns=contract.expiry_ns,
            underlying=contract.spec.con_id,
            multiplier=Decimal(100),
        )

    def official_open(self, con_id: int, index: int) -> float | None:
        found = self.listed.listed(con_id)
        return None if found is None else self.listed.open_tick(con_id, index) * float(found.spec.tick)

    def official_close(self, con_id: int, index: int) -> float | None:
        found = self.listed.listed(con_id)
        tick = None if found is None else self.listed.close_tick(con_id, index)
        return None if found is None or tick is None else round(tick * float(found.spec.tick), 6)

    def settlement_price(self, con_id: int, index: int) -> float | None:
        """Return what a contract settles against: see `MarketSource`.

        An option of the morning settles on the day after its last trade, against its index's opening; an index
        future on its last day likewise, on other days against the close of its own regular session.
        """
        if self._is_option(con_id):
            contract = self.options.need(con_id)
            under = contract.spec.con_id
            morning = contract.option_class.morning
            return self.official_open(under, index) if morning else self.official_close(under, index)
        found = self.listed.listed(con_id)
        future = None if found is None else found.future
        if future is not None and future.family.morning and future.expiry == self.calendar.date_of(index):
            return self.official_open(con_id, index)
        return self.official_close(con_id, index)

    def expiries(self, symbol: str, index: int, trading_class: str = "") -> Sequence[date]:
        listing = self.options.listing
        found = {
            day
            for each in listing.classes(symbol)
            if not trading_class or each.name == trading_class
            for day in listing.expiries(each, index)
        }
        return sorted(found)

    # ------------------------------------------------------------ money and character

    def fx_rate(self, currency: str, ns: int) -> float:
        if currency == "USD":
            return 1.0
        for spec in FOREX:
            if currency in {spec.symbol, spec.currency}:
                price = self.listed.price(spec.con_id, ns)
                return price if spec.symbol == currency else 1.0 / price
        raise KeyError(currency)

    def interest_rate(self, currency: str, ns: int) -> float:
        del ns
        return RATES.get(currency, 0.0)

    def beta(self, con_id: int) -> float:
        """Return the slope against the market factor's index (SPX), from the loadings."""
        found = self.listed.listed(con_id)
        if found is None:
            return self.beta(self.options.need(con_id).spec.con_id)
        return found.spec.market

    def sector(self, con_id: int) -> tuple[str, str, str]:
        found = self.listed.listed(con_id)
        return ("", "", "") if found is None else found.spec.sector

    def stock_type(self, con_id: int) -> str:
        spec = self._stock(con_id)
        return "" if spec is None else "ETF" if spec.fund else "COMMON"

    def evaluate(self, con_id: int, volatility: float, spot: float, ns: int) -> SimGreeks | None:
        return self.options.evaluate(con_id, volatility, spot, ns) if self._is_option(con_id) else None

    def implied(self, con_id: int, price: float, spot: float, ns: int) -> SimGreeks | None:
        return self.options.implied(con_id, price, spot, ns) if self._is_option(con_id) else None

    @staticmethod
    def _is_option(con_id: int) -> bool:
        return con_id >= OPTION_ID_BASE


def historical_volatility(closes: Sequence[float]) -> float:
    """Return the annualised deviation of daily log returns (IBKR's 30 days of closes)."""
    moves = np.diff(np.log(np.asarray(closes)))
    return float(moves.std() * sqrt(252.0)) if len(moves) else 0.0
