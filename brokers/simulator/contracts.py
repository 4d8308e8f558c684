# SPDX-License-Identifier: Apache-2.0
"""Contracts on the wire: from a client's description to an instrument and back.

TWS finds a contract by its id or by what is filled in of its description, and
refuses what matches nothing or too much. This module knows the spelling of the
wire (STK, C, 20250321, US/Eastern); it must not know subscriptions or orders.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from brokers.simulator.protocol.values import Values
from brokers.simulator.protocol.vocabulary import WHOLE_SIZES_BELOW
from brokers.simulator.request import Request
from terminal.clock import NS_PER_S
from terminal.model.enums import AssetClass, OptionRight
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument, Session
from terminal.simulation.exchange_port import Exchange, SimulatorRefusalError

SEC_TYPES: Final[Mapping[AssetClass, str]] = {
    AssetClass.STOCK: "STK",
    AssetClass.OPTION: "OPT",
    AssetClass.FUTURE: "FUT",
    AssetClass.FOREX: "CASH",
    AssetClass.INDEX: "IND",
    AssetClass.CRYPTO: "CRYPTO",
    AssetClass.COMBO: "BAG",
}
_SMART_ROUTED: Final = frozenset({AssetClass.STOCK, AssetClass.OPTION})
_EXCHANGE_ALIASES: Final[Mapping[str, str]] = {"ISLAND": "NASDAQ", "GLOBEX": "CME"}
_ZONES: Final[Mapping[str, str]] = {
    "America/New_York": "US/Eastern",
    "America/Chicago": "US/Central",
    "America/Los_Angeles": "US/Pacific",
}

NOT_FOUND: Final = "No security definition has been found for the request"
FRACTIONS: Final = (
    "Your API version does not support fractional sizing rules. "
    f"Please upgrade to at least version {WHOLE_SIZES_BELOW}."
)
_FUNDS: Final = ("ETF", "TRUST", "FUND", "SPDR", "ISHARES")


def invalid(reason: str) -> SimulatorRefusalError:
    """TWS's refusal of a request that does not make sense."""
    return SimulatorRefusalError(321, f"Error validating request.-'b' : cause - {reason}")


def zone_name(instrument: Instrument) -> str:
    """Time zone as TWS spells it."""
    return _ZONES.get(instrument.time_zone, instrument.time_zone)


