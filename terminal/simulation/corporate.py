# SPDX-License-Identifier: Apache-2.0
"""Corporate calendar: cash dividends, earnings reports, splits, and what there is to borrow, by seed and rule.

Dividends recur with the amounts of the listings; record day is the ex-date (US settlement T+1, rule 11.8 of the NYSE
since May 2024), payment about two weeks later. Reports recur each quarter at a day of the symbol's own; what they do
to the price is a jump. One split of one name lies some weeks ahead of the anchor. Nothing here knows prices.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from terminal.simulation.catalog import Underlying
from terminal.simulation.facts import Borrow, Dividend, Earnings, Split
from terminal.simulation.listings import STOCKS
from terminal.simulation.paths import Shock
from terminal.simulation.profiles import EVENING, MORNING
from terminal.simulation.rng import generator, label_key, mix, unit
from terminal.simulation.trading_days import TradingCalendar

EARNINGS_MOVE: Final = 0.15
"""Deviation of the jump at a report, as a share of the name's annual volatility."""
_SPLITTING: Final = ("NFLX", 10, 1)
_EASY_FEE: Final = 0.0025
_PAY_DAYS: Final = 14


class Corporate:
    """The calendar of one seed."""

    def __init__(self, seed: int, calendar: TradingCalendar) -> None:
        self._seed = seed
        self._calendar = calendar
        self._by_path = {spec.path_key: spec for spec in STOCKS if spec.earnings}
        self._splits = self._plan_splits()
        self._dividends: dict[tuple[int, int], tuple[Dividend, ...]] = {}
        self._earnings: dict[tuple[int, int], tuple[Earnings, ...]] = {}

    # ------------------------------------------------------------ dividends

    def dividends(self, spec: Underlying, first: date, last: date) -> list[Dividend]:
        """Return the dividends whose ex-date lies in [first, last], in time order."""
        if spec.payout is None:
            return []
        years = range(first.year, last.year + 1)
        return [one for year in years for one in self._year(spec, year) if first <= one.ex_date <= last]

    def _year(self, spec: Underlying, year: int) -> tuple[Dividend, ...]:
        key = (spec.con_id, year)
        found = self._dividends.get(key)
        if found is None:
            payout = spec.payout
            assert payout is not None
            step = 12 // payout.per_year
            found = self._dividends[key] = tuple(
                self._dividend(payout.amount, date(year, month, min(payout.day, 28)), spec)
                for month in range((payout.month - 1) % step + 1, 13, step)
            )
        return found

    def _dividend(self, amount: float, day: date, spec: Underlying) -> Dividend:
        calendar = self._calendar
        ex = calendar.date_of(calendar.index_of(day))
        pay = calendar.date_of(calendar.index_of(ex + timedelta(days=_PAY_DAYS)))
        ratio = 1.0
        for split in self._splits.get(spec.symbol, ()):
            if split.ex_date <= ex:
                ratio *= split.new / split.old
        return Dividend(ex_date=ex, record_date=ex, pay_date=pay, amount=Decimal(str(round(amount / ratio, 4))))

    def dividend_text(self, spec: Underlying, today: date) -> str:
        """Return generic tick 59."""
        if spec.payout is None:
            return ""
        year = timedelta(days=365)
        past = sum((one.amount for one in self.dividends(spec, today - year, today)), Decimal(0))
        ahead = self.dividends(spec, today + timedelta(days=1), today + year)
        coming = sum((one.amount for one in ahead), Decimal(0))
        return f"{past:.2f},{coming:.2f},{ahead[0].ex_date:%Y%m%d},{ahead[0].amount:.2f}"

    # ------------------------------------------------------------ earnings

    def earnings(self, spec: Underlying, first: date, last: date) -> list[Earnings]:
        """Return the reports of [first, last], in time order."""
        if not spec.earnings:
            return []
        years = range(first.year, last.year + 1)
        return [one for year in years for one in self._reports(spec, year) if first <= one.date <= last]

    def _reports(self, spec: Underlying, year: int) -> tuple[Earnings, ...]:
        key = (spec.con_id, year)
        found = self._earnings.get(key)
        if found is None:
            usual = 12 + label_key("report", spec.symbol) % 15
            days = [
                date(year, spec.earnings + 3 * quarter, usual + mix(self._seed, spec.con_id, year, quarter) % 3)
                for quarter in range(4)
            ]
            calendar = self._calendar
            found = self._earnings[key] = tuple(
                Earnings(date=calendar.date_of(calendar.index_of(day)), after_close=spec.after_close) for day in days
            )
        return found

    def shocks(self, path: str, first: int, stop: int) -> Iterator[Shock]:
        """Give the jumps of reports (and only of reports: splits and dividends are no moves of value)."""
        spec = self._by_path.get(path)
        if spec is None:
            return
        calendar = self._calendar
        for one in self.earnings(spec, calendar.date_of(first), calendar.date_of(stop - 1)):
            rng = generator(self._seed, "earnings", spec.symbol, one.date)
            deviation = EARNINGS_MOVE * spec.volatility
            size = deviation * float(rng.standard_normal()) - deviation**2 / 2
            segment = EVENING if one.after_close else MORNING
            minute = int(rng.integers(2, 8)) if one.after_close else int(rng.integers(150, 240))
            yield Shock(calendar.index_of(one.date), segment, minute, size)

    # ------------------------------------------------------------ splits and borrow

    def _plan_splits(self) -> dict[str, tuple[Split, ...]]:
        symbol, new, old = _SPLITTING
        ahead = 30 + mix(label_key("split", self._seed), 1) % 40
        return {symbol: (Split(ex_date=self._calendar.date_of(ahead), new=new, old=old),)}

    def splits(self, spec: Underlying, first: date, last: date) -> list[Split]:
        return [one for one in self._splits.get(spec.symbol, ()) if first <= one.ex_date <= last]

    def split_ratio(self, spec: Underlying, today: date) -> float:
        """Return how many of today's shares one share at the anchor has become."""
        ratio = 1.0
        for one in self._splits.get(spec.symbol, ()):
            if one.ex_date <= today:
                ratio *= one.new / one.old
        return ratio

    def borrow(self, spec: Underlying, index: int, minute: int) -> Borrow:
        """Return what can be borrowed: plenty of most names, little and dear of hard ones. Changes every quarter hour.

        Assumption: fees and amounts are of the order that brokers publish; a day's fee is one number.
        """
        key = label_key("borrow", self._seed, spec.con_id)
        day, now = unit(mix(key, index)), unit(mix(key, index, minute // 15))
        benchmark = 0.0433
        if spec.hard_to_borrow:
            fee = round(0.04 + 0.5 * day**3, 4)
            free = int(250_000 * max(now - 0.25, 0.0)) // 100 * 100
            level = 1.0 if not free else 2.0
            return Borrow(available=free, fee=fee, rebate=round(benchmark - fee, 4), level=level)
        free = int(spec.daily_volume * (0.2 + 0.3 * day + 0.05 * now)) // 100 * 100
        return Borrow(available=free, fee=_EASY_FEE, rebate=round(benchmark - _EASY_FEE, 4), level=3.0)
