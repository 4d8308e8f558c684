# SPDX-License-Identifier: Apache-2.0
"""Export: table rows as text for a spreadsheet, with raw numbers and harmless words. No Qt.

A spreadsheet runs a text that begins with = + - @ as a formula. Words that came from a broker, a strategy
or a file must not: they get an apostrophe in front. Numbers are never quoted, so a loss stays a number.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from widgets import formats
from widgets.freshness import Freshness
from widgets.tables.columns import Cell, Column, Kind, value_of

Row = Mapping[str, object]
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_BREAKS: Final = str.maketrans({"\t": " ", "\r": " ", "\n": " "})


def neutral(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def raw(column: Column, content: object) -> str:
    """Return a value for a file: plain numbers, ISO 8601 times in UTC, empty for a missing or dead value."""
    if isinstance(content, Cell) and content.freshness is Freshness.DEAD:
        return ""
    value = value_of(content)
    if value is None:
        return ""
    if column.kind is Kind.TIME and isinstance(value, int):
        return formats.moment(value, "UTC").isoformat(timespec="microseconds")
    if isinstance(value, bool):
        return neutral(str(value))
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int | float):
        return repr(value)
    return neutral(str(value))


def to_csv(columns: Sequence[Column], rows: Iterable[Row]) -> str:
    """Return RFC 4180 text with a head line; action columns are left out."""
    return _write(columns, rows, lambda text: text, delimiter=",", line_end="\r\n")


def to_tsv(columns: Sequence[Column], rows: Iterable[Row]) -> str:
    """Return tab-separated text with a head line for the clipboard; breaks inside a cell become spaces."""
    return _write(columns, rows, lambda text: text.translate(_BREAKS), delimiter="\t", line_end="\n")


def _write(
    columns: Sequence[Column], rows: Iterable[Row], clean: Callable[[str], str], *, delimiter: str, line_end: str
) -> str:
    kept = [column for column in columns if column.kind is not Kind.ACTION]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end)
    writer.writerow([clean(neutral(column.title or column.key)) for column in kept])
    for row in rows:
        writer.writerow([clean(raw(column, row.get(column.key))) for column in kept])
    return out.getvalue()
