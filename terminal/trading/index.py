# SPDX-License-Identifier: Apache-2.0
"""OrderIndex: finds an order by any name it has ever had.

Our reference is the identity; the broker's ids are ways to find it: order ids are unique per client and
session only, permIds can be 0 or reused. It holds orders and decides nothing.
"""

from collections.abc import Sequence

from terminal.model.enums import Side
from terminal.model.ids import ClientOrderId, ExecutionId, GroupId, InstrumentId, execution_root
from terminal.model.order import Order


class OrderIndex:
    """All orders of the profile, those of earlier sessions included."""

    def __init__(self) -> None:
        self._orders: dict[ClientOrderId, Order] = {}
        self._open: dict[InstrumentId, dict[ClientOrderId, Order]] = {}
        self._by_broker_id: dict[tuple[int, int], Order] = {}
        self._by_perm_id: dict[int, Order] = {}
        self._ambiguous_perms: set[int] = set()
        self._by_execution: dict[str, Order] = {}
        self._groups: dict[GroupId, list[Order]] = {}
        self._children: dict[ClientOrderId, list[Order]] = {}

    # ------------------------------------------------------------ reading
    def get(self, client_order_id: ClientOrderId) -> Order | None:
        return self._orders.get(client_order_id)

    def all(self) -> Sequence[Order]:
        return tuple(self._orders.values())

    def open(self) -> Sequence[Order]:
        """Return every order that may still fill, external ones included, oldest first per instrument."""
        return tuple(order for orders in self._open.values() for order in orders.values())

    def open_count(self) -> int:
        return sum(len(orders) for orders in self._open.values())

    def working_for(self, instrument_id: InstrumentId, side: Side | None = None) -> Sequence[Order]:
        """Return the orders of one instrument that may still fill (UNKNOWN and in-flight ones count)."""
        found = self._open.get(instrument_id)
        if not found:
            return ()
        return tuple(order for order in found.values() if side is None or order.spec.side is side)

    def by_broker_id(self, client_id: int, broker_order_id: int) -> Order | None:
        return self._by_broker_id.get((client_id, broker_order_id))

    def by_perm_id(self, perm_id: int) -> Order | None:
        """Return the order with this permId; None when two orders have claimed it, so that it names neither."""
        if not perm_id or perm_id in self._ambiguous_perms:
            return None
        return self._by_perm_id.get(perm_id)

    def by_execution(self, execution_id: ExecutionId) -> Order | None:
        return self._by_execution.get(execution_root(execution_id)[0])

    def group(self, group_id: GroupId) -> Sequence[Order]:
        return tuple(self._groups.get(group_id, ()))

    def children(self, client_order_id: ClientOrderId) -> Sequence[Order]:
        return tuple(self._children.get(client_order_id, ()))

    def __len__(self) -> int:
        return len(self._orders)

    # ------------------------------------------------------------ writing (the ledger alone does)
    def add(self, order: Order) -> None:
        self._orders[order.client_order_id] = order
        if order.group_id is not None:
            self._groups.setdefault(order.group_id, []).append(order)
        if order.parent_id is not None:
            self._children.setdefault(order.parent_id, []).append(order)
        self.refresh(order)

    def refresh(self, order: Order) -> None:
        """Follow a change of ``order``: its ids, and whether it may still fill."""
        open_here = self._open.get(order.instrument_id)
        if order.is_open:
            if open_here is None:
                open_here = self._open[order.instrument_id] = {}
            open_here[order.client_order_id] = order
        elif open_here is not None:
            open_here.pop(order.client_order_id, None)
            if not open_here:
                del self._open[order.instrument_id]
        if order.broker_order_id and order.client_id is not None:
            self._by_broker_id.setdefault((order.client_id, order.broker_order_id), order)
        for perm_id in order.perm_ids:
            if self._by_perm_id.setdefault(perm_id, order) is not order:
                self._ambiguous_perms.add(perm_id)

    def bind_execution(self, execution_id: ExecutionId, order: Order) -> None:
        self._by_execution[execution_root(execution_id)[0]] = order
