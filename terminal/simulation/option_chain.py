# SPDX-License-Identifier: Apache-2.0
"""Which option contracts are listed on a day: expiries, strikes, contract ids.

Expiries follow the US listing pattern: weekly Fridays for six weeks (daily for the big funds), the monthly third
Fridays for half a year and quarterly ones up to a year; an expiry on a holiday moves to the day before. Strikes stand
around the closes of the last days, finer near the money. A contract id is computed from what it names, so it means
the same contract in every run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from math import ceil, floor, sqrt
from typing import Final

from terminal.model.enums import AssetClass, OptionRight
from terminal.model.instrument import Instrument, Session, TickBand, instrument_id
from terminal.simulation.catalog import ORDER_TYPES, UNDERLYINGS, Underlying, third_friday
from terminal.simulation.listed import ListedMarket
from terminal.simulation.trading_days import TradingCalendar, local_ns

OPTION_ID_BASE: Final = 700_000_000
_ORIGIN: Final = date(2020, 1, 1)
_DAY_BITS: Final = 12
_STRIKE_BITS: Final = 12  # half units: strikes up to 2047.5
_EXPIRY_TIME: Final = time(16, 0)
_WEEKS: Final = 6
_DAILIES: Final = 5
_MONTHS: Final = (1, 2, 3, 4, 5, 6, 9, 12)
_LOOKBACK: Final = 10
OPTIONABLE: Final = tuple(spec for spec in UNDERLYINGS if spec.strike_step > 0)


@dataclass(frozen=True, slots=True)
class Contract:
    """One option. ``strike`` in the underlying's currency, ``expiry_ns`` its last moment of trading."""

    con_id: int
    spec: Underlying
    expiry: date
    strike: float
    call: bool
    expiry_ns: int


