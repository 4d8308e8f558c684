# SPDX-License-Identifier: Apache-2.0
"""Level 1, depth and tick-by-tick, through the real client; the limits and refusals of IBKR."""

import asyncio
from decimal import Decimal
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.simulator.handlers_depth import Level, Operation, differences
from brokers.simulator.protocol import requests
from brokers.simulator.protocol.values import Values
from brokers.simulator.server import SimulatedTws
from terminal.clock import SimClock
from terminal.simulation.exchange_port import SimGreeks
from tests.conftest import AllowLogs
from tests.unit.simulator_wire.conftest import Connect, ConnectRaw
from tests.unit.simulator_wire.still_market import AAPL, AAPL_CALL, ES, EUR, MSFT, START_NS, StillMarket, quote
from tests.unit.simulator_wire.waiting import eventually, note_errors

if TYPE_CHECKING:
    from ib_insync import Ticker

MAKER = ""


# ------------------------------------------------------------------ level 1
async def test_a_line_shows_the_quote_and_follows_it(
    connect: Connect, server: SimulatedTws, market: StillMarket, ib_insync: ModuleType
) -> None:
    ib = await connect(1)
    ticker = ib.reqMktData(ib_insync.Stock("AAPL", "SMART", "USD"))
    await eventually(lambda: ticker.volume == 12_300)
    assert (ticker.bid, ticker.bidSize, ticker.ask, ticker.askSize) == (236.1, 300, 236.12, 400)
    assert (ticker.last, ticker.open, ticker.high, ticker.low) == (236.11, 236.0, 238.5, 235.25)
    assert (ticker.close, ticker.halted, ticker.marketDataType) == (235.75, 0, 1)
    assert (ticker.minTick, ticker.bboExchange) == (0.01, "9c0001")

    market.set_top(quote(AAPL, 237.0, 237.5, 237.25))
    server.pump.step(0.25)
    await eventually(lambda: ticker.last == 237.25)
    assert (ticker.bid, ticker.ask) == (237.0, 237.5)

    market.set_top(quote(AAPL, None, 237.5, 237.25))
    server.pump.step(0.25)
    await eventually(lambda: ticker.bid == -1)
    assert ticker.bidSize == 0


async def test_the_data_type_and_parameters_come_before_the_first_tick(connect_raw: ConnectRaw) -> None:
    client = await connect_raw(1)
    client.send(requests.REQ_MKT_DATA, req_id=9, con_id=AAPL, exchange="SMART")
    await client.until("tickPrice", tick_type=1)
    names = [name for name, _ in client.received[5:]]
    assert names == ["marketDataType", "tickReqParams", "tickPrice"]


async def test_only_what_changed_is_sent_again(
    connect_raw: ConnectRaw, server: SimulatedTws, market: StillMarket
) -> None:
    client = await connect_raw(1)
    client.send(requests.REQ_MKT_DATA, req_id=9, con_id=AAPL, exchange="SMART")
    await client.until("tickGeneric", tick_type=49)
    client.received.clear()
    market.set_top(market.tops[AAPL])
    server.pump.step(0.25)
    market.set_top(quote(AAPL, 236.1, 236.15, 236.11))
    server.pump.step(0.25)
    client.send(requests.REQ_CURRENT_TIME)
    await client.until("currentTime")
    assert [(name, values.get("tick_type")) for name, values in client.received] == [
        ("tickPrice", 2),
        ("currentTime", None),
    ]


