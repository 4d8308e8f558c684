# SPDX-License-Identifier: Apache-2.0
"""Settlement: turns a match into an execution, its commission and the account's booking.

One step, so that quantity, cash and what the client hears cannot part. Execution ids look like IBKR's: four groups,
the last one the revision (a correction would change it alone).
"""

from decimal import Decimal

from terminal.simulation.accounts import Accounts
from terminal.simulation.costs import trade_value
from terminal.simulation.exchange_port import SimExecution
from terminal.simulation.orders import Working


class Settlement:
    """Executes matches and remembers the day's executions."""

    def __init__(self, key: int) -> None:
        self._label = key & 0xFFFFFFFF
        self.executions: list[SimExecution] = []

    def execute(
        self, working: Working, accounts: Accounts, *, tick: int, size: int, sign: int, ns: int, liquidity: int
    ) -> SimExecution:
        """Book ``size`` units of an order at ``tick``; update the order's state."""
        order, state, instrument = working.state.order, working.state, working.instrument
        price, quantity = tick * working.unit, Decimal(size)
        value = trade_value(instrument, quantity, price)
        booked = accounts.book_fill(
            order.account, order.con_id, instrument, sign=sign, quantity=quantity, price=price,
            before=(Decimal(working.filled), working.value), liquidity=liquidity,
        )  # fmt: skip
        working.filled += size
        working.value += value
        working.executions += 1
        state.filled = Decimal(working.filled)
        state.last_fill_price = float(price)
        state.average_price = float(working.value / (working.filled * instrument.multiplier))
        execution = SimExecution(
            execution_id=f"{self._label:08x}.{working.perm_id:08x}.{working.executions:02d}.01",
            perm_id=working.perm_id,
            account=order.account,
            con_id=order.con_id,
            client_id=order.client_id,
            order_id=order.order_id,
            order_ref=order.order_ref,
            side="BOT" if sign > 0 else "SLD",
            quantity=quantity,
            price=float(price),
            ns=ns,
            exchange=instrument.primary_exchange or instrument.exchange,
            cumulative=state.filled,
            average_price=state.average_price,
            liquidity=liquidity,
            commission=float(booked.paid),
            commission_currency=booked.currency,
            realized_pnl=None if booked.realized is None else float(booked.realized),
            liquidation=order.liquidation,
        )
        self.executions.append(execution)
        return execution

    def forget_day(self) -> None:
        """Executions are known for their trading day only."""
        self.executions.clear()
