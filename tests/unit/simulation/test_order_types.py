# SPDX-License-Identifier: Apache-2.0
"""Order types and attributes beyond market, limit and stop: each does on the living market what its row promises."""

from decimal import Decimal
from typing import Any

import pytest

from terminal.model.enums import AssetClass
from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.market import Market
from terminal.simulation.order_table import ATTRIBUTES, TYPES, ibkr_order_types, matrix
from terminal.simulation.orders import price_to_tick
from terminal.simulation.trading_days import MINUTE_NS, NS
from tests.unit.simulation.floor_case import AAPL, ACCOUNT, EUR, TSLA, Recorder, market, order, pass_time

CENT = Decimal("0.01")
BTC, GME = 479624278, 36285627


def touch(exchange: Market, con_id: int = AAPL) -> tuple[float, float]:
    top = exchange.top(con_id)
    assert top.bid is not None
    assert top.ask is not None
    return top.bid, top.ask


def rich(exchange: Market) -> None:
    exchange.money.ledgers[ACCOUNT].cash["USD"] = Decimal(2_000_000_000)


def seen_prints(heard: Recorder, until_ns: int) -> list[float]:
    return [one.price for one in heard.prints if one.ns <= until_ns]


# ---------------------------------------------------------------- the table


def test_the_table_refuses_or_simulates_every_cell() -> None:
    cells = list(matrix())
    assert len(cells) == 7 * len(TYPES) * 6
    assert all(refusal.code in {387, 111, 113, 114} for *_, refusal in cells if refusal is not None)
    taken = {(kind, name) for kind, name, _, refusal in cells if refusal is None}
    assert {name for kind, name in taken if kind is AssetClass.STOCK} == set(TYPES)
    assert {name for kind, name in taken if kind is AssetClass.COMBO} == {"MKT", "LMT"}
    assert not [name for kind, name in taken if kind is AssetClass.INDEX]


def test_contract_details_list_what_the_table_takes() -> None:
    words = ibkr_order_types(AssetClass.STOCK)
    assert {"MOC", "LOC", "MIDPX", "REL", "OPG", "COND", "HID", "ICE", "AON", "TRAILLMT"} <= set(words)
    assert "MOC" not in ibkr_order_types(AssetClass.OPTION)
    assert ibkr_order_types(AssetClass.INDEX) == ()
    assert {row.code for row in ATTRIBUTES.values() if row.code and AssetClass.FUTURE in row.classes} <= set(
        ibkr_order_types(AssetClass.FUTURE)
    )


# ---------------------------------------------------------------- touched orders, trailing limits, trigger methods


@pytest.mark.parametrize("kind", ["MIT", "LIT"])
def test_a_touched_order_waits_for_a_better_price(kind: str) -> None:
    exchange, heard = market()
    exchange.watch(AAPL, "prints")
    bid, _ = touch(exchange)
    trigger = round(bid - 0.20, 2)
    more: dict[str, Any] = {"limit_price": round(trigger - 0.05, 2)} if kind == "LIT" else {}
    state = exchange.place(order("BUY", 100, kind, aux_price=trigger, **more))
    pass_time(exchange, 1800)
    statuses = heard.of(state.perm_id)
    assert statuses[0] == "PreSubmitted"
    prints = [one for one in heard.prints if one.price <= trigger]
    assert prints, "the market of this seed must reach the trigger"
    assert state.status in {"Filled", "Submitted"}
    if kind == "MIT":
        assert state.status == "Filled"
        assert heard.executions[0].ns > prints[0].ns
    else:
        assert all(one.price <= trigger - 0.05 + 1e-9 for one in heard.executions)


def test_a_trailing_limit_keeps_its_limit_behind_its_stop() -> None:
    exchange, heard = market()
    state = exchange.place(order("SELL", 100, "TRAIL LIMIT", aux_price=0.30, limit_offset=0.10))
    stops: list[float] = []
    working = exchange.desk.orders.get(state.perm_id)
    assert working is not None
    while not working.triggered and len(stops) < 4000:
        pass_time(exchange, 1)
        if state.order.trail_stop_price is not None:
            stops.append(state.order.trail_stop_price)
            assert working.stop is not None
            assert working.limit == working.stop - 10
    assert working.triggered
    assert stops == sorted(stops)
    pass_time(exchange, 5)
    assert all(one.price >= stops[-1] - 0.10 - 1e-9 for one in heard.executions)


