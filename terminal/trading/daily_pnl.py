# SPDX-License-Identifier: Apache-2.0
"""Daily P&L as TWS counts it, so that our figure can stand beside the broker's.

position x price - (position x price at reset) + net traded. The reset is 5 minutes before midnight in the
instrument's zone, or 5 minutes before its open if it trades through midnight. Commissions are not part of it.
Pure functions; amounts in the instrument's currency.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from terminal.clock import NS_PER_S
from terminal.model.instrument import Instrument, Session
from terminal.trading.book import Booking

_LEAD: Final = timedelta(minutes=5)
_LEAD_NS: Final = 5 * 60 * NS_PER_S
_ZERO: Final = Decimal(0)

RULE_MIDNIGHT: Final = "reset 5 minutes before midnight"
RULE_OPEN: Final = "reset 5 minutes before the open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """When the trading day of an instrument began for P&L, and by which rule."""

    ns: int
    rule: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySums:
    """A day split at its reset: ``held`` before it, ``traded`` net since, ``cash`` received minus paid since."""

    held: Decimal
    traded: Decimal
    cash: Decimal


def _moment(ns: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(ns // NS_PER_S, UTC).astimezone(zone)


def _to_ns(moment: datetime) -> int:
    return round(moment.timestamp()) * NS_PER_S


def _through_midnight(session: Session, zone: ZoneInfo) -> bool:
    return _moment(session.start_ns, zone).date() != _moment(session.end_ns - 1, zone).date()


def reset_of(instrument: Instrument, now_ns: int) -> Reset:
    """Return the last P&L reset at or before ``now_ns``.

    Without known trading hours the midnight rule applies.
    """
    zone = ZoneInfo(instrument.time_zone)
    overnight = [session for session in instrument.trading_hours if _through_midnight(session, zone)]
    started = [session.start_ns for session in overnight if session.start_ns - _LEAD_NS <= now_ns]
    if started:
        return Reset(ns=max(started) - _LEAD_NS, rule=RULE_OPEN, zone=instrument.time_zone)
    today = _moment(now_ns, zone)
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
    for day in (1, 0, -1):
        # whole days are counted on the wall clock of the zone: a day of 23 or 25 hours is still one day
        reset = _to_ns((midnight.replace(tzinfo=None) + timedelta(days=day) - _LEAD).replace(tzinfo=zone))
        if reset <= now_ns:
            return Reset(ns=reset, rule=RULE_MIDNIGHT, zone=instrument.time_zone)
    raise ValueError(f"no reset before {now_ns} in {instrument.time_zone}")


def day_sums(bookings: Iterable[Booking], reset_ns: int, so_far: DaySums | None = None) -> DaySums:
    """Split the bookings of an instrument at the reset and add them to ``so_far``.

    An adopted opening position counts as held before.
    """
    held, traded, cash = (so_far.held, so_far.traded, so_far.cash) if so_far is not None else (_ZERO, _ZERO, _ZERO)
    for booking in bookings:
        if booking.opening or booking.event_ns < reset_ns:
            held += booking.signed
        else:
            traded += booking.signed
            cash -= booking.signed * booking.price
    return DaySums(held=held, traded=traded, cash=cash)


def daily_pnl(sums: DaySums, *, mark: float | None, price_at_reset: float | None, multiplier: Decimal) -> float | None:
    """Return the day's P&L, or None when a price that it needs is not known."""
    quantity = sums.held + sums.traded
    value = float(sums.cash)
    if quantity:
        if mark is None:
            return None
        value += float(quantity) * mark
    if sums.held:
        if price_at_reset is None:
            return None
        value -= float(sums.held) * price_at_reset
    return value * float(multiplier)
