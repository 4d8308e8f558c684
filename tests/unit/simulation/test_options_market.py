# SPDX-License-Identifier: Apache-2.0
"""Options on the market: what is listed, quotes without arbitrage, Greeks that are derivatives, orders, bars."""

from datetime import date, time
from itertools import pairwise
from math import exp

import numpy as np
import pytest

from terminal.model.enums import OptionRight
from terminal.model.instrument import Instrument
from terminal.options.pricing import years_between
from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.market import Market
from terminal.simulation.option_chain import Contract
from terminal.simulation.option_quotes import RATE, OptionQuotes
from terminal.simulation.simulated import SimulatedSource
from terminal.simulation.trading_days import NS, local_ns
from tests.unit.simulation.floor_case import AAPL, IBM, SPY, market, order, pass_time


def chain(exchange: Market, symbol: str = "AAPL", expiry: str = "20250321") -> list[Instrument]:
    return list(exchange.find(symbol=symbol, sec_type="OPT", expiry=expiry))


def test_listed_contracts_are_found_by_every_road() -> None:
    exchange, _ = market()
    (row,) = exchange.option_chain(AAPL)
    assert row[:3] == ("SMART", "AAPL", "100")
    assert row[3][0] == "20250307"
    assert "20250417" in row[3]  # the 18th is Good Friday
    assert "20250321" in row[3]
    one = chain(exchange)[0]
    assert exchange.instrument(one.broker_id or 0) == one
    again = exchange.find(
        symbol="AAPL", sec_type="OPT", expiry="20250321", strike=float(one.strike or 0),
        right="C" if one.right is OptionRight.CALL else "P",
    )  # fmt: skip
    assert list(again) == [one]
    assert exchange.find(symbol="", sec_type="OPT", local_symbol=one.local_symbol)[0] == one
    assert one.local_symbol.startswith("AAPL  250321C")
    ids = [
        item.broker_id for symbol in ("AAPL", "SPY", "META") for item in exchange.find(symbol=symbol, sec_type="OPT")
    ]
    assert len(ids) == len(set(ids)) > 3000
    assert not exchange.find(symbol="AAPL", sec_type="OPT", expiry="20250321", strike=241.37)
    assert not exchange.option_chain(999)


def test_contract_ids_mean_the_same_in_every_market() -> None:
    first, second = (list(market(seed)[0].find(symbol="IBM", sec_type="OPT", expiry="20250417"))[20] for seed in (1, 1))
    assert first == second
    other = market(2)[0].instrument(first.broker_id or 0)
    assert other is not None
    assert other.id == first.id


@pytest.mark.parametrize(("symbol", "con_id"), [("AAPL", AAPL), ("SPY", SPY), ("IBM", IBM)])
def test_quotes_stand_on_their_ticks_around_the_model_and_keep_parity(symbol: str, con_id: int) -> None:
    exchange, _ = market()
    spot = (exchange.top(con_id).bid or 0) / 2 + (exchange.top(con_id).ask or 0) / 2
    pairs: dict[float, dict[OptionRight, tuple[float, float]]] = {}
    for item in chain(exchange, symbol):
        seen = exchange.top(item.broker_id or 0)
        model = exchange.greeks(item.broker_id or 0, "model")
        assert seen.ask is not None
        assert model is not None
        assert model.option_price is not None
        assert (seen.bid or 0.0) <= model.option_price + 1e-9
        assert seen.ask >= model.option_price - 1e-9
        assert seen.ask > (seen.bid or 0.0)
        for quoted in (seen.bid, seen.ask):
            assert quoted is None or (item.on_tick(item.snap(quoted)) and float(item.snap(quoted)) == quoted)
        assert item.right is not None
        pairs.setdefault(float(item.strike or 0), {})[item.right] = (seen.bid or 0.0, seen.ask)
    for strike, both in pairs.items():  # American: the bounds of Hull, chapter 11, no dividend before this expiry
        call, put = both[OptionRight.CALL], both[OptionRight.PUT]
        years = years_between(exchange.now_ns(), local_ns(date(2025, 3, 21), time(16, 0)))
        assert call[0] - put[1] <= spot - strike * exp(-RATE * years) + 0.05
        assert call[1] - put[0] >= spot - strike - (1.8 if symbol == "SPY" else 0.0) - 0.05  # SPY goes ex on the 21st


