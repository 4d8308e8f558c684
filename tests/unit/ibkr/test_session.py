# SPDX-License-Identifier: Apache-2.0
"""The life of the link: connecting, its failures with their causes, heartbeat, loss and return."""

import asyncio
import socket

import pytest

from brokers.ibkr import codes
from brokers.ibkr.connection import MAX_UNSENT
from brokers.ibkr.heartbeat import LONGEST_S, PERIOD_S
from terminal.clock import NS_PER_S
from terminal.errors import LinkLostError
from terminal.model.enums import LinkState, Mode
from terminal.model.events import (
    AccountValueReported,
    DataNotice,
    LinkChanged,
    SourceSpoke,
    VenueOrderError,
    VenueOrderStatus,
)
from terminal.model.ids import AccountId
from terminal.model.market import Quote
from tests.unit.ibkr.fake_tws import frame
from tests.unit.ibkr.harness import AAPL, MSFT, desk, limit_order


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_connecting_reports_each_step_and_asks_for_the_account() -> None:
    async with desk() as one:
        await one.ready()
        states = [change.state for change in one.heard.of(LinkChanged)]
        assert states == [LinkState.CONNECTING, LinkState.SYNCING, LinkState.READY]
        assert one.broker.accounts == ("DU1234567",)
        assert one.broker.next_order_id_floor() == 1
        value = await one.heard.first(AccountValueReported)
        assert (value.tag, value.value, value.currency) == ("NetLiquidation", "250000.00", "USD")
        assert one.tws.all(71) == [["71", "2", "7", ""]]
        assert one.clock.adjusted == [one.tws.epoch_s * NS_PER_S + NS_PER_S // 2]


async def test_a_refused_port_names_the_ports_that_listen() -> None:
    async with desk() as one:
        port = free_port()
        await one.broker.connect(one.settings(port=port))
        await one.heard.until(lambda: len(one.heard.of(LinkChanged)) >= 2)
        change = one.heard.of(LinkChanged)[-1]
        assert change.code == codes.CANNOT_CONNECT
        assert change.text.startswith(f"Nothing listens on 127.0.0.1:{port}")
        assert "Socket Clients" in change.way_out
        assert change.retry_in_s is not None


async def test_a_silent_server_is_given_up_after_five_seconds() -> None:
    async with desk() as one:
        one.tws.greet = False
        await one.broker.connect(one.settings())
        await one.tws.until(lambda: one.tws.connections == 1)
        stepped = await one.step_until(lambda: any(c.code for c in one.heard.of(LinkChanged)))
        assert stepped <= 5.25
        assert one.heard.of(LinkChanged)[-1].code == codes.SILENT_SERVER


async def test_a_server_that_never_opens_the_session_is_told_apart_from_a_silent_one() -> None:
    async with desk() as one:
        one.tws.start = False
        await one.broker.connect(one.settings())
        await one.tws.request(71)
        await one.step_until(lambda: any(c.code for c in one.heard.of(LinkChanged)))
        assert one.heard.of(LinkChanged)[-1].code == codes.NO_START


@pytest.mark.parametrize(
    ("greeting", "code"),
    [
        (frame("100", "20240105 09:30:00 EST"), codes.UNSUPPORTED_VERSION),
        (frame("158", "20240105 09:30:00 EST"), codes.UNSUPPORTED_VERSION),
        (frame("250", "20240105 09:30:00 EST"), codes.UNSUPPORTED_VERSION),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", codes.CORRUPT_STREAM),
        (frame("hello"), codes.CORRUPT_STREAM),
        (b"\x7f\xff\xff\xff", codes.CORRUPT_STREAM),
        (b"\0\0\0\0", codes.CORRUPT_STREAM),
    ],
)
async def test_a_wrong_greeting_is_named_at_once(greeting: bytes, code: int) -> None:
    async with desk() as one:
        one.tws.greeting = greeting
        await one.broker.connect(one.settings())
        change = await one.heard.link(LinkState.CONNECTING, code)
        assert change.way_out


async def test_a_taken_client_id_is_tried_again_under_the_same_id() -> None:
    async with desk() as one:
        one.tws.on_start = [frame(4, 2, -1, 326, "Unable to connect as the client id is already in use", "")]
        await one.broker.connect(one.settings())
        change = await one.heard.link(LinkState.CONNECTING, codes.CLIENT_ID_TAKEN)
        assert change.retry_in_s is not None
        assert change.retry_in_s >= 4.0
        one.tws.on_start = []
        await one.step_until(lambda: one.broker.link is LinkState.READY)
        assert [fields[2] for fields in one.tws.all(71)] == ["7", "7"]


@pytest.mark.parametrize(
    ("accounts", "mode", "wanted", "words"),
    [
        ("U7654321,", Mode.PAPER, None, "has live accounts"),
        ("U7654321,", Mode.DEMO, None, "has live accounts"),
        ("DU1234567,", Mode.LIVE, None, "has paper accounts"),
        ("DU1234567,", Mode.PAPER, "DU9999999", "this login has"),
    ],
)
async def test_an_account_of_the_other_mode_is_refused(
    accounts: str, mode: Mode, wanted: str | None, words: str
) -> None:
    async with desk() as one:
        one.tws.accounts = accounts
        await one.broker.connect(one.settings(mode=mode, account=AccountId(wanted) if wanted else None))
        change = await one.heard.link(LinkState.CONNECTING, codes.ACCOUNT_MISMATCH)
        assert words in change.text
        assert "7654321" not in change.text
        assert "1234567" not in change.text
        await one.tws.until(lambda: one.tws.open == 0)
        assert not one.tws.all(61), "nothing may be asked of the wrong account"


async def test_a_half_open_connection_is_noticed_within_thirteen_seconds() -> None:
    async with desk() as one:
        await one.ready()
        del one.tws.answers["49"]
        stepped = await one.step_until(lambda: any(c.code == codes.HEARTBEAT_LOST for c in one.heard.of(LinkChanged)))
        assert stepped <= 13.0
        one.tws.answers["49"] = lambda _: [(49, 1, one.tws.epoch_s)]
        await one.step_until(lambda: one.broker.link is LinkState.READY)


async def test_a_busy_server_that_answers_late_is_kept() -> None:
    async with desk() as one:
        await one.ready()
        one.broker.subscribe_quote(AAPL)
        req_id = (await one.tws.request(1))[2]
        del one.tws.answers["49"]
        one.clock.advance(PERIOD_S)
        await one.tws.request(49, 2)
        for number in range(int(LONGEST_S) - 2):
            one.tws.send(1, 6, req_id, 1, 100 + number, 5, 0)
            await one.heard.first(Quote, number + 1)
            one.clock.advance(1.0)
        one.tws.send(49, 1, one.tws.epoch_s)
        await one.heard.until(lambda: len([s for s in one.heard.of(SourceSpoke) if s.round_trip_s]) >= 1)
        assert one.broker.link is LinkState.READY


@pytest.mark.parametrize("data", [b"\x7f\xff\xff\xff", b"\0\0\0\0", frame("nonsense", 1)])
async def test_garbage_in_a_session_ends_it_and_the_next_one_works(data: bytes) -> None:
    async with desk() as one:
        await one.ready()
        one.tws.send_bytes(data)
        change = await one.heard.link(LinkState.RECONNECTING, codes.CORRUPT_STREAM)
        assert change.retry_in_s is not None
        await one.step_until(lambda: one.broker.link is LinkState.READY)
        assert one.tws.connections == 2


async def test_after_a_reset_everything_wanted_is_asked_for_once_in_a_new_epoch() -> None:
    async with desk() as one:
        await one.ready()
        one.broker.subscribe_quote(AAPL)
        one.broker.subscribe_quote(MSFT)
        one.broker.subscribe_trades(AAPL)
        one.broker.subscribe_depth(AAPL, 10)
        stream = one.broker.keep_bars(
            AAPL, seconds=60, duration_s=3600, regular_hours_only=True, sink=lambda _bars, _reset: None
        )
        await one.tws.request(20)
        epoch = one.broker.place(limit_order())
        one.tws.received.clear()
        one.tws.reset_connection()
        await one.heard.link(LinkState.RECONNECTING)
        await one.step_until(lambda: one.broker.link is LinkState.READY)
        await one.tws.request(20)
        assert [len(one.tws.all(kind)) for kind in (1, 97, 10, 20, 61, 6, 92)] == [2, 1, 1, 1, 1, 1, 1]
        assert not one.tws.all(3), "an order is never sent again"
        assert one.broker.place(limit_order(6)) == epoch + 1
        assert one.broker.subscriptions() == {"quotes": 2, "depth": 1, "trades": 1}
        stream.close()
        assert one.tws.most_open == 1


async def test_back_off_grows_and_stays_below_thirty_seconds() -> None:
    async with desk() as one:
        await one.tws.stop()
        await one.broker.connect(one.settings())
        await one.step_until(lambda: len(one.heard.of(LinkChanged)) >= 9, step_s=1.0, limit_s=300)
        waits = [c.retry_in_s for c in one.heard.of(LinkChanged) if c.retry_in_s is not None]
        assert waits[0] <= 1.2
        assert waits[4] > waits[0]
        assert max(waits) <= 30.0


async def test_disconnecting_says_so_and_orders_are_refused_after_it() -> None:
    async with desk() as one:
        await one.ready()
        await one.broker.disconnect()
        assert one.broker.link is LinkState.DISCONNECTED
        with pytest.raises(LinkLostError):
            one.broker.place(limit_order())
        with pytest.raises(LinkLostError):
            one.broker.cancel(5)
        await one.tws.until(lambda: one.tws.open == 0)


async def test_ibkr_losing_and_finding_its_own_link_asks_again_only_when_data_were_lost() -> None:
    async with desk() as one:
        await one.ready()
        one.broker.subscribe_quote(AAPL)
        await one.tws.request(1)
        one.tws.send(4, 2, -1, 1100, "Connectivity between IBKR and TWS has been lost.", "")
        await one.heard.link(LinkState.DEGRADED, 1100)
        one.tws.send(4, 2, -1, 1102, "Connectivity restored - data maintained.", "")
        await one.heard.link(LinkState.READY, 1102)
        assert len(one.tws.all(1)) == 1
        one.tws.send(4, 2, -1, 1100, "Connectivity between IBKR and TWS has been lost.", "")
        await one.heard.link(LinkState.DEGRADED, 1100, 2)
        one.tws.send(4, 2, -1, 1101, "Connectivity restored - data lost.", "")
        change = await one.heard.link(LinkState.READY, 1101)
        assert change.data_lost
        await one.tws.request(1, 2)
        assert len(one.tws.all(2)) == 1, "the old stream is ended"
        assert (await one.heard.link(LinkState.SYNCING, 1101)).data_lost


async def test_after_1102_a_silent_stream_is_asked_for_again_and_a_speaking_one_is_not() -> None:
    async with desk() as one:
        await one.ready()
        one.broker.subscribe_quote(AAPL)
        one.broker.subscribe_quote(MSFT)
        apple, microsoft = (await one.tws.request(1, 1))[2], (await one.tws.request(1, 2))[2]
        one.tws.send(4, 2, -1, 1102, "Connectivity restored - data maintained.", "")
        await one.heard.link(LinkState.READY, 1102)
        one.tws.send(1, 6, apple, 1, 190.5, 5, 0)
        await one.heard.first(Quote)
        await one.step_until(lambda: len(one.tws.all(1)) >= 3)
        assert [fields[2] for fields in one.tws.all(2)] == [microsoft]


async def test_farm_notices_are_shown_and_do_not_end_the_session() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.send(4, 2, -1, 2103, "Market data farm connection is broken:usfarm", "")
        notice = await one.heard.first(DataNotice)
        assert (notice.code, notice.severity, notice.channel) == (2103, "warn", "session")
        assert one.broker.link is LinkState.READY


async def test_a_notice_under_the_id_of_no_request_is_about_the_session() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.send(4, 2, 2147483647, 2107, "HMDS data farm connection is inactive:ushmds", "")
        assert (await one.heard.first(DataNotice)).code == 2107


async def test_accounts_that_change_under_us_end_the_session() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.accounts = "U7654321,"
        one.tws.send(15, 1, "U7654321,")
        await one.heard.link(LinkState.RECONNECTING, codes.ACCOUNT_MISMATCH)
        await one.step_until(lambda: len(one.tws.all(71)) >= 2)
        await one.heard.link(LinkState.RECONNECTING, codes.ACCOUNT_MISMATCH, 2)


async def test_read_only_is_latched_and_told_once_with_the_setting_to_change() -> None:
    async with desk() as one:
        await one.ready()
        one.broker.place(limit_order(5))
        text = "Error validating request.-'bQ' : cause - The API interface is currently in Read-Only mode."
        one.tws.send(4, 2, 5, 321, text, "")
        one.tws.send(4, 2, 5, 321, text, "")
        await one.heard.first(VenueOrderError, 2)
        assert one.broker.read_only
        told = [c for c in one.heard.of(LinkChanged) if c.code == 321]
        assert len(told) == 1
        assert "Read-Only API" in told[0].way_out


async def test_an_order_still_waiting_when_the_link_breaks_is_said_to_have_never_left() -> None:
    async with desk() as one:
        await one.ready()
        for order_id in range(10, 70):
            one.broker.place(limit_order(order_id))
        await one.tws.until(lambda: len(one.tws.all(3)) >= 30)
        one.tws.reset_connection()
        await one.heard.link(LinkState.RECONNECTING)
        sent = {int(fields[1]) for fields in one.tws.all(3)}
        never = {error.broker_order_id for error in one.heard.of(VenueOrderError) if error.code == codes.NEVER_SENT}
        assert never
        assert sent | never == set(range(10, 70))
        assert not sent & never


async def test_a_fault_of_the_core_on_one_message_does_not_lose_the_next() -> None:
    async with desk() as one:
        await one.ready()
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context["exception"]))
        one.heard.fail_once_on = VenueOrderStatus
        one.tws.send_bytes(
            frame(3, 5, "Submitted", 0, 10, 0, 11, 0, 0, 7, "", 0)
            + frame(3, 6, "Submitted", 0, 10, 0, 12, 0, 0, 7, "", 0)
        )
        status = await one.heard.first(VenueOrderStatus)
        assert status.broker_order_id == 6
        assert [type(fault) for fault in faults] == [RuntimeError]
        assert one.broker.link is LinkState.READY


