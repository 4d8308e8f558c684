# SPDX-License-Identifier: Apache-2.0
"""What one setting may be: its label, help, unit and bounds, declared where the setting is declared.

A setting of a section is annotated ``Annotated[type, Rule(...)]``. The form, the comments in the file, the check
on reading and the words of a refusal all come from this one declaration.
"""

import dataclasses
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any, Final

_LONGEST_TEXT: Final = 200
_MOST_ITEMS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """``low`` and ``high`` are inclusive and in ``unit``. ``check`` returns what is wrong with a text, or ''."""

    label: str
    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    check: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRule:
    """A number or switch declared outside of the tree (risk limits): this side is a stranger to its meaning.

    The type of ``default`` is the type of the value: bool (bounds unused), int or float.
    """

    name: str
    default: float | bool
    low: float
    high: float
    label: str
    help: str = ""
    unit: str = ""

    def refuse(self, value: object) -> str:
        """Return what is wrong with ``value``, empty when nothing is."""
        if isinstance(self.default, bool):
            return "" if isinstance(value, bool) else "must be true or false"
        if isinstance(self.default, int) and isinstance(value, float) and not value.is_integer():
            return "must be a whole number"
        return _refuse_number(value, self.low, self.high, self.unit)

    def parse(self, value: Any) -> float | bool:
        """Return a value that was not refused in the type of the default."""
        kind: type[float] = type(self.default)
        return kind(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingField:
    """One setting of a section, ready for a form."""

    name: str
    kind: type
    """bool, int, float, str, tuple (of texts) or an enum."""
    default: Any
    rule: Rule

    @property
    def choices(self) -> tuple[str, ...]:
        """The only texts that are allowed; empty when any is."""
        if self.rule.choices or not issubclass(self.kind, StrEnum):
            return self.rule.choices
        return tuple(each.value for each in self.kind)

    def refuse(self, value: object) -> str:
        """Return what is wrong with ``value`` as TOML gives it, empty when nothing is."""
        if self.kind is bool:
            return "" if isinstance(value, bool) else "must be true or false"
        if self.kind is int and (isinstance(value, bool) or not isinstance(value, int)):
            return "must be a whole number"
        if self.kind in (int, float):
            return _refuse_number(value, self.rule.low, self.rule.high, self.rule.unit)
        if self.kind is tuple:
            return self._refuse_list(value)
        return self._refuse_text(value)

    def parse(self, value: Any) -> Any:
        """Return a value that was not refused in its own type."""
        if self.kind is tuple:
            return tuple(value)
        return self.kind(value)

    def to_toml(self, value: Any) -> Any:
        return value.value if isinstance(value, StrEnum) else value

    def _refuse_list(self, value: object) -> str:
        if not isinstance(value, list | tuple):
            return 'must be a list of texts such as ["AAPL", "SPY"]'
        if len(value) > _MOST_ITEMS:
            return f"must have at most {_MOST_ITEMS} entries, had {len(value)}"
        return next((wrong for each in value if (wrong := self._refuse_text(each))), "")

    def _refuse_text(self, value: object) -> str:
        if not isinstance(value, str):
            return "must be a text in quotes"
        if len(value) > _LONGEST_TEXT or not (value.isprintable() or not value):
            return f"must be at most {_LONGEST_TEXT} printable characters"
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(self.choices)}"
        return self.rule.check(value) if self.rule.check is not None else ""


def section_fields(section: type) -> Iterator[SettingField]:
    """Yield the settings of a section class in the order of their declaration."""
    hints = typing.get_type_hints(section, include_extras=True)
    for each in dataclasses.fields(section):
        kind, rule = typing.get_args(hints[each.name])
        yield SettingField(name=each.name, kind=typing.get_origin(kind) or kind, default=each.default, rule=rule)


def _refuse_number(value: object, low: float | None, high: float | None, unit: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return "must be a number"
    shown = f" {unit}" if unit else ""
    if low is not None and high is not None and not low <= value <= high:
        return f"must lie between {low:,.12g} and {high:,.12g}{shown}"
    if low is not None and value < low:
        return f"must be at least {low:,.12g}{shown}"
    if high is not None and value > high:
        return f"must be at most {high:,.12g}{shown}"
    return ""
