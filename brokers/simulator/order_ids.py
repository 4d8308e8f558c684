# SPDX-License-Identifier: Apache-2.0
"""Order ids: which id belongs to which order, per client, and which id comes next.

A client names its orders by numbers of its own; the market knows permanent
ids. The next valid id of every client survives a restart, because an id that
was used once may never mean another order.
"""

from collections.abc import Iterable, Mapping

from terminal.errors import DataError
from terminal.simulation.exchange_port import SimOrderState


class OrderIds:
    """The map between (client id, order id) and permanent id."""

    def __init__(self) -> None:
        self._perm_ids: dict[tuple[int, int], int] = {}
        self._names: dict[int, tuple[int, int]] = {}
        self._next: dict[int, int] = {}
        self.exchanges: dict[int, str] = {}
        """Permanent id -> the exchange that the client asked for."""

    def learn(self, states: Iterable[SimOrderState]) -> None:
        """Take over the orders that the market already has."""
        for state in states:
            self.bind(state.order.client_id, state.order.order_id, state.perm_id)

    def bind(self, client_id: int, order_id: int, perm_id: int, exchange: str = "") -> None:
        """Remember one order; its id is used from now on."""
        if order_id:
            self._perm_ids[client_id, order_id] = perm_id
            self._names[perm_id] = (client_id, order_id)
            self.use(client_id, order_id)
        if exchange:
            self.exchanges[perm_id] = exchange

    def use(self, client_id: int, order_id: int) -> None:
        """Mark an id as used, whether or not an order came of it."""
        self._next[client_id] = max(self.next_id(client_id), order_id + 1)

    def next_id(self, client_id: int) -> int:
        """The next valid id of a client."""
        return self._next.get(client_id, 1)

    def next_bound_id(self) -> int:
        """The next id for an order made by hand that client 0 binds: negative, downwards."""
        return min((number for client, number in self._perm_ids if client == 0 and number < 0), default=-1) - 1

    def perm_id(self, client_id: int, order_id: int) -> int | None:
        """Permanent id of a client's order; None when there is none."""
        return self._perm_ids.get((client_id, order_id))

    def order_id(self, perm_id: int) -> int:
        """The placing client's id of an order; 0 when it has none."""
        return self._names.get(perm_id, (0, 0))[1]

    def roll_back(self, count: int, living: Iterable[int] = ()) -> None:
        """Let every client's next id go back, as a Gateway's does after its nightly restart.

        Ids of orders that ended meanwhile are issued again and mean a new order; those of ``living`` orders
        (permanent ids) are not.
        """
        kept = {self._names[perm_id] for perm_id in living if perm_id in self._names}
        for client_id, following in self._next.items():
            least = max((number + 1 for client, number in kept if client == client_id), default=1)
            self._next[client_id] = max(following - count, least)
            for key in [key for key in self._perm_ids if key[0] == client_id and key[1] >= self._next[client_id]]:
                del self._perm_ids[key]

    def dump(self) -> dict[str, object]:
        """JSON-ready: what survives a restart."""
        return {
            "next": {str(client): number for client, number in sorted(self._next.items())},
            "exchanges": {str(perm_id): name for perm_id, name in sorted(self.exchanges.items())},
        }

    def load(self, state: Mapping[str, object]) -> None:
        """Take over a dump. Raises DataError when it is not one."""
        following, exchanges = state.get("next", {}), state.get("exchanges", {})
        if not isinstance(following, Mapping) or not isinstance(exchanges, Mapping):
            raise DataError("order ids must be two tables, next and exchanges")
        for client, number in following.items():
            self._next[int(client)] = max(int(number), self.next_id(int(client)))
        for perm_id, name in exchanges.items():
            self.exchanges[int(perm_id)] = str(name)
