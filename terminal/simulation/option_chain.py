# SPDX-License-Identifier: Apache-2.0
"""Which option contracts are listed on a day: expiries and strikes by class.

Expiries follow the US listing pattern: weekly Fridays (daily for the big funds and SPXW), monthly third Fridays and
quarterly ones up to a year, Januaries of the next years (LEAPS); SPX ends in the morning of the third Friday and
trades until the day before, VIX thirty days before the next month's; an expiry on a holiday moves to the day before.
Strikes stand around the closes of the last days, finer near the money and near expiry.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from math import ceil, floor, sqrt
from typing import Final

from terminal.model.enums import AssetClass, OptionRight
from terminal.model.instrument import Instrument, Session, instrument_id
from terminal.simulation.catalog import Underlying, third_friday
from terminal.simulation.listed import ListedMarket
from terminal.simulation.listings import VIX
from terminal.simulation.option_classes import LAST_EXPIRY, OPTION_CLASSES, OptionClass, decode, encode, wider
from terminal.simulation.order_table import ibkr_order_types
from terminal.simulation.trading_days import TradingCalendar, early_closes, local_ns

_CLOSE: Final = time(16, 0)
_EARLY: Final = time(13, 0)
_OPEN: Final = time(9, 30)
_WEEKS: Final = 6
_DAILIES: Final = 5
_INDEX_DAILIES: Final = 10
_MONTHS: Final = (1, 2, 3, 4, 5, 6, 9, 12)
_INDEX_MONTHS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 18, 24)
_LEAPS: Final = 2
_LOOKBACK: Final = 10


@dataclass(frozen=True, slots=True)
class Contract:
    """One option. ``strike`` in the underlying's currency.

    ``last_ns`` is its last moment of trading, ``expiry_ns`` the moment whose price it settles against.
    """

    con_id: int
    option_class: OptionClass
    expiry: date
    strike: float
    call: bool
    last_ns: int
    expiry_ns: int

    @property
    def spec(self) -> Underlying:
        return self.option_class.spec


class OptionListing:
    """The option contracts of a market day by day."""

    def __init__(self, market: ListedMarket, calendar: TradingCalendar) -> None:
        self._market = market
        self._calendar = calendar
        self._contracts: dict[int, Contract] = {}
        self._strikes: dict[tuple[str, date, int], tuple[float, ...]] = {}
        self._moments: dict[tuple[date, bool], tuple[int, int]] = {}

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
        named = decode(con_id)
        if named is None:
            return None
        option_class, expiry, strike, call = named
        if not self._calendar.is_trading_date(expiry):
            return None
        last, settle = self._ends(expiry, morning=option_class.morning)
        return Contract(con_id, option_class, expiry, strike, call, last, settle)

    def _ends(self, expiry: date, *, morning: bool) -> tuple[int, int]:
        """Return the last moment of trading on ``expiry`` and the moment of settlement."""
        found = self._moments.get((expiry, morning))
        if found is None:
            last = local_ns(expiry, _EARLY if expiry in early_closes(expiry.year) else _CLOSE)
            settle = last
            if morning:
                calendar = self._calendar
                settle = local_ns(calendar.date_of(calendar.index_of(expiry) + 1), _OPEN)
            found = self._moments[expiry, morning] = (last, settle)
        return found

    # ------------------------------------------------------------ listings

    def classes(self, symbol: str) -> list[OptionClass]:
        """Return the classes on a symbol, or the class of that name; all of them for an empty one."""
        return [each for each in OPTION_CLASSES if not symbol or symbol in {each.spec.symbol, each.name}]

    def expiries(self, option_class: OptionClass, index: int) -> tuple[date, ...]:
        """Return the last trading days of what trades on day ``index``, soonest first."""
        today = self._calendar.date_of(index)
        first = today.year * 12 + today.month - 1
        if option_class.morning:
            wanted = self._mornings(option_class, first)
        else:
            wanted = self._afternoons(option_class, index, today, first)
        return tuple(sorted(day for day in wanted if today <= day <= LAST_EXPIRY))

    def _mornings(self, option_class: OptionClass, first: int) -> set[date]:
        found: set[date] = set()
        months = _INDEX_MONTHS if option_class.spec is not VIX else range(1, 8)
        for month in (first, *(first + ahead for ahead in months)):
            if option_class.spec is VIX:
                settled = third_friday((month + 1) // 12, (month + 1) % 12 + 1) - timedelta(days=30)
            else:
                settled = third_friday(month // 12, month % 12 + 1)
            found.add(self._trading(self._trading(settled) - timedelta(days=1)))
        return found

    def _afternoons(self, option_class: OptionClass, index: int, today: date, first: int) -> set[date]:
        friday = today + timedelta(days=(4 - today.weekday()) % 7)
        wanted = {self._trading(friday + timedelta(weeks=week)) for week in range(_WEEKS)}
        index_class = option_class.spec.asset_class is AssetClass.INDEX
        if option_class.spec.daily_expiries or index_class:
            dailies = _INDEX_DAILIES if index_class else _DAILIES
            wanted.update(self._calendar.date_of(index + ahead) for ahead in range(dailies))
        months = [first, *(first + ahead for ahead in _MONTHS)]
        if not index_class:
            months += [(today.year + ahead) * 12 for ahead in range(1, _LEAPS + 1)]
        wanted.update(self._trading(third_friday(month // 12, month % 12 + 1)) for month in months)
        return wanted

    def _trading(self, day: date) -> date:
        while not self._calendar.is_trading_date(day):
            day -= timedelta(days=1)
        return day

    def strikes(self, option_class: OptionClass, expiry: date, index: int) -> tuple[float, ...]:
        """Return the strikes of an expiry on day ``index``, lowest first."""
        key = (option_class.name, expiry, index)
        found = self._strikes.get(key)
        if found is None:
            if len(self._strikes) > 4000:
                self._strikes.clear()
            found = self._strikes[key] = self._build_strikes(option_class, expiry, index)
        return found

    def _build_strikes(self, option_class: OptionClass, expiry: date, index: int) -> tuple[float, ...]:
        spec = option_class.spec
        prices = [self._market.adjusted_close(spec.con_id, index - back, index) for back in range(1, _LOOKBACK + 1)]
        days = (expiry - self._calendar.date_of(index)).days
        deviation = spec.volatility * sqrt(max(days + 1, 2) / 365.0)
        reach = 0.8 if spec is not VIX else 3.0
        near, far = min(0.02 + 1.2 * deviation, reach), min(0.05 + 3.0 * deviation, reach)
        step = option_class.near_step(days)
        wide = wider(step)
        low, high = min(prices), max(prices)
        fine = range(floor(low * max(1 - near, 0) / step), ceil(high * (1 + near) / step) + 1)
        coarse = range(max(floor(low * max(1 - far, 0) / wide), 1), ceil(high * (1 + far) / wide) + 1)
        return tuple(sorted({count * step for count in fine if count} | {count * wide for count in coarse}))

    def chain(self, con_id: int, index: int) -> list[tuple[str, str, str, Sequence[str], Sequence[float]]]:
        """Return one row per class as the option parameters message wants it; empty when it has no options."""
        found: list[tuple[str, str, str, Sequence[str], Sequence[float]]] = []
        for option_class in OPTION_CLASSES:
            if option_class.spec.con_id != con_id:
                continue
            expiries = self.expiries(option_class, index)
            strikes = sorted({strike for day in expiries for strike in self.strikes(option_class, day, index)})
            found.append(("SMART", option_class.name, "100", [f"{day:%Y%m%d}" for day in expiries], strikes))
        return found

    def select(
        self, symbol: str, index: int, *, expiry: str = "", strike: float = 0.0, right: str = ""
    ) -> list[Contract]:
        """Return listed contracts, narrowed by what is set."""
        found: list[Contract] = []
        for option_class in self.classes(symbol):
            for day in self.expiries(option_class, index):
                if expiry and not f"{day:%Y%m%d}".startswith(expiry):
                    continue
                for price in self.strikes(option_class, day, index):
                    if strike and price != strike:
                        continue
                    ids = [encode(option_class, day, price, call=call) for call in _rights(right)]
                    found.extend(item for item in map(self.contract, ids) if item is not None)
        return found


def build_option(contract: Contract, liquid: tuple[Session, ...]) -> Instrument:
    """Build the instrument of an option; it trades in the regular session alone."""
    spec, option_class = contract.spec, contract.option_class
    strike = Decimal(str(contract.strike))
    right = OptionRight.CALL if contract.call else OptionRight.PUT
    tick, bands = option_class.bands
    code = f"{contract.expiry:%y%m%d}{'C' if contract.call else 'P'}{round(contract.strike * 1000):08d}"
    return Instrument(
        id=instrument_id(
            AssetClass.OPTION, spec.symbol, expiry=contract.expiry, strike=strike, right=right,
            trading_class=option_class.name,
        ),
        asset_class=AssetClass.OPTION,
        symbol=spec.symbol,
        local_symbol=f"{option_class.name:<6}{code}",
        trading_class=option_class.name,
        name=spec.name,
        multiplier=Decimal(100),
        min_tick=tick,
        tick_bands=bands,
        expiry=contract.expiry,
        strike=strike,
        right=right,
        underlying_id=instrument_id(spec.asset_class, spec.symbol),
        broker_id=contract.con_id,
        trading_hours=liquid,
        liquid_hours=liquid,
        order_types=frozenset(ibkr_order_types(AssetClass.OPTION)),
    )  # fmt: skip


def _rights(right: str) -> tuple[bool, ...]:
    if not right or right in {"0", "?"}:
        return (True, False)
    return (right.upper().startswith("C"),)
