# SPDX-License-Identifier: Apache-2.0
"""The venue's calendar: holidays by rule, days by number, sessions in UTC across daylight saving."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from terminal.simulation.trading_days import DEMO_ANCHOR, TradingCalendar, holidays, to_local


def test_the_days_of_2025_on_which_new_york_is_closed() -> None:
    # https://www.nyse.com/markets/hours-calendars, and the day of mourning of 9 January.
    assert [f"{day:%m%d}" for day in holidays(2025)] == [
        "0101", "0109", "0120", "0217", "0418", "0526", "0619", "0704", "0901", "1127", "1225",
    ]  # fmt: skip


def test_weekend_holidays_are_observed_on_the_nearest_weekday() -> None:
    assert date(2021, 7, 5) in holidays(2021)  # the 4th was a Sunday
    assert date(2026, 7, 3) in holidays(2026)  # the 4th is a Saturday
    assert date(2021, 12, 31) not in holidays(2021)  # New Year on a Saturday is not made up for
    assert date(2021, 6, 18) not in holidays(2021)  # Juneteenth since 2022


def test_day_zero_is_the_anchor_and_numbers_skip_closed_days() -> None:
    calendar = TradingCalendar()
    assert calendar.day(0).date == DEMO_ANCHOR
    assert calendar.day(-1).date == date(2025, 3, 3)
    assert calendar.day(-2).date == date(2025, 2, 28)
    assert calendar.index_of(date(2025, 3, 8)) == calendar.index_of(date(2025, 3, 10)) == 4


def test_sessions_follow_new_york_through_the_change_of_clocks() -> None:
    calendar = TradingCalendar()
    for index in (3, 4):  # Friday 7 March and Monday 10 March 2025: the clocks change between
        opened = to_local(calendar.day(index).open_ns, ZoneInfo("America/New_York"))
        assert (opened.hour, opened.minute) == (9, 30)
    utc = [datetime.fromtimestamp(calendar.day(index).open_ns / 1e9, ZoneInfo("UTC")).hour for index in (3, 4)]
    assert utc == [14, 13]


def test_a_moment_belongs_to_the_day_that_trades_or_will_trade_next() -> None:
    calendar = TradingCalendar()
    day = calendar.day(0)
    assert calendar.index_at(day.start_ns) == 0
    assert calendar.index_at(day.end_ns - 1) == 0
    assert calendar.index_at(day.end_ns) == 1
    assert calendar.index_at(calendar.day(3).end_ns) == 4  # Friday evening: Monday


def test_days_beyond_the_calendar_are_refused() -> None:
    with pytest.raises(ValueError, match="covers"):
        TradingCalendar().day(100_000)
