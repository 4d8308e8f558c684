# SPDX-License-Identifier: Apache-2.0
"""Settlement: turns a match into an execution, its commission and the account's booking.

One step, so that quantity, cash and what the client hears cannot part. Execution ids look like IBKR's: four groups,
the last one the revision (a correction would change it alone). A combination gives one execution as a whole, which
moves nothing and costs nothing, and one per leg, which do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from terminal.model.instrument import Instrument
from terminal.simulation.accounts import Accounts, Booked
from terminal.simulation.combos import Combo
from terminal.simulation.costs import trade_value
from terminal.simulation.exchange_port import SimExecution
from terminal.simulation.orders import Working


@dataclass(frozen=True, slots=True)
class Traded:
    """What was traded of one contract."""

    con_id: int
    instrument: Instrument
    sign: int
    quantity: Decimal
    price: Decimal

    @property
    def value(self) -> Decimal:
        return trade_value(self.instrument, self.quantity, self.price)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the client is told beside what was traded."""

    ns: int
    liquidity: int
    cumulative: Decimal
    average: float
    booked: Booked
    role: str = ""


class Settlement:
    """Executes matches and remembers the day's executions."""

    def __init__(self, key: int) -> None:
        self._label = key & 0xFFFFFFFF
        self.executions: list[SimExecution] = []
        self._legs: dict[tuple[int, int], tuple[Decimal, Decimal]] = {}
        """Order and contract -> what a combination's leg has traded: quantity and value."""
        self._this_morning: dict[int, tuple[Decimal, Decimal]] = {}
        """Order -> what it had traded before today: the minimum of a commission is per order and day."""

    def execute(
        self, working: Working, accounts: Accounts, *, tick: int, size: int, sign: int, ns: int, liquidity: int
    ) -> SimExecution:
        """Book ``size`` units of an order at ``tick``; update the order's state."""
        state = working.state
        traded = Traded(working.con_id, working.instrument, sign, size * working.size_unit, tick * working.unit)
        booked = _book(accounts, state.order.account, traded, self._today(working), liquidity)
        _advance(working, size, traded.value, traded.price)
        report = Report(
            ns=ns, liquidity=liquidity, cumulative=state.filled, average=state.average_price, booked=booked
        )  # fmt: skip
        return self._record(working, traded, report)

    def execute_combo(
        self, working: Working, accounts: Accounts, combo: Combo, legs: Sequence[Traded], *, units: int, ns: int
    ) -> list[SimExecution]:
        """Book ``units`` of a combination, ``legs`` being all that its legs traded for them."""
        state = working.state
        money = working.sign * sum((leg.sign * leg.value for leg in legs), Decimal(0))
        price = money / (units * combo.instrument.multiplier)
        _advance(working, units, money, price)
        free = Booked(paid=Decimal(0), currency=combo.instrument.currency, realized=None)
        whole = Traded(working.con_id, combo.instrument, working.sign, Decimal(units), price)
        report = Report(
            ns=ns, liquidity=2, cumulative=state.filled, average=state.average_price, booked=free, role="bag"
        )  # fmt: skip
        found = [self._record(working, whole, report)]
        for leg in legs:
            key = (working.perm_id, leg.con_id)
            before = self._legs.get(key, (Decimal(0), Decimal(0)))
            booked = _book(accounts, state.order.account, leg, before, 2)
            quantity, value = before[0] + leg.quantity, before[1] + leg.value
            self._legs[key] = (quantity, value)
            average = float(value / (quantity * leg.instrument.multiplier))
            report = Report(ns=ns, liquidity=2, cumulative=quantity, average=average, booked=booked, role="leg")
            found.append(self._record(working, leg, report))
        return found

    def _today(self, working: Working) -> tuple[Decimal, Decimal]:
        """Return quantity and value that an order has traded today."""
        filled = working.filled * working.size_unit
        before = self._this_morning.setdefault(working.perm_id, (filled, working.value))
        return filled - before[0], working.value - before[1]

    def _record(self, working: Working, traded: Traded, report: Report) -> SimExecution:
        order, booked = working.state.order, report.booked
        working.executions += 1
        execution = SimExecution(
            execution_id=f"{self._label:08x}.{working.perm_id:08x}.{working.executions:02d}.01",
            perm_id=working.perm_id,
            account=order.account,
            con_id=traded.con_id,
            client_id=order.client_id,
            order_id=order.order_id,
            order_ref=order.order_ref,
            side="BOT" if traded.sign > 0 else "SLD",
            quantity=traded.quantity,
            price=float(traded.price),
            ns=report.ns,
            exchange=traded.instrument.primary_exchange or traded.instrument.exchange,
            cumulative=report.cumulative,
            average_price=report.average,
            liquidity=report.liquidity,
            commission=float(booked.paid),
            commission_currency=booked.currency,
            realized_pnl=None if booked.realized is None else float(booked.realized),
            liquidation=order.liquidation,
            combo_role=report.role,
        )
        self.executions.append(execution)
        return execution

    def forget_day(self) -> None:
        """Executions are known for their trading day only."""
        self.executions.clear()
        self._this_morning.clear()


def _book(accounts: Accounts, account: str, traded: Traded, before: tuple[Decimal, Decimal], liquidity: int) -> Booked:
    """Move the account."""
    return accounts.book_fill(
        account, traded.con_id, traded.instrument, sign=traded.sign, quantity=traded.quantity, price=traded.price,
        before=before, liquidity=liquidity,
    )  # fmt: skip


def _advance(working: Working, size: int, value: Decimal, price: Decimal) -> None:
    """Let an order's state follow a fill."""
    state = working.state
    working.filled += size
    working.value += value
    state.filled = working.filled * working.size_unit
    state.last_fill_price = float(price)
    state.average_price = float(working.value / (state.filled * working.instrument.multiplier))
