# SPDX-License-Identifier: Apache-2.0
"""The vocabulary of the field tables: fields, literals, repeated groups, conditional blocks.

A `Message` is an id and rows. Rows that belong to certain server versions say
so; `plan` drops the others once per version. Encoding and decoding walk the
same rows, so that a table is right in both directions or in none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias

from brokers.simulator.protocol.values import Kind, Value

MIN_VERSION: Final = 157
MAX_VERSION: Final = 178
NEVER: Final = 1_000_000
WHOLE_SIZES_BELOW: Final = 163
"""Server version from which sizes may have fractions."""
MAX_ROWS: Final = 10_000
"""Most repetitions of one group."""


class Direction(StrEnum):
    """Who sends the message."""

    REQUEST = "request"  # client to server: UTF-8
    RESPONSE = "response"  # server to client: escaped ASCII


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `default` is written when the value is absent and None; `unset` is the text of None.

    With ``tail`` it ends the message and some clients leave it out: then it is read as absent.
    """

    name: str
    kind: Kind
    since: int = 0
    until: int = NEVER
    default: Value = None
    unset: str = ""
    tail: bool = False


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


def tags(name: str, *, tail: bool = False) -> Field:
    """A tag list."""
    return Field(name, Kind.TAGS, default=(), tail=tail)


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
