# SPDX-License-Identifier: Apache-2.0
"""Columns and cells: what a table shows, declared as data. No Qt.

A panel writes down its columns once and then hands over typed values. How a value becomes text stands
here, what it looks like in the delegate; neither ever reads a number back out of a string.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from widgets import formats
from widgets.formats import Number, SignRule
from widgets.freshness import Freshness

RowId = Hashable


class Kind(StrEnum):
    """What a column holds, and by that how it is aligned, written and painted."""

    TEXT = "text"
    NUMBER = "number"
    PERCENT = "percent"  # value is a ratio: 0.0036 is 0.36%
    QUANTITY = "quantity"  # the decimals it has, no more
    SIZE = "size"  # 12.5k
    SIDE = "side"  # value is "buy" or "sell": a chip with its letter
    STATE = "state"  # a dot and a word
    AGE = "age"  # value in seconds
    TIME = "time"  # value in nanoseconds UTC
    LIMIT_BAR = "limit_bar"  # value is the used share of a limit
    SIGNED_BAR = "signed_bar"  # value from -1 to 1, drawn from the middle
    ACTION = "action"  # an icon at the end of the row


class Align(StrEnum):
    LEFT = "left"
    RIGHT = "right"
    CENTER = "center"


class Tone(StrEnum):
    """Why a text has another colour than its column. NORMAL leaves it to the sign rule."""

    NORMAL = "normal"
    PRIMARY = "primary"
    SECONDARY = "secondary"
    MUTED = "muted"
    BID = "bid"
    ASK = "ask"
    OK = "ok"
    WARN = "warn"
    DANGER = "danger"
    ACCENT = "accent"


_LEFT: Final = frozenset({Kind.TEXT, Kind.STATE, Kind.LIMIT_BAR})
_MIDDLE: Final = frozenset({Kind.SIDE, Kind.ACTION, Kind.SIGNED_BAR})
_RIGID: Final = frozenset({Kind.SIDE, Kind.ACTION})
NUMERIC: Final = frozenset(
    {Kind.NUMBER, Kind.PERCENT, Kind.QUANTITY, Kind.SIZE, Kind.AGE, Kind.LIMIT_BAR, Kind.SIGNED_BAR}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    `width` is its smallest width in pixels; spare room is shared by `stretch`. When the table is too
    narrow, columns leave in ascending `hide_order`; None never leaves. `shown` False waits in the column
    chooser. `whole` text is not cut for its note: the note leaves first. `text` overrides how a value is
    written. `flash` marks a change of the value for a moment.
    """

    key: str
    title: str
    kind: Kind = Kind.TEXT
    align: Align | None = None
    width: int = 64
    stretch: float | None = None
    decimals: int = 2
    sign: SignRule = SignRule.NEVER
    tone: Tone = Tone.NORMAL
    strong: bool = False
    whole: bool = False
    flash: bool = False
    hide_order: int | None = None
    shown: bool = True
    tooltip: str = ""
    icon: str = "close"
    text: Callable[[Any], str] | None = None

    @property
    def side(self) -> Align:
        """Where the text stands: numbers right, words left, chips in the middle, unless said otherwise."""
        if self.align is not None:
            return self.align
        if self.kind in _LEFT:
            return Align.LEFT
        return Align.CENTER if self.kind in _MIDDLE else Align.RIGHT

    @property
    def share(self) -> float:
        """Weight by which the column takes spare room."""
        if self.stretch is not None:
            return self.stretch
        return 0.0 if self.kind in _RIGID else 1.0


@dataclass(frozen=True, slots=True)
class Cell:
    """A value with what differs from its column. A bare value is a fresh cell without extras.

    `note` is painted after the text in the warning colour (an age beside a name). `fill` puts the fill of
    the tone behind the text. `hollow` draws a state dot as a ring.
    """

    value: Any = None
    decimals: int | None = None
    sign: SignRule | None = None
    tone: Tone | None = None
    freshness: Freshness = Freshness.FRESH
    strong: bool | None = None
    note: str = ""
    fill: bool = False
    hollow: bool = False
    tooltip: str = ""


def value_of(content: object) -> Any:
    """Return the bare value of a cell or a value."""
    return content.value if isinstance(content, Cell) else content


def text_of(column: Column, content: object) -> str:
    """Return what stands in the cell: a dash for a missing or dead value, nothing where none applies ("")."""
    cell = content if isinstance(content, Cell) else None
    value: Any = content if cell is None else cell.value
    if cell is not None and cell.freshness is Freshness.DEAD:
        return formats.NONE
    if column.kind is Kind.ACTION or value == "":
        return ""
    if column.text is not None and value is not None:
        return column.text(value)
    decimals = column.decimals if cell is None or cell.decimals is None else cell.decimals
    sign = column.sign if cell is None or cell.sign is None else cell.sign
    return _WRITERS[column.kind](value, decimals, sign)


def _number(value: Number | None, decimals: int, sign: SignRule) -> str:
    return formats.number(value, decimals, sign)


def _percent(value: Number | None, decimals: int, sign: SignRule) -> str:
    return formats.percent(value, decimals, sign)


def _quantity(value: Number | None, _decimals: int, sign: SignRule) -> str:
    return formats.quantity(value, sign)


def _size(value: Number | None, _decimals: int, _sign: SignRule) -> str:
    return formats.size(value)


def _age(value: float | None, _decimals: int, _sign: SignRule) -> str:
    return formats.age(value)


def _time(value: int | None, decimals: int, _sign: SignRule) -> str:
    return formats.clock_time(value, decimals=decimals)


def _side(value: str | None, _decimals: int, _sign: SignRule) -> str:
    return formats.NONE if value is None else formats.SIDE_LETTERS.get(value, value)


def _text(value: object, _decimals: int, _sign: SignRule) -> str:
    return formats.NONE if value is None else str(value)


def _share(value: Number | None, _decimals: int, _sign: SignRule) -> str:
    return formats.percent(value, 0, SignRule.NEVER)


_WRITERS: Final[dict[Kind, Callable[[Any, int, SignRule], str]]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.PERCENT: _percent,
    Kind.QUANTITY: _quantity,
    Kind.SIZE: _size,
    Kind.SIDE: _side,
    Kind.STATE: _text,
    Kind.AGE: _age,
    Kind.TIME: _time,
    Kind.LIMIT_BAR: _share,
    Kind.SIGNED_BAR: _share,
    Kind.ACTION: _text,
}
