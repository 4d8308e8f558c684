# SPDX-License-Identifier: Apache-2.0
"""Row order: which rows of a table are shown, and in what order. No Qt.

Rows keep the order in which they came unless a column sorts them; groups keep the order in which they
first appeared and are headed by a row of their own; missing values sort last in either direction.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from widgets.freshness import Freshness
from widgets.tables.columns import Cell, Column, RowId, Tone, text_of, value_of

_HEAD: Final = (-1,)
_LAST: Final = 1 << 30


class SortOrder(StrEnum):
    """A click on a head goes through these in turn."""

    NONE = "none"
    ASCENDING = "ascending"
    DESCENDING = "descending"

    @property
    def next(self) -> "SortOrder":
        """Return what the next click on the same head asks for."""
        steps = list(SortOrder)
        return steps[(steps.index(self) + 1) % len(steps)]


class Role(StrEnum):
    """What a row is: values, the head of a group (its title is `Row.group`), or the total at the end."""

    VALUES = "values"
    HEAD = "head"
    TOTAL = "total"


@dataclass(slots=True, eq=False)
class Row:
    """One row of the view. Only rows of values have an id that a panel knows."""

    id: RowId
    serial: int
    group: str | None = None
    role: Role = Role.VALUES
    fill: Tone | None = None
    cells: dict[str, object] = field(default_factory=dict)


class _Reversed:
    """A sort value the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and bool(self.value == other.value)

    def __lt__(self, other: "_Reversed") -> bool:
        return bool(other.value < self.value)

    def __hash__(self) -> int:
        return hash(self.value)


class RowOrder:
    """The sort, the filter and the groups, as one key and one test per row."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns
        self._ranks: dict[str | None, int] = {None: -1}
        self._words: list[str] = []
        self.column: str | None = None
        self.direction = SortOrder.NONE
        self.filter_text = ""

    @property
    def is_natural(self) -> bool:
        """Whether rows stand in the order in which they came, all of them, without groups."""
        return self.direction is SortOrder.NONE and not self._words and len(self._ranks) == 1

    def sort_by(self, column: str | None, direction: SortOrder) -> None:
        """Sort by a column key; `SortOrder.NONE` or None restores the order of arrival."""
        if column is not None and column not in self._columns:
            raise LookupError(f"a sort column must be one of {', '.join(self._columns)}, was {column!r}")
        off = column is None or direction is SortOrder.NONE
        self.column, self.direction = (None, SortOrder.NONE) if off else (column, direction)

    def filter_by(self, text: str) -> None:
        """Show only rows that contain every word of `text`, whatever its case."""
        self.filter_text = text.strip()
        self._words = self.filter_text.casefold().split()

    def rank(self, group: str | None) -> int:
        """Return the place of a group, given to it when it is first seen."""
        return self._ranks.setdefault(group, len(self._ranks))

    def shows(self, row: Row) -> bool:
        """Say whether the filter lets a row through."""
        if not self._words:
            return True
        shown = (text_of(column, row.cells.get(key, "")) for key, column in self._columns.items())
        text = " ".join((*shown, row.group or "")).casefold()
        return all(word in text for word in self._words)

    def key(self, row: Row) -> tuple[Any, ...]:
        """Return what rows are ordered by: group, head first, then the sorted value, then arrival."""
        if row.role is Role.TOTAL:
            return (_LAST,)
        rank = self.rank(row.group)
        if row.role is Role.HEAD:
            return (rank, _HEAD)
        if self.column is None:
            return (rank, (0,), row.serial)
        value = self._sort_value(row.cells.get(self.column))
        if value is None:
            return (rank, (1,), row.serial)
        descending = self.direction is SortOrder.DESCENDING
        return (rank, (0, _Reversed(value) if descending else value), row.serial)

    @staticmethod
    def _sort_value(content: object) -> tuple[int, Any] | None:
        if isinstance(content, Cell) and content.freshness is Freshness.DEAD:
            return None
        value = value_of(content)
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            return None
        if isinstance(value, str):
            return (1, value.casefold())
        return (0, value)
