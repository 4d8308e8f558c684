# SPDX-License-Identifier: Apache-2.0
"""The sessions that a chart assumes for days which the broker no longer tells."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from terminal.clock import NS_PER_S
from terminal.model.instrument import Session
from widgets.chart.past_sessions import with_past

NEW_YORK = "America/New_York"


def at(text: str, zone: str = NEW_YORK) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * NS_PER_S


def local(sessions: tuple[Session, ...], zone: str = NEW_YORK) -> list[str]:
    place = ZoneInfo(zone)
    return [
        datetime.fromtimestamp(one.start_ns / NS_PER_S, UTC).astimezone(place).strftime("%a %d %H:%M")
        for one in sessions
    ]


def test_workdays_at_the_same_local_time_before_and_after_clocks_change() -> None:
    known = Session(start_ns=at("2025-03-11T09:30"), end_ns=at("2025-03-11T16:00"))  # clocks changed on the 9th
    found = with_past([known], NEW_YORK, days=5)
    assert local(found) == ["Thu 06 09:30", "Fri 07 09:30", "Mon 10 09:30", "Tue 11 09:30"]
    assert found[-1] is known
    assert all(one.end_ns - one.start_ns == 6.5 * 3600 * NS_PER_S for one in found)


def test_a_session_over_midnight_goes_by_the_day_on_which_it_ends() -> None:
    known = Session(start_ns=at("2025-03-04T17:15"), end_ns=at("2025-03-05T17:00"))
    assert local(with_past([known], NEW_YORK, days=5)) == [
        "Thu 27 17:15",
        "Sun 02 17:15",
        "Mon 03 17:15",
        "Tue 04 17:15",
    ]


def test_nothing_known_is_nothing_assumed() -> None:
    assert with_past([], NEW_YORK) == ()


def test_they_reach_as_far_back_as_the_longest_chart_with_sessions() -> None:
    known = Session(start_ns=at("2025-03-04T09:30"), end_ns=at("2025-03-04T16:00"))
    first = with_past([known], NEW_YORK)[0]
    assert known.start_ns - first.start_ns > timedelta(days=30).total_seconds() * NS_PER_S
