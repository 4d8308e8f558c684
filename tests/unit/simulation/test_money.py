# SPDX-License-Identifier: Apache-2.0
"""The ledger against cases worked by hand. Commissions and margin have files of their own."""

from datetime import date
from decimal import Decimal

import pytest

from terminal.model.enums import AssetClass, OptionRight
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.simulation.ledger import Ledger

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


def test_a_fee_in_another_currency_leaves_that_cash_and_counts_in_the_cost() -> None:
    ledger = Ledger(account="A", cash={"EUR": Decimal(100_000)}, base="EUR")
    ledger.fill(
        2, PAIR, sign=1, quantity=Decimal(20_000), price=Decimal("1.05"), paid=Decimal("2.00"),
        fee=("EUR", Decimal("1.904762")),
    )  # fmt: skip
    assert ledger.cash == {"EUR": Decimal("119998.095238"), "USD": Decimal("-21000.00")}
    assert ledger.holdings[2].cost == Decimal(21_002)


def test_exercise_moves_the_premium_into_the_price_of_the_shares() -> None:
    ledger = Ledger(account="A", cash={"USD": Decimal(50_000)})
    fill(ledger, CALL, 1, "3", "4", "2")  # 1,200 + 2
    ledger.deliver(4, 1, STOCK, contracts=Decimal(2), sign=1, strike=Decimal(110))
    assert ledger.quantity(4) == 1
    assert ledger.quantity(1) == 200
    assert ledger.holdings[1].cost == pytest.approx(Decimal(22_000) + Decimal(1202) * 2 / 3)
    assert ledger.cash["USD"] == Decimal(50_000) - 1_202 - 22_000
    assert ledger.holdings[4].realized == 0


def test_an_assigned_call_sells_shares_at_the_strike_and_keeps_the_premium_as_profit() -> None:
    ledger = Ledger(account="A", cash={"USD": Decimal(0)})
    fill(ledger, STOCK, 1, "100", "100", "0")
    fill(ledger, CALL, -1, "1", "3", "1")
    ledger.deliver(4, 1, STOCK, contracts=Decimal(1), sign=-1, strike=Decimal(110))
    assert ledger.quantity(1) == ledger.quantity(4) == 0
    assert ledger.holdings[1].realized == Decimal(1_299)  # 1,000 on the shares, 299 of premium
    assert ledger.cash["USD"] == Decimal(1_299)


def test_a_split_restates_quantity_and_keeps_the_money() -> None:
    ledger = Ledger(account="A", cash={"USD": Decimal(0)})
    fill(ledger, STOCK, 1, "100", "100", "1")
    ledger.start_day({1: 104.0})
    ledger.replace(1, 1, STOCK, Decimal(4))
    held = ledger.holdings[1]
    assert (held.quantity, held.average_cost, held.day_price) == (Decimal(400), 25.0025, 26.0)
    assert held.daily(27.0) == pytest.approx(400)
