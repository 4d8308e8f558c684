# SPDX-License-Identifier: Apache-2.0
"""Instrument <-> IBKR contract, and the register of what both names mean.

conId is the only stable key at IBKR; our own id is readable and the same whether a contract was searched,
qualified or first seen in a position. The register answers both ways and grows by what it is told.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from brokers.ibkr.hours import parse_hours
from brokers.ibkr.library import load
from terminal.errors import DataError
from terminal.model.enums import AssetClass, OptionRight
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument, TickBand, instrument_id

if TYPE_CHECKING:
    from ib_insync import Contract, ContractDetails

SEC_TYPES: Final[Mapping[AssetClass, str]] = {
    AssetClass.STOCK: "STK",
    AssetClass.OPTION: "OPT",
    AssetClass.FUTURE: "FUT",
    AssetClass.FOREX: "CASH",
    AssetClass.INDEX: "IND",
    AssetClass.CRYPTO: "CRYPTO",
    AssetClass.COMBO: "BAG",
}
ASSET_CLASSES: Final = {name: asset_class for asset_class, name in SEC_TYPES.items()}
RIGHTS: Final = {"C": OptionRight.CALL, "CALL": OptionRight.CALL, "P": OptionRight.PUT, "PUT": OptionRight.PUT}
_RIGHT_LETTERS: Final = {OptionRight.CALL: "C", OptionRight.PUT: "P"}
_MULTIPLIED: Final = frozenset({AssetClass.OPTION, AssetClass.FUTURE})
_DEFAULT_EXCHANGE: Final = {AssetClass.FOREX: "IDEALPRO", AssetClass.CRYPTO: "PAXOS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WireContract:
    """The contract fields as they stand in order, execution and position messages."""

    con_id: int
    symbol: str
    sec_type: str
    expiry: str
    strike: str
    right: str
    multiplier: str
    exchange: str
    currency: str
    local_symbol: str
    trading_class: str


def decimal(text: str, default: Decimal = Decimal(0)) -> Decimal:
    """Read a number; empty and unset give ``default``.

    Raises:
        ValueError: not a finite number.
    """
    if not text:
        return default
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"a number was expected, was {text[:40]!r}") from None
    if not value.is_finite():
        raise ValueError(f"a finite number was expected, was {text[:40]!r}")
    return default if abs(value) > Decimal("1e300") or value == 2147483647 else value


def tidy(value: Decimal) -> Decimal:
    """Return the same number without trailing zeros and without an exponent: 190, not 1.9E+2 or 190.0."""
    whole = value.to_integral_value()
    return whole.quantize(Decimal(1)) if value == whole else value.normalize()


def parse_expiry(text: str) -> date | None:
    """Read ``20240315`` or ``20240315 09:30:00 US/Central``; a bare month gives None."""
    digits = text.strip()[:8]
    if len(digits) < 8 or not digits.isdigit():
        return None
    try:
        return datetime.strptime(digits + "+0000", "%Y%m%d%z").date()
    except ValueError:
        return None


def from_wire(wire: WireContract) -> Instrument:
    """Build what a message alone tells about a contract: identity, currency, multiplier; ticks and hours are defaults.

    A security type that Tiller does not trade (bonds, warrants, options on futures) is shown under
    ``TYPE:local symbol`` so that a position in it is not lost from sight.
    """
    asset_class = ASSET_CLASSES.get(wire.sec_type)
    if asset_class is None:
        return _foreign(wire)
    expiry = parse_expiry(wire.expiry)
    right = RIGHTS.get(wire.right)
    strike = tidy(decimal(wire.strike)) if right is not None else None
    trading_class = wire.trading_class if asset_class in _MULTIPLIED else ""
    identity = instrument_id(
        asset_class,
        wire.symbol,
        expiry=expiry,
        strike=strike,
        right=right,
        currency=wire.currency,
        trading_class=trading_class,
    )
    return Instrument(
        id=identity,
        asset_class=asset_class,
        symbol=wire.symbol,
        currency=wire.currency,
        exchange=_trade_exchange(asset_class, wire.exchange),
        local_symbol=wire.local_symbol,
        trading_class=wire.trading_class,
        multiplier=decimal(wire.multiplier, Decimal(1)) or Decimal(1),
        expiry=expiry,
        strike=strike,
        right=right,
        broker_id=wire.con_id or None,
    )


def _foreign(wire: WireContract) -> Instrument:
    return Instrument(
        id=InstrumentId(f"{wire.sec_type}:{wire.local_symbol or wire.symbol}"),
        asset_class=AssetClass.STOCK,
        symbol=wire.symbol,
        currency=wire.currency,
        exchange=wire.exchange,
        local_symbol=wire.local_symbol,
        trading_class=wire.trading_class,
        multiplier=decimal(wire.multiplier, Decimal(1)) or Decimal(1),
        expiry=parse_expiry(wire.expiry),
        broker_id=wire.con_id or None,
    )


def _trade_exchange(asset_class: AssetClass, exchange: str) -> str:
    """Positions name the listing exchange or none: orders for stocks and options go to SMART."""
    if asset_class in (AssetClass.STOCK, AssetClass.OPTION):
        return "SMART"
    return exchange or _DEFAULT_EXCHANGE.get(asset_class, "")


def _wire_of(contract: "Contract") -> WireContract:
    return WireContract(
        con_id=contract.conId,
        symbol=contract.symbol,
        sec_type=contract.secType,
        expiry=contract.lastTradeDateOrContractMonth,
        strike=repr(contract.strike),
        right=contract.right,
        multiplier=contract.multiplier,
        exchange=contract.exchange,
        currency=contract.currency,
        local_symbol=contract.localSymbol,
        trading_class=contract.tradingClass,
    )


def from_description(contract: "Contract") -> Instrument:
    """Build a search result: identity and listing exchange, not yet qualified."""
    found = from_wire(_wire_of(contract))
    return replace(found, primary_exchange=contract.primaryExchange, name=contract.description)


def from_details(
    details: "ContractDetails", bands: tuple[TickBand, ...], underlying: InstrumentId | None
) -> Instrument:
    """Build a complete instrument from contract details and its market rule.

    Raises:
        DataError: the answer has no contract or no usable tick.
    """
    contract = details.contract
    if contract is None or not contract.conId:
        raise DataError("contract details without a contract id")
    minimum = Decimal(repr(details.minTick))
    if minimum <= 0:
        raise DataError(f"the minimum tick must be positive, was {details.minTick} ({contract.localSymbol})")
    found = from_wire(_wire_of(contract))
    return replace(
        found,
        exchange=contract.exchange or found.exchange,
        primary_exchange=contract.primaryExchange,
        name=details.longName,
        min_tick=minimum,
        tick_bands=bands,
        min_size=tidy(Decimal(repr(details.minSize or 1.0))),
        size_increment=tidy(Decimal(repr(details.sizeIncrement or 1.0))),
        underlying_id=underlying,
        time_zone=details.timeZoneId or found.time_zone,
        trading_hours=parse_hours(details.tradingHours, details.timeZoneId),
        liquid_hours=parse_hours(details.liquidHours, details.timeZoneId),
        order_types=frozenset(name for name in details.orderTypes.split(",") if name),
    )


def market_rule_id(details: "ContractDetails") -> int | None:
    """Return the market rule of the contract's own exchange: the two lists run in parallel."""
    contract = details.contract
    if contract is None:
        return None
    rules = dict(zip(details.validExchanges.split(","), details.marketRuleIds.split(","), strict=False))
    text = rules.get(contract.exchange) or details.marketRuleIds.partition(",")[0]
    return int(text) if text.isdigit() else None


