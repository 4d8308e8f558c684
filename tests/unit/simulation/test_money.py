# SPDX-License-Identifier: Apache-2.0
"""Commissions, margin and the ledger against cases worked by hand."""

from datetime import date
from decimal import Decimal

import pytest

from terminal.model.enums import AssetClass, OptionRight
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.simulation.costs import commission
from terminal.simulation.ledger import Ledger
from terminal.simulation.margin import Holding, requirement

STOCK = Instrument(id=InstrumentId("AAPL"), asset_class=AssetClass.STOCK, symbol="AAPL", broker_id=1)
PAIR = Instrument(id=InstrumentId("EUR.USD"), asset_class=AssetClass.FOREX, symbol="EUR", broker_id=2)
FUTURE = Instrument(
    id=InstrumentId("ES 20250321"), asset_class=AssetClass.FUTURE, symbol="ES", multiplier=Decimal(50), broker_id=3
)


def option(right: OptionRight, strike: int) -> Instrument:
    return Instrument(
        id=InstrumentId(f"AAPL 20250321 {right} {strike}"),
        asset_class=AssetClass.OPTION,
        symbol="AAPL",
        multiplier=Decimal(100),
        strike=Decimal(strike),
        right=right,
        expiry=date(2025, 3, 21),
        underlying_id=STOCK.id,
        broker_id=4,
    )


CALL = option(OptionRight.CALL, 110)


def pay(instrument: Instrument, quantity: str, price: str, before: tuple[str, str] = ("0", "0")) -> Decimal:
    count, paid = Decimal(quantity), Decimal(price)
    return commission(
        instrument,
        before=(Decimal(before[0]), Decimal(before[1])),
        quantity=count,
        value=count * paid * instrument.multiplier,
    )


@pytest.mark.parametrize(
    ("instrument", "quantity", "price", "expected"),
    [
        (STOCK, "100", "25", "1.00"),  # 0.50 by the share, minimum 1.00 (IBKR's own example)
        (STOCK, "1000", "25", "5.00"),  # IBKR's own example
        (STOCK, "1000", "0.25", "2.50"),  # 5.00 by the share, at most 1 % of 250 (IBKR's own example)
        (STOCK, "1", "50", "0.50"),  # the maximum lies below the minimum: the maximum
        (CALL, "1", "2.00", "1.00"),
        (CALL, "2", "2.00", "1.30"),
        (FUTURE, "2", "5800", "4.50"),
        (PAIR, "20000", "1.05", "2.00"),
        (PAIR, "1000000", "1.05", "21.00"),
    ],
)
def test_commissions(instrument: Instrument, quantity: str, price: str, expected: str) -> None:
    assert pay(instrument, quantity, price) == Decimal(expected)


def test_the_minimum_is_per_order_not_per_execution() -> None:
    first = pay(STOCK, "100", "25")
    second = pay(STOCK, "50", "25", before=("100", "2500"))
    third = pay(STOCK, "100", "25", before=("150", "3750"))
    assert (first, second, third) == (Decimal(1), Decimal(0), Decimal("0.25"))


def held(instrument: Instrument, quantity: float, price: float, underlying: float = 0.0) -> Holding:
    return Holding(instrument=instrument, quantity=quantity, price=price, underlying=underlying)


