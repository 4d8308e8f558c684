# SPDX-License-Identifier: Apache-2.0
"""JSON lines on standard input and output: one call in, one answer out. Knows no client library.

A call is ``{"call": name, "session": name, ...arguments}``; the answer is ``{"value": ..., "errors": [[code, text]]}``
or ``{"fault": text}`` when the driver itself broke.
"""

import dataclasses
import enum
import json
import math
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import TracebackType
from typing import Any


def plain(value: Any) -> Any:
    """What a public API returned, as JSON: objects become tables of their attributes, moments become epochs."""
    match value:
        case None | bool() | str():
            return value
        case enum.Enum():
            return value.name
        case int():
            return int(value)
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return _number(value)
        case datetime():
            return int(value.timestamp())
        case date():
            return value.strftime("%Y%m%d")
        case Mapping():
            return {str(name): plain(one) for name, one in value.items()}
        case _:
            return _several(value)


def _number(value: Decimal) -> float | int | None:
    if not value.is_finite():
        return None
    return int(value) if value == value.to_integral_value() and abs(value) < 10**15 else float(value)


def _several(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: plain(getattr(value, name, None)) for name in names}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if hasattr(value, "__dict__"):
        return {name: plain(one) for name, one in vars(value).items() if not name.startswith("_")}
    return str(value)


def filled(empty: Any, values: Mapping[str, Any]) -> Any:
    """Return an object of the library with these attributes; one that it does not have is a mistake of the check."""
    for name, value in values.items():
        if not hasattr(empty, name):
            raise AttributeError(f"{type(empty).__name__} has no {name}")
        setattr(empty, name, value)
    return empty


def book_of(changes: list[dict[str, Any]]) -> dict[str, Any]:
    """The book that row messages make when they are applied as IBKR's own samples do: 0 inserts, 1 sets, 2 removes.

    A position that cannot be is an error: it would ruin every client's book.
    """
    sides: tuple[list[Any], list[Any]] = ([], [])
    for one in changes:
        side, position = sides[one["side"]], one["position"]
        row = {"price": one["price"], "size": one["size"], "marketMaker": one.get("marketMaker", "")}
        match one["operation"]:
            case 0 if position <= len(side):
                side.insert(position, row)
            case 1 if position < len(side):
                side[position] = row
            case 2 if position < len(side):
                del side[position]
            case _:
                raise IndexError(f"operation {one['operation']} at {position} of {len(side)} rows")
    return {"asks": sides[0], "bids": sides[1], "operations": sorted({one["operation"] for one in changes})}


class Told:
    """Turns whatever breaks into an answer: the one who asked is the one who must hear of it."""

    answer: Any = None

    def __enter__(self) -> None:
        """Listen from now on."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        lines = traceback.format_exception(kind, error, trace)
        self.answer = {"fault": f"{type(error).__name__}: {error}", "trace": "".join(lines)}
        return True


def serve(handle: Callable[[str, str, dict[str, Any]], Any]) -> None:
    """Answer calls until the input ends."""
    for line in sys.stdin:
        call = json.loads(line)
        name, session = call.pop("call"), call.pop("session", "main")
        told = Told()
        with told:
            told.answer = handle(session, name, call)
        sys.stdout.write(json.dumps(told.answer) + "\n")
        sys.stdout.flush()
