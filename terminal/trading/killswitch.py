# SPDX-License-Identifier: Apache-2.0
"""KillSwitch: block everything new, cancel every own order, and show what the broker answered to each.

Engaging twice asks again for what is still open. It stays engaged over a restart, until a person lifts it;
after a restart nothing is sent by itself.
"""

from collections.abc import Callable
from typing import Final

from terminal.clock import Clock, Timer
from terminal.model import events as e
from terminal.model.commands import KillSwitch as KillSwitchCommand
from terminal.model.enums import OrderStatus, TradingState
from terminal.model.ids import ClientOrderId
from terminal.model.order import Order
from terminal.trading import states
from terminal.trading.arming import Arming
from terminal.trading.index import OrderIndex
from terminal.trading.ledger import OrderLedger
from terminal.trading.sender import Sender
from terminal.trading.states import TradingStates

TIMEOUT_S: Final = 10.0


class KillSwitch:
    """The big red button.

    Publishes: KillSwitchReport, whenever the answer for an order changes.
    """

    def __init__(
        self,
        *,
        ledger: OrderLedger,
        index: OrderIndex,
        sender: Sender,
        trading: TradingStates,
        arming: Arming,
        clock: Clock,
        publish: Callable[[object], None],
    ) -> None:
        self._ledger = ledger
        self._index = index
        self._sender = sender
        self._trading = trading
        self._arming = arming
        self._clock = clock
        self._publish = publish
        self._lines: dict[ClientOrderId, tuple[str, bool]] = {}
        self._timer: Timer | None = None
        self._pulled_here = False
        ledger.watchers.append(self._on_change)

    @property
    def engaged(self) -> bool:
        return self._trading.holds(states.KILL)

    def command(self, command: KillSwitchCommand) -> e.KillSwitchReport:
        """Engage or lift; return the report as it stands."""
        return self._engage(command) if command.engage else self._lift()

    def _engage(self, command: KillSwitchCommand) -> e.KillSwitchReport:
        reason = command.reason or "the kill switch was pulled"
        first = not self.engaged
        self._pulled_here = True
        if first:
            self._lines.clear()
            self._trading.latch(states.KILL, TradingState.HALTED, f"kill switch: {reason}", command.actor)
            self._arming.disarm("the kill switch was pulled")
        self._cancel_all(command.actor)
        return self._report(journaled=first)

    def _lift(self) -> e.KillSwitchReport:
        self._stop_timer()
        self._pulled_here = False
        self._lines.clear()
        self._trading.lift(states.KILL)
        return self._report(journaled=True, engaged=False)

    def _cancel_all(self, actor: str) -> None:
        for order in self._index.open():
            if not order.is_own:
                continue
            coid = order.client_order_id
            self._lines[coid] = ("cancel asked for", False)
            fault = self._sender.cancel(order, actor)
            if fault is not None:
                self._lines[coid] = (f"not sent: {fault}", False)
            elif order.is_terminal:
                self._lines[coid] = (_answer(order), True)
        self._stop_timer()
        if any(not confirmed for _, confirmed in self._lines.values()):
            self._timer = self._clock.call_later(TIMEOUT_S, self._late)

    def on_reconciled(self) -> None:
        """The broker is back: ask again for what was pulled in this run and still works."""
        if self.engaged and self._pulled_here and any(order.is_own for order in self._index.open()):
            self._cancel_all("kill switch")
            self._report(journaled=False)

    def _on_change(self, order: Order, _: e.OrderEvent) -> None:
        line = self._lines.get(order.client_order_id)
        if line is None:
            return
        now = (_answer(order), True) if order.is_terminal else (line[0], False)
        if order.status is OrderStatus.UNKNOWN:
            now = ("not known: the broker has not answered", False)
        if now != line:
            self._lines[order.client_order_id] = now
            self._report(journaled=False)

    def _late(self) -> None:
        self._timer = None
        for coid, (_, confirmed) in tuple(self._lines.items()):
            if not confirmed:
                self._lines[coid] = (f"not confirmed after {TIMEOUT_S:g} s: look at it in TWS", False)
        self._report(journaled=True)

    def _report(self, *, journaled: bool, engaged: bool = True) -> e.KillSwitchReport:
        done = all(confirmed for _, confirmed in self._lines.values())
        if done:
            self._stop_timer()
        report = e.KillSwitchReport(
            ns=self._clock.now_ns(),
            engaged=engaged,
            orders=tuple((coid, text, confirmed) for coid, (text, confirmed) in self._lines.items()),
            finished=done or self._timer is None,
        )
        if journaled or report.finished:
            self._ledger.write([report])
        self._publish(report)
        return report

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def restore(self, report: e.KillSwitchReport) -> None:
        """Stand as the journal says: engaged stays engaged, and nothing is sent."""
        if report.engaged:
            self._trading.latch(states.KILL, TradingState.HALTED, "kill switch: engaged before the restart")
        else:
            self._trading.lift(states.KILL)

    def close(self) -> None:
        self._stop_timer()


def _answer(order: Order) -> str:
    match order.status:
        case OrderStatus.FILLED:
            return "filled before the cancel"
        case OrderStatus.CANCELLED if order.filled:
            return f"cancelled, {order.filled} filled before"
        case _:
            return order.status.value
