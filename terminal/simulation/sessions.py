# SPDX-License-Identifier: Apache-2.0
"""When each kind of instrument trades: sessions of a trading day, cut to what the clock lives through.

Stocks 04:00 to 20:00 with 09:30 to 16:00 regular, and overnight 20:00 to 03:50; futures 18:00 to 17:00 and currencies
17:15 to 17:00 from Sunday to Friday; indices and options the regular session; coins always. On a half day the regular
session ends at 13:00, the evening at 17:00, futures at 13:15. Assumption: New York's holidays stand for all venues'.
"""

from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.model.enums import AssetClass
from terminal.model.instrument import Session
from terminal.simulation.profiles import EVENING, GAP, LENGTHS, MORNING, NIGHT, REGULAR
from terminal.simulation.trading_days import MINUTE_NS, DaySpan, TradingCalendar

Bools = NDArray[np.bool_]
_HOUR: Final = 3_600_000_000_000


class Part(StrEnum):
    """Which sessions of a day."""

    REGULAR = "regular"
    TRADING = "trading"  # with the hours before and after
    ALL = "all"  # with the overnight session of stocks


ALWAYS: Final = frozenset({AssetClass.FOREX, AssetClass.CRYPTO})
"""Kinds whose regular hours are all their hours."""


class VenueHours:
    """Sessions by kind and day."""

    def __init__(self, calendar: TradingCalendar) -> None:
        self._calendar = calendar
        self._known: dict[tuple[AssetClass, int, Part], tuple[Session, ...]] = {}
        self._masks: dict[tuple[AssetClass, int, Part, int], Bools] = {}

    def of_day(self, kind: AssetClass, index: int, part: Part) -> tuple[Session, ...]:
        """Return the sessions of a day that the clock lives through, in time order."""
        key = (kind, index, part)
        found = self._known.get(key)
        if found is None:
            day = self._calendar.day(index)
            cut = [
                Session(start_ns=max(start, day.start_ns), end_ns=min(end, day.end_ns))
                for start, end in _sessions(kind, self._calendar.span(index), part)
            ]
            found = self._known[key] = tuple(one for one in cut if one.start_ns < one.end_ns)
        return found

    def listed(self, kind: AssetClass, first: int, count: int, part: Part) -> tuple[Session, ...]:
        """Return the sessions of ``count`` days, those that touch joined into one."""
        joined: list[Session] = []
        for index in range(first, first + count):
            for one in self.of_day(kind, index, part):
                if joined and joined[-1].end_ns == one.start_ns and kind is not AssetClass.CRYPTO:
                    joined[-1] = Session(start_ns=joined[-1].start_ns, end_ns=one.end_ns)
                else:
                    joined.append(one)
        return tuple(joined)

    def is_open(self, kind: AssetClass, index: int, ns: int, part: Part) -> bool:
        return any(one.contains(ns) for one in self.of_day(kind, index, part))

    def mask(self, kind: AssetClass, index: int, part: Part, segment: int) -> Bools:
        """Say of each minute of a stretch whether it trades."""
        key = (kind, index, part, segment)
        found = self._masks.get(key)
        if found is None:
            start = segment_start(self._calendar.span(index), segment)
            found = np.zeros(segment_minutes(self._calendar.span(index), segment), dtype=np.bool_)
            for one in self.of_day(kind, index, part):
                low, high = (one.start_ns - start) // MINUTE_NS, (one.end_ns - start) // MINUTE_NS
                found[max(low, 0) : max(high, 0)] = True
            if segment == REGULAR and self._calendar.span(index).early:
                found[(self._calendar.span(index).close_ns - start) // MINUTE_NS :] = False
            self._masks[key] = found
        return found


def segment_start(span: DaySpan, segment: int) -> int:
    """Return the moment at which a stretch begins."""
    return {
        GAP: span.gap_ns, NIGHT: span.night_ns, MORNING: span.morning_ns, REGULAR: span.open_ns, EVENING: span.close_ns,
    }[segment]  # fmt: skip


def segment_minutes(span: DaySpan, segment: int) -> int:
    """Return the minutes for which a stretch has prices (a half day's regular session has unused ones)."""
    return LENGTHS[segment] if segment != GAP else (span.night_ns - span.gap_ns) // MINUTE_NS


def _sessions(kind: AssetClass, span: DaySpan, part: Part) -> list[tuple[int, int]]:
    regular = [(span.open_ns, span.close_ns)]
    if part is Part.REGULAR and kind not in ALWAYS:
        return regular
    match kind:
        case AssetClass.STOCK:
            night = [(span.night_ns, span.morning_ns - 10 * MINUTE_NS)] if part is Part.ALL else []
            return [*night, (span.morning_ns, span.end_ns)]
        case AssetClass.FUTURE:
            return _round(span, closes=span.open_ns + 15 * _HOUR // 2, pause_ns=_HOUR)
        case AssetClass.FOREX:
            return _round(span, closes=span.open_ns + 15 * _HOUR // 2, pause_ns=_HOUR // 4)
        case AssetClass.CRYPTO:
            return [(span.gap_ns, span.end_ns)]
        case _:
            return regular


def _round(span: DaySpan, *, closes: int, pause_ns: int) -> list[tuple[int, int]]:
    """Return the sessions of what trades through the night and rests from 17:00 (``closes``) for ``pause_ns``."""
    reopen = closes + pause_ns
    if span.early and pause_ns == _HOUR:
        closes = span.close_ns + 15 * MINUTE_NS
    found = [(span.night_ns, min(closes, span.end_ns))]
    if span.night_ns > span.gap_ns:
        # The first evening after a weekend or holiday.
        found.insert(0, (span.night_ns - (3 * _HOUR - pause_ns), span.night_ns))
    if not span.eve and reopen < span.end_ns:
        found.append((reopen, span.end_ns))
    return found
