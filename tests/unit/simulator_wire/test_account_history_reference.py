# SPDX-License-Identifier: Apache-2.0
"""Account figures, historical data and reference data, through the real client and bare frames."""

from datetime import UTC, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from brokers.simulator.bar_requests import parse_time, start_of
from brokers.simulator.protocol import requests
from brokers.simulator.protocol.language import Message
from brokers.simulator.protocol.values import Values
from brokers.simulator.server import SimulatedTws
from terminal.clock import SimClock
from terminal.model.ids import InstrumentId
from terminal.model.market import Bar
from tests.conftest import AllowLogs
from tests.unit.simulator_wire.conftest import Connect, ConnectRaw
from tests.unit.simulator_wire.still_market import AAPL, AAPL_CALL, ACCOUNT, ES, MSFT, START_NS, S, StillMarket
from tests.unit.simulator_wire.test_orders import place
from tests.unit.simulator_wire.waiting import eventually, note_errors


def bar(start_ns: int, close: float, *, seconds: int = 60, count: int = 5) -> Bar:
    return Bar(
        instrument_id=InstrumentId("AAPL"),
        seconds=seconds,
        start_ns=start_ns,
        open=236.0,
        high=max(236.5, close),
        low=235.5,
        close=close,
        volume=1000.0 * count,
        vwap=236.2,
        count=count,
    )


# ------------------------------------------------------------------ account
async def test_a_trade_moves_positions_portfolio_and_pnl(
    connect: Connect, connect_raw: ConnectRaw, server: SimulatedTws, market: StillMarket
) -> None:
    ib = await connect(1)
    pnl = ib.reqPnL(ACCOUNT)
    await eventually(lambda: pnl.dailyPnL == 12.5)
    raw = await connect_raw(2)
    place(raw, 1)
    await raw.until("orderStatus")
    market.figures[1] = ("TotalCashBalance", "226399.00", "USD")
    market.fill(1_900_000_001, 100, 236.0)
    single = ib.reqPnLSingle(ACCOUNT, "", AAPL)
    server.pump.step(0.1)
    await eventually(lambda: ib.portfolio() and single.value == 23_600)
    (position,) = ib.positions()
    assert (position.position, position.avgCost, position.contract.exchange) == (100, 236.0, "NASDAQ")
    assert ib.portfolio()[0].marketValue == 23_600
    values = {value.tag: value.value for value in ib.accountValues()}
    assert values["TotalCashBalance"] == "226399.00"


async def test_figures_come_every_three_minutes_and_only_when_they_changed(
    connect_raw: ConnectRaw, server: SimulatedTws, market: StillMarket
) -> None:
    client = await connect_raw(1)
    client.send(requests.REQ_ACCOUNT_UPDATES, subscribe=True, account=ACCOUNT)
    await client.until("accountDownloadEnd")
    server.pump.step(180.1)
    client.received.clear()
    market.figures[0] = ("NetLiquidation", "250001.00", "USD")
    server.pump.step(100.0)
    server.pump.step(80.1)
    changed = await client.until("updateAccountValue")
    assert (changed["key"], changed["value"]) == ("NetLiquidation", "250001.00")
    await client.until("updateAccountTime")
    client.send(requests.REQ_ACCOUNT_UPDATES, subscribe=False, account=ACCOUNT)
    client.send(requests.REQ_CURRENT_TIME)
    await client.until("currentTime")
    names = [name for name, _ in client.received]
    assert names.count("updateAccountValue") == 1


async def test_summaries_are_two_and_their_tags_are_chosen(connect: Connect, connect_raw: ConnectRaw) -> None:
    ib = await connect(1)
    summary = await ib.accountSummaryAsync()
    assert ("NetLiquidation", "250000.00") in [(value.tag, value.value) for value in summary]
    client = await connect_raw(2)
    for req_id in (1, 2, 3):
        client.send(requests.REQ_ACCOUNT_SUMMARY, req_id=req_id, group="All", tags="AccountType")
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (3, 322)
    rows = [values["tag"] for name, values in client.received if name == "accountSummary"]
    assert rows == ["AccountType", "AccountType"]


