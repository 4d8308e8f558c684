# SPDX-License-Identifier: Apache-2.0
"""Scans, display groups, exercise, and what concerns the session alone: through bare frames over a still market."""

from dataclasses import replace
from decimal import Decimal

import pytest

from brokers.simulator.handlers_scanner import MAX_SUBSCRIPTIONS, PERIOD_NS
from brokers.simulator.protocol import requests
from brokers.simulator.protocol.values import Value, Values
from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import SimClock
from terminal.simulation.exchange_port import SimulatorRefusalError
from tests.unit.simulator_wire.conftest import ConnectRaw
from tests.unit.simulator_wire.raw_client import RawClient
from tests.unit.simulator_wire.still_market import AAPL, AAPL_CALL, ACCOUNT, MSFT, S, StillMarket, quote

SCAN: Values = {"instrument": "STK", "location": "STK.US.MAJOR", "scan_code": "TOP_PERC_GAIN"}


@pytest.fixture
def busy(market: StillMarket) -> StillMarket:
    """AAPL has risen on little volume, MSFT has fallen on much."""
    market.set_top(replace(quote(AAPL, 109.9, 110.1, 110.0), previous_close=100.0, volume=1_000))
    market.set_top(replace(quote(MSFT, 379.9, 380.1, 380.0), previous_close=400.0, volume=9_000))
    market.facts = {AAPL: {"call_volume": 500.0, "put_volume": 200.0}, MSFT: {"call_volume": 100.0}}
    return market


async def scanned(client: RawClient, server: SimulatedTws, **values: Value) -> list[object]:
    """Symbols of one scan, best first."""
    client.send(requests.REQ_SCANNER, req_id=5, **{**SCAN, **values})
    client.send(requests.REQ_CURRENT_TIME)
    await client.until("currentTime")
    for _ in range(5):
        server.pump.step(0.1)
    answer = await client.until("scannerData")
    client.send(requests.CANCEL_SCANNER, req_id=5)
    assert (await client.until("error"))["code"] == 162
    rows = answer["rows"]
    assert isinstance(rows, list)
    assert [row["rank"] for row in rows] == list(range(len(rows)))
    return [row["symbol"] for row in rows]


@pytest.mark.parametrize(
    ("values", "symbols"),
    [
        ({}, ["AAPL"]),
        ({"scan_code": "TOP_PERC_LOSE"}, ["MSFT"]),
        ({"scan_code": "MOST_ACTIVE"}, ["MSFT", "AAPL"]),
        ({"scan_code": "MOST_ACTIVE", "rows": 1}, ["MSFT"]),
        ({"scan_code": "OPT_VOLUME_MOST_ACTIVE"}, ["AAPL", "MSFT"]),
        ({"scan_code": "MOST_ACTIVE", "above_price": 200.0}, ["MSFT"]),
        ({"scan_code": "MOST_ACTIVE", "below_price": 200.0}, ["AAPL"]),
        ({"scan_code": "MOST_ACTIVE", "above_volume": 5000}, ["MSFT"]),
        ({"scan_code": "MOST_ACTIVE", "location": "STK.ARCA"}, []),
        ({"scan_code": "MOST_ACTIVE", "stock_type": "ETF"}, []),
    ],
)
async def test_a_scan_ranks_what_fits_its_filters(
    connect_raw: ConnectRaw, server: SimulatedTws, busy: StillMarket, values: dict[str, Value], symbols: list[str]
) -> None:
    assert await scanned(await connect_raw(1), server, **values) == symbols


async def test_a_scan_is_told_anew_every_half_minute(
    connect_raw: ConnectRaw, server: SimulatedTws, busy: StillMarket
) -> None:
    client = await connect_raw(1)
    client.send(requests.REQ_SCANNER, req_id=5, **SCAN)
    client.send(requests.REQ_CURRENT_TIME)
    await client.until("currentTime")
    for _ in range(3):
        server.pump.step(0.1)
    await client.until("scannerData", req_id=5)
    server.pump.step(PERIOD_NS / S)
    await client.until("scannerData", req_id=5)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"scan_code": "HIGH_DIVIDEND"}, "scan code HIGH_DIVIDEND"),
        ({"instrument": "BOND"}, "instrument type BOND"),
        ({"location": "FUT.CME"}, "location FUT.CME"),
        ({"stock_type": "ADR"}, "stock type ADR"),
        ({"market_cap_above": 1e9}, "market cap above"),
        ({"filter_options": "priceAbove=5;"}, "filter options"),
    ],
)
async def test_a_scan_that_is_not_run_is_refused_by_name(
    connect_raw: ConnectRaw, values: dict[str, Value], words: str
) -> None:
    client = await connect_raw(1)
    client.send(requests.REQ_SCANNER, req_id=5, **{**SCAN, **values})
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (5, 162)
    assert words in str(error["message"])


async def test_scans_have_a_limit_and_ids_of_their_own(connect_raw: ConnectRaw) -> None:
    client = await connect_raw(1)
    for number in range(MAX_SUBSCRIPTIONS):
        client.send(requests.REQ_SCANNER, req_id=number, **SCAN)
    client.send(requests.REQ_SCANNER, req_id=0, **SCAN)
    assert (await client.until("error"))["code"] == 385
    client.send(requests.REQ_SCANNER, req_id=99, **SCAN)
    assert (await client.until("error"))["code"] == 322
    client.send(requests.CANCEL_SCANNER, req_id=98)
    assert (await client.until("error"))["code"] == 365


