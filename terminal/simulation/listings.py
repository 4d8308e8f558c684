# SPDX-License-Identifier: Apache-2.0
"""The rows of the simulated market: stocks, funds, indices, currency pairs and coins.

Contract ids of stocks, funds, indices, pairs and coins are IBKR's own as they are known in public; prices, volumes
and dividends are of the order of early March 2025, volatilities and loadings round assumptions. Only data.
"""

from decimal import Decimal
from typing import Final

from terminal.model.enums import AssetClass
from terminal.simulation.catalog import COIN_SIZE, Payout, Underlying

_TECH: Final = "Technology"
_INTERNET: Final = (_TECH, "Internet", "Internet Content")
_SEMI: Final = (_TECH, "Semiconductors", "Electronic Compo-Semicon")
_SOFTWARE: Final = (_TECH, "Software", "Applications Software")
_BANK: Final = ("Financial", "Banks", "Diversified Banking Inst")
_STAPLE: Final = ("Consumer, Non-cyclical", "Food & Beverages", "Beverages")
_CARE: Final = ("Consumer, Non-cyclical", "Pharmaceuticals", "Medical-Drugs")
_RETAIL: Final = ("Consumer, Cyclical", "Retail", "Retail-Discount")
_FUND: Final = ("Funds", "Equity Fund", "Growth&Income")
_OIL: Final = ("Energy", "Oil&Gas", "Oil Comp-Integrated")

_FIRST: Final[tuple[Underlying, ...]] = (
    Underlying(265598, "AAPL", "APPLE INC", "NASDAQ", 236.0, 0.28, 1.1, 0.6,
               events=220, daily_volume=2.2e7, depth=4, strike_step=2.5, sector=(_TECH, "Computers", "Computers"),
               payout=Payout(0.25, 2, 10), earnings=1),
    Underlying(272093, "MSFT", "MICROSOFT CORP", "NASDAQ", 388.5, 0.24, 1.0, 0.7,
               events=180, daily_volume=1.2e7, depth=2.5, spread=2, strike_step=2.5, sector=_SOFTWARE,
               payout=Payout(0.83, 2, 20), earnings=1),
    Underlying(4815747, "NVDA", "NVIDIA CORP", "NASDAQ", 114.0, 0.50, 1.6, 1.4,
               events=240, daily_volume=4.5e7, depth=8, strike_step=1, sector=_SEMI,
               payout=Payout(0.01, 3, 12), earnings=2),
    Underlying(76792991, "TSLA", "TESLA INC", "NASDAQ", 272.0, 0.60, 1.6, 1.0,
               events=230, daily_volume=3.0e7, depth=3, spread=2.2, strike_step=2.5,
               sector=("Consumer, Cyclical", "Auto Manufacturers", "Auto-Cars/Light Trucks"), earnings=1),
    Underlying(8314, "IBM", "INTL BUSINESS MACHINES CORP", "NYSE", 254.0, 0.24, 0.7, 0.2,
               events=90, daily_volume=3.0e6, depth=2, spread=3, strike_step=2.5,
               sector=(_TECH, "Computers", "Computer Services"), payout=Payout(1.67, 2, 10), earnings=1),
    Underlying(756733, "SPY", "SPDR S&P 500 ETF TRUST", "ARCA", 577.0, 0.17, 1.0,
               path="SPX", events=240, daily_volume=3.0e7, depth=9, spread=1.1, strike_step=1,
               option_penny=True, daily_expiries=True, sector=_FUND, fund=True,
               payout=Payout(1.75, 3, 21), accrual=0.012),
    Underlying(320227571, "QQQ", "INVESCO QQQ TRUST SERIES 1", "NASDAQ", 492.0, 0.22, 1.1, 0.9,
               path="NDX", events=220, daily_volume=2.2e7, depth=6, spread=1.2, strike_step=1, option_penny=True,
               daily_expiries=True, sector=_FUND, fund=True, payout=Payout(0.72, 3, 24), accrual=0.006),
    Underlying(4391, "AMD", "ADVANCED MICRO DEVICES", "NASDAQ", 100.5, 0.48, 1.5, 1.3,
               events=160, daily_volume=1.6e7, depth=5, strike_step=1, sector=_SEMI, earnings=1),
    Underlying(3691937, "AMZN", "AMAZON.COM INC", "NASDAQ", 204.0, 0.30, 1.15, 0.7,
               events=180, daily_volume=1.5e7, depth=3, strike_step=2.5,
               sector=("Communications", "Internet", "E-Commerce/Products"), earnings=1),
    Underlying(107113386, "META", "META PLATFORMS INC-CLASS A", "NASDAQ", 640.0, 0.34, 1.2, 0.8,
               events=150, daily_volume=7e6, depth=1.5, spread=6, strike_step=5, sector=_INTERNET,
               payout=Payout(0.525, 3, 14), earnings=1),
    Underlying(208813719, "GOOGL", "ALPHABET INC-CL A", "NASDAQ", 171.0, 0.29, 1.1, 0.7,
               events=160, daily_volume=1.3e7, depth=3.5, strike_step=2.5, sector=_INTERNET,
               payout=Payout(0.20, 3, 10), earnings=1),
    Underlying(1520593, "JPM", "JPMORGAN CHASE & CO", "NYSE", 252.0, 0.25, 1.0,
               loads=(("financial", 0.12), ("rates", 0.02)), events=100, daily_volume=4.5e6, depth=2, spread=2.5,
               strike_step=2.5, sector=_BANK, payout=Payout(1.40, 1, 5), earnings=1, after_close=False),
    Underlying(13977, "XOM", "EXXON MOBIL CORP", "NYSE", 108.0, 0.24, 0.6, loads=(("oil", 0.15),),
               events=100, daily_volume=7e6, depth=4, strike_step=1, sector=_OIL,
               payout=Payout(0.99, 2, 14), earnings=1, after_close=False),
    Underlying(15547841, "TLT", "ISHARES 20+ YEAR TREASURY BD", "NASDAQ", 92.4, 0.14, -0.15,
               loads=(("rates", -0.13),), events=90, daily_volume=1.4e7, depth=20, spread=1.0, strike_step=0.5,
               option_penny=True, sector=("Funds", "Debt Fund", "Government"), fund=True,
               payout=Payout(0.32, 1, 1, 12), accrual=0.041),
    Underlying(9579970, "IWM", "ISHARES RUSSELL 2000 ETF", "ARCA", 205.0, 0.23, 1.15,
               loads=(("financial", 0.05),), events=150, daily_volume=1.5e7, depth=8, spread=1.1, strike_step=1,
               option_penny=True, daily_expiries=True, sector=_FUND, fund=True, payout=Payout(0.55, 3, 18),
               accrual=0.011),
)  # fmt: skip

