# SPDX-License-Identifier: Apache-2.0
"""Exercise and lapse of options: what a client instructs, handed to the market, which does it in the night.

IBKR says nothing when it accepts an instruction; the positions of the next morning show it.
"""

from decimal import Decimal
from typing import Final

from brokers.simulator.capabilities import need
from brokers.simulator.contracts import invalid
from brokers.simulator.handlers_orders import READ_ONLY
from brokers.simulator.hub import Handlers, Hub
from brokers.simulator.protocol import requests
from brokers.simulator.request import Request
from brokers.simulator.session import Session

EXERCISE: Final = 1
LAPSE: Final = 2


class ExerciseDesk:
    """Takes exercise instructions."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def handlers(self) -> Handlers:
        return {requests.EXERCISE_OPTIONS: self.exercise}

    def forget(self, session: Session) -> None:
        """An instruction outlives the connection."""

    def on_turn(self, now_ns: int) -> None:
        """Nothing waits here."""

    def exercise(self, session: Session, request: Request) -> None:
        """Exercise (1) or let lapse (2) so many contracts tonight. Errors: 200, 321, 435, and the market's own."""
        if self._hub.read_only:
            raise invalid(READ_ONLY)
        option = self._hub.contracts.resolve(request)
        need(request.message.name, option)
        action, quantity = request.integer("exercise_action"), request.integer("quantity")
        if action not in (EXERCISE, LAPSE):
            raise invalid(f"Invalid exercise action {action}, must be 1 (exercise) or 2 (lapse)")
        if quantity <= 0:
            raise invalid(f"Invalid exercise quantity {quantity}, must be positive")
        override = request.integer("override")
        if override not in (0, 1):
            raise invalid(f"Invalid override {override}, must be 0 or 1")
        account = self._hub.account(request.text("account"))
        con_id = option.broker_id or 0
        self._hub.exchange.exercise(account, con_id, Decimal(quantity), action, override=override == 1)
        self._hub.note("exercise_instructed", client=session.client_id, con_id=con_id, action=action, quantity=quantity)
