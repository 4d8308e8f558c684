# SPDX-License-Identifier: Apache-2.0
"""Instrument: what can be quoted and traded, with the rules that its prices and sizes obey.

The only place where a measured price (float) becomes an obligation (Decimal): `snap`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Final

from terminal.model.enums import AssetClass, OptionRight
from terminal.model.ids import InstrumentId

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ROUNDING: Final = {"nearest": ROUND_HALF_EVEN, "down": ROUND_FLOOR, "up": ROUND_CEILING}


@dataclass(frozen=True, slots=True, kw_only=True)
class TickBand:
    """From ``low_edge`` upwards prices move in steps of ``increment``."""

    low_edge: Decimal
    increment: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One stretch of trading, ``[start_ns, end_ns)`` in UTC nanoseconds."""

    start_ns: int
    end_ns: int

    def contains(self, ns: int) -> bool:
        return self.start_ns <= ns < self.end_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A tradable contract.

    ``multiplier`` is the currency amount of one point per unit of quantity (1 for stocks, 100 for US equity
    options, 50 for ES). ``broker_id`` is IBKR's conId where one is known. Sizes are in units of quantity.
    """

    id: InstrumentId
    asset_class: AssetClass
    symbol: str
    currency: str = "USD"
    exchange: str = "SMART"
    primary_exchange: str = ""
    local_symbol: str = ""
    trading_class: str = ""
    name: str = ""
    multiplier: Decimal = Decimal(1)
    min_tick: Decimal = Decimal("0.01")
    tick_bands: tuple[TickBand, ...] = ()
    min_size: Decimal = Decimal(1)
    size_increment: Decimal = Decimal(1)
    expiry: date | None = None
    strike: Decimal | None = None
    right: OptionRight | None = None
    underlying_id: InstrumentId | None = None
    broker_id: int | None = None
    time_zone: str = "America/New_York"
    trading_hours: tuple[Session, ...] = ()
    liquid_hours: tuple[Session, ...] = ()
    order_types: frozenset[str] = field(default_factory=frozenset)

    @property
    def decimals(self) -> int:
        """Digits after the point that its smallest tick needs."""
        ticks: Iterable[Decimal] = [self.min_tick, *(band.increment for band in self.tick_bands)]
        return max(0, *(-int(tick.normalize().as_tuple().exponent) for tick in ticks))

    @property
    def label(self) -> str:
        """Short name for tables: ``ESH5`` for a future, ``AAPL 21 Mar 25 240 C`` for an option, else the identity."""
        if self.asset_class is AssetClass.FUTURE:
            return self.local_symbol or self.id
        if self.right is not None and self.strike is not None and self.expiry is not None:
            month = _MONTHS[self.expiry.month - 1]
            right = "C" if self.right is OptionRight.CALL else "P"
            strike = format(self.strike.normalize(), "f")
            return f"{self.symbol} {self.expiry.day} {month} {self.expiry.year % 100:02d} {strike} {right}"
        return self.id

    def tick_at(self, price: Decimal) -> Decimal:
        """Return the price increment that applies at ``price``."""
        tick = self.min_tick
        for band in self.tick_bands:
            if abs(price) >= band.low_edge:
                tick = band.increment
        return tick

    def snap(self, price: float | Decimal, rounding: str = "nearest") -> Decimal:
        """Return ``price`` on its tick as Decimal. ``rounding`` is nearest, down or up.

        Raises:
            ValueError: the price is not a finite number.
        """
        value = price if isinstance(price, Decimal) else Decimal(repr(float(price)))
        if not value.is_finite():
            raise ValueError(f"price must be a finite number, was {price}")
        tick = self.tick_at(value)
        snapped = (value / tick).quantize(Decimal(1), rounding=_ROUNDING[rounding]) * tick
        return snapped.quantize(Decimal(1).scaleb(-self.decimals))

    def on_tick(self, price: Decimal) -> bool:
        return price % self.tick_at(price) == 0

    def is_open(self, now_ns: int, *, outside_regular_hours: bool) -> bool | None:
        """Say whether it trades at ``now_ns``; None when its hours are not known."""
        sessions = self.trading_hours if outside_regular_hours else self.liquid_hours
        if not sessions:
            return None
        return any(session.contains(now_ns) for session in sessions)


def instrument_id(
    asset_class: AssetClass,
    symbol: str,
    *,
    expiry: date | None = None,
    strike: Decimal | None = None,
    right: OptionRight | None = None,
    currency: str = "USD",
    trading_class: str = "",
) -> InstrumentId:
    """Build the readable identity of a contract.

    ``AAPL``, ``SAP@EUR`` (currency other than USD), ``ES 20250321``, ``SPX/SPXW 20250321 C 6000`` (the trading
    class is shown where it differs from the symbol), ``EUR.USD``, ``^SPX`` for an index.
    """
    match asset_class:
        case AssetClass.FOREX | AssetClass.CRYPTO:
            return InstrumentId(f"{symbol}.{currency}")
        case AssetClass.INDEX:
            base = f"^{symbol}"
        case _:
            base = symbol
    if trading_class and trading_class != symbol and asset_class in (AssetClass.OPTION, AssetClass.FUTURE):
        base = f"{base}/{trading_class}"
    if currency != "USD":
        base = f"{base}@{currency}"
    if expiry is not None:
        base = f"{base} {expiry:%Y%m%d}"
    if right is not None and strike is not None:
        shown = format(strike.normalize(), "f")
        base = f"{base} {'C' if right is OptionRight.CALL else 'P'} {shown}"
    return InstrumentId(base)
