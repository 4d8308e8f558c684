# SPDX-License-Identifier: Apache-2.0
"""Time labels: round hours in the exchange's time, days at their change, gaps without labels."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from widgets.chart.pyramid import Times
from widgets.chart.timeline import LABEL_GAP, Weight, local_days, time_labels

NS = 1_000_000_000
ZONE = "America/New_York"


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(ZONE)).timestamp()) * NS


def session_bars(days: list[tuple[int, int, int]], seconds: int) -> Times:
    parts = [np.arange(at(*day, 9, 30), at(*day, 16, 0), seconds * NS) for day in days]
    return np.concatenate(parts)


def test_hours_are_round_and_the_day_is_named_at_its_first_bar() -> None:
    times = session_bars([(2026, 3, 16), (2026, 3, 17)], 300)
    labels = time_labels(times, 300, (0, len(times)), 6.5, ZONE)
    texts = {label.text: label for label in labels}
    assert texts["17 Mar"].weight is Weight.DAY
    assert int(times[texts["17 Mar"].index]) == at(2026, 3, 17, 9, 30)
    assert all(text.endswith(":00") for text, label in texts.items() if label.weight is Weight.TIME)
    # hours of the closed night have no bar, so no label
    assert not {"17:00", "03:00", "08:00"} & set(texts)


def test_labels_keep_their_distance() -> None:
    times = session_bars([(2026, 3, day) for day in (9, 10, 11, 12, 13, 16, 17)], 60)
    for step in (0.05, 0.3, 1.0, 2.7, 6.5, 20.0):
        labels = time_labels(times, 60, (0, len(times)), step, ZONE)
        assert labels
        gaps = np.diff([label.index for label in labels]) * step
        assert (gaps >= LABEL_GAP).all()


def test_the_first_bar_in_sight_is_not_called_the_first_of_its_day() -> None:
    times = session_bars([(2026, 3, 17)], 300)
    labels = time_labels(times, 300, (20, len(times)), 6.5, ZONE)
    assert all(label.weight is Weight.TIME for label in labels)
    assert min(label.index for label in labels) > 20


def test_the_hour_stays_the_hour_when_clocks_change() -> None:
    # 8 March 2026: clocks go from 2:00 to 3:00
    times = np.arange(at(2026, 3, 7, 20), at(2026, 3, 8, 12), 900 * NS)
    labels = time_labels(times, 900, (0, len(times)), 20, ZONE)
    for label in labels:
        if label.weight is Weight.TIME:
            shown = datetime.fromtimestamp(int(times[label.index]) // NS, ZoneInfo(ZONE))
            assert f"{shown:%H:%M}" == label.text


def test_daily_bars_are_labelled_by_month_and_year() -> None:
    days = np.array([at(2024, 1, 2) + day * 86_400 * NS for day in range(900)])
    labels = time_labels(days, 86_400, (0, 900), 3.0, ZONE)
    assert {"2025", "2026"} <= {label.text for label in labels if label.weight is Weight.YEAR}
    assert "Apr" in {label.text for label in labels if label.weight is Weight.MONTH}
    assert not [label for label in labels if label.weight is Weight.TIME]


def test_a_million_bars_have_few_labels() -> None:
    times = at(2015, 1, 2) + np.arange(1_000_000) * 60 * NS
    labels = time_labels(times, 60, (0, 1_000_000), 0.0016, ZONE)
    assert 1 <= len(labels) <= 1600 / LABEL_GAP + 1


def test_local_days_follow_the_exchange() -> None:
    times = np.array([at(2026, 3, 16, 23, 59), at(2026, 3, 17, 0, 0), at(2026, 3, 17, 23, 59)])
    days = local_days(times, ZONE)
    assert days.tolist() == [date(2026, 3, 16).toordinal(), *[date(2026, 3, 17).toordinal()] * 2]


def test_no_bars_no_labels() -> None:
    assert time_labels(np.empty(0, dtype=np.int64), 60, (0, 0), 6.5, ZONE) == []
