# SPDX-License-Identifier: Apache-2.0
"""Our reading of order messages: equal to the library's where that is sound, and strict where it is not."""

import logging
from decimal import Decimal
from typing import Any

import pytest

from brokers.ibkr import wire_orders
from brokers.ibkr.contracts import ContractRegister
from brokers.ibkr.library import load
from brokers.ibkr.routes import UNREADABLE_FAULTS
from brokers.ibkr.wire_reader import optional
from terminal.clock import NS_PER_S
from terminal.model.enums import OrderType, Side, TimeInForce
from terminal.model.instrument import Instrument
from tests.unit.ibkr import messages

NS = 1_700_000_000 * NS_PER_S
LAYOUTS: list[dict[str, Any]] = [
    {},
    {"type": "STP LMT", "aux": "99.5", "tif": "GTC", "parent": 4, "oca": "G1"},
    {"type": "TRAIL", "aux": "0.5", "trail_stop": "99", "adj_trail_stop": "99"},
    {"dn_type": "", "dn_con": (), "dn_settling": (), "dn_clearing": (), "dn_intent": (), "dn_open": ()}
    | {"dn_short": (), "dn_slot": (), "dn_location": ()},
    {"n_legs": (2, *(1, 1, "BUY", "SMART", 0, 0, "", -1) * 2), "n_order_legs": (2, 1.5, 2.5)},
    {"n_smart": (1, "NonGuaranteed", "1")},
    {"scale_inc": (0.1, 0, 0, 0, 0, 0, 0, 0)},
    {"hedge": ("D", "x")},
    {"dnc": (1, 5, 0.5, 10)},
    {"algo": ("Adaptive", 1, "adaptivePriority", "Normal")},
    {"type": "PEG BENCH", "random_price": (0, 1, 0, 0.1, 0.2, "ISLAND")},
    {"n_conditions": (2, 1, "a", 1, 100, 265598, "SMART", 0, 3, "o", 1, "20240105 10:00:00 US/Eastern", 0, 1)},
    {
        "n_conditions": (
            4,
            4,
            "a",
            1,
            30,
            5,
            "a",
            "STK",
            "SMART",
            "AAPL",
            6,
            "a",
            1,
            100,
            1,
            "X",
            7,
            "a",
            1,
            5.0,
            1,
            "X",
            0,
            1,
        )
    },
]


def register() -> ContractRegister:
    def forget(_instrument: Instrument) -> None:
        return None

    return ContractRegister(forget)


