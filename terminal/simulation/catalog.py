# SPDX-License-Identifier: Apache-2.0
"""What a listed name is: its identity, the character of its price and its liquidity; and the instruments built of it.

The rows themselves are listings.py's, futures with their expiries futures.py's, prices live in paths.py. Only data
and the building of `Instrument`.
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import sqrt
from typing import Final

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument, Session, instrument_id
from terminal.simulation.order_table import ibkr_order_types
from terminal.simulation.paths import MARKET_VOLATILITY, NoiseSpec, PathSpec
from terminal.simulation.profiles import CLOCK, EQUITY, MACRO, Profile

SESSIONS_AHEAD: Final = 6
TECH_VOLATILITY: Final = 0.10
COIN_SIZE: Final = Decimal("0.0001")
"""Coins are counted in ten-thousandths."""

MARKET: Final = NoiseSpec("market factor", EQUITY, swing=0.30, leverage=0.6, jump_rate=1.5, jump=(-0.012, 0.014))
FACTORS: Final = {
    "market": MARKET,
    "tech": NoiseSpec("tech factor", EQUITY, swing=0.2, leverage=0.2),
    "financial": NoiseSpec("financial factor", EQUITY),
    "health": NoiseSpec("health factor", EQUITY),
    "consumer": NoiseSpec("consumer factor", EQUITY),
    "oil": NoiseSpec("oil factor", MACRO, swing=0.25),
    "rates": NoiseSpec("rates factor", MACRO),
    "dollar": NoiseSpec("dollar factor", MACRO),
    "gold": NoiseSpec("gold factor", MACRO),
    "coin": NoiseSpec("coin factor", CLOCK, swing=0.3),
}
"""Common noises by name; ``market`` and ``tech`` are also given as betas (`Underlying`)."""


@dataclass(frozen=True, slots=True)
class Payout:
    """Regular cash dividends: ``amount`` per share, ``per_year`` times from ``month`` on, ex about ``day``."""

    amount: float
    month: int
    day: int
    per_year: int = 4


@dataclass(frozen=True, slots=True)
class Underlying:
    """One listed name: identity, price process and liquidity.

    ``volatility`` per year; ``market`` and ``tech`` are loadings on the two big factors, ``loads`` volatilities on
    others; ``path`` names the price process, so that SPY, SPX and ES share one. ``events`` are quote and trade events
    per average minute, ``lot`` the unit of displayed sizes, ``depth`` the mean displayed size in lots, ``spread`` the
    usual spread in ticks. ``strike_step`` 0: no options. ``earnings`` is the first month of the year in which it
    reports (0: never), ``jumps`` own jumps per year and their deviation. ``size`` is the quantity of one size unit.
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
    currency: str = "USD"
    loads: tuple[tuple[str, float], ...] = ()
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
    sector: tuple[str, str, str] = ("", "", "")
    fund: bool = False
    payout: Payout | None = None
    accrual: float = 0.0
    earnings: int = 0
    after_close: bool = True
    jumps: tuple[float, float] = (1.5, 0.0)
    hard_to_borrow: bool = False
    size: Decimal = Decimal(1)

    @property
    def path_key(self) -> str:
        return self.path or self.symbol

    @property
    def profile(self) -> Profile:
        """How its variance is spread over the day."""
        if self.asset_class is AssetClass.CRYPTO:
            return CLOCK
        macro = self.asset_class is AssetClass.FOREX or self.sector[0] in {"Government", "Commodity"}
        return MACRO if macro else EQUITY

    @property
    def has_auctions(self) -> bool:
        return self.asset_class is AssetClass.STOCK

    @property
    def common_loads(self) -> tuple[tuple[str, float], ...]:
        """Return (factor, volatility per year) of every factor it follows."""
        big = (("market", self.market * MARKET_VOLATILITY), ("tech", self.tech * TECH_VOLATILITY))
        return tuple(pair for pair in (*big, *self.loads) if pair[1])


def own_volatility(spec: Underlying) -> float:
    """Return the part of the annual volatility that the factors do not explain."""
    common = sum(load**2 for _, load in spec.common_loads)
    return sqrt(max(spec.volatility**2 - common, 0.0))


def path_spec(spec: Underlying) -> PathSpec:
    """Return the price process of a name."""
    rate, size = spec.jumps
    plain = spec.asset_class is AssetClass.STOCK and not spec.fund
    jump = (0.0, size or 0.09 * spec.volatility)
    own = NoiseSpec(spec.path_key, spec.profile, jump_rate=rate if plain else 0.0, jump=jump)
    loads = [(FACTORS[name], load) for name, load in spec.common_loads]
    return PathSpec(spec.path_key, (*loads, (own, own_volatility(spec))))


def third_friday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


def build_stock(spec: Underlying, trading: Sequence[Session], liquid: Sequence[Session]) -> Instrument:
    """Build the instrument of anything that has no expiry: stock, fund, index, currency pair or coin."""
    kind = spec.asset_class
    pair = kind in {AssetClass.FOREX, AssetClass.CRYPTO}
    local = f"{spec.symbol}.{spec.currency}" if pair else spec.symbol
    venue = spec.primary if kind is not AssetClass.STOCK else "SMART"
    return Instrument(
        id=instrument_id(kind, spec.symbol, currency=spec.currency),
        asset_class=kind,
        symbol=spec.symbol,
        currency=spec.currency,
        exchange=venue,
        primary_exchange=spec.primary if kind is AssetClass.STOCK else "",
        local_symbol=local,
        trading_class=local if pair else _trading_class(spec),
        name=spec.name,
        min_tick=spec.tick,
        min_size=spec.size,
        size_increment=spec.size,
        broker_id=spec.con_id,
        time_zone="America/New_York" if kind is not AssetClass.INDEX else "America/Chicago",
        trading_hours=tuple(trading),
        liquid_hours=tuple(liquid),
        order_types=frozenset(ibkr_order_types(kind)),
    )


def _trading_class(spec: Underlying) -> str:
    """IBKR names the trading class of stocks by market tier: NMS at NASDAQ, the symbol elsewhere."""
    return "NMS" if spec.primary == "NASDAQ" else spec.symbol