async def test_an_option_line_carries_four_computations(
    connect: Connect, server: SimulatedTws, market: StillMarket, ib_insync: ModuleType
) -> None:
    for source, volatility in (("bid", 0.21), ("ask", 0.23), ("last", 0.22), ("model", 0.225)):
        market.model[AAPL_CALL, source] = SimGreeks(
            con_id=AAPL_CALL,
            implied_volatility=volatility,
            delta=0.42,
            option_price=4.15,
            pv_dividend=0.0,
            gamma=0.03,
            vega=0.12,
            theta=-0.2,
            underlying_price=None if source == "last" else 236.11,
        )
    market.facts[AAPL_CALL] = {"open_interest": 1234.0}
    ib = await connect(1)
    option = ib_insync.Option("AAPL", "20250117", 240, "C", "SMART", currency="USD")
    ticker = ib.reqMktData(option, "100,101,106")
    await eventually(lambda: ticker.modelGreeks and ticker.callOpenInterest == 1234)
    computations = [ticker.bidGreeks, ticker.askGreeks, ticker.lastGreeks, ticker.modelGreeks]
    assert [one and (one.impliedVol, one.delta, one.undPrice) for one in computations] == [
        (0.21, 0.42, 236.11),
        (0.23, 0.42, 236.11),
        (0.22, 0.42, None),
        (0.225, 0.42, 236.11),
    ]
    assert (AAPL_CALL, "greeks") in market.watched


async def test_rt_volume_comes_with_every_print(connect: Connect, market: StillMarket, ib_insync: ModuleType) -> None:
    market.facts[AAPL] = {"vwap": 236.5}
    ib = await connect(1)
    ticker = ib.reqMktData(ib_insync.Stock("AAPL", "SMART", "USD"), "233")
    await eventually(lambda: (AAPL, "prints") in market.watched)
    market.trade(AAPL, 236.4, 200)
    await eventually(lambda: ticker.rtVolume == 12_300)
    assert ticker.vwap == 236.5


async def test_a_snapshot_ends_at_once_when_complete_and_after_eleven_seconds_otherwise(
    connect: Connect, server: SimulatedTws, market: StillMarket, ib_insync: ModuleType
) -> None:
    ib = await connect(1)
    (ticker,) = await ib.reqTickersAsync(ib_insync.Stock("AAPL", "SMART", "USD"))
    assert ticker.last == 236.11
    assert not market.watched
    market.tops[MSFT] = quote(MSFT, 400.0, None)
    pending = asyncio.ensure_future(ib.reqTickersAsync(ib_insync.Stock("MSFT", "SMART", "USD")))
    await eventually(lambda: market.watched)
    server.pump.step(10.9)
    assert market.watched
    server.pump.step(0.2)
    (ticker,) = await pending
    assert ticker.bid == 400.0


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"con_id": 99, "exchange": "SMART"}, 200),
        ({"symbol": "NOPE", "sec_type": "STK", "exchange": "SMART"}, 200),
        ({"sec_type": "STK", "currency": "USD", "exchange": "SMART"}, 321),
        ({"con_id": AAPL}, 321),
        ({"con_id": AAPL, "exchange": "LSE"}, 200),
        ({"con_id": AAPL, "exchange": "SMART", "generic_ticks": "233,999"}, 321),
        ({"con_id": AAPL, "exchange": "SMART", "generic_ticks": "233", "snapshot": True}, 321),
        ({"con_id": AAPL, "exchange": "SMART", "regulatory_snapshot": True}, 10089),
        ({"symbol": "AAPL", "sec_type": "BAG", "exchange": "SMART"}, 321),
        ({"sec_type": "STK", "symbol": "AAPL", "exchange": "SMART", "primary_exchange": "NYSE"}, 200),
    ],
)
async def test_a_line_that_cannot_be_is_refused(
    connect_raw: ConnectRaw, market: StillMarket, values: Values, code: int
) -> None:
    client = await connect_raw(1)
    client.send(requests.REQ_MKT_DATA, req_id=9, **values)
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (9, code)
    assert not market.watched


async def test_one_hundred_lines_and_no_more(connect_raw: ConnectRaw, clock: SimClock) -> None:
    client = await connect_raw(1)
    for req_id in range(1, 102):
        if req_id % 40 == 0:
            await client.until("tickReqParams", req_id=req_id - 1)
            clock.advance(1.0)
        client.send(requests.REQ_MKT_DATA, req_id=req_id, con_id=AAPL, exchange="SMART")
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (101, 101)


