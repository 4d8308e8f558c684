# SPDX-License-Identifier: Apache-2.0
"""Request x security type x order type over the wire: served as the table says, or refused with its code.

Every message id that a client can send is in one of four lists: about a contract (capabilities.TABLE), an order (the
market's own table of order types), about the session or the account, or refused by name. Nothing stands between.
"""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Final

import pytest

from brokers.simulator.capabilities import EVERY, TABLE, Capability
from brokers.simulator.contracts import SEC_TYPES
from brokers.simulator.protocol.language import Message
from brokers.simulator.protocol.requests import REQ_CURRENT_TIME, REQUESTS
from brokers.simulator.protocol.values import Value, Values
from brokers.simulator.refusals import REFUSALS
from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import SimClock
from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation.factory import open_exchange
from terminal.simulation.order_table import TIMES, TYPES
from tests.unit.simulator_wire.raw_client import RawClient

CLASSES: Final = sorted(EVERY)
BY_NAME: Final = {message.name: message for message in REQUESTS.values()}
ANSWERS: Final = {
    "reqContractDetails": ("contractDetails",),
    "reqMktData": ("tickPrice",),
    "reqMktDepth": ("updateMktDepth", "updateMktDepthL2"),
    "reqTickByTickData": ("tickByTick",),
    "reqRealTimeBars": ("realtimeBar",),
    "reqHistoricalData": ("historicalData", "historicalSchedule"),
    "reqHeadTimeStamp": ("headTimestamp",),
    "reqHistoricalTicks": ("historicalTicks", "historicalTicksBidAsk", "historicalTicksLast"),
    "calculateImpliedVolatility": ("tickOptionComputation",),
    "calculateOptionPrice": ("tickOptionComputation",),
}
"""What a served request is answered with; exerciseOptions is accepted in silence."""
PLAIN: Final = {
    "reqCurrentTime": "currentTime", "reqIds": "nextValidId", "reqManagedAccts": "managedAccounts",
    "reqUserInfo": "userInfo", "reqSoftDollarTiers": "softDollarTiers", "reqFamilyCodes": "familyCodes",
    "reqSmartComponents": "smartComponents", "reqMktDepthExchanges": "mktDepthExchanges",
    "reqMarketRule": "marketRule", "reqMatchingSymbols": "symbolSamples",
    "reqSecDefOptParams": "securityDefinitionOptionParameterEnd", "reqScannerSubscription": "scannerData",
    "queryDisplayGroups": "displayGroupList", "subscribeToGroupEvents": "displayGroupUpdated",
    "reqOpenOrders": "openOrderEnd", "reqAllOpenOrders": "openOrderEnd", "reqCompletedOrders": "completedOrdersEnd",
    "reqExecutions": "execDetailsEnd", "reqPositions": "positionEnd", "reqPositionsMulti": "positionMultiEnd",
    "reqAccountSummary": "accountSummaryEnd", "reqAccountUpdates": "accountDownloadEnd",
    "reqAccountUpdatesMulti": "accountUpdateMultiEnd", "reqPnL": "pnl", "reqPnLSingle": "", "setServerLogLevel": "",
    "reqMarketDataType": "", "reqAutoOpenOrders": "error", "reqGlobalCancel": "", "cancelPositions": "",
    "updateDisplayGroup": "error", "unsubscribeFromGroupEvents": "error", "cancelOrder": "error",
    "cancelMktData": "error", "cancelMktDepth": "error", "cancelTickByTickData": "error",
    "cancelHistoricalData": "error", "cancelRealTimeBars": "error", "cancelHeadTimeStamp": "error",
    "cancelScannerSubscription": "error", "cancelCalculateImpliedVolatility": "error",
    "cancelCalculateOptionPrice": "error", "cancelAccountSummary": "error", "cancelPositionsMulti": "error",
    "cancelAccountUpdatesMulti": "error", "cancelPnL": "error", "cancelPnLSingle": "error",
}  # fmt: skip
"""Requests about no contract: the message that answers them; empty for those that TWS takes in silence."""
GIVEN: Final[dict[str, Values]] = {
    "reqSmartComponents": {"bbo_exchange": "9c0001"},
    "reqMarketRule": {"rule_id": 26},
    "reqMatchingSymbols": {"pattern": "AAPL"},
    "reqSecDefOptParams": {"symbol": "AAPL", "sec_type": "STK", "con_id": 265598},
    "reqScannerSubscription": {"instrument": "STK", "location": "STK.US.MAJOR", "scan_code": "MOST_ACTIVE"},
    "subscribeToGroupEvents": {"group": 1},
    "reqAccountSummary": {"group": "All", "tags": "NetLiquidation"},
    "reqAccountUpdates": {"subscribe": True},
    "setServerLogLevel": {"level": 2},
    "reqMarketDataType": {"type": 1},
    "reqPnLSingle": {"con_id": 265598},
    "reqAutoOpenOrders": {"auto_bind": True},
}


