# SPDX-License-Identifier: Apache-2.0
"""The life of single orders in the simulated market: acceptance, refusal, triggers, sessions, changes, cancels."""

from decimal import Decimal
from typing import Any

import pytest

from terminal.simulation.exchange_port import SimCondition, SimOrder, SimulatorRefusalError
from terminal.simulation.trading_days import NS
from tests.unit.simulation.floor_case import AAPL, EUR, TSLA, Recorder, market, order, pass_time


def test_a_market_order_is_seen_waiting_then_filled() -> None:
    exchange, heard = market()
    state = exchange.place(order("BUY", 100))
    assert state.status == "PreSubmitted"
    assert not heard.executions  # nothing fills inside the call
    pass_time(exchange, 1)
    assert heard.of(state.perm_id) == ["Submitted", "Filled"] or heard.of(state.perm_id)[-1] == "Filled"
    assert [int(state.filled), int(state.remaining)] == [100, 0]
    assert heard.executions[0].commission == 1.0
    assert exchange.positions("DU9000001")[0].quantity == 100


def test_a_large_order_walks_the_book_in_parts() -> None:
    exchange, heard = market()
    exchange.money.ledgers["DU9000001"].cash["USD"] = Decimal(10_000_000)
    state = exchange.place(order("BUY", 5000, con_id=TSLA))
    pass_time(exchange, 30)
    parts = [one for one in heard.executions if one.perm_id == state.perm_id]
    assert len(parts) > 2
    assert [one.price for one in parts[:3]] == sorted(one.price for one in parts[:3])
    assert state.status == "Filled"
    assert state.average_price == pytest.approx(sum(one.price * float(one.quantity) for one in parts) / 5000)
    assert sum(one.commission for one in parts) == pytest.approx(25.0)


def test_a_resting_limit_fills_at_its_price_or_better() -> None:
    exchange, heard = market()
    bid = exchange.top(AAPL).bid
    assert bid is not None
    state = exchange.place(order("BUY", 200, "LMT", limit_price=bid))
    pass_time(exchange, 120)
    assert state.status == "Filled"
    assert all(one.price == bid and one.liquidity == 1 for one in heard.executions)


def test_a_marketable_limit_with_immediate_or_cancel_drops_the_rest() -> None:
    exchange, heard = market()
    exchange.money.ledgers["DU9000001"].cash["USD"] = Decimal(10_000_000)
    state = exchange.place(order("BUY", 3000, "LMT", limit_price=exchange.top(AAPL).ask, tif="IOC"))
    pass_time(exchange, 1)
    assert state.status == "Cancelled"
    assert state.filled == heard.filled(state.perm_id) < 3000


def stop_case(kind: str, **more: float) -> tuple[Recorder, int, float]:
    exchange, heard = market()
    exchange.watch(AAPL, "prints")
    top = exchange.top(AAPL)
    assert top.bid is not None
    stop = round(top.bid - 0.20, 2)
    prices: dict[str, Any] = {
        "aux_price": stop,
        **({"limit_price": round(stop - 0.05, 2)} if kind == "STP LMT" else {}),
        **more,
    }
    state = exchange.place(order("SELL", 100, kind, **prices))
    pass_time(exchange, 1200)
    return heard, state.perm_id, stop


@pytest.mark.parametrize("kind", ["STP", "STP LMT"])
def test_a_stop_waits_for_its_price(kind: str) -> None:
    heard, perm_id, stop = stop_case(kind)
    statuses = heard.of(perm_id)
    assert statuses[0] == "PreSubmitted"
    first = next(one for one in heard.executions if one.perm_id == perm_id)
    before = [one for one in heard.prints if one.ns < first.ns]
    assert any(one.price <= stop for one in before)
    trigger = next(one for one in before if one.price <= stop)
    assert first.ns > trigger.ns
    if kind == "STP LMT":
        assert first.price >= round(stop - 0.05, 2)


def test_a_trail_follows_the_market_and_never_back() -> None:
    exchange, heard = market()
    state = exchange.place(order("SELL", 100, "TRAIL", aux_price=0.40))
    exchange.watch(AAPL, "prints")
    stops: list[float] = []
    while state.status != "Filled" and len(stops) < 3000:
        pass_time(exchange, 1)
        if state.order.trail_stop_price is not None:
            stops.append(state.order.trail_stop_price)
    assert stops == sorted(stops)
    assert state.status == "Filled"
    highest = max(one.price for one in heard.prints if one.ns <= heard.executions[0].ns)
    assert stops[-1] == pytest.approx(highest - 0.40, abs=0.06)


