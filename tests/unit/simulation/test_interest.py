# SPDX-License-Identifier: Apache-2.0
"""Interest and borrow fees worked by hand from IBKR's schedules."""

from datetime import date
from decimal import Decimal

import pytest

from terminal.simulation.facts import Borrow
from terminal.simulation.interest import borrow_fee, year_of_interest
from terminal.simulation.market import Market
from terminal.simulation.simulated import SimulatedSource
from tests.unit.simulation.floor_case import AAPL, ACCOUNT, order, pass_time

RATE = 0.0433


@pytest.mark.parametrize(
    ("cash", "equity", "expected"),
    [
        (10_000, 150_000, 0.0),  # the first 10,000 earn nothing
        (250_000, 250_000, 240_000 * 0.0383),  # benchmark less 0.5 %
        (60_000, 50_000, 50_000 * 0.0383 / 2),  # half the rate at half of 100,000 of equity
        (-50_000, 200_000, -50_000 * 0.0583),  # benchmark + 1.5 %
        (-150_000, 200_000, -(100_000 * 0.0583 + 50_000 * 0.0533)),  # + 1.0 % above 100,000
        (-1_200_000, 2e6, -(100_000 * 0.0583 + 900_000 * 0.0533 + 200_000 * 0.0508)),
    ],
)
def test_a_year_of_interest(cash: float, equity: float, expected: float) -> None:
    assert year_of_interest(cash, RATE, equity) == pytest.approx(expected)


def test_no_benchmark_makes_credit_negative() -> None:
    assert year_of_interest(500_000, 0.002, 500_000) == 0.0


def test_borrow_fees_count_whole_dollars_of_102_percent() -> None:
    # 22.35 x 1.02 = 22.797 -> 23
    assert borrow_fee(1_000, 22.35, 0.30) == pytest.approx(23_000 * 0.30)


class PaidSource(SimulatedSource):
    """The simulated market with a benchmark and a borrow fee that a test knows."""

    def interest_rate(self, currency: str, ns: int) -> float:
        del currency, ns
        return RATE

    def borrow(self, con_id: int, ns: int) -> Borrow:
        del con_id, ns
        return Borrow(available=1_000_000, fee=0.10, rebate=0.0, level=3.0)


def test_interest_accrues_by_day_and_is_posted_on_the_third_trading_day() -> None:
    exchange = Market(PaidSource(1), (ACCOUNT,), 1)
    ledger, book = exchange.money.ledger(ACCOUNT), exchange.money.books[ACCOUNT]
    day = exchange.source.calendar.day
    exchange.advance_to(day(1).start_ns + 1)  # Wednesday 5 March is the third trading day: posted at once
    one_day = Decimal(repr(240_000 * 0.0383 / 360)).quantize(Decimal("0.000001"))
    assert ledger.cash["USD"] == 250_000 + one_day
    assert book.interest == {}
    exchange.advance_to(day(4).start_ns + 1)  # over a week-end: two nights and one of three days
    assert day(4).date == date(2025, 3, 10)
    assert float(book.interest["USD"]) == pytest.approx(5 * 240_000 * 0.0383 / 360, rel=1e-3)
    accrued = next(float(value) for tag, value, _ in exchange.account_values(ACCOUNT) if tag == "AccruedCash")
    assert accrued == pytest.approx(float(book.interest["USD"]), abs=0.01)


def test_short_shares_pay_a_fee_and_their_proceeds_earn_nothing() -> None:
    exchange = Market(PaidSource(1), (ACCOUNT,), 1)
    exchange.advance_to(exchange.source.calendar.day(1).open_ns + 1)
    exchange.place(order("SELL", 500, con_id=AAPL))
    pass_time(exchange, 60)
    exchange.advance_to(exchange.source.calendar.day(2).start_ns + 1)
    book, price = exchange.money.books[ACCOUNT], exchange.mark(AAPL)
    assert float(book.borrow_fee["USD"]) == pytest.approx(borrow_fee(500, price, 0.10) / 360, rel=0.02)
    assert float(book.interest["USD"]) == pytest.approx(240_000 * 0.0383 / 360, rel=0.05)