class Walk:
    """One client on one market whose time is stepped."""

    def __init__(self, server: SimulatedTws, client: RawClient, clock: SimClock) -> None:
        self.server, self.client, self.clock = server, client, clock
        self.number = 1000
        self.examples: dict[AssetClass, Instrument] = {}
        for instrument in server.exchange.instruments():
            self.examples.setdefault(instrument.asset_class, instrument)
        options = server.exchange.find(symbol="AAPL", sec_type="OPT", right="C")
        top = server.exchange.top(265598)
        spot = top.last or top.previous_close or 0.0
        later = sorted({option.expiry for option in options if option.expiry is not None})[3]
        self.examples[AssetClass.OPTION] = min(
            (option for option in options if option.expiry == later),
            key=lambda option: abs(float(option.strike or 0) - spot),
        )

    def contract(self, kind: AssetClass) -> Values:
        instrument = self.examples[kind]
        return {
            "con_id": instrument.broker_id,
            "symbol": instrument.symbol,
            "sec_type": SEC_TYPES[kind],
            "exchange": instrument.exchange,
            "currency": instrument.currency,
        }

    async def ask(self, message: Message, answers: tuple[str, ...], **values: Value) -> tuple[str, Values]:
        """Send a request; return its first answer or its error, within a minute of the market."""
        self.number += 1
        self.clock.advance(11)  # no request is paced by the one before
        known = {getattr(row, "name", "") for row in message.rows}
        given = {name: value for name, value in values.items() if name in known}
        identity = {name: self.number for name in ("req_id", "order_id") if name in known}
        self.client.send(message, **{**identity, **given})
        for _ in range(60):
            found = await self._round(answers, self.number if identity else -1)
            if found is not None:
                return found
            self.server.pump.step(1.0)
            self.clock.advance(1.0)
        return "silence", {}

    async def _round(self, answers: tuple[str, ...], number: int) -> tuple[str, Values] | None:
        """Everything that was sent before the server's next word on the time: the first that concerns the request."""
        found: tuple[str, Values] | None = None
        self.client.send(REQ_CURRENT_TIME)
        while True:
            name, content = await asyncio.wait_for(self.client.next(), 10)
            if name == "currentTime":
                return found or ((name, content) if name in answers else None)
            concerned = content.get("req_id", number) == number or content.get("order_id") == number
            wanted = name in answers or (name == "error" and content["code"] not in (399, 2109))
            if found is None and concerned and wanted:
                found = name, content


@pytest.fixture
async def walk() -> AsyncIterator[Walk]:
    clock = SimClock(0)
    server = SimulatedTws(open_exchange(seed=5), clock, ServerOptions(speed=0))
    await server.start()
    client = await RawClient.open(*server.address)
    await client.handshake("v157..176")
    await client.start(1)
    server.pump.step(120)
    yield Walk(server, client, clock)
    await client.close()
    await server.stop()


def request_values(row: Capability, walk: Walk, kind: AssetClass) -> Values:
    strike = float(walk.examples[AssetClass.OPTION].strike or 0)
    return {
        **walk.contract(kind),
        "type": row.variant,
        "what_to_show": row.variant,
        "rows": 5,
        "bar_size": 5 if row.request == "reqRealTimeBars" else "1 day",
        "duration": "1 M",
        "count": 10 if row.request == "reqHistoricalTicks" else 0,
        "start": "20250303 15:00:00 US/Eastern",
        "format_date": 1,
        "volatility": 0.3,
        "option_price": 10.0,
        "under_price": strike,
        "exercise_action": 2,
        "quantity": 1,
    }


@pytest.mark.parametrize("kind", CLASSES)
async def test_every_request_about_a_contract_is_served_or_refused_as_the_table_says(
    walk: Walk, kind: AssetClass
) -> None:
    wrong: list[str] = []
    for row in TABLE.values():
        values = request_values(row, walk, kind)
        name, content = await walk.ask(BY_NAME[row.request], ANSWERS.get(row.request, ()), **values)
        if kind in row.classes and row.request in ANSWERS:
            right = name in ANSWERS[row.request]
        elif kind in row.classes:  # an instruction that needs a position
            right = name == "error" and content["code"] != 320
        else:
            right = name == "error" and content["code"] == row.code
        if not right:
            wrong.append(f"{row.request} {row.variant}: {name} {content.get('code', '')} {content.get('message', '')}")
        await _cancel(walk, row.request)
    assert not wrong, "\n".join(wrong)


async def _cancel(walk: Walk, request: str) -> None:
    """Stop what was subscribed, so that no limit on open streams is reached."""
    name = {
        "reqMktData": "cancelMktData",
        "reqMktDepth": "cancelMktDepth",
        "reqTickByTickData": "cancelTickByTickData",
        "reqRealTimeBars": "cancelRealTimeBars",
    }.get(request)
    if name is not None:
        walk.client.send(BY_NAME[name], req_id=walk.number)


