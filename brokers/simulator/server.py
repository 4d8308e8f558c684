# SPDX-License-Identifier: Apache-2.0
"""The simulated TWS: listens on the loopback, admits clients, hands requests to their desks.

It owns the order of things: start-up messages, one client per id, the market's
events to whom they concern, the end of every step. What a request means is in
the handlers; what a price is, in the market.
"""

import asyncio
import errno
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from brokers.simulator.contracts import ContractBook, local_time
from brokers.simulator.handlers_account import AccountDesk
from brokers.simulator.handlers_depth import DepthDesk
from brokers.simulator.handlers_exercise import ExerciseDesk
from brokers.simulator.handlers_history import HistoryDesk
from brokers.simulator.handlers_market import MarketDesk
from brokers.simulator.handlers_options import OptionDesk
from brokers.simulator.handlers_orders import OrderDesk
from brokers.simulator.handlers_past_ticks import PastTicksDesk
from brokers.simulator.handlers_reference import ReferenceDesk, accounts_text
from brokers.simulator.handlers_scanner import ScannerDesk
from brokers.simulator.handlers_session import SessionDesk
from brokers.simulator.handlers_ticks import TickDesk
from brokers.simulator.history_file import HistoryFile
from brokers.simulator.hub import Handler, HandlerGroup, Hub
from brokers.simulator.order_ids import OrderIds
from brokers.simulator.pacing import StallMeter
from brokers.simulator.permissions import Permissions
from brokers.simulator.protocol import requests, responses, responses_orders
from brokers.simulator.protocol.language import MAX_VERSION, MIN_VERSION, Message, decode
from brokers.simulator.protocol.values import WireError
from brokers.simulator.pump import Pump
from brokers.simulator.refusals import refusal_of
from brokers.simulator.request import Request
from brokers.simulator.session import DEFAULT_VERSION, MAX_BACKLOG, Phase, Session
from brokers.simulator.truth import Truth
from terminal.clock import Clock
from terminal.errors import DataError, UserError
from terminal.simulation.exchange_port import (
    Exchange,
    SimExecution,
    SimOrderState,
    SimPosition,
    SimPrint,
    SimTop,
    SimulatorRefusalError,
)

