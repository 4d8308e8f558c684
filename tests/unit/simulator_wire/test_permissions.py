# SPDX-License-Identifier: Apache-2.0
"""Symbols without permission: refused, or delayed by fifteen minutes of market time, told under ids of their own."""

from collections.abc import AsyncIterator
from dataclasses import replace
from types import ModuleType

import pytest

from brokers.simulator.protocol import requests
from brokers.simulator.protocol.values import Values
from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import SimClock
from terminal.errors import UserError
from tests.unit.simulator_wire.conftest import Connect, ConnectRaw
from tests.unit.simulator_wire.still_market import AAPL, AAPL_CALL, START_NS, S, StillMarket, quote
from tests.unit.simulator_wire.waiting import eventually, note_errors

QUARTER = 900 * S


@pytest.fixture
async def server(market: StillMarket, clock: SimClock) -> AsyncIterator[SimulatedTws]:
    """An account that may see everything but Apple."""
    tws = SimulatedTws(market, clock, ServerOptions(speed=0, unsubscribed=frozenset({"AAPL"})))
    await tws.start()
    yield tws
    await tws.stop()


async def test_live_data_is_refused_and_others_stream(connect: Connect, ib_insync: ModuleType) -> None:
    ib = await connect(1)
    errors = note_errors(ib)
    other = ib.reqMktData(ib_insync.Stock("MSFT", "SMART", "USD"))
    refused = ib.reqMktData(ib_insync.Stock("AAPL", "SMART", "USD"))
    await eventually(lambda: errors and other.last == 236.11)
    assert [code for _, code in errors] == [354]
    assert refused.bid != refused.bid


async def test_delayed_lines_tell_what_stood_a_quarter_of_an_hour_ago(
    connect_raw: ConnectRaw, server: SimulatedTws, market: StillMarket
) -> None:
    before = quote(AAPL, 230.1, 230.15, 230.12)
    later = replace(before, bid=231.0, last=231.02, volume=12_500)
    market.past = [(START_NS - QUARTER, before), (START_NS - QUARTER + 2 * S, later)]
    client = await connect_raw(1)
    client.send(requests.REQ_MARKET_DATA_TYPE, type=3)
    client.send(requests.REQ_MKT_DATA, req_id=9, con_id=AAPL, exchange="SMART", generic_ticks="100,101,233")
    await client.until("tickGeneric", tick_type=90)
    told = client.received[5:]
    assert [name for name, _ in told[:3]] == ["error", "marketDataType", "tickReqParams"]
    assert (told[0][1]["req_id"], told[0][1]["code"]) == (9, 10167)
    assert told[1][1]["type"] == 3
    prices = {one["tick_type"]: one["price"] for name, one in told if name == "tickPrice"}
    assert prices == {66: 230.1, 67: 230.15, 68: 230.12, 76: 236.0, 72: 238.5, 73: 235.25, 75: 235.75}
    sizes = {one["tick_type"]: one["size"] for name, one in told if name == "tickSize"}
    assert sizes == {69: 300, 70: 400, 71: 100, 74: 12_300}
    assert not {kind for con_id, kind in market.watched if con_id == AAPL}

    client.received.clear()
    server.pump.step(1)  # the live market moves, and one second of the past goes by: nothing new there
    market.set_top(quote(AAPL, 240.0, 240.1, 240.05))
    server.pump.step(1)
    await client.until("tickSize", tick_type=74)
    moved = [(name, one["tick_type"]) for name, one in client.received]
    assert moved == [
        ("tickPrice", 66),
        ("tickPrice", 68),
        ("tickSize", 71),
        ("tickString", 88),
        ("tickSize", 74),
    ]


async def test_what_the_market_does_not_know_of_the_past_is_not_told(
    connect_raw: ConnectRaw, market: StillMarket
) -> None:
    empty = replace(
        quote(AAPL, None, None), open=None, high=None, low=None, previous_close=None, bid_size=0, ask_size=0
    )
    market.past = [(START_NS - QUARTER, empty)]
    client = await connect_raw(1)
    client.send(requests.REQ_MARKET_DATA_TYPE, type=4)
    client.send(requests.REQ_MKT_DATA, req_id=9, con_id=AAPL, exchange="SMART")
    await client.until("tickGeneric", tick_type=90)
    prices = {one["tick_type"]: one["price"] for name, one in client.received if name == "tickPrice"}
    assert prices == {66: -1, 67: -1}


async def test_a_permitted_symbol_stays_live_for_who_takes_delayed_data(
    connect: Connect, ib_insync: ModuleType
) -> None:
    ib = await connect(1)
    ib.reqMarketDataType(3)
    ticker = ib.reqMktData(ib_insync.Stock("MSFT", "SMART", "USD"))
    await eventually(lambda: ticker.volume == 12_300)
    assert ticker.marketDataType == 1


async def test_options_of_a_symbol_share_its_fate(connect_raw: ConnectRaw, market: StillMarket) -> None:
    market.past = [(START_NS - QUARTER, quote(AAPL_CALL, 3.9, 4.0, 3.95))]
    client = await connect_raw(1)
    client.send(requests.REQ_MARKET_DATA_TYPE, type=3)
    client.send(requests.REQ_MKT_DATA, req_id=9, con_id=AAPL_CALL, exchange="SMART")
    await client.until("tickPrice", tick_type=68)
    assert not [one for name, one in client.received if name == "tickOptionComputation"]


async def test_what_has_no_delayed_form_is_refused_with_its_own_code(
    connect_raw: ConnectRaw, market: StillMarket
) -> None:
    market.rows[AAPL] = ([(236.1, 300, "")], [(236.12, 400, "")])
    client = await connect_raw(1)
    client.send(requests.REQ_MARKET_DATA_TYPE, type=3)
    client.send(requests.REQ_TICK_BY_TICK, req_id=1, con_id=AAPL, exchange="SMART", type="AllLast")
    client.send(requests.REQ_MKT_DEPTH, req_id=2, con_id=AAPL, exchange="SMART", rows=5)
    bars: Values = {"duration": "1 D", "bar_size": "1 min", "what_to_show": "TRADES", "format_date": 1}
    client.send(requests.REQ_HISTORICAL_DATA, req_id=3, con_id=AAPL, exchange="SMART", **bars)
    client.send(requests.REQ_REAL_TIME_BARS, req_id=4, con_id=AAPL, exchange="SMART", bar_size=5, what_to_show="TRADES")
    client.send(
        requests.REQ_HISTORICAL_TICKS, req_id=5, con_id=AAPL, exchange="SMART", count=10, what_to_show="TRADES",
        end="20250106-15:00:00",
    )  # fmt: skip
    client.send(requests.REQ_CURRENT_TIME)
    await client.until("currentTime")
    refusals = [(one["req_id"], one["code"]) for name, one in client.received[5:] if name == "error"]
    assert refusals == [(1, 10189), (2, 354), (3, 162), (4, 420), (5, 10187)]
    assert not market.watched


async def test_a_symbol_that_the_market_does_not_have_is_named(market: StillMarket, clock: SimClock) -> None:
    with pytest.raises(UserError, match=r"no APPL to withhold.*AAPL") as refusal:
        SimulatedTws(market, clock, ServerOptions(unsubscribed=frozenset({"APPL", "MSFT"})))
    assert refusal.value.code == "SIM-015"