@pytest.mark.parametrize("watched", [False, True])
def test_greeks_equal_finite_differences_of_the_markets_own_price(watched: bool) -> None:
    exchange, _ = market()
    assert isinstance(exchange.source, SimulatedSource)
    quotes = exchange.source.options.quotes
    if watched:  # a watched chain is computed as one board
        for item in chain(exchange):
            exchange.watch(item.broker_id or 0, "greeks")
        pass_time(exchange, 3)
    checked = 0
    for item in chain(exchange)[::3]:
        con_id = item.broker_id or 0
        contract = exchange.source.options.need(con_id)
        for source in ("model", "bid", "ask", "last"):
            seen = exchange.greeks(con_id, source)
            if seen is None or seen.delta is None:
                continue
            assert seen.underlying_price is not None
            assert seen.implied_volatility is not None
            now = exchange.source.options.refresh_ns(contract.spec, exchange.now_ns())
            spot, vol = seen.underlying_price, seen.implied_volatility
            if seen.vega == 0.0:  # worth what exercise gives now
                assert seen.option_price == pytest.approx(abs(spot - contract.strike))
                continue

            def at(s: float, ns: int, v: float, c: Contract = contract, q: OptionQuotes = quotes) -> float:
                return float(q.worth(c, s, v, ns).worth.price[0])

            h, second = spot * 1e-4, 60 * NS
            assert seen.option_price == pytest.approx(at(spot, now, vol), abs=1e-6)
            assert seen.delta == pytest.approx((at(spot + h, now, vol) - at(spot - h, now, vol)) / (2 * h), abs=1e-4)
            gamma = (at(spot + h, now, vol) - 2 * at(spot, now, vol) + at(spot - h, now, vol)) / h**2
            assert seen.gamma == pytest.approx(gamma, abs=2e-3)
            assert seen.vega == pytest.approx((at(spot, now, vol + 1e-5) - at(spot, now, vol - 1e-5)) / 2e-3, abs=1e-4)
            theta = (at(spot, now + second, vol) - at(spot, now - second, vol)) / 2 * 1440
            assert seen.theta == pytest.approx(theta, abs=1e-3)
            checked += 1
    assert checked > 40


def test_the_chain_streams_with_its_underlying() -> None:
    exchange, heard = market()
    contracts = [item.broker_id or 0 for item in chain(exchange)[20:60]]
    for con_id in contracts:
        exchange.watch(con_id, "top")
        exchange.watch(con_id, "greeks")
    pass_time(exchange, 10)
    assert {top.con_id for top in heard.tops} == set(contracts)
    for con_id in contracts:
        latest = [top for top in heard.tops if top.con_id == con_id][-1]
        assert (latest.bid, latest.ask) == (exchange.top(con_id).bid, exchange.top(con_id).ask)
    count = len(heard.tops)
    for con_id in contracts:
        exchange.unwatch(con_id, "top")
        exchange.unwatch(con_id, "greeks")
    pass_time(exchange, 10)
    assert len(heard.tops) == count


def test_an_order_fills_against_the_displayed_size() -> None:
    exchange, heard = market()
    spot = exchange.mark(AAPL)
    item = min(chain(exchange), key=lambda one: abs(float(one.strike or 0) - spot))
    con_id = item.broker_id or 0
    top = exchange.top(con_id)
    state = exchange.place(order("BUY", int(top.ask_size) + 40, con_id=con_id))
    pass_time(exchange, 1)
    parts = [one for one in heard.executions if one.perm_id == state.perm_id]
    assert len(parts) > 1
    assert all(item.on_tick(item.snap(one.price)) for one in parts)
    assert [one.price for one in parts] == sorted(one.price for one in parts)
    assert parts[0].price >= (top.ask or 0) - 0.10
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.place(order("BUY", 1, "LMT", con_id=con_id, limit_price=3.01))
    assert refusal.value.code == 110


