# SPDX-License-Identifier: Apache-2.0
"""The frame splitter and the readers against anything a socket can bring: the same messages or a refusal."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brokers.ibkr import parse, wire_orders
from brokers.ibkr.contracts import ContractRegister
from brokers.ibkr.frames import MAX_FRAME, FrameError, FrameSplitter
from brokers.ibkr.routes import UNREADABLE_FAULTS
from terminal.model.enums import BarSource
from terminal.model.instrument import Instrument
from tests.unit.ibkr import messages
from tests.unit.ibkr.harness import AAPL

payloads = st.lists(st.binary(min_size=1, max_size=300), max_size=20)


def framed(parts: list[bytes]) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


@given(payloads, st.lists(st.integers(1, 40), min_size=1, max_size=10))
def test_messages_come_out_whole_wherever_the_stream_is_cut(parts: list[bytes], sizes: list[int]) -> None:
    data, out, splitter, turn = framed(parts), list[bytes](), FrameSplitter(), 0
    while data:
        size = sizes[turn % len(sizes)]
        out += splitter.feed(data[:size])
        data, turn = data[size:], turn + 1
    assert out == parts
    assert splitter.waiting == 0


@pytest.mark.parametrize("length", [0, MAX_FRAME + 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_length_that_cannot_be_is_refused_as_soon_as_it_is_read(length: int) -> None:
    splitter = FrameSplitter()
    assert splitter.feed(length.to_bytes(4, "big")[:3]) == []
    with pytest.raises(FrameError):
        splitter.feed(length.to_bytes(4, "big")[3:])


def test_a_long_message_in_many_pieces_is_put_together_once() -> None:
    splitter, body = FrameSplitter(), b"x" * 10_000_000
    data = framed([body])
    out = [frame for start in range(0, len(data), 65536) for frame in splitter.feed(data[start : start + 65536])]
    assert out == [body]


def _forget(_instrument: Instrument) -> None:
    return None


_texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "nan", "-inf", "1e999999999", "-1", "9" * 30, "\udcff", "?", "0x10", "1_0", " 1", "sNaN"]),
    st.integers().map(str),
    st.floats().map(str),
)
_READERS: dict[str, Callable[[list[str]], object]] = {
    "3": lambda f: wire_orders.order_status(f, 1),
    "4": wire_orders.error,
    "5": lambda f: wire_orders.open_order(f, 1, 176, ContractRegister(_forget)),
    "11": lambda f: wire_orders.execution(f, 1, ContractRegister(_forget), frozenset()),
    "59": lambda f: wire_orders.commission(f, 1),
    "61": lambda f: parse.position(f, 1, ContractRegister(_forget)),
    "6": lambda f: parse.account_value(f, 1),
    "99": lambda f: parse.trade(f, AAPL.id, 1),
    "101": lambda f: wire_orders.completed_order(f, 1, 176),
    "bar": lambda f: parse.bar(f, AAPL.id, 60, BarSource.TRADES, "US/Eastern", closed=True),
}
_GOOD = {
    "3": messages.status(),
    "4": ["4", "2", "5", "201", "text", ""],
    "5": messages.open_order(),
    "11": messages.execution(),
    "59": messages.commission(),
    "61": ["61", "3", "DU1", *(str(field) for field in messages.CONTRACT), "10", "100.5"],
    "6": ["6", "2", "NetLiquidation", "1.0", "USD", "DU1"],
    "99": ["99", "1", "2", "1700000000", "100.5", "10", "0", "ISLAND", ""],
    "101": messages.completed_order(),
    "bar": ["1700000000", "1", "2", "0.5", "1.5", "10", "1.2", "3"],
}


@pytest.mark.parametrize("kind", list(_READERS))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_message_however_damaged_does_more_than_be_refused(kind: str, data: st.DataObject) -> None:
    fields = list(_GOOD[kind])
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(fields) - 1)) if fields else 0
        match data.draw(st.integers(0, 3)):
            case 0 if fields:
                fields[place] = data.draw(_texts)
            case 1 if fields:
                del fields[place]
            case 2:
                fields.insert(place, data.draw(_texts))
            case _:
                fields = fields[:place]
    try:
        _READERS[kind](fields)
    except UNREADABLE_FAULTS:
        return
