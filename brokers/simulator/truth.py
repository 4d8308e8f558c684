# SPDX-License-Identifier: Apache-2.0
"""Truth: what the simulated broker really holds, asked inside the process or over the control port, for judges.

It reads the market itself, not what was sent to any client.
"""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from terminal.simulation.exchange_port import Exchange, SimExecution, SimOrderState, SimPosition

_CASH: tuple[str, ...] = ("TotalCashBalance", "CashBalance")


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

    def cash_by_currency(self, account: str) -> dict[str, Decimal]:
        """Cash of an account in every currency that the market tells of."""
        return {
            unit: Decimal(value)
            for tag, value, unit in self._exchange.account_values(account)
            if tag in _CASH and unit and unit != "BASE"
        }

    def as_json(self) -> dict[str, object]:
        """Everything at once, JSON-ready: quantities and money as decimal text."""
        accounts = self._exchange.accounts
        return {
            "ns": self._exchange.now_ns(),
            "accepted": dict(sorted(self.accepted().items())),
            "orders": [_order(state) for state in self.orders()],
            "executions": [_execution(one) for one in self.executions()],
            "positions": {
                account: {str(con_id): str(quantity) for con_id, quantity in sorted(self.positions(account).items())}
                for account in accounts
            },
            "cash": {
                account: {unit: str(amount) for unit, amount in sorted(self.cash_by_currency(account).items())}
                for account in accounts
            },
        }


def _order(state: SimOrderState) -> dict[str, object]:
    order = state.order
    return {
        "perm_id": state.perm_id,
        "order_ref": order.order_ref,
        "client_id": order.client_id,
        "order_id": order.order_id,
        "account": order.account,
        "con_id": order.con_id,
        "action": order.action,
        "quantity": str(order.quantity),
        "order_type": order.order_type,
        "limit_price": order.limit_price,
        "aux_price": order.aux_price,
        "tif": order.tif,
        "transmitted": order.transmit,
        "status": state.status,
        "filled": str(state.filled),
        "average_price": state.average_price,
    }


def _execution(one: SimExecution) -> dict[str, object]:
    return {
        "execution_id": one.execution_id,
        "perm_id": one.perm_id,
        "order_ref": one.order_ref,
        "account": one.account,
        "con_id": one.con_id,
        "side": one.side,
        "quantity": str(one.quantity),
        "price": one.price,
        "ns": one.ns,
        "commission": one.commission,
        "commission_currency": one.commission_currency,
    }