async def test_every_data_request_about_a_combination_is_refused(walk: Walk) -> None:
    """Combinations are ordered, not looked at: their legs have the quotes."""
    leg: Values = {"con_id": 265598, "ratio": 1, "action": "BUY", "exchange": "SMART"}
    combination: Values = {
        "con_id": 0, "symbol": "AAPL", "sec_type": "BAG", "exchange": "SMART", "currency": "USD",
        "combo_legs": [leg, {**leg, "con_id": 272093, "action": "SELL"}],
    }  # fmt: skip
    for row in TABLE.values():
        values = {**request_values(row, walk, AssetClass.STOCK), **combination}
        name, content = await walk.ask(BY_NAME[row.request], ANSWERS.get(row.request, ()), **values)
        assert (name, content.get("code") in (200, 321)) == ("error", True), (row, name, content)


@pytest.mark.parametrize("sec_type", ["BOND", "WAR", "CFD", "FUND", "FOP", "CMDTY", "NEWS", "IOPT", "nonsense", ""])
async def test_every_other_security_type_is_not_found(walk: Walk, sec_type: str) -> None:
    contract: Values = {"symbol": "AAPL", "sec_type": sec_type, "exchange": "SMART", "currency": "USD"}
    for row in TABLE.values():
        values = {**request_values(row, walk, AssetClass.STOCK), **contract, "con_id": 0}
        name, content = await walk.ask(BY_NAME[row.request], ANSWERS.get(row.request, ()), **values)
        assert (name, content.get("code")) == ("error", 200 if sec_type else 321), (row, name, content)


async def test_a_request_that_is_younger_than_the_dialect_is_unknown(walk: Walk) -> None:
    old = await RawClient.open(*walk.server.address)
    await old.handshake("v100..157")
    await old.start(2)
    old.send_fields("104", "7")
    assert (await old.until("error"))["code"] == 320
    await old.close()


@pytest.mark.parametrize("kind", CLASSES)
async def test_every_order_type_at_every_time_in_force_is_previewed_or_refused(walk: Walk, kind: AssetClass) -> None:
    wrong: list[str] = []
    for name in (*TYPES, "PEG BEST", "VWAP", "BOX TOP", "SNAP MKT", "NONSENSE"):
        row = TYPES.get(name)
        for tif in TIMES:
            served = row is not None and tif in row.tifs.get(kind, ())
            answer, content = await walk.ask(BY_NAME["placeOrder"], ("openOrder",), **_order(walk, kind, name, tif))
            refused = answer == "error" and content["code"] not in (320, 322)
            if not (answer == "openOrder" if served else refused):
                wrong.append(f"{name} {tif}: {answer} {content.get('code', '')} {content.get('message', '')}")
    assert not wrong, "\n".join(wrong)


def _order(walk: Walk, kind: AssetClass, name: str, tif: str) -> Values:
    """A buy order of that type near the market, as a preview, with the prices that the type needs."""
    instrument = walk.examples[kind]
    top = walk.server.exchange.top(instrument.broker_id or 0)
    price = Decimal(str(top.ask or top.last or top.previous_close or 1))
    step = instrument.min_tick * 20
    row = TYPES.get(name)
    needed = row.prices if row is not None else ("limit",)
    above = price + step if name in ("STP", "STP LMT") else price - step
    trails = name.startswith("TRAIL")
    by_cash = (kind, name) == (AssetClass.CRYPTO, "MKT")
    least = Decimal(25_000) if kind is AssetClass.FOREX else max(instrument.min_size, Decimal(1))
    return {
        **walk.contract(kind),
        "action": "BUY",
        "total_quantity": None if by_cash else least,
        "order_type": name,
        "tif": tif,
        "limit_price": price if "limit" in needed or name == "TRAIL LIMIT" else None,
        "aux_price": step if trails or name == "REL" else (above if "aux" in needed else None),
        "cash_qty": Decimal(1000) if by_cash else None,
        "trail_stop_price": price + step if trails else None,
        "good_till_date": "20250310 15:00:00 US/Eastern" if tif == "GTD" else "",
        "what_if": True,
    }


@pytest.mark.parametrize("name", sorted(PLAIN))
async def test_every_request_about_no_contract_has_its_answer(walk: Walk, name: str) -> None:
    answer, content = await walk.ask(BY_NAME[name], (PLAIN[name],), **GIVEN.get(name, {}))
    assert answer == (PLAIN[name] or "silence"), (answer, content)
    if answer == "error":
        assert content["code"] not in (320, 322)


def test_every_message_that_a_client_can_send_is_in_one_list() -> None:
    about_contracts = {row.request for row in TABLE.values()}
    named = {*about_contracts, *PLAIN, "placeOrder", "startApi"}
    assert named == set(BY_NAME)
    assert not about_contracts & set(PLAIN)
    assert not {message.id for message in REQUESTS.values()} & set(REFUSALS)
    assert {*range(1, 26), *range(49, 60), *range(61, 105)} <= set(REQUESTS) | set(REFUSALS)


@pytest.mark.parametrize("number", sorted(REFUSALS))
async def test_every_other_request_is_refused_by_name(walk: Walk, number: int) -> None:
    refusal = REFUSALS[number]
    walk.client.send_fields(str(number), *["7"] * 12)
    error = await walk.client.until("error")
    assert (error["code"], error["message"]) == (refusal.code, refusal.text)
    assert error["req_id"] == (-1 if refusal.position is None else 7)
