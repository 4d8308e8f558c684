# SPDX-License-Identifier: Apache-2.0
"""The same seed and the same calls give the same events, another seed another market; a restart changes nothing."""

import json
from typing import Any

import pytest

from terminal.errors import UserError
from terminal.simulation.factory import open_exchange
from terminal.simulation.market import Market
from tests.unit.simulation.floor_case import AAPL, ACCOUNT, EUR, MSFT, SPY, market, order, pass_time


def script(seed: int) -> list[tuple[Any, ...]]:
    exchange, heard = market(seed)
    for con_id in (AAPL, SPY, EUR):
        for kind in ("top", "prints", "book"):
            exchange.watch(con_id, kind)
    option = next(iter(exchange.find(symbol="AAPL", sec_type="OPT", expiry="20250321", right="C")))
    exchange.watch(option.broker_id or 0, "greeks")
    bid = exchange.top(AAPL).bid
    assert bid is not None
    entry = exchange.place(order("BUY", 400, "LMT", limit_price=bid, transmit=False))
    exchange.place(order("SELL", 400, "STP", aux_price=round(bid - 0.3, 2), parent_perm_id=entry.perm_id))
    exchange.place(order("SELL", 20_000, con_id=EUR))
    pass_time(exchange, 60)
    exchange.place(order("BUY", 50, "TRAIL", trailing_percent=0.1))
    pass_time(exchange, 120)
    heard.events.append(tuple(exchange.account_values(ACCOUNT)))
    return heard.events


def test_two_runs_tell_the_same_events() -> None:
    first, second = script(1), script(1)
    assert len(first) > 1000
    assert first == second


def test_another_seed_is_another_market() -> None:
    assert script(1) != script(2)


def test_steps_of_the_clock_do_not_matter() -> None:
    coarse, heard_coarse = market()
    fine, heard_fine = market()
    for exchange in (coarse, fine):
        exchange.watch(AAPL, "prints")
        exchange.place(order("BUY", 300))
    pass_time(coarse, 20)
    for _ in range(200):
        pass_time(fine, 0.1)
    assert heard_coarse.events == heard_fine.events


def trading(exchange: Market) -> None:
    bid = exchange.top(AAPL).bid
    assert bid is not None
    exchange.place(order("BUY", 200))
    exchange.place(order("BUY", 1, "LMT", con_id=MSFT, limit_price=1.0, tif="GTC"))
    entry = exchange.place(order("BUY", 100, "LMT", limit_price=round(bid - 9, 2), transmit=False))
    exchange.place(order("SELL", 100, "STP", aux_price=round(bid - 12, 2), parent_perm_id=entry.perm_id))
    exchange.place(order("SELL", 50, "TRAIL", aux_price=2.0))
    exchange.place(order("SELL", 10_000, con_id=EUR))
    pass_time(exchange, 30)


def test_a_restart_resumes_clock_orders_positions_and_prices() -> None:
    first, _ = market()
    trading(first)
    saved = json.loads(json.dumps(first.dump_state()))
    second = open_exchange(seed=1, state=saved)
    assert second.now_ns() == first.now_ns()
    for con_id in (AAPL, EUR, SPY):
        assert second.top(con_id).last == first.top(con_id).last
    assert second.account_values(ACCOUNT) == first.account_values(ACCOUNT)
    assert second.positions(ACCOUNT) == first.positions(ACCOUNT)
    assert second.executions() == first.executions()
    assert second.pnl(ACCOUNT) == first.pnl(ACCOUNT)
    assert [state.perm_id for state in second.open_orders()] == [state.perm_id for state in first.open_orders()]
    assert [state.perm_id for state in second.completed_orders()] == [
        state.perm_id for state in first.completed_orders()
    ]
    args: dict[str, Any] = {
        "seconds": 60,
        "start_ns": first.now_ns() - 120 * 10**9,
        "end_ns": first.now_ns(),
        "what": "TRADES",
    }
    assert second.bars(AAPL, **args, regular_only=True) == first.bars(AAPL, **args, regular_only=True)
    later = second.place(order("BUY", 1, "LMT", limit_price=1.0)).perm_id
    assert later > max(state.perm_id for state in [*first.open_orders(), *first.completed_orders()])
    pass_time(first, 60)
    pass_time(second, 60)
    assert {state.perm_id: state.status for state in first.open_orders()}.items() <= {
        state.perm_id: state.status for state in second.open_orders()
    }.items()
    assert second.top(SPY) == first.top(SPY)


def test_orders_that_were_restored_still_work() -> None:
    first, _ = market()
    ask = first.top(AAPL).ask
    assert ask is not None
    waiting = first.place(order("BUY", 10, "LMT", limit_price=round(ask - 1, 2), tif="GTC"))
    pass_time(first, 1)
    second = open_exchange(seed=1, state=json.loads(json.dumps(first.dump_state())))
    pass_time(second, 1)
    restored = next(state for state in second.open_orders() if state.perm_id == waiting.perm_id)
    assert restored.status == "Submitted"
    second.modify(waiting.perm_id, order("BUY", 10, "LMT", limit_price=round(ask + 5, 2), tif="GTC"))
    pass_time(second, 2)
    assert restored.status == "Filled"


@pytest.mark.parametrize(
    "change",
    [
        {"version": 99},
        {"market": "simulated, seed 2"},
        {"now_ns": "soon"},
        {"orders": [{}]},
        {"accounts": [{"account": ACCOUNT, "cash": {"USD": "much"}, "positions": []}]},
    ],
    ids=["version", "seed", "clock", "order", "cash"],
)
def test_a_state_that_does_not_fit_is_refused_in_plain_words(change: dict[str, Any]) -> None:
    exchange, _ = market()
    saved = {**exchange.dump_state(), **change}
    with pytest.raises(UserError) as refusal:
        open_exchange(seed=1, state=saved)
    assert refusal.value.code == "SIM-001"
    assert "remove" in refusal.value.text or "another" in refusal.value.text
