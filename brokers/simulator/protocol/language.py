# SPDX-License-Identifier: Apache-2.0
"""The vocabulary of the field tables: fields, literals, repeated groups, conditional blocks.

A `Message` is an id and rows. Rows that belong to certain server versions say
so; `plan` drops the others once per version. Encoding and decoding walk the
same rows, so that a table is right in both directions or in none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias

from brokers.simulator.protocol import values as wire
from brokers.simulator.protocol.values import Kind, Value, Values, WireError

MIN_VERSION: Final = 157
MAX_VERSION: Final = 178
NEVER: Final = 1_000_000
_WHOLE_SIZES_BELOW: Final = 163
MAX_ROWS: Final = 10_000
"""Most repetitions of one group."""


class Direction(StrEnum):
    """Who sends the message."""

    REQUEST = "request"  # client to server: UTF-8
    RESPONSE = "response"  # server to client: escaped ASCII


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `default` is written when the value is absent and None; `unset` is the text of None."""

    name: str
    kind: Kind
    since: int = 0
    until: int = NEVER
    default: Value = None
    unset: str = ""


@dataclass(frozen=True, slots=True)
class Literal:
    """A field with a fixed text (a message version); any text is accepted when reading."""

    written: str
    since: int = 0
    until: int = NEVER


@dataclass(frozen=True, slots=True)
class Repeat:
    """A count and that many groups; the value is a list of mappings."""

    name: str
    rows: "Rows"
    since: int = 0
    until: int = NEVER


@dataclass(frozen=True, slots=True)
class Series:
    """A count and that many single fields; the value is a list."""

    name: str
    kind: Kind
    since: int = 0
    until: int = NEVER


class Test(StrEnum):
    """How a block's condition looks at the value read or written before it."""

    PRESENT = "present"  # not empty, not zero, not absent
    POSITIVE = "positive"
    IS = "is"
    IN = "in"


@dataclass(frozen=True, slots=True)
class When:
    """Rows that are there only if an earlier field passes the test."""

    name: str
    test: Test
    rows: "Rows"
    operand: Value = None
    since: int = 0
    until: int = NEVER


