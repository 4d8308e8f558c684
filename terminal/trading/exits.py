# SPDX-License-Identifier: Apache-2.0
"""ExitWatch: the exits of a bracket close no more than its entry has filled.

Brokers differ in what they do with the exits of an entry that ended in part: some cut them, some leave them at full
size, and then a stop would turn the position around. Two seconds after such an end it brings exits that are still too
large down to what filled, cancels those that have nothing to close, and tells a person. A late fill of the entry brings
exits that were cut here up again. Less of an own exit is a cancel in part, so it leaves in a halt too; it must never
make an exit larger than its entry was.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from terminal.clock import Clock, Timer
from terminal.model.enums import BracketRole, Knowledge, OrderStatus, PendingRequest
from terminal.model.events import OrderEvent
from terminal.model.ids import ClientOrderId, InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.order import Order
from terminal.model.order_states import LIVE_AT_BROKER
from terminal.trading.index import OrderIndex
from terminal.trading.ledger import OrderLedger
from terminal.trading.sender import Sender

LOOK_S: Final = 2.0
TRIES: Final = 3
"""How often a change is asked for before it is left to a person."""
_ZERO: Final = Decimal(0)


class ExitWatch:
    """Follows every order event."""

    def __init__(
        self,
        *,
        ledger: OrderLedger,
        index: OrderIndex,
        sender: Sender,
        clock: Clock,
        instrument_of: Callable[[InstrumentId], Instrument | None],
        unreachable: Callable[[], str | None],
        alarm: Callable[[str, str], None],
    ) -> None:
        self._index = index
        self._sender = sender
        self._clock = clock
        self._instrument_of = instrument_of
        self._unreachable = unreachable
        self._alarm = alarm
        self._due: dict[ClientOrderId, Timer] = {}
        self._tries: dict[ClientOrderId, int] = {}
        self._cut: set[ClientOrderId] = set()
        self._told: set[tuple[ClientOrderId, Decimal]] = set()
        ledger.watchers.append(self._on_change)

    def _on_change(self, order: Order, _: OrderEvent) -> None:
        if _ended_short(order):
            self._look_later(order)

    def look_at_all(self) -> None:
        """Look at every entry whose exits still work: both sides have just been compared."""
        parents = {order.parent_id for order in self._index.open() if order.parent_id is not None}
        for entry in map(self._index.get, parents):
            if entry is not None and _ended_short(entry):
                self._tries.pop(entry.client_order_id, None)
                self._look_later(entry)

    def _look_later(self, entry: Order) -> None:
        coid = entry.client_order_id
        if coid not in self._due:
            self._due[coid] = self._clock.call_later(LOOK_S, lambda: self._look(entry))

    def close(self) -> None:
        """Look no more: the next start does, after its comparison."""
        for timer in self._due.values():
            timer.cancel()
        self._due.clear()

    # ------------------------------------------------------------ one entry
    def _look(self, entry: Order) -> None:
        self._due.pop(entry.client_order_id, None)
        if not _ended_short(entry) or self._unreachable() is not None:
            return  # it lives again; or the next comparison looks
        exits = self._index.children(entry.client_order_id)
        room = max(entry.filled - sum((each.filled for each in exits), _ZERO), _ZERO)
        wrong = [each for each in exits if self._is_wrong(each, room)]
        if not wrong:
            self._tries.pop(entry.client_order_id, None)
            return
        tries = self._tries[entry.client_order_id] = self._tries.get(entry.client_order_id, 0) + 1
        if tries > TRIES:
            self._give_up(entry, wrong, room)
            return
        self._tell(entry, wrong, room)
        for each in wrong:
            self._fit(each, room)
        self._look_later(entry)

    def _is_wrong(self, order: Order, room: Decimal) -> bool:
        if not order.is_open or order.pending is PendingRequest.CANCEL:
            return False
        if order.worst_leaves > room:
            return True
        return order.client_order_id in self._cut and order.worst_leaves < room

    def _fit(self, order: Order, room: Decimal) -> None:
        """Ask the broker for an exit of that size; one that is not ready for it is looked at again."""
        if not room:
            self._sender.cancel(order, "core")
            return
        ready = order.status in LIVE_AT_BROKER and order.pending is PendingRequest.NONE
        instrument = self._instrument_of(order.instrument_id)
        if not ready or order.knowledge is Knowledge.CONFLICT or instrument is None:
            return
        quantity = min(order.filled + room, order.first_quantity)
        reduces = quantity < order.spec.quantity
        self._cut.add(order.client_order_id)
        self._sender.change(order, replace(order.spec, quantity=quantity), instrument, "core", reduces=reduces)

    # ------------------------------------------------------------ words
    def _tell(self, entry: Order, wrong: list[Order], room: Decimal) -> None:
        key = (entry.client_order_id, entry.filled)
        if key in self._told:
            return
        self._told.add(key)
        most = max(each.worst_leaves for each in wrong)
        ended = f"{entry.instrument_id}: an entry ended with {entry.filled} of {entry.spec.quantity} filled"
        if not room:
            self._alarm(
                f"{ended} and nothing left to close; its exits still work {most} and are being cancelled",
                "look at the orders: none of its exits may stay",
            )
            return
        self._alarm(
            f"{ended}; its exits work {most} and are being brought to {room}, so that none can turn the position "
            "around",
            "look at the orders: its exits must show that size",
        )

    def _give_up(self, entry: Order, wrong: list[Order], room: Decimal) -> None:
        most = max(each.worst_leaves for each in wrong)
        self._alarm(
            f"{entry.instrument_id}: the exits of an entry that ended in part still work {most} instead of {room}: one "
            "of them could turn the position around, and the broker does not take the change",
            "cut them to the position in TWS, or cancel them",
        )


def _ended_short(order: Order) -> bool:
    """Say whether it is an own entry that is over with less than its size; one that was lost tells nothing."""
    return (
        order.role is BracketRole.ENTRY
        and order.is_own
        and order.is_terminal
        and order.filled < order.spec.quantity
        and (order.status is not OrderStatus.LOST or order.filled > 0)
    )
