# SPDX-License-Identifier: Apache-2.0
"""A conversation with one client program, and the list of checks: a name, requests, and what must come back.

The client runs in its own interpreter and answers in JSON lines; what a check looks at is what the client's public
API returned. Nothing here decodes the wire.
"""

import json
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from tests.clients.environments import DRIVERS, ROOT, Client

ZONE: Final = ZoneInfo("America/New_York")
UNSET: Final = 1.7e308


class FaultError(AssertionError):
    """The driver itself broke: its own text."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the public API returned, and the errors that it told meanwhile."""

    value: Any
    errors: list[tuple[int, str]]

    def codes(self) -> set[int]:
        return {code for code, _ in self.errors}

    def refused(self, code: int, words: str = "") -> None:
        """Assert a refusal with this code and these words in its text."""
        texts = [text for found, text in self.errors if found == code]
        assert texts, f"expected error {code}, heard {self.errors}"
        assert any(words in text for text in texts), f"expected {words!r} in {texts}"


@dataclass
class Conversation:
    """One running client and what it has found out so far."""

    client: Client
    python: Path
    host: str
    port: int
    version: int
    client_id: int
    memory: dict[str, Any] = field(default_factory=dict)
    _process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the driver."""
        self._process = subprocess.Popen(
            [str(self.python), "-E", "-s", "-m", f"{DRIVERS}.{self.client.driver}", self.client.library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
        )

    def ask(self, verb: str, session: str = "main", **arguments: Any) -> Answer:
        """Call a verb of the driver. Raises FaultError when the driver broke or died."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"call": verb, "session": session, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise FaultError(f"the driver ended during {verb}")
        answer = json.loads(line)
        if "fault" in answer:
            raise FaultError(f"{verb}: {answer['fault']}\n{answer['trace']}")
        return Answer(answer["value"], [(code, text) for code, text in answer["errors"]])

    def stop(self) -> None:
        """End the driver; one that does not end by itself is killed."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        self._process.stdout.close()

    @property
    def callbacks(self) -> bool:
        """Whether it is IBKR's own client, which has callbacks for everything."""
        return self.client.library == "ibapi"


CheckFunction = Callable[[Conversation], None]


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the suite."""

    name: str
    run: CheckFunction
    applies: Callable[[Conversation], bool]
    module: str
    alone: bool = False
    """It touches what other clients do: no other runs meanwhile."""


CHECKS: Final[list[Check]] = []


def check(
    name: str, applies: Callable[[Conversation], bool] = lambda _: True, *, alone: bool = False
) -> Callable[[CheckFunction], CheckFunction]:
    """Put a function on the list; a module's checks run in the order in which they are written."""

    def enlist(function: CheckFunction) -> CheckFunction:
        CHECKS.append(Check(name, function, applies, function.__module__, alone))
        return function

    return enlist


def each(
    name: str, cases: Iterable[Any], applies: Callable[[Conversation], bool] = lambda _: True
) -> Callable[[Callable[[Conversation, Any], None]], Callable[[Conversation, Any], None]]:
    """Put one check per case on the list; ``{}`` in the name is the case."""

    def enlist(function: Callable[[Conversation, Any], None]) -> Callable[[Conversation, Any], None]:
        for case in cases:
            shown = case[0] if isinstance(case, tuple) else case
            CHECKS.append(Check(name.format(shown), partial(_with_case, function, case), applies, function.__module__))
        return function

    return enlist


def _with_case(function: Callable[[Conversation, Any], None], case: Any, talk: Conversation) -> None:
    function(talk, case)


def moment(date: int | str) -> int:
    """Epoch of a bar's date in any of the forms that clients give."""
    if isinstance(date, int) or (date.isdigit() and len(date) > 8):
        return int(date)
    parts = date.split()
    zone = ZoneInfo(parts[2]) if len(parts) > 2 else ZONE
    clock = parts[1] if len(parts) > 1 else "00:00:00"
    return int(datetime.strptime(f"{parts[0]} {clock}", "%Y%m%d %H:%M:%S").replace(tzinfo=zone).timestamp())


def close_to(value: float, wanted: float, tolerance: float = 1e-6) -> bool:
    return abs(value - wanted) <= tolerance * max(1.0, abs(wanted))


def only(rows: list[Any]) -> Any:
    """The one row of an answer."""
    assert len(rows) == 1, f"expected one row, got {len(rows)}"
    return rows[0]


def stock(symbol: str, con_id: int) -> Mapping[str, Any]:
    return {"conId": con_id, "symbol": symbol, "secType": "STK", "exchange": "SMART", "currency": "USD"}


AAPL: Final = stock("AAPL", 265598)
MSFT: Final = stock("MSFT", 272093)
SPY: Final = stock("SPY", 756733)
IBM: Final = stock("IBM", 8314)
DELAYED: Final = stock("XOM", 13977)
"""The server runs without live data for it."""
EUR: Final = {"conId": 12087792, "symbol": "EUR", "secType": "CASH", "exchange": "IDEALPRO", "currency": "USD"}
