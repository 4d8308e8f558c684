# SPDX-License-Identifier: Apache-2.0
"""What every verb of the ibapi driver needs: callbacks written down by name, requests, and waiting for an answer."""

import importlib
import inspect
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from tests.clients.drivers.talk import filled

TIMEOUT_S = 25.0
NOTICES = frozenset({202, 300, 399, 404, 2104, 2106, 2158, 10167, 10349, 2109})
NAMES = {"tickerId": "reqId", "requestId": "reqId", "pos": "position"}


def library(name: str) -> Any:
    return importlib.import_module(f"ibapi.{name}")


def recorder(name: str, method: Any) -> Callable[..., None]:
    """Return a callback that writes down its parameters by name."""
    signature = inspect.signature(method)

    def write(self: Any, *arguments: Any, **named: Any) -> None:
        bound = signature.bind(self, *arguments, **named)
        values = {NAMES.get(key, key): value for key, value in bound.arguments.items() if key != "self"}
        self.heard(name, values)

    return write


def session_class() -> type[Any]:
    wrapper, client = library("wrapper").EWrapper, library("client").EClient
    callbacks = {
        name: recorder(name, method)
        for name, method in inspect.getmembers(wrapper, inspect.isfunction)
        if not name.startswith("_") and name not in ("logAnswer", "winError")
    }

    def start(self: Any, heard: Callable[[str, dict[str, Any]], None]) -> None:
        client.__init__(self, self)
        self.heard = heard

    return type("Recorded", (wrapper, client), {**callbacks, "__init__": start})


class Waiting:
    """One connection: what it heard, and how to wait for more."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.errors: list[tuple[int, str]] = []
        self.client = session_class()(self._heard)
        self.next_request = 100_000
        self.modern = len(inspect.signature(self.client.cancelOrder).parameters) > 1
        self.contracts: dict[int, Any] = {}
        self.orders: dict[int, Any] = {}

    def _heard(self, name: str, values: dict[str, Any]) -> None:
        with self.changed:
            if name == "error":
                self.errors.append((values["errorCode"], values["errorString"]))
            self.events.append((name, values))
            self.changed.notify_all()

    # ------------------------------------------------------------------ asking and waiting
    def refused(self) -> bool:
        return any(code not in NOTICES and " cancelled: " not in text for code, text in self.errors)

    def until(self, condition: Callable[[], object]) -> bool:
        """Wait until a condition holds (true) or the server refused (false)."""
        deadline = monotonic() + TIMEOUT_S
        with self.changed:
            while not condition():
                if self.refused():
                    return False
                if not self.changed.wait(deadline - monotonic()):
                    raise TimeoutError("it never came")
        return True

    def found(self, *names: str, since: int = 0, **match: Any) -> list[dict[str, Any]]:
        return [
            values
            for name, values in self.events[since:]
            if name in names and all(values.get(key) == value for key, value in match.items())
        ]

    def request(self, send: Callable[[int], None], collect: tuple[str, ...], end: str | None, want: int = 1) -> Any:
        """Send a request under an id of its own; return what came of it up to its end marker."""
        self.next_request += 1
        number = self.next_request
        send(number)
        mark = (end,) if end else collect
        self.until(lambda: len(self.found(*mark, reqId=number)) >= want)
        return self.found(*collect, reqId=number)

    def bare(self, send: Callable[[], None], collect: tuple[str, ...], end: str | None) -> Any:
        """The same for a request without an id."""
        since = len(self.events)
        send()
        mark = (end,) if end else collect
        self.until(lambda: self.found(*mark, since=since))
        return self.found(*collect, since=since)

    def contract(self, values: dict[str, Any]) -> Any:
        values = dict(values)
        legs = values.pop("comboLegs", [])
        module = library("contract")
        contract = filled(module.Contract(), values)
        if legs:
            contract.comboLegs = [filled(module.ComboLeg(), leg) for leg in legs]
        return contract
