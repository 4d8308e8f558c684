# SPDX-License-Identifier: Apache-2.0
"""The client's session with TWS itself: user, log level, display groups, commission tiers, family codes.

A real TWS links windows of the screen by display groups; here a group is what clients make of it: one of them says
which contract it shows, the others hear of it.
"""

from dataclasses import dataclass
from typing import Final

from brokers.simulator.contracts import invalid
from brokers.simulator.hub import Handlers, Hub
from brokers.simulator.protocol import requests, responses
from brokers.simulator.request import Request
from brokers.simulator.session import Session
from terminal.simulation.exchange_port import SimulatorRefusalError

GROUPS: Final = 7
"""As many as TWS has colours."""
NO_CONTRACT: Final = "none"
_LOG_LEVELS: Final = range(1, 6)


@dataclass(eq=False, slots=True)
class GroupListener:
    """One subscription to a display group."""

    session: Session
    req_id: int
    group: int


class SessionDesk:
    """Answers what concerns the session and not the market."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._shown: dict[int, str] = dict.fromkeys(range(1, GROUPS + 1), NO_CONTRACT)
        self._listeners: dict[tuple[Session, int], GroupListener] = {}

    def handlers(self) -> Handlers:
        return {
            requests.REQ_USER_INFO: self.user_info,
            requests.SET_SERVER_LOG_LEVEL: self.log_level,
            requests.REQ_SOFT_DOLLAR_TIERS: self.soft_dollar_tiers,
            requests.REQ_FAMILY_CODES: self.family_codes,
            requests.QUERY_DISPLAY_GROUPS: self.groups,
            requests.SUBSCRIBE_TO_GROUP: self.subscribe,
            requests.UPDATE_DISPLAY_GROUP: self.update,
            requests.UNSUBSCRIBE_FROM_GROUP: self.unsubscribe,
        }

    def forget(self, session: Session) -> None:
        for key in [key for key in self._listeners if key[0] is session]:
            del self._listeners[key]

    def on_turn(self, now_ns: int) -> None:
        """Nothing waits here."""

    # ------------------------------------------------------------------ session
    @staticmethod
    def user_info(session: Session, request: Request) -> None:
        """The white-label id of the user: nobody has branded this one."""
        session.send(responses.USER_INFO, req_id=request.id, white_branding_id="")

    def log_level(self, session: Session, request: Request) -> None:
        """How much TWS writes of this session: the history file notes it and writes everything. 319 out of 1 to 5."""
        level = request.integer("level")
        if level not in _LOG_LEVELS:
            raise SimulatorRefusalError(319, f"Invalid log level {level}, must be 1 to 5")
        self._hub.note("log_level", client=session.client_id, level=level)

    @staticmethod
    def soft_dollar_tiers(session: Session, request: Request) -> None:
        """Commission tiers of a soft dollar arrangement: the account has none."""
        session.send(responses.SOFT_DOLLAR_TIERS, req_id=request.id, tiers=[])

    def family_codes(self, session: Session, request: Request) -> None:
        """Each account, without a family."""
        del request
        codes = [{"account": account, "code": ""} for account in self._hub.exchange.accounts]
        session.send(responses.FAMILY_CODES, codes=codes)

    # ------------------------------------------------------------------ display groups
    @staticmethod
    def groups(session: Session, request: Request) -> None:
        """Numbers of the groups."""
        numbers = "|".join(str(number) for number in range(1, GROUPS + 1))
        session.send(responses.DISPLAY_GROUP_LIST, req_id=request.id, groups=numbers)

    def subscribe(self, session: Session, request: Request) -> None:
        """Hear what a group shows, now and from now on. Errors: 321 group, 322 duplicate id."""
        group = request.integer("group")
        if group not in self._shown:
            raise invalid(f"Invalid display group {group}, must be 1 to {GROUPS}")
        if (session, request.id) in self._listeners:
            raise SimulatorRefusalError(322, "Error processing request.-'b' : cause - Duplicate ticker id")
        listener = self._listeners[session, request.id] = GroupListener(session, request.id, group)
        self._tell(listener)

    def update(self, session: Session, request: Request) -> None:
        """Let a subscribed group show a contract (``conId@exchange``), or none. Errors: 200 contract, 321, 300."""
        listener = self._listeners.get((session, request.id))
        if listener is None:
            raise SimulatorRefusalError(300, f"Can't find EId with tickerId:{request.id}")
        self._shown[listener.group] = self._checked(request.text("contract_info"))
        for other in self._listeners.values():
            if other.group == listener.group:
                self._tell(other)

    def _checked(self, contract: str) -> str:
        if contract == NO_CONTRACT:
            return contract
        number, _, exchange = contract.partition("@")
        if not number.isdecimal() or len(number) > 10 or not exchange:
            raise invalid(f"Invalid contract '{contract[:40]}', must be conId@exchange or {NO_CONTRACT}")
        self._hub.contracts.instrument(int(number))
        return contract

    def _tell(self, listener: GroupListener) -> None:
        shown = self._shown[listener.group]
        listener.session.send(responses.DISPLAY_GROUP_UPDATED, req_id=listener.req_id, contract_info=shown)

    def unsubscribe(self, session: Session, request: Request) -> None:
        """Hear no more of a group; 300 when nothing was subscribed."""
        if self._listeners.pop((session, request.id), None) is None:
            raise SimulatorRefusalError(300, f"Can't find EId with tickerId:{request.id}")
