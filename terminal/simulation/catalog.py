# SPDX-License-Identifier: Apache-2.0
"""What the simulated market lists: one row per underlying, with the character of its price and its liquidity.

Contract ids of the stocks, funds and EUR.USD are IBKR's own (public in TWS and its contract search); prices are of
the order of early March 2025. Only data and the building of `Instrument`; prices live in paths.py.
"""

from dataclasses import KW_ONLY, dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument, Session, instrument_id
from terminal.simulation.trading_days import TradingCalendar

ORDER_TYPES: Final = frozenset({"DAY", "GTC", "IOC", "LMT", "MKT", "STP", "STPLMT", "TRAIL", "WHATIF"})
FUTURE_ID_BASE: Final = 495_000_000
FUTURE_BASIS: Final = 0.04
"""Annual premium of a future over its index."""
SESSIONS_AHEAD: Final = 6


@dataclass(frozen=True, slots=True)
class Underlying:
    """One listed name: identity, price process and liquidity.

    ``volatility`` per year; ``market`` and ``tech`` are loadings on the two common factors; ``path`` names the price
    process, so that SPY and ES share one. ``events`` are quote and trade events per average minute, ``lot`` the unit
    of displayed sizes, ``depth`` the mean displayed size in lots, ``spread`` the usual spread in ticks.
    """

    con_id: int
    symbol: str
    name: str
    primary: str
    price: float
    volatility: float
    market: float
    tech: float = 0.0
    _: KW_ONLY
    asset_class: AssetClass = AssetClass.STOCK
    path: str = ""
    tick: Decimal = Decimal("0.01")
    events: float = 120.0
    daily_volume: float = 8e6
    lot: int = 100
    depth: float = 3.0
    spread: float = 1.3
    strike_step: float = 0.0
    option_penny: bool = False
    daily_expiries: bool = False
    order_types: frozenset[str] = field(default=ORDER_TYPES)

    @property
    def path_key(self) -> str:
        return self.path or self.symbol


UNDERLYINGS: Final[tuple[Underlying, ...]] = (
    Underlying(265598, "AAPL", "APPLE INC", "NASDAQ", 236.0, 0.28, 1.1, 0.6,
           events=220, daily_volume=2.2e7, depth=4, strike_step=2.5),
    Underlying(272093, "MSFT", "MICROSOFT CORP", "NASDAQ", 388.5, 0.24, 1.0, 0.7,
           events=180, daily_volume=1.2e7, depth=2.5, spread=2, strike_step=2.5),
    Underlying(4815747, "NVDA", "NVIDIA CORP", "NASDAQ", 114.0, 0.50, 1.6, 1.4,
           events=240, daily_volume=4.5e7, depth=8, strike_step=1),
    Underlying(76792991, "TSLA", "TESLA INC", "NASDAQ", 272.0, 0.60, 1.6, 1.0,
           events=230, daily_volume=3.0e7, depth=3, spread=2.2, strike_step=2.5),
    Underlying(8314, "IBM", "INTL BUSINESS MACHINES CORP", "NYSE", 254.0, 0.24, 0.7, 0.2,
           events=90, daily_volume=3.0e6, depth=2, spread=3, strike_step=2.5),
    Underlying(756733, "SPY", "SPDR S&P 500 ETF TRUST", "ARCA", 577.0, 0.17, 1.0,
           path="SPX", events=240, daily_volume=3.0e7, depth=9, spread=1.1, strike_step=1,
           option_penny=True, daily_expiries=True),
    Underlying(320227571, "QQQ", "INVESCO QQQ TRUST SERIES 1", "NASDAQ", 492.0, 0.22, 1.1, 0.9,
           events=220, daily_volume=2.2e7, depth=6, spread=1.2, strike_step=1, option_penny=True, daily_expiries=True),
    Underlying(4391, "AMD", "ADVANCED MICRO DEVICES", "NASDAQ", 100.5, 0.48, 1.5, 1.3,
           events=160, daily_volume=1.6e7, depth=5, strike_step=1),
    Underlying(3691937, "AMZN", "AMAZON.COM INC", "NASDAQ", 204.0, 0.30, 1.15, 0.7,
           events=180, daily_volume=1.5e7, depth=3, strike_step=2.5),
    Underlying(107113386, "META", "META PLATFORMS INC-CLASS A", "NASDAQ", 640.0, 0.34, 1.2, 0.8,
           events=150, daily_volume=7e6, depth=1.5, spread=6, strike_step=5),
    Underlying(208813719, "GOOGL", "ALPHABET INC-CL A", "NASDAQ", 171.0, 0.29, 1.1, 0.7,
           events=160, daily_volume=1.3e7, depth=3.5, strike_step=2.5),
    Underlying(1520593, "JPM", "JPMORGAN CHASE & CO", "NYSE", 252.0, 0.25, 1.0,
           events=100, daily_volume=4.5e6, depth=2, spread=2.5, strike_step=2.5),
    Underlying(13977, "XOM", "EXXON MOBIL CORP", "NYSE", 108.0, 0.24, 0.6,
           events=100, daily_volume=7e6, depth=4, strike_step=1),
    Underlying(15547841, "TLT", "ISHARES 20+ YEAR TREASURY BD", "NASDAQ", 92.4, 0.14, -0.15,
           events=90, daily_volume=1.4e7, depth=20, spread=1.0, strike_step=0.5, option_penny=True),
    Underlying(9579970, "IWM", "ISHARES RUSSELL 2000 ETF", "ARCA", 205.0, 0.23, 1.15,
           events=150, daily_volume=1.5e7, depth=8, spread=1.1, strike_step=1, option_penny=True, daily_expiries=True),
    Underlying(12087792, "EUR", "European Monetary Union Euro", "IDEALPRO", 1.0552, 0.075, -0.05,
               asset_class=AssetClass.FOREX, tick=Decimal("0.00005"), events=150, daily_volume=2.4e9,
               lot=250_000, depth=6, spread=1.2),
)  # fmt: skip