async def test_unknown_and_repeated_ids_are_errors(connect_raw: ConnectRaw) -> None:
    client = await connect_raw(1)
    client.send(requests.REQ_MKT_DATA, req_id=1, con_id=AAPL, exchange="SMART")
    client.send(requests.REQ_MKT_DATA, req_id=1, con_id=MSFT, exchange="SMART")
    assert (await client.until("error"))["code"] == 322
    for message, code in (
        (requests.CANCEL_MKT_DATA, 300),
        (requests.CANCEL_MKT_DEPTH, 310),
        (requests.CANCEL_TICK_BY_TICK, 300),
    ):
        client.send(message, req_id=77)
        error = await client.until("error")
        assert (error["req_id"], error["code"]) == (77, code)


# ------------------------------------------------------------------ depth
async def test_the_book_of_the_client_equals_the_market(
    connect: Connect, server: SimulatedTws, market: StillMarket, ib_insync: ModuleType
) -> None:
    market.set_book(AAPL, [(10.0, 1, ""), (9.9, 2, ""), (9.8, 3, "")], [(10.1, 1, ""), (10.2, 5, "")])
    ib = await connect(1)
    ticker = ib.reqMktDepth(ib_insync.Stock("AAPL", "SMART", "USD"), numRows=5)
    await eventually(lambda: len(ticker.domBids) == 3 and len(ticker.domAsks) == 2)
    steps: list[tuple[list[tuple[float, float, str]], list[tuple[float, float, str]]]] = [
        ([(10.0, 1, ""), (9.8, 3, "")], [(10.1, 1, ""), (10.2, 5, "")]),
        ([(10.05, 7, ""), (10.0, 4, ""), (9.8, 3, "")], [(10.2, 5, "")]),
        ([(9.7, 1, "")], [(10.15, 1, ""), (10.2, 6, ""), (10.3, 1, ""), (10.4, 2, "")]),
        ([], [(11.0, 1, "")]),
    ]
    for bids, asks in steps:
        market.set_book(AAPL, bids, asks)
        server.pump.step(0.1)
        await eventually(partial(_shows, ticker, bids, asks))


def _shows(ticker: "Ticker", bids: list[tuple[float, float, str]], asks: list[tuple[float, float, str]]) -> bool:
    shown = [[(row.price, row.size) for row in rows] for rows in (ticker.domBids, ticker.domAsks)]
    return shown == [[row[:2] for row in rows] for rows in (bids, asks)]


async def test_a_new_day_clears_the_book_of_the_client(
    connect: Connect, server: SimulatedTws, market: StillMarket, ib_insync: ModuleType, allow_logs: AllowLogs
) -> None:
    allow_logs("ib_insync.wrapper")
    market.set_book(AAPL, [(10.0, 1, ""), (9.9, 2, "")], [(10.1, 1, "")])
    ib = await connect(1)
    errors = note_errors(ib)
    ticker = ib.reqMktDepth(ib_insync.Stock("AAPL", "SMART", "USD"), numRows=5)
    await eventually(lambda: len(ticker.domBids) == 2)
    server.on_session("day_end")
    market.rows[AAPL] = ([(11.0, 3, "")], [])
    server.pump.step(0.1)
    await eventually(lambda: [(row.price, row.size) for row in ticker.domBids] == [(11.0, 3)])
    assert not ticker.domAsks
    assert [code for _, code in errors] == [317]


_SIDE = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 5)), max_size=8, unique_by=lambda row: row[0]).map(
    lambda rows: [Level(float(price), float(size), MAKER) for price, size in sorted(rows)]
)


@given(_SIDE, _SIDE)
def test_differences_turn_any_book_into_any_other(shown: list[Level], wanted: list[Level]) -> None:
    rows, longest = list(shown), len(shown)
    for position, operation, level in differences(shown, wanted):
        match operation:
            case Operation.INSERT:
                rows.insert(position, level)
            case Operation.UPDATE:
                rows[position] = level
            case Operation.DELETE:
                del rows[position]
        longest = max(longest, len(rows))
    assert rows == wanted
    assert longest <= max(len(shown), len(wanted))


