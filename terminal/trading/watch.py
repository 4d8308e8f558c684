# SPDX-License-Identifier: Apache-2.0
"""OrderWatch: what must be answered in time. Acks, cancels and changes within 5 s, an UNKNOWN within 60 s.

Follows every order event and keeps one timer per open question. It never ends an order: a time-out makes it
UNKNOWN or stale and asks the broker.
"""

from collections.abc import Callable, Iterable
from typing import Final

from terminal.clock import Clock, Timer
from terminal.model import events as e
from terminal.model.enums import Knowledge, OrderStatus, PendingRequest
from terminal.model.ids import ClientOrderId
from terminal.model.order import Order
from terminal.model.order_states import UNCONFIRMED
from terminal.trading.ledger import OrderLedger
from terminal.trading.sender import Sender
from terminal.trading.states import TradingStates

ACK_S: Final = 5.0
REQUEST_S: Final = 5.0
UNKNOWN_S: Final = 60.0
_Key = tuple[ClientOrderId, str]


class OrderWatch:
    """Timers of all orders."""

    def __init__(
        self,
        *,
        ledger: OrderLedger,
        clock: Clock,
        sender: Sender,
        trading: TradingStates,
        probe: Callable[[str, float], None],
        alarm: Callable[[str, str], None],
        connected: Callable[[], bool],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._sender = sender
        self._trading = trading
        self._probe = probe
        self._alarm = alarm
        self._connected = connected
        self._timers: dict[_Key, Timer] = {}
        self._told: set[tuple[ClientOrderId, str]] = set()
        self._frozen_for: dict[ClientOrderId, str] = {}
        ledger.watchers.append(self.on_change)

    def on_change(self, order: Order, event: e.OrderEvent) -> None:
        """Follow an order: start the timers that it needs, stop those that it does not."""
        coid = order.client_order_id
        if isinstance(event, e.OrderReplaceRequested):
            self._stop((coid, "replace"))  # a new question, a new time
        open_own = order.is_open and order.is_own
        self._keep((coid, "ack"), open_own and order.status in UNCONFIRMED, ACK_S, order, self._ack_late)
        cancelling = open_own and order.pending is PendingRequest.CANCEL
        self._keep((coid, "cancel"), cancelling, REQUEST_S, order, self._cancel_late)
        replacing = open_own and order.pending is PendingRequest.REPLACE
        self._keep((coid, "replace"), replacing, REQUEST_S, order, self._replace_late)
        unknown = open_own and order.status is OrderStatus.UNKNOWN
        self._keep((coid, "unknown"), unknown, UNKNOWN_S, order, self._still_unknown)
        if isinstance(event, e.OrderUnknown) and order.status is OrderStatus.UNKNOWN:
            self._probe(f"{coid} is unknown", 1.0)
        if not unknown and coid in self._frozen_for:
            self._known_again(order)
        if order.knowledge is Knowledge.CONFLICT and (coid, order.reason) not in self._told:
            self._told.add((coid, order.reason))  # released once by a person, the same conflict stays released
            self._conflict(order)

    def _keep(self, key: _Key, wanted: bool, delay_s: float, order: Order, late: Callable[[Order], None]) -> None:
        if not wanted:
            self._stop(key)
        elif key not in self._timers:
            self._timers[key] = self._clock.call_later(delay_s, lambda: self._fire(key, order, late))

    def _fire(self, key: _Key, order: Order, late: Callable[[Order], None]) -> None:
        if self._timers.pop(key, None) is not None:
            late(order)

    def _stop(self, key: _Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    # ------------------------------------------------------------ late
    def _ack_late(self, order: Order) -> None:
        coid = order.client_order_id
        if self._sender.abandon(coid, "not sent: the journal did not confirm within 5 s"):
            self._alarm(f"{order.instrument_id}: an order was not sent, the journal is too slow", "check the disk")
            return
        if order.status in UNCONFIRMED:
            reason = "no answer from the broker within 5 s"
            self._ledger.record([e.OrderUnknown(client_order_id=coid, ns=self._clock.now_ns(), reason=reason)])

    def _cancel_late(self, order: Order) -> None:
        self._probe(f"{order.client_order_id}: no answer to the cancel within 5 s", 0.0)

    def _replace_late(self, order: Order) -> None:
        coid = order.client_order_id
        reason = "no answer to the change within 5 s"
        self._ledger.record([e.OrderStale(client_order_id=coid, ns=self._clock.now_ns(), reason=reason)])
        self._probe(f"{coid}: {reason}", 0.0)

    def _still_unknown(self, order: Order) -> None:
        reason = f"order {order.client_order_id} has been unknown for 60 s"
        if self._trading.freeze(order.instrument_id, reason, order.strategy_id):
            self._frozen_for[order.client_order_id] = reason
            self._alarm(
                f"{order.instrument_id}: {reason}; nothing more is sent for it",
                "look in TWS whether the order works there, then release the instrument",
            )
        if self._connected():
            self._probe(reason, 0.0)

    def _known_again(self, order: Order) -> None:
        self._trading.thaw(order.instrument_id, self._frozen_for.pop(order.client_order_id))

    def _conflict(self, order: Order) -> None:
        if self._trading.freeze(order.instrument_id, f"{order.client_order_id}: {order.reason}", order.strategy_id):
            self._alarm(
                f"{order.instrument_id}: {order.reason}; nothing more is sent for it",
                "compare orders and position with TWS, then release the instrument",
            )

    def resume(self, orders: Iterable[Order]) -> None:
        """After a restart: a conflict that still works at the broker freezes its instrument again."""
        for order in orders:
            if order.knowledge is Knowledge.CONFLICT:
                self._conflict(order)

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
