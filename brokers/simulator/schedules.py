# SPDX-License-Identifier: Apache-2.0
"""Trading sessions of the past, read from the market's own record, because contracts list only those to come."""

from collections.abc import Sequence
from typing import Final

from brokers.simulator.contracts import local_time
from terminal.clock import NS_PER_S
from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument, Session
from terminal.simulation.exchange_port import Exchange, SimulatorRefusalError

_STEP_S: Final = 1800
_DAY_NS: Final = 86_400 * NS_PER_S
_GAP_NS: Final = 2 * _STEP_S * NS_PER_S
"""A longer silence ends a session."""


def past_sessions(
    exchange: Exchange, instrument: Instrument, *, start_ns: int, end_ns: int, regular: bool
) -> Sequence[Session]:
    """Sessions that begin in [start, end), oldest first: from half-hour bars, those of today as they are listed."""
    listed = instrument.liquid_hours if regular else instrument.trading_hours
    first_listed = min((one.start_ns for one in listed), default=end_ns)
    found: list[Session] = []
    whole_ns = start_ns - _DAY_NS  # a session that began before the start is seen whole, and left out
    for bar_start, bar_end in _spans(exchange, instrument, whole_ns, min(end_ns, first_listed), regular=regular):
        if found and bar_start - found[-1].end_ns < _GAP_NS and _same_day(instrument, found[-1], bar_start):
            found[-1] = Session(start_ns=found[-1].start_ns, end_ns=bar_end)
        else:
            found.append(Session(start_ns=bar_start, end_ns=bar_end))
    found += sorted(listed, key=lambda one: one.start_ns)
    return [one for one in found if start_ns <= one.start_ns < end_ns]


def _spans(
    exchange: Exchange, instrument: Instrument, start_ns: int, end_ns: int, *, regular: bool
) -> list[tuple[int, int]]:
    """When there were bars; quotes show a session where trades may be rare."""
    what = "TRADES" if instrument.asset_class in (AssetClass.STOCK, AssetClass.FUTURE) else "MIDPOINT"
    if end_ns <= start_ns:
        return []
    try:
        bars = exchange.bars(
            instrument.broker_id or 0,
            seconds=_STEP_S,
            start_ns=start_ns,
            end_ns=end_ns,
            what=what,
            regular_only=regular,
        )
    except SimulatorRefusalError:
        return []
    return [(bar.start_ns, bar.end_ns) for bar in bars]


def _same_day(instrument: Instrument, session: Session, ns: int) -> bool:
    return local_time(instrument, session.end_ns - NS_PER_S).date() == local_time(instrument, ns).date()


def is_regular(instrument: Instrument, ns: int) -> bool:
    """Whether a moment lies in the regular hours of its weekday, as the contract lists them."""
    moment = local_time(instrument, ns)
    hours = [
        (local_time(instrument, one.start_ns).timetz(), local_time(instrument, one.end_ns).timetz())
        for one in instrument.liquid_hours
        if local_time(instrument, one.start_ns).date() == local_time(instrument, one.end_ns).date()
    ]
    if not hours:
        return True
    usual = max(set(hours), key=hours.count)
    return usual[0].replace(tzinfo=None) <= moment.time() < usual[1].replace(tzinfo=None)