def to_ib(instrument: Instrument) -> "Contract":
    """Build a fresh library contract (the library keys its tickers by the object)."""
    contract: Contract = load().Contract(
        secType=_sec_type(instrument),
        conId=instrument.broker_id or 0,
        symbol=instrument.symbol,
        lastTradeDateOrContractMonth=f"{instrument.expiry:%Y%m%d}" if instrument.expiry else "",
        strike=float(instrument.strike) if instrument.strike is not None else 0.0,
        right=_RIGHT_LETTERS[instrument.right] if instrument.right else "",
        multiplier=_plain(instrument.multiplier) if instrument.asset_class in _MULTIPLIED else "",
        exchange=instrument.exchange,
        primaryExchange=instrument.primary_exchange if instrument.exchange == "SMART" else "",
        currency=instrument.currency,
        localSymbol=instrument.local_symbol,
        tradingClass=instrument.trading_class if instrument.asset_class in _MULTIPLIED else "",
    )
    return contract


def _sec_type(instrument: Instrument) -> str:
    """Return the wire's type; foreign ones carry it in their id."""
    foreign, colon, _ = instrument.id.partition(":")
    return foreign if colon else SEC_TYPES[instrument.asset_class]


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")


class ContractRegister:
    """What is known under our id and under conId. `on_new` is told of every contract first seen in a message."""

    def __init__(self, on_new: Callable[[Instrument], None]) -> None:
        self._on_new = on_new
        self._by_id: dict[InstrumentId, Instrument] = {}
        self._by_con_id: dict[int, Instrument] = {}

    def get(self, instrument_id: InstrumentId) -> Instrument | None:
        return self._by_id.get(instrument_id)

    def by_con_id(self, con_id: int) -> Instrument | None:
        return self._by_con_id.get(con_id)

    def remember(self, instrument: Instrument) -> Instrument:
        """Keep an instrument; one without conId does not displace one that has it."""
        known = self._by_id.get(instrument.id)
        if known is not None and known.broker_id and not instrument.broker_id:
            return known
        self._by_id[instrument.id] = instrument
        if instrument.broker_id:
            self._by_con_id[instrument.broker_id] = instrument
        return instrument

    def identify(self, wire: WireContract) -> Instrument:
        """Return the instrument of a message; a contract seen for the first time is announced and kept."""
        known = self._by_con_id.get(wire.con_id)
        if known is not None:
            return known
        found = from_wire(wire)
        same = self._by_id.get(found.id)
        if same is not None:
            if wire.con_id and not same.broker_id:
                same = self.remember(replace(same, broker_id=wire.con_id))
            return same
        self.remember(found)
        self._on_new(found)
        return found