async def test_three_books_and_no_more_and_none_without_a_book(connect_raw: ConnectRaw, market: StillMarket) -> None:
    market.set_book(AAPL, [(10.0, 1, "ARCA")], [])
    client = await connect_raw(1)
    for req_id in range(1, 5):
        client.send(requests.REQ_MKT_DEPTH, req_id=req_id, con_id=AAPL, exchange="SMART", rows=5, smart_depth=True)
    row = await client.until("updateMktDepthL2", req_id=3)
    assert (row["market_maker"], row["smart_depth"], row["side"]) == ("ARCA", True, 1)
    assert (await client.until("error"))["code"] == 309
    client.send(requests.CANCEL_MKT_DEPTH, req_id=1, smart_depth=True)
    client.send(requests.REQ_MKT_DEPTH, req_id=9, con_id=ES, exchange="CME", rows=5)
    assert (await client.until("error"))["code"] == 10092


# ------------------------------------------------------------------ tick by tick
async def test_every_print_arrives_in_order(connect: Connect, market: StillMarket, ib_insync: ModuleType) -> None:
    ib = await connect(1)
    contract = ib_insync.Stock("AAPL", "SMART", "USD")
    ticker = ib.reqTickByTickData(contract, "AllLast")
    await eventually(lambda: (AAPL, "prints") in market.watched)
    seen: list[tuple[float, float]] = []

    def note(tickers: Any) -> None:
        seen.extend((tick.price, tick.size) for one in tickers for tick in one.tickByTicks)

    ib.pendingTickersEvent += note
    for number in range(50):
        market.trade(AAPL, 236 + number / 100, 10 + number, unreported=number % 7 == 0)
    await eventually(lambda: len(seen) == 50)
    assert seen == [(236 + number / 100, 10 + number) for number in range(50)]
    assert ticker.last == 236.49


async def test_last_leaves_out_what_is_not_reported_and_brings_past_ticks(
    connect_raw: ConnectRaw, market: StillMarket, server: SimulatedTws
) -> None:
    market.trade(AAPL, 236.0, 10)
    server.pump.step(1)
    client = await connect_raw(1)
    client.send(requests.REQ_TICK_BY_TICK, req_id=4, con_id=AAPL, exchange="SMART", type="Last", count=5)
    past = await client.until("historicalTicksLast")
    assert past["done"] is True
    assert past["ticks"] == [
        {
            "epoch": START_NS // 1_000_000_000,
            "mask": 0,
            "price": 236.0,
            "size": Decimal(10),
            "exchange": "NASDAQ",
            "conditions": "",
        }
    ]
    market.trade(AAPL, 236.1, 10, unreported=True)
    market.trade(AAPL, 236.2, 10)
    assert (await client.until("tickByTick"))["price"] == 236.2


async def test_quote_streams_follow_the_top(connect_raw: ConnectRaw, market: StillMarket) -> None:
    client = await connect_raw(1)
    client.send(requests.REQ_TICK_BY_TICK, req_id=4, con_id=EUR, exchange="IDEALPRO", type="BidAsk")
    client.send(requests.REQ_TICK_BY_TICK, req_id=5, con_id=EUR, exchange="IDEALPRO", type="MidPoint")
    first = await client.until("tickByTick", type=3)
    assert (first["bid"], first["ask"], first["bid_size"]) == (236.1, 236.12, 300)
    await client.until("tickByTick", type=4)
    market.set_top(quote(EUR, 1.05, 1.06))
    assert (await client.until("tickByTick", type=3))["ask"] == 1.06
    assert (await client.until("tickByTick", type=4))["midpoint"] == pytest.approx(1.055)


async def test_five_streams_and_no_prints_for_currencies(connect_raw: ConnectRaw) -> None:
    client = await connect_raw(1)
    client.send(requests.REQ_TICK_BY_TICK, req_id=1, con_id=EUR, exchange="IDEALPRO", type="Last")
    assert (await client.until("error"))["code"] == 10189
    client.send(requests.REQ_TICK_BY_TICK, req_id=1, con_id=AAPL, exchange="SMART", type="Trades")
    assert (await client.until("error"))["code"] == 321
    for req_id in range(1, 7):
        client.send(requests.REQ_TICK_BY_TICK, req_id=req_id, con_id=AAPL, exchange="SMART", type="AllLast")
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (6, 10190)