@pytest.mark.parametrize(("method", "double"), [(1, True), (2, False), (3, True), (4, False), (7, False), (8, False)])
def test_stops_look_at_what_their_trigger_method_says(method: int, double: bool) -> None:
    exchange, _ = market()
    bid, ask = touch(exchange)
    stop = round(bid - 2, 2)
    state = exchange.place(order("SELL", 100, "STP", aux_price=stop, trigger_method=method))
    pass_time(exchange, 1)
    working = exchange.desk.orders.get(state.perm_id)
    assert working is not None
    low, high = price_to_tick(CENT, stop), price_to_tick(CENT, ask)
    quotes = {1: (low, low), 4: (low, low), 7: (high, high), 8: (low - 1, low + 1)}
    prints = {2: low, 3: low, 7: low}
    # What the method does not look at leaves it cold.
    far_bid, far_ask = (high - 5, high) if method != 8 else (low - 1, low + 100)
    exchange.desk.on_market(AAPL, far_bid, far_ask, low if method in {1, 4, 8} else None)
    exchange.desk.on_market(AAPL, far_bid, far_ask, low if method in {1, 4, 8} else None)
    assert not working.triggered
    bid_tick, ask_tick = quotes.get(method, (far_bid, far_ask))
    exchange.desk.on_market(AAPL, bid_tick, ask_tick, prints.get(method))
    assert working.triggered is not double
    exchange.desk.on_market(AAPL, bid_tick, ask_tick, prints.get(method))
    assert working.triggered


# ---------------------------------------------------------------- all or nothing, hidden, iceberg


def test_fill_or_kill_is_all_or_nothing() -> None:
    exchange, heard = market()
    rich(exchange)
    _, ask = touch(exchange)
    shown = exchange.top(AAPL).ask_size
    small = exchange.place(order("BUY", int(shown), "LMT", limit_price=ask + 0.02, tif="FOK"))
    large = exchange.place(order("BUY", 400_000, "LMT", limit_price=ask, tif="FOK"))
    pass_time(exchange, 1)
    assert (small.status, int(small.filled)) == ("Filled", int(shown))
    assert (large.status, int(large.filled), heard.filled(large.perm_id)) == ("Cancelled", 0, 0)


def test_all_or_none_waits_until_everything_is_there() -> None:
    exchange, heard = market()
    rich(exchange)
    _, ask = touch(exchange)
    size = int(exchange.top(AAPL).ask_size) + 40_000
    state = exchange.place(order("BUY", size, "LMT", limit_price=round(ask + 0.30, 2), all_or_none=True))
    waiting = exchange.place(order("BUY", 4_000_000, "LMT", limit_price=ask, all_or_none=True))
    pass_time(exchange, 600)
    assert state.filled in {Decimal(0), Decimal(size)}
    assert (waiting.status, int(waiting.filled)) == ("Submitted", 0)
    parts = [one for one in heard.executions if one.perm_id == state.perm_id]
    assert len({one.ns for one in parts}) <= 1  # at one moment


def test_a_hidden_order_is_not_seen_and_stands_behind_what_is() -> None:
    exchange, heard = market()
    bid, _ = touch(exchange)
    exchange.watch(AAPL, "book")
    before = exchange.top(AAPL).bid_size
    state = exchange.place(order("BUY", 500, "LMT", limit_price=bid, hidden=True))
    exchange.advance_to(exchange.now_ns() + 100_000_000)
    assert state.status == "Submitted"
    book = exchange.book_of(AAPL)
    tick = price_to_tick(CENT, bid)
    assert book.visible_at(1, tick, exchange.now_ns()) == book.background_at(1, tick, exchange.now_ns())
    ahead = book.background_at(1, tick, exchange.now_ns())
    trades = list(book.trade(tick, ahead + 200, -1, exchange.now_ns()))
    assert [(match.maker, match.size) for match in trades] == [(state.perm_id, 200)]
    del before, heard


def test_an_iceberg_shows_its_peak_and_queues_up_again_for_each_new_one() -> None:
    exchange, _ = market()
    bid, _ = touch(exchange)
    price = round(bid - 3, 2)
    state = exchange.place(order("BUY", 500, "LMT", limit_price=price, display_size=100))
    pass_time(exchange, 1)
    other = exchange.place(order("BUY", 300, "LMT", limit_price=price))
    pass_time(exchange, 1)
    book, now, tick = exchange.book_of(AAPL), exchange.now_ns(), price_to_tick(CENT, price)
    assert book.visible_at(1, tick, now) - book.background_at(1, tick, now) == 100 + 300
    fills = [(match.maker, match.size) for match in book.trade(tick - 1, 600, -1, now)]
    # Its peak first, then the other order, then peak after peak.
    assert fills == [(state.perm_id, 100), (other.perm_id, 300), (state.perm_id, 100), (state.perm_id, 100)]


# ---------------------------------------------------------------- pegged


