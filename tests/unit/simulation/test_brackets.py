# SPDX-License-Identifier: Apache-2.0
"""Brackets and one-cancels-all groups, partial fills included (docs/decisions/0011)."""

from decimal import Decimal
from typing import Any

import pytest

from terminal.simulation.exchange_port import SimOrderState, SimulatorRefusalError
from terminal.simulation.market import Market
from terminal.simulation.orders import price_to_tick
from terminal.simulation.trading_days import NS
from tests.unit.simulation.floor_case import AAPL, market, order, pass_time

CENT = Decimal("0.01")


def bracket(exchange: Market, quantity: int = 100, offset: float = -3.0) -> tuple[SimOrderState, ...]:
    """Place a long bracket whose entry rests ``offset`` from the bid."""
    bid = exchange.top(AAPL).bid
    assert bid is not None
    entry = exchange.place(order("BUY", quantity, "LMT", limit_price=round(bid + offset, 2), transmit=False))
    target = exchange.place(
        order("SELL", quantity, "LMT", limit_price=round(bid + 20, 2), transmit=False, parent_perm_id=entry.perm_id)
    )
    stop = exchange.place(
        order("SELL", quantity, "STP", aux_price=round(bid - 20, 2), parent_perm_id=entry.perm_id)
    )  # fmt: skip
    return entry, target, stop


def hit(exchange: Market, state: SimOrderState, size: int) -> None:
    """Let a print of ``size`` one tick beyond a resting order reach it first, as `TradingFloor` would."""
    price = state.order.limit_price
    assert price is not None
    tick = price_to_tick(CENT, price)
    sign = 1 if state.order.action == "BUY" else -1
    book = exchange.book_of(AAPL)
    for match in book.trade(tick - sign, size, -sign, exchange.now_ns()):
        exchange.desk.settle(AAPL, match)


def test_nothing_of_a_bracket_works_before_its_last_order_arrives() -> None:
    exchange, _ = market()
    bid = exchange.top(AAPL).bid
    assert bid is not None
    entry = exchange.place(order("BUY", 10, "LMT", limit_price=bid + 1, transmit=False))
    pass_time(exchange, 5)
    assert entry.status == "ApiPending"
    assert entry.filled == 0
    stop = exchange.place(order("SELL", 10, "STP", aux_price=bid - 50, parent_perm_id=entry.perm_id))
    pass_time(exchange, 5)
    assert entry.status == "Filled"
    assert (stop.status, stop.why_held) == ("PreSubmitted", "trigger")


def test_children_wait_for_the_entry() -> None:
    exchange, _ = market()
    entry, target, stop = bracket(exchange)
    pass_time(exchange, 1)
    assert entry.status == "Submitted"
    assert [(child.status, child.why_held) for child in (target, stop)] == [("PreSubmitted", "child")] * 2


def test_a_partial_entry_is_protected_by_its_size() -> None:
    exchange, _ = market()
    entry, target, stop = bracket(exchange)
    pass_time(exchange, 1)
    hit(exchange, entry, 40)
    assert (int(entry.filled), entry.status) == (40, "Submitted")
    pass_time(exchange, 1)
    assert target.status == "Submitted"
    book = exchange.book_of(AAPL)
    tick = price_to_tick(CENT, target.order.limit_price or 0.0)
    assert book.own_ticks(-1) == [tick]
    assert sum(match.size for match in book.trade(tick + 1, 10**6, 1, exchange.now_ns())) == 40
    assert stop.order.quantity == 100


def test_the_target_closes_the_bracket() -> None:
    exchange, heard = market()
    entry, target, stop = bracket(exchange)
    pass_time(exchange, 1)
    hit(exchange, entry, 100)
    pass_time(exchange, 1)
    hit(exchange, target, 30)
    assert (stop.status, int(stop.order.quantity)) == ("PreSubmitted", 70)
    hit(exchange, target, 70)
    assert (target.status, stop.status) == ("Filled", "Cancelled")
    assert heard.filled(entry.perm_id) == heard.filled(target.perm_id) == 100
    assert exchange.positions("DU9000001")[0].quantity == 0


def test_two_half_targets_live_beside_one_full_stop() -> None:
    exchange, _ = market()
    bid = exchange.top(AAPL).bid
    assert bid is not None
    entry = exchange.place(order("BUY", 100, "LMT", limit_price=round(bid - 3, 2), transmit=False))
    kept: dict[str, Any] = {"parent_perm_id": entry.perm_id}
    first = exchange.place(order("SELL", 50, "LMT", limit_price=round(bid + 20, 2), transmit=False, **kept))
    second = exchange.place(order("SELL", 50, "LMT", limit_price=round(bid + 30, 2), transmit=False, **kept))
    stop = exchange.place(order("SELL", 100, "STP", aux_price=round(bid - 20, 2), **kept))
    pass_time(exchange, 1)
    hit(exchange, entry, 100)
    pass_time(exchange, 1)
    hit(exchange, first, 50)
    assert (second.status, int(second.order.quantity), int(stop.order.quantity)) == ("Submitted", 50, 50)
    hit(exchange, second, 50)
    assert stop.status == "Cancelled"


