# SPDX-License-Identifier: Apache-2.0
"""Options on the market: what is listed, quotes without arbitrage, Greeks that are derivatives, orders, bars."""

import pytest

from terminal.model.enums import OptionRight
from terminal.model.instrument import Instrument
from terminal.options.pricing import price, years_between
from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.market import Market
from terminal.simulation.simulated import SimulatedSource
from terminal.simulation.trading_days import NS
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
    for strike, both in pairs.items():
        call, put = both[OptionRight.CALL], both[OptionRight.PUT]
        assert call[0] - put[1] <= spot - strike + 0.05 <= call[1] - put[0] + 0.10


@pytest.mark.parametrize("watched", [False, True])
def test_greeks_equal_finite_differences_of_the_markets_own_price(watched: bool) -> None:
    exchange, _ = market()
    assert isinstance(exchange.source, SimulatedSource)
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
            years = years_between(now, contract.expiry_ns)

            def at(s: float, t: float, v: float, k: float = contract.strike, c: bool = contract.call) -> float:
                return float(price(s, k, t, v, c))

            h = spot * 1e-4
            assert seen.option_price == pytest.approx(at(spot, years, vol), abs=1e-9)
            assert seen.delta == pytest.approx(
                (at(spot + h, years, vol) - at(spot - h, years, vol)) / (2 * h), abs=1e-5
            )
            gamma = (at(spot + h, years, vol) - 2 * at(spot, years, vol) + at(spot - h, years, vol)) / h**2
            assert seen.gamma == pytest.approx(gamma, abs=1e-5)
            assert seen.vega == pytest.approx(
                (at(spot, years, vol + 1e-5) - at(spot, years, vol - 1e-5)) / 2e-3, abs=1e-6
            )
            theta = (at(spot, years - 1e-6, vol) - at(spot, years + 1e-6, vol)) / 2e-6 / 365
            assert seen.theta == pytest.approx(theta, abs=1e-5)
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
