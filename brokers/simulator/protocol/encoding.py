# SPDX-License-Identifier: Apache-2.0
"""Writing a message: the rows of its table, compiled once per server version into one writer per field.

A level 1 line sends the same few messages hundreds of thousands of times, so what does not depend on the values
(which rows there are, what an absent field looks like, how a kind is written) is settled when a message is first
sent at a version. The rows stay the only truth: nothing here knows a message by name.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import TypeAlias

from brokers.simulator.protocol import values as wire
from brokers.simulator.protocol.values import Kind, Value, WireError
from brokers.simulator.protocol.vocabulary import (
    WHOLE_SIZES_BELOW,
    Direction,
    Field,
    Literal,
    Message,
    Repeat,
    Row,
    Rows,
    Series,
    When,
    passes,
    plan,
)

Write: TypeAlias = Callable[[Value], str]
Extend: TypeAlias = Callable[[Mapping[str, Value], list[str]], None]


def encode(message: Message, server_version: int, values: Mapping[str, Value]) -> list[str]:
    """Field texts of a message, id first.

    Raises WireError when a value does not fit its field.
    """
    fields = [str(message.id)]
    for extend in _compiled(message, server_version):
        extend(values, fields)
    return fields


@lru_cache(maxsize=4096)
def _compiled(message: Message, server_version: int) -> tuple[Extend, ...]:
    return _compile(message.rows, server_version, message)


def _compile(rows: Rows, server_version: int, message: Message) -> tuple[Extend, ...]:
    """One function per run of plain fields, one per group or block."""
    parts: list[Extend] = []
    run: list[tuple[str, str, Write]] = []
    for row in plan(rows, server_version):
        if isinstance(row, Field | Literal):
            run.append(_plain(row, server_version, message))
            continue
        if run:
            parts.append(_fields(tuple(run)))
            run = []
        parts.append(_nested(row, server_version, message))
    if run:
        parts.append(_fields(tuple(run)))
    return tuple(parts)


def _plain(row: Field | Literal, server_version: int, message: Message) -> tuple[str, str, Write]:
    """Name, text when absent, writer. A literal has a name that no values have."""
    if isinstance(row, Literal):
        return "", row.written, str
    write = _writer(row, server_version, message)
    return row.name, write(row.default), write


def _fields(run: tuple[tuple[str, str, Write], ...]) -> Extend:
    def extend(values: Mapping[str, Value], out: list[str]) -> None:
        out += [write(values[name]) if name in values else absent for name, absent, write in run]

    return extend


def _nested(row: Row, server_version: int, message: Message) -> Extend:
    match row:
        case Repeat():
            return _repeat(row, _compile(row.rows, server_version, message), message)
        case Series():
            return _series(row, _writer(Field(row.name, row.kind), server_version, message), message)
        case When():
            return _when(row, _compile(row.rows, server_version, message))
        case _:
            raise AssertionError(f"{message.name}: a row that is neither field nor block")


def _repeat(row: Repeat, parts: tuple[Extend, ...], message: Message) -> Extend:
    def extend(values: Mapping[str, Value], out: list[str]) -> None:
        groups = _items(row.name, values.get(row.name), message)
        out.append(str(len(groups)))
        for group in groups:
            if not isinstance(group, Mapping):
                raise WireError(f"{message.name}.{row.name} must be a list of groups, was {group!r}")
            for part in parts:
                part(group, out)

    return extend


def _series(row: Series, write: Write, message: Message) -> Extend:
    def extend(values: Mapping[str, Value], out: list[str]) -> None:
        items = _items(row.name, values.get(row.name), message)
        out.append(str(len(items)))
        out += [write(item) for item in items]

    return extend


def _when(row: When, parts: tuple[Extend, ...]) -> Extend:
    def extend(values: Mapping[str, Value], out: list[str]) -> None:
        if passes(row, values):
            for part in parts:
                part(values, out)

    return extend


def _items(name: str, value: Value, message: Message) -> Sequence[Value]:
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise WireError(f"{message.name}.{name} must be a list, was {value!r}")
    return value


# ------------------------------------------------------------------ one writer per kind


def _writer(field: Field, server_version: int, message: Message) -> Write:
    match field.kind:
        case Kind.INTEGER:
            return _integer(field, message)
        case Kind.FLAG:
            return _flag(field, message)
        case Kind.FLOAT | Kind.DECIMAL:
            return _number(field, message, whole=False)
        case Kind.SIZE:
            return _number(field, message, whole=server_version < WHOLE_SIZES_BELOW)
        case Kind.TEXT:
            return _text(field, message)
        case Kind.TAGS:
            return _tags(field, message)


def _wrong(field: Field, message: Message, value: Value) -> WireError:
    return WireError(f"{message.name}.{field.name} must be a {field.kind}, was {value!r}")


def _integer(field: Field, message: Message) -> Write:
    unset = field.unset

    def write(value: Value) -> str:
        if type(value) is int:
            return str(value)
        if value is None:
            return unset
        if isinstance(value, int):
            return str(int(value))
        raise _wrong(field, message, value)

    return write


def _flag(field: Field, message: Message) -> Write:
    unset = field.unset

    def write(value: Value) -> str:
        if value is True:
            return "1"
        if value is False:
            return "0"
        if value is None:
            return unset
        raise _wrong(field, message, value)

    return write


def _number(field: Field, message: Message, *, whole: bool) -> Write:
    unset = field.unset

    def write(value: Value) -> str:
        if isinstance(value, float):
            return repr(value) if not whole and isfinite(value) else wire.number_text(value, whole=whole)
        if isinstance(value, int):
            return str(int(value))
        if value is None:
            return unset
        if isinstance(value, Decimal):
            return wire.number_text(value, whole=whole)
        raise _wrong(field, message, value)

    return write


def _text(field: Field, message: Message) -> Write:
    unset = field.unset
    escaped = message.direction is Direction.RESPONSE

    def write(value: Value) -> str:
        if isinstance(value, str):
            if escaped:
                return wire.escape(value)
            if "\0" in value:
                raise WireError(f"{message.name}.{field.name} must not contain NUL")
            return value
        if value is None:
            return unset
        raise _wrong(field, message, value)

    return write


def _tags(field: Field, message: Message) -> Write:
    unset = field.unset

    def write(value: Value) -> str:
        if isinstance(value, Mapping):
            return wire.tags_text({name: str(item) for name, item in value.items()})
        if value is None:
            return unset
        if value == ():
            return ""
        raise WireError(f"{message.name}.{field.name} must be a mapping of tags, was {value!r}")

    return write
