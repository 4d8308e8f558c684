# SPDX-License-Identifier: Apache-2.0
"""Margin against cases worked by hand; every case names the rule it follows.

"IBKR" is its US stock and US options margin pages, "4210" FINRA rule 4210, "Cboe" the Cboe margin manual, "Reg T"
12 CFR 220.12. Prices are per share; contracts deliver 100 shares; the underlying stands at 100 unless said.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from terminal.model.enums import AssetClass, OptionRight
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.simulation.margin import Holding, requirement

MARCH, APRIL = date(2025, 3, 21), date(2025, 4, 17)


def shares(quantity: int, price: float = 100, symbol: str = "AAPL") -> Holding:
    instrument = Instrument(id=InstrumentId(symbol), asset_class=AssetClass.STOCK, symbol=symbol)
    return Holding(instrument=instrument, quantity=quantity, price=price)


def option(
    quantity: int,
    kind: str,
    strike: float,
    price: float = 1.0,
    spot: float = 100,
    expiry: date = MARCH,
    symbol: str = "AAPL",
    units: int = 100,
) -> Holding:
    right = OptionRight.CALL if kind == "C" else OptionRight.PUT
    under = f"^{symbol}" if symbol in {"SPX", "VIX"} else symbol
    instrument = Instrument(
        id=InstrumentId(f"{symbol} {expiry:%Y%m%d} {kind} {strike}"),
        asset_class=AssetClass.OPTION,
        symbol=symbol,
        multiplier=Decimal(units),
        strike=Decimal(repr(strike)),
        right=right,
        expiry=expiry,
        underlying_id=InstrumentId(under),
    )
    return Holding(instrument=instrument, quantity=quantity, price=price, underlying=spot)


def future(quantity: int, symbol: str = "ES", price: float = 5800, month: str = "H5") -> Holding:
    instrument = Instrument(
        id=InstrumentId(symbol + month), asset_class=AssetClass.FUTURE, symbol=symbol, multiplier=Decimal(50)
    )
    return Holding(instrument=instrument, quantity=quantity, price=price)


@dataclass(frozen=True)
class Case:
    """Holdings and their initial, maintenance and Reg T end-of-day requirement."""

    rule: str
    holdings: tuple[Holding, ...]
    initial: float
    maintenance: float
    regulation_t: float


def same(rule: str, amount: float, *holdings: Holding) -> Case:
    return Case(rule, holdings, amount, amount, amount)


CASES = [
    Case("IBKR: long stock 25 %; Reg T: 50 %", (shares(100, 200),), 5_000, 5_000, 10_000),
    Case("IBKR: short stock 30 %; Reg T: 50 %", (shares(-100, 200),), 6_000, 6_000, 10_000),
    Case("4210(c): short stock from 5 to 16.67 needs 5 a share", (shares(-100, 10),), 500, 500, 500),
    Case("4210(c): short stock below 5 needs its price", (shares(-100, 4),), 400, 400, 400),
    Case("4210(c): short stock below 2.50 needs 2.50", (shares(-100, 2),), 250, 250, 250),
    same("IBKR: long options need nothing, they are paid in full", 0, option(5, "C", 110, 3), option(2, "P", 90)),
    # 3 + max(20 - 10, 10) = 13
    same("4210(f)(2)(E): naked call, 20 % less out of the money", 2_600, option(-2, "C", 110, 3)),
    # 12 + 24
    same("4210(f)(2)(E): naked call in the money", 3_600, option(-1, "C", 110, 12, spot=120)),
    # 0.10 + 10 % of 60
    same("Cboe: at least premium and 10 % of the underlying", 610, option(-1, "C", 110, 0.1, spot=60)),
    # 0.20 + 10 % of 100
    same("Cboe: puts at least premium and 10 % of the strike", 1_020, option(-1, "P", 100, 0.2, spot=150)),
    # premium 40, and max(870 - 100, 580)
    same("Cboe: broad index call 15 %", 81_000, option(-1, "C", 5900, 40, spot=5800, symbol="SPX")),
    # premium 5, and max(870 - 800, 500)
    same("Cboe: broad index put, floor 10 % of the strike", 50_500, option(-1, "P", 5000, 5, spot=5800, symbol="SPX")),
    # 10 + 86.55
    same("Cboe: fund on a broad index 15 %", 9_655, option(-1, "C", 577, 10, spot=577, symbol="SPY")),
    # call 24, put 23.5: the greater and the other's premium 3.5
    same("4210(f)(2)(H): short straddle", 2_750, option(-1, "C", 100, 4), option(-1, "P", 100, 3.5)),
    # call 1 + 10 = 11, put 2 + 15 = 17: the put's 17 and the call's premium 1
    same("4210(f)(2)(H): short strangle", 1_800, option(-1, "C", 110, 1), option(-1, "P", 95, 2)),
    Case("IBKR: covered call, the stock's margin", (shares(100), option(-1, "C", 110, 3)), 2_500, 2_500, 5_000),
    # 1,000 in the money + the stock at its strike: 25 % and 50 % of 11,000
    Case(
        "IBKR: covered call in the money", (shares(100, 120), option(-1, "C", 110, 12, spot=120)), 3_750, 3_750, 6_500
    ),
    # 3,000 + 500 in the money
    Case("IBKR: covered put, stock + in the money", (shares(-100), option(-1, "P", 105, 6)), 3_500, 3_500, 5_500),
    # 10 % of 95 + 5 = 14.50, below 25
    Case("4210(f)(2)(H)(v): protective put", (shares(100), option(1, "P", 95)), 2_500, 1_450, 5_000),
    Case("4210(f)(2)(H)(v): a far put helps nothing", (shares(100), option(1, "P", 70)), 2_500, 2_500, 5_000),
    # 10 % of 105 + 5
    Case("4210(f)(2)(H)(v): protective call on short stock", (shares(-100), option(1, "C", 105)), 3_000, 1_550, 5_000),
    # the lesser of 9.50 + 5 and 27.50
    Case(
        "4210(f)(2)(H)(v): collar", (shares(100), option(1, "P", 95), option(-1, "C", 110)), 2_500, 1_450, 5_000
    ),
    Case(
        "4210(f)(2)(H)(v): conversion, 10 % of the strike", (shares(100), option(1, "P", 100), option(-1, "C", 100)),
        2_500, 1_000, 5_000,
    ),
    Case(
        "4210(f)(2)(H)(v): reverse conversion", (shares(-100), option(1, "C", 100), option(-1, "P", 100)),
        3_000, 1_000, 5_000,
    ),
    same("Cboe: debit call spread is paid in full", 0, option(1, "C", 100, 5), option(-1, "C", 110, 2)),
    same("Cboe: credit call spread, strike difference", 1_000, option(-1, "C", 100, 5), option(1, "C", 110, 2)),
    same("Cboe: credit put spread, strike difference", 2_000, option(-2, "P", 100, 5), option(2, "P", 90, 2)),
    # naked: 0.10 + 5 = 5.10, below the 20 of the spread
    same("4210(f)(2)(H)(i): the lesser of spread and naked", 510, option(-1, "P", 50, 0.1), option(1, "P", 30, 0.05)),
    same("Cboe: long butterfly", 0, option(1, "C", 90), option(-2, "C", 100), option(1, "C", 110)),
    same("IBKR: short butterfly, middle less low strike", 1_000, option(-1, "C", 90), option(2, "C", 100),
         option(-1, "C", 110)),
    same("IBKR: iron condor needs one side", 1_000, option(1, "P", 80), option(-1, "P", 90), option(-1, "C", 110),
         option(1, "C", 120)),
    same("IBKR: iron condor, the wider side", 2_000, option(1, "P", 80), option(-1, "P", 100), option(-1, "C", 110),
         option(1, "C", 120)),
    same("Cboe: condor of calls", 500, option(-1, "C", 90), option(1, "C", 95), option(1, "C", 105),
         option(-1, "C", 110)),
    same("Cboe: long box", 0, option(1, "C", 90), option(-1, "C", 100), option(1, "P", 100), option(-1, "P", 90)),
    same("Cboe: short box, strike difference", 1_000, option(-1, "C", 90), option(1, "C", 100), option(-1, "P", 100),
         option(1, "P", 90)),
    same("Cboe: long calendar", 0, option(1, "C", 100, 5, expiry=APRIL), option(-1, "C", 100, 3)),
    same("Cboe: diagonal, strike difference", 500, option(1, "C", 105, 4, expiry=APRIL), option(-1, "C", 100, 3)),
    # the long one ends first and covers nothing: 5 + 20
    same("Cboe: short calendar is naked", 2_500, option(-1, "C", 100, 5, expiry=APRIL), option(1, "C", 100, 3)),
    # 2 + max(3 - 0, 2): every VIX expiry has its own forward
    same("Cboe: VIX calendars do not count", 500, option(-1, "C", 20, 2, spot=20, symbol="VIX"),
         option(1, "C", 20, 3, spot=20, symbol="VIX", expiry=APRIL)),
    # one spread and one naked call: 3 + max(20 - 10, 10)
    same("Cboe: ratio spread, the rest is naked", 1_300, option(1, "C", 100, 5), option(-2, "C", 110, 3)),
    # 100 covered, 50 alone, one call naked
    Case(
        "IBKR: shares cover whole contracts", (shares(150), option(-2, "C", 110, 3)), 5_050, 5_050, 8_800
    ),
    # 150 shares a contract do not pair with 100: 150 x (3 + 10)
    same("OCC: adjusted contracts pair with their like only", 1_950, option(1, "C", 100, 5),
         option(-1, "C", 110, 3, units=150)),
    Case("CME: scan amount per contract, initial 110 %", (future(-3),), 49_500, 45_000, 0),
    Case("CME: calendar spread amount per pair", (future(2), future(-1, month="M5")), 17_050, 15_500, 0),
    # 15 % of 2 x 1,000 x 50
    Case("table: a future without a row, 15 % of its value", (future(2, "ZZ", 1000),), 16_500, 15_000, 0),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_holdings_need_what_the_rule_says(case: Case) -> None:
    need = requirement(case.holdings)
    seen = [need.initial, need.maintenance]
    assert seen == pytest.approx([case.initial, case.maintenance])
    if case.regulation_t:
        assert need.regulation_t == pytest.approx(case.regulation_t)


def test_futures_need_less_by_day() -> None:
    """IBKR's tables: 70 % of the overnight amounts."""
    book = [future(-3), shares(100)]
    assert requirement(book, by_day=True).maintenance == pytest.approx(0.7 * 45_000 + 2_500)
    assert requirement(book, by_day=True).initial == pytest.approx(0.7 * 49_500 + 2_500)


