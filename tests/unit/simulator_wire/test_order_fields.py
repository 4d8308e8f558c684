# SPDX-License-Identifier: Apache-2.0
"""Fields of orders on the way to the market and back, and what TWS remarks about an order it has taken."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from brokers.simulator.protocol import requests_orders as requests
from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import NS_PER_S, SimClock
from tests.unit.simulator_wire.conftest import ConnectRaw
from tests.unit.simulator_wire.raw_client import RawClient
from tests.unit.simulator_wire.still_market import AAPL, StillMarket
from tests.unit.simulator_wire.test_orders import place


async def test_fields_with_a_place_are_read_and_shown_again(connect_raw: ConnectRaw, market: StillMarket) -> None:
    client = await connect_raw(1)
    place(
        client,
        1,
        all_or_none=True,
        trigger_method=4,
        display_size=10,
        tif="GTD",
        good_after_time="20250106 11:00:00 US/Eastern",
        good_till_date="20250107-15:30:00",
        conditions=[
            {"type": 1, "conjunction": "o", "is_more": True, "price": Decimal("250.5"), "con_id": AAPL,
             "exchange": "SMART", "trigger_method": 2},
            {"type": 3, "conjunction": "a", "is_more": True, "time": "20250106 12:00:00 US/Eastern"},
        ],
        conditions_ignore_rth=True,
    )  # fmt: skip
    shown = await client.until("openOrder")
    (state,) = market.states.values()
    sent = state.order
    assert (sent.all_or_none, sent.trigger_method, sent.display_size) == (True, 4, 10)
    assert datetime.fromtimestamp(sent.good_after_ns / NS_PER_S, UTC) == datetime(2025, 1, 6, 16, tzinfo=UTC)
    assert datetime.fromtimestamp(sent.good_till_ns / NS_PER_S, UTC) == datetime(2025, 1, 7, 15, 30, tzinfo=UTC)
    price, moment = sent.conditions
    assert (price.kind, price.joined, price.value, price.con_id, price.trigger_method) == (1, "o", 250.5, AAPL, 2)
    assert datetime.fromtimestamp(moment.ns / NS_PER_S, UTC) == datetime(2025, 1, 6, 17, tzinfo=UTC)
    assert (sent.conditions_ignore_rth, sent.conditions_cancel_order) == (True, False)
    assert (shown["good_after_time"], shown["display_size"]) == ("20250106 11:00:00 US/Eastern", 10)
    rows: Any = shown["conditions"]
    assert [row["type"] for row in rows] == [1, 3]
    assert (rows[0]["price"], rows[1]["time"]) == (Decimal("250.5"), "20250106 12:00:00 US/Eastern")


async def test_remarks_follow_an_accepted_order(market: StillMarket, clock: SimClock) -> None:
    server = SimulatedTws(market, clock, ServerOptions(speed=0, tif_preset=True))
    await server.start()
    client = await RawClient.open(*server.address)
    await client.handshake("v157..176")
    await client.start(1)
    place(client, 1, etrade_only=True, firm_quote_only=True)
    for code in (2168, 2169):
        assert (await client.until("error", code=code))["req_id"] == 1
    place(client, 2, tif="")
    assert (await client.until("error", code=10349))["req_id"] == 2
    place(client, 3)
    await client.until("orderStatus", order_id=3)
    assert [state.order.tif for state in market.states.values()] == ["GTC", "DAY", "GTC"]
    codes = [values["code"] for name, values in client.received if name == "error"]
    assert codes.count(10349) == 1
    await client.close()
    await server.stop()


async def test_orders_without_a_time_in_force_are_silent_day_orders_by_default(
    connect_raw: ConnectRaw, market: StillMarket
) -> None:
    client = await connect_raw(1)
    place(client, 1, tif="")
    await client.until("orderStatus")
    client.send(requests.REQ_IDS)
    await client.until("nextValidId")
    assert [state.order.tif for state in market.states.values()] == ["DAY"]
    assert 10349 not in [values["code"] for name, values in client.received if name == "error"]


async def test_what_the_market_remarks_is_said_once(
    connect_raw: ConnectRaw, market: StillMarket, server: SimulatedTws
) -> None:
    client = await connect_raw(1)
    place(client, 1)
    await client.until("orderStatus")
    (state,) = market.states.values()
    state.notices.append((404, "Shares for this order are not immediately available for short sale."))
    server.on_order(state)
    assert (await client.until("error", code=404))["req_id"] == 1
    server.on_order(state)
    client.send(requests.REQ_IDS)
    await client.until("nextValidId")
    codes = [values["code"] for name, values in client.received if name == "error"]
    assert codes.count(404) == 1
