# SPDX-License-Identifier: Apache-2.0
"""Doctor: what stands between this profile and a working TWS connection, one check after the other.

For `tiller doctor` and the connect dialog. It connects for itself, with the profile's client id, asks and
leaves; it sends no order, not even a what-if. A check that cannot be made because an earlier one failed is
left out.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from brokers.ibkr import codes
from brokers.ibkr.broker import IbkrBroker
from brokers.ibkr.connection import Cause
from brokers.ibkr.hours import zone
from brokers.ibkr.ports import STANDARD_PORTS, listens, open_standard_ports
from brokers.ibkr.session import masked
from brokers.ibkr.timing import BrokerClock, pause, within
from terminal.clock import NS_PER_S
from terminal.errors import BrokerError
from terminal.model.enums import AssetClass, DataType, LinkState, Mode
from terminal.model.events import DataNotice, LinkChanged
from terminal.model.instrument import Instrument, instrument_id
from terminal.model.market import Quote
from terminal.ports import ConnectionSettings

OK: Final = "ok"
WARN: Final = "warn"
FAIL: Final = "fail"
QUOTE_S: Final = 6.0
_FARMS_S: Final = 1.0
SKEW_WARN_S: Final = 2.0
SKEW_FAIL_S: Final = 30.0
_API: Final = "Global Configuration > API > Settings"
_PROBE: Final = Instrument(
    id=instrument_id(AssetClass.STOCK, "AAPL"), asset_class=AssetClass.STOCK, symbol="AAPL", primary_exchange="NASDAQ"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding. ``state`` is ok, warn or fail."""

    name: str
    state: str
    text: str
    way_out: str = ""


class _Machine:
    """A clock that measures the broker's clock against this machine's instead of following it."""

    def __init__(self, clock: BrokerClock) -> None:
        self._clock = clock
        self.skew_s: float | None = None
        self.now_ns = clock.now_ns
        self.monotonic_ns = clock.monotonic_ns
        self.call_later = clock.call_later
        self.call_at = clock.call_at
        self.seconds_since = clock.seconds_since
        self.drift_s = 0.0

    def adjust(self, broker_ns: int) -> float:
        self.skew_s = (broker_ns - self._clock.now_ns()) / NS_PER_S
        return 0.0

    def forget_broker(self) -> None:
        """There is nothing to forget: every answer is a measurement."""


class _Ear:
    def __init__(self) -> None:
        self.events: list[object] = []
        self.changed = asyncio.Event()

    def __call__(self, event: object) -> None:
        self.events.append(event)
        self.changed.set()

    async def until(self, kinds: tuple[type, ...], wanted: "_Wanted") -> object:
        while True:
            for event in self.events:
                if isinstance(event, kinds) and wanted(event):
                    return event
            self.changed.clear()
            await self.changed.wait()


class _Wanted:
    """Says which of the events ends a wait: a link that is up or has a cause, or a word about the probe."""

    def __init__(self, probe: Instrument | None = None) -> None:
        self._probe = probe

    def __call__(self, event: object) -> bool:
        match event:
            case LinkChanged(state=state, code=code):
                return self._probe is None and (state is LinkState.READY or code != 0)
            case Quote(instrument_id=iid) | DataNotice(instrument_id=iid):
                return self._probe is not None and iid == self._probe.id
        return False


async def diagnose(settings: ConnectionSettings, clock: BrokerClock, probe: Instrument = _PROBE) -> Sequence[Check]:
    """Run every check against ``settings``; never raises for what it finds. ``probe`` is quoted once."""
    checks = [await _port(settings, clock)]
    if checks[0].state == FAIL:
        return checks
    machine, ear = _Machine(clock), _Ear()
    broker = IbkrBroker(ear, machine)
    await broker.connect(settings)
    try:
        checks.extend(await _session(settings, clock, machine, ear, broker, probe))
    finally:
        await broker.disconnect()
    return checks


async def _port(settings: ConnectionSettings, clock: BrokerClock) -> Check:
    address = f"{settings.host}:{settings.port}"
    if await listens(clock, settings.host, settings.port, timeout_s=settings.connect_timeout_s):
        known = STANDARD_PORTS.get(settings.port)
        return Check(name="port", state=OK, text=f"{address} listens" + (f" ({known} by default)" if known else ""))
    found = await open_standard_ports(clock, settings.host, settings.port)
    cause = Cause.of(codes.CANNOT_CONNECT)
    if found:
        shown = ", ".join(f"{port} ({STANDARD_PORTS[port]})" for port in found)
        text = f"nothing listens on {address}; open there: {shown}"
        return Check(name="port", state=FAIL, text=text, way_out=f"Set the port to one of these, or: {cause.way_out}")
    text = f"nothing listens on {address}, nor on 7496, 7497, 4001, 4002"
    return Check(name="port", state=FAIL, text=text, way_out=f"Start TWS or IB Gateway and log in. {cause.way_out}")


