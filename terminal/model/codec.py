# SPDX-License-Identifier: Apache-2.0
"""Codec: frozen messages to canonical JSON and back, exactly.

The journal writes what this makes and a crash is recovered from what this reads, so it never guesses: a kind
or a field that it does not know is an error, not a default. Canonical means: the same message gives the same
bytes for ever (sorted keys, no spaces, ASCII, Decimal as text, enums by value); the hash chain relies on it.
Does no I/O.
"""

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from math import isfinite
from typing import Any, Final, NewType

from terminal.errors import DataError, InvariantError
from terminal.model import events
from terminal.model.instrument import Instrument

Encode = Callable[[Any], Any]
Decode = Callable[[Any], Any]

_NEWER: Final = "a newer version of Tiller wrote it"

RENAMED_KINDS: Final[Mapping[str, str]] = {}
"""Kind in old journals -> kind of today. An entry never leaves."""


class UnknownKindError(DataError):
    """The text was written by a version that knows more than this one."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    name: str
    encode: Encode
    decode: Decode
    required: bool


class EventCodec:
    """Knows every message class of `terminal.model.events`, `Instrument`, and those given to it."""

    def __init__(self, extra: Iterable[type[Any]] = ()) -> None:
        self._classes: dict[str, type[Any]] = {}
        self._fields: dict[type[Any], tuple[_Field, ...]] = {}
        for kind in (*_message_classes(), Instrument, *extra):
            self.register(kind)

    def register(self, kind: type[Any]) -> None:
        """Learn a frozen dataclass under its class name.

        Raises:
            InvariantError: not a frozen dataclass, or another class has that name.
        """
        if not getattr(vars(kind).get("__dataclass_params__"), "frozen", False):
            raise InvariantError(f"{kind.__name__} must be a frozen dataclass to be journaled")
        if self._classes.setdefault(kind.__name__, kind) is not kind:
            raise InvariantError(f"two classes want to be journaled as {kind.__name__}")

    @property
    def kinds(self) -> Mapping[str, type[Any]]:
        return types.MappingProxyType(self._classes)

    def encode(self, record: object) -> tuple[str, str]:
        """Return the kind (class name) of a message and its canonical JSON.

        Raises:
            InvariantError: the class is not registered, or a value does not have its declared type.
        """
        kind = type(record).__name__
        if self._classes.get(kind) is not type(record):
            raise InvariantError(f"{kind} is not registered to be journaled")
        return kind, json.dumps(self._to_plain(record), sort_keys=True, separators=(",", ":"), allow_nan=False)

    def decode(self, kind: str, payload: str) -> Any:
        """Return the message that `encode` was given.

        Raises:
            UnknownKindError: a newer version wrote it.
            DataError: the text is not what any version writes.
        """
        found = self._classes.get(RENAMED_KINDS.get(kind, kind))
        if found is None:
            raise UnknownKindError(f"record of unknown kind {kind!r}: {_NEWER}")
        try:
            plain = json.loads(payload)
        except ValueError as fault:
            raise DataError(f"record of kind {kind} is not JSON: {fault}") from fault
        return self._from_plain(found, plain)

    # ------------------------------------------------------------ dataclasses
    def _fields_of(self, kind: type[Any]) -> tuple[_Field, ...]:
        found = self._fields.get(kind)
        if found is None:
            hints = typing.get_type_hints(kind)
            found = tuple(
                _Field(each.name, *self._coder(hints[each.name], f"{kind.__name__}.{each.name}"), _is_required(each))
                for each in dataclasses.fields(kind)
            )
            self._fields[kind] = found
        return found

    def _to_plain(self, record: object) -> dict[str, Any]:
        return {each.name: each.encode(getattr(record, each.name)) for each in self._fields_of(type(record))}

    def _from_plain(self, kind: type[Any], plain: object) -> Any:
        if not isinstance(plain, dict):
            raise DataError(f"a {kind.__name__} must be a JSON object, was {type(plain).__name__}")
        fields = self._fields_of(kind)
        if len(plain) == len(fields):  # every field is there, as always but in old journals
            try:
                return kind(**{each.name: each.decode(plain[each.name]) for each in fields})
            except KeyError:
                pass  # one is there under another name: said below
        values: dict[str, Any] = {}
        for each in fields:
            if each.name in plain:
                values[each.name] = each.decode(plain[each.name])
            elif each.required:
                raise DataError(f"{kind.__name__}.{each.name} is missing")
        if len(values) != len(plain):
            unknown = sorted(set(plain) - {each.name for each in fields})
            raise UnknownKindError(f"{kind.__name__} has unknown fields {unknown}: {_NEWER}")
        return kind(**values)

    # ------------------------------------------------------------ types
    def _coder(self, hint: Any, where: str) -> tuple[Encode, Decode]:
        while isinstance(hint, NewType):
            hint = hint.__supertype__
        origin, inner = typing.get_origin(hint), typing.get_args(hint)
        if origin in (types.UnionType, typing.Union):
            return self._optional(inner, where)
        if origin is tuple:
            return self._tuple(inner, where)
        if origin is frozenset:
            return self._frozenset(inner[0], where)
        if origin is dict:
            return self._dict(inner, where)
        if isinstance(hint, type):
            if dataclasses.is_dataclass(hint):
                return self._nested(hint, where)
            if issubclass(hint, StrEnum):
                return _enum(hint, where)
            if hint in _PLAIN:
                return _PLAIN[hint](where)
        raise InvariantError(f"{where} has type {hint}, which the journal cannot write")

    def _optional(self, inner: tuple[Any, ...], where: str) -> tuple[Encode, Decode]:
        rest = [each for each in inner if each is not types.NoneType]
        if len(rest) != 1:
            raise InvariantError(f"{where} is a union of several types, which the journal cannot write")
        encode, decode = self._coder(rest[0], where)
        return (
            lambda value: None if value is None else encode(value),
            lambda plain: None if plain is None else decode(plain),
        )

    def _tuple(self, inner: tuple[Any, ...], where: str) -> tuple[Encode, Decode]:
        if len(inner) == 2 and inner[1] is Ellipsis:
            encode, decode = self._coder(inner[0], where)
            return (
                lambda value: [encode(each) for each in _is(value, tuple, where)],
                lambda plain: tuple(decode(each) for each in _was(plain, list, where)),
            )
        coders = [self._coder(each, where) for each in inner]

        def to_plain(value: object) -> list[Any]:
            members = _is(value, tuple, where)
            return [coder[0](each) for coder, each in zip(coders, members, strict=True)]

        def from_plain(plain: object) -> tuple[Any, ...]:
            members = _was(plain, list, where)
            if len(members) != len(coders):
                raise DataError(f"{where} must have {len(coders)} members, had {len(members)}")
            return tuple(coder[1](each) for coder, each in zip(coders, members, strict=True))

        return to_plain, from_plain

    def _frozenset(self, inner: Any, where: str) -> tuple[Encode, Decode]:
        encode, decode = self._coder(inner, where)
        return (
            lambda value: sorted(encode(each) for each in _is(value, frozenset, where)),
            lambda plain: frozenset(decode(each) for each in _was(plain, list, where)),
        )

    def _dict(self, inner: tuple[Any, ...], where: str) -> tuple[Encode, Decode]:
        (key_in, key_out), (encode, decode) = self._coder(inner[0], where), self._coder(inner[1], where)
        return (
            lambda value: {key_in(key): encode(each) for key, each in _is(value, dict, where).items()},
            lambda plain: {key_out(key): decode(each) for key, each in _was(plain, dict, where).items()},
        )

    def _nested(self, kind: type[Any], where: str) -> tuple[Encode, Decode]:
        if kind.__subclasses__():  # a base class: the actual class stands beside its fields
            return self._polymorphic(kind, where)
        return (
            lambda value: self._to_plain(_is(value, kind, where)),
            lambda plain: self._from_plain(kind, plain),
        )

    def _polymorphic(self, base: type[Any], where: str) -> tuple[Encode, Decode]:
        def to_plain(value: object) -> dict[str, Any]:
            _is(value, base, where)
            return {"kind": type(value).__name__, "value": self._to_plain(value)}

        def from_plain(plain: object) -> Any:
            known = _was(plain, dict, where)
            kind = self._classes.get(str(known.get("kind")))
            if kind is None or not issubclass(kind, base):
                raise UnknownKindError(f"{where} has unknown kind {known.get('kind')!r}: {_NEWER}")
            return self._from_plain(kind, known.get("value"))

        return to_plain, from_plain


def _message_classes() -> Iterable[type[Any]]:
    return (
        each
        for each in map(vars(events).__getitem__, events.__all__)
        if isinstance(each, type) and dataclasses.is_dataclass(each)
    )


def _is_required(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _is(value: object, kind: type[Any], where: str) -> Any:
    if not isinstance(value, kind):
        raise InvariantError(f"{where} must be {kind.__name__} to be journaled, was {value!r}")
    return value


def _was(plain: object, kind: type[Any], where: str) -> Any:
    if not isinstance(plain, kind) or (kind is int and isinstance(plain, bool)):
        raise DataError(f"{where} must be {kind.__name__}, was {plain!r}")
    return plain


def _enum(kind: type[StrEnum], where: str) -> tuple[Encode, Decode]:
    members: dict[object, StrEnum] = {each.value: each for each in kind}

    def from_plain(plain: object) -> StrEnum:
        if type(plain) is str and plain in members:
            return members[plain]
        try:
            return kind(_was(plain, str, where))
        except ValueError as fault:
            raise UnknownKindError(f"{where} has unknown value {plain!r}: {_NEWER}") from fault

    return lambda value: _is(value, kind, where).value, from_plain


def _identity(kind: type[Any]) -> Callable[[str], tuple[Encode, Decode]]:
    def build(where: str) -> tuple[Encode, Decode]:
        def to_plain(value: object) -> Any:
            if kind is int and isinstance(value, bool):
                raise InvariantError(f"{where} must be int to be journaled, was {value!r}")
            return _is(value, kind, where)

        return to_plain, lambda plain: plain if type(plain) is kind else _was(plain, kind, where)

    return build


def _text(where: str) -> tuple[Encode, Decode]:
    return (
        lambda value: str.__str__(_is(value, str, where)),
        lambda plain: plain if type(plain) is str else _was(plain, str, where),
    )


def _float(where: str) -> tuple[Encode, Decode]:
    def to_plain(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise InvariantError(f"{where} must be a finite number to be journaled, was {value!r}")
        return float(value)

    def from_plain(plain: object) -> float:
        if isinstance(plain, bool) or not isinstance(plain, int | float) or not isfinite(plain):
            raise DataError(f"{where} must be a finite number, was {plain!r}")
        return float(plain)

    return to_plain, from_plain


def _decimal(where: str) -> tuple[Encode, Decode]:
    def to_plain(value: object) -> str:
        if not _is(value, Decimal, where).is_finite():
            raise InvariantError(f"{where} must be a finite number to be journaled, was {value!r}")
        return str(value)

    def from_plain(plain: object) -> Decimal:
        try:
            number = Decimal(_was(plain, str, where))
        except InvalidOperation as fault:
            raise DataError(f"{where} must be a decimal number, was {plain!r}") from fault
        if not number.is_finite():
            raise DataError(f"{where} must be a finite number, was {plain!r}")
        return number

    return to_plain, from_plain


def _date(where: str) -> tuple[Encode, Decode]:
    def from_plain(plain: object) -> date:
        try:
            return date.fromisoformat(_was(plain, str, where))
        except ValueError as fault:
            raise DataError(f"{where} must be a date YYYY-MM-DD, was {plain!r}") from fault

    return lambda value: _is(value, date, where).isoformat(), from_plain


_PLAIN: Final[Mapping[type, Callable[[str], tuple[Encode, Decode]]]] = {
    str: _text,
    bool: _identity(bool),
    int: _identity(int),
    float: _float,
    Decimal: _decimal,
    date: _date,
}