_MORE: Final[tuple[Underlying, ...]] = (
    Underlying(15124833, "NFLX", "NETFLIX INC", "NASDAQ", 973.0, 0.36, 1.1, 0.7,
               events=90, daily_volume=3.2e6, depth=1, spread=18, strike_step=10, sector=_INTERNET, earnings=1),
    Underlying(270639, "INTC", "INTEL CORP", "NASDAQ", 22.7, 0.52, 1.1, 0.9,
               events=140, daily_volume=6.5e7, depth=45, strike_step=0.5, sector=_SEMI, earnings=1),
    Underlying(268084, "CSCO", "CISCO SYSTEMS INC", "NASDAQ", 63.6, 0.22, 0.85, 0.4,
               events=90, daily_volume=1.7e7, depth=12, strike_step=1,
               sector=(_TECH, "Telecommunications", "Networking Products"), payout=Payout(0.41, 1, 3), earnings=2),
    Underlying(313130367, "AVGO", "BROADCOM INC", "NASDAQ", 187.0, 0.50, 1.5, 1.3,
               events=150, daily_volume=2.6e7, depth=3, spread=3, strike_step=2.5, sector=_SEMI,
               payout=Payout(0.59, 3, 20), earnings=3),
    Underlying(272800, "ORCL", "ORACLE CORP", "NYSE", 160.0, 0.32, 1.0, 0.7,
               events=90, daily_volume=9e6, depth=2, spread=3, strike_step=2.5, sector=_SOFTWARE,
               payout=Payout(0.50, 1, 10), earnings=3),
    Underlying(29624264, "CRM", "SALESFORCE INC", "NYSE", 292.0, 0.32, 1.1, 0.7,
               events=80, daily_volume=6e6, depth=1.5, spread=6, strike_step=2.5, sector=_SOFTWARE,
               payout=Payout(0.416, 1, 10), earnings=2),
    Underlying(265768, "ADBE", "ADOBE INC", "NASDAQ", 443.0, 0.34, 1.1, 0.7,
               events=70, daily_volume=3.2e6, depth=1, spread=12, strike_step=5, sector=_SOFTWARE, earnings=3),
    Underlying(273544, "QCOM", "QUALCOMM INC", "NASDAQ", 155.0, 0.34, 1.15, 1.0,
               events=80, daily_volume=8e6, depth=2.5, spread=2, strike_step=2.5, sector=_SEMI,
               payout=Payout(0.85, 3, 6), earnings=1),
    Underlying(10098, "BAC", "BANK OF AMERICA CORP", "NYSE", 43.2, 0.27, 1.0,
               loads=(("financial", 0.15), ("rates", 0.04)), events=120, daily_volume=3.8e7, depth=40, strike_step=0.5,
               sector=_BANK, payout=Payout(0.26, 3, 7), earnings=1, after_close=False),
    Underlying(4627828, "GS", "GOLDMAN SACHS GROUP INC", "NYSE", 590.0, 0.29, 1.15,
               loads=(("financial", 0.15),), events=60, daily_volume=2.4e6, depth=1, spread=18, strike_step=5,
               sector=_BANK, payout=Payout(3.00, 2, 28), earnings=1, after_close=False),
    Underlying(49462172, "V", "VISA INC-CLASS A SHARES", "NYSE", 358.0, 0.21, 0.85,
               loads=(("financial", 0.07),), events=70, daily_volume=6e6, depth=1.2, spread=6, strike_step=2.5,
               sector=("Financial", "Diversified Finan Serv", "Finance-Credit Card"), payout=Payout(0.59, 2, 11),
               earnings=1),
    Underlying(8894, "KO", "COCA-COLA CO/THE", "NYSE", 71.5, 0.16, 0.45, loads=(("consumer", 0.09),),
               events=80, daily_volume=1.6e7, depth=14, strike_step=1, sector=_STAPLE, payout=Payout(0.51, 3, 14),
               earnings=2, after_close=False),
    Underlying(11017, "PEP", "PEPSICO INC", "NASDAQ", 154.0, 0.18, 0.45, loads=(("consumer", 0.10),),
               events=70, daily_volume=7e6, depth=2.5, spread=1.8, strike_step=2.5, sector=_STAPLE,
               payout=Payout(1.355, 3, 7), earnings=2, after_close=False),
    Underlying(8719, "JNJ", "JOHNSON & JOHNSON", "NYSE", 166.0, 0.17, 0.45, loads=(("health", 0.10),),
               events=70, daily_volume=8e6, depth=2.5, spread=2, strike_step=2.5, sector=_CARE,
               payout=Payout(1.24, 2, 18), earnings=1, after_close=False),
    Underlying(13272, "UNH", "UNITEDHEALTH GROUP INC", "NYSE", 470.0, 0.28, 0.6, loads=(("health", 0.14),),
               events=70, daily_volume=5e6, depth=1, spread=14, strike_step=5,
               sector=("Consumer, Non-cyclical", "Healthcare-Services", "Medical-HMO"), payout=Payout(2.10, 3, 10),
               earnings=1, after_close=False),
    Underlying(9160, "LLY", "ELI LILLY & CO", "NYSE", 916.0, 0.34, 0.7, loads=(("health", 0.17),),
               events=70, daily_volume=3.4e6, depth=1, spread=30, strike_step=10, sector=_CARE,
               payout=Payout(1.50, 2, 14), earnings=2, after_close=False),
    Underlying(13824, "WMT", "WALMART INC", "NYSE", 97.0, 0.20, 0.6, loads=(("consumer", 0.10),),
               events=100, daily_volume=1.8e7, depth=6, strike_step=1, sector=_RETAIL, payout=Payout(0.235, 3, 21),
               earnings=2, after_close=False),
    Underlying(272997, "COST", "COSTCO WHOLESALE CORP", "NASDAQ", 1040.0, 0.21, 0.8, loads=(("consumer", 0.10),),
               events=70, daily_volume=2.2e6, depth=1, spread=34, strike_step=10, sector=_RETAIL,
               payout=Payout(1.16, 2, 7), earnings=3),
    Underlying(7930, "HD", "HOME DEPOT INC", "NYSE", 389.0, 0.23, 0.95, loads=(("consumer", 0.09),),
               events=60, daily_volume=3.6e6, depth=1, spread=10, strike_step=5,
               sector=("Consumer, Cyclical", "Retail", "Retail-Building Products"), payout=Payout(2.30, 3, 13),
               earnings=2, after_close=False),
    Underlying(9408, "MCD", "MCDONALD'S CORP", "NYSE", 309.0, 0.18, 0.6, loads=(("consumer", 0.08),),
               events=60, daily_volume=3.6e6, depth=1.2, spread=6, strike_step=2.5,
               sector=("Consumer, Cyclical", "Retail", "Retail-Restaurants"), payout=Payout(1.77, 3, 3), earnings=2,
               after_close=False),
    Underlying(6459, "DIS", "WALT DISNEY CO/THE", "NYSE", 110.0, 0.27, 1.0,
               events=80, daily_volume=9e6, depth=4, strike_step=1, sector=("Communications", "Media", "Multimedia"),
               earnings=2, after_close=False),
    Underlying(4762, "BA", "BOEING CO/THE", "NYSE", 168.0, 0.36, 1.2,
               events=90, daily_volume=8e6, depth=2, spread=3, strike_step=2.5,
               sector=("Industrial", "Aerospace/Defense", "Aerospace/Defense"), earnings=1, after_close=False),
    Underlying(5437, "CAT", "CATERPILLAR INC", "NYSE", 338.0, 0.28, 1.1,
               events=60, daily_volume=3e6, depth=1, spread=9, strike_step=5,
               sector=("Industrial", "Machinery-Constr&Mining", "Machinery-Constr&Mining"), payout=Payout(1.41, 1, 21),
               earnings=1, after_close=False),
    Underlying(5684, "CVX", "CHEVRON CORP", "NYSE", 156.0, 0.23, 0.6, loads=(("oil", 0.15),),
               events=80, daily_volume=8e6, depth=2.5, spread=2, strike_step=2.5, sector=_OIL,
               payout=Payout(1.71, 2, 14), earnings=1, after_close=False),
    Underlying(444857009, "PLTR", "PALANTIR TECHNOLOGIES INC-A", "NASDAQ", 83.5, 0.72, 1.8, 1.5,
               events=230, daily_volume=9e7, depth=9, strike_step=1, sector=_SOFTWARE, earnings=2, jumps=(4.0, 0.06)),
    Underlying(481691285, "COIN", "COINBASE GLOBAL INC -CLASS A", "NASDAQ", 205.0, 0.80, 1.7, 0.8,
               loads=(("coin", 0.40),), events=120, daily_volume=1.1e7, depth=1.5, spread=8, strike_step=2.5,
               sector=("Financial", "Diversified Finan Serv", "Finance-Other Services"), earnings=2, jumps=(4.0, 0.06)),
    Underlying(36285627, "GME", "GAMESTOP CORP-CLASS A", "NYSE", 24.5, 0.85, 0.9,
               events=90, daily_volume=8e6, depth=6, spread=1.6, strike_step=0.5,
               sector=("Consumer, Cyclical", "Retail", "Retail-Computer Equip"), earnings=3, jumps=(10.0, 0.09),
               hard_to_borrow=True),
    Underlying(73128548, "DIA", "SPDR DJIA TRUST", "ARCA", 431.0, 0.155, 0.88, events=90, daily_volume=3.4e6,
               depth=3, spread=2.5, strike_step=1, option_penny=True, sector=_FUND, fund=True,
               payout=Payout(0.55, 1, 18, 12), accrual=0.015),
    Underlying(4215220, "XLF", "FINANCIAL SELECT SECTOR SPDR", "ARCA", 50.5, 0.20, 0.95, loads=(("financial", 0.12),),
               events=110, daily_volume=4e7, depth=60, spread=1.0, strike_step=0.5, option_penny=True, sector=_FUND,
               fund=True, payout=Payout(0.17, 3, 24), accrual=0.014),
    Underlying(4215217, "XLE", "ENERGY SELECT SECTOR SPDR", "ARCA", 87.5, 0.24, 0.65, loads=(("oil", 0.19),),
               events=100, daily_volume=1.6e7, depth=14, spread=1.0, strike_step=0.5, option_penny=True, sector=_FUND,
               fund=True, payout=Payout(0.68, 3, 24), accrual=0.031),
    Underlying(4215230, "XLK", "TECHNOLOGY SELECT SECT SPDR", "ARCA", 216.0, 0.24, 1.15, 1.1,
               events=80, daily_volume=5e6, depth=4, spread=2, sector=_FUND,
               fund=True, payout=Payout(0.36, 3, 24), accrual=0.007),
    Underlying(51529211, "GLD", "SPDR GOLD SHARES", "ARCA", 266.0, 0.15, 0.0, path="XAU",
               loads=(("gold", 0.13), ("dollar", -0.05)), events=100, daily_volume=8e6, depth=6, spread=1.6,
               strike_step=1, option_penny=True, sector=("Commodity", "Commodity Fund", "Precious Metals"), fund=True),
)  # fmt: skip