@pytest.mark.parametrize(
    ("message", "values", "code"),
    [
        (requests.REQ_PNL, {"account": "U9"}, 321),
        (requests.REQ_PNL, {"model_code": "M"}, 321),
        (requests.REQ_PNL_SINGLE, {"account": ACCOUNT, "con_id": 0}, 321),
        (requests.CANCEL_PNL, {}, 300),
        (requests.REQ_ACCOUNT_SUMMARY, {"group": "Mine", "tags": "x"}, 321),
        (requests.REQ_ACCOUNT_SUMMARY, {"group": "All"}, 321),
        (requests.CANCEL_ACCOUNT_SUMMARY, {}, 300),
        (requests.CANCEL_POSITIONS_MULTI, {}, 300),
        (requests.CANCEL_ACCOUNT_UPDATES_MULTI, {}, 300),
        (requests.REQ_ACCOUNT_UPDATES_MULTI, {"account": "U9"}, 321),
    ],
)
async def test_account_requests_that_make_no_sense_are_refused(
    connect_raw: ConnectRaw, message: Message, values: Values, code: int
) -> None:
    client = await connect_raw(1)
    client.send(message, req_id=5, **values)
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (5, code)


async def test_positions_under_a_request_id(connect_raw: ConnectRaw, market: StillMarket) -> None:
    client = await connect_raw(1)
    client.send(requests.REQ_POSITIONS_MULTI, req_id=8, account=ACCOUNT)
    await client.until("positionMultiEnd", req_id=8)
    place(client, 1)
    await client.until("orderStatus")
    market.fill(1_900_000_001, 100, 236.0)
    assert (await client.until("positionMulti", req_id=8))["position"] == Decimal(100)


# ------------------------------------------------------------------ history
async def test_bars_come_whole_and_keep_growing(
    connect: Connect, server: SimulatedTws, market: StillMarket, ib_insync: ModuleType, allow_logs: AllowLogs
) -> None:
    allow_logs("ib_insync.wrapper")  # the end of a kept-up-to-date request is an error in words
    market.recorded = [bar(START_NS - 120 * S, 236.1), bar(START_NS - 60 * S, 236.2), bar(START_NS, 236.3, count=1)]
    ib = await connect(1)
    contract = ib_insync.Stock("AAPL", "SMART", "USD")
    bars = await ib.reqHistoricalDataAsync(
        contract, "", "600 S", "1 min", "TRADES", useRTH=False, formatDate=2, keepUpToDate=True
    )
    server.pump.step(0.5)
    assert [one.close for one in bars] == [236.1, 236.2]  # the third begins now, not before
    market.recorded[2] = bar(START_NS, 236.9, count=4)
    server.pump.step(1.0)
    await eventually(lambda: len(bars) == 3 and bars[-1].close == 236.9)
    assert (bars[-1].volume, bars[-1].barCount, bars[-1].high, bars[-1].low) == (4000, 4, 236.9, 235.5)
    assert bars[-1].date == datetime(2025, 1, 6, 15, 0, tzinfo=UTC)
    market.recorded[2] = bar(START_NS, 237.0, count=6)
    market.recorded.append(bar(START_NS + 60 * S, 237.1, count=1))
    server.pump.step(60.0)
    await eventually(lambda: len(bars) == 4)
    assert [one.close for one in bars][2:] == [237.0, 237.1]
    errors = note_errors(ib)
    ib.cancelHistoricalData(bars)
    await eventually(lambda: [code for _, code in errors] == [162])


