# SPDX-License-Identifier: Apache-2.0
"""The words of a fault script: what a rule may wait for and what it may do, with the shape of every argument.

A word that stands here is carried out by `acts`, `acts_wire` or `acts_market`; a word that does not is refused when
the script is read, with its line. Nothing is executed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from brokers.simulator.protocol.language import Literal, Rows, When
from brokers.simulator.protocol.requests import REQUESTS
from brokers.simulator.protocol.responses import RESPONSES

Argument: TypeAlias = "str | int | float | bool | list[Argument] | dict[str, Argument] | None"


def field_names(rows: Rows) -> frozenset[str]:
    """Names of the fields of a table outside of repeated groups, and of the groups themselves."""
    names: set[str] = set()
    for row in rows:
        if isinstance(row, When):
            names |= field_names(row.rows)
        elif not isinstance(row, Literal):
            names.add(row.name)
    return frozenset(names)


REQUEST_NAMES: Final = frozenset(message.name for message in REQUESTS.values()) | {"unserved"}
RESPONSE_NAMES: Final = frozenset(message.name for message in RESPONSES.values())
FIELDS: Final[Mapping[str, frozenset[str]]] = {
    message.name: field_names(message.rows) for message in (*REQUESTS.values(), *RESPONSES.values())
}
"""Message -> the names of its fields, those that stand there only sometimes included."""
PROXY_MODES: Final = ("pass", "half_open", "slow", "split", "stop_reading", "refuse", "flap")
EVENT_NAMES: Final = frozenset(
    {
        "start", "connected", "handshake", "started", "session_closed", "slow_reader", "order_accepted",
        "order_modified", "cancel_requested", "execution", "market_session", "fault",
    }
)  # fmt: skip
"""What the server itself notes; ``start`` is the moment at which a script begins to watch."""


class Place(StrEnum):
    """Where a rule stands: which actions make sense there."""

    IN = "in"  # a message of a client, read but not handled yet
    OUT = "out"  # a message to a client, not sent yet
    EVENT = "event"  # the server noted something
    TIME = "time"  # a moment


ANYWHERE: Final = frozenset(Place)
_MESSAGE: Final = frozenset({Place.IN, Place.OUT})
_IN: Final = frozenset({Place.IN})
_OUT: Final = frozenset({Place.OUT})


class Shape(StrEnum):
    """What an argument looks like."""

    NONE = "nothing"
    SECONDS = "a number of seconds, 0 or more"
    ENDLESS = "a number of seconds, or nothing for ever"
    COUNT = "a whole number, 1 or more"
    NUMBER = "a number"
    TEXT = "a text"
    NAMES = "a name or a list of names"
    FIELDS = "a mapping of fields to values"
    NUMBERS = "a mapping of fields to numbers"
    KEYS = "a mapping"


@dataclass(frozen=True, slots=True)
class Word:
    """One action: where it may stand, what its argument looks like, which keys a mapping needs and may have."""

    places: frozenset[Place]
    shape: Shape
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    meaning: str = ""


CORRUPTIONS: Final = (
    "length_huge", "length_zero", "length_short", "cut", "empty", "missing", "extra", "unknown", "letters", "nan",
    "infinite", "long", "utf8", "nuls",
)  # fmt: skip
BAR_FAULTS: Final = ("duplicate", "reverse", "gap", "empty", "stuck")

ACTIONS: Final[Mapping[str, Word]] = {
    # the message at hand
    "accept": Word(_IN, Shape.NONE, meaning="handle the request now, before what follows"),
    "send": Word(_OUT, Shape.NONE, meaning="send the message now, before what follows"),
    "drop": Word(_MESSAGE, Shape.NONE, meaning="lose the message"),
    "hold": Word(_MESSAGE, Shape.SECONDS, meaning="handle or send it later; others overtake it"),
    "refuse": Word(_IN, Shape.KEYS, ("code",), ("text",), meaning="answer this error instead of handling the request"),
    "repeat": Word(_OUT, Shape.COUNT, meaning="send the message so many times more"),
    "set": Word(_OUT, Shape.FIELDS, meaning="replace fields, by the names of the tables"),
    "add": Word(_OUT, Shape.NUMBERS, meaning="add to fields that are numbers"),
    "scale": Word(_OUT, Shape.NUMBERS, meaning="multiply fields that are numbers"),
    "corrupt": Word(_OUT, Shape.KEYS, ("how",), ("field", "text"), CORRUPTIONS, "spoil the message's bytes"),
    "bars": Word(_OUT, Shape.TEXT, choices=BAR_FAULTS, meaning="spoil the bars of historicalData"),
    "reorder": Word(_OUT, Shape.NAMES, meaning="gather these messages to the end of the step, send them in this order"),
    # the connection
    "reset": Word(ANYWHERE, Shape.NONE, meaning="break the connection (RST); what waits is lost"),
    "close": Word(ANYWHERE, Shape.NONE, meaning="send what waits, then close"),
    "hang": Word(ANYWHERE, Shape.ENDLESS, meaning="read nothing and send nothing, keep the socket"),
    "silence": Word(ANYWHERE, Shape.ENDLESS, meaning="lose everything that would be sent"),
    "version": Word(frozenset({Place.EVENT}), Shape.COUNT, meaning="announce this server version (on: handshake)"),
    "port_closed": Word(ANYWHERE, Shape.SECONDS, meaning="refuse connections for so long"),
    "restart": Word(ANYWHERE, Shape.KEYS, (), ("closed", "ids_back"), meaning="the nightly restart"),
    "proxy": Word(ANYWHERE, Shape.KEYS, ("mode",), ("rate", "period", "seconds"), meaning="what the proxy does now"),
    # words to clients
    "notice": Word(ANYWHERE, Shape.KEYS, ("code",), ("text", "id"), meaning="send an error message"),
    "say": Word(ANYWHERE, Shape.FIELDS, ("what",), meaning="send any message, by the names of the tables"),
    "say_lines": Word(ANYWHERE, Shape.FIELDS, ("what",), meaning="the same for every market data line"),
    "raw": Word(ANYWHERE, Shape.TEXT, meaning="send these bytes, written as hexadecimal"),
    # the market and its books
    "fill": Word(ANYWHERE, Shape.KEYS, (), ("quantity", "price", "status", "of"), meaning="the broker fills the order"),
    "bust": Word(ANYWHERE, Shape.NONE, meaning="the broker takes the order's last execution back"),
    "correct": Word(ANYWHERE, Shape.KEYS, (), ("price", "by", "quantity"), meaning="the broker corrects it"),
    "place": Word(
        ANYWHERE, Shape.KEYS, ("symbol", "action", "quantity"), ("limit", "ref", "type", "client"),
        meaning="somebody places an order in TWS",
    ),
    "cancel_order": Word(ANYWHERE, Shape.NONE, meaning="somebody cancels the order in TWS"),
    "modify_order": Word(ANYWHERE, Shape.KEYS, (), ("limit", "quantity"), meaning="somebody changes it in TWS"),
    "second_order": Word(ANYWHERE, Shape.NONE, meaning="the broker makes a second live order of this one"),
    "shock": Word(ANYWHERE, Shape.KEYS, ("symbol", "percent"), meaning="move a price for good"),
    "halt": Word(ANYWHERE, Shape.KEYS, ("symbol",), ("on",), meaning="halt trading, or let it go on (on: false)"),
    # the course of the script
    "wait": Word(ANYWHERE, Shape.SECONDS, meaning="go on with the rest so much later"),
    "arm": Word(ANYWHERE, Shape.NAMES, meaning="let these rules watch from now on"),
    "disarm": Word(ANYWHERE, Shape.NAMES, meaning="let these rules watch no more"),
    "pause": Word(ANYWHERE, Shape.NONE, meaning="let the market stand still"),
    "speed": Word(ANYWHERE, Shape.NUMBER, meaning="market seconds per second from now on"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do."""

    word: str
    argument: Argument
    line: int

    def keys(self) -> "Mapping[str, Argument]":
        """The argument as a mapping; empty for an action without one."""
        return self.argument if isinstance(self.argument, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When to do what."""

    name: str
    line: int
    place: Place
    on: frozenset[str] = frozenset()
    nth: frozenset[int] = frozenset()
    since: int = 1
    times: int | None = None
    chance: float = 1.0
    client: int | None = None
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    after_s: float | None = None
    every_s: float | None = None
    step: int | None = None
    armed: bool = True
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Rules that belong together."""

    name: str
    title: str
    inject: str
    holds: tuple[str, ...]
    rules: tuple[Rule, ...]
    needs_proxy: bool = False
