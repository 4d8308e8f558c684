# SPDX-License-Identifier: Apache-2.0
"""Commissions and fees against cases worked by hand from the published price lists; every case names its rule.

IBKR pages (as stored in 2025): "stocks" commissions-stocks, "options" commissions-options, "futures"
commissions-futures, "spot currencies" commissions-spot-currencies, "crypto" commissions-cryptocurrencies, "compare"
the printed comparison of fixed and tiered pricing, and the fee pages of CME, NYMEX, COMEX and NASDAQ/Island.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import pytest

from terminal.model.enums import AssetClass, OptionRight
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.simulation.costs import Schedule, Trade, charge
from terminal.simulation.fees import FEES, FeeTable

FIXED, TIERED = Schedule.FIXED, Schedule.TIERED
STOCK = Instrument(id=InstrumentId("AAPL"), asset_class=AssetClass.STOCK, symbol="AAPL")
PAIR = Instrument(id=InstrumentId("EUR.USD"), asset_class=AssetClass.FOREX, symbol="EUR")
COIN = Instrument(id=InstrumentId("BTC.USD"), asset_class=AssetClass.CRYPTO, symbol="BTC")
OLD_RATES = replace(FEES, section_31_value=Decimal("0.000008"), activity_cap=Decimal("7.27"))
"""The rates that stood when IBKR printed its comparison of the price lists."""


def future(symbol: str, multiplier: int) -> Instrument:
    return Instrument(
        id=InstrumentId(symbol), asset_class=AssetClass.FUTURE, symbol=symbol, multiplier=Decimal(multiplier)
    )


def option(symbol: str) -> Instrument:
    return Instrument(
        id=InstrumentId(f"{symbol} call"),
        asset_class=AssetClass.OPTION,
        symbol=symbol,
        multiplier=Decimal(100),
        strike=Decimal(100),
        right=OptionRight.CALL,
        expiry=date(2025, 3, 21),
    )


@dataclass(frozen=True)
class Case:
    """A trade and what it costs. ``month`` is the volume before it; liquidity 1 adds, 2 removes."""

    rule: str
    instrument: Instrument
    side: str
    quantity: str
    price: str
    expected: str
    schedule: Schedule = FIXED
    liquidity: int = 2
    month: str = "0"
    table: FeeTable = FEES


CASES = [
    Case("stocks, fixed: 0.005 a share, minimum 1.00 (IBKR's example)", STOCK, "B", "100", "25", "1.00"),
    Case("stocks, fixed: 0.005 a share (IBKR's example)", STOCK, "B", "1000", "25", "5.00"),
    Case("stocks, fixed: at most 1 % of the value (IBKR's example)", STOCK, "B", "1000", "0.25", "2.50"),
    Case("stocks, fixed: the maximum goes before the minimum", STOCK, "B", "1", "50", "0.50"),
    # 5.00 + 25,000 x 0.0000278 + 1,000 x 0.000166
    Case("stocks, fixed: sales pay SEC section 31 and FINRA TAF", STOCK, "S", "1000", "25", "5.861"),
    # 500 + 27.80 + 8.30, not 16.60
    Case("FINRA by-laws, schedule A: TAF at most 8.30 a trade", STOCK, "S", "100000", "10", "536.10"),
    # 1,000 + 8.00 + 7.27
    Case("compare: 200,000 sold at 5, fixed", STOCK, "S", "200000", "5", "1015.27", table=OLD_RATES),
    # 700 + 600 + 40 + 8.00 + 0.392 + 0.1225 + 7.27; IBKR prints 1,355.78
    Case(
        "compare: 200,000 sold at 5 on Island, tiered, removing", STOCK, "S", "200000", "5", "1355.7845", TIERED,
        table=OLD_RATES,
    ),
    # 41,950 - 63,000 + 6,000 + 1,200 + 23.492 + 7.34125 + 7.27; IBKR prints (13,811.90)
    Case(
        "compare: 30,000,000 sold at 5 on Island, tiered, adding: a rebate", STOCK, "S", "30000000", "5",
        "-13811.89675", TIERED, 1, table=OLD_RATES,
    ),
    # the same with 90,000 in place of the rebate; IBKR prints 139,188.10
    Case(
        "compare: 30,000,000 sold at 5 on Island, tiered, removing", STOCK, "S", "30000000", "5", "139188.10325",
        TIERED, table=OLD_RATES,
    ),
    # 0.35 + 0.30 + 0.02 + 0.35 x (0.000175 + 0.00056)
    Case("stocks, tiered: minimum 0.35, third parties on top", STOCK, "B", "100", "25", "0.67025725", TIERED),
    # 3.50 - 2.10 + 0.20 + 0.0025725
    Case("NASDAQ/Island: adding earns 0.0021 a share", STOCK, "B", "1000", "25", "1.6025725", TIERED, 1),
    # 3.50 + 3.00 + 0.20 + 0.0025725 + 0.695 + 0.166
    Case("stocks, tiered: a sale that removes", STOCK, "S", "1000", "25", "7.5635725", TIERED),
    # 2.50 (1 % of 250) + 0.75 (0.3 % of 250) + 0.20 + 0.0018375
    Case("NASDAQ/Island: below 1.00 0.3 % of the value", STOCK, "B", "1000", "0.25", "3.4518375", TIERED),
    # 2.50 + 0 + 0.20 + 0.0018375
    Case("NASDAQ/Island: below 1.00 no rebate", STOCK, "B", "1000", "0.25", "2.7018375", TIERED, 1),
    # 1 % of 1 is 0.01; exchange 0.3 % of 1; clearing 0.5 % of 1, not 0.02
    Case("stocks, tiered: clearing at most 0.5 % of the value", STOCK, "B", "100", "0.01", "0.01800735", TIERED),
    # 100 x 0.0035 + 100 x 0.0020 + 0.60 + 0.04 + 0.55 x 0.000735
    Case(
        "stocks, tiered: tiers are marginal over the month", STOCK, "B", "200", "50", "1.19040425", TIERED,
        month="299900",
    ),
    # 1.00 + ORF 0.02685 + OCC 0.02
    Case("options: minimum 1.00 an order (IBKR's example), ORF, OCC", option("AAPL"), "B", "1", "2", "1.04685"),
    Case("options: 0.65 from a premium of 0.10 on (IBKR's example)", option("AAPL"), "B", "2", "5", "1.3937"),
    Case("options: 0.50 from 0.05 on (IBKR's example)", option("AAPL"), "B", "3", "0.075", "1.64055"),
    Case("options: 0.25 below 0.05 (IBKR's example)", option("AAPL"), "B", "5", "0.03", "1.48425"),
    # 6.50 + 0.2685 + 0.20 + 2,000 x 0.0000278 + 10 x 0.00279
    Case("options: sales pay SEC and TAF 0.00279 a contract", option("AAPL"), "S", "10", "2", "7.052"),
    # 2 x 0.50 + 0.0537 + 0.04
    Case("options: 10,001 to 50,000 a month (IBKR's example)", option("AAPL"), "B", "2", "5", "1.0937", month="10000"),
    # 7 x 0.15 + 0.18795 + 0.14
    Case("options: above 100,000 a month (IBKR's example)", option("AAPL"), "B", "7", "2", "1.37795", month="100000"),
    # 1,950 + 80.55 + 55
    Case("OCC: above 2,750 contracts 55.00 a trade", option("AAPL"), "B", "3000", "1", "2085.55"),
    # 65 + 2.685 + 2 + 18
    Case("Cboe: customers pay 0.18 on funds from 100 contracts on", option("SPY"), "B", "100", "1", "87.685"),
    # 1.00 + 0.02685 + 0.02 + 0.45
    Case("Cboe: SPX 0.45 from a premium of 1.00 on", option("SPX"), "B", "1", "20", "1.49685"),
    # 6.50 + 0.2685 + 0.20 + 3.60
    Case("Cboe: SPXW 0.36 below a premium of 1.00", option("SPX"), "B", "10", "0.5", "10.5685"),
    # 6.50 + 0.2685 + 0.20 + 4.50 + 0.0279: options on broad indexes pay no section 31 fee
    Case("Exchange Act 31(f): index options pay no SEC fee", option("SPX"), "S", "10", "20", "11.4964"),
    # 5.00 + 0.2685 + 0.20 + 1.00
    Case("Cboe: VIX 0.10 below a premium of 0.11", option("VIX"), "B", "10", "0.05", "6.4685"),
    Case("futures: 0.85 + CME 1.38 + NFA 0.02", future("ES", 50), "B", "2", "5800", "4.50"),
    Case("futures: 0.85 + NYMEX 1.50 + NFA 0.02", future("CL", 1000), "S", "1", "68", "2.37"),
    Case("futures: 0.85 + COMEX 1.60 + NFA 0.02", future("GC", 100), "B", "1", "2900", "2.47"),
    # 0.85 + 0.65 + 2 x 1.40
    Case("futures, tiered: 0.65 from 1,001 on", future("NQ", 20), "B", "2", "20000", "4.30", TIERED, month="999"),
    Case("spot currencies: minimum 2.00", PAIR, "B", "50000", "1.05", "2.00"),
    Case("spot currencies: 0.2 basis points", PAIR, "S", "1000000", "1.05", "21.00"),
    Case("spot currencies: 1,250,000,000 in a month (IBKR's example)", PAIR, "B", "1250000000", "1", "23750"),
    Case("crypto: 0.18 % of the value", COIN, "B", "0.02", "90000", "3.24"),
    Case("crypto: minimum 1.75", COIN, "B", "0.01", "50000", "1.75"),
    Case("crypto: but not more than 1 % of the value", COIN, "S", "0.001", "90000", "0.90"),
    Case("crypto: 0.12 % above 1,000,000 a month", COIN, "B", "0.1", "90000", "10.80", month="1000000"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_a_trade_costs_what_the_price_list_says(case: Case) -> None:
    quantity, price = Decimal(case.quantity), Decimal(case.price)
    trade = Trade(
        instrument=case.instrument,
        sign=1 if case.side == "B" else -1,
        quantity=quantity,
        price=price,
        value=quantity * price * case.instrument.multiplier,
        liquidity=case.liquidity,
        month=Decimal(case.month),
    )
    assert charge(trade, case.schedule, case.table).total == Decimal(case.expected)


def test_the_minimum_is_per_order_not_per_execution() -> None:
    parts = [("0", "100"), ("100", "50"), ("150", "100")]
    paid = [
        charge(
            Trade(
                instrument=STOCK, sign=1, quantity=Decimal(size), price=Decimal(25), value=25 * Decimal(size),
                before=(Decimal(done), 25 * Decimal(done)),
            )
        ).total
        for done, size in parts
    ]  # fmt: skip
    assert paid == [Decimal(1), Decimal(0), Decimal("0.25")]


def test_every_line_of_a_charge_is_named() -> None:
    trade = Trade(
        instrument=STOCK, sign=-1, quantity=Decimal(1000), price=Decimal(25), value=Decimal(25_000), liquidity=2
    )
    lines = dict(charge(trade, TIERED).lines)
    assert lines["SEC Section 31"] == Decimal("0.695")
    assert lines["exchange"] == Decimal(3)
    assert len(lines) == 6


def test_an_index_has_no_price_list() -> None:
    index = Instrument(id=InstrumentId("^SPX"), asset_class=AssetClass.INDEX, symbol="SPX")
    with pytest.raises(ValueError, match="cannot be traded"):
        charge(Trade(instrument=index, sign=1, quantity=Decimal(1), price=Decimal(1), value=Decimal(1)))