async def test_bar_times_follow_the_version_and_the_asked_format(connect_raw: ConnectRaw, market: StillMarket) -> None:
    market.recorded = [bar(START_NS - 60 * S, 236.2), bar(START_NS - 34 * 3600 * S, 230.0, seconds=86_400)]
    for client_id, versions, expected in (
        (1, "v157..176", "20250106 09:59:00 US/Eastern"),
        (2, "v100..157", "20250106  09:59:00"),
    ):
        client = await connect_raw(client_id, versions)
        for req_id, size, form in ((1, "1 min", 1), (2, "1 min", 2), (3, "1 day", 2)):
            client.send(
                requests.REQ_HISTORICAL_DATA,
                req_id=req_id,
                con_id=AAPL,
                exchange="SMART",
                bar_size=size,
                duration="5 D",
                what_to_show="TRADES",
                format_date=form,
            )
        found: list[Any] = [(await client.until("historicalData", req_id=number))["bars"] for number in (1, 2, 3)]
        times = [one[0]["time"] for one in found]
        assert times == [expected, str(START_NS // S - 60), "20250105"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"bar_size": "7 mins"}, 321),
        ({"duration": "1 X"}, 321),
        ({"duration": "100000 S"}, 321),
        ({"end": "tomorrow"}, 10314),
        ({"end": "20250106 10:00:00 Mars/Base"}, 10314),
        ({"end": "20250106 10:00:00", "keep_up_to_date": True}, 321),
        ({"what_to_show": "FEE_RATE"}, 162),
        ({"con_id": MSFT}, 162),
        ({"con_id": 5}, 200),
        ({"format_date": 3}, 321),
    ],
)
async def test_history_that_cannot_be_is_refused(
    connect_raw: ConnectRaw, market: StillMarket, values: Values, code: int
) -> None:
    market.recorded = [bar(START_NS - 60 * S, 236.2)]
    client = await connect_raw(1)
    usual: Values = {
        "req_id": 5,
        "con_id": AAPL,
        "exchange": "SMART",
        "bar_size": "1 min",
        "duration": "1 D",
        "what_to_show": "TRADES",
    }
    client.send(requests.REQ_HISTORICAL_DATA, **{**usual, **values})
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (5, code)


async def test_small_bars_are_paced(connect_raw: ConnectRaw, market: StillMarket, clock: SimClock) -> None:
    market.recorded = [bar(START_NS - 10 * S, 236.2, seconds=5)]
    client = await connect_raw(1)

    def ask(req_id: int) -> None:
        client.send(
            requests.REQ_HISTORICAL_DATA,
            req_id=req_id,
            con_id=AAPL,
            exchange="SMART",
            bar_size="5 secs",
            duration="60 S",
            what_to_show="TRADES",
        )

    ask(1)
    await client.until("historicalData")
    ask(2)
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (2, 162)
    assert "pacing violation" in str(error["message"])
    clock.advance(15.0)
    ask(3)
    await client.until("historicalData", req_id=3)