class OptionListing:
    """The option contracts of a market day by day."""

    def __init__(self, market: ListedMarket, calendar: TradingCalendar) -> None:
        self._market = market
        self._calendar = calendar
        self._contracts: dict[int, Contract] = {}
        self._strikes: dict[tuple[int, date, int], tuple[float, ...]] = {}

    # ------------------------------------------------------------ contracts

    def contract(self, con_id: int) -> Contract | None:
        """Return the contract that an id names, None when it names none."""
        found = self._contracts.get(con_id)
        if found is None:
            found = self._decode(con_id)
            if found is not None:
                self._contracts[con_id] = found
        return found

    def _decode(self, con_id: int) -> Contract | None:
        word = con_id - OPTION_ID_BASE
        if word < 0:
            return None
        word, put = divmod(word, 2)
        word, half_units = divmod(word, 1 << _STRIKE_BITS)
        place, days = divmod(word, 1 << _DAY_BITS)
        if place >= len(OPTIONABLE) or half_units == 0:
            return None
        expiry = _ORIGIN + timedelta(days=days)
        if not self._calendar.is_trading_date(expiry):
            return None
        last = local_ns(expiry, _EXPIRY_TIME)
        return Contract(con_id, OPTIONABLE[place], expiry, half_units / 2, not put, last)

    def con_id(self, spec: Underlying, expiry: date, strike: float, *, call: bool) -> int:
        word = OPTIONABLE.index(spec) * (1 << _DAY_BITS) + (expiry - _ORIGIN).days
        return OPTION_ID_BASE + (word * (1 << _STRIKE_BITS) + round(strike * 2)) * 2 + (not call)

    # ------------------------------------------------------------ listings

    def expiries(self, spec: Underlying, index: int) -> tuple[date, ...]:
        """Return the expiries that trade on day ``index``, soonest first."""
        today = self._calendar.day(index).date
        friday = today + timedelta(days=(4 - today.weekday()) % 7)
        wanted = {self._trading(friday + timedelta(weeks=week)) for week in range(_WEEKS)}
        if spec.daily_expiries:
            wanted.update(self._calendar.day(index + ahead).date for ahead in range(_DAILIES))
        first = today.year * 12 + today.month - 1
        months = [first, *(first + ahead for ahead in _MONTHS)]
        wanted.update(self._trading(third_friday(month // 12, month % 12 + 1)) for month in months)
        return tuple(sorted(day for day in wanted if day >= today))

    def _trading(self, day: date) -> date:
        while not self._calendar.is_trading_date(day):
            day -= timedelta(days=1)
        return day

    def strikes(self, spec: Underlying, expiry: date, index: int) -> tuple[float, ...]:
        """Return the strikes of an expiry on day ``index``, lowest first."""
        key = (spec.con_id, expiry, index)
        found = self._strikes.get(key)
        if found is None:
            found = self._strikes[key] = self._build_strikes(spec, expiry, index)
        return found

    def _build_strikes(self, spec: Underlying, expiry: date, index: int) -> tuple[float, ...]:
        closes = [self._market.close_tick(spec.con_id, index - back) for back in range(1, _LOOKBACK + 1)]
        prices = [tick * float(spec.tick) for tick in closes if tick is not None]
        years = max((expiry - self._calendar.day(index).date).days + 1, 2) / 365.0
        deviation = spec.volatility * sqrt(years)
        near, far = 0.02 + 1.2 * deviation, min(0.05 + 3.0 * deviation, 0.6)
        step, wide = spec.strike_step, _wider(spec.strike_step)
        low, high = min(prices), max(prices)
        fine = range(floor(low * (1 - near) / step), ceil(high * (1 + near) / step) + 1)
        coarse = range(max(floor(low * (1 - far) / wide), 1), ceil(high * (1 + far) / wide) + 1)
        return tuple(sorted({count * step for count in fine} | {count * wide for count in coarse}))

    def chain(self, con_id: int, index: int) -> list[tuple[str, str, str, Sequence[str], Sequence[float]]]:
        """Return one row as the option parameters message wants it; empty when it has no options."""
        spec = next((item for item in OPTIONABLE if item.con_id == con_id), None)
        if spec is None:
            return []
        expiries = self.expiries(spec, index)
        strikes = sorted({strike for expiry in expiries for strike in self.strikes(spec, expiry, index)})
        return [("SMART", spec.symbol, "100", [f"{day:%Y%m%d}" for day in expiries], strikes)]

    def select(
        self, symbol: str, index: int, *, expiry: str = "", strike: float = 0.0, right: str = ""
    ) -> list[Contract]:
        """Return listed contracts, narrowed by what is set."""
        found: list[Contract] = []
        for spec in OPTIONABLE:
            if symbol and spec.symbol != symbol:
                continue
            for day in self.expiries(spec, index):
                if expiry and not f"{day:%Y%m%d}".startswith(expiry):
                    continue
                for price in self.strikes(spec, day, index):
                    if strike and price != strike:
                        continue
                    ids = [self.con_id(spec, day, price, call=call) for call in _rights(right)]
                    found.extend(item for item in map(self.contract, ids) if item is not None)
        return found


def build_option(contract: Contract, liquid: tuple[Session, ...]) -> Instrument:
    """Build the instrument of an option; it trades in the regular session alone."""
    spec = contract.spec
    strike = Decimal(str(contract.strike))
    right = OptionRight.CALL if contract.call else OptionRight.PUT
    nickel = TickBand(low_edge=Decimal(3), increment=Decimal("0.05"))
    code = f"{contract.expiry:%y%m%d}{'C' if contract.call else 'P'}{round(contract.strike * 1000):08d}"
    return Instrument(
        id=instrument_id(AssetClass.OPTION, spec.symbol, expiry=contract.expiry, strike=strike, right=right),
        asset_class=AssetClass.OPTION,
        symbol=spec.symbol,
        local_symbol=f"{spec.symbol:<6}{code}",
        trading_class=spec.symbol,
        name=spec.name,
        multiplier=Decimal(100),
        tick_bands=() if spec.option_penny else (nickel,),
        expiry=contract.expiry,
        strike=strike,
        right=right,
        underlying_id=instrument_id(AssetClass.STOCK, spec.symbol),
        broker_id=contract.con_id,
        trading_hours=liquid,
        liquid_hours=liquid,
        order_types=ORDER_TYPES,
    )


def _rights(right: str) -> tuple[bool, ...]:
    if not right or right in {"0", "?"}:
        return (True, False)
    return (right.upper().startswith("C"),)


def _wider(step: float) -> float:
    """Return the step of strikes far from the money."""
    return {0.5: 1.0, 1.0: 5.0, 2.5: 5.0, 5.0: 10.0}.get(step, step * 2)
