# SPDX-License-Identifier: Apache-2.0
"""Trading days and sessions of the simulated US market.

Days are numbered, day 0 is the anchor, so that price paths can be addressed by day. Holidays follow the rules
that NYSE publishes (https://www.nyse.com/markets/hours-calendars), plus the closures it declared one by one, and so
do the early closes at 13:00 (3 July, the day after Thanksgiving, 24 December). Every trading day also has a `DaySpan`:
the five stretches that prices are drawn in, whatever part of them is lived. Knows nothing of prices; the terminal's own
calendar is another module, this one belongs to the venue.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from terminal.model.instrument import Session

NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * NS
NEW_YORK: Final = ZoneInfo("America/New_York")
DEMO_ANCHOR: Final = date(2025, 3, 4)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DECLARED_CLOSURES: Final = (date(2018, 12, 5), date(2025, 1, 9))


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionHours:
    """Local times of one trading day, New York.

    ``start`` None: the day begins where the day before ended, so no time is skipped. With ``end_follows_close`` the
    time after the close keeps its length on a half day.
    """

    start: time | None
    open: time
    close: time
    end: time
    end_follows_close: bool = False


DEMO_HOURS: Final = SessionHours(
    start=time(9, 0), open=time(9, 30), close=time(16, 0), end=time(16, 30), end_follows_close=True
)
"""The demo lives half an hour before and after the regular session; the rest of the night is skipped.
See docs/decisions/0010."""
EQUITY_HOURS: Final = SessionHours(start=time(4, 0), open=time(9, 30), close=time(16, 0), end=time(20, 0))
FULL_HOURS: Final = SessionHours(
    start=None, open=time(9, 30), close=time(16, 0), end=time(20, 0), end_follows_close=True
)
"""Round the clock and through the weekend: a day ends four hours after its close, and there the next one begins."""
EARLY_CLOSE: Final = time(13, 0)
NIGHT: Final = time(20, 0)
MORNING: Final = time(4, 0)
EVENING_NS: Final = 4 * 3600 * NS


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingDay:
    """One trading day in UTC nanoseconds: [start, end) all trading, [open, close) regular trading."""

    index: int
    date: date
    start_ns: int
    open_ns: int
    close_ns: int
    end_ns: int

    def is_regular(self, ns: int) -> bool:
        return self.open_ns <= ns < self.close_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySpan:
    """The stretches of a trading day, each ending where the next begins, in UTC nanoseconds.

    ``gap_ns`` is the end of the trading day before (the gap is empty between two weekdays, the weekend before a
    Monday), ``night_ns`` 20:00 of the evening before, then 04:00, the open, the close and the evening's end.
    """

    date: date
    gap_ns: int
    night_ns: int
    morning_ns: int
    open_ns: int
    close_ns: int
    end_ns: int
    early: bool
    eve: bool
    """Whether the next calendar day is not a trading day."""


class TradingCalendar:
    """The trading days around an anchor."""

    def __init__(self, anchor: date = DEMO_ANCHOR, hours: SessionHours = DEMO_HOURS) -> None:
        self.hours = hours
        self._dates = _trading_dates(anchor.year - 4, anchor.year + 20)
        self._zero = bisect_left(self._dates, anchor)
        self._days: dict[int, TradingDay] = {}
        self._spans: dict[int, DaySpan] = {}
        self._last: TradingDay | None = None

    def day(self, index: int) -> TradingDay:
        """Return trading day ``index`` (0 is the anchor).

        Raises:
            ValueError: the day lies outside of the calendar.
        """
        known = self._days.get(index)
        if known is not None:
            return known
        day = self.date_of(index)
        hours = self.hours
        close = self._close(day)
        end = local_ns(day, hours.end)
        if hours.end_follows_close:
            end -= local_ns(day, hours.close) - close
        built = TradingDay(
            index=index,
            date=day,
            start_ns=self.span(index).gap_ns if hours.start is None else local_ns(day, hours.start),
            open_ns=local_ns(day, hours.open),
            close_ns=close,
            end_ns=end,
        )
        self._days[index] = built
        return built

    def _close(self, day: date) -> int:
        return local_ns(day, EARLY_CLOSE if day in early_closes(day.year) else self.hours.close)

    def date_of(self, index: int) -> date:
        """Return the date of trading day ``index``. Errors as for `day`."""
        place = index + self._zero
        if not 0 <= place < len(self._dates):
            raise ValueError(
                f"the trading calendar covers {self._dates[0]} to {self._dates[-1]}, asked for day {index}"
            )
        return self._dates[place]

    def span(self, index: int) -> DaySpan:
        """Return the stretches of trading day ``index``. Errors as for `day`."""
        known = self._spans.get(index)
        if known is None:
            day, before = self.date_of(index), self._dates[max(index + self._zero - 1, 0)]
            close = self._close(day)
            known = self._spans[index] = DaySpan(
                date=day,
                gap_ns=self._close(before) + EVENING_NS,
                night_ns=local_ns(day - timedelta(days=1), NIGHT),
                morning_ns=local_ns(day, MORNING),
                open_ns=local_ns(day, self.hours.open),
                close_ns=close,
                end_ns=close + EVENING_NS,
                early=day in early_closes(day.year),
                eve=not self.is_trading_date(day + timedelta(days=1)),
            )
        return known

    def index_at(self, ns: int) -> int:
        """Return the day that trades at ``ns``, or else the next one that will."""
        if self._last is not None and self._last.start_ns <= ns < self._last.end_ns:
            return self._last.index
        index = bisect_left(self._dates, _local_date(ns)) - self._zero
        day = self.day(index)
        if ns >= day.end_ns:
            return index + 1
        self._last = day
        return index

    def index_of(self, day: date) -> int:
        """Return the index of ``day`` or of the first trading day after it."""
        return bisect_left(self._dates, day) - self._zero

    def is_trading_date(self, day: date) -> bool:
        place = bisect_left(self._dates, day)
        return place < len(self._dates) and self._dates[place] == day

    def sessions(self, first: int, count: int, *, regular: bool) -> tuple[Session, ...]:
        """Return ``count`` sessions from day ``first`` on, regular or complete."""
        days = [self.day(index) for index in range(first, first + count)]
        if regular:
            return tuple(Session(start_ns=day.open_ns, end_ns=day.close_ns) for day in days)
        return tuple(Session(start_ns=day.start_ns, end_ns=day.end_ns) for day in days)


@lru_cache
def early_closes(year: int) -> frozenset[date]:
    """Return the days of a year on which New York closes at 13:00."""
    closed = holidays(year)
    found = (date(year, 7, 3), _nth(year, 11, 3, 4) + timedelta(days=1), date(year, 12, 24))
    return frozenset(day for day in found if day.weekday() < 5 and day not in closed)


def local_ns(day: date, at: time, zone: ZoneInfo = NEW_YORK) -> int:
    """Return the UTC nanoseconds of a local time."""
    return int((datetime.combine(day, at, tzinfo=zone) - _EPOCH).total_seconds()) * NS


def to_local(ns: int, zone: ZoneInfo = NEW_YORK) -> datetime:
    return (_EPOCH + timedelta(microseconds=ns // 1000)).astimezone(zone)


def _local_date(ns: int) -> date:
    return to_local(ns).date()


def _trading_dates(first_year: int, last_year: int) -> list[date]:
    closed = [day for year in range(first_year, last_year + 1) for day in holidays(year)]
    days = np.arange(np.datetime64(f"{first_year}-01-01"), np.datetime64(f"{last_year + 1}-01-01"))
    open_days = days[np.is_busday(days, holidays=np.array(closed, dtype="datetime64[D]"))]
    dates: list[date] = open_days.tolist()
    return dates


@lru_cache(maxsize=64)
def holidays(year: int) -> tuple[date, ...]:
    """Return the days on which the New York exchanges are closed in ``year``."""
    found = [
        _observed(date(year, 1, 1)),
        _nth(year, 1, 0, 3),  # Martin Luther King, Jr. Day
        _nth(year, 2, 0, 3),  # Washington's Birthday
        _easter(year) - timedelta(days=2),
        _last_monday_of_may(year),
        _observed(date(year, 7, 4)),
        _nth(year, 9, 0, 1),  # Labor Day
        _nth(year, 11, 3, 4),  # Thanksgiving
        _observed(date(year, 12, 25)),
    ]
    if year >= 2022:
        found.append(_observed(date(year, 6, 19)))
    found.extend(day for day in _DECLARED_CLOSURES if day.year == year)
    # A New Year's Day on a Saturday is not observed on the Friday before (NYSE rule 7.2).
    return tuple(sorted(day for day in found if day.year == year))


def _observed(day: date) -> date:
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())


def _easter(year: int) -> date:
    """Return Easter Sunday (the anonymous Gregorian computus)."""
    century, rest = divmod(year, 100)
    leap, keep = divmod(century, 4)
    moon = (19 * (year % 19) + century - leap - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * keep + 2 * (rest // 4) - moon - rest % 4) % 7
    shift = (year % 19 + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * shift + 114, 31)
    return date(year, month, day + 1)
