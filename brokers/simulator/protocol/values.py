# SPDX-License-Identifier: Apache-2.0
"""Values of the wire: how a Python value becomes the text of one field and back.

TWS sends every value as text. An absent number is an empty field or, where a
client must see that it was never set, the Java limits below. Text to a client
is seven-bit ASCII with backslash escapes, text from a client is UTF-8. This
module must not know which field stands where: that is in the tables.
"""

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias

Value: TypeAlias = "str | int | float | Decimal | bool | Sequence[Value] | Mapping[str, Value] | None"
Values: TypeAlias = dict[str, Value]

UNSET_DOUBLE_TEXT: Final = "1.7976931348623157E308"
UNSET_DOUBLE: Final = 1.7976931348623157e308
UNSET_INTEGER: Final = 2147483647
UNSET_INTEGER_TEXT: Final = str(UNSET_INTEGER)
MAX_NUMBER_TEXT: Final = 64
"""Longest text that is read as a number; anything longer is an attack or a shifted field."""
_MAX_EXPONENT: Final = 40
_INFINITE: Final = frozenset({"Infinite", "Infinity"})
_INTEGER: Final = re.compile(r"[-+]?[0-9]+\Z")
_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?\Z")
_TO_ESCAPE: Final = re.compile(r"[^\x20-\x7e]|\\")


class Kind(StrEnum):
    """What a field holds; decides its Python type and its text."""

    INTEGER = "integer"
    FLOAT = "float"  # a measurement
    DECIMAL = "decimal"  # an obligation: order price, cash
    SIZE = "size"  # a quantity; whole numbers only before server version 163
    FLAG = "flag"
    TEXT = "text"
    TAGS = "tags"  # "name=value;name=value;"


class WireError(ValueError):
    """A message that cannot be read or written; the text names field, value and rule."""


def escape(text: str) -> str:
    """Write text as TWS does from version 153: seven-bit ASCII, backslash escapes."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return _TO_ESCAPE.sub(_escape_one, text)


def _escape_one(match: re.Match[str]) -> str:
    character = match.group()
    if character == "\\":
        return "\\\\"
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def unescape(text: str) -> str:
    """Undo `escape`."""
    if "\\" not in text:
        return text
    try:
        return text.encode("ascii").decode("unicode-escape")
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise WireError(f"text must be ASCII with \\uXXXX escapes, was {text[:40]!r}") from error


def number_text(value: float | Decimal, *, whole: bool = False) -> str:
    """Text of a number: a Decimal without exponent, a float in its shortest form."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            return _not_finite(float(value))
        if whole or value == value.to_integral_value():
            return str(int(value))
        return format(value.normalize(), "f")
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return _not_finite(value)
    return str(int(value)) if whole else repr(value)


def _not_finite(value: float) -> str:
    if value == math.inf:
        return "Infinite"
    raise WireError(f"a number on the wire must be finite, was {value}")


def read_integer(text: str) -> int | None:
    """Integer of a field; None when empty or the unset limit."""
    if text in ("", UNSET_INTEGER_TEXT):
        return None
    _check(text, _INTEGER, "a whole number")
    return int(text)


def _check(text: str, shape: re.Pattern[str], what: str) -> None:
    """Stricter than Python's own conversion, which takes blanks, underscores and other alphabets."""
    if len(text) > MAX_NUMBER_TEXT:
        raise WireError(f"must be {what}, was {len(text):,} characters")
    if not shape.match(text):
        raise WireError(f"must be {what}, was {text!r}")


def read_decimal(text: str) -> Decimal | None:
    """Decimal of a field; None when empty or the unset limit.

    Not-a-number, infinity (unless spelt as the protocol does) and exponents
    beyond every market are refused, so that no later sum can explode.
    """
    if text in ("", UNSET_DOUBLE_TEXT):
        return None
    if text in _INFINITE:
        return Decimal("Infinity")
    _check(text, _NUMBER, "a number")
    value = Decimal(text)
    if float(value) == UNSET_DOUBLE:
        return None
    if abs(value.adjusted()) > _MAX_EXPONENT:
        raise WireError(f"must be a finite number below 1e{_MAX_EXPONENT}, was {text!r}")
    return value


def read_float(text: str) -> float | None:
    """Float of a field; None when empty or the unset limit. Not-a-number and infinity are refused."""
    if text in ("", UNSET_DOUBLE_TEXT):
        return None
    if text in _INFINITE:
        return math.inf
    _check(text, _NUMBER, "a number")
    value = float(text)
    if value == UNSET_DOUBLE:
        return None
    if not math.isfinite(value):
        raise WireError(f"must be a finite number, was {text!r}")
    return value


def read_flag(text: str) -> bool | None:
    """Flag of a field: 1, 0 or absent."""
    match text:
        case "":
            return None
        case "1" | "true":
            return True
        case "0" | "false":
            return False
        case _:
            raise WireError(f"must be 1 or 0, was {text[:40]!r}")


def tags_text(pairs: Mapping[str, str]) -> str:
    """Text of a tag list."""
    return "".join(f"{name}={value};" for name, value in pairs.items())


def read_tags(text: str) -> dict[str, str]:
    """Pairs of a tag list; an entry without "=" is an error."""
    pairs: dict[str, str] = {}
    for entry in text.split(";"):
        if not entry:
            continue
        name, separator, value = entry.partition("=")
        if not separator:
            raise WireError(f"must be name=value;name=value; was {text[:40]!r}")
        pairs[name] = value
    return pairs