def test_cancelling_an_unfilled_entry_cancels_its_children() -> None:
    exchange, heard = market()
    entry, target, stop = bracket(exchange)
    pass_time(exchange, 1)
    exchange.cancel(entry.perm_id)
    pass_time(exchange, 1)
    assert [state.status for state in (entry, target, stop)] == ["Cancelled"] * 3
    assert heard.of(stop.perm_id)[-1] == "Cancelled"


def test_cancelling_a_partly_filled_entry_cuts_its_children_to_what_is_open() -> None:
    exchange, _ = market()
    entry, target, stop = bracket(exchange)
    pass_time(exchange, 1)
    hit(exchange, entry, 40)
    pass_time(exchange, 1)
    exchange.cancel(entry.perm_id)
    pass_time(exchange, 1)
    assert entry.status == "Cancelled"
    assert [(int(child.order.quantity), int(child.remaining)) for child in (target, stop)] == [(40, 40)] * 2
    hit(exchange, target, 40)
    assert stop.status == "Cancelled"


@pytest.mark.parametrize(("kind", "left"), [(0, None), (1, None), (2, 70), (3, 70)])
def test_an_oca_group_cancels_or_reduces_the_others(kind: int, left: int | None) -> None:
    exchange, _ = market()
    bid = exchange.top(AAPL).bid
    assert bid is not None
    group: dict[str, Any] = {"oca_group": "g", "oca_type": kind}
    one = exchange.place(order("BUY", 100, "LMT", limit_price=round(bid - 3, 2), **group))
    other = exchange.place(order("BUY", 100, "LMT", limit_price=round(bid - 4, 2), **group))
    pass_time(exchange, 1)
    hit(exchange, one, 30)
    if kind == 3:
        assert int(other.order.quantity) == 100  # without block the news is on its way
        pass_time(exchange, 1)
    if left is None:
        assert other.status == "Cancelled"
    else:
        assert (other.status, int(other.order.quantity)) == ("Submitted", left)
        hit(exchange, one, 70)
        pass_time(exchange, 1)
        assert other.status == "Cancelled"


def test_one_print_cannot_fill_two_members_of_a_group() -> None:
    exchange, heard = market()
    bid = exchange.top(AAPL).bid
    assert bid is not None
    price = round(bid - 3, 2)
    group: dict[str, Any] = {"oca_group": "g", "oca_type": 1}
    states = [exchange.place(order("BUY", 100, "LMT", limit_price=price, **group)) for _ in range(2)]
    pass_time(exchange, 1)
    hit(exchange, states[0], 1000)
    assert len({one.perm_id for one in heard.executions}) == 1
    assert sorted(state.status for state in states) == ["Cancelled", "Filled"]


def test_a_child_without_a_parent_is_refused() -> None:
    exchange, _ = market()
    entry = exchange.place(order("BUY", 1))
    pass_time(exchange, 1)
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.place(order("SELL", 1, "STP", aux_price=1.0, parent_perm_id=entry.perm_id))
    assert refusal.value.code == 10006


def test_a_whole_bracket_runs_by_itself_on_the_market() -> None:
    exchange, _ = market()
    bid = exchange.top(AAPL).bid
    assert bid is not None
    entry = exchange.place(order("BUY", 100, transmit=False))
    target = exchange.place(
        order("SELL", 100, "LMT", limit_price=round(bid + 0.4, 2), transmit=False, parent_perm_id=entry.perm_id)
    )
    stop = exchange.place(order("SELL", 100, "STP", aux_price=round(bid - 0.4, 2), parent_perm_id=entry.perm_id))
    pass_time(exchange, 3600)
    assert entry.status == "Filled"
    assert sorted([target.status, stop.status]) == ["Cancelled", "Filled"]
    assert exchange.positions("DU9000001")[0].quantity == 0


def test_a_bracket_keeps_its_bond_over_night() -> None:
    exchange, _ = market()
    bid = exchange.top(AAPL).bid
    assert bid is not None
    entry = exchange.place(order("BUY", 100, transmit=False))
    kept: dict[str, Any] = {"parent_perm_id": entry.perm_id, "tif": "GTC"}
    target = exchange.place(order("SELL", 100, "LMT", limit_price=round(bid + 30, 2), transmit=False, **kept))
    stop = exchange.place(order("SELL", 100, "STP", aux_price=round(bid - 60, 2), **kept))
    exchange.advance_to(exchange.source.calendar.day(1).open_ns + NS)
    assert [one.status for one in (entry, target, stop)] == ["Filled", "Submitted", "PreSubmitted"]
    assert not exchange.completed_orders()
    hit(exchange, target, 100)
    assert stop.status == "Cancelled"
    assert exchange.money.ledgers["DU9000001"].quantity(AAPL) == 0
