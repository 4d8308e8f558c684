# SPDX-License-Identifier: Apache-2.0
"""Session: connects, notices the loss, connects again, and lets the parts subscribe anew each time.

One connection at a time, always the same client id, back-off from 1 to 30 seconds. Every failure is
reported with its cause and the way out. Nothing of a former connection is used after its end.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from brokers.ibkr import codes
from brokers.ibkr.connection import Cause, ConnectFailedError, Connection, Handler
from brokers.ibkr.heartbeat import Heartbeat
from brokers.ibkr.link import Link
from brokers.ibkr.ports import describe_ports
from brokers.ibkr.timing import BrokerClock, pause, within
from terminal.clock import NS_PER_S
from terminal.errors import BrokerError
from terminal.model.enums import LinkState, Mode
from terminal.ports import ConnectionSettings

if TYPE_CHECKING:
    from ib_insync.ticker import Ticker

FIRST_DELAY_S: Final = 1.0
LONGEST_DELAY_S: Final = 30.0
CLIENT_ID_DELAY_S: Final = 5.0
SYNC_TIMEOUT_S: Final = 5.0
FIRST_TIME_S: Final = 3.0
_STEADY_NS: Final = 10 * NS_PER_S
"""A connection that held this long starts the back-off afresh."""
_PAPER_PREFIX: Final = "D"
_jitter: Final = secrets.SystemRandom()


def masked(account: str) -> str:
    """Return an account number fit for messages and logs: ``DU•••567``."""
    return f"{account[:2]}•••{account[-3:]}" if len(account) > 5 else "•••"


def account_fault(settings: ConnectionSettings, accounts: Sequence[str]) -> Cause | None:
    """Say why these accounts do not fit the profile's mode; None when they do."""
    shown = ", ".join(masked(account) for account in accounts) or "none"
    if settings.account is not None and settings.account not in accounts:
        text = f"The profile trades account {masked(settings.account)}, this login has {shown}"
        return Cause.of(codes.ACCOUNT_MISMATCH, text, patience=LONGEST_DELAY_S)
    wanted = [settings.account] if settings.account else list(accounts)
    paper = [account.startswith(_PAPER_PREFIX) for account in wanted]
    if settings.mode is Mode.LIVE and any(paper):
        text = f"The profile is live, but the login has paper accounts ({shown})"
        return Cause.of(codes.ACCOUNT_MISMATCH, text, patience=LONGEST_DELAY_S)
    if settings.mode is not Mode.LIVE and not all(paper):
        text = f"The profile is {settings.mode.value}, but the login has live accounts ({shown})"
        return Cause.of(codes.ACCOUNT_MISMATCH, text, patience=LONGEST_DELAY_S)
    return None


class Part(Protocol):
    """Something that subscribes in every new session."""

    def begin(self, connection: Connection) -> None: ...
    def end(self, connection: Connection) -> None: ...


class Session:
    """The life of the link. Publishes LinkChanged through `Link`."""

    def __init__(
        self,
        clock: BrokerClock,
        link: Link,
        heartbeat: Heartbeat,
        parts: Sequence[Part],
        synchronize: Callable[[Connection], Awaitable[None]],
        on_packet: Callable[[set["Ticker"]], None],
    ) -> None:
        self._clock = clock
        self._link = link
        self._heartbeat = heartbeat
        self._parts = parts
        self._synchronize = synchronize
        self._on_packet = on_packet
        self._routes: Mapping[str, Handler] = {}
        self.connection: Connection | None = None
        """The connection that is open now."""
        self.epoch = 0

    def set_routes(self, routes: Mapping[str, Handler]) -> None:
        self._routes = routes

    async def run(self, settings: ConnectionSettings) -> None:
        """Keep the link up until cancelled."""
        failures = 0
        self._link.say(LinkState.CONNECTING)
        while True:
            connection = Connection(self._clock, settings, self.epoch + 1, self._routes, self._on_packet)
            try:
                cause, held_ns = await self._once(connection)
            except ConnectFailedError as failure:
                cause, held_ns = failure.cause, 0
                if cause.code == codes.CANNOT_CONNECT:
                    cause = await describe_ports(self._clock, settings, cause)
            failures = 0 if held_ns >= _STEADY_NS else failures + 1
            delay = self._delay(cause, failures)
            state = LinkState.RECONNECTING if self.epoch else LinkState.CONNECTING
            self._link.say(state, cause, retry_in_s=round(delay, 1))
            await pause(self._clock, delay)

    def _delay(self, cause: Cause, failures: int) -> float:
        """Return seconds to wait: doubled per failure, with jitter so that two clients do not march in step."""
        base = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** max(0, min(failures, 10) - 1))
        if cause.code == codes.CLIENT_ID_TAKEN:
            base = max(base, CLIENT_ID_DELAY_S)
        base = max(base, cause.patience)
        return min(LONGEST_DELAY_S, base * _jitter.uniform(0.8, 1.2))

    async def _once(self, connection: Connection) -> tuple[Cause, int]:
        """One connection from opening to its end; return why it ended and how long it held."""
        self._link.hold()
        self._link.broken = None
        try:
            await connection.open()
        except ConnectFailedError:
            self._link.release()
            raise
        fault = account_fault(connection.settings, connection.accounts)
        if fault is not None:
            await connection.close()
            self._link.release()
            raise ConnectFailedError(fault)
        opened_ns = self._clock.monotonic_ns()
        self.epoch = connection.epoch
        self.connection = connection
        self._link.read_only = False
        try:
            self._heartbeat.begin(connection)
            await self._learn_time(connection)
            if connection.alive:
                await self._begin(connection)
            cause = await connection.lost
        finally:
            self.connection = None
            self._link.release()
            self._heartbeat.close()
            await connection.close()
            for part in self._parts:
                part.end(connection)
        return cause, self._clock.monotonic_ns() - opened_ns

    async def _learn_time(self, connection: Connection) -> None:
        """Everything said from here on carries the broker's time."""
        try:
            await connection.answer(FIRST_TIME_S, self._heartbeat.synchronized(), "answer with the time")
        except BrokerError:
            return  # a server this slow is the heartbeat's business
        finally:
            self._link.release()

    async def _begin(self, connection: Connection) -> None:
        """Subscribe everything, say that the session is open, wait for account and positions, then say ready."""
        for part in self._parts:
            part.begin(connection)
        self._link.say(LinkState.SYNCING)
        try:
            await within(self._clock, SYNC_TIMEOUT_S, self._synchronize(connection))
        except TimeoutError:
            self._link.notice(codes.SYNC_INCOMPLETE)
        except BrokerError:
            return  # the connection broke meanwhile: its cause follows
        if connection.alive and self._link.state is LinkState.SYNCING:
            self._link.say(LinkState.READY)

    def resynchronize(self, cause: Cause, *, data_lost: bool) -> None:
        """TWS found IBKR again: let the core reconcile, subscribe anew when the data were lost."""
        connection = self.connection
        if connection is None or not connection.alive:
            return
        self._link.say(LinkState.SYNCING, cause, data_lost=data_lost)
        if data_lost:
            for part in self._parts:
                part.end(connection)
                part.begin(connection)
        if connection.alive:
            self._link.say(LinkState.READY, cause, data_lost=data_lost)