def test_a_percent_trail_stands_at_its_distance() -> None:
    exchange, _ = market()
    state = exchange.place(order("BUY", 10, "TRAIL", trailing_percent=1.0))
    pass_time(exchange, 2)
    last = exchange.top(AAPL).last
    assert last is not None
    assert state.order.trail_stop_price == pytest.approx(last * 1.01, rel=2e-3)


def test_orders_without_the_outside_flag_wait_for_the_session() -> None:
    exchange, heard = market()
    exchange.advance_to(exchange.source.calendar.day(0).close_ns + 60 * NS)
    waiting = exchange.place(order("BUY", 10))
    outside = exchange.place(order("BUY", 10, "LMT", limit_price=exchange.top(AAPL).ask, outside_rth=True))
    assert "will not be placed at the exchange until 2025-03-05 09:30:00" in waiting.warning
    pass_time(exchange, 60)
    assert (waiting.status, outside.status) == ("PreSubmitted", "Filled")
    exchange.advance_to(exchange.source.calendar.day(1).open_ns + 5 * NS)
    assert waiting.status == "Filled"
    assert heard.executions[-1].ns > exchange.source.calendar.day(1).open_ns


def test_day_orders_end_with_the_session_and_gtc_orders_return() -> None:
    exchange, heard = market()
    top = exchange.top(AAPL)
    assert top.bid is not None
    low = round(top.bid * 0.7, 2)
    day = exchange.place(order("BUY", 10, "LMT", limit_price=low))
    late = exchange.place(order("BUY", 10, "LMT", limit_price=low, outside_rth=True))
    gtc = exchange.place(order("BUY", 10, "LMT", limit_price=low, tif="GTC"))
    exchange.advance_to(exchange.source.calendar.day(0).close_ns + NS)
    assert (day.status, late.status, gtc.status) == ("Cancelled", "Submitted", "PreSubmitted")
    assert day.completed_status == "Expired"
    exchange.advance_to(exchange.source.calendar.day(0).end_ns)
    assert late.status == "Cancelled"
    assert heard.sessions == ["close", "day_end"]
    exchange.advance_to(exchange.source.calendar.day(1).open_ns + NS)
    assert gtc.status == "Submitted"
    assert [state.perm_id for state in exchange.open_orders()] == [gtc.perm_id]
    assert not exchange.completed_orders()


def test_a_change_takes_effect_and_a_cancel_ends_it() -> None:
    exchange, heard = market()
    top = exchange.top(AAPL)
    assert top.bid is not None
    sent = order("BUY", 100, "LMT", limit_price=round(top.bid - 5, 2))
    state = exchange.place(sent)
    pass_time(exchange, 1)
    changed = order("BUY", 60, "LMT", limit_price=round(top.bid - 4, 2))
    assert exchange.modify(state.perm_id, changed) is state
    pass_time(exchange, 1)
    assert (int(state.order.quantity), state.order.limit_price, state.status) == (
        60,
        round(top.bid - 4, 2),
        "Submitted",
    )
    exchange.cancel(state.perm_id)
    assert state.status == "Submitted"
    pass_time(exchange, 1)
    assert heard.of(state.perm_id)[-1] == state.status == "Cancelled"
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.cancel(state.perm_id)
    assert refusal.value.code == 10148
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.modify(state.perm_id, changed)
    assert refusal.value.code == 105
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.cancel(1)
    assert refusal.value.code == 10147


def test_a_filled_order_cannot_change() -> None:
    exchange, _ = market()
    state = exchange.place(order("BUY", 1))
    pass_time(exchange, 1)
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.modify(state.perm_id, order("BUY", 2))
    assert refusal.value.code == 104


