# SPDX-License-Identifier: Apache-2.0
"""Orders over the wire: sequences, ids, visibility, refusals, what-if; through the real client and bare frames."""

from decimal import Decimal
from types import ModuleType

import pytest

from brokers.simulator.history_file import accepted_orders
from brokers.simulator.protocol import requests_orders as requests
from brokers.simulator.protocol.values import Value, Values
from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import SimClock
from terminal.simulation.exchange_port import SimulatorRefusalError
from tests.unit.simulator_wire.conftest import Connect, ConnectRaw
from tests.unit.simulator_wire.raw_client import RawClient
from tests.unit.simulator_wire.still_market import AAPL, ES, MSFT, START_NS, StillMarket
from tests.unit.simulator_wire.waiting import eventually, note_errors

ORDER: Values = {
    "con_id": AAPL,
    "exchange": "SMART",
    "action": "BUY",
    "total_quantity": Decimal(100),
    "order_type": "LMT",
    "limit_price": Decimal("236.1"),
    "tif": "GTC",
    "order_ref": "T1-REF",
    "open_close": "O",
}


def place(client: RawClient, order_id: int, **changes: Value) -> None:
    client.send(requests.PLACE_ORDER, **{**ORDER, "order_id": order_id, **changes})


async def test_place_fill_and_commission_arrive_in_order(connect_raw: ConnectRaw, market: StillMarket) -> None:
    client = await connect_raw(1)
    place(client, 1)
    opened = await client.until("openOrder")
    assert (opened["order_ref"], opened["status"], opened["limit_price"]) == ("T1-REF", "Submitted", Decimal("236.1"))
    assert (opened["right"], opened["exchange"], opened["delta_neutral_order_type"]) == ("?", "SMART", "None")
    status = await client.until("orderStatus")
    assert (status["remaining"], status["perm_id"]) == (Decimal(100), opened["perm_id"])
    client.received.clear()
    market.fill(1_900_000_001, 40, 236.1)
    await client.until("commissionReport")
    assert [name for name, _ in client.received] == ["execDetails", "openOrder", "orderStatus", "commissionReport"]
    execution = client.received[0][1]
    assert (execution["req_id"], execution["shares"], execution["side"]) == (-1, Decimal(40), "BOT")
    assert execution["time"] == "20250106 10:00:00 US/Eastern"
    assert client.received[2][1]["filled"] == Decimal(40)


async def test_the_library_sees_a_whole_life(connect: Connect, market: StillMarket, ib_insync: ModuleType) -> None:
    ib = await connect(1)
    order = ib_insync.LimitOrder("BUY", 100, 236.1, orderRef="T1-A", tif="GTC")
    trade = ib.placeOrder(ib_insync.Stock("AAPL", "SMART", "USD"), order)
    await eventually(lambda: trade.orderStatus.status == "Submitted")
    order.lmtPrice = 236.2
    ib.placeOrder(trade.contract, order)
    await eventually(lambda: market.states[order.permId].order.limit_price == 236.2)
    market.fill(order.permId, 60, 236.2)
    await eventually(lambda: trade.filled() == 60)
    assert trade.remaining() == 40
    market.fill(order.permId, 40, 236.15)
    await eventually(lambda: trade.orderStatus.status == "Filled" and len(trade.fills) == 2)
    assert [fill.commissionReport.commission for fill in trade.fills] == [1.0, 1.0]
    assert trade.orderStatus.avgFillPrice == pytest.approx(236.18)
    await eventually(ib.positions)


async def test_cancel_is_status_and_202(connect: Connect, ib_insync: ModuleType) -> None:
    ib = await connect(1)
    errors = note_errors(ib)
    trade = ib.placeOrder(ib_insync.Stock("AAPL", "SMART", "USD"), ib_insync.LimitOrder("SELL", 10, 300))
    await eventually(lambda: trade.orderStatus.status == "Submitted")
    ib.cancelOrder(trade.order)
    await eventually(lambda: (trade.order.orderId, 202) in errors)
    assert trade.orderStatus.status == "Cancelled"


