# SPDX-License-Identifier: Apache-2.0
"""Futures: families, contract months, last trading days and ids.

Last trading days follow the rule books: E-mini S&P 500 and Nasdaq-100 end on the third Friday of the quarterly month
(CME chapters 358, 359: settled against the special opening quotation), light sweet crude oil three business days before
the 25th of the month before the contract month (NYMEX chapter 200), gold on the third last business day of the
contract month (COMEX chapter 113). A contract id is computed from family and last day, so it means the same in every
run; IBKR's own ids of futures change with every listing.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument, Session, instrument_id
from terminal.simulation.catalog import Underlying, third_friday
from terminal.simulation.order_table import ibkr_order_types
from terminal.simulation.trading_days import TradingCalendar

FUTURE_ID_BASE: Final = 495_000_000
_FAMILY_IDS: Final = 20_000
_ORIGIN: Final = date(2020, 1, 1)
_ROLL_DAYS: Final = 6
_LETTERS: Final = "FGHJKMNQUVXZ"


@dataclass(frozen=True, slots=True)
class Family:
    """One product. ``carry`` is the premium per year over its index; ``listed`` how many contracts trade at once."""

    spec: Underlying
    exchange: str
    multiplier: Decimal
    carry: float
    months: tuple[int, ...]
    listed: int
    morning: bool
    time_zone: str
    open_interest: float


@dataclass(frozen=True, slots=True)
class FutureContract:
    """One expiry: the ``month`` it is named after (first of the month) and its last trading day."""

    con_id: int
    family: Family
    month: date
    expiry: date


ES: Final = Underlying(
    0, "ES", "E-mini S&P 500", "CME", 5770.0, 0.17, 1.0, asset_class=AssetClass.FUTURE, path="SPX",
    tick=Decimal("0.25"), events=200, daily_volume=9e5, lot=1, depth=30, spread=1.0,
)  # fmt: skip
NQ: Final = Underlying(
    0, "NQ", "E-mini NASDAQ 100", "CME", 20_415.0, 0.22, 1.1, 0.9, asset_class=AssetClass.FUTURE, path="NDX",
    tick=Decimal("0.25"), events=200, daily_volume=4.5e5, lot=1, depth=3, spread=2.4,
)  # fmt: skip
CL: Final = Underlying(
    0, "CL", "Light Sweet Crude Oil", "NYMEX", 68.35, 0.33, 0.25, asset_class=AssetClass.FUTURE, path="WTI",
    loads=(("oil", 0.29), ("dollar", -0.03)), tick=Decimal("0.01"), events=180, daily_volume=3.2e5, lot=1, depth=12,
    spread=1.1, sector=("Commodity", "", ""),
)  # fmt: skip
GC: Final = Underlying(
    0, "GC", "Gold", "COMEX", 2_892.0, 0.15, 0.0, asset_class=AssetClass.FUTURE, path="XAU",
    loads=(("gold", 0.13), ("dollar", -0.05)), tick=Decimal("0.1"), events=160, daily_volume=2e5, lot=1, depth=7,
    spread=1.6, sector=("Commodity", "", ""),
)  # fmt: skip

_QUARTERS: Final = (3, 6, 9, 12)
FAMILIES: Final = (
    Family(ES, "CME", Decimal(50), 0.031, _QUARTERS, 5, True, "America/Chicago", 2.1e6),
    Family(NQ, "CME", Decimal(20), 0.036, _QUARTERS, 5, True, "America/Chicago", 2.7e5),
    Family(CL, "NYMEX", Decimal(1000), -0.045, tuple(range(1, 13)), 12, False, "America/New_York", 2.9e5),
    Family(GC, "COMEX", Decimal(100), 0.043, (2, 4, 6, 8, 10, 12), 6, False, "America/New_York", 3.8e5),
)


def _business_before(day: date, count: int, calendar: TradingCalendar) -> date:
    """Return the business day ``count`` business days before ``day`` (0: the day itself or the one before it)."""
    while not calendar.is_trading_date(day):
        day -= timedelta(days=1)
    for _ in range(count):
        day -= timedelta(days=1)
        while not calendar.is_trading_date(day):
            day -= timedelta(days=1)
    return day


def last_day(family: Family, year: int, month: int, calendar: TradingCalendar) -> date:
    """Return the last trading day of a contract month (New York holidays stand for all venues' own)."""
    if family.months == _QUARTERS:
        return _business_before(third_friday(year, month), 0, calendar)
    if family.spec is CL:
        anchor = date(year, month, 1) - timedelta(days=1)
        return _business_before(anchor.replace(day=25), 3, calendar)
    following = date(year + month // 12, month % 12 + 1, 1)
    return _business_before(following - timedelta(days=1), 2, calendar)


@lru_cache(maxsize=256)
def _months(place: int, year: int, calendar: TradingCalendar) -> tuple[tuple[date, date], ...]:
    """Return (contract month, last day) of a year's contracts and of the next years' that are listed with them."""
    family = FAMILIES[place]
    return tuple(
        (date(at, month, 1), last_day(family, at, month, calendar)) for at in (year, year + 1, year + 2)
        for month in family.months
    )  # fmt: skip


def contracts(today: date, calendar: TradingCalendar, symbol: str = "") -> list[FutureContract]:
    """Return the contracts that trade on ``today``, family by family, soonest first."""
    found: list[FutureContract] = []
    for place, family in enumerate(FAMILIES):
        if symbol and family.spec.symbol != symbol:
            continue
        ahead = [pair for pair in _months(place, today.year, calendar) if pair[1] >= today][: family.listed]
        found += [FutureContract(_con_id(place, expiry), family, month, expiry) for month, expiry in ahead]
    return found


def trading_share(contract: FutureContract, today: date) -> float:
    """Return how busy a contract is against the front one: traders roll some days before the last one."""
    spacing = 366 / len(contract.family.months)
    ahead = ((contract.expiry - today).days - _ROLL_DAYS) / spacing
    if ahead < 0:
        return 0.25
    return 1.0 if ahead < 1 else 0.06 if ahead < 2 else 0.01


def _con_id(place: int, expiry: date) -> int:
    return FUTURE_ID_BASE + place * _FAMILY_IDS + (expiry - _ORIGIN).days


def future_at(con_id: int, calendar: TradingCalendar) -> FutureContract | None:
    """Return the contract that ``con_id`` names, None when it is no future's id."""
    place, days = divmod(con_id - FUTURE_ID_BASE, _FAMILY_IDS)
    if not 0 <= place < len(FAMILIES):
        return None
    expiry = _ORIGIN + timedelta(days=days)
    try:
        pairs = _months(place, expiry.year, calendar)
    except ValueError:
        return None
    match = next((pair for pair in pairs if pair[1] == expiry), None)
    return None if match is None else FutureContract(con_id, FAMILIES[place], match[0], expiry)


def contract_month(instrument: Instrument) -> str:
    """Return the month (YYYYMM) that a future is named after; energy and some metals expire before or in it."""
    if instrument.expiry is None:
        return ""
    month = _LETTERS.index(instrument.local_symbol[-2]) + 1
    year = instrument.expiry.year + (month < instrument.expiry.month)
    return f"{year}{month:02d}"


def build_future(contract: FutureContract, trading: tuple[Session, ...], liquid: tuple[Session, ...]) -> Instrument:
    """Build one expiry of a future."""
    family, spec = contract.family, contract.family.spec
    return Instrument(
        id=instrument_id(AssetClass.FUTURE, spec.symbol, expiry=contract.expiry),
        asset_class=AssetClass.FUTURE,
        symbol=spec.symbol,
        exchange=family.exchange,
        local_symbol=f"{spec.symbol}{_LETTERS[contract.month.month - 1]}{contract.month.year % 10}",
        trading_class=spec.symbol,
        name=spec.name,
        multiplier=family.multiplier,
        min_tick=spec.tick,
        expiry=contract.expiry,
        broker_id=contract.con_id,
        time_zone=family.time_zone,
        trading_hours=trading,
        liquid_hours=liquid,
        order_types=frozenset(ibkr_order_types(AssetClass.FUTURE)),
    )
