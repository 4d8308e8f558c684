# SPDX-License-Identifier: Apache-2.0
"""What of an answer is compared: which messages, in which order, their shape, codes and states; never a price.

Two markets never say the same numbers. What must agree is the form: a field that is empty here and given there, a
code, a status that comes or does not, a message that the tables cannot read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from brokers.simulator.probe.client import Heard
from brokers.simulator.protocol.language import Field
from brokers.simulator.protocol.responses import RESPONSES

QUIET: Final = range(2100, 2170)
"""Notices about farms: they come when they come."""
_ROWS: Final = {message.name: message.rows for message in RESPONSES.values()}
_FREE: Final = frozenset({"advanced_reject", "market_cap_price", "why_held", "last_liquidity", "completed_time"})
"""Fields whose presence says nothing about the form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One step's answer in comparable form."""

    messages: tuple[str, ...]
    codes: tuple[int, ...]
    statuses: tuple[str, ...]
    given: tuple[tuple[str, tuple[str, ...]], ...]
    """Per message: the fields that are not empty."""
    unreadable: tuple[tuple[str, str], ...]
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing in which two servers part."""

    step: int
    title: str
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.step:2d} {self.title}: {self.what}: the simulator {self.expected}, this TWS {self.found}"


def facts_of(heard: Iterable[Heard], *, ended: bool, shapes: Sequence[str]) -> Facts:
    """Draw the facts of one step from what was heard in it. ``shapes``: messages whose fields are compared."""
    seen = [each for each in heard if not (each.name == "error" and _code(each) in QUIET)]
    firsts = list(dict.fromkeys(each.name for each in seen))
    statuses: list[str] = []
    for each in seen:
        status = str(each.values.get("status", "")) if each.name == "orderStatus" else ""
        if status and statuses[-1:] != [status]:
            statuses.append(status)
    given: dict[str, set[str]] = {}
    for each in seen:
        if each.name in shapes and not each.fault:
            given.setdefault(each.name, set()).update(_given(each))
    return Facts(
        messages=tuple(firsts),
        codes=tuple(dict.fromkeys(_code(each) for each in seen if each.name == "error")),
        statuses=tuple(statuses),
        given=tuple((name, tuple(sorted(fields))) for name, fields in sorted(given.items())),
        unreadable=tuple(dict.fromkeys((each.name, each.fault) for each in seen if each.fault)),
        ended=ended,
    )


def _code(heard: Heard) -> int:
    code = heard.values.get("code")
    return code if isinstance(code, int) else 0


def _given(heard: Heard) -> set[str]:
    names = {row.name for row in _ROWS.get(heard.name, ()) if isinstance(row, Field)} - _FREE
    return {name for name in names if heard.values.get(name) not in (None, "", ())}


def compare(step: int, title: str, expected: Facts, found: Facts) -> list[Difference]:
    """Say in what ``found`` differs."""
    differences: list[Difference] = []

    def differ(what: str, wanted: object, got: object) -> None:
        if wanted != got:
            differences.append(
                Difference(step=step, title=title, what=what, expected=f"says {_words(wanted)}", found=_words(got))
            )

    differ("messages", expected.messages, found.messages)
    differ("codes", expected.codes, found.codes)
    differ("states of the order", expected.statuses, found.statuses)
    differ("the answer ends", expected.ended, found.ended)
    for name, fault in found.unreadable:
        differences.append(
            Difference(step=step, title=title, what=f"{name} cannot be read", expected="can", found=fault)
        )
    wanted, got = dict(expected.given), dict(found.given)
    for name in sorted(wanted.keys() & got.keys()):
        differ(f"fields of {name} that only the simulator fills", (), _without(wanted[name], got[name]))
        differ(f"fields of {name} that only this TWS fills", (), _without(got[name], wanted[name]))
    return differences


def _without(names: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in others)


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "nothing"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
