# SPDX-License-Identifier: Apache-2.0
"""Conditions of orders: each kind, conjunctions, regular hours, and conditions that cancel."""

from decimal import Decimal
from typing import Any

import pytest

from terminal.model.enums import AssetClass
from terminal.simulation.conditions import ConditionSet
from terminal.simulation.exchange_port import SimCondition
from terminal.simulation.market import Market
from terminal.simulation.trading_days import MINUTE_NS, NS
from terminal.simulation.triggers import Seen
from tests.unit.simulation.floor_case import AAPL, MSFT, market, order, pass_time


def price_of(exchange: Market, con_id: int) -> float:
    last = exchange.top(con_id).last
    assert last is not None
    return last


class Figures:
    """A market in which every contract has traded a thousand and risen by two percent."""

    def volume(self, con_id: int) -> float:
        del con_id
        return 1000.0

    def change_percent(self, con_id: int) -> float | None:
        return 2.0 if con_id == AAPL else None

    def unit(self, con_id: int) -> Decimal:
        del con_id
        return Decimal("0.01")

    def asset_class(self, con_id: int) -> AssetClass:
        del con_id
        return AssetClass.STOCK


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (SimCondition(kind=6, con_id=AAPL, value=999.0), True),
        (SimCondition(kind=6, con_id=AAPL, value=1001.0), False),
        (SimCondition(kind=6, con_id=AAPL, value=1001.0, is_more=False), True),
        (SimCondition(kind=7, con_id=AAPL, value=1.5), True),
        (SimCondition(kind=7, con_id=AAPL, value=2.5), False),
        (SimCondition(kind=7, con_id=MSFT, value=-9.0), False),
        (SimCondition(kind=1, con_id=AAPL, value=100.0), True),
        (SimCondition(kind=1, con_id=AAPL, value=100.01), False),
        (SimCondition(kind=1, con_id=AAPL, value=100.01, is_more=False), True),
        (SimCondition(kind=1, con_id=AAPL, value=99.99, trigger_method=4), True),
        (SimCondition(kind=1, con_id=AAPL, value=100.0, trigger_method=4), False),
        (SimCondition(kind=1, con_id=AAPL, value=100.0, trigger_method=8), True),
    ],
)
def test_each_kind_looks_at_its_own_figure(row: SimCondition, met: bool) -> None:
    found = ConditionSet((row,))
    found.on_market(row.con_id, Seen(9999, 10001, 10000), Figures())
    assert found.fulfilled() is met


def test_and_binds_before_or() -> None:
    rows = (
        SimCondition(kind=5, symbol="A", joined="a"),
        SimCondition(kind=5, symbol="B", joined="o"),
        SimCondition(kind=5, symbol="C", joined="a"),
    )
    for executed, met in (("A", False), ("B", False), ("AB", True), ("C", True), ("AC", True)):
        found = ConditionSet(rows)
        for symbol in executed:
            found.on_execution(symbol, "STK", "NASDAQ")
        assert found.fulfilled() is met, executed


def test_a_price_condition_on_another_contract_sends_the_order() -> None:
    exchange, heard = market()
    level = round(price_of(exchange, MSFT) - 0.25, 2)
    state = exchange.place(
        order("BUY", 10, conditions=(SimCondition(kind=1, con_id=MSFT, value=level, is_more=False),))
    )
    exchange.watch(MSFT, "prints")
    assert state.status == "PreSubmitted"
    pass_time(exchange, 3600)
    crossed = [one for one in heard.prints if one.con_id == MSFT and one.price <= level]
    assert crossed, "the market of this seed must get there"
    assert state.status == "Filled"
    assert crossed[0].ns < heard.executions[0].ns < crossed[0].ns + NS


