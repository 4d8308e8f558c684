# SPDX-License-Identifier: Apache-2.0
"""Start-up: handshake, versions, client ids, notices, and what a bad peer may do to a server (nothing)."""

import asyncio
import struct

import pytest

from brokers.simulator.history_file import read_history
from brokers.simulator.protocol import requests, responses
from brokers.simulator.protocol.frames import frame
from brokers.simulator.server import ServerOptions, SimulatedTws
from brokers.simulator.session import choose_version
from terminal.clock import SimClock
from terminal.errors import UserError
from tests.unit.simulator_wire.conftest import Connect, ConnectRaw
from tests.unit.simulator_wire.raw_client import RawClient
from tests.unit.simulator_wire.still_market import AAPL, ACCOUNT, START_NS, StillMarket, quote
from tests.unit.simulator_wire.waiting import eventually


async def test_the_real_client_connects_and_synchronizes(connect: Connect) -> None:
    ib = await connect(7)
    assert ib.isConnected()
    assert ib.client.serverVersion() == 176
    assert ib.managedAccounts() == [ACCOUNT]
    assert {value.tag for value in ib.accountValues()} >= {"NetLiquidation", "TotalCashBalance"}
    assert (await ib.reqCurrentTimeAsync()).timestamp() == START_NS // 1_000_000_000


async def test_client_zero_connects_and_binds(connect: Connect) -> None:
    ib = await connect(0)
    assert ib.isConnected()


@pytest.mark.parametrize(
    ("highest", "ceiling", "announced"),
    [
        (176, 176, 176),
        (178, 176, 176),
        (178, 178, 178),
        (225, 178, 178),
        (157, 176, 157),
        (225, 157, 157),
        (158, 176, 157),
        (165, 176, 165),
        (225, 176, 176),
        (150, 176, 150),
    ],
)
def test_the_announced_version_is_the_highest_common_one_but_never_158(
    highest: int, ceiling: int, announced: int
) -> None:
    assert choose_version(highest, ceiling) == announced


async def test_a_client_that_is_too_old_hears_357_and_is_left(connect_raw: ConnectRaw) -> None:
    client = await connect_raw(versions="v100..151")
    assert client.server_version == 151
    client.send_fields("71", "2", "3", "")
    error = await client.until("error")
    assert (error["code"], "out of date" in str(error["message"])) == (357, True)
    assert await client.is_closed()


async def test_a_client_that_is_too_new_hears_the_version_and_leaves(connect_raw: ConnectRaw) -> None:
    client = await connect_raw(versions="v201..225")
    assert client.server_version == 176
    witness = await connect_raw(2)
    assert witness.received


@pytest.mark.parametrize("versions", ["v100..157", "v157..176", "v157..176 +PACEAPI"])
async def test_start_up_messages_come_in_order(connect_raw: ConnectRaw, versions: str) -> None:
    client = await connect_raw(3, versions)
    names = [name for name, _ in client.received]
    assert names == ["managedAccounts", "nextValidId", "error", "error", "error"]
    assert [values["code"] for name, values in client.received if name == "error"] == [2104, 2106, 2158]
    assert client.received[0][1]["accounts"] == f"{ACCOUNT},"


async def test_nothing_is_sent_between_the_handshake_and_start_api(server: SimulatedTws) -> None:
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(b"API\0" + frame(b"v157..176"))
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    assert (await reader.readexactly(length)).count(b"\0") == 2
    writer.write(frame(b"49\x001\x00"))  # a request before START_API is refused, not answered
    await reader.readexactly(4)
    assert (await reader.readuntil(b"\0")) == b"4\0"
    writer.close()
    await writer.wait_closed()


async def test_a_taken_client_id_is_error_326_and_a_close(connect_raw: ConnectRaw) -> None:
    await connect_raw(5)
    second = await connect_raw()
    second.send_fields("71", "2", "5", "")
    assert (await second.until("error"))["code"] == 326
    assert await second.is_closed()
    third = await connect_raw(6)  # the server and other ids go on
    assert third.received


async def test_a_client_id_is_free_again_after_the_close(connect_raw: ConnectRaw) -> None:
    first = await connect_raw(5)
    await first.close()
    again = await connect_raw(5)
    assert again.received[0][0] == "managedAccounts"


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00\x00\x00\x00",
        b"API\0\x7f\xff\xff\xff",
        b"API\0" + frame(b"hello"),
        b"API\0" + frame(b"v1..20"),
        b"API\0" + frame(b"v157..176") + frame(b"71\x002\x009\x00\x00") + b"\xff\xff\xff\xffmore",
    ],
    ids=["http", "no-api", "huge-length", "no-version", "too-old", "bad-length-later"],
)
async def test_garbage_closes_that_connection_only(
    server: SimulatedTws, connect_raw: ConnectRaw, garbage: bytes
) -> None:
    witness = await connect_raw(1)
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(garbage)
    await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    witness.send(requests.REQ_CURRENT_TIME)
    assert (await witness.until("currentTime"))["epoch"] == START_NS // 1_000_000_000


