# SPDX-License-Identifier: Apache-2.0
"""Regular sessions before the first known one: a broker tells today's and the coming ones, a chart shows the past."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from terminal.clock import NS_PER_S
from terminal.model.instrument import Session

DAYS: Final = 45
_SATURDAY: Final = 5


def with_past(sessions: Sequence[Session], zone: str, days: int = DAYS) -> tuple[Session, ...]:
    """Return the sessions with those of the ``days`` before the first, at the same local time; none ends on a weekend.

    Holidays and short days of the past are not known: there are no bars on the first, and the second look longer.
    """
    if not sessions:
        return ()
    place = ZoneInfo(zone) if zone else UTC
    first = min(sessions, key=lambda session: session.start_ns)
    opens, closes = (
        datetime.fromtimestamp(ns // NS_PER_S, UTC).astimezone(place) for ns in (first.start_ns, first.end_ns)
    )
    past = []
    for back in range(days, 0, -1):
        start, end = opens - timedelta(days=back), closes - timedelta(days=back)  # wall time: clocks may change between
        if end.weekday() < _SATURDAY:
            past.append(Session(start_ns=int(start.timestamp()) * NS_PER_S, end_ns=int(end.timestamp()) * NS_PER_S))
    return (*past, *sessions)
