# SPDX-License-Identifier: Apache-2.0
"""Times and trading hours as IBKR writes them, to UTC nanoseconds and back. Pure."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from terminal.clock import NS_PER_S
from terminal.model.instrument import Session

_ZONE_ALIASES: Final = {
    "EST": "America/New_York",
    "EST5EDT": "America/New_York",
    "EDT": "America/New_York",
    "CST": "America/Chicago",
    "CST6CDT": "America/Chicago",
    "PST": "America/Los_Angeles",
    "MET": "Europe/Berlin",
    "MEZ": "Europe/Berlin",
    "CET": "Europe/Berlin",
    "JST": "Asia/Tokyo",
    "HKT": "Asia/Hong_Kong",
    "BST": "Europe/London",
    "GMT": "Europe/London",
    "Britain": "Europe/London",
    "UTC": "UTC",
}
"""IBKR's short names mean the exchange's zone with its summer time, not a fixed offset."""

_TIME: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(-| {1,2})(\d{2}):(\d{2})(?::(\d{2}))?(?: (\S.*))?\Z")
_DIGITS: Final = "%Y%m%d%H%M%S"
_RANGE: Final = re.compile(r"(\d{8}):(\d{4})-(?:(\d{8}):)?(\d{4})\Z")


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo | None:
    """Return the time zone of IBKR's name (``US/Eastern``, ``EST (Eastern Standard Time)``); None when unknown."""
    short = name.partition(" (")[0].strip()
    try:
        return ZoneInfo(_ZONE_ALIASES.get(short, short))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def to_ns(moment: datetime) -> int:
    """Return an aware datetime as UTC nanoseconds."""
    return round(moment.timestamp()) * NS_PER_S


def parse_time(text: str, default_zone: str = "") -> int | None:
    """Read ``20240105 10:00:00 US/Eastern``, ``20231214-20:57:37`` (UTC) or ``20240105  10:00:00`` (no zone).

    A time without zone is in ``default_zone``, else in this machine's: TWS writes its own local time. Return None
    when the text or its zone is unknown.
    """
    match = _TIME.match(text.strip())
    if match is None:
        return None
    digits = "".join(match.group(1, 2, 3, 5, 6)) + (match[7] or "00")
    name = "UTC" if match[4] == "-" else match[8] or default_zone
    try:
        if not name:
            return to_ns(datetime.strptime(digits, _DIGITS).astimezone())
        found = zone(name)
        return None if found is None else to_ns(datetime.strptime(digits, _DIGITS).replace(tzinfo=found))
    except (ValueError, OverflowError):
        return None


def format_utc(ns: int) -> str:
    """Return the ``yyyymmdd-hh:mm:ss`` that requests take as UTC."""
    return datetime.fromtimestamp(ns // NS_PER_S, UTC).strftime("%Y%m%d-%H:%M:%S")


def parse_hours(text: str, zone_name: str) -> tuple[Session, ...]:
    """Read ``20240105:0930-20240105:1600;20240106:CLOSED`` (and the older ``20240105:0930-1600,1700-1800``).

    Unknown zones give no hours rather than wrong ones.
    """
    found = zone(zone_name)
    if found is None:
        return ()
    return tuple(sorted(set(_sessions(text, found)), key=lambda session: session.start_ns))


def _sessions(text: str, tz: ZoneInfo) -> Iterator[Session]:
    for part in text.split(";"):
        day, _, rest = part.strip().partition(":")
        if not rest or "CLOSED" in rest:
            continue
        for stretch in rest.split(","):
            written = stretch if stretch[:8].isdigit() and stretch[8:9] == ":" else f"{day}:{stretch}"
            match = _RANGE.match(written)
            if match is not None:
                yield from _session(match, tz)


def _session(match: re.Match[str], tz: ZoneInfo) -> Iterator[Session]:
    start_day, start, end_day, end = match.groups()
    try:
        opens = datetime.strptime(start_day + start, "%Y%m%d%H%M").replace(tzinfo=tz)
        closes = datetime.strptime((end_day or start_day) + end, "%Y%m%d%H%M").replace(tzinfo=tz)
    except ValueError:
        return
    if not end_day and closes <= opens:
        closes += timedelta(days=1)
    if closes > opens:
        yield Session(start_ns=to_ns(opens), end_ns=to_ns(closes))