def test_a_midprice_order_fills_inside_the_spread_and_never_beyond_its_cap() -> None:
    exchange, heard = market()
    bid, ask = touch(exchange, TSLA)
    state = exchange.place(order("BUY", 200, "MIDPRICE", con_id=TSLA, limit_price=round(ask + 5, 2)))
    pass_time(exchange, 600)
    assert state.status == "Filled"
    assert all(one.liquidity == 1 for one in heard.executions)
    capped = exchange.place(order("BUY", 200, "MIDPRICE", con_id=TSLA, limit_price=round(bid - 20, 2)))
    pass_time(exchange, 5)
    working = exchange.desk.orders.get(capped.perm_id)
    assert working is not None
    assert working.limit == price_to_tick(CENT, round(bid - 20, 2))
    assert exchange.preview(order("BUY", 1, "MIDPRICE", con_id=TSLA, what_if=True)).margin_known is False


def test_a_relative_order_stays_its_offset_ahead_of_the_quote() -> None:
    exchange, _ = market()
    state = exchange.place(order("SELL", 100, "REL", aux_price=0.03, con_id=TSLA))
    working = exchange.desk.orders.get(state.perm_id)
    assert working is not None
    places: set[int] = set()
    for _ in range(300):
        pass_time(exchange, 0.5)
        if state.status != "Submitted":
            break
        book = exchange.book_of(TSLA)
        assert book.ask is not None
        assert working.limit == book.ask - 3
        places.add(working.limit)
    assert len(places) > 1 or state.status == "Filled"


# ---------------------------------------------------------------- times


def test_good_after_and_good_till_times_are_kept() -> None:
    exchange, heard = market()
    start = exchange.now_ns()
    _, ask = touch(exchange)
    later = exchange.place(
        order("BUY", 10, good_after_time="20250304 10:05:00 US/Eastern", good_after_ns=start + 5 * MINUTE_NS)
    )
    till = exchange.place(
        order("BUY", 10, "LMT", limit_price=round(ask - 50, 2), tif="GTD",
              good_till_date="20250304 10:10:00 US/Eastern", good_till_ns=start + 10 * MINUTE_NS)
    )  # fmt: skip
    exchange.advance_to(start + 5 * MINUTE_NS - 1)
    assert (later.status, till.status) == ("PreSubmitted", "Submitted")
    exchange.advance_to(start + 5 * MINUTE_NS + NS)
    assert later.status == "Filled"
    assert heard.executions[0].ns >= start + 5 * MINUTE_NS
    exchange.advance_to(start + 10 * MINUTE_NS + NS)
    assert (till.status, till.completed_status) == ("Cancelled", "Expired")
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.place(
            order("BUY", 10, "LMT", limit_price=100.0, tif="GTD", good_till_date="20250304", good_till_ns=start)
        )
    assert refusal.value.code == 334


def test_a_good_till_date_order_lives_over_night() -> None:
    exchange, _ = market()
    bid, _ = touch(exchange)
    ends = exchange.source.calendar.day(1).close_ns - NS
    state = exchange.place(
        order("BUY", 10, "LMT", limit_price=round(bid * 0.6, 2), tif="GTD", good_till_date="20250305 15:59:59",
              good_till_ns=ends)
    )  # fmt: skip
    exchange.advance_to(exchange.source.calendar.day(1).open_ns + NS)
    assert state.status == "Submitted"
    exchange.advance_to(ends + NS)
    assert state.status == "Cancelled"


# ---------------------------------------------------------------- auctions


def test_closing_orders_trade_at_the_closing_price_and_obey_the_cut_offs() -> None:
    exchange, heard = market()
    auction = next(one for one in exchange.source.auctions(AAPL, 0) if one.kind == "close")
    price = auction.tick / 100
    moc = exchange.place(order("BUY", 100, "MOC"))
    near = exchange.place(order("BUY", 100, "LOC", limit_price=round(price + 1, 2)))
    far = exchange.place(order("SELL", 100, "LOC", limit_price=round(price + 20, 2)))
    exchange.advance_to(auction.ns - 9 * MINUTE_NS)
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.cancel(moc.perm_id)
    assert refusal.value.code == 161
    exchange.advance_to(auction.ns - 4 * MINUTE_NS)
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.place(order("BUY", 100, "MOC"))
    assert refusal.value.code == 201
    late = exchange.place(order("BUY", 10, "LOC", limit_price=round(price + 1, 2)))  # Nasdaq takes these until 15:58
    assert not heard.executions
    exchange.advance_to(exchange.source.calendar.day(0).close_ns + NS)
    assert [one.status for one in (moc, near, late, far)] == ["Filled", "Filled", "Filled", "Cancelled"]
    assert {(one.price, one.ns) for one in heard.executions} == {(price, auction.ns)}


