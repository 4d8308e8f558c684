# SPDX-License-Identifier: Apache-2.0
"""Reading a message: walk the rows of its table over the field texts.

Strict on purpose: a message that is one field off must never become an order.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from brokers.simulator.protocol import values as wire
from brokers.simulator.protocol.values import Kind, Value, Values, WireError
from brokers.simulator.protocol.vocabulary import (
    MAX_ROWS,
    Direction,
    Field,
    Literal,
    Message,
    Repeat,
    Rows,
    Series,
    When,
    passes,
    plan,
)


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
                absent = row.tail and not reader.left
                values[row.name] = row.default if absent else reader.value(row.name, row.kind)
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