def test_a_time_condition_counts_by_the_clock() -> None:
    exchange, heard = market()
    at = exchange.now_ns() + 3 * MINUTE_NS
    state = exchange.place(order("BUY", 10, conditions=(SimCondition(kind=3, ns=at, text="later"),)))
    exchange.advance_to(at - 1)
    assert state.status == "PreSubmitted"
    exchange.advance_to(at + NS)
    assert state.status == "Filled"
    assert heard.executions[0].ns > at


def test_an_execution_condition_waits_for_a_trade_of_the_account() -> None:
    exchange, _ = market()
    state = exchange.place(order("BUY", 10, conditions=(SimCondition(kind=5, symbol="MSFT", sec_type="STK"),)))
    exchange.place(order("BUY", 10, con_id=AAPL))
    pass_time(exchange, 2)
    assert state.status == "PreSubmitted"
    exchange.place(order("BUY", 1, con_id=MSFT))
    pass_time(exchange, 2)
    assert state.status == "Filled"


def test_a_margin_condition_looks_at_the_cushion() -> None:
    exchange, _ = market()
    state = exchange.place(order("BUY", 1, conditions=(SimCondition(kind=4, value=80.0, is_more=False),)))
    pass_time(exchange, 10)
    assert state.status == "PreSubmitted"
    exchange.place(order("BUY", 900, con_id=AAPL))  # binds a good part of the account
    pass_time(exchange, 10)
    assert state.status == "Filled"


def test_conditions_sleep_outside_regular_hours_unless_told_otherwise() -> None:
    exchange, _ = market()
    exchange.advance_to(exchange.source.calendar.day(0).close_ns + MINUTE_NS)
    at = exchange.now_ns() + MINUTE_NS
    limit: dict[str, Any] = {"limit_price": round(price_of(exchange, AAPL) + 1, 2), "outside_rth": True, "tif": "GTC"}
    rows = (SimCondition(kind=3, ns=at, text="t"),)
    sleeping = exchange.place(order("BUY", 10, "LMT", conditions=rows, **limit))
    awake = exchange.place(order("BUY", 10, "LMT", conditions=rows, conditions_ignore_rth=True, **limit))
    exchange.advance_to(at + 60 * NS)
    assert (sleeping.status, awake.status) == ("PreSubmitted", "Filled")


def test_a_cancelling_condition_lets_the_order_work_until_then() -> None:
    exchange, _ = market()
    at = exchange.now_ns() + MINUTE_NS
    low = round(price_of(exchange, AAPL) * 0.8, 2)
    state = exchange.place(
        order("BUY", 10, "LMT", limit_price=low, conditions=(SimCondition(kind=3, ns=at, text="t"),),
              conditions_cancel_order=True)
    )  # fmt: skip
    pass_time(exchange, 5)
    assert state.status == "Submitted"
    exchange.advance_to(at + NS)
    assert (state.status, state.completed_status) == ("Cancelled", "Cancelled by its conditions")


def test_an_order_that_waits_for_its_conditions_can_be_cancelled_and_costs_nothing_then() -> None:
    exchange, _ = market()
    state = exchange.place(order("BUY", 10, conditions=(SimCondition(kind=1, con_id=MSFT, value=1.0, is_more=False),)))
    pass_time(exchange, 1)
    assert exchange.desk.needs(MSFT)
    exchange.cancel(state.perm_id)
    pass_time(exchange, 1)
    assert state.status == "Cancelled"
    assert not exchange.desk.needs(MSFT)


def test_conditions_survive_a_restart() -> None:
    exchange, _ = market()
    at = exchange.now_ns() + 5 * MINUTE_NS
    rows = (SimCondition(kind=3, ns=at, text="20250304 10:05:00"), SimCondition(kind=1, con_id=MSFT, value=1.0))
    exchange.place(order("BUY", 10, conditions=rows))
    pass_time(exchange, 1)
    again, heard = market(state=exchange.dump_state())
    (state,) = again.open_orders()
    assert state.order.conditions == rows
    again.advance_to(at + NS)
    assert state.status == "Filled"
    assert heard.executions[0].ns > at
