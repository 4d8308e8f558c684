# SPDX-License-Identifier: Apache-2.0
"""A market with a listener that writes everything down, for the tests of the simulated market."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from terminal.simulation.exchange_port import (
    SimExecution,
    SimOrder,
    SimOrderState,
    SimPosition,
    SimPrint,
    SimTop,
)
from terminal.simulation.factory import open_exchange
from terminal.simulation.market import Market
from terminal.simulation.trading_days import NS

ACCOUNT = "DU9000001"
AAPL, MSFT, NVDA, TSLA, IBM, SPY, EUR = 265598, 272093, 4815747, 76792991, 8314, 756733, 12087792


class Recorder:
    """Hears everything."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.tops: list[SimTop] = []
        self.prints: list[SimPrint] = []
        self.executions: list[SimExecution] = []
        self.statuses: list[tuple[int, str]] = []
        self.sessions: list[str] = []
        self.notices: list[tuple[int, int]] = []
        """Permanent id and code of what the market remarked about orders."""

    def on_top(self, top: SimTop) -> None:
        self.tops.append(top)
        self.events.append(("top", top))

    def on_print(self, trade: SimPrint) -> None:
        self.prints.append(trade)
        self.events.append(("print", trade))

    def on_book(self, con_id: int) -> None:
        self.events.append(("book", con_id))

    def on_greeks(self, con_id: int) -> None:
        self.events.append(("greeks", con_id))

    def on_order(self, state: SimOrderState) -> None:
        self.statuses.append((state.perm_id, state.status))
        self.notices.extend((state.perm_id, code) for code, _ in state.notices)
        self.events.append(("order", state.perm_id, state.status, state.filled, state.why_held))

    def on_execution(self, execution: SimExecution, state: SimOrderState) -> None:
        self.executions.append(execution)
        self.events.append(("execution", execution, state.status))

    def on_position(self, position: SimPosition) -> None:
        self.events.append(("position", position))

    def on_account(self, account: str) -> None:
        self.events.append(("account", account))

    def on_session(self, event: str) -> None:
        self.sessions.append(event)
        self.events.append(("session", event))

    def of(self, perm_id: int) -> list[str]:
        """Return the statuses that an order went through."""
        return [status for owner, status in self.statuses if owner == perm_id]

    def filled(self, perm_id: int) -> int:
        return int(sum(one.quantity for one in self.executions if one.perm_id == perm_id))


def market(seed: int = 1, **more: Any) -> tuple[Market, Recorder]:
    exchange = open_exchange(seed=seed, **more)
    recorder = Recorder()
    exchange.set_listener(recorder)
    return exchange, recorder


def order(action: str, quantity: int | str, kind: str = "MKT", con_id: int = AAPL, **more: Any) -> SimOrder:
    base = SimOrder(
        account=ACCOUNT, con_id=con_id, action=action, quantity=Decimal(quantity), order_type=kind, order_ref="T1-test"
    )
    return replace(base, **more)


def pass_time(exchange: Market, seconds: float) -> None:
    exchange.advance_to(exchange.now_ns() + round(seconds * NS))


def to_ns(exchange: Market, ns: int) -> None:
    exchange.advance_to(ns)