@pytest.mark.parametrize(
    "payload",
    [b"", b"\0", b"abc\0", b"3\x001\x00", b"9\x008\x00x\x00", b"\xff\x00", b"1\x0011\x00" + b"A" * 10_000_000 + b"\0"],
    ids=["empty", "empty-id", "text-id", "short-order", "bad-number", "not-utf-8", "ten-megabytes"],
)
async def test_a_message_that_cannot_be_read_is_error_320_and_the_session_lives(
    connect_raw: ConnectRaw, payload: bytes
) -> None:
    client = await connect_raw(1)
    client.writer.write(frame(payload))
    assert (await client.until("error"))["code"] == 320
    client.send(requests.REQ_CURRENT_TIME)
    await client.until("currentTime")


async def test_an_unreadable_order_is_answered_under_its_own_id(connect_raw: ConnectRaw) -> None:
    client = await connect_raw(1)
    client.send_fields("3", "17", "265598", "AAPL")
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (17, 320)


@pytest.mark.parametrize(
    ("fields", "req_id", "code"),
    [
        (("52", "2", "4", *[""] * 9), 4, 430),
        (("88", "9", *[""] * 15), 9, 322),
        (("84", "8", "BZ", "1", ""), 8, 10276),
        (("18", "1", "1"), -1, 321),
        (("9999", "1"), -1, 320),
    ],
)
async def test_a_request_that_is_not_served_is_refused_and_counted(
    server: SimulatedTws, connect_raw: ConnectRaw, fields: tuple[str, ...], req_id: int, code: int
) -> None:
    client = await connect_raw(1)
    client.send_fields(*fields)
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (req_id, code)
    assert server.refused == {int(fields[0]): 1}


async def test_more_than_fifty_messages_a_second_are_rejected_and_the_third_breach_closes(
    connect_raw: ConnectRaw, clock: SimClock
) -> None:
    client = await connect_raw(1)
    for breach in range(3):
        clock.advance(1.0)
        for _ in range(51):
            client.send(requests.REQ_CURRENT_TIME)
        error = await client.until("error")
        assert error["code"] == 100
        assert str(error["message"]).endswith(f"({breach + 1})")
    answered = [name for name, _ in client.received if name == "currentTime"]
    assert len(answered) == 150
    assert await client.is_closed()


async def test_a_client_that_asks_for_pacing_is_slowed_down_instead(connect_raw: ConnectRaw, clock: SimClock) -> None:
    client = await connect_raw(1, "v157..176 +PACEAPI")
    for _ in range(120):
        client.send(requests.REQ_CURRENT_TIME)
    for answered in range(1, 121):
        await client.until("currentTime")
        if answered in (49, 99):  # START_API was the first message
            clock.advance(1.0)
    assert 100 not in [values.get("code") for _, values in client.received]


async def test_a_reader_that_never_reads_is_disconnected_and_the_server_lives(
    market: StillMarket, clock: SimClock
) -> None:
    tws = SimulatedTws(market, clock, ServerOptions(speed=0, max_backlog=200_000))
    await tws.start()
    slow = await RawClient.open(*tws.address)
    await slow.handshake("v157..176")
    await slow.start(1)
    for req_id in range(1, 41):
        slow.send(requests.REQ_MKT_DATA, req_id=req_id, con_id=AAPL, exchange="SMART")
    await slow.until("tickPrice", tick_type=1, req_id=40)
    slow.stop_reading()
    witness = await RawClient.open(*tws.address)
    await witness.handshake("v157..176")
    await witness.start(2)
    for number in range(20_000):
        market.set_top(quote(AAPL, 200 + number % 2, 210, 205))
        tws.pump.step(0.001)
        if number % 50 == 0:
            await asyncio.sleep(0)
        if (AAPL, "top") not in market.watched:
            break
    assert (AAPL, "top") not in market.watched, "the slow reader still holds its line"
    witness.send(requests.REQ_CURRENT_TIME)
    await witness.until("currentTime")
    await witness.close()
    slow.writer.transport.abort()
    await tws.stop()


async def test_a_reset_connection_releases_its_lines(connect_raw: ConnectRaw, market: StillMarket) -> None:
    client = await connect_raw(1)
    client.send(requests.REQ_MKT_DATA, req_id=1, con_id=AAPL, exchange="SMART")
    await client.until("tickPrice", tick_type=1)
    assert (AAPL, "top") in market.watched
    client.writer.transport.abort()
    await eventually(lambda: not market.watched)


async def test_only_the_loopback_is_listened_on(market: StillMarket, clock: SimClock) -> None:
    with pytest.raises(UserError, match="loopback"):
        await SimulatedTws(market, clock).start("0.0.0.0")


async def test_a_taken_port_names_the_way_out(server: SimulatedTws, clock: SimClock) -> None:
    with pytest.raises(UserError, match="port 0 takes a free one"):
        await SimulatedTws(StillMarket(), clock).start(port=server.address[1])


async def test_the_history_file_holds_messages_and_events_in_order(
    server: SimulatedTws, connect_raw: ConnectRaw
) -> None:
    client = await connect_raw(4)
    client.send(requests.REQ_CURRENT_TIME)
    await client.until("currentTime")
    await server.stop()
    assert server.options.history is not None
    entries = list(read_history(server.options.history))
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    words = [(entry["kind"], entry["name"]) for entry in entries]
    assert words.index(("in", "startApi")) < words.index(("out", "managedAccounts"))
    assert words.index(("in", "reqCurrentTime")) < words.index(("out", responses.CURRENT_TIME.name))
