# SPDX-License-Identifier: Apache-2.0
"""Whatever the core can say comes back from the journal exactly, and nothing else is accepted."""

import contextlib
import dataclasses
import json
import types
import typing
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, NewType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.errors import DataError, InvariantError
from terminal.model.codec import EventCodec, UnknownKindError
from terminal.model.enums import OrderStatus
from terminal.model.events import LogLine, OrderCancelled, OrderChanged, OrderEvent, OrderFilled, OrderSending
from terminal.model.ids import ClientOrderId

CODEC = EventCodec()
KINDS = sorted(CODEC.kinds)
TEXT = st.text(max_size=30)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: st.integers(min_value=-(2**63), max_value=2**63 - 1),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    date: st.dates(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for any annotated type of a message."""
    while isinstance(hint, NewType):
        hint = hint.__supertype__
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return st.one_of([st.none() if each is types.NoneType else values(each) for each in inner])
    if origin is tuple and inner[-1] is Ellipsis:
        return st.lists(values(inner[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(values(each) for each in inner))
    if origin is frozenset:
        return st.frozensets(values(inner[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(values(inner[0]), values(inner[1]), max_size=3)
    if dataclasses.is_dataclass(hint):
        if hint is OrderEvent:
            return st.one_of(messages(OrderSending), messages(OrderFilled), messages(OrderCancelled))
        assert isinstance(hint, type)
        return messages(hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    return PLAIN[hint]


def messages(kind: type[Any]) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{each.name: values(hints[each.name]) for each in dataclasses.fields(kind)})


def every_message() -> st.SearchStrategy[Any]:
    return st.sampled_from(KINDS).flatmap(lambda name: messages(CODEC.kinds[name]))


@given(every_message())
def test_every_message_comes_back_exactly(message: Any) -> None:
    kind, payload = CODEC.encode(message)
    back = CODEC.decode(kind, payload)
    assert back == message
    assert type(back) is type(message)
    for each in dataclasses.fields(message):  # equality is blind to an enum against its text
        assert type(getattr(back, each.name)) is type(getattr(message, each.name))


@given(every_message())
def test_the_text_is_canonical(message: Any) -> None:
    """Equality is blind to 1.10 against 1.1; the text is not."""
    kind, payload = CODEC.encode(message)
    assert CODEC.encode(CODEC.decode(kind, payload)) == (kind, payload)
    assert payload.isascii()
    assert payload.isprintable()
    assert payload == json.dumps(json.loads(payload), sort_keys=True, separators=(",", ":"))


@given(every_message(), st.data())
def test_a_changed_text_is_refused_or_means_something_else(message: Any, data: st.DataObject) -> None:
    """Fuzz: whatever stands there, the answer is a message or one of our two errors, never another exception."""
    kind, payload = CODEC.encode(message)
    plain = json.loads(payload)
    if plain:
        name = data.draw(st.sampled_from(sorted(plain)))
        junk = st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
            lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(TEXT, inner, max_size=2)),
            max_leaves=4,
        )
        plain[name] = data.draw(junk)
    with contextlib.suppress(DataError):
        CODEC.decode(kind, json.dumps(plain))


SENDING = OrderSending(client_order_id=ClientOrderId("T1-1"), ns=5)


@pytest.mark.parametrize(
    ("kind", "payload", "fault", "words"),
    [
        ("OrderDreamt", "{}", UnknownKindError, "unknown kind 'OrderDreamt'"),
        ("OrderSending", '{"client_order_id":"x","ns":1,"mood":"good"}', UnknownKindError, "unknown fields"),
        ("OrderSending", '{"client_order_id":"x"}', DataError, "OrderSending.ns is missing"),
        ("OrderSending", '{"client_order_id":"x","ns":"1"}', DataError, "must be int"),
        ("OrderSending", '{"client_order_id":"x","ns":true}', DataError, "must be int"),
        ("OrderSending", "[]", DataError, "must be a JSON object"),
        ("OrderSending", "{", DataError, "is not JSON"),
        ("StrategyChanged", '{"ns":1,"state":"dreaming","strategy_id":"x"}', UnknownKindError, "unknown value"),
        ("OrderCommissioned", '{"client_order_id":"x","ns":1,"execution_id":"e","commission":"NaN","currency":"USD"}',
         DataError, "finite"),
        ("OrderCommissioned", '{"client_order_id":"x","ns":1,"execution_id":"e","commission":"a","currency":"USD"}',
         DataError, "decimal number"),
    ],
)  # fmt: skip
def test_what_no_version_or_a_newer_one_wrote_is_refused(
    kind: str, payload: str, fault: type[Exception], words: str
) -> None:
    with pytest.raises(fault, match=words):
        CODEC.decode(kind, payload)


def test_a_field_that_came_later_has_its_default_in_old_journals() -> None:
    old = CODEC.decode("OrderCancelled", '{"client_order_id":"T1-1","ns":5}')
    assert old == OrderCancelled(client_order_id=ClientOrderId("T1-1"), ns=5)


def test_a_value_of_the_wrong_type_never_reaches_the_journal() -> None:
    wrong: Any
    for wrong in ("5", True, 5.0, None):
        with pytest.raises(InvariantError, match="must be int"):
            CODEC.encode(dataclasses.replace(SENDING, ns=wrong))
    with pytest.raises(InvariantError, match="must be str"):
        CODEC.encode(LogLine(ns=1, level="info", subject="x", text="y", fields=typing.cast("Any", {"a": 1})))


def test_only_frozen_dataclasses_of_one_name_can_be_registered() -> None:
    @dataclasses.dataclass
    class Thawed:
        ns: int

    with pytest.raises(InvariantError, match="frozen"):
        EventCodec([Thawed])
    namesake = dataclasses.make_dataclass("OrderSending", [("ns", int)], frozen=True)
    with pytest.raises(InvariantError, match="two classes"):
        EventCodec([namesake])
    with pytest.raises(InvariantError, match="not registered"):
        CODEC.encode(Thawed(ns=1))


def test_an_event_inside_an_event_keeps_its_class() -> None:
    changed = OrderChanged(ns=1, client_order_id=ClientOrderId("T1-1"), event=SENDING, status=OrderStatus.SENDING)
    back = CODEC.decode(*CODEC.encode(changed))
    assert type(back.event) is OrderSending