async def test_a_bracket_is_silent_until_it_is_transmitted(connect_raw: ConnectRaw, market: StillMarket) -> None:
    client = await connect_raw(1)
    place(client, 1, transmit=False)
    place(client, 2, transmit=False, action="SELL", parent_id=1, limit_price=Decimal(240))
    client.send(requests.REQ_OPEN_ORDERS)
    await client.until("openOrderEnd")
    assert "openOrder" not in [name for name, _ in client.received]
    place(client, 3, action="SELL", parent_id=1, order_type="STP", aux_price=Decimal(230))
    for order_id, parent, status in ((1, 0, "Submitted"), (2, 1, "PreSubmitted"), (3, 1, "Submitted")):
        opened = await client.until("openOrder", order_id=order_id)
        assert (opened["parent_id"], opened["status"]) == (parent, status)
    parents = [state.order.parent_perm_id for state in market.states.values()]
    assert parents == [0, 1_900_000_001, 1_900_000_001]


async def test_an_order_id_names_one_order_for_ever(connect_raw: ConnectRaw, market: StillMarket) -> None:
    client = await connect_raw(1)
    place(client, 5)
    await client.until("orderStatus")
    place(client, 4)  # below what was seen
    assert (await client.until("error"))["code"] == 103
    market.refusal = SimulatorRefusalError(201, "Order rejected - reason:margin")
    place(client, 6)
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (6, 201)
    market.refusal = None
    place(client, 6)  # spent, although it was rejected
    assert (await client.until("error"))["code"] == 103
    client.send(requests.REQ_IDS)
    assert (await client.until("nextValidId"))["order_id"] == 7
    assert len(market.states) == 1


async def test_modify_rules(connect_raw: ConnectRaw, market: StillMarket) -> None:
    client = await connect_raw(1)
    place(client, 1)
    await client.until("orderStatus")
    place(client, 1, action="SELL")
    assert (await client.until("error"))["code"] == 105
    place(client, 1, con_id=MSFT)
    assert (await client.until("error"))["code"] == 105
    market.refusal = SimulatorRefusalError(110, "The price does not conform to the minimum price variation.")
    place(client, 1, limit_price=Decimal("236.111"))
    assert (await client.until("error"))["code"] == 110
    market.refusal = None
    assert market.states[1_900_000_001].order.limit_price == 236.1
    market.fill(1_900_000_001, 100, 236.1)
    await client.until("commissionReport")
    place(client, 1, limit_price=Decimal(230))
    assert (await client.until("error"))["code"] == 104


async def test_cancel_rules(connect_raw: ConnectRaw, market: StillMarket) -> None:
    first, second = await connect_raw(1), await connect_raw(2)
    place(first, 1)
    await first.until("orderStatus")
    for client, order_id, code in ((first, 99, 10147), (second, 1, 10147)):
        client.send(requests.CANCEL_ORDER, order_id=order_id)
        error = await client.until("error")
        assert (error["req_id"], error["code"]) == (order_id, code)
    market.refusal = SimulatorRefusalError(161, "Cancel attempted when order is not in a cancellable state.")
    first.send(requests.CANCEL_ORDER, order_id=1)
    assert (await first.until("error"))["code"] == 161
    market.refusal = None
    first.send(requests.CANCEL_ORDER, order_id=1)
    await first.until("error", code=202)
    first.send(requests.CANCEL_ORDER, order_id=1)
    assert (await first.until("error"))["code"] == 10148


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"action": "HOLD"}, 321),
        ({"total_quantity": Decimal(0)}, 434),
        ({"total_quantity": Decimal(-5)}, 321),
        ({"total_quantity": Decimal("Infinity")}, 321),
        ({"limit_price": Decimal("Infinity")}, 321),
        ({"account": "U1"}, 321),
        ({"con_id": 12345}, 200),
        ({"parent_id": 77}, 10006),
        ({"exchange": ""}, 321),
        ({"sec_type": "BAG", "con_id": 0, "symbol": "AAPL"}, 314),
        ({"good_after_time": "25:00:00"}, 343),
        ({"good_till_date": "20250132 10:00:00"}, 343),
        ({"good_till_date": "20250106 10:00:00 Mars/Crater"}, 343),
        ({"cash_qty": Decimal(500)}, 10293),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused(
    connect_raw: ConnectRaw, market: StillMarket, changes: Values, code: int
) -> None:
    client = await connect_raw(1)
    place(client, 1, **changes)
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (1, code)
    assert not market.states


