# SPDX-License-Identifier: Apache-2.0
"""What proves a day's loss: two figures that agree, or one that stays; a single bad price halts nothing."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from terminal.model import events as e
from terminal.model.enums import OrderStatus, TradingState
from terminal.trading.limits import RiskLimits
from tests.unit.trading.desk import AAPL, ACCOUNT, Desk, limit

pytestmark = pytest.mark.usefixtures("any_logs")  # alarms are what these tests are about
LIMITS = RiskLimits(max_notional=1e6, max_quantity_stock=2_000)


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Hold 1,000 at 100 of 250,000: a fall of 8 is a loss of more than 3 %."""
    made = Desk(limits=LIMITS)
    made.engine.start()
    made.hold(1_000)
    yield made
    made.engine.stop()


def trading(desk: Desk) -> TradingState:
    return desk.engine.trading.state


def broker_says(desk: Desk, daily: float) -> None:
    desk.say(e.PnlReported(ns=1, account_id=ACCOUNT, instrument_id=None, daily=daily, unrealized=None, realized=None))


def one_sided(desk: Desk, price: float) -> None:
    desk.market.show(AAPL, price, price)
    desk.market.quotes[AAPL] = replace(desk.market.quotes[AAPL], bid=None)


def test_a_true_loss_halts_within_two_seconds(desk: Desk) -> None:
    broker_says(desk, -200.0)  # it has not noticed yet
    desk.market.show(AAPL, 91.9, 92.0)
    desk.clock.advance(2)
    assert trading(desk) is TradingState.HALTED


def test_a_loss_that_both_figures_show_halts_at_the_next_look(desk: Desk) -> None:
    broker_says(desk, -9_000.0)
    one_sided(desk, 91.0)
    desk.clock.advance(1)
    assert trading(desk) is TradingState.HALTED


def test_the_brokers_figure_alone_halts_within_two_seconds(desk: Desk) -> None:
    broker_says(desk, -9_000.0)
    desk.clock.advance(2)
    assert trading(desk) is TradingState.HALTED


@pytest.mark.parametrize("bid_ask", [(91.0, 91.1), (1.0, 1.1), (91.0, 109.0)])
def test_one_bad_price_halts_nothing_and_lets_nothing_out(desk: Desk, bid_ask: tuple[float, float]) -> None:
    resting = desk.working(limit(price="90.00", quantity=10))
    desk.market.show(AAPL, *bid_ask, last=91.0)
    assert desk.submit(limit(price="89.00", quantity=10)).status is OrderStatus.DENIED
    desk.clock.advance(1)
    desk.market.show(AAPL, 99.99, 100.01)
    desk.clock.advance(10)
    assert trading(desk) is TradingState.ACTIVE
    assert desk.broker.cancelled == []
    assert resting.is_open
    assert desk.submit(limit(price="89.10", quantity=10)).status is not OrderStatus.DENIED


@pytest.mark.parametrize("fault", ["one-sided", "wide", "a jump that stands alone"])
def test_a_price_that_proves_little_must_stand_for_ten_seconds(desk: Desk, fault: str) -> None:
    match fault:
        case "one-sided":
            one_sided(desk, 91.0)
        case "wide":
            desk.market.show(AAPL, 85.0, 99.0, last=91.0)
        case _:
            desk.market.show(AAPL, 80.0, 80.1)
    desk.clock.advance(9)
    assert trading(desk) is TradingState.ACTIVE
    desk.clock.advance(3)
    assert trading(desk) is TradingState.HALTED


def test_a_crash_that_a_second_quote_confirms_halts_at_once(desk: Desk) -> None:
    desk.market.show(AAPL, 80.0, 80.1)
    desk.clock.advance(1)
    desk.market.show(AAPL, 79.9, 80.0)
    desk.clock.advance(1)
    assert trading(desk) is TradingState.HALTED


def test_a_loss_that_comes_and_goes_begins_anew(desk: Desk) -> None:
    for _ in range(4):
        one_sided(desk, 91.0)
        desk.clock.advance(6)
        desk.market.show(AAPL, 99.99, 100.01)
        desk.clock.advance(1)
    assert trading(desk) is TradingState.ACTIVE