class _Library:
    """The library's own decoder, as the second opinion."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.calls.append((name, args))


async def library_reads(fields: list[str]) -> tuple[Any, ...]:
    load()
    decoder_module = __import__("ib_insync.decoder", fromlist=["Decoder"])
    logging.getLogger("ib_insync").setLevel(logging.CRITICAL + 1)
    wrapper = _Library()
    decoder_module.Decoder(wrapper, 176).interpret(list(fields))
    return wrapper.calls[0][1] if wrapper.calls else ()


@pytest.mark.parametrize("changes", LAYOUTS)
async def test_open_orders_read_as_the_library_reads_them(changes: dict[str, Any]) -> None:
    fields = messages.open_order(**changes)
    order_id, contract, order, state = await library_reads(fields)
    ours = wire_orders.open_order(fields, NS, 176, register()).opened
    assert (ours.broker_order_id, ours.client_id, ours.perm_id) == (order_id, order.clientId, order.permId)
    assert (ours.status, ours.oca_group, ours.parent_broker_order_id) == (state.status, order.ocaGroup, order.parentId)
    assert ours.account_id == order.account
    assert float(ours.spec.quantity) == order.totalQuantity
    assert ours.raw_order_type == ("" if order.orderType in wire_orders.FROM_TYPES else order.orderType)
    assert ours.client_order_id == order.orderRef
    assert contract.conId == 265598


@pytest.mark.parametrize(
    "changes", [{}, {"algo": ("Vwap", 1, "a", "b")}, {"dnc": (1, 5, 0.5, 10)}, {"n_smart": (1, "a", "b")}]
)
async def test_completed_orders_read_as_the_library_reads_them(changes: dict[str, object]) -> None:
    fields = messages.completed_order(**changes)
    _, order, state = await library_reads(fields)
    ours = wire_orders.completed_order(fields, NS, 176)
    assert (ours.perm_id, ours.status) == (order.permId, state.status)
    assert float(ours.filled) == order.filledQuantity
    assert ours.client_order_id == order.orderRef


@pytest.mark.parametrize("version", [157, 159, 160, 162, 170, 176])
async def test_every_version_has_its_own_tail(version: int) -> None:
    fields = messages.open_order()
    keep = len(fields) - 8 + sum(version >= since for since in (159, 160, 162)) + (5 if version >= 170 else 0)
    assert wire_orders.open_order(fields[:keep], NS, version, register()).opened.perm_id == 900001


@pytest.mark.parametrize("cut", [1, 5, 40, 90])
def test_a_short_or_long_message_is_refused_not_guessed(cut: int) -> None:
    fields = messages.open_order()
    with pytest.raises(ValueError, match=r"ends early|expected|must be"):
        wire_orders.open_order(fields[:-cut], NS, 176, register())
    with pytest.raises(ValueError, match="too many"):
        wire_orders.open_order([*fields, "x"], NS, 176, register())
    with pytest.raises(UNREADABLE_FAULTS):
        wire_orders.completed_order(messages.completed_order()[:-cut], NS, 176)


@pytest.mark.parametrize("cut", range(1, 30))
def test_one_missing_field_anywhere_in_the_head_is_never_read_as_another_order(cut: int) -> None:
    fields = messages.open_order()
    del fields[cut]
    with pytest.raises(UNREADABLE_FAULTS):
        wire_orders.open_order(fields, NS, 176, register())


def test_terms_come_back_as_they_were_sent() -> None:
    read = wire_orders.open_order(
        messages.open_order(type="STP LMT", limit="100.25", aux="99.50", tif="GTC", rth=1, action="SELL"),
        NS,
        176,
        register(),
    ).opened.spec
    assert (read.side, read.order_type, read.time_in_force) == (Side.SELL, OrderType.STOP_LIMIT, TimeInForce.GTC)
    assert (read.limit_price, read.stop_price) == (Decimal("100.25"), Decimal("99.5"))
    assert read.outside_regular_hours


def test_prices_that_tws_fills_in_by_itself_are_not_taken_for_terms() -> None:
    read = wire_orders.open_order(messages.open_order(type="MKT", limit="0.0", aux="0.0"), NS, 176, register())
    assert read.opened.spec.limit_price is None
    assert read.opened.spec.stop_price is None


def test_an_unset_number_is_absent() -> None:
    for unset in ("", messages.UNSET, "2147483647", "1.7976931348623157e+308"):
        assert optional(unset) is None
    assert optional("0.0") == 0


def test_an_execution_keeps_exact_numbers_and_its_time() -> None:
    req_id, read = wire_orders.execution(messages.execution(price="100.205"), NS, register(), frozenset())
    assert req_id == -1
    assert read.price == Decimal("100.205")
    assert read.event_ns == 1_700_000_400 * NS_PER_S
    assert (read.side, read.solicited, read.exchange) == (Side.BUY, False, "IEX")


@pytest.mark.parametrize("time", ["20240105 10:00:00 XYZ/Nowhere", "garbage", "", "20240105 10:00:00 Mars"])
def test_an_execution_of_unknown_time_is_booked_when_heard_with_its_raw_time(time: str) -> None:
    _, read = wire_orders.execution(messages.execution(time=time), NS, register(), frozenset())
    assert (read.event_ns, read.raw_time) == (NS, time)


def test_manual_orders_and_missing_ids_read_as_zero() -> None:
    fields = messages.execution(order_id=2147483647, ref="my own")
    _, read = wire_orders.execution(fields, NS, register(), frozenset())
    assert (read.broker_order_id, read.client_order_id) == (0, None)


def test_a_bust_has_quantity_zero() -> None:
    _, read = wire_orders.execution(messages.execution(shares=0), NS, register(), frozenset())
    assert read.quantity == 0


@pytest.mark.parametrize(
    "change",
    [{"shares": "x"}, {"shares": "-5"}, {"shares": "nan"}, {"price": ""}, {"side": "HOLD"}, {"execution_id": ""}],
)
def test_a_broken_execution_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UNREADABLE_FAULTS):
        wire_orders.execution(messages.execution(**change), NS, register(), frozenset())


def test_a_status_needs_all_its_fields() -> None:
    read = wire_orders.order_status(messages.status(filled="2.5", remaining="7.5"), NS)
    assert (read.filled, read.remaining, read.average_price) == (Decimal("2.5"), Decimal("7.5"), None)
    for count in range(2, 12):
        with pytest.raises(UNREADABLE_FAULTS):
            wire_orders.order_status(messages.status()[:count], NS)


def test_a_large_perm_id_survives() -> None:
    fields = messages.status()
    fields[6] = "9223372036"
    assert wire_orders.order_status(fields, NS).perm_id == 9223372036


def test_a_commission_without_realized_pnl_says_so() -> None:
    read = wire_orders.commission(messages.commission(amount="1.0055"), NS)
    assert (read.commission, read.realized_pnl) == (Decimal("1.0055"), None)
    assert wire_orders.commission(messages.commission(realized="-12.5"), NS).realized_pnl == Decimal("-12.5")


def test_escaped_text_is_readable_and_odd_backslashes_stay() -> None:
    assert wire_orders.error(["4", "2", "5", "201", r"Order \u00e9 C:\temp \uZZ", ""]).text == "Order é C:\\temp \\uZZ"


def test_a_foreign_security_type_is_shown_under_its_own_name() -> None:
    fields = messages.execution()
    fields[5] = "WAR"
    _, read = wire_orders.execution(fields, NS, register(), frozenset())
    assert read.instrument_id == "WAR:AAPL"
