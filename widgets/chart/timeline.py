# SPDX-License-Identifier: Apache-2.0
"""Time labels: which bars get a time or date under them, in the exchange's time. No Qt.

Bars are equally far apart whatever the clock did between them, so a label belongs to the first bar at or after
a round moment: the round hours of the exchange, the first bar of a day, a month, a year.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from widgets import formats
from widgets.chart.pyramid import Times

_NS: Final = 1_000_000_000
_DAY_S: Final = 86_400
_STEPS_S: Final = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200)
_DAYS: Final = (1, 2, 7)
_MONTHS: Final = (1, 3, 6, 12, 24, 60, 120)
LABEL_GAP: Final = 62


class Weight(IntEnum):
    """How much a label matters when two are too close."""

    TIME = 0
    DAY = 1
    MONTH = 2
    YEAR = 3


@dataclass(frozen=True, slots=True)
class TimeLabel:
    index: int
    text: str
    weight: Weight


@lru_cache(maxsize=8)
def zone_of(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local_day(ns: int, zone: str) -> int:
    """Return the ordinal of the exchange's calendar day."""
    return datetime.fromtimestamp(ns // _NS, zone_of(zone)).toordinal()


def local_days(times: Times, zone: str) -> Times:
    """Return the ordinal of the exchange's calendar day for each sorted time: one zone look-up per day, not per bar."""
    out = np.empty(len(times), dtype=np.int64)
    start = 0
    while start < len(times):
        day = local_day(int(times[start]), zone)
        end = int(np.searchsorted(times, _to_ns(date.fromordinal(day + 1), zone)))
        end = max(end, start + 1)
        out[start:end] = day
        start = end
    return out


def time_labels(times: Times, bar_seconds: int, bars: tuple[int, int], step: float, zone: str) -> list[TimeLabel]:
    """Return the labels for the bars ``[first, last)``, drawn `step` pixels apart, in order of index.

    Labels are at least `LABEL_GAP` pixels apart; where two compete the greater unit wins.
    """
    first, last = bars
    if last <= first:
        return []
    shown = times[first:last]
    before_ns = int(times[first - 1]) if first else -1
    need_s = LABEL_GAP / max(step, 1e-9) * bar_seconds
    candidates: dict[int, TimeLabel] = {}
    for moment_ns, text, weight in _moments(int(shown[0]), int(shown[-1]), need_s, bar_seconds, zone):
        if moment_ns <= before_ns:
            continue  # its bar is out of sight at the left
        place = int(np.searchsorted(shown, moment_ns))
        if place >= len(shown):
            continue
        late = int(shown[place]) - moment_ns
        if weight is Weight.TIME and late >= bar_seconds * _NS:
            continue  # a gap swallowed this moment
        held = candidates.get(place)
        if held is None or weight >= held.weight:
            candidates[place] = TimeLabel(first + place, text, weight)
    return _thinned(sorted(candidates.values(), key=lambda label: label.index), step)


def _thinned(labels: list[TimeLabel], step: float) -> list[TimeLabel]:
    """Keep the heavier of two that are too close, from the heaviest down."""
    kept: list[TimeLabel] = []
    for weight in sorted({label.weight for label in labels}, reverse=True):
        places = np.array(sorted(label.index for label in kept))
        for label in (item for item in labels if item.weight is weight):
            around = np.searchsorted(places, label.index)
            beside = places[max(0, around - 1) : around + 1]
            if len(beside) and np.abs(beside - label.index).min() * step < LABEL_GAP:
                continue
            places = np.insert(places, around, label.index)
            kept.append(label)
    return sorted(kept, key=lambda label: label.index)


def _moments(
    start_ns: int, end_ns: int, need_s: float, bar_seconds: int, zone: str
) -> Iterator[tuple[int, str, Weight]]:
    """Yield (time, text, weight) of round moments: dates, and times of day if bars and room allow."""
    step_s = next((item for item in _STEPS_S if item >= need_s and item >= bar_seconds), None)
    first = date.fromordinal(local_day(start_ns, zone))
    last = date.fromordinal(local_day(end_ns, zone))
    if step_s is not None and bar_seconds < _DAY_S:
        yield from _times_of_day(first, last, step_s, zone)
    if need_s <= 14 * _DAY_S:
        days = next((item for item in _DAYS if item * _DAY_S >= need_s), _DAYS[-1])
        yield from _days(first, last, 1 if step_s else days, zone)
    months = next((item for item in _MONTHS if item * 30 * _DAY_S >= need_s), _MONTHS[-1])
    yield from _months(first, last, months, zone)


def _times_of_day(first: date, last: date, step_s: int, zone: str) -> Iterator[tuple[int, str, Weight]]:
    day = first
    while day <= last:
        for second in range(step_s, _DAY_S, step_s):
            text = f"{second // 3600:02d}:{second % 3600 // 60:02d}"
            yield _to_ns(day, zone, second), text, Weight.TIME
        day += timedelta(days=1)


def _days(first: date, last: date, step: int, zone: str) -> Iterator[tuple[int, str, Weight]]:
    day = first
    while day <= last:
        if step == 1 or (step == 7 and day.weekday() == 0) or (step == 2 and day.toordinal() % 2 == 0):
            ns = _to_ns(day, zone)
            yield ns, formats.day(ns, zone), Weight.DAY
        day += timedelta(days=1)


def _months(first: date, last: date, step: int, zone: str) -> Iterator[tuple[int, str, Weight]]:
    number = first.year * 12 + first.month - 1
    while number <= last.year * 12 + last.month - 1:
        year, month = divmod(number, 12)
        ns = _to_ns(date(year, month + 1, 1), zone)
        if month == 0 and (step <= 12 or year % (step // 12) == 0):
            yield ns, str(year), Weight.YEAR
        elif step < 12 and month % step == 0:
            yield ns, formats.day(ns, zone).split()[1], Weight.MONTH
        number += 1


def _to_ns(day: date, zone: str, second: int = 0) -> int:
    # Wall time, not elapsed time: on the day of a clock change 10:00 stays 10:00.
    at = datetime(day.year, day.month, day.day, second // 3600, second % 3600 // 60, tzinfo=zone_of(zone))
    return round(at.timestamp()) * _NS