# ------------------------------------------------------------------ display groups
async def test_a_display_group_is_heard_by_all_who_listen(connect_raw: ConnectRaw) -> None:
    first, second = await connect_raw(1), await connect_raw(2)
    for client in (first, second):
        client.send(requests.SUBSCRIBE_TO_GROUP, req_id=3, group=2)
        assert (await client.until("displayGroupUpdated"))["contract_info"] == "none"
    first.send(requests.UPDATE_DISPLAY_GROUP, req_id=3, contract_info=f"{AAPL}@SMART")
    for client in (first, second):
        assert (await client.until("displayGroupUpdated"))["contract_info"] == f"{AAPL}@SMART"
    second.send(requests.UNSUBSCRIBE_FROM_GROUP, req_id=3)
    second.send(requests.UPDATE_DISPLAY_GROUP, req_id=3, contract_info="none")
    assert (await second.until("error"))["code"] == 300


@pytest.mark.parametrize(("contract", "code"), [("AAPL", 321), ("1@", 321), ("99999999@SMART", 200), ("x@y", 321)])
async def test_a_group_shows_contracts_that_exist(connect_raw: ConnectRaw, contract: str, code: int) -> None:
    client = await connect_raw(1)
    client.send(requests.SUBSCRIBE_TO_GROUP, req_id=3, group=2)
    client.send(requests.UPDATE_DISPLAY_GROUP, req_id=3, contract_info=contract)
    assert (await client.until("error", req_id=3))["code"] == code


# ------------------------------------------------------------------ exercise
OPTION: Values = {"con_id": AAPL_CALL, "exchange": "SMART", "exercise_action": 1, "quantity": 2, "account": ACCOUNT}


async def test_an_instruction_reaches_the_market_in_silence(connect_raw: ConnectRaw, market: StillMarket) -> None:
    client = await connect_raw(1)
    client.send(requests.EXERCISE_OPTIONS, req_id=4, **OPTION, override=1)
    client.send(requests.REQ_CURRENT_TIME)
    await client.until("currentTime")
    assert market.exercised == [(ACCOUNT, AAPL_CALL, Decimal(2), 1, True)]
    assert "error" not in [name for name, _ in client.received[5:]]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"con_id": AAPL}, 321),
        ({"exercise_action": 3}, 321),
        ({"quantity": 0}, 321),
        ({"override": 2}, 321),
        ({"account": "DU1"}, 321),
        ({"con_id": 1}, 200),
    ],
)
async def test_an_instruction_that_makes_no_sense_is_refused(
    connect_raw: ConnectRaw, market: StillMarket, values: dict[str, Value], code: int
) -> None:
    client = await connect_raw(1)
    client.send(requests.EXERCISE_OPTIONS, req_id=4, **{**OPTION, **values})
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (4, code)
    assert market.exercised == []


async def test_the_markets_own_refusal_is_handed_on(connect_raw: ConnectRaw, market: StillMarket) -> None:
    market.refusal = SimulatorRefusalError(201, "No such position")
    client = await connect_raw(1)
    client.send(requests.EXERCISE_OPTIONS, req_id=4, **OPTION)
    assert (await client.until("error"))["code"] == 201


async def test_read_only_refuses_whatever_changes_a_position(market: StillMarket, clock: SimClock) -> None:
    server = SimulatedTws(market, clock, ServerOptions(speed=0, read_only=True))
    await server.start()
    client = await RawClient.open(*server.address)
    await client.handshake("v157..176")
    await client.start(1)
    client.send(requests.EXERCISE_OPTIONS, req_id=4, **OPTION)
    client.send_fields("4", "1", "9", "")
    client.send_fields("58", "1")
    for _ in range(3):
        error = await client.until("error")
        assert error["code"] == 321
        assert "Read-Only" in str(error["message"])
    assert market.exercised == []
    await client.close()
    await server.stop()


# ------------------------------------------------------------------ the session alone
async def test_user_tiers_families_and_log_level(connect_raw: ConnectRaw) -> None:
    client = await connect_raw(1)
    client.send(requests.REQ_USER_INFO, req_id=1)
    assert (await client.until("userInfo"))["white_branding_id"] == ""
    client.send(requests.REQ_SOFT_DOLLAR_TIERS, req_id=2)
    assert (await client.until("softDollarTiers"))["tiers"] == []
    client.send(requests.REQ_FAMILY_CODES)
    assert (await client.until("familyCodes"))["codes"] == [{"account": ACCOUNT, "code": ""}]
    client.send(requests.SET_SERVER_LOG_LEVEL, level=7)
    assert (await client.until("error"))["code"] == 319


async def test_half_a_frame_and_a_close_leave_the_server_alone(connect_raw: ConnectRaw) -> None:
    client = await connect_raw(1)
    client.writer.write(b"\x00\x00\x00\x40" + b"71\x002\x00")
    await client.close()
    again = await connect_raw(1)
    assert again.received