MAX_CLIENTS: Final = 32
_GOODBYE_S: Final = 1.0
"""How long a closing connection may take to deliver what waits."""
_NOTICES: Final = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)
_ID_NAMES: Final = frozenset({"req_id", "order_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """How a server behaves. ``speed`` is market seconds per clock second; 0 stands still."""

    speed: float = 1.0
    read_only: bool = False
    history: Path | None = None
    server_version: int = DEFAULT_VERSION
    max_backlog: int = MAX_BACKLOG
    allow_remote: bool = False
    unsubscribed: frozenset[str] = frozenset()
    """Symbols without live market data; their options have none either."""
    tif_preset: bool = False
    """Answer orders without a time in force with 10349, as newer TWS versions do."""


class SimulatedTws:
    """One server over one market.

    It is the market's listener and the sessions' host; start it inside a
    running event loop. Raises UserError SIM-015 for an unsubscribed symbol that the market does not have.
    """

    def __init__(self, exchange: Exchange, clock: Clock, options: ServerOptions | None = None) -> None:
        self.options = options or ServerOptions()
        if not MIN_VERSION <= self.options.server_version <= MAX_VERSION:
            raise ValueError(f"server version must be {MIN_VERSION} to {MAX_VERSION}")
        permissions = Permissions(self.options.unsubscribed)
        permissions.check(exchange.instruments())
        self.exchange = exchange
        self.truth = Truth(exchange)
        self.ids = OrderIds()
        self.refused: dict[int, int] = {}
        """Message id -> how often a request was refused because it is not served."""
        self._hub = Hub(
            exchange=exchange,
            clock=clock,
            contracts=ContractBook(exchange),
            history=HistoryFile(self.options.history),
            read_only=self.options.read_only,
            permissions=permissions,
        )
        self._orders = OrderDesk(self._hub, self.ids)
        self._orders.tif_preset = self.options.tif_preset
        self._market = MarketDesk(self._hub)
        self._depth = DepthDesk(self._hub)
        self._ticks = TickDesk(self._hub)
        self._account = AccountDesk(self._hub)
        history = HistoryDesk(self._hub)
        self._groups: tuple[HandlerGroup, ...] = (
            self._orders,
            self._market,
            self._depth,
            self._ticks,
            self._account,
            history,
            PastTicksDesk(self._hub),
            ReferenceDesk(self._hub),
            OptionDesk(self._hub),
            ExerciseDesk(self._hub),
            ScannerDesk(self._hub),
            SessionDesk(self._hub),
        )
        self._handlers: dict[int, Handler] = {
            message.id: handler for group in self._groups for message, handler in group.handlers().items()
        }
        self._connections: set[Session] = set()
        self.pump = Pump(exchange, clock, self.options.speed, self._end_of_step)
        self._stalls = StallMeter(clock)
        self._server: asyncio.Server | None = None
        self.address = ("", 0)
        """Where it listens, once started."""

    @property
    def served(self) -> frozenset[int]:
        """Ids of the requests that are served, START_API included."""
        return frozenset(self._handlers) | {requests.START_API.id}

    # ------------------------------------------------------------------ life
    async def start(self, host: str = "127.0.0.1", port: int = 0) -> tuple[str, int]:
        """Listen; return the address. Raises UserError SIM-011 (host) or SIM-012 (port)."""
        if not self.options.allow_remote and not _is_loopback(host):
            raise UserError(
                "SIM-011",
                f"The simulator listens on the loopback only, not on {host}: it has no password. "
                "Use 127.0.0.1, or --allow-remote if you mean it.",
            )
        self.exchange.set_listener(self)
        self._hub.contracts.learn_rules()
        self._orders.learn()
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._connect, host, port)
        except OSError as error:
            raise _cannot_listen(host, port, error) from error
        bound = self._server.sockets[0].getsockname()
        self.address = (str(bound[0]), int(bound[1]))
        self.pump.start()
        self._stalls.start()
        self._hub.note("listening", host=self.address[0], port=self.address[1])
        return self.address

    async def stop(self) -> None:
        """Stop time, close every connection and the history file."""
        self.pump.stop()
        self._stalls.stop()
        leaving = tuple(self._connections)
        for session in leaving:
            session.close("server stops")
        for session in leaving:
            await session.wait_gone(_GOODBYE_S)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        self._hub.history.close()

    def _connect(self) -> Session:
        return Session(self, ceiling=self.options.server_version, backlog=self.options.max_backlog)

    def dump_state(self) -> dict[str, object]:
        """Everything that survives a restart, JSON-ready."""
        return {"market": self.exchange.dump_state(), "orders": self.ids.dump()}

    def load_state(self, state: Mapping[str, object]) -> None:
        """Take over a dump, before `start`. Raises DataError when it is not one."""
        market, orders = state.get("market"), state.get("orders")
        if not isinstance(market, dict) or not isinstance(orders, Mapping):
            raise DataError("a state has two parts, market and orders")
        self.exchange.load_state(market)
        self.ids.load(orders)

    # ------------------------------------------------------------------ host of the sessions
    def opened(self, session: Session) -> None:
        self._connections.add(session)
        self.note("connected", open=len(self._connections))

    def closed(self, session: Session) -> None:
        self._connections.discard(session)
        for group in self._groups:
            group.forget(session)
        if session.client_id is not None and self._hub.sessions.get(session.client_id) is session:
            del self._hub.sessions[session.client_id]

    def monotonic_ns(self) -> int:
        return self._hub.clock.monotonic_ns()

    def stalled_ns(self) -> int:
        return self._stalls.stalled_ns()

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> object:
        return self._hub.clock.call_later(delay_s, callback)

    def connection_time(self) -> str:
        first = next(iter(self.exchange.instruments()), None)
        if first is None:
            return ""
        return f"{local_time(first, self._hub.now_ns()):%Y%m%d %H:%M:%S} EST"

    def note(self, name: str, **details: object) -> None:
        self._hub.note(name, **details)

    @property
    def recording(self) -> bool:
        return self._hub.history.active

    def note_sent(self, session: Session, message: Message, fields: list[str]) -> None:
        history = self._hub.history
        if history.active:
            history.message("out", self._hub.now_ns(), session.client_id, message.name, fields)

    def received(self, session: Session, fields: list[str]) -> None:
        message = requests.REQUESTS.get(int(fields[0])) if fields[0].isdecimal() and len(fields[0]) < 6 else None
        history = self._hub.history
        if history.active:
            name = message.name if message else "unserved"
            history.message("in", self._hub.now_ns(), session.client_id, name, fields)
        if session.phase is Phase.IDENTIFYING and message is not requests.START_API:
            session.error(-1, 320, "Error reading request: START_API must come first")
        elif message is None:
            self._refuse(session, fields)
        elif session.server_version < requests.FIRST_VERSIONS.get(message.id, 0):
            session.error(-1, 320, f"Error reading request: unknown message id {message.id}")
        else:
            self._handle(session, message, fields)

    def _refuse(self, session: Session, fields: list[str]) -> None:
        req_id, code, text = refusal_of(fields)
        if fields[0].isdecimal() and len(fields[0]) < 6:
            self.refused[int(fields[0])] = self.refused.get(int(fields[0]), 0) + 1
        session.error(req_id, code, text)

    def _handle(self, session: Session, message: Message, fields: list[str]) -> None:
        try:
            request = Request(message, decode(message, session.server_version, fields), session.server_version)
        except WireError as error:
            session.error(_guess_id(message, fields), 320, f"Error reading request: {error}")
            return
        if message is requests.START_API:
            self._start_api(session, request)
            return
        try:
            self._handlers[message.id](session, request)
        except SimulatorRefusalError as refusal:
            session.error(request.id, refusal.code, refusal.text)

    def _start_api(self, session: Session, request: Request) -> None:
        client_id = request.integer("client_id", -1)
        if session.outdated:
            session.error(-1, 357, f"Your client version is out of date: server version {MIN_VERSION} is the oldest.")
            session.close("client out of date")
            return
        if session.phase is Phase.READY:
            session.error(-1, 321, "Error validating request.-'b' : cause - The API is started already")
            return
        if client_id < 0:
            session.error(-1, 321, f"Error validating request.-'b' : cause - Invalid client id {client_id}")
            session.close("invalid client id")
            return
        if client_id in self._hub.sessions:
            session.error(
                -1, 326, "Unable to connect as the client id is already in use. Retry with a unique client id."
            )
            session.close(f"client id {client_id} in use")
            return
        if len(self._hub.sessions) >= MAX_CLIENTS:
            session.error(-1, 507, f"There are {MAX_CLIENTS} API clients already. Disconnect one first.")
            session.close("too many clients")
            return
        session.started(client_id)
        self._hub.sessions[client_id] = session
        self.note("started", client=client_id)
        session.send(responses.MANAGED_ACCOUNTS, accounts=accounts_text(self.exchange.accounts))
        session.send(responses_orders.NEXT_VALID_ID, order_id=self.ids.next_id(client_id))
        for code, text in _NOTICES:
            session.error(-1, code, text)

    # ------------------------------------------------------------------ listener of the market
    def on_top(self, top: SimTop) -> None:
        self._market.on_top(top)
        self._ticks.on_top(top)

    def on_print(self, trade: SimPrint) -> None:
        self._market.on_print(trade)
        self._ticks.on_print(trade)

    def on_book(self, con_id: int) -> None:
        self._depth.on_book(con_id)

    def on_greeks(self, con_id: int) -> None:
        self._market.on_greeks(con_id)

    def on_order(self, state: SimOrderState) -> None:
        self._orders.on_order(state)

    def on_execution(self, execution: SimExecution, state: SimOrderState) -> None:
        self._orders.on_execution(execution, state)

    def on_position(self, position: SimPosition) -> None:
        self._account.on_position(position)

    def on_account(self, account: str) -> None:
        self._account.on_account(account)

    def on_session(self, event: str) -> None:
        self._market.on_session(event)
        self._depth.on_session(event)
        self.note("market_session", event=event)

    def _end_of_step(self, now_ns: int) -> None:
        for group in self._groups:
            group.on_turn(now_ns)
        for session in tuple(self._connections):
            session.flush()
        self._hub.history.flush()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _cannot_listen(host: str, port: int, error: OSError) -> UserError:
    if error.errno == errno.EADDRINUSE:
        return UserError(
            "SIM-012",
            f"Port {port} on {host} is taken by another program. "
            "Stop that program, choose another --port, or leave it out (port 0 takes a free one).",
        )
    return UserError("SIM-012", f"Cannot listen on {host}:{port}: {error.strerror or error}.")


def _guess_id(message: Message, fields: list[str]) -> int:
    """Request or order id of a message that cannot be read, from where its table says; -1 when unreadable."""
    for position, row in enumerate(message.rows, start=1):
        if getattr(row, "name", "") in _ID_NAMES:
            written = fields[position] if position < len(fields) else ""
            return int(written) if written.lstrip("-").isdecimal() and len(written) < 12 else -1
    return -1