ES: Final = Underlying(
    0, "ES", "E-mini S&P 500", "CME", 5770.0, 0.17, 1.0, asset_class=AssetClass.FUTURE, path="SPX",
    tick=Decimal("0.25"), events=200, daily_volume=9e5, lot=1, depth=30, spread=1.0,
)  # fmt: skip


def quarterly_expiries(today: date, count: int) -> list[date]:
    """Return the next ``count`` third Fridays of March, June, September and December, today included."""
    found: list[date] = []
    year = today.year
    while len(found) < count:
        for month in (3, 6, 9, 12):
            day = third_friday(year, month)
            if day >= today and len(found) < count:
                found.append(day)
        year += 1
    return found


def third_friday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


def future_con_id(expiry: date) -> int:
    return FUTURE_ID_BASE + (expiry - date(2020, 1, 1)).days


def future_at(con_id: int) -> date | None:
    """Return the expiry that ``con_id`` names, None when it is no future's id."""
    days = con_id - FUTURE_ID_BASE
    if not 0 <= days < 20_000:
        return None
    expiry = date(2020, 1, 1) + timedelta(days=days)
    return expiry if expiry.month % 3 == 0 and third_friday(expiry.year, expiry.month) == expiry else None


def build_stock(spec: Underlying, trading: tuple[Session, ...], liquid: tuple[Session, ...]) -> Instrument:
    """Build the instrument of a stock, fund or currency pair."""
    forex = spec.asset_class is AssetClass.FOREX
    return Instrument(
        id=instrument_id(spec.asset_class, spec.symbol),
        asset_class=spec.asset_class,
        symbol=spec.symbol,
        currency="USD",
        exchange="IDEALPRO" if forex else "SMART",
        primary_exchange="" if forex else spec.primary,
        local_symbol="EUR.USD" if forex else spec.symbol,
        trading_class="EUR.USD" if forex else _trading_class(spec),
        name=spec.name,
        min_tick=spec.tick,
        broker_id=spec.con_id,
        time_zone="America/New_York",
        trading_hours=trading,
        liquid_hours=liquid,
        order_types=spec.order_types,
    )


def build_future(spec: Underlying, expiry: date, calendar: TradingCalendar, today: int) -> Instrument:
    """Build one expiry of a future."""
    letter = "FGHJKMNQUVXZ"[expiry.month - 1]
    return Instrument(
        id=instrument_id(AssetClass.FUTURE, spec.symbol, expiry=expiry),
        asset_class=AssetClass.FUTURE,
        symbol=spec.symbol,
        exchange="CME",
        local_symbol=f"{spec.symbol}{letter}{expiry.year % 10}",
        trading_class=spec.symbol,
        name=spec.name,
        multiplier=Decimal(50),
        min_tick=spec.tick,
        expiry=expiry,
        broker_id=future_con_id(expiry),
        time_zone="America/Chicago",
        trading_hours=calendar.sessions(today, SESSIONS_AHEAD, regular=False),
        liquid_hours=calendar.sessions(today, SESSIONS_AHEAD, regular=True),
        order_types=spec.order_types,
    )


def _trading_class(spec: Underlying) -> str:
    """IBKR names the trading class of stocks by market tier: NMS at NASDAQ, the symbol elsewhere."""
    return "NMS" if spec.primary == "NASDAQ" else spec.symbol
