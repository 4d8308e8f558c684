# SPDX-License-Identifier: Apache-2.0
"""The field tables: every message survives the round trip at every version; the long ones have the right length."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brokers.simulator.protocol import requests, responses, responses_data, responses_orders
from brokers.simulator.protocol import requests_orders as orders
from brokers.simulator.protocol.frames import join_fields, split_fields
from brokers.simulator.protocol.language import (
    MAX_VERSION,
    MIN_VERSION,
    Direction,
    Field,
    Message,
    Repeat,
    Rows,
    When,
    decode,
    encode,
)
from brokers.simulator.protocol.values import UNSET_DOUBLE_TEXT, Values, WireError, escape, read_decimal, unescape
from brokers.simulator.refusals import REFUSALS
from tests.unit.simulator_wire.table_values import table_values

ALL_MESSAGES = [*requests.REQUESTS.values(), *responses.RESPONSES.values()]
PLAIN_ORDER: Values = {
    "order_id": 1,
    "symbol": "AAPL",
    "sec_type": "STK",
    "exchange": "SMART",
    "currency": "USD",
    "action": "BUY",
    "total_quantity": Decimal(100),
    "order_type": "LMT",
    "limit_price": Decimal("236.1"),
}


def layouts(rows: Rows) -> set[int]:
    """Server versions at which a table's layout changes, its inner rows included."""
    found: set[int] = set()
    for row in rows:
        found |= {version for version in (row.since, row.until) if MIN_VERSION < version <= MAX_VERSION}
        if isinstance(row, Repeat | When):
            found |= layouts(row.rows)
    return found


@pytest.mark.parametrize("message", ALL_MESSAGES, ids=lambda message: f"{message.id}-{message.name}")
def test_every_message_survives_the_round_trip(message: Message) -> None:
    versions = sorted({MIN_VERSION, 163, 176, MAX_VERSION} | layouts(message.rows))

    @settings(max_examples=8 * len(versions), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def round_trip(data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(versions))
        values = data.draw(table_values(message.rows, version))
        fields = encode(message, version, values)
        encoding = "ascii" if message.direction is Direction.RESPONSE else "utf-8"
        again = split_fields(join_fields(fields, encoding))
        assert again == fields
        assert decode(message, version, again) == values

    round_trip()


@pytest.mark.parametrize("message", ALL_MESSAGES, ids=lambda message: f"{message.id}-{message.name}")
def test_a_field_too_few_or_too_many_is_an_error_at_every_version(message: Message) -> None:
    for version in range(MIN_VERSION, MAX_VERSION + 1):
        fields = encode(message, version, {})
        decode(message, version, fields)
        with pytest.raises(WireError, match="too many"):
            decode(message, version, [*fields, "1"])
        last = message.rows[-1] if message.rows else None
        if isinstance(last, Field) and last.tail:
            assert decode(message, version, fields[:-1])[last.name] == last.default
        elif len(fields) > 1:
            with pytest.raises(WireError, match="missing"):
                decode(message, version, fields[:-1])


@pytest.mark.parametrize(("version", "count"), [(157, 110), (176, 115), (178, 114)])
def test_a_plain_limit_order_has_the_known_number_of_fields(version: int, count: int) -> None:
    assert len(encode(orders.PLACE_ORDER, version, PLAIN_ORDER)) == count


def test_unset_amounts_of_a_what_if_answer_are_the_java_limit() -> None:
    fields = encode(responses_orders.OPEN_ORDER, 176, {})
    assert fields.count(UNSET_DOUBLE_TEXT) == 12


def test_sizes_are_whole_before_fractions_were_allowed() -> None:
    values: Values = {"req_id": 1, "tick_type": 0, "size": Decimal("1.5")}
    assert encode(responses_data.TICK_SIZE, 162, values)[-1] == "1"
    assert encode(responses_data.TICK_SIZE, 163, values)[-1] == "1.5"


def test_a_combination_order_carries_its_legs_and_scale_block() -> None:
    values: Values = {
        **PLAIN_ORDER,
        "sec_type": "BAG",
        "combo_legs": [{"con_id": 1, "ratio": 1, "action": "BUY", "exchange": "SMART"}] * 2,
        "order_combo_legs": [{"price": Decimal("1.5")}, {"price": None}],
        "smart_combo_params": [{"tag": "NonGuaranteed", "value": "1"}],
        "scale_price_increment": Decimal("0.05"),
        "hedge_type": "D",
        "hedge_param": "0.5",
        "conditions": [{"type": 3, "time": "20250106 15:00:00"}, {"type": 5, "symbol": "IBM"}],
    }
    plain = encode(orders.PLACE_ORDER, 176, PLAIN_ORDER)
    fields = encode(orders.PLACE_ORDER, 176, values)
    # legs 1+2*8, leg prices 1+2, parameters 1+2, scale 7, hedge 1, conditions (4)+(5)+2
    assert len(fields) - len(plain) == 17 + 3 + 3 + 7 + 1 + 11
    decoded = decode(orders.PLACE_ORDER, 176, fields)
    assert decoded["scale_price_increment"] == Decimal("0.05")
    assert decoded["hedge_param"] == "0.5"


@given(st.text())
def test_text_is_escaped_to_ascii_and_back(text: str) -> None:
    written = escape(text)
    assert written.isascii()
    assert "\0" not in written
    assert unescape(written) == text


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "1e60", "0x10", "1_0 ", "9" * 65, "--1"])
def test_numbers_that_no_market_has_are_refused(text: str) -> None:
    with pytest.raises(WireError):
        read_decimal(text)


@pytest.mark.parametrize("text", ["", UNSET_DOUBLE_TEXT, "1.7976931348623157e+308"])
def test_unset_numbers_are_absent(text: str) -> None:
    assert read_decimal(text) is None


def test_every_request_of_the_protocol_is_served_or_refused_by_name() -> None:
    """All ids that clients of these versions can send; 26 to 48 and 60 were never given out."""
    of_clients = {*range(1, 26), *range(49, 60), *range(61, 105)}
    assert of_clients <= set(requests.REQUESTS) | set(REFUSALS)
