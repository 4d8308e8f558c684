# SPDX-License-Identifier: Apache-2.0
"""Changes and cancels of working orders: places in the queue, races with fills, what may not change."""

from decimal import Decimal
from typing import Any

import pytest

from terminal.simulation.exchange_port import SimOrderState, SimulatorRefusalError
from terminal.simulation.market import Market
from terminal.simulation.orders import price_to_tick
from tests.unit.simulation.floor_case import AAPL, TSLA, market, order, pass_time

CENT = Decimal("0.01")


def touch(exchange: Market, con_id: int = AAPL) -> tuple[float, float]:
    top = exchange.top(con_id)
    assert top.bid is not None
    assert top.ask is not None
    return top.bid, top.ask


def resting(exchange: Market, below: float = 3.0, quantity: int = 100) -> SimOrderState:
    bid, _ = touch(exchange)
    state = exchange.place(order("BUY", quantity, "LMT", limit_price=round(bid - below, 2)))
    pass_time(exchange, 1)
    return state


def test_a_change_that_comes_after_the_fill_is_told_as_too_late() -> None:
    exchange, heard = market()
    state = resting(exchange)
    price = state.order.limit_price
    assert price is not None
    exchange.modify(state.perm_id, order("BUY", 100, "LMT", limit_price=round(price - 1, 2)))
    book, tick = exchange.book_of(AAPL), price_to_tick(CENT, price)
    for match in book.trade(tick - 1, 100, -1, exchange.now_ns()):
        exchange.desk.settle(AAPL, match)
    assert state.status == "Filled"
    pass_time(exchange, 1)
    assert heard.notices == [(state.perm_id, 104)]
    assert (state.order.limit_price, state.status) == (price, "Filled")


def test_until_a_change_arrives_the_old_order_works() -> None:
    exchange, _ = market()
    state = resting(exchange)
    price = state.order.limit_price
    assert price is not None
    exchange.modify(state.perm_id, order("BUY", 100, "LMT", limit_price=round(price - 1, 2)))
    assert exchange.book_of(AAPL).own_ticks(1) == [price_to_tick(CENT, price)]
    pass_time(exchange, 1)
    assert exchange.book_of(AAPL).own_ticks(1) == [price_to_tick(CENT, price - 1)]


def test_more_size_or_another_price_loses_the_place_and_less_size_keeps_it() -> None:
    exchange, _ = market()
    first, second = resting(exchange), resting(exchange)
    price = first.order.limit_price
    second_price = second.order.limit_price
    assert price is not None
    if second_price != price:
        exchange.modify(second.perm_id, order("BUY", 100, "LMT", limit_price=price))
        pass_time(exchange, 1)
    tick, book = price_to_tick(CENT, price), exchange.book_of(AAPL)

    def queue() -> list[int]:
        level = book._levels[1][tick]
        return [entry.owner for entry in level.queue if entry.owner]

    assert queue() == [first.perm_id, second.perm_id]
    exchange.modify(first.perm_id, order("BUY", 60, "LMT", limit_price=price))
    pass_time(exchange, 1)
    assert queue() == [first.perm_id, second.perm_id]
    exchange.modify(first.perm_id, order("BUY", 160, "LMT", limit_price=price))
    pass_time(exchange, 1)
    assert queue() == [second.perm_id, first.perm_id]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"action": "SELL"}, 105),
        ({"con_id": TSLA}, 105),
        ({"order_type": "MKT"}, 329),
        ({"parent_perm_id": 7}, 10341),
        ({"oca_group": "new"}, 10326),
        ({"limit_price": 100.001}, 110),
        ({"quantity": Decimal(0)}, 434),
    ],
)
def test_a_change_may_not_make_another_order_of_it(changes: dict[str, Any], code: int) -> None:
    exchange, _ = market()
    state = resting(exchange)
    sent = order("BUY", 100, "LMT", limit_price=100.0)
    for name, value in changes.items():
        setattr(sent, name, value)
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.modify(state.perm_id, sent)
    assert refusal.value.code == code
    assert state.status == "Submitted"


def test_a_second_cancel_hears_that_the_first_is_on_its_way() -> None:
    exchange, _ = market()
    state = resting(exchange)
    exchange.cancel(state.perm_id)
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.cancel(state.perm_id)
    assert refusal.value.code == 10148
    assert "PendingCancel" in refusal.value.text
    pass_time(exchange, 1)
    assert state.status == "Cancelled"


def test_without_latency_a_marketable_order_fills_at_once() -> None:
    exchange, heard = market()
    exchange.desk.latency.least_ms = exchange.desk.latency.spread_ms = 0
    state = exchange.place(order("BUY", 10))
    exchange.advance_to(exchange.now_ns())
    assert state.status == "Filled"
    assert "Submitted" not in heard.of(state.perm_id)  # a market order that fills at once is never seen Submitted