async def test_a_server_that_takes_nothing_is_left_and_the_order_is_refused() -> None:
    async with desk() as one:
        await one.ready()
        connection = one.ibkr._session.connection
        assert connection is not None
        transport = connection.client.conn.transport
        assert transport is not None
        one.tws.listening.clear()
        transport.write(frame(*["x" * 1000] * 10_000))
        assert transport.get_write_buffer_size() > MAX_UNSENT
        with pytest.raises(LinkLostError, match="does not take"):
            one.broker.place(limit_order())
        await one.heard.link(LinkState.RECONNECTING, codes.SEND_STUCK)
        one.tws.listening.set()
        await one.step_until(lambda: one.broker.link is LinkState.READY)


async def test_the_broker_id_is_never_below_the_servers_first() -> None:
    async with desk() as one:
        one.tws.next_id = 4711
        await one.ready()
        assert one.broker.next_order_id_floor() == 4711


async def test_used_up_order_numbers_are_refused_with_the_way_out() -> None:
    async with desk() as one:
        one.tws.next_id = 2_000_000_000
        await one.broker.connect(one.settings())
        change = await one.heard.link(LinkState.CONNECTING, codes.ID_RANGE)
        assert "Reset API order ID sequence" in change.way_out


async def test_what_the_server_says_before_its_time_is_known_carries_the_brokers_time() -> None:
    async with desk() as one:
        one.tws.on_start = [frame(15, 1, "DU1234567,"), frame(9, 1, 1), frame(4, 2, -1, 2104, "farm is OK:usfarm", "")]
        one.clock.advance(500)
        before = one.clock.now_ns()
        await one.ready()
        notice = await one.heard.first(DataNotice)
        assert notice.ns == before
        kinds = [type(event).__name__ for event in one.heard.events]
        assert kinds.index("SourceSpoke") < kinds.index("DataNotice") < kinds.index("AccountValueReported")


@pytest.mark.parametrize("code", [1100, 2110])
async def test_a_server_that_has_lost_ibkr_before_we_came_is_not_ready(code: int) -> None:
    async with desk() as one:
        one.tws.on_start = [
            frame(15, 1, one.tws.accounts),
            frame(9, 1, 1),
            frame(4, 2, -1, code, "Connectivity between TWS and server is broken", ""),
        ]
        await one.broker.connect(one.settings())
        down = await one.heard.link(LinkState.DEGRADED)
        assert down.code == code
        await one.step_until(lambda: bool(one.tws.all(61)))
        for _ in range(20):
            one.clock.advance(0.25)
            await asyncio.sleep(0)
        assert not [each for each in one.heard.of(LinkChanged) if each.state in (LinkState.READY, LinkState.SYNCING)]
        one.tws.send(4, 2, -1, 1102, "restored", "")
        await one.heard.link(LinkState.READY)