def test_opening_orders_wait_for_the_opening_price() -> None:
    exchange, heard = market()
    exchange.advance_to(exchange.source.calendar.day(0).close_ns + MINUTE_NS)
    auction = next(one for one in exchange.source.auctions(AAPL, 1) if one.kind == "open")
    moo = exchange.place(order("BUY", 50, tif="OPG"))
    loo = exchange.place(order("BUY", 50, "LMT", limit_price=round(auction.tick / 100 - 5, 2), tif="OPG"))
    exchange.advance_to(auction.ns - NS)
    assert (moo.status, loo.status) == ("PreSubmitted", "PreSubmitted")
    exchange.advance_to(auction.ns + NS)
    assert (moo.status, loo.status) == ("Filled", "Cancelled")
    assert [(one.price, one.ns) for one in heard.executions] == [(auction.tick / 100, auction.ns)]


def test_no_order_fills_in_a_halt() -> None:
    exchange, heard = market()
    pltr = 444857009
    (halt,) = exchange.source.halts(pltr, 19)
    exchange.advance_to(halt.start_ns - 2 * NS)
    while exchange.now_ns() < halt.start_ns + NS:
        pass_time(exchange, 1)
    assert exchange.top(pltr).halted
    bid, ask = touch(exchange, pltr)
    taker = exchange.place(order("BUY", 100, con_id=pltr))
    resting = exchange.place(order("SELL", 100, "LMT", con_id=pltr, limit_price=round(bid - 1, 2)))
    stop = exchange.place(order("SELL", 100, "STP", con_id=pltr, aux_price=round(ask + 1, 2), trigger_method=4))
    exchange.advance_to(halt.end_ns - NS)
    assert not heard.executions
    assert [one.status for one in (taker, resting, stop)] == ["Submitted", "Submitted", "PreSubmitted"]
    pass_time(exchange, 30)
    assert not exchange.top(pltr).halted
    assert (taker.status, resting.status) == ("Filled", "Filled")
    reopening = [one for one in exchange.source.auctions(pltr, 19) if one.kind == "reopen"]
    assert {one.price for one in heard.executions if one.perm_id in {taker.perm_id, resting.perm_id}} == {
        reopening[0].tick / 100
    }


# ---------------------------------------------------------------- short sales, coins, sessions


def test_a_short_sale_of_scarce_shares_is_held_until_they_are_found() -> None:
    exchange, heard = market()
    assert exchange.source.borrow(GME, exchange.now_ns()).level < 2.5
    bid, _ = touch(exchange, GME)
    state = exchange.place(order("SELL", 100, "LMT", con_id=GME, limit_price=round(bid - 0.05, 2)))
    assert (state.status, state.why_held) == ("PreSubmitted", "locate")
    assert [code for code, _ in state.notices] == [404]
    pass_time(exchange, 15)
    assert not heard.executions
    pass_time(exchange, 400)
    assert (state.status, state.why_held) == ("Filled", "")
    closing = exchange.place(order("BUY", 100, con_id=GME))
    pass_time(exchange, 2)
    assert closing.status == "Filled"
    easy = exchange.place(order("SELL", 100))
    assert easy.why_held == ""


def test_coins_trade_in_fractions_and_market_buys_need_money_not_size() -> None:
    exchange, heard = market()
    _, ask = touch(exchange, BTC)
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.place(order("BUY", "0.1", con_id=BTC, tif="IOC"))
    assert refusal.value.code == 10289
    state = exchange.place(order("BUY", 0, con_id=BTC, tif="IOC", cash_quantity=1000.0))
    pass_time(exchange, 1)
    assert state.status in {"Filled", "Cancelled"}
    assert 0 < state.filled <= Decimal(1000) / Decimal(repr(ask))
    held = exchange.money.ledgers[ACCOUNT].quantity(BTC)
    assert held == state.filled == sum(one.quantity for one in heard.executions)
    sold = exchange.place(order("SELL", str(held), "LMT", con_id=BTC, limit_price=round(ask - 500), tif="IOC"))
    pass_time(exchange, 1)
    assert sold.filled == held
    assert exchange.money.ledgers[ACCOUNT].quantity(BTC) == 0


def test_the_outside_flag_of_a_market_order_is_ignored_and_said_so() -> None:
    exchange, _ = market()
    exchange.advance_to(exchange.source.calendar.day(0).close_ns + MINUTE_NS)
    state = exchange.place(order("BUY", 10, outside_rth=True))
    assert [code for code, _ in state.notices] == [2109]
    pass_time(exchange, 60)
    assert (state.status, int(state.filled)) == ("PreSubmitted", 0)
    pair = exchange.place(order("BUY", 20_000, con_id=EUR))
    assert not pair.notices