REFUSED = [
    (order("BUY", 1, "PEG MID"), 387),
    (order("BUY", 1, "MOO"), 387),
    (order("BUY", 1, "MOC", con_id=EUR), 387),
    (order("BUY", 1, "REL", con_id=EUR, aux_price=0.01), 114),
    (order("BUY", 1, "LMT", limit_price=100.0, tif="GTX"), 10052),
    (order("BUY", 1, "LMT", limit_price=100.0, tif="GTD"), 334),
    (order("BUY", 1, "LMT", limit_price=100.0, good_till_date="20250304", good_till_ns=10**18), 334),
    (order("BUY", 1, "STP", aux_price=100.0, tif="IOC"), 111),
    (order("BUY", 1, "MOC", tif="GTC"), 113),
    (order("BUY", 1, "MIT"), 321),
    (order("BUY", 1, "LIT", aux_price=100.0), 321),
    (order("BUY", 1, "LMT", limit_price=100.005), 110),
    (order("BUY", 1, "LMT"), 321),
    (order("BUY", 1, "STP"), 321),
    (order("BUY", 1, "TRAIL"), 158),
    (order("BUY", 1, "TRAIL", aux_price=1.0, trailing_percent=1.0), 321),
    (order("BUY", 1, "TRAIL", trailing_percent=0.0), 159),
    (order("BUY", 1, "TRAIL LIMIT", aux_price=1.0), 321),
    (order("BUY", 1, "REL"), 158),
    (order("BUY", 1, "REL", percent_offset=1.5), 159),
    (order("BUY", 1, "LMT", limit_price=-5.0), 201),
    (order("BUY", 0), 434),
    (order("BUY", "NaN"), 434),
    (order("BUY", "0.5"), 10243),
    (order("HOLD", 1), 321),
    (order("BUY", 1, account="U1"), 321),
    (order("BUY", 1, con_id=1), 200),
    (order("BUY", 1, parent_perm_id=5), 10006),
    (order("BUY", 10, "LMT", limit_price=100.0, display_size=10), 10020),
    (order("BUY", 10, display_size=5), 10340),
    (order("BUY", 10, "LMT", limit_price=100.0, display_size=5, hidden=True), 152),
    (order("BUY", 1, hidden=True), 152),
    (order("BUY", 1, "STP", aux_price=100.0, all_or_none=True), 10340),
    (order("BUY", 1, "MOC", good_after_time="20250304 12:00:00", good_after_ns=10**18), 338),
    (order("BUY", 1, "STP", aux_price=100.0, trigger_method=5), 146),
    (order("BUY", 1, trigger_method=2), 146),
    (order("BUY", 1, cash_quantity=500.0), 10244),
    (order("BUY", 1, attributes={"algoStrategy": "Twap"}), 442),
    (order("BUY", 1, attributes={"discretionaryAmt": "0.05"}), 325),
    (order("BUY", 1, attributes={"minQty": "5"}), 10340),
    (order("BUY", 1, attributes={"adjustedOrderType": "STP"}), 10340),
    (order("BUY", 1, attributes={"shortSaleSlot": "1"}), 348),
    (order("BUY", 1, "STP", aux_price=100.0, conditions=(SimCondition(kind=3, ns=1),)), 148),
    (order("BUY", 1, conditions=(SimCondition(kind=1, value=5.0),)), 147),
    (order("BUY", 1, conditions=(SimCondition(kind=1, value=5.0, con_id=3),)), 147),
    (order("BUY", 1, conditions=(SimCondition(kind=2),)), 398),
    (order("BUY", 1, conditions=(SimCondition(kind=3, ns=1),), conditions_cancel_order=True), 148),
    (order("BUY", 1, oca_group="x", oca_type=4), 321),
    (order("BUY", 100_000), 201),
    (order("BUY", 1, "LMT", con_id=EUR, limit_price=1.05551), 110),
]


@pytest.mark.parametrize(("sent", "code"), REFUSED, ids=[f"{code}-{row}" for row, (_, code) in enumerate(REFUSED)])
def test_what_is_not_simulated_is_refused_and_leaves_no_trace(sent: SimOrder, code: int) -> None:
    exchange, _ = market()
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.place(sent)
    assert refusal.value.code == code
    assert refusal.value.text
    assert not exchange.open_orders()
    assert not exchange.completed_orders()


def test_twenty_orders_a_side_are_the_limit() -> None:
    exchange, _ = market()
    for _ in range(20):
        exchange.place(order("BUY", 1, "LMT", limit_price=100.0))
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.place(order("BUY", 1, "LMT", limit_price=100.0))
    assert refusal.value.code == 201
    exchange.place(order("SELL", 1, "LMT", limit_price=400.0))


def test_permanent_ids_are_unique_and_never_zero() -> None:
    exchange, _ = market()
    ids = [exchange.place(order("BUY", 1, "LMT", limit_price=100.0)).perm_id for _ in range(5)]
    assert len(set(ids)) == 5
    assert min(ids) > 0