@pytest.mark.parametrize(
    ("holdings", "initial", "maintenance"),
    [
        ([held(STOCK, 100, 200)], 10_000, 5_000),  # Reg T 50 %, 25 %
        ([held(STOCK, -100, 200)], 10_000, 6_000),  # 50 %, 30 % over the proceeds
        ([held(CALL, 5, 3.0, 100)], 0, 0),  # paid in full
        # premium 3 + 20 % of 100 - 10 out of the money = 13, above 3 + 10 % of 100 = 13: 1,300 a contract
        ([held(CALL, -2, 3.0, 100)], 2_600, 2_600),
        # in the money: premium 12 + 20 % of 120
        ([held(CALL, -1, 12.0, 120)], 3_600, 3_600),
        # far out: premium 0.10 + the floor of 10 % of 60
        ([held(CALL, -1, 0.1, 60)], 610, 610),
        # put floor: 10 % of the strike; premium 0.20 + 10
        ([held(option(OptionRight.PUT, 100), -1, 0.2, 150)], 1_020, 1_020),
        # covered call: the shares' own requirement alone
        ([held(STOCK, 100, 100), held(CALL, -1, 3.0, 100)], 5_000, 2_500),
        # 150 shares cover one of two calls
        ([held(STOCK, 150, 100), held(CALL, -2, 3.0, 100)], 8_800, 5_050),
        ([held(STOCK, -100, 100), held(option(OptionRight.PUT, 90), -1, 2.0, 100)], 5_000, 3_000),
        ([held(FUTURE, -3, 5800)], 49_500, 45_000),
        ([held(PAIR, 100_000, 1.05)], 3_150, 3_150),
    ],
)
def test_margin_requirements(holdings: list[Holding], initial: float, maintenance: float) -> None:
    need = requirement(holdings)
    assert [need.initial, need.maintenance] == pytest.approx([initial, maintenance])


def fill(ledger: Ledger, instrument: Instrument, sign: int, quantity: str, price: str, paid: str) -> Decimal | None:
    return ledger.fill(
        instrument.broker_id or 0,
        instrument,
        sign=sign,
        quantity=Decimal(quantity),
        price=Decimal(price),
        paid=Decimal(paid),
    )


def test_average_cost_counts_commissions_and_closing_realises() -> None:
    ledger = Ledger(account="A", cash={"USD": Decimal(10_000)})
    assert fill(ledger, STOCK, 1, "100", "10", "1") is None
    position = ledger.holdings[1]
    assert position.average_cost == 10.01
    assert fill(ledger, STOCK, -1, "40", "11", "1") == Decimal("38.6")  # 440 - 1 - 400.40
    assert position.average_cost == 10.01
    assert ledger.cash["USD"] == Decimal(10_000) - 1_001 + 439
    assert position.unrealized(11.0) == pytest.approx(660 - 600.6)


def test_a_sale_through_zero_closes_and_opens_short() -> None:
    ledger = Ledger(account="A", cash={"USD": Decimal(0)})
    fill(ledger, STOCK, 1, "100", "10", "1")
    assert fill(ledger, STOCK, -1, "150", "12", "3") == Decimal(197)  # 1200 - 2 - 1001
    position = ledger.holdings[1]
    assert position.quantity == -50
    assert position.average_cost == pytest.approx(11.98)  # 600 less the commission of 1
    assert fill(ledger, STOCK, 1, "50", "11", "1") == Decimal(48)
    assert position.cost == 0
    assert ledger.cash["USD"] == Decimal(-1001) + 1797 - 551 == position.realized


def test_futures_move_cash_by_what_they_realise() -> None:
    ledger = Ledger(account="A", cash={"USD": Decimal(1000)})
    fill(ledger, FUTURE, 1, "2", "5800", "4.5")
    assert ledger.cash["USD"] == Decimal("995.5")
    assert fill(ledger, FUTURE, -1, "2", "5801.25", "4.5") == Decimal(116)
    assert ledger.cash["USD"] == Decimal(1116)


def test_a_currency_pair_moves_both_currencies() -> None:
    ledger = Ledger(account="A", cash={"USD": Decimal(50_000)})
    fill(ledger, PAIR, 1, "20000", "1.05", "2")
    assert ledger.cash == {"USD": Decimal("28998.00"), "EUR": Decimal(20_000)}


def test_daily_profit_follows_the_convention() -> None:
    ledger = Ledger(account="A", cash={"USD": Decimal(0)})
    fill(ledger, STOCK, 1, "100", "10", "1")
    ledger.start_day({1: 11.0})
    fill(ledger, STOCK, -1, "60", "13", "1")
    # 40 x 12 now - 100 x 11 at the reset + 60 x 13 traded
    assert ledger.holdings[1].daily(12.0) == pytest.approx(480 - 1100 + 780)
    fill(ledger, STOCK, -1, "40", "12", "1")
    ledger.start_day({})
    assert ledger.holdings == {}
