# SPDX-License-Identifier: Apache-2.0
"""The control port: a second loopback port for whoever started the server, never for its clients.

One JSON object per line, each with the token; one JSON object back. It tells the truth, moves time, injects faults,
restarts and ends the server. It binds nowhere but to the loopback and listens only when it was asked for.
"""

import asyncio
import hmac
import json
import math
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from brokers.simulator.faults import library
from brokers.simulator.faults.acts import restart
from brokers.simulator.faults.script import script_of
from brokers.simulator.faults.server import FaultyTws
from brokers.simulator.faults.vocabulary import Script
from brokers.simulator.faults.yaml_text import YamlError, node_of
from terminal.errors import UserError

MAX_LINE: Final = 256 * 1024
MAX_CONNECTIONS: Final = 8
IDLE_S: Final = 30.0
"""A connection that has not shown the token by then is closed."""
LONGEST_STEP_S: Final = 86_400.0
_SLICE_S: Final = 1.0
_TOKEN_BYTES: Final = 32

Answer = dict[str, object]


class ControlError(ValueError):
    """A command that cannot be carried out; the text is for a person."""


@runtime_checkable
class Steerable(Protocol):
    """A market whose prices can be moved and halted by hand."""

    def shock(self, con_id: int, fraction: float) -> None:
        """Move every price of an instrument by this share of itself, from now on."""
        ...

    def halt(self, con_id: int, *, on: bool) -> None:
        """Stop trading in an instrument, or let it go on."""
        ...


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def write_token(path: Path, token: str) -> None:
    """Save the token for this user alone, never over a file of another kind. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(token + "\n")
    temporary.replace(path)


class ControlPort:
    """Serves commands on ``127.0.0.1``. ``end`` is called when somebody says quit."""

    def __init__(self, server: FaultyTws, token: str, end: Callable[[], None]) -> None:
        self._server = server
        self._token = token
        self._end = end
        self._listener: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._commands: Mapping[str, Callable[[Mapping[str, object]], Answer]] = {
            "truth": lambda _: self._server.truth.as_json(),
            "status": lambda _: self._status(),
            "pause": self._pause,
            "go_on": self._go_on,
            "speed": self._speed,
            "step": self._step,
            "fault": self._fault,
            "faults": lambda _: {"faults": list(library.names())},
            "calm": self._calm,
            "restart": self._restart,
            "shock": self._shock,
            "halt": self._halt,
            "quit": self._quit,
        }

    async def start(self, port: int = 0) -> tuple[str, int]:
        """Listen on the loopback; return the address. Raises OSError."""
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=MAX_LINE)
        host, bound = self._listener.sockets[0].getsockname()[:2]
        return str(host), int(bound)

    async def stop(self) -> None:
        """Listen no more and close what is open."""
        if self._listener is not None:
            self._listener.close()
        for writer in tuple(self._open):
            writer.close()

    # ------------------------------------------------------------------ lines
    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= MAX_CONNECTIONS:
            writer.close()
            return
        self._open.add(writer)
        known = False
        try:
            while True:
                line = await asyncio.wait_for(reader.readline(), None if known else IDLE_S)
                if not line:
                    return
                known, answer = self._answer(line)
                writer.write(json.dumps(answer, default=str).encode() + b"\n")
                await writer.drain()
                if not known:
                    return
        except (TimeoutError, ValueError, ConnectionError):
            return  # a line without end, a silent stranger, a peer that has gone
        finally:
            self._open.discard(writer)
            writer.close()

    def _answer(self, line: bytes) -> tuple[bool, Answer]:
        """Carry out one line; return whether it showed the token, and the answer."""
        try:
            asked = json.loads(line)
        except (ValueError, RecursionError):
            return False, {"ok": False, "error": "a command must be one JSON object on one line"}
        shown = asked.get("token") if isinstance(asked, dict) else None
        if not isinstance(shown, str) or not hmac.compare_digest(shown.encode(), self._token.encode()):
            return False, {"ok": False, "error": "the token is wrong or missing"}
        command = self._commands.get(str(asked.get("do")))
        if command is None:
            return True, {"ok": False, "error": f'"do" must be one of {", ".join(self._commands)}'}
        try:
            return True, {"ok": True, **command(asked)}
        except (ControlError, UserError, YamlError) as error:
            return True, {"ok": False, "error": str(error)}

    # ------------------------------------------------------------------ time
    def _status(self) -> Answer:
        server, pump = self._server, self._server.pump
        return {
            "ns": server.exchange.now_ns(),
            "speed": pump.speed,
            "paused": pump.paused,
            "over": pump.over,
            "steps": server.laboratory.step,
            "clients": [session.client_id for session in server.ready_sessions()],
            "listening": server.listening,
            "faults": [
                {"script": each.script, "rule": each.rule.name, "armed": each.armed, "fired": each.fired}
                for each in server.laboratory.watches
            ],
        }

    def _pause(self, _: Mapping[str, object]) -> Answer:
        self._server.pump.pause()
        return self._time()

    def _go_on(self, _: Mapping[str, object]) -> Answer:
        self._server.pump.go_on()
        return self._time()

    def _speed(self, asked: Mapping[str, object]) -> Answer:
        speed = _number(asked, "x")
        if not 0 <= speed <= 3600:
            raise ControlError(f'"x" must be 0 to 3600 market seconds per second, was {speed:g}')
        self._server.pump.set_speed(speed)
        return self._time()

    def _step(self, asked: Mapping[str, object]) -> Answer:
        left = _number(asked, "seconds")
        if not 0 < left <= LONGEST_STEP_S:
            raise ControlError(f'"seconds" must be above 0 and at most {LONGEST_STEP_S:g}, was {left:g}')
        if not self._server.pump.paused and self._server.pump.speed > 0:
            raise ControlError("time passes by itself; pause it first")
        while left > 0:
            self._server.pump.step(min(left, _SLICE_S))
            left -= _SLICE_S
        return self._time()

    def _time(self) -> Answer:
        pump = self._server.pump
        return {"ns": self._server.exchange.now_ns(), "speed": pump.speed, "paused": pump.paused}

    # ------------------------------------------------------------------ trouble
    def _fault(self, asked: Mapping[str, object]) -> Answer:
        """Arm a fault of the catalogue (``name``) or a script of one's own (``script``)."""
        if "name" in asked:
            script = library.load(str(asked["name"]))
        elif "script" in asked:
            script = script_of(node_of(asked["script"]), str(asked.get("variant", "")), "control")
        else:
            raise ControlError('a fault needs "name" (of the catalogue) or "script"')
        self._need_proxy(script)
        self._server.laboratory.add(script)
        return {"script": script.name, "rules": [rule.name for rule in script.rules]}

    def _need_proxy(self, script: Script) -> None:
        if script.needs_proxy and self._server.proxy is None:
            raise ControlError(f"{script.name} needs the proxy: start the server with --proxy")

    def _calm(self, _: Mapping[str, object]) -> Answer:
        self._server.laboratory.calm()
        return {}

    def _restart(self, asked: Mapping[str, object]) -> Answer:
        closed = _number(asked, "closed", 60.0)
        back = _number(asked, "ids_back", 0.0)
        if not 0 <= closed <= 86_400 or not 0 <= back <= 1_000:
            raise ControlError('"closed" must be 0 to 86400 seconds and "ids_back" 0 to 1000')
        restart(self._server.laboratory, closed, int(back))
        return {"closed": closed, "ids_back": int(back)}

    def _shock(self, asked: Mapping[str, object]) -> Answer:
        percent = _number(asked, "percent")
        if not -95 <= percent <= 1_000:
            raise ControlError(f'"percent" must be -95 to 1000, was {percent:g}')
        self._steerable().shock(self._contract(asked), percent / 100)
        self._server.note("shock", symbol=asked.get("symbol"), percent=percent)
        return self._time()

    def _halt(self, asked: Mapping[str, object]) -> Answer:
        on = asked.get("on", True) is True
        self._steerable().halt(self._contract(asked), on=on)
        self._server.note("halt", symbol=asked.get("symbol"), on=on)
        return self._time()

    def _steerable(self) -> Steerable:
        exchange: object = self._server.exchange
        if not isinstance(exchange, Steerable):
            raise ControlError("this market's prices cannot be moved by hand")
        return exchange

    def _contract(self, asked: Mapping[str, object]) -> int:
        symbol = asked.get("symbol")
        for instrument in self._server.exchange.instruments():
            if symbol in (instrument.symbol, instrument.broker_id):
                return instrument.broker_id or 0
        raise ControlError(f"the market has no {symbol!r}")

    def _quit(self, _: Mapping[str, object]) -> Answer:
        asyncio.get_running_loop().call_soon(self._end)
        return {}


def _number(asked: Mapping[str, object], name: str, default: float | None = None) -> float:
    value = asked.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise ControlError(f'"{name}" must be a number, was {value!r}')
    return float(value)
