# SPDX-License-Identifier: Apache-2.0
"""Formats: every number, age, time and word as a person reads it. No Qt.

One place decides decimals, signs, thousands and names, so that a price in a table, on an axis and in a
dialog is the same text. A missing value is an en dash, never 0. It must not decide colours: a sign rule says
whether a value is signed, the delegate looks up what that means.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

MINUS: Final = "\u2212"
FIGURE_SPACE: Final = "\u2007"
PUNCTUATION_SPACE: Final = "\u2008"
NONE: Final = "\u2013"
NEW_YORK: Final = "America/New_York"

Number = Decimal | float | int
_NS: Final = 1_000_000_000
_MASK: Final = "\u2022\u2022\u2022"


class SignRule(StrEnum):
    """Whether a number shows its sign.

    NEVER: prices, sizes, margins; only a negative one has a minus. ALWAYS: positions and changes of
    quantity, signed and neutral. MONEY: gain, loss, change of price; signed, and coloured by its sign.
    """

    NEVER = "never"
    ALWAYS = "always"
    MONEY = "money"


def number(value: Number | None, decimals: int = 2, sign: SignRule = SignRule.NEVER) -> str:
    """Return ``6,762.50``, ``+1,100.00``, ``−604.50``; a rounded zero has no sign, None is an en dash."""
    if value is None or not math.isfinite(value):
        return NONE
    text = f"{abs(value):,.{decimals}f}"
    if not any(char in "123456789" for char in text):
        return text
    if value < 0:
        return MINUS + text
    return text if sign is SignRule.NEVER else f"+{text}"


def percent(ratio: Number | None, decimals: int = 2, sign: SignRule = SignRule.MONEY) -> str:
    """Return a ratio as percent: 0.0036 is ``+0.36%``."""
    text = number(None if ratio is None else ratio * 100, decimals, sign)
    return text if text == NONE else f"{text}%"


def size(value: Number | None) -> str:
    """Return a size in few characters: ``999``, ``12.5k``, ``1.2M``, ``3.4B``."""
    if value is None or not math.isfinite(value):
        return NONE
    amount = abs(float(value))
    for limit, scale, unit in ((999_950, 1e3, "k"), (999_950_000, 1e6, "M"), (math.inf, 1e9, "B")):
        if amount < 1000:
            return quantity(value)
        if amount < limit:
            return f"{MINUS if value < 0 else ''}{amount / scale:,.1f}{unit}"
    return NONE


def quantity(value: Number | None, sign: SignRule = SignRule.NEVER) -> str:
    """Return a quantity with the decimals it has and no more: ``1,200``, ``0.5``, ``+300``."""
    if value is None or not math.isfinite(value):
        return NONE
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    exponent = exact.normalize().as_tuple().exponent
    return number(exact, max(0, -int(exponent)), sign)


def align(texts: Iterable[str]) -> list[str]:
    """Pad numbers on the right so that their points stand in one line when they are right aligned.

    A text without a point gets a punctuation space for it and figure spaces for its decimals.
    """
    rows = list(texts)
    tails = [len(text) - text.rfind(".") - 1 if "." in text else -1 for text in rows]
    longest = max(tails, default=-1)
    padded = []
    for text, tail in zip(rows, tails, strict=True):
        point = PUNCTUATION_SPACE if tail < 0 <= longest else ""
        padded.append(text + point + FIGURE_SPACE * (longest - max(tail, 0) if longest > 0 else 0))
    return padded


def decimals_of(tick: Number) -> int:
    """Return the decimals that a tick size needs: 0.25 needs 2, 0.00005 needs 5."""
    exponent = Decimal(str(tick)).normalize().as_tuple().exponent
    return max(0, -int(exponent))


# -------------------------------------------------------------------------------- ages and times
def age(seconds: float | None, *, fine: bool = True) -> str:
    """Return ``0.4 s``, ``41 s``, ``2 m 05 s``, ``1 h 49 m``, ``1 d 1 h``.

    `fine` shows tenths below ten seconds. A negative age (the source's clock runs ahead) is 0.
    """
    if seconds is None or not math.isfinite(seconds):
        return NONE
    left = max(0.0, seconds)
    if fine and left < 10:
        return f"{math.floor(left * 10) / 10:.1f} s"
    whole = int(left)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} m"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def countdown(seconds: float) -> str:
    """Return the time left as ``2:53``, or ``1:02:53`` above an hour; never below ``0:00``."""
    whole = max(0, math.ceil(seconds))
    hours, rest = divmod(whole, 3600)
    if hours:
        return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
    return f"{rest // 60}:{rest % 60:02d}"


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def moment(at_ns: int, zone: str = NEW_YORK) -> datetime:
    """Return a time in nanoseconds UTC as an aware datetime of `zone`, to the microsecond."""
    seconds, rest = divmod(at_ns, _NS)
    return datetime.fromtimestamp(seconds, _zone(zone)) + timedelta(microseconds=rest // 1000)


_ZONE_NAMES: Final[Mapping[str, str]] = {
    "America/New_York": "ET",
    "America/Chicago": "CT",
    "UTC": "UTC",
    "Etc/UTC": "UTC",
}


def zone_name(at_ns: int, zone: str = NEW_YORK) -> str:
    """Return the short name of a zone: ``ET``, ``CT``, ``UTC``, else its abbreviation at that moment."""
    return _ZONE_NAMES.get(zone) or moment(at_ns, zone).strftime("%Z")


def clock_time(at_ns: int | None, zone: str = NEW_YORK, *, decimals: int = 0, seconds: bool = True) -> str:
    """Return ``11:42:07``; up to six `decimals` of the second, cut off, never rounded into the future."""
    if at_ns is None:
        return NONE
    at = moment(at_ns, zone)
    if not seconds:
        return f"{at:%H:%M}"
    tail = f".{at.microsecond:06d}"[: decimals + 1] if decimals else ""
    return f"{at:%H:%M:%S}{tail}"


def clock_time_zone(at_ns: int | None, zone: str = NEW_YORK) -> str:
    """Return ``11:42:07 ET``."""
    return NONE if at_ns is None else f"{clock_time(at_ns, zone)} {zone_name(at_ns, zone)}"


def day(at_ns: int | None, zone: str = NEW_YORK, *, weekday: bool = False, year: bool = False) -> str:
    """Return ``16 Mar``, ``Tue 17 Mar``, ``17 Mar 2026``."""
    if at_ns is None:
        return NONE
    at = moment(at_ns, zone)
    text = f"{_WEEKDAYS[at.weekday()]} " if weekday else ""
    text += f"{at.day} {_MONTHS[at.month - 1]}"
    return f"{text} {at.year}" if year else text


def since(at_ns: int | None, now_ns: int, zone: str = NEW_YORK) -> str:
    """Return the time of day if it was today in `zone`, else the day."""
    if at_ns is None:
        return NONE
    same = moment(at_ns, zone).date() == moment(now_ns, zone).date()
    return clock_time(at_ns, zone) if same else day(at_ns, zone)


# English on every machine: strftime would follow the locale.
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def account(number_: str) -> str:
    """Return an account with its middle hidden: ``DU9000001`` is ``DU•••001``; up to six characters stay."""
    if len(number_) <= 6:
        return number_
    letters = len(number_) - len(number_.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    return f"{number_[: min(letters, 3)]}{_MASK}{number_[-3:]}"


# -------------------------------------------------------------------------------- words
# Keyed by the stable values of the enums of terminal.model.enums; a test proves that none is missing.
SIDES: Final[Mapping[str, str]] = {"buy": "Buy", "sell": "Sell"}
SIDE_LETTERS: Final[Mapping[str, str]] = {"buy": "B", "sell": "S"}
SIZE_RULES: Final[Mapping[str, str]] = {
    "MAX_QTY": "order size",
    "MAX_NOTIONAL": "order value",
    "MAX_POSITION": "position size",
}
ORDER_TYPES: Final[Mapping[str, str]] = {
    "market": "MKT",
    "limit": "LMT",
    "stop": "STP",
    "stop_limit": "STP LMT",
    "trail": "TRAIL",
}
TIMES_IN_FORCE: Final[Mapping[str, str]] = {"day": "DAY", "gtc": "GTC", "ioc": "IOC"}
ORDER_STATUSES: Final[Mapping[str, str]] = {
    "initialized": "Draft",
    "denied": "Denied by Tiller",
    "staged": "Saved",
    "sending": "Sending",
    "sent": "Sent",
    "acked": "At broker",
    "working": "Working",
    "partial": "Part filled",
    "filled": "Filled",
    "cancelled": "Cancelled",
    "rejected": "Rejected",
    "inactive": "Held",
    "expired": "Expired",
    "unknown": "Unknown",
    "lost": "Not at broker",
}
PENDING_REQUESTS: Final[Mapping[str, str]] = {"none": "", "cancel": "Cancelling", "replace": "Changing"}
KNOWLEDGE: Final[Mapping[str, str]] = {
    "confirmed": "Confirmed",
    "assumed": "Assumed",
    "stale": "Not confirmed",
    "conflict": "In conflict",
}
ORDER_ORIGINS: Final[Mapping[str, str]] = {"manual": "Manual", "strategy": "Strategy", "external": "External"}
BRACKET_ROLES: Final[Mapping[str, str]] = {"none": "", "entry": "Entry", "stop": "Stop", "target": "Target"}
ASSET_CLASSES: Final[Mapping[str, str]] = {
    "stock": "Stock",
    "option": "Option",
    "future": "Future",
    "forex": "FX",
    "index": "Index",
    "crypto": "Crypto",
    "combo": "Combo",
}
OPTION_RIGHTS: Final[Mapping[str, str]] = {"call": "Call", "put": "Put"}
DATA_TYPES: Final[Mapping[str, str]] = {
    "live": "Live",
    "frozen": "Frozen",
    "delayed": "Delayed",
    "delayed_frozen": "Delayed, frozen",
}
DELAYED_MARK: Final = "D"
"""Stands after a delayed number."""
DELAYED_WORD: Final = "Delayed"
DELAYED_HINT: Final = "Delayed prices: the account has no permission for live data of this symbol"
MODES: Final[Mapping[str, str]] = {"demo": "DEMO", "paper": "PAPER", "live": "LIVE"}
TRADING_STATES: Final[Mapping[str, str]] = {
    "active": "Trading",
    "reducing": "Reducing only",
    "halted": "Halted",
}
LINK_STATES: Final[Mapping[str, str]] = {
    "disconnected": "Disconnected",
    "connecting": "Connecting",
    "syncing": "Reconciling",
    "ready": "Connected",
    "degraded": "Degraded",
    "reconnecting": "Reconnecting",
}
STRATEGY_STATES: Final[Mapping[str, str]] = {
    "off": "Off",
    "observe": "Observe",
    "live": "Live",
    "faulted": "Faulted",
}


def delayed_note(value: object, *, delayed: bool) -> str:
    """Return what stands after a number: the mark if it is delayed, nothing for a live or a missing one."""
    return DELAYED_MARK if delayed and value is not None and value != "" else ""
