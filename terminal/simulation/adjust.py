# SPDX-License-Identifier: Apache-2.0
"""What moves a price without being a move of its path: dividends, splits, a fund's accruals, a future's basis.

A path is free of them; the money at level 0 of the path changes from day to day instead. On an ex-date the price falls
by the dividend, in money. Between dividends a fund grows against its index by what it will pay.
"""

from bisect import bisect_right
from datetime import date
from math import exp, log, log1p

from terminal.simulation.catalog import Underlying
from terminal.simulation.corporate import Corporate
from terminal.simulation.futures import FutureContract
from terminal.simulation.paths import BLOCK_DAYS, FIRST_BLOCK, PathBook
from terminal.simulation.trading_days import TradingCalendar


class Adjustments:
    """The money at level 0, by name and day; day 0's scale is the listing's price (before an ex-date of day 0)."""

    def __init__(self, calendar: TradingCalendar, paths: PathBook, corporate: Corporate) -> None:
        self._calendar = calendar
        self._paths = paths
        self._corporate = corporate
        self._steps: dict[int, tuple[list[int], list[float]]] = {}

    def scale(self, spec: Underlying, future: FutureContract | None, index: int) -> float:
        """Return the money at level 0 of a name's path on a day."""
        if future is not None:
            years = max((future.expiry - self._calendar.date_of(index)).days, 0) / 365.0
            return spec.price * exp(future.family.carry * years)
        if not spec.payout and not self._corporate.splits(spec, date.min, date.max):
            return spec.price
        days, sums = self._known(spec, index)
        return self._money(spec, sums[bisect_right(days, index)], index)

    def _money(self, spec: Underlying, adjustment: float, index: int) -> float:
        return spec.price * exp(adjustment + spec.accrual * index / 252.0)

    def _known(self, spec: Underlying, index: int) -> tuple[list[int], list[float]]:
        """Return the days from which an adjustment holds, and the adjustments before, between and after them."""
        found = self._steps.get(spec.con_id)
        if found is None or not found[0][0] <= index < found[0][-1]:
            # Most questions are about the present; far history is worked out when it is asked for.
            recent = index >= -2 * BLOCK_DAYS and (found is None or found[0][0] > FIRST_BLOCK * BLOCK_DAYS)
            first = (-2 if recent else FIRST_BLOCK) * BLOCK_DAYS
            until = (max(index, 0) // BLOCK_DAYS + 3) * BLOCK_DAYS
            found = self._steps[spec.con_id] = self._build(spec, first, until)
        return found

    def _build(self, spec: Underlying, first: int, until: int) -> tuple[list[int], list[float]]:
        calendar = self._calendar
        span = (calendar.date_of(first), calendar.date_of(until))
        events: dict[int, tuple[float, float]] = {}
        for paid in self._corporate.dividends(spec, *span):
            events[calendar.index_of(paid.ex_date)] = (float(paid.amount), 1.0)
        for split in self._corporate.splits(spec, *span):
            at = calendar.index_of(split.ex_date)
            events[at] = (events.get(at, (0.0, 1.0))[0], split.new / split.old)
        days = sorted(events)
        place = bisect_right(days, -1)
        sums = [0.0] * (len(days) + 1)
        for later in range(place, len(days)):
            amount, ratio = events[days[later]]
            before = self._before(spec, days[later], sums[later])
            sums[later + 1] = sums[later] + log1p(-amount * ratio / before) - log(ratio)
        for earlier in range(place - 1, -1, -1):
            amount, ratio = events[days[earlier]]
            after = self._before(spec, days[earlier], sums[earlier + 1])
            sums[earlier] = sums[earlier + 1] + log1p(amount / after) + log(ratio)
        # Sentinels on both ends say for which days this holds.
        return [first, *days, until], [sums[0], *sums, sums[-1]]

    def _before(self, spec: Underlying, index: int, adjustment: float) -> float:
        """Return the price at the end of the day before ``index`` under an adjustment."""
        return self._money(spec, adjustment, index) * exp(self._paths.day_level(spec.path_key, index, 0))