SPX: Final = Underlying(
    416904, "SPX", "S&P 500 STOCK INDEX", "CBOE", 5770.0, 0.17, 1.0, asset_class=AssetClass.INDEX, path="SPX",
    events=60, daily_volume=0, sector=("Indices", "Broad Range Equity Index", "*"), strike_step=5,
)  # fmt: skip
VIX: Final = Underlying(
    13455763, "VIX", "CBOE VOLATILITY INDEX", "CBOE", 20.0, 0.95, 0.0, asset_class=AssetClass.INDEX, path="SPX",
    events=60, daily_volume=0, sector=("Indices", "Volatility Index", "*"), strike_step=0.5,
)  # fmt: skip
INDICES: Final = (SPX, VIX)


def _pair(
    con_id: int, symbol: str, currency: str, name: str, price: float, volatility: float,
    loads: tuple[tuple[str, float], ...], *, market: float = 0.0, tick: str = "0.00005",
) -> Underlying:  # fmt: skip
    return Underlying(
        con_id, symbol, name, "IDEALPRO", price, volatility, market, asset_class=AssetClass.FOREX, currency=currency,
        loads=loads, path=f"{symbol}.{currency}", tick=Decimal(tick), events=150, daily_volume=2.4e9, lot=250_000,
        depth=6, spread=1.2,
    )  # fmt: skip


