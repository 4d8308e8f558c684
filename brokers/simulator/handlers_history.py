# SPDX-License-Identifier: Apache-2.0
"""Historical data: bars (once or kept up to date), real-time bars, schedule.

Bars come from the market; this module reads the request, paces it and keeps
the growing bar of a kept-up-to-date request moving by market time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from brokers.simulator.bar_requests import DAY_S, bar_seconds, bar_time, parse_time, start_of
from brokers.simulator.capabilities import need
from brokers.simulator.contracts import invalid, local_time, wire_time, zone_name
from brokers.simulator.hub import Handlers, Hub
from brokers.simulator.pacing import HistoryPacing
from brokers.simulator.permissions import no_permission
from brokers.simulator.protocol import requests, responses_data
from brokers.simulator.protocol.values import Values
from brokers.simulator.request import Request
from brokers.simulator.schedules import past_sessions
from brokers.simulator.session import Session
from brokers.simulator.what_to_show import LIVE_KINDS, check_kind, shown_bars
from terminal.clock import NS_PER_S
from terminal.model.instrument import Instrument
from terminal.model.market import Bar
from terminal.simulation.exchange_port import SimulatorRefusalError

UPDATE_PERIOD_NS: Final = NS_PER_S
REAL_TIME_BAR_S: Final = 5
SCHEDULE_VERSION: Final = 165
_HMDS: Final = "Historical Market Data Service error message:"


@dataclass(eq=False, slots=True)
class GrowingBars:
    """One kept-up-to-date request."""

    session: Session
    req_id: int
    instrument: Instrument
    seconds: int
    what: str
    regular_only: bool
    format_date: int
    from_ns: int
    """Start of the last bar that was sent; it may still have grown."""
    last: Bar | None


@dataclass(eq=False, slots=True)
class RealTimeBars:
    """One five-second bar subscription."""

    session: Session
    req_id: int
    instrument: Instrument
    what: str
    regular_only: bool
    next_ns: int
    """Start of the bar that is sent next."""


class HistoryDesk:
    """Serves historical data and real-time bars."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._growing: dict[tuple[Session, int], GrowingBars] = {}
        self._bars: dict[tuple[Session, int], RealTimeBars] = {}
        self._pacing: dict[Session, HistoryPacing] = {}
        self._update_due = 0

    def handlers(self) -> Handlers:
        return {
            requests.REQ_HISTORICAL_DATA: self.historical_data,
            requests.CANCEL_HISTORICAL_DATA: self.cancel_historical_data,
            requests.REQ_REAL_TIME_BARS: self.real_time_bars,
            requests.CANCEL_REAL_TIME_BARS: self.cancel_real_time_bars,
        }

    def forget(self, session: Session) -> None:
        self._pacing.pop(session, None)
        for key in [key for key in self._growing if key[0] is session]:
            del self._growing[key]
        for key in [key for key in self._bars if key[0] is session]:
            del self._bars[key]

    # ------------------------------------------------------------------ bars
    def historical_data(self, session: Session, request: Request) -> None:
        """Bars of a duration that ends at a time. Errors: 162 none or paced, 200, 321, 322, 10314."""
        if (session, request.id) in self._growing:
            raise SimulatorRefusalError(386, "Duplicate ticker ID for API historical data query.")
        check_kind(request.text("what_to_show"))
        instrument = self._hub.contracts.resolve(request)
        need(request.message.name, instrument, request.text("what_to_show"))
        if request.text("what_to_show") == "SCHEDULE":
            self._schedule(session, request, instrument)
            return
        self._hub.permissions.need(instrument, 162, f"{_HMDS}{no_permission(instrument)}")
        seconds = bar_seconds(request.text("bar_size"))
        keep = request.flag("keep_up_to_date")
        if keep and request.text("end"):
            raise invalid("End date not supported with keepUpToDate, leave it empty")
        if keep and request.text("what_to_show") not in LIVE_KINDS:
            raise invalid(f"{request.text('what_to_show')} cannot be kept up to date, only {', '.join(LIVE_KINDS)} can")
        if request.integer("format_date", 1) not in (1, 2):
            raise invalid(f"Invalid date format {request.integer('format_date')}, must be 1 or 2")
        end_ns = parse_time(request.text("end"), instrument, self._hub.now_ns())
        start_ns = start_of(instrument, end_ns, request.text("duration"))
        self._pace(session, request, instrument, seconds)
        what, regular = request.text("what_to_show"), request.flag("use_rth")
        bars = self._fetch(instrument, seconds, start_ns, end_ns, what, regular)
        if not bars:
            raise SimulatorRefusalError(162, f"{_HMDS}HMDS query returned no data: {_spell(instrument, what)}")
        self._send_bars(session, request, instrument, bars, start_ns, end_ns)
        if keep:
            self._growing[session, request.id] = GrowingBars(
                session,
                request.id,
                instrument,
                seconds,
                what,
                regular,
                request.integer("format_date", 1),
                bars[-1].start_ns,
                bars[-1],
            )

    def _pace(self, session: Session, request: Request, instrument: Instrument, seconds: int) -> None:
        pacing = self._pacing.setdefault(session, HistoryPacing())
        names = ("end", "bar_size", "duration", "use_rth", "what_to_show")
        key = (instrument.id, *(request.values.get(name) for name in names))
        if pacing.violation(
            self._hub.clock.monotonic_ns(),
            bar_seconds=seconds,
            con_id=instrument.broker_id or 0,
            key=key,
            what=request.text("what_to_show"),
        ):
            raise SimulatorRefusalError(162, f"{_HMDS}Historical data request pacing violation")

    def _fetch(
        self, instrument: Instrument, seconds: int, start_ns: int, end_ns: int, what: str, regular: bool
    ) -> Sequence[Bar]:
        return shown_bars(
            self._hub.exchange,
            instrument,
            seconds=seconds,
            start_ns=start_ns,
            end_ns=end_ns,
            what=what,
            regular_only=regular,
        )

    def _send_bars(
        self,
        session: Session,
        request: Request,
        instrument: Instrument,
        bars: Sequence[Bar],
        start_ns: int,
        end_ns: int,
    ) -> None:
        format_date = request.integer("format_date", 1)
        session.send(
            responses_data.HISTORICAL_DATA,
            req_id=request.id,
            start=wire_time(instrument, start_ns, session.server_version),
            end=wire_time(instrument, end_ns, session.server_version),
            bars=[_bar_fields(instrument, bar, format_date, session.server_version) for bar in bars],
        )

    def cancel_historical_data(self, session: Session, request: Request) -> None:
        """Stop a kept-up-to-date request; 366 when there is none."""
        if self._growing.pop((session, request.id), None) is None:
            raise SimulatorRefusalError(366, f"No historical data query found for ticker id:{request.id}")
        session.error(request.id, 162, f"{_HMDS}API historical data query cancelled: {request.id}")

    def _schedule(self, session: Session, request: Request, instrument: Instrument) -> None:
        """Trading sessions of the duration: those of the past as the market's bars show them, then those listed."""
        if session.server_version < SCHEDULE_VERSION:
            raise invalid("This client's version has no historical schedule")
        if bar_seconds(request.text("bar_size")) != DAY_S:
            raise invalid("A historical schedule is asked for with bars of 1 day")
        end_ns = parse_time(request.text("end"), instrument, self._hub.now_ns())
        start_ns = start_of(instrument, end_ns, request.text("duration"))
        sessions = past_sessions(
            self._hub.exchange, instrument, start_ns=start_ns, end_ns=end_ns, regular=request.flag("use_rth")
        )
        if not sessions:
            raise SimulatorRefusalError(162, f"{_HMDS}HMDS query returned no data: no schedule")
        session.send(
            responses_data.HISTORICAL_SCHEDULE,
            req_id=request.id,
            start=_schedule_time(instrument, sessions[0].start_ns),
            end=_schedule_time(instrument, sessions[-1].end_ns),
            time_zone=zone_name(instrument),
            sessions=[
                {
                    "start": _schedule_time(instrument, one.start_ns),
                    "end": _schedule_time(instrument, one.end_ns),
                    "reference_date": f"{local_time(instrument, one.end_ns):%Y%m%d}",
                }
                for one in sessions
            ],
        )

    # ------------------------------------------------------------------ real-time bars
    def real_time_bars(self, session: Session, request: Request) -> None:
        """Five-second bars from now on. Errors: 200, 321, 322, 420 permission."""
        if (session, request.id) in self._bars:
            raise SimulatorRefusalError(322, "Error processing request.-'b' : cause - Duplicate ticker id")
        check_kind(request.text("what_to_show"), LIVE_KINDS)
        if request.integer("bar_size") != REAL_TIME_BAR_S:
            raise invalid(f"Real-time bars are of 5 seconds, not {request.integer('bar_size')}")
        instrument = self._hub.contracts.resolve(request)
        need(request.message.name, instrument, request.text("what_to_show"))
        self._hub.permissions.need(instrument, 420, f"Invalid Real-time Query:{no_permission(instrument)}")
        step = REAL_TIME_BAR_S * NS_PER_S
        start_ns = self._hub.now_ns() // step * step
        what, regular = request.text("what_to_show"), request.flag("use_rth")
        self._fetch(instrument, REAL_TIME_BAR_S, start_ns - step, start_ns, what, regular)  # refuses now
        self._bars[session, request.id] = RealTimeBars(session, request.id, instrument, what, regular, start_ns)

    def cancel_real_time_bars(self, session: Session, request: Request) -> None:
        """Stop five-second bars; 300 when there are none."""
        if self._bars.pop((session, request.id), None) is None:
            raise SimulatorRefusalError(300, f"Can't find EId with tickerId:{request.id}")

    # ------------------------------------------------------------------ time
    def on_turn(self, now_ns: int) -> None:
        """Grow the kept-up-to-date bars once a second; send the five-second bars that ended."""
        for bars in tuple(self._bars.values()):
            self._real_time(bars, now_ns)
        if now_ns < self._update_due:
            return
        self._update_due = now_ns + UPDATE_PERIOD_NS
        for growing in tuple(self._growing.values()):
            self._grow(growing, now_ns)

    def _grow(self, growing: GrowingBars, now_ns: int) -> None:
        bars = self._fetch(
            growing.instrument,
            growing.seconds,
            growing.from_ns,
            now_ns + 1,
            growing.what,
            growing.regular_only,
        )
        for bar in bars:
            if growing.last is not None and _same(bar, growing.last):
                continue
            growing.last, growing.from_ns = bar, bar.start_ns
            fields = _bar_fields(growing.instrument, bar, growing.format_date, growing.session.server_version)
            growing.session.send(responses_data.HISTORICAL_DATA_UPDATE, req_id=growing.req_id, **fields)

    def _real_time(self, bars: RealTimeBars, now_ns: int) -> None:
        step = REAL_TIME_BAR_S * NS_PER_S
        if now_ns < bars.next_ns + step:
            return
        end_ns = now_ns // step * step
        found = {
            bar.start_ns: bar
            for bar in self._fetch(bars.instrument, REAL_TIME_BAR_S, bars.next_ns, end_ns, bars.what, bars.regular_only)
        }
        for start_ns in range(bars.next_ns, end_ns, step):
            bar = found.get(start_ns)
            if bar is not None:
                bars.session.send(
                    responses_data.REAL_TIME_BAR,
                    req_id=bars.req_id,
                    epoch=start_ns // NS_PER_S,
                    **_prices(bar),
                )
        bars.next_ns = end_ns


def _same(one: Bar, other: Bar) -> bool:
    return (one.start_ns, one.open, one.high, one.low, one.close, one.volume, one.count) == (
        other.start_ns,
        other.open,
        other.high,
        other.low,
        other.close,
        other.volume,
        other.count,
    )


def _prices(bar: Bar) -> Values:
    return {
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
        "volume": bar.volume,
        "average": bar.close if bar.vwap is None else bar.vwap,
        "count": bar.count,
    }


def _bar_fields(instrument: Instrument, bar: Bar, format_date: int, server_version: int) -> Values:
    time = bar_time(instrument, bar.start_ns, bar.seconds, format_date=format_date, server_version=server_version)
    return {"time": time, **_prices(bar)}


def _schedule_time(instrument: Instrument, ns: int) -> str:
    return f"{local_time(instrument, ns):%Y%m%d-%H:%M:%S}"


def _spell(instrument: Instrument, what: str) -> str:
    return f"{instrument.local_symbol or instrument.symbol}@{instrument.exchange} {what}"