Row: TypeAlias = Field | Literal | Repeat | Series | When
Rows: TypeAlias = tuple[Row, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """One message of the protocol: its id, a name for people, its rows."""

    id: int
    name: str
    direction: Direction
    rows: Rows


# ------------------------------------------------------------------ words for the tables


def integer(name: str, *, since: int = 0, until: int = NEVER, default: Value = None, unset: str = "") -> Field:
    """A whole number."""
    return Field(name, Kind.INTEGER, since, until, default, unset)


def number(name: str, *, since: int = 0, until: int = NEVER, default: Value = None, unset: str = "") -> Field:
    """A measurement: read as float."""
    return Field(name, Kind.FLOAT, since, until, default, unset)


def decimal(name: str, *, since: int = 0, until: int = NEVER, default: Value = None, unset: str = "") -> Field:
    """An obligation: read as Decimal."""
    return Field(name, Kind.DECIMAL, since, until, default, unset)


def size(name: str, *, since: int = 0, until: int = NEVER, default: Value = None) -> Field:
    """A quantity: read as Decimal, written whole before fractional sizes were allowed."""
    return Field(name, Kind.SIZE, since, until, default)


def flag(name: str, *, since: int = 0, until: int = NEVER, default: Value = None) -> Field:
    """Yes or no; absent is possible."""
    return Field(name, Kind.FLAG, since, until, default)


def text(name: str, *, since: int = 0, until: int = NEVER, default: Value = "") -> Field:
    """Text."""
    return Field(name, Kind.TEXT, since, until, default)


def tags(name: str) -> Field:
    """A tag list."""
    return Field(name, Kind.TAGS, default=())


def version(number_: int, *, since: int = 0, until: int = NEVER) -> Literal:
    """The version of the message itself, a relic that every old message carries."""
    return Literal(str(number_), since, until)


# ------------------------------------------------------------------ walking the tables


@lru_cache(maxsize=2048)
def plan(rows: Rows, server_version: int) -> Rows:
    """The rows of one server version."""
    return tuple(row for row in rows if row.since <= server_version < row.until)


def passes(block: When, values: Mapping[str, Value]) -> bool:
    """Whether a block's condition holds for the values known so far."""
    value = values.get(block.name)
    match block.test:
        case Test.PRESENT:
            return bool(value)
        case Test.POSITIVE:
            return isinstance(value, int | float | Decimal) and value > 0
        case Test.IS:
            return value == block.operand
        case Test.IN:
            return isinstance(block.operand, tuple) and value in block.operand


def encode(message: Message, server_version: int, values: Mapping[str, Value]) -> list[str]:
    """Field texts of a message, id first.

    Raises WireError when a value does not fit its field.
    """
    fields = [str(message.id)]
    _write(message.rows, server_version, values, fields, message)
    return fields


def decode(message: Message, server_version: int, fields: Sequence[str]) -> Values:
    """Values of a message from its field texts (id first).

    Raises WireError when a field is missing, left over or unreadable: a
    message that is one field off must never become an order.
    """
    reader = _Reader(fields, message)
    values: Values = {}
    _read(message.rows, server_version, reader, values)
    if reader.left:
        raise WireError(f"{message.name}: {reader.left} field(s) too many for server version {server_version}")
    return values


def _write(rows: Rows, server_version: int, values: Mapping[str, Value], out: list[str], message: Message) -> None:
    for row in plan(rows, server_version):
        match row:
            case Field():
                out.append(_field_text(row, values.get(row.name, row.default), server_version, message))
            case Literal():
                out.append(row.written)
            case Repeat():
                groups = _groups(row.name, values.get(row.name), message)
                out.append(str(len(groups)))
                for group in groups:
                    _write(row.rows, server_version, group, out, message)
            case Series():
                items = _items(row.name, values.get(row.name), message)
                out.append(str(len(items)))
                single = Field(row.name, row.kind)
                out.extend(_field_text(single, item, server_version, message) for item in items)
            case When():
                if passes(row, values):
                    _write(row.rows, server_version, values, out, message)


def _groups(name: str, value: Value, message: Message) -> list[Mapping[str, Value]]:
    groups: list[Mapping[str, Value]] = []
    for item in _items(name, value, message):
        if not isinstance(item, Mapping):
            raise WireError(f"{message.name}.{name} must be a list of groups, was {item!r}")
        groups.append(item)
    return groups


def _items(name: str, value: Value, message: Message) -> Sequence[Value]:
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise WireError(f"{message.name}.{name} must be a list, was {value!r}")
    return value


def _field_text(field: Field, value: Value, server_version: int, message: Message) -> str:
    if value is None:
        return field.unset
    match field.kind:
        case Kind.INTEGER if isinstance(value, int):
            return str(int(value))
        case Kind.FLAG if isinstance(value, bool):
            return "1" if value else "0"
        case Kind.FLOAT | Kind.DECIMAL if isinstance(value, int | float | Decimal):
            return wire.number_text(value)
        case Kind.SIZE if isinstance(value, int | float | Decimal):
            return wire.number_text(value, whole=server_version < _WHOLE_SIZES_BELOW)
        case Kind.TEXT if isinstance(value, str):
            if message.direction is Direction.RESPONSE:
                return wire.escape(value)
            if "\0" in value:
                raise WireError(f"{message.name}.{field.name} must not contain NUL")
            return value
        case Kind.TAGS:
            return _tags_text(field, value, message)
        case _:
            raise WireError(f"{message.name}.{field.name} must be a {field.kind}, was {value!r}")


def _tags_text(field: Field, value: Value, message: Message) -> str:
    if isinstance(value, Mapping):
        return wire.tags_text({name: str(item) for name, item in value.items()})
    if value == ():
        return ""
    raise WireError(f"{message.name}.{field.name} must be a mapping of tags, was {value!r}")


class _Reader:
    """The fields of one message and how far they are read."""

    def __init__(self, fields: Sequence[str], message: Message) -> None:
        self._fields = fields
        self.message = message
        self._next = 1

    @property
    def left(self) -> int:
        return len(self._fields) - self._next

    def take(self, name: str) -> str:
        if self._next >= len(self._fields):
            raise WireError(f"{self.message.name}: field {name} (number {self._next}) is missing")
        self._next += 1
        return self._fields[self._next - 1]

    def value(self, name: str, kind: Kind) -> Value:
        written = self.take(name)
        if kind is Kind.TEXT:
            return wire.unescape(written) if self.message.direction is Direction.RESPONSE else written
        try:
            return _READERS[kind](written)
        except WireError as error:
            raise WireError(f"{self.message.name}.{name} {error}") from error

    def count(self, name: str) -> int:
        number_ = self.value(name, Kind.INTEGER) or 0
        if not isinstance(number_, int) or not 0 <= number_ <= MAX_ROWS:
            raise WireError(f"{self.message.name}.{name} must have 0 to {MAX_ROWS:,} entries, was {number_!r}")
        return number_


_READERS: Final[Mapping[Kind, Callable[[str], Value]]] = {
    Kind.INTEGER: wire.read_integer,
    Kind.FLOAT: wire.read_float,
    Kind.DECIMAL: wire.read_decimal,
    Kind.SIZE: wire.read_decimal,
    Kind.FLAG: wire.read_flag,
    Kind.TAGS: wire.read_tags,
}


def _read(rows: Rows, server_version: int, reader: _Reader, values: Values) -> None:
    for row in plan(rows, server_version):
        match row:
            case Field():
                values[row.name] = reader.value(row.name, row.kind)
            case Literal():
                reader.take("version")
            case Repeat():
                groups: list[Value] = []
                for _ in range(reader.count(row.name)):
                    group: Values = {}
                    _read(row.rows, server_version, reader, group)
                    groups.append(group)
                values[row.name] = groups
            case Series():
                values[row.name] = [reader.value(row.name, row.kind) for _ in range(reader.count(row.name))]
            case When():
                if passes(row, values):
                    _read(row.rows, server_version, reader, values)