FOREX: Final = (
    _pair(12087792, "EUR", "USD", "European Monetary Union Euro", 1.0552, 0.075, (("dollar", -0.063),), market=-0.05),
    _pair(12087797, "GBP", "USD", "British pound", 1.2735, 0.08, (("dollar", -0.058),), market=0.08),
    _pair(14433401, "AUD", "USD", "Australian dollar", 0.6235, 0.10, (("dollar", -0.065),), market=0.2),
    _pair(39453441, "NZD", "USD", "New Zealand dollar", 0.5635, 0.10, (("dollar", -0.065),), market=0.18),
    _pair(15016059, "USD", "JPY", "United States dollar", 149.4, 0.095, (("dollar", 0.06), ("rates", 0.04)),
          market=0.08, tick="0.005"),
    _pair(12087820, "USD", "CHF", "United States dollar", 0.8935, 0.075, (("dollar", 0.06),), market=0.06),
    _pair(15016062, "USD", "CAD", "United States dollar", 1.4425, 0.06, (("dollar", 0.035), ("oil", -0.015)),
          market=-0.06),
)  # fmt: skip


def _coin(con_id: int, symbol: str, name: str, price: float, volatility: float, depth: float) -> Underlying:
    return Underlying(
        con_id, symbol, name, "PAXOS", price, volatility, 0.8, asset_class=AssetClass.CRYPTO,
        loads=(("coin", volatility * 0.8),), path=f"{symbol}.USD", tick=Decimal("0.25" if price > 10_000 else "0.01"),
        events=90, daily_volume=2.5e7, lot=500, depth=depth, spread=3 if price > 10_000 else 8, size=COIN_SIZE,
    )  # fmt: skip


COINS: Final = (
    _coin(479624278, "BTC", "Bitcoin cryptocurrency", 86_500.0, 0.52, 4),
    _coin(495759171, "ETH", "Ethereum cryptocurrency", 2_165.0, 0.68, 40),
)
STOCKS: Final = (*_FIRST, *_MORE)
UNDERLYINGS: Final[tuple[Underlying, ...]] = (*STOCKS, *INDICES, *FOREX, *COINS)
"""Everything without an expiry."""