async def test_five_second_bars_end_on_their_five_seconds(
    connect: Connect, server: SimulatedTws, market: StillMarket, ib_insync: ModuleType
) -> None:
    ib = await connect(1)
    bars = ib.reqRealTimeBars(ib_insync.Stock("AAPL", "SMART", "USD"), 5, "TRADES", False)
    await ib.reqCurrentTimeAsync()
    market.recorded = [bar(START_NS + number * 5 * S, 236.0 + number, seconds=5) for number in range(4)]
    server.pump.step(4.9)
    server.pump.step(0.1)
    server.pump.step(12.0)
    await eventually(lambda: len(bars) == 3)
    assert [one.close for one in bars] == [236.0, 237.0, 238.0]
    assert [one.time.timestamp() for one in bars] == [START_NS // S + number * 5 for number in range(3)]


async def test_head_timestamp_ticks_and_schedule(
    connect: Connect, server: SimulatedTws, market: StillMarket, ib_insync: ModuleType, allow_logs: AllowLogs
) -> None:
    allow_logs("ib_insync.wrapper")  # quotes of the past are refused
    market.trade(AAPL, 236.0, 10)
    market.trade(AAPL, 236.1, 20)
    server.pump.step(1.0)
    ib = await connect(1)
    contract = ib_insync.Stock("AAPL", "SMART", "USD")
    assert (await ib.reqHeadTimeStampAsync(contract, "TRADES", True, 2)).timestamp() == START_NS // S - 86_400
    ticks: Any = await ib.reqHistoricalTicksAsync(contract, "", "20250106-15:00:30", 10, "TRADES", False)
    assert [(tick.price, tick.size) for tick in ticks] == [(236.0, 10), (236.1, 20)]
    schedule = await ib.reqHistoricalScheduleAsync(contract, 2)
    assert (schedule.timeZone, schedule.sessions[0].startDateTime) == ("US/Eastern", "20250106-09:30:00")
    assert await ib.reqHistoricalTicksAsync(contract, "", "20250106-15:00:30", 10, "BID_ASK", False) == []


def test_durations_count_back_as_tws_does(market: StillMarket) -> None:
    (stock, *_) = market.listed
    day = 86_400 * S
    midnight = START_NS - 10 * 3600 * S  # Monday 6 January 2025, New York
    assert start_of(stock, START_NS, "600 S") == START_NS - 600 * S
    assert start_of(stock, START_NS, "1 D") == midnight
    assert start_of(stock, START_NS, "2 D") == midnight - 3 * day  # Friday
    assert start_of(stock, START_NS, "1 W") == midnight - 7 * day
    assert parse_time("20250106 10:00:00 US/Eastern", stock, 0) == START_NS
    assert parse_time("20250106-15:00:00", stock, 0) == START_NS
    assert parse_time("20250106 15:00:00 UTC", stock, 0) == START_NS
    assert parse_time("20250106 10:00:00", stock, 0) == START_NS


# ------------------------------------------------------------------ reference
async def test_contract_details_of_every_kind(connect: Connect, ib_insync: ModuleType) -> None:
    ib: Any = await connect(1)
    (stock,) = await ib.reqContractDetailsAsync(ib_insync.Stock("MSFT", "SMART", "USD"))
    assert stock.longName == "MICROSOFT \\ CORP é"
    assert (stock.minTick, stock.timeZoneId, stock.contract.conId) == (0.01, "US/Eastern", MSFT)
    assert stock.liquidHours == "20250106:0930-20250106:1600"
    assert (stock.minSize, stock.sizeIncrement) == (1, 1)
    (future,) = await ib.reqContractDetailsAsync(ib_insync.Future("ES", "20250321", "CME"))
    assert (future.contract.multiplier, future.minTick, future.contractMonth) == ("50", 0.25, "202503")
    contract = ib_insync.Option("AAPL", "20250117", 240, "C", "SMART", currency="USD")
    (qualified,) = await ib.qualifyContractsAsync(contract)
    assert (qualified.conId, qualified.localSymbol) == (AAPL_CALL, "AAPL  250117C00240000")
    (option,) = await ib.reqContractDetailsAsync(contract)
    assert (option.underConId, option.underSymbol, option.underSecType) == (AAPL, "AAPL", "STK")
    rule = int(option.marketRuleIds.split(",")[0])
    increments = await ib.reqMarketRuleAsync(rule)
    assert [(row.lowEdge, row.increment) for row in increments] == [(0.0, 0.01), (3.0, 0.05)]


async def test_the_chain_symbols_and_exchanges(connect: Connect, ib_insync: ModuleType) -> None:
    ib: Any = await connect(1)
    (chain,) = await ib.reqSecDefOptParamsAsync("AAPL", "", "STK", AAPL)
    assert (chain.exchange, chain.expirations, chain.strikes) == (
        "SMART",
        ["20250117", "20250221"],
        [230.0, 235.0, 240.0],
    )
    samples = await ib.reqMatchingSymbolsAsync("AAP")
    assert [(one.contract.conId, one.derivativeSecTypes) for one in samples] == [(AAPL, ["OPT"])]
    exchanges = await ib.reqMktDepthExchangesAsync()
    assert {(one.exchange, one.secType) for one in exchanges} >= {("NASDAQ", "STK"), ("CME", "FUT")}


@pytest.mark.parametrize("versions", ["v100..157", "v157..176", "v157..178"])
async def test_contract_details_at_every_dialect(connect_raw: ConnectRaw, versions: str) -> None:
    client = await connect_raw(1, versions)
    client.send(requests.REQ_CONTRACT_DETAILS, req_id=3, con_id=ES)
    details = await client.until("contractDetails")
    assert details["last_trade_date"] == "20250321"
    await client.until("contractDetailsEnd")
    client.send(requests.REQ_CONTRACT_DETAILS, req_id=4, symbol="NOPE", sec_type="STK")
    assert (await client.until("error"))["code"] == 200


@pytest.mark.parametrize(
    ("message", "values", "code"),
    [
        (requests.REQ_SEC_DEF_OPT_PARAMS, {"symbol": "AAPL", "con_id": 1}, 321),
        (requests.REQ_SEC_DEF_OPT_PARAMS, {"symbol": "IBM", "con_id": AAPL}, 321),
        (requests.REQ_CONTRACT_DETAILS, {"sec_id_type": "ISIN", "sec_id": "US0378331005"}, 200),
        (requests.CANCEL_HEAD_TIMESTAMP, {}, 300),
        (requests.CANCEL_HISTORICAL_DATA, {}, 366),
        (requests.CANCEL_REAL_TIME_BARS, {}, 300),
    ],
)
async def test_reference_requests_that_make_no_sense_are_refused(
    connect_raw: ConnectRaw, message: Message, values: Values, code: int
) -> None:
    client = await connect_raw(1)
    client.send(message, req_id=5, **values)
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (5, code)


async def test_option_calculations_agree_with_each_other(connect: Connect, ib_insync: ModuleType) -> None:
    ib: Any = await connect(1)
    option = ib_insync.Option("AAPL", "20250117", 240, "C", "SMART", currency="USD")
    worth = await ib.calculateOptionPriceAsync(option, 0.3, 236.0)
    assert 0 < worth.optPrice < 20
    assert 0 < worth.delta < 0.5
    back = await ib.calculateImpliedVolatilityAsync(option, worth.optPrice, 236.0)
    assert back.impliedVol == pytest.approx(0.3, abs=1e-9)


@pytest.mark.parametrize(
    ("message", "values", "code"),
    [
        (requests.CALC_OPTION_PRICE, {"volatility": 0.0, "under_price": 236.0}, 321),
        (requests.CALC_OPTION_PRICE, {"volatility": 30.0, "under_price": 236.0}, 321),
        (requests.CALC_OPTION_PRICE, {"volatility": 0.3}, 321),
        (requests.CALC_OPTION_PRICE, {"con_id": AAPL, "volatility": 0.3, "under_price": 236.0}, 321),
        (requests.CALC_IMPLIED_VOLATILITY, {"option_price": 300.0, "under_price": 236.0}, 321),
        (requests.CANCEL_CALC_OPTION_PRICE, {}, 300),
        (requests.CANCEL_CALC_IMPLIED_VOLATILITY, {}, 300),
    ],
)
async def test_option_calculations_that_make_no_sense_are_refused(
    connect_raw: ConnectRaw, message: Message, values: Values, code: int
) -> None:
    client = await connect_raw(1)
    usual: Values = {"req_id": 5, "con_id": AAPL_CALL, "exchange": "SMART"}
    client.send(message, **{**usual, **values})
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (5, code)


def test_every_request_that_is_read_has_a_handler(server: SimulatedTws) -> None:
    assert set(server.served) == set(requests.REQUESTS)
