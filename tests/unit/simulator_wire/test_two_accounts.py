# SPDX-License-Identifier: Apache-2.0
"""Two accounts, one in dollars and one in euros, and several clients over the wire."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from brokers.simulator.protocol import requests
from brokers.simulator.protocol import requests_orders as orders
from brokers.simulator.protocol.values import Value, Values
from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import SimClock
from terminal.simulation.costs import Schedule
from terminal.simulation.factory import account_specs, open_exchange
from terminal.simulation.market import Market
from tests.unit.simulator_wire.conftest import ConnectRaw
from tests.unit.simulator_wire.raw_client import RawClient
from tests.unit.simulator_wire.test_orders import ORDER

AAPL, EUR = 265598, 12087792
DOLLARS, EUROS = "DU9000001", "DU9000002"


@pytest.fixture
def exchange() -> Market:
    return open_exchange(accounts=account_specs(2, Schedule.FIXED))


@pytest.fixture
async def server(exchange: Market) -> AsyncIterator[SimulatedTws]:
    tws = SimulatedTws(exchange, SimClock(exchange.now_ns()), ServerOptions(speed=0))
    await tws.start()
    yield tws
    await tws.stop()


async def trade(client: RawClient, server: SimulatedTws, order_id: int, **changes: Value) -> None:
    """Send a market order and step the market until it has filled."""
    order = {**ORDER, "order_type": "MKT", "limit_price": None, "total_quantity": Decimal(10), "account": DOLLARS}
    client.send(orders.PLACE_ORDER, **{**order, "order_id": order_id, **changes})
    for _ in range(400):
        await asyncio.sleep(0)
        server.pump.step(0.1)
        if any(state.order.order_id == order_id and state.status == "Filled" for state in server.truth.orders()):
            return
    raise AssertionError(f"the order never filled: {client.received[-3:]}")


async def rows(client: RawClient, end: str, name: str, **match: Value) -> list[Values]:
    """Read until the end marker; return what came under ``name``."""
    client.received.clear()
    await client.until(end, **match)
    return [values for found, values in client.received if found == name]


def ledger(found: list[Values], account: str, tag: str) -> dict[str, str]:
    return {str(one["currency"]): str(one["value"]) for one in found if (one["account"], one["tag"]) == (account, tag)}


async def test_both_accounts_are_managed_and_must_be_named(connect_raw: ConnectRaw) -> None:
    client = await connect_raw(1)
    managed = next(values for name, values in client.received if name == "managedAccounts")
    assert str(managed["accounts"]).strip(",").split(",") == [DOLLARS, EUROS]
    client.send(requests.REQ_ACCOUNT_UPDATES, subscribe=True, account="")
    assert (await client.until("error"))["code"] == 435


async def test_a_summary_speaks_of_both_accounts_in_their_own_currency(connect_raw: ConnectRaw) -> None:
    client = await connect_raw(1)
    client.send(requests.REQ_ACCOUNT_SUMMARY, req_id=7, group="All", tags="NetLiquidation,AccountType")
    found = await rows(client, "accountSummaryEnd", "accountSummary", req_id=7)
    assert [(one["account"], one["tag"], one["value"], one["currency"]) for one in found] == [
        (DOLLARS, "AccountType", "INDIVIDUAL", ""),
        (DOLLARS, "NetLiquidation", "250000.00", "USD"),
        (EUROS, "AccountType", "INDIVIDUAL", ""),
        (EUROS, "NetLiquidation", "100000.00", "EUR"),
    ]


@pytest.mark.parametrize(
    ("tags", "currencies"),
    [
        ("$LEDGER", {"BASE"}),
        ("$LEDGER:EUR", {"EUR"}),
        ("$LEDGER:ALL", {"BASE", "USD", "EUR"}),
        ("$LEDGER:USD,$LEDGER", {"USD", "BASE"}),
    ],
)
async def test_the_ledger_of_a_summary_shows_the_asked_currencies(
    connect_raw: ConnectRaw, server: SimulatedTws, tags: str, currencies: set[str]
) -> None:
    client = await connect_raw(1)
    await trade(client, server, 1, con_id=EUR, exchange="IDEALPRO", total_quantity=Decimal(20_000))
    client.send(requests.REQ_ACCOUNT_SUMMARY, req_id=7, group="All", tags=tags)
    found = await rows(client, "accountSummaryEnd", "accountSummary", req_id=7)
    assert set(ledger(found, DOLLARS, "CashBalance")) == currencies
    assert {one["tag"] for one in found} >= {"ExchangeRate", "RealCurrency", "NetLiquidationByCurrency", "AccruedCash"}
    assert "BuyingPower" not in {one["tag"] for one in found}


async def test_a_currency_trade_moves_both_ledgers_and_is_charged_in_the_base_currency(
    connect_raw: ConnectRaw, server: SimulatedTws, exchange: Market
) -> None:
    client = await connect_raw(1)
    await trade(client, server, 1, con_id=EUR, exchange="IDEALPRO", total_quantity=Decimal(40_000), account=EUROS,
                action="SELL")  # fmt: skip
    (done,) = exchange.executions()
    assert done.commission_currency == "EUR"
    rate = exchange.mark(EUR)
    assert done.commission == pytest.approx(2 / rate, rel=1e-3)
    cash = exchange.money.ledger(EUROS).cash
    assert cash["EUR"] == Decimal(60_000) - Decimal(repr(done.commission))
    assert cash["USD"] == Decimal(40_000) * Decimal(repr(done.price))
    client.send(requests.REQ_ACCOUNT_UPDATES_MULTI, req_id=3, account=EUROS, ledger_and_nlv=True)
    found = await rows(client, "accountUpdateMultiEnd", "accountUpdateMulti", req_id=3)
    values = {(one["key"], one["currency"]): str(one["value"]) for one in found}
    assert float(values["ExchangeRate", "USD"]) == pytest.approx(1 / rate, abs=1e-6)
    assert float(values["NetLiquidation", "EUR"]) == pytest.approx(
        float(cash["EUR"]) + float(cash["USD"]) / rate, abs=0.02
    )
    assert ("BuyingPower", "EUR") not in values
    assert float(values["CashBalance", "BASE"]) == pytest.approx(float(values["NetLiquidation", "EUR"]), abs=0.02)


async def test_dollar_shares_in_a_euro_account_are_reported_in_euros(
    connect_raw: ConnectRaw, server: SimulatedTws, exchange: Market
) -> None:
    client = await connect_raw(1)
    await trade(client, server, 1, total_quantity=Decimal(100), account=EUROS)
    standing, rate = exchange.money.standing(EUROS), exchange.mark(EUR)
    (position,) = exchange.positions(EUROS)
    assert standing.stocks == pytest.approx(position.market_value / rate, rel=1e-6)
    assert standing.cash == pytest.approx(100_000 + float(exchange.money.ledger(EUROS).cash["USD"]) / rate, abs=0.01)
    assert standing.need.regulation_t == pytest.approx(0.5 * standing.stocks, rel=1e-6)
    assert not exchange.positions(DOLLARS)


async def test_positions_multi_tells_one_account_or_all(connect_raw: ConnectRaw, server: SimulatedTws) -> None:
    client = await connect_raw(1)
    await trade(client, server, 1, account=EUROS)
    await trade(client, server, 2, account=DOLLARS, total_quantity=Decimal(20))
    for req_id, account, expected in ((5, EUROS, [EUROS]), (6, "", [DOLLARS, EUROS]), (7, "All", [DOLLARS, EUROS])):
        client.send(requests.REQ_POSITIONS_MULTI, req_id=req_id, account=account)
        found = await rows(client, "positionMultiEnd", "positionMulti", req_id=req_id)
        assert [one["account"] for one in found] == expected


async def test_profit_of_a_contract_that_is_not_held_is_unset(connect_raw: ConnectRaw) -> None:
    client = await connect_raw(1)
    client.send(requests.REQ_PNL_SINGLE, req_id=4, account=DOLLARS, con_id=AAPL)
    answer = await client.until("pnlSingle", req_id=4)
    assert (answer["position"], answer["daily"], answer["unrealized"]) == (Decimal(0), None, None)


async def test_a_client_sees_the_other_accounts_positions_but_not_the_other_clients_orders(
    connect_raw: ConnectRaw, server: SimulatedTws
) -> None:
    first, second = await connect_raw(1), await connect_raw(2)
    second.send(requests.REQ_POSITIONS)
    await second.until("positionEnd")
    second.received.clear()
    await trade(first, server, 1, account=EUROS)
    told = await second.until("position")
    assert (told["account"], told["position"]) == (EUROS, Decimal(10))
    assert "openOrder" not in [name for name, _ in second.received]


async def test_a_liquidation_is_an_execution_with_its_flag(
    connect_raw: ConnectRaw, server: SimulatedTws, exchange: Market
) -> None:
    client = await connect_raw(1)
    await trade(client, server, 1, total_quantity=Decimal(2000))
    client.send(requests.REQ_ACCOUNT_UPDATES, subscribe=True, account=DOLLARS)
    await client.until("accountDownloadEnd")
    exchange.money.ledger(DOLLARS).credit("USD", Decimal(-200_000))
    server.pump.step(45.0)
    assert (await client.until("updateAccountValue", key="HighestSeverity"))["value"] in {"2", "3"}
    server.pump.step(5.0)
    client.send(orders.REQ_EXECUTIONS, req_id=8)
    found = await rows(client, "execDetailsEnd", "execDetails", req_id=8)
    forced = [one for one in found if one["liquidation"]]
    assert forced
    assert {(one["side"], one["order_id"], one["client_id"]) for one in forced} == {("SLD", 0, 0)}
    assert not [one for one in found if one["order_id"] == 1 and one["liquidation"]]
