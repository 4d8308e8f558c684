# SPDX-License-Identifier: Apache-2.0
"""Hub: what every group of handlers shares: the market, the clock, the connected clients, who watches what.

A handler group answers requests, listens to the market and forgets a client
that has gone. The hub holds no rules of its own.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from brokers.simulator.contracts import ContractBook
from brokers.simulator.history_file import HistoryFile
from brokers.simulator.permissions import Permissions
from brokers.simulator.protocol.language import Message
from brokers.simulator.request import Request
from brokers.simulator.session import Session
from brokers.simulator.studies import Studies
from terminal.clock import Clock
from terminal.simulation.exchange_port import Exchange, SimulatorRefusalError

Handler: TypeAlias = Callable[[Session, Request], None]
Handlers: TypeAlias = Mapping[Message, Handler]


@dataclass(kw_only=True)
class Hub:
    """The shared parts of one server."""

    exchange: Exchange
    clock: Clock
    contracts: ContractBook
    history: HistoryFile
    read_only: bool = False
    permissions: Permissions = field(default_factory=Permissions)
    sessions: dict[int, Session] = field(default_factory=dict)
    """Client id -> its connection, from START_API to the close."""
    studies: Studies = field(init=False)
    _watched: Counter[tuple[int, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.studies = Studies(self.exchange)

    def now_ns(self) -> int:
        """Market time."""
        return self.exchange.now_ns()

    def online(self) -> Iterator[Session]:
        """Connected clients, in the order of their ids."""
        return iter([self.sessions[client_id] for client_id in sorted(self.sessions)])

    def note(self, name: str, **details: object) -> None:
        """Write an internal event to the history file."""
        self.history.event(name, self.exchange.now_ns(), **details)

    def watch(self, con_id: int, kind: str) -> None:
        """Somebody looks: tell the market when it is the first one."""
        self._watched[con_id, kind] += 1
        if self._watched[con_id, kind] == 1:
            self.exchange.watch(con_id, kind)

    def unwatch(self, con_id: int, kind: str) -> None:
        """Somebody looks no longer: tell the market when it was the last one."""
        self._watched[con_id, kind] -= 1
        if self._watched[con_id, kind] == 0:
            del self._watched[con_id, kind]
            self.exchange.unwatch(con_id, kind)

    def account(self, name: str) -> str:
        """The account that a request means: the named one, or the only one; every client sees all.

        Raises SimulatorRefusalError when there is no such account.
        """
        accounts = self.exchange.accounts
        if not name:
            if len(accounts) == 1:
                return accounts[0]
            raise SimulatorRefusalError(435, "You must specify an account.")
        if name not in accounts:
            raise SimulatorRefusalError(321, f"Error validating request.-'b' : cause - Invalid account code '{name}'.")
        return name


class HandlerGroup(Protocol):
    """Handlers of one subject."""

    def handlers(self) -> Handlers:
        """Which request is handled by what."""
        ...

    def forget(self, session: Session) -> None:
        """Drop every subscription of a client that has gone."""
        ...

    def on_turn(self, now_ns: int) -> None:
        """End of one step of the market: send what waited and what is due by market time."""
        ...