def test_one_contract_cannot_work_on_both_sides() -> None:
    exchange, _ = market()
    con_id = chain(exchange)[40].broker_id or 0
    entry = exchange.place(order("BUY", 1, "LMT", con_id=con_id, limit_price=0.05, transmit=False))
    exchange.place(order("SELL", 1, "STP", con_id=con_id, aux_price=0.05, parent_perm_id=entry.perm_id))
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.place(order("SELL", 1, "LMT", con_id=con_id, limit_price=50.0))
    assert refusal.value.code == 201


def test_options_have_no_quote_outside_the_regular_session_and_no_depth() -> None:
    exchange, _ = market()
    con_id = chain(exchange)[40].broker_id or 0
    exchange.advance_to(exchange.source.calendar.day(0).close_ns - 5 * NS)
    exchange.watch(con_id, "top")
    exchange.advance_to(exchange.source.calendar.day(0).close_ns + 2 * NS)
    assert (exchange.top(con_id).bid, exchange.top(con_id).ask) == (None, None)
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.book(con_id, 5)
    assert refusal.value.code == 10092


def test_streamed_prints_are_the_history() -> None:
    exchange, heard = market()
    spot = exchange.mark(SPY)
    items = sorted(chain(exchange, "SPY", "20250304"), key=lambda one: abs(float(one.strike or 0) - spot))[:10]
    start = exchange.now_ns()
    for item in items:
        exchange.watch(item.broker_id or 0, "prints")
    pass_time(exchange, 1800)
    assert heard.prints
    for item in items:
        con_id = item.broker_id or 0
        streamed = [one for one in heard.prints if one.con_id == con_id]
        assert list(exchange.prints(con_id, start_ns=start + 1, end_ns=exchange.now_ns(), limit=10_000)) == streamed
        bars = exchange.bars(
            con_id, seconds=60, start_ns=start, end_ns=exchange.now_ns(), what="TRADES", regular_only=True
        )
        assert sum(bar.volume for bar in bars) == sum(one.size for one in streamed)


def test_expiry_day_ends_at_four() -> None:
    exchange, _ = market()
    item = chain(exchange, "SPY", "20250304")[0]
    assert item.expiry is not None
    assert item.liquid_hours[-1].end_ns == exchange.source.calendar.day(0).close_ns
    contract = (
        exchange.source.options.need(item.broker_id or 0) if isinstance(exchange.source, SimulatedSource) else None
    )
    assert contract is not None
    assert contract.expiry_ns == exchange.source.calendar.day(0).close_ns


def test_index_options_end_in_the_morning_or_the_afternoon_and_settle_in_cash() -> None:
    exchange, _ = market()
    source = exchange.source
    monthly, daily = exchange.option_chain(416904)
    assert (monthly[1], daily[1]) == ("SPX", "SPXW")
    assert "20250320" in monthly[3]  # trades until Thursday, settles on Friday's opening quotation
    assert {"20250304", "20250321"} <= set(daily[3])
    one = exchange.find(symbol="SPX", sec_type="OPT", expiry="20250320", trading_class="SPX")[0]
    terms = source.terms(one.broker_id or 0)
    assert terms is not None
    assert (terms.style, terms.settlement, terms.morning) == ("european", "cash", True)
    assert terms.last_trade_ns == local_ns(date(2025, 3, 20), time(16, 0))
    assert terms.settle_ns == local_ns(date(2025, 3, 21), time(9, 30))
    assert one.id.startswith("SPX 20250320")
    settled = source.calendar.index_of(date(2025, 3, 21))
    assert source.settlement_price(one.broker_id or 0, settled) == source.official_open(416904, settled)
    evening = exchange.find(symbol="SPX", sec_type="OPT", expiry="20250321", trading_class="SPXW")[0]
    assert source.settlement_price(evening.broker_id or 0, settled) == source.official_close(416904, settled)
    assert evening.id.startswith("SPX/SPXW 20250321")
    fear = exchange.find(symbol="VIX", sec_type="OPT", expiry="20250318")
    assert fear  # Wednesday 19 March is thirty days before the third Friday of April
    ends = source.terms(fear[0].broker_id or 0)
    assert ends is not None
    assert ends.settle_ns == local_ns(date(2025, 3, 19), time(9, 30))


