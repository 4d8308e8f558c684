# SPDX-License-Identifier: Apache-2.0
"""The half of TOML that the standard library lacks: writing, and finding the line of a key.

Writes every value that `tomllib` can read, so that what this version does not know survives a save.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from math import isinf, isnan
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_HEADER: Final = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")
_ASSIGNMENT: Final = re.compile(r"""\s*("[^"]*"|'[^']*'|[A-Za-z0-9_.-]+)\s*=""")


def toml_key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def toml_value(value: Any) -> str:
    """Return ``value`` as TOML.

    Raises:
        TypeError: TOML has no such value.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _number(value)
        case str():
            return _text(value)
        case datetime() | date() | time():
            return value.isoformat()
        case Mapping():
            return "{" + ", ".join(f"{toml_key(key)} = {toml_value(each)}" for key, each in value.items()) + "}"
        case Sequence():
            return "[" + ", ".join(toml_value(each) for each in value) + "]"
    raise TypeError(f"TOML has no {type(value).__name__}")


def _number(value: float) -> str:
    if isnan(value):
        return "nan"
    if isinf(value):
        return "inf" if value > 0 else "-inf"
    shown = repr(value)
    return shown if "." in shown or "e" in shown else f"{shown}.0"


def _text(value: str) -> str:
    clean = value.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")


def lines_of_keys(text: str) -> dict[str, int]:
    """Return the line (from 1) of every key by its dotted name, as far as plain lines show it."""
    return dict(_lines(text))


def _lines(text: str) -> Iterator[tuple[str, int]]:
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header is not None:
            table = ".".join(part.strip().strip("\"'") for part in header[1].split("."))
            yield table, number
            continue
        assignment = _ASSIGNMENT.match(line)
        if assignment is not None:
            key = assignment[1].strip("\"'")
            yield (f"{table}.{key}" if table else key), number
