# SPDX-License-Identifier: Apache-2.0
"""Every cell of the order table on the living market: what it takes does what its row says, the rest is refused."""

from decimal import Decimal
from typing import Any

import pytest

from terminal.model.enums import AssetClass
from terminal.simulation.exchange_port import SimCondition, SimLeg, SimOrder, SimulatorRefusalError
from terminal.simulation.market import Market
from terminal.simulation.order_table import ATTRIBUTES, HARMLESS, REFUSED, Refusal, attribute_refusal, matrix
from terminal.simulation.orders import Stage
from terminal.simulation.trading_days import MINUTE_NS
from tests.unit.simulation.floor_case import AAPL, ACCOUNT, EUR, market, order, pass_time

BTC, SPX = 479624278, 416904
CELLS = list(matrix())
_ENDS = frozenset({"IOC", "FOK"})
_WAITING = {
    "STP": Stage.TRIGGER, "STP LMT": Stage.TRIGGER, "TRAIL": Stage.TRIGGER, "TRAIL LIMIT": Stage.TRIGGER,
    "MIT": Stage.TRIGGER, "LIT": Stage.TRIGGER, "MOC": Stage.AUCTION, "LOC": Stage.AUCTION,
}  # fmt: skip


@pytest.fixture(scope="module")
def exchange() -> Market:
    made, _ = market()
    made.money.ledgers[ACCOUNT].cash["USD"] = Decimal(10_000_000)
    return made


def calls(exchange: Market) -> list[int]:
    """Return two neighbouring calls near the money, some weeks away."""
    chain = exchange.option_chain(AAPL)[0]
    spot = exchange.top(AAPL).last or 0.0
    strikes = sorted(sorted(chain[4], key=lambda strike: abs(strike - spot))[:2])
    found = [exchange.find(symbol="AAPL", sec_type="OPT", expiry=chain[3][3], strike=one, right="C") for one in strikes]
    return [rows[0].broker_id or 0 for rows in found]


def contract(exchange: Market, kind: AssetClass) -> dict[str, Any]:
    match kind:
        case AssetClass.STOCK:
            return {"con_id": AAPL, "quantity": 10}
        case AssetClass.OPTION:
            return {"con_id": calls(exchange)[0], "quantity": 1}
        case AssetClass.FUTURE:
            (front, *_) = exchange.find(symbol="ES", sec_type="FUT")
            return {"con_id": front.broker_id or 0, "quantity": 1}
        case AssetClass.FOREX:
            return {"con_id": EUR, "quantity": 20_000}
        case AssetClass.CRYPTO:
            return {"con_id": BTC, "quantity": "0.01"}
        case AssetClass.COMBO:
            low, high = calls(exchange)
            legs = (SimLeg(con_id=low, ratio=1, action="BUY"), SimLeg(con_id=high, ratio=1, action="SELL"))
            return {"con_id": 0, "quantity": 1, "legs": legs}
        case _:
            return {"con_id": SPX, "quantity": 1}


def sound(exchange: Market, kind: AssetClass, order_type: str, tif: str) -> SimOrder:
    """Return an order that lacks nothing of its type, with prices around the market."""
    what = contract(exchange, kind)
    quantity = what.pop("quantity")
    if kind is AssetClass.COMBO:
        low, high, above, step = 1.0, 3.0, 9.0, 0.1
    else:
        top = exchange.top(what["con_id"])
        instrument = exchange.instrument(what["con_id"])
        assert instrument is not None
        middle = top.bid or top.last or 100.0
        low, high, above = (float(instrument.snap(middle * factor)) for factor in (0.7, 1.02, 1.3))
        step = float(instrument.snap(middle * 0.3))
    more: dict[str, Any] = {
        "MKT": {},
        "LMT": {"limit_price": high},
        "STP": {"aux_price": above},
        "STP LMT": {"aux_price": above, "limit_price": above},
        "TRAIL": {"aux_price": step},
        "TRAIL LIMIT": {"aux_price": step, "limit_offset": step},
        "MIT": {"aux_price": low},
        "LIT": {"aux_price": low, "limit_price": low},
        "MOC": {},
        "LOC": {"limit_price": low},
        "MIDPRICE": {"limit_price": low},
        "REL": {"aux_price": 0.01, "limit_price": low},
    }[order_type]
    if order_type == "MKT" and kind is AssetClass.CRYPTO:
        quantity, more = 0, {"cash_quantity": 500.0}
    if tif == "GTD":
        more |= {"good_till_date": "later", "good_till_ns": exchange.now_ns() + 60 * MINUTE_NS}
    return order("BUY", quantity, order_type, what.pop("con_id"), tif=tif, **what, **more)