@pytest.mark.parametrize(("symbol", "expiry"), [("SPX", "20250620"), ("VIX", "20250318")])
def test_european_calls_and_puts_keep_parity_exactly(symbol: str, expiry: str) -> None:
    exchange, _ = market()
    assert isinstance(exchange.source, SimulatedSource)
    ns = exchange.now_ns()
    options = exchange.source.options
    pairs: dict[tuple[str, float], dict[bool, Contract]] = {}
    for item in exchange.find(symbol=symbol, sec_type="OPT", expiry=expiry):
        contract = options.need(item.broker_id or 0)
        pairs.setdefault((contract.option_class.name, contract.strike), {})[contract.call] = contract
    forwards: dict[str, list[float]] = {}
    for (name, strike), both in pairs.items():
        call, put = (float(options.quotes.fair(both[c].spec, [both[c]], ns).worth.price[0]) for c in (True, False))
        growth = exp(RATE * years_between(ns, both[True].expiry_ns))
        forwards.setdefault(name, []).append(strike + (call - put) * growth)
    for found in forwards.values():
        assert max(found) - min(found) < 1e-6 * max(found)


def test_early_exercise_is_worth_something_where_it_should_be() -> None:
    exchange, _ = market()
    assert isinstance(exchange.source, SimulatedSource)
    quotes, listing, ns = exchange.source.options.quotes, exchange.source.options.listing, exchange.now_ns()
    jpm = exchange.find(symbol="JPM", sec_type="OPT", expiry="20250417")  # goes ex on the 7th of April
    calls = [listing.contract(item.broker_id or 0) for item in jpm if item.right is OptionRight.CALL]
    deep = min((item for item in calls if item is not None), key=lambda item: item.strike)
    spot = quotes.spot(deep.spec, ns)
    fair = quotes.fair(deep.spec, [deep], ns)
    assert fair.pv[0] == pytest.approx(1.4, abs=0.01)
    european = spot - fair.pv[0] - deep.strike * exp(-RATE * years_between(ns, deep.expiry_ns))
    assert fair.worth.price[0] > european + 0.3
    assert fair.worth.price[0] >= spot - deep.strike


def test_leaps_and_strikes_follow_the_listing_pattern() -> None:
    exchange, _ = market()
    (row,) = exchange.option_chain(AAPL)
    assert {"20260116", "20270115"} <= set(row[3])

    def near(expiry: str) -> set[float]:
        strikes = sorted({float(item.strike or 0) for item in chain(exchange, "AAPL", expiry)})
        return {b - a for a, b in pairwise(strikes) if abs(a - 237) < 10}

    assert near("20250307") == {2.5}
    assert near("20260116") == {10.0}


def test_the_volatility_index_is_the_strip_of_the_index_options() -> None:
    """Cboe's formula over the market's own thirty-day strip gives what the index shows."""
    exchange, _ = market()
    assert isinstance(exchange.source, SimulatedSource)
    source, ns = exchange.source, exchange.now_ns()
    spx = source.options.listing.classes("SPXW")[0]
    until, strikes = ns + 30 * 86_400 * NS, np.arange(2500.0, 9500.0, 5.0)
    spot = source.options.quotes.spot(spx.spec, ns)
    contracts = [
        Contract(0, spx, date(2025, 4, 3), float(strike), float(strike) > spot, until, until) for strike in strikes
    ]
    fair = source.options.quotes.fair(spx.spec, contracts, ns)
    years = 30 / 365
    growth = exp(RATE * years)
    forward = spot * exp((RATE - 0.0125) * years)
    below = strikes[strikes <= forward].max()
    strip = 2 / years * growth * float((5.0 / strikes**2 * fair.worth.price).sum()) - (forward / below - 1) ** 2 / years
    assert exchange.top(13455763).last == pytest.approx(100 * strip**0.5, abs=0.35)
