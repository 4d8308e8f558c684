# SPDX-License-Identifier: Apache-2.0
"""Truth: what the simulated broker really holds, asked inside the process, for tests and judges.

It reads the market itself, not what was sent to any client.
"""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from terminal.simulation.exchange_port import Exchange, SimExecution, SimOrderState, SimPosition


class Truth:
    """Questions about a running server's market."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def orders(self) -> Sequence[SimOrderState]:
        """Every order of the day that was accepted, open or over."""
        return [*self._exchange.completed_orders(), *self._exchange.open_orders()]

    def accepted(self) -> Counter[str]:
        """Count of accepted orders per order reference."""
        return Counter(state.order.order_ref for state in self.orders())

    def executions(self, order_ref: str | None = None) -> Sequence[SimExecution]:
        """Executions of the day, of one order reference or of all."""
        return [one for one in self._exchange.executions() if order_ref in (None, one.order_ref)]

    def filled(self, order_ref: str) -> Decimal:
        """Quantity executed for one order reference."""
        return sum((one.quantity for one in self.executions(order_ref)), Decimal(0))

    def positions(self, account: str) -> dict[int, Decimal]:
        """Contract id -> signed quantity, without flat ones."""
        held: Sequence[SimPosition] = self._exchange.positions(account)
        return {one.con_id: one.quantity for one in held if one.quantity}

    def cash(self, account: str, currency: str = "USD") -> Decimal:
        """Cash of an account. Raises KeyError when the market reports none."""
        for tag, value, unit in self._exchange.account_values(account):
            if tag == "TotalCashBalance" and unit == currency:
                return Decimal(value)
        for tag, value, unit in self._exchange.account_values(account):
            if tag == "TotalCashValue" and unit == currency:
                return Decimal(value)
        raise KeyError(f"no cash in {currency} for account {account}")