def local_time(instrument: Instrument, ns: int) -> datetime:
    """Market time in the instrument's zone, whole seconds."""
    return datetime.fromtimestamp(ns // NS_PER_S, ZoneInfo(instrument.time_zone))


def wire_time(instrument: Instrument, ns: int, server_version: int) -> str:
    """Date and time of a message: with the instrument's zone from version 174, bare before."""
    moment = local_time(instrument, ns)
    if server_version >= 174:
        return f"{moment:%Y%m%d %H:%M:%S} {zone_name(instrument)}"
    return f"{moment:%Y%m%d  %H:%M:%S}"


def valid_exchanges(instrument: Instrument) -> list[str]:
    """Where the instrument can be routed, best first."""
    names = ["SMART"] if instrument.asset_class in _SMART_ROUTED else []
    names += [instrument.exchange, instrument.primary_exchange]
    return list(dict.fromkeys(name for name in names if name))


def contract_fields(instrument: Instrument, exchange: str = "", *, absent_right: str = "") -> Values:
    """Fields of a contract in an answer. ``exchange`` is shown when given, else where it is listed."""
    right = {None: absent_right, OptionRight.CALL: "C", OptionRight.PUT: "P"}[instrument.right]
    return {
        "con_id": instrument.broker_id or 0,
        "symbol": instrument.symbol,
        "sec_type": SEC_TYPES[instrument.asset_class],
        "last_trade_date": f"{instrument.expiry:%Y%m%d}" if instrument.expiry else "",
        "strike": float(instrument.strike or 0),
        "right": right,
        "multiplier": multiplier_text(instrument),
        "exchange": exchange or instrument.exchange,
        "primary_exchange": instrument.primary_exchange,
        "currency": instrument.currency,
        "local_symbol": instrument.local_symbol or instrument.symbol,
        "trading_class": instrument.trading_class or instrument.symbol,
    }


def is_fund(instrument: Instrument) -> bool:
    """Whether a stock is a fund, which only its name says."""
    return any(word in instrument.name.upper() for word in _FUNDS)


def multiplier_text(instrument: Instrument) -> str:
    """Multiplier as TWS writes it: empty where there is none to speak of."""
    if instrument.asset_class in (AssetClass.OPTION, AssetClass.FUTURE):
        return format(instrument.multiplier.normalize(), "f")
    return ""


class ContractBook:
    """Finds instruments by a client's description.

    Raises SimulatorRefusalError with code 200 or 321, as TWS.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._rules: dict[tuple[tuple[Decimal, Decimal], ...], int] = {}
        self._underlyings: dict[InstrumentId, Instrument] = {}

    def instrument(self, con_id: int) -> Instrument:
        """The instrument of an id that the market itself has named."""
        instrument = self._exchange.instrument(con_id)
        if instrument is None:
            raise SimulatorRefusalError(200, NOT_FOUND)
        return instrument

    def matches(self, request: Request) -> Sequence[Instrument]:
        """Every instrument that fits what is filled in."""
        con_id = request.integer("con_id")
        if con_id:
            known = self._exchange.instrument(con_id)
            found: Sequence[Instrument] = () if known is None else (known,)
        elif request.text("sec_id"):
            return ()
        else:
            found = self._search(request)
        return [instrument for instrument in found if self._fits(instrument, request)]

    def _search(self, request: Request) -> Sequence[Instrument]:
        if not request.text("sec_type") or not (request.text("symbol") or request.text("local_symbol")):
            raise invalid("Please enter a symbol or a local symbol, and a security type")
        return self._exchange.find(
            symbol=request.text("symbol"),
            sec_type=request.text("sec_type"),
            expiry=request.text("last_trade_date").split(" ")[0],
            strike=request.number("strike") or 0.0,
            right=_right(request.text("right")),
            currency=request.text("currency"),
            local_symbol=request.text("local_symbol"),
            trading_class=request.text("trading_class"),
            multiplier=request.text("multiplier"),
        )

    def _fits(self, instrument: Instrument, request: Request) -> bool:
        exchange = _exchange_name(request.text("exchange"))
        primary = _exchange_name(request.text("primary_exchange"))
        if exchange and exchange not in self.exchanges(instrument):
            return False
        return not primary or primary == _exchange_name(instrument.primary_exchange or instrument.exchange)

    def resolve(self, request: Request) -> Instrument:
        """The one instrument that a data request or an order means."""
        if request.text("sec_type") == "BAG" or request.groups("combo_legs"):
            raise invalid("Combination contracts are not supported")
        if request.flag("delta_neutral_contract"):
            raise invalid("Delta-neutral contracts are not supported")
        if not request.text("exchange"):
            raise invalid("Please enter exchange")
        found = self.matches(request)
        if not found:
            raise SimulatorRefusalError(200, NOT_FOUND)
        if len(found) > 1:
            symbol = request.text("symbol") or request.text("local_symbol")
            raise SimulatorRefusalError(200, f"The contract description specified for {symbol} is ambiguous.")
        if found[0].size_increment % 1 and request.server_version < WHOLE_SIZES_BELOW:
            raise SimulatorRefusalError(10285, FRACTIONS)
        return found[0]

    def underlying(self, instrument: Instrument) -> Instrument | None:
        """What an option or future is written on, if it exists here. Its hours may be those of an earlier day."""
        if instrument.underlying_id is None:
            return None
        known = self._underlyings.get(instrument.underlying_id)
        if known is None:
            found = [one for one in self._exchange.instruments() if one.id == instrument.underlying_id]
            if not found:
                return None
            known = self._underlyings[instrument.underlying_id] = found[0]
        return known

    def exchanges(self, instrument: Instrument) -> list[str]:
        """Where the instrument can be routed, best first; an option on an index also where the index is."""
        names = valid_exchanges(instrument)
        if instrument.asset_class is AssetClass.OPTION:
            underlying = self.underlying(instrument)
            if underlying is not None and underlying.asset_class is AssetClass.INDEX:
                names.append(underlying.exchange)
        return list(dict.fromkeys(names))

    def rule_id(self, instrument: Instrument) -> int:
        """Number of the instrument's price-increment rule; the same increments share one."""
        bands = tuple((band.low_edge, band.increment) for band in instrument.tick_bands)
        increments = bands or ((Decimal(0), instrument.min_tick),)
        if increments[0][0] > 0:
            increments = ((Decimal(0), instrument.min_tick), *increments)
        return self._rules.setdefault(increments, _FIRST_RULE + len(self._rules))

    def increments(self, rule_id: int) -> Sequence[tuple[Decimal, Decimal]] | None:
        """(low edge, increment) of a rule; None when no contract has named it yet."""
        return next((rule for rule, number in self._rules.items() if number == rule_id), None)

    def learn_rules(self) -> None:
        """Number the rules of everything listed, so that a rule can be asked for first."""
        for instrument in self._exchange.instruments():
            self.rule_id(instrument)


_FIRST_RULE: Final = 26


def _right(text: str) -> str:
    return {"CALL": "C", "PUT": "P", "?": "", "0": ""}.get(text.upper(), text.upper())


def _exchange_name(name: str) -> str:
    return _EXCHANGE_ALIASES.get(name, name)


def hours_text(instrument: Instrument, sessions: Sequence[Session]) -> str:
    """Sessions as TWS writes them: ``20250106:0930-20250106:1600;20250107:CLOSED``."""
    return _hours(instrument.time_zone, tuple(sessions))


@lru_cache(maxsize=1024)
def _hours(time_zone: str, sessions: tuple[Session, ...]) -> str:
    """The whole of an option chain shares one text."""
    zone = ZoneInfo(time_zone)
    parts: list[str] = []
    expected: datetime | None = None
    for session in sorted(sessions, key=lambda one: one.start_ns):
        start, end = (datetime.fromtimestamp(ns // NS_PER_S, zone) for ns in (session.start_ns, session.end_ns))
        while expected is not None and expected.date() < end.date():
            parts.append(f"{expected:%Y%m%d}:CLOSED")
            expected += timedelta(days=1)
        parts.append(f"{start:%Y%m%d:%H%M}-{end:%Y%m%d:%H%M}")
        expected = end + timedelta(days=1)
    return ";".join(parts)
