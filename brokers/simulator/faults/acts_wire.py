# SPDX-License-Identifier: Apache-2.0
"""What the words of a script do to one message on its way to a client: other values, other bytes, more of it.

Values are changed by the names of the field tables, so a script holds at every server version; bytes are spoilt
after encoding, because no table can say something wrong.
"""

import struct
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

from brokers.simulator.faults.incident import Deed, Incident
from brokers.simulator.faults.session import FaultySession
from brokers.simulator.faults.vocabulary import FIELDS
from brokers.simulator.protocol.frames import frame, join_fields
from brokers.simulator.protocol.language import Field, Message, encode, plan
from brokers.simulator.protocol.values import Kind, Values
from terminal.errors import UserError

_HUGE: Final = 0x7FFFFFFF
_LONG: Final = 10_000_000
_UNKNOWN_ID: Final = "250"
_NUMBERS: Final = frozenset({Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL, Kind.SIZE})


# ------------------------------------------------------------------ values
def _set(deed: Deed) -> None:
    for name, each in deed.action.keys().items():
        _need_field(deed, name)
        value = deed.incident.resolve(each)
        if not isinstance(value, list | dict):
            deed.incident.values[name] = _like(deed.incident, name, value)


def _add(deed: Deed) -> None:
    _change(deed, lambda old, by: old + by)


def _scale(deed: Deed) -> None:
    _change(deed, lambda old, by: old * by)


def _change(deed: Deed, change: Callable[[Decimal, Decimal], Decimal]) -> None:
    for name, by in deed.action.keys().items():
        _need_field(deed, name)
        old = deed.incident.values.get(name)
        if isinstance(old, int | float | Decimal) and not isinstance(old, bool):
            new = change(Decimal(str(old)), Decimal(str(by)))
            deed.incident.values[name] = int(new) if isinstance(old, int) else type(old)(new)


def _like(incident: Incident, name: str, value: "str | int | float | bool | None") -> "str | int | float | bool | None":
    """A whole number where the table wants a text becomes one: an account or an id looks like a number in YAML."""
    for row in incident.message.rows if incident.message else ():
        if isinstance(row, Field) and row.name == name and row.kind is Kind.TEXT and value is not None:
            return str(value)
    return value


def _need_field(deed: Deed, name: str) -> None:
    message = deed.incident.message
    if message is not None and name not in FIELDS[message.name]:
        raise UserError("SIM-021", f"{deed.script}, line {deed.action.line}: {message.name} has no field {name!r}.")


def _repeat(deed: Deed) -> None:
    session, message = deed.incident.session, deed.incident.message
    deed.incident.settle()
    if session is not None and message is not None and isinstance(deed.action.argument, int):
        for _ in range(deed.action.argument):
            session.send_plain(message, deed.incident.values)


def _bars(deed: Deed) -> None:
    bars = deed.incident.values.get("bars")
    if not isinstance(bars, list | tuple):
        return
    found = list(bars)
    middle = len(found) // 2
    match deed.action.argument:
        case "duplicate":
            found = [each for bar in found for each in (bar, bar)]
        case "reverse":
            found.reverse()
        case "gap":
            del found[middle : middle + max(1, len(found) // 10)]
        case "stuck" if found:
            found[middle:] = [found[middle]] * (len(found) - middle)
        case "empty":
            found.clear()
    deed.incident.values["bars"] = found


# ------------------------------------------------------------------ bytes
def _corrupt(deed: Deed) -> None:
    session, message = deed.incident.session, deed.incident.message
    if session is None or message is None or deed.incident.settled:
        return
    deed.incident.settled = True
    keys = deed.action.keys()
    how, name = str(keys["how"]), str(keys.get("field", ""))
    fields = encode(message, session.server_version, deed.incident.values)
    if how in _FRAMES:
        session.send_raw(_FRAMES[how](frame(join_fields(fields))), f"{message.name}: {how}")
        if how == "cut":
            session.close("fault: cut in the middle of a frame")
        return
    if how == "utf8":
        spoilt = join_fields(fields)[:-1] + b"\xc3\x28\xff\0"
        session.send_raw(frame(spoilt), f"{message.name}: {how}")
        return
    at = _index(message, session, deed.incident.values, name, len(fields) - 1)
    text = str(keys.get("text", ""))
    session.send_fields(message, _spoil(how, fields, at, text))


_FRAMES: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "length_huge": lambda whole: struct.pack(">I", _HUGE) + whole[4:],
    "length_zero": lambda whole: struct.pack(">I", 0) + whole[4:],
    "length_short": lambda whole: struct.pack(">I", max(1, len(whole) - 7)) + whole[4:],
    "cut": lambda whole: whole[: len(whole) // 2],
    "empty": lambda _: frame(b""),
    "nuls": lambda _: frame(b"\0" * 4096),
}


def _spoil(how: str, fields: list[str], at: int, text: str) -> list[str]:
    match how:
        case "missing":
            return fields[:at] + fields[at + 1 :]
        case "extra":
            return [*fields, text or "7"]
        case "unknown":
            return [_UNKNOWN_ID, *fields[1:]]
        case "letters":
            wrong = text or "abc"
        case "nan":
            wrong = "NaN"
        case "infinite":
            wrong = "Infinity"
        case _:
            wrong = "A" * _LONG
    return [*fields[:at], wrong, *fields[at + 1 :]]


def _index(message: Message, session: FaultySession, values: Values, name: str, last: int) -> int:
    """Where a field stands among the encoded ones; without a name the last plain number, else the ``last`` field.

    Raises UserError SIM-021 when the message has no such field outside of groups.
    """
    version = session.server_version
    rows = plan(message.rows, version)
    chosen = [
        number
        for number, row in enumerate(rows)
        if isinstance(row, Field) and (row.name == name if name else row.kind in _NUMBERS)
    ]
    if chosen:
        return len(encode(_before(message, version, chosen[-1]), version, values))
    if name:
        raise UserError("SIM-021", f"{message.name} has no field {name!r} that can be spoilt.")
    return last


@lru_cache(maxsize=4096)
def _before(message: Message, server_version: int, rows: int) -> Message:
    """The first rows of a message, as a message: made once, because tables are compiled per message."""
    return Message(message.id, message.name, message.direction, plan(message.rows, server_version)[:rows])


ACTS: Final = {"set": _set, "add": _add, "scale": _scale, "repeat": _repeat, "bars": _bars, "corrupt": _corrupt}
