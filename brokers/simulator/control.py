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
from typing import Final

from brokers.simulator.faults import library
from brokers.simulator.faults.acts import restart
from brokers.simulator.faults.script import script_of
from brokers.simulator.faults.server import FaultyTws
from brokers.simulator.faults.steering import Steering
from brokers.simulator.faults.vocabulary import Script
from brokers.simulator.faults.yaml_text import YamlError, node_of
from terminal.errors import UserError

MAX_LINE: Final = 256 * 1024
MAX_STRANGERS: Final = 8
"""Open connections that have shown no token."""
IDLE_S: Final = 30.0
"""A connection that has not shown the token by then is closed."""
LONGEST_STEP_S: Final = 86_400.0
_SLICE_S: Final = 1.0
_TOKEN_BYTES: Final = 32

Answer = dict[str, object]


class ControlError(ValueError):
    """A command that cannot be carried out; the text is for a person."""


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


class Visitor(asyncio.Protocol):
    """One connection: lines in, lines out."""

    def __init__(self, port: "ControlPort") -> None:
        self._port = port
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None
        self.known = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self.close)
        self._port.admitted(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\n")) >= 0 and self._transport is not None:
            line = bytes(self._buffer[: end + 1])
            del self._buffer[: end + 1]
            self._one(line)
        if len(self._buffer) > MAX_LINE:
            self.close()

    def _one(self, line: bytes) -> None:
        known, answer = self._port.answer(line)
        if self._transport is None:
            return
        self._transport.write(json.dumps(answer, default=str).encode() + b"\n")
        if not known:
            self.close()
        elif self._idle is not None:
            self.known = True
            self._idle.cancel()

    def connection_lost(self, _: Exception | None) -> None:
        self.close()

    def close(self) -> None:
        """Send what waits, then close."""
        transport, self._transport = self._transport, None
        self._buffer.clear()
        if self._idle is not None:
            self._idle.cancel()
        if transport is not None:
            transport.close()
        self._port.gone(self)


class ControlPort:
    """Serves commands on ``127.0.0.1``. ``end`` is called when somebody says quit."""

    def __init__(self, server: FaultyTws, token: str, end: Callable[[], None]) -> None:
        self._server = server
        self._token = token
        self._end = end
        self._listener: asyncio.Server | None = None
        self._open: list[Visitor] = []
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
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: Visitor(self), "127.0.0.1", port)
        host, bound = self._listener.sockets[0].getsockname()[:2]
        return str(host), int(bound)

    async def stop(self) -> None:
        """Listen no more and close what is open."""
        if self._listener is not None:
            self._listener.close()
        for visitor in tuple(self._open):
            visitor.close()
        await asyncio.sleep(0)

    # ------------------------------------------------------------------ lines
    def admitted(self, visitor: "Visitor") -> None:
        """Take a connection; when there are too many, the oldest that showed no token goes."""
        strangers = [each for each in self._open if not each.known]
        if len(strangers) >= MAX_STRANGERS:
            strangers[0].close()
        self._open.append(visitor)

    def gone(self, visitor: "Visitor") -> None:
        if visitor in self._open:
            self._open.remove(visitor)

    def answer(self, line: bytes) -> tuple[bool, Answer]:
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
        self._steering().shock(self._contract(asked), percent / 100)
        self._server.note("shock", symbol=asked.get("symbol"), percent=percent)
        return self._time()

    def _halt(self, asked: Mapping[str, object]) -> Answer:
        on = asked.get("on", True)
        if not isinstance(on, bool):
            raise ControlError(f'"on" must be true or false, was {on!r}')
        self._steering().halt(self._contract(asked), on=on)
        self._server.note("halt", symbol=asked.get("symbol"), on=on)
        return self._time()

    def _steering(self) -> Steering:
        if self._server.steering is None:
            raise ControlError("this market's prices cannot be moved by hand")
        return self._server.steering

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