async def test_every_field_without_a_place_reaches_the_market_as_an_attribute(
    connect_raw: ConnectRaw, market: StillMarket
) -> None:
    client = await connect_raw(1)
    noise: Values = {"rule_80a": "0", "delta_neutral_order_type": "None", "exempt_code": -1, "clearing_intent": "IB"}
    place(client, 1, **noise)
    await client.until("orderStatus")
    place(
        client,
        2,
        min_qty=50,
        algo_strategy="Twap",
        algo_params=[{"tag": "a", "value": "b"}],
        discretionary_amount=Decimal("0.05"),
        not_held=True,
    )
    await client.until("orderStatus", order_id=2)
    plain, special = (state.order.attributes for state in market.states.values())
    assert plain == {}
    assert set(special) == {"minQty", "algoStrategy", "algoParams", "discretionaryAmt", "notHeld"}


async def test_what_if_answers_once_and_places_nothing(
    connect: Connect, market: StillMarket, ib_insync: ModuleType
) -> None:
    ib = await connect(1)
    contract = ib_insync.Stock("AAPL", "SMART", "USD")
    state = await ib.whatIfOrderAsync(contract, ib_insync.LimitOrder("BUY", 100, 236.1))
    assert float(state.initMarginAfter) == 11_805.5
    assert float(state.initMarginChange) == 11_805.5
    assert float(state.equityWithLoanChange) == -1.0
    assert (state.commission, state.commissionCurrency) == (1.0, "USD")
    assert not market.states


async def test_clients_see_their_own_orders_unless_they_ask_for_all(connect_raw: ConnectRaw) -> None:
    first, second = await connect_raw(1), await connect_raw(2)
    place(first, 1)
    place(second, 1, order_ref="other")
    await second.until("orderStatus")
    for message, references in (
        (requests.REQ_OPEN_ORDERS, ["other"]),
        (requests.REQ_ALL_OPEN_ORDERS, ["T1-REF", "other"]),
    ):
        second.received.clear()
        second.send(message)
        await second.until("openOrderEnd")
        found = [values["order_ref"] for name, values in second.received if name == "openOrder"]
        assert found == references


async def test_a_global_cancel_reaches_every_client(connect_raw: ConnectRaw, market: StillMarket) -> None:
    first, second = await connect_raw(1), await connect_raw(2)
    place(first, 1)
    place(second, 1)
    await second.until("orderStatus")
    second.send(requests.REQ_GLOBAL_CANCEL)
    for client in (first, second):
        await client.until("orderStatus", status="Cancelled")
    assert not market.open_orders()


async def test_completed_orders_and_executions_of_the_day(
    connect: Connect, connect_raw: ConnectRaw, market: StillMarket
) -> None:
    raw = await connect_raw(1)
    place(raw, 1)
    place(raw, 2, con_id=ES, exchange="CME", action="SELL", total_quantity=Decimal(1), limit_price=Decimal(5770))
    await raw.until("orderStatus", order_id=2)
    market.fill(1_900_000_001, 100, 236.05)
    raw.send(requests.CANCEL_ORDER, order_id=2)
    await raw.until("error", code=202)
    ib = await connect(8)  # another client learns of them at its start
    completed = await ib.reqCompletedOrdersAsync(False)
    assert sorted(trade.orderStatus.status for trade in completed) == ["Cancelled", "Filled"]
    (fill,) = ib.fills()
    assert (fill.execution.shares, fill.execution.orderRef) == (100, "T1-REF")
    assert fill.execution.time.timestamp() == START_NS // 1_000_000_000
    raw.received.clear()
    raw.send(requests.REQ_EXECUTIONS, req_id=3, symbol="ES")
    await raw.until("execDetailsEnd", req_id=3)
    raw.send(requests.REQ_EXECUTIONS, req_id=4, side="BUY", client_id=1, time="20250106-14:00:00")
    await raw.until("execDetailsEnd", req_id=4)
    assert [values["req_id"] for name, values in raw.received if name == "execDetails"] == [4]


