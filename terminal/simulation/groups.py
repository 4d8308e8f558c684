# SPDX-License-Identifier: Apache-2.0
"""Registry of orders, and which of them belong together: brackets and one-cancels-all groups.

Pure bookkeeping: it answers who must be cut or cancelled after a fill or a cancel; desk.py does it. The rules for
partial fills are written down in docs/decisions/0011.
"""

from collections.abc import Iterator
from typing import Final

from terminal.simulation.orders import Stage, Working

CANCEL_ALL: Final = 1
REDUCE: Final = 2
REDUCE_FREELY: Final = 3


class OrderRegistry:
    """Every order of the trading day (and older ones that still work) by permanent id."""

    def __init__(self) -> None:
        self._orders: dict[int, Working] = {}
        self._live: dict[int, Working] = {}
        """Those that are not known to be over; what has ended since leaves at the next look."""
        self._children: dict[int, list[Working]] = {}

    def add(self, working: Working) -> None:
        self._orders[working.perm_id] = self._live[working.perm_id] = working
        if working.state.order.parent_perm_id:
            self._children.setdefault(working.state.order.parent_perm_id, []).append(working)

    def get(self, perm_id: int) -> Working | None:
        return self._orders.get(perm_id)

    def __iter__(self) -> Iterator[Working]:
        return iter(list(self._orders.values()))

    def live(self) -> list[Working]:
        for perm_id in [one.perm_id for one in self._live.values() if one.stage is Stage.DONE]:
            del self._live[perm_id]
        return list(self._live.values())

    def done(self, since_ns: int = 0) -> list[Working]:
        """Return what ended at ``since_ns`` or later."""
        return [
            working
            for working in self._orders.values()
            if working.stage is Stage.DONE and working.state.completed_time_ns >= since_ns
        ]

    def forget_done(self) -> None:
        """Drop what was completed, but for brackets of which something still works: that must know its family."""
        live = {working.perm_id for working in self.live()}
        families = {working.state.order.parent_perm_id or working.perm_id for working in self._live.values()}
        kept = [
            working
            for working in self._orders.values()
            if working.perm_id in live or (working.state.order.parent_perm_id or working.perm_id) in families
        ]
        self._orders = {working.perm_id: working for working in kept}
        self._children = {}
        for working in kept:
            if working.state.order.parent_perm_id:
                self._children.setdefault(working.state.order.parent_perm_id, []).append(working)

    def parent(self, working: Working) -> Working | None:
        return self._orders.get(working.state.order.parent_perm_id) if working.state.order.parent_perm_id else None

    def children(self, parent: Working) -> list[Working]:
        return list(self._children.get(parent.perm_id, ()))

    def siblings(self, working: Working) -> list[Working]:
        """Return the other live children of the same parent."""
        parent_id = working.state.order.parent_perm_id
        if not parent_id:
            return []
        return [
            other
            for other in self._children.get(parent_id, ())
            if other is not working and other.stage is not Stage.DONE
        ]

    def oca_others(self, working: Working) -> list[Working]:
        """Return the other live orders of the same one-cancels-all group."""
        order = working.state.order
        if not order.oca_group:
            return []
        return [
            other
            for other in self.live()
            if other is not working
            and other.state.order.oca_group == order.oca_group
            and other.state.order.account == order.account
        ]

    def is_plain(self, perm_id: int) -> bool:
        """Say whether an order stands alone, so that no fill of another can take it away."""
        working = self._orders.get(perm_id)
        return working is not None and not working.state.order.oca_group and not working.state.order.parent_perm_id

    def exposure(self, parent: Working) -> int:
        """Return how much of a bracket's entry its children may still close, once the entry is through."""
        closed = sum(child.filled for child in self.children(parent))
        entered = parent.filled if parent.stage is Stage.DONE else parent.quantity
        return max(entered - closed, 0)

    def allowed(self, working: Working) -> int:
        """Return how much of an order may work now: a child no more than its parent has filled."""
        parent = self.parent(working)
        if parent is None or parent.stage is Stage.DONE:
            return working.left
        closed = sum(child.filled for child in self.children(parent))
        return max(min(working.left, parent.filled - closed), 0)