def test_currencies_need_a_share_of_what_the_account_has_in_them() -> None:
    need = requirement([], {"EUR": 105_500.0, "JPY": -10_000.0})
    assert need.maintenance == pytest.approx(0.03 * 105_500 + 0.04 * 10_000)


def test_crypto_is_paid_in_full() -> None:
    coin = Instrument(id=InstrumentId("BTC.USD"), asset_class=AssetClass.CRYPTO, symbol="BTC")
    assert requirement([Holding(instrument=coin, quantity=0.5, price=90_000)]).initial == 0


def test_the_order_of_holdings_does_not_matter() -> None:
    book = [shares(200), option(-1, "C", 110, 3), option(1, "P", 95), option(-2, "P", 90, 2), option(1, "C", 120)]
    assert requirement(book) == requirement(book[::-1])


def test_the_pairing_takes_the_condor_where_two_nakeds_would_be_dearer() -> None:
    """A straddle of wide strikes looks cheaper than either vertical alone; together they are a condor."""
    legs = (option(1, "P", 60, 0.5), option(-1, "P", 100, 9), option(-1, "C", 101, 9), option(1, "C", 141, 0.5))
    assert requirement(legs).maintenance == pytest.approx(min(4_000, 100 * (9 + 20 + 9)))


def test_underlyings_do_not_hedge_each_other() -> None:
    apart = requirement([option(-1, "C", 100, 5)]).maintenance
    other = option(1, "C", 100, 5, symbol="MSFT")
    assert requirement([option(-1, "C", 100, 5), other]).maintenance == apart