async def test_an_order_made_by_hand_is_bound_to_client_zero(
    connect_raw: ConnectRaw, market: StillMarket, server: SimulatedTws
) -> None:
    zero, one = await connect_raw(0), await connect_raw(1)
    one.send(requests.REQ_AUTO_OPEN_ORDERS, auto_bind=True)
    assert (await one.until("error"))["code"] == 327
    zero.send(requests.REQ_AUTO_OPEN_ORDERS, auto_bind=True)
    zero.send(requests.REQ_OPEN_ORDERS)
    await zero.until("openOrderEnd")
    place(one, 1)
    await one.until("orderStatus")
    manual = market.states[1_900_000_001].order
    manual.client_id, manual.order_id = 0, 0
    server.on_order(market.states[1_900_000_001])
    bound = await zero.until("orderBound")
    assert (bound["perm_id"], bound["order_id"]) == (1_900_000_001, -2)
    assert (await zero.until("openOrder"))["order_id"] == -2
    zero.send(requests.CANCEL_ORDER, order_id=-2)
    assert (await zero.until("error", code=202))["req_id"] == -2


async def test_a_read_only_server_refuses_orders_and_order_lists(market: StillMarket, clock: SimClock) -> None:
    server = SimulatedTws(market, clock, ServerOptions(speed=0, read_only=True))
    await server.start()
    client = await RawClient.open(*server.address)
    await client.handshake("v157..176")
    await client.start(1)
    place(client, 1)
    error = await client.until("error")
    assert (error["req_id"], error["code"]) == (1, 321)
    assert "Read-Only mode" in str(error["message"])
    client.send(requests.REQ_OPEN_ORDERS)
    assert (await client.until("error"))["code"] == 321
    client.send(requests.REQ_EXECUTIONS, req_id=2)
    await client.until("execDetailsEnd")
    await client.close()
    await server.stop()
    assert not market.states


async def test_ids_and_routes_survive_a_restart(market: StillMarket, clock: SimClock) -> None:
    state: dict[str, object] = {}
    for expected in (1, 8):
        server = SimulatedTws(market, clock, ServerOptions(speed=0))
        if state:
            server.load_state(state)
        await server.start()
        client = await RawClient.open(*server.address)
        await client.handshake("v157..176")
        await client.start(1)
        assert client.received[1][1]["order_id"] == expected
        if not state:
            place(client, 7, exchange="NASDAQ")
            await client.until("orderStatus")
            state = server.dump_state()
        else:
            client.send(requests.REQ_OPEN_ORDERS)
            opened = await client.until("openOrder")
            assert (opened["order_id"], opened["exchange"]) == (7, "NASDAQ")
            client.send(requests.CANCEL_ORDER, order_id=7)
            await client.until("error", code=202)
        await client.close()
        await server.stop()


async def test_the_count_of_accepted_orders_is_in_the_market_and_in_the_file(
    server: SimulatedTws, connect_raw: ConnectRaw
) -> None:
    client = await connect_raw(1)
    place(client, 1)
    place(client, 2)
    place(client, 2, limit_price=Decimal(230))  # a change is not another order
    place(client, 3, order_ref="other")
    await client.until("orderStatus", order_id=3)
    assert server.truth.accepted() == {"T1-REF": 2, "other": 1}
    await server.stop()
    assert server.options.history is not None
    assert accepted_orders(server.options.history) == {"T1-REF": 2, "other": 1}
