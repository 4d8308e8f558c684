# SPDX-License-Identifier: Apache-2.0
"""The simulated TWS with a fault laboratory: the same server, every message and event passes the scripts' rules."""

import asyncio
from collections.abc import Iterable
from typing import Final

from brokers.simulator.faults.laboratory import FaultLaboratory
from brokers.simulator.faults.proxy import FaultProxy
from brokers.simulator.faults.session import FaultySession
from brokers.simulator.faults.steering import Steering
from brokers.simulator.faults.vocabulary import Script
from brokers.simulator.protocol import requests, responses_orders
from brokers.simulator.protocol.language import decode
from brokers.simulator.protocol.values import Value, Values, WireError
from brokers.simulator.pump import Pump
from brokers.simulator.server import ServerOptions, SimulatedTws
from brokers.simulator.session import Phase, Session
from terminal.clock import Clock, SimClock
from terminal.errors import UserError
from terminal.simulation.exchange_port import Exchange
from terminal.simulation.market import Market

_LINE: Final = "reqMktData"
_LINE_END: Final = "cancelMktData"
_AGAIN_S: Final = 1.0


class FaultyTws(SimulatedTws):
    """See the module.

    ``seed`` decides what chance does in the scripts. With a ``driver`` that clock
    makes time pass and ``clock`` (a SimClock) follows the market: nothing the
    server says then depends on the machine's clock.
    """

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        options: ServerOptions | None = None,
        *,
        scripts: Iterable[Script] = (),
        seed: int = 1,
        driver: Clock | None = None,
        until_ns: int | None = None,
        proxied: bool = False,
    ) -> None:
        self._scripts = tuple(scripts)
        self.steering = Steering(exchange) if isinstance(exchange, Market) else None
        """A hand on the market's prices; None for a market that is not the simulator's own."""
        self._proxied = proxied or any(script.needs_proxy for script in self._scripts)
        super().__init__(exchange, clock, options)
        follower = clock if driver is not None and isinstance(clock, SimClock) else None
        self.pump = Pump(
            exchange, driver or clock, self.options.speed, self._end_of_step, follower=follower, until_ns=until_ns
        )
        self.proxy: FaultProxy | None = None
        self._own = ("", 0)
        self._reopening: asyncio.Task[None] | None = None
        self.ids_back = 0
        """How much lower the next valid ids are told than they are."""
        self.laboratory = FaultLaboratory(self, seed)
        self._hub.history.listener = self._on_event

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> tuple[str, int]:
        """Listen, with the proxy in front when a script needs it; let the scripts watch from now on."""
        self._own = await super().start(host, 0 if self._proxied else port)
        if self._proxied:
            await self.start_proxy(host, port)
        for script in self._scripts:
            self.laboratory.add(script)
        return self.address

    async def start_proxy(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Put a proxy in front; clients find it where the server says that it listens."""
        self.proxy = FaultProxy(self._hub.clock, self._own, lambda name, details: self.note(name, **details))
        self.address = await self.proxy.start(host, port)
        self.note("proxy_listening", host=self.address[0], port=self.address[1])

    async def stop(self) -> None:
        if self.proxy is not None:
            await self.proxy.stop()
        await super().stop()

    def _connect(self) -> Session:
        return FaultySession(
            self, self.laboratory, ceiling=self.options.server_version, backlog=self.options.max_backlog
        )

    # ------------------------------------------------------------------ who is there
    def live(self) -> list[FaultySession]:
        """Open connections, in no order that matters."""
        return [each for each in self._connections if isinstance(each, FaultySession)]

    def ready_sessions(self) -> list[FaultySession]:
        """Clients that have said START_API, by client id."""
        return [each for each in self._hub.online() if isinstance(each, FaultySession)]

    def session_of(self, client_id: int | None) -> FaultySession | None:
        """The connection of a client, None when there is none."""
        found = None if client_id is None else self._hub.sessions.get(client_id)
        return found if isinstance(found, FaultySession) else None

    # ------------------------------------------------------------------ what passes
    def opened(self, session: Session) -> None:
        super().opened(session)
        if isinstance(session, FaultySession):
            self.laboratory.event("connected", {}, session)

    def received(self, session: Session, fields: list[str]) -> None:
        name, values = _read(session, fields)
        if isinstance(session, FaultySession):
            self._keep_lines(session, name, values)
            if self.laboratory.watches_any(name):
                sound = super().received
                handled = [False]

                def proceed() -> None:
                    handled[0] = True
                    if session.phase is not Phase.CLOSED:
                        sound(session, fields)

                self.laboratory.incoming(session, name, values, proceed)
                if not handled[0]:  # read, and lost or late: the history says that it came
                    self.note("not_handled", client=session.client_id, message=name, fields=fields)
                return
        super().received(session, fields)

    @staticmethod
    def _keep_lines(session: FaultySession, name: str, values: Values) -> None:
        req_id = values.get("req_id")
        if isinstance(req_id, int) and name == _LINE:
            session.lines[req_id] = None
        elif isinstance(req_id, int) and name == _LINE_END:
            session.lines.pop(req_id, None)

    def _on_event(self, name: str, details: "dict[str, object]") -> None:
        if self.laboratory.watches_any(name) and name not in ("connected", "handshake", "fault"):
            self.laboratory.event(name, details)

    def _end_of_step(self, now_ns: int) -> None:
        self.laboratory.stepped()
        for session in self.live():
            session.send_gathered()
        super()._end_of_step(now_ns)

    # ------------------------------------------------------------------ what scripts do to the server
    def close_port(self, seconds: float | None) -> None:
        """Refuse connections; open again after so many seconds (None: not by itself)."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self.note("port_closed", seconds=seconds)
        if seconds is not None:
            self.call_later(seconds, self.open_port)

    def open_port(self) -> None:
        """Listen again on the same address."""
        if self._server is None:
            self._reopening = asyncio.get_running_loop().create_task(self._reopen())

    async def _reopen(self) -> None:
        host, port = self._own
        try:
            self._server = await asyncio.get_running_loop().create_server(self._connect, host, port)
        except OSError as error:  # somebody else took it meanwhile: it may be free again later
            self.note("port_taken", port=port, text=error.strerror)
            self.call_later(_AGAIN_S, self.open_port)
            return
        self.note("port_open", port=port)

    @property
    def listening(self) -> bool:
        """Whether a client would be let in now, through the proxy if there is one."""
        return self._server is not None and (self.proxy is None or self.proxy.listening)

    def flush_history(self) -> None:
        """Write what the history file still holds back."""
        self._hub.history.flush()

    def rolled_back(self, name: str, values: Values) -> Values:
        """Tell next valid ids that are too low, as after a restart that lost some."""
        order_id = values.get("order_id")
        if self.ids_back and name == responses_orders.NEXT_VALID_ID.name and isinstance(order_id, int):
            return {**values, "order_id": max(1, order_id - self.ids_back)}
        return values

    def set_proxy(self, mode: str, numbers: dict[str, float]) -> None:
        """Let the proxy do this from now on. Raises UserError SIM-021 without one."""
        if self.proxy is None:
            raise UserError("SIM-021", "A script asks for the proxy, but there is none.")
        self.note("proxy", mode=mode, **numbers)
        self.proxy.set_mode(mode, numbers)


def _read(session: Session, fields: list[str]) -> tuple[str, Values]:
    """The name and, as far as they can be read, the values of a request."""
    message = requests.REQUESTS.get(int(fields[0])) if fields[0].isdecimal() and len(fields[0]) < 6 else None
    if message is None:
        return "unserved", {}
    try:
        values: dict[str, Value] = dict(decode(message, session.server_version, fields))
    except WireError:
        return message.name, {}
    return message.name, values
