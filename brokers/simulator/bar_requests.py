# SPDX-License-Identifier: Apache-2.0
"""Reading of historical requests: durations, bar sizes, end times, and the times of bars.

Pure functions over the spelling of the wire. Source of the spellings: IBKR's
API documentation, "historical bar data".
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from brokers.simulator.contracts import invalid, local_time, wire_time
from terminal.clock import NS_PER_S
from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimulatorRefusalError

DAY_S: Final = 86_400
BAR_SECONDS: Final[Mapping[str, int]] = {
    "1 secs": 1,
    "5 secs": 5,
    "10 secs": 10,
    "15 secs": 15,
    "30 secs": 30,
    "1 min": 60,
    "2 mins": 120,
    "3 mins": 180,
    "5 mins": 300,
    "10 mins": 600,
    "15 mins": 900,
    "20 mins": 1200,
    "30 mins": 1800,
    "1 hour": 3600,
    "2 hours": 7200,
    "3 hours": 10_800,
    "4 hours": 14_400,
    "8 hours": 28_800,
    "1 day": DAY_S,
    "1 week": 7 * DAY_S,
    "1 month": 30 * DAY_S,
}
_BAR_ALIASES: Final[Mapping[str, str]] = {
    "1 sec": "1 secs",
    "1 mins": "1 min",
    "1 hours": "1 hour",
    "1 days": "1 day",
    "1D": "1 day",
    "1W": "1 week",
    "1M": "1 month",
    "1w": "1 week",
    "1m": "1 month",
}
_UNITS: Final = "S, D, W, M, Y"
_MAX_SECONDS: Final = DAY_S
_MAX_AMOUNT: Final[Mapping[str, int]] = {"S": _MAX_SECONDS, "D": 365, "W": 52, "M": 12, "Y": 20}


def bar_seconds(text: str) -> int:
    """Length of a bar size. Raises SimulatorRefusalError 321 for one that does not exist."""
    name = _BAR_ALIASES.get(text.strip(), text.strip())
    if name not in BAR_SECONDS:
        raise invalid(f"Invalid bar size '{text}'. Legal ones are: {', '.join(BAR_SECONDS)}")
    return BAR_SECONDS[name]


def parse_duration(text: str) -> tuple[int, str]:
    """Amount and unit of a duration. Raises SimulatorRefusalError 321 for one that TWS refuses."""
    amount_text, _, unit = text.strip().partition(" ")
    if unit not in _MAX_AMOUNT or not amount_text.isdigit() or not 0 < int(amount_text) <= _MAX_AMOUNT[unit]:
        raise invalid(
            f"Invalid duration '{text}': a whole number, a blank and one of {_UNITS}, "
            f"at most {_MAX_SECONDS} S, 365 D, 52 W, 12 M or 20 Y"
        )
    return int(amount_text), unit


def start_of(instrument: Instrument, end_ns: int, duration: str) -> int:
    """Start of a duration that ends at ``end_ns``, ns.

    Seconds count back as they are. Days are trading days that begin at
    midnight of the instrument's zone, the day of the end included; weeks,
    months and years are calendar spans, also from midnight.
    """
    amount, unit = parse_duration(duration)
    if unit == "S":
        return end_ns - amount * NS_PER_S
    day = local_time(instrument, end_ns - NS_PER_S).date()
    if unit == "D":
        while day.weekday() > 4:
            day -= timedelta(days=1)
        for _ in range(amount - 1):
            day -= timedelta(days=3 if day.weekday() == 0 else 1)
    else:
        day -= timedelta(days=amount * {"W": 7, "M": 30, "Y": 365}[unit])
    midnight = datetime.combine(day, time(), ZoneInfo(instrument.time_zone))
    return int(midnight.timestamp()) * NS_PER_S


def parse_time(text: str, instrument: Instrument, now_ns: int) -> int:
    """Moment of an end or start time, ns; empty means now.

    ``yyyymmdd-hh:mm:ss`` is UTC, ``yyyymmdd hh:mm:ss zone`` is in that zone,
    without a zone in the instrument's. Raises SimulatorRefusalError 10314.
    """
    written = text.strip()
    if not written:
        return now_ns
    try:
        if len(written) > 8 and written[8] == "-":
            moment = datetime.strptime(written, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
        else:
            parts = written.split()
            clock = parts[1] if len(parts) > 1 else "00:00:00"
            zone = ZoneInfo(parts[2]) if len(parts) > 2 else ZoneInfo(instrument.time_zone)
            moment = datetime.strptime(f"{parts[0]} {clock}", "%Y%m%d %H:%M:%S").replace(tzinfo=zone)
    except (ValueError, KeyError, OSError) as error:
        raise _bad_time(text) from error
    return int(moment.timestamp()) * NS_PER_S


def _bad_time(text: str) -> SimulatorRefusalError:
    return SimulatorRefusalError(
        10314,
        f"End Date/Time: The date, time, or time-zone entered is invalid: '{text}'. The correct format is "
        "yyyymmdd hh:mm:ss xx/xxxx where yyyymmdd and xx/xxxx are optional, or yyyymmdd-hh:mm:ss for UTC.",
    )


def bar_time(instrument: Instrument, start_ns: int, seconds: int, *, format_date: int, server_version: int) -> str:
    """Time of a bar: the date from one day up, else as formatDate asks (1 text, 2 epoch)."""
    if seconds >= DAY_S:
        return f"{local_time(instrument, start_ns):%Y%m%d}"
    if format_date == 2:
        return str(start_ns // NS_PER_S)
    return wire_time(instrument, start_ns, server_version)