@pytest.mark.parametrize(
    ("kind", "order_type", "tif", "refusal"), CELLS, ids=[f"{kind}-{name}-{tif}" for kind, name, tif, _ in CELLS]
)
def test_a_cell(exchange: Market, kind: AssetClass, order_type: str, tif: str, refusal: Refusal | None) -> None:
    sent = sound(exchange, kind, order_type, tif)
    if refusal is not None:
        with pytest.raises(SimulatorRefusalError) as raised:
            exchange.place(sent)
        assert (raised.value.code, raised.value.text) == refusal
        assert not exchange.open_orders()
        return
    state = exchange.place(sent)
    pass_time(exchange, 3)
    working = exchange.desk.orders.get(state.perm_id)
    assert working is not None
    if tif in _ENDS:
        assert state.status in {"Filled", "Cancelled"}
    elif tif == "OPG":
        assert working.stage is Stage.AUCTION
    elif order_type in _WAITING:
        assert working.stage is _WAITING[order_type]
    elif order_type in {"MIDPRICE", "REL"}:
        assert working.stage is Stage.BOOK
    else:
        assert state.status == "Filled"
    if state.status not in {"Filled", "Cancelled"}:
        exchange.cancel(state.perm_id)
        pass_time(exchange, 1)
        assert state.status == "Cancelled"
    assert not exchange.open_orders()


_TAKEN = [(kind, name, tif) for kind, name, tif, refusal in CELLS if refusal is None and tif in {"DAY", "IOC"}]
WITH_ATTRIBUTES = [
    (name, kind, order_type, tif)
    for kind, order_type, tif in _TAKEN
    if tif == "DAY" or kind is AssetClass.CRYPTO
    for name in sorted(ATTRIBUTES)
]


def dressed(exchange: Market, name: str, sent: SimOrder) -> SimOrder:
    """Return an order with one attribute set."""
    now = exchange.now_ns()
    rows = (SimCondition(kind=3, ns=now + 60 * MINUTE_NS, text="later"),)
    sent.quantity *= 2
    values: dict[str, dict[str, Any]] = {
        "goodAfterTime": {"good_after_time": "later", "good_after_ns": now + 60 * MINUTE_NS},
        "hidden": {"hidden": True},
        "displaySize": {"display_size": 1},
        "allOrNone": {"all_or_none": True},
        "ocaGroup": {"oca_group": "g", "oca_type": 2},
        "parentId": {},
        "conditions": {"conditions": rows},
        "conditionsCancelOrder": {"conditions": rows, "conditions_cancel_order": True},
        "triggerMethod": {"trigger_method": 2},
        "cashQty": {"cash_quantity": 500.0},
    }
    if name == "parentId":
        sent.parent_perm_id = exchange.place(order("BUY", 1, "LMT", limit_price=100.0, tif="GTC")).perm_id
    for field, value in values[name].items():
        setattr(sent, field, value)
    return sent


@pytest.mark.parametrize(
    ("name", "kind", "order_type", "tif"),
    WITH_ATTRIBUTES,
    ids=[f"{name}-{kind}-{kind_of}-{tif}" for name, kind, kind_of, tif in WITH_ATTRIBUTES],
)
def test_an_attribute(exchange: Market, name: str, kind: AssetClass, order_type: str, tif: str) -> None:
    sent = sound(exchange, kind, order_type, tif)
    if name == "cashQty" and kind is AssetClass.CRYPTO:
        sent.quantity = Decimal(0)
    sent = dressed(exchange, name, sent)
    refusal = attribute_refusal(name, kind, order_type, tif)
    if refusal is not None and not (name == "cashQty" and order_type == "MKT" and kind is AssetClass.CRYPTO):
        with pytest.raises(SimulatorRefusalError) as raised:
            exchange.place(sent)
        allowed = {refusal.code}
        if kind is AssetClass.CRYPTO:
            allowed |= {10244, 434}  # a coin's market buy names money in any case
        assert raised.value.code in allowed
    else:
        state = exchange.place(sent)
        pass_time(exchange, 2)
        waits = name in {"goodAfterTime", "conditions", "parentId"}
        assert not waits or state.status == "PreSubmitted"
    for left in exchange.open_orders():
        if left.status not in {"Filled", "Cancelled"}:
            exchange.desk.finish(exchange.desk.orders.get(left.perm_id) or pytest.fail("lost"), "test")
    assert not exchange.open_orders()


@pytest.mark.parametrize(
    "name", ["minQty", "sweepToFill", "scaleInitLevelSize", "mifid2DecisionMaker", *sorted(REFUSED)]
)
def test_an_attribute_without_a_row_is_refused(exchange: Market, name: str) -> None:
    sent = sound(exchange, AssetClass.STOCK, "LMT", "DAY")
    sent.attributes = {name: "1"}
    with pytest.raises(SimulatorRefusalError) as raised:
        exchange.place(sent)
    assert raised.value.code == (REFUSED[name].code if name in REFUSED else 10340)
    assert not HARMLESS & set(REFUSED)