async def _session(
    settings: ConnectionSettings,
    clock: BrokerClock,
    machine: _Machine,
    ear: _Ear,
    broker: IbkrBroker,
    probe: Instrument,
) -> list[Check]:
    link = await _wait(clock, settings.connect_timeout_s + 6.0, ear, (LinkChanged,), _Wanted())
    if not isinstance(link, LinkChanged) or link.state is not LinkState.READY:
        return [_failed_link(link)]
    shown = ", ".join(masked(account) for account in broker.accounts)
    checks = [
        Check(name="handshake", state=OK, text="the API answers and opened a session"),
        Check(name="client id", state=OK, text=f"client id {settings.client_id} is free"),
        Check(name="account", state=OK, text=f"{shown} fits the mode {settings.mode.value}"),
        _clock_check(machine.skew_s, settings.mode),
    ]
    await pause(clock, _FARMS_S)
    checks.append(_farms(ear))
    checks.append(await _data(clock, ear, broker, probe))
    checks.append(await _read_only(broker, settings))
    checks.append(_zones())
    return checks


async def _wait(
    clock: BrokerClock, seconds: float, ear: _Ear, kinds: tuple[type, ...], wanted: _Wanted
) -> object | None:
    try:
        return await within(clock, seconds, ear.until(kinds, wanted))
    except TimeoutError:
        return None


def _failed_link(link: object | None) -> Check:
    if not isinstance(link, LinkChanged):
        return Check(name="handshake", state=FAIL, text="no session in time", way_out="Look for open dialogs in TWS")
    names = {codes.CLIENT_ID_TAKEN: "client id", codes.ACCOUNT_MISMATCH: "account"}
    return Check(name=names.get(link.code, "handshake"), state=FAIL, text=link.text, way_out=link.way_out)


def _clock_check(skew_s: float | None, mode: Mode) -> Check:
    if skew_s is None:
        return Check(name="clock", state=WARN, text="the server did not tell its time", way_out="Try again")
    if mode is Mode.DEMO:
        return Check(name="clock", state=OK, text="the server tells its time; a demo keeps its own")
    text = f"the broker's clock is {skew_s:+.1f} s against this machine's"
    if abs(skew_s) <= SKEW_WARN_S:
        return Check(name="clock", state=OK, text=text)
    state = WARN if abs(skew_s) <= SKEW_FAIL_S else FAIL
    return Check(name="clock", state=state, text=text, way_out="Let the time service of this machine set its clock")


def _farms(ear: _Ear) -> Check:
    broken = [event for event in ear.events if isinstance(event, DataNotice) and event.code in (2103, 2105, 2157)]
    if not broken:
        return Check(name="farms", state=OK, text="no data farm is reported as broken")
    text = "; ".join(notice.text for notice in broken)
    return Check(
        name="farms", state=WARN, text=text, way_out="TWS reconnects its farms by itself; wait, then try again"
    )


async def _data(clock: BrokerClock, ear: _Ear, broker: IbkrBroker, probe: Instrument) -> Check:
    """Ask one quote: the permission shows in the answer."""
    name = "market data"
    try:
        instrument = await broker.qualify(probe)
    except BrokerError as fault:
        return Check(name=name, state=WARN, text=f"{probe.id} could not be looked up: {fault}", way_out="Try another")
    broker.subscribe_quote(instrument)
    heard = await _wait(clock, QUOTE_S, ear, (Quote, DataNotice), _Wanted(instrument))
    match heard:
        case Quote(data_type=DataType.LIVE | DataType.FROZEN):
            return Check(name=name, state=OK, text=f"{probe.id} is quoted live")
        case Quote(data_type=data_type):
            text = f"{probe.id} is quoted {data_type.value.replace('_', ' ')}"
            return Check(name=name, state=WARN, text=text, way_out=codes.lookup(10167).way_out)
        case DataNotice() as notice:
            state = FAIL if notice.severity == "error" else WARN
            return Check(name=name, state=state, text=f"{notice.meaning} ({notice.code})", way_out=notice.way_out)
    text = f"no quote of {probe.id} within {QUOTE_S:g} s; outside trading hours this says little"
    return Check(name=name, state=WARN, text=text, way_out="Try again while the exchange is open")


async def _read_only(broker: IbkrBroker, settings: ConnectionSettings) -> Check:
    """Ask for the orders: a read-only API refuses even that."""
    name, fault = "read-only", ""
    try:
        await broker.truth(settings.account or broker.accounts[0])
    except BrokerError as refused:
        fault = str(refused)
    if broker.read_only:
        way_out = f"In TWS: {_API}: untick 'Read-Only API', and reconnect"
        return Check(name=name, state=FAIL, text="the API takes no orders", way_out=way_out)
    if fault:
        return Check(name=name, state=WARN, text=f"the orders could not be read: {fault}", way_out="Try again")
    return Check(name=name, state=OK, text="orders can be read; the API is not read-only")


def _zones() -> Check:
    missing = [name for name in ("US/Eastern", "US/Central", "Europe/Berlin", "Asia/Tokyo") if zone(name) is None]
    if not missing:
        return Check(name="time zones", state=OK, text="exchange time zones are known")
    text = f"unknown time zones: {', '.join(missing)}"
    return Check(name="time zones", state=FAIL, text=text, way_out="Install the tzdata package")
