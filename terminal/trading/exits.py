# SPDX-License-Identifier: Apache-2.0
"""ExitWatch: do the exits of a bracket fit what its entry has filled?

Brokers differ in what they do with the exits of an entry that ended in part: some cut them, some leave them at full
size, and then a stop would turn the position around. It looks two seconds after such an end and tells a person; it
changes nothing by itself.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from terminal.clock import Clock
from terminal.model.enums import BracketRole
from terminal.model.events import OrderEvent
from terminal.model.order import Order
from terminal.trading.index import OrderIndex
from terminal.trading.ledger import OrderLedger

LOOK_S: Final = 2.0


class ExitWatch:
    """Follows every order event."""

    def __init__(
        self, *, ledger: OrderLedger, index: OrderIndex, clock: Clock, alarm: Callable[[str, str], None]
    ) -> None:
        self._index = index
        self._clock = clock
        self._alarm = alarm
        ledger.watchers.append(self._on_change)

    def _on_change(self, order: Order, _: OrderEvent) -> None:
        in_part = order.is_terminal and 0 < order.filled < order.spec.quantity
        if order.role is BracketRole.ENTRY and in_part:
            self._clock.call_later(LOOK_S, lambda: self._look(order))

    def _look(self, entry: Order) -> None:
        if not entry.is_terminal:
            return
        exits = self._index.children(entry.client_order_id)
        room = entry.filled - sum((each.filled for each in exits), Decimal(0))
        most = max((each.leaves for each in exits), default=Decimal(0))
        if most > room:
            self._alarm(
                f"{entry.instrument_id}: the exits of an entry that ended in part work {most}, more than the "
                f"{entry.filled} that filled: one of them could turn the position around",
                "cut them to the position, or cancel them",
            )
