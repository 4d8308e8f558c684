# SPDX-License-Identifier: Apache-2.0
"""The state after a nightly restart: what a Gateway still knows when it comes back, and what it has lost.

Orders at the exchange, positions, cash and the day's executions come back from the servers. Orders that were never
transmitted lived in the Gateway alone and are gone. The next valid ids go back (reported in the field: 38103 became
38099 and the ids of lost orders were issued again). Sockets and the port are the control port's; this changes only
what is remembered, and must be called while no client is connected.
"""

from brokers.simulator.order_ids import OrderIds
from terminal.simulation.exchange_port import Exchange, SimulatorRefusalError

HELD = "ApiPending"


def nightly_restart(exchange: Exchange, ids: OrderIds, *, ids_back: int = 0) -> tuple[int, ...]:
    """Lose what a restart loses; return the permanent ids of the orders that are gone.

    Args:
        ids_back: how far the next valid order id of every client goes back.
    """
    lost: list[int] = []
    for state in tuple(exchange.open_orders()):
        if state.status == HELD and not state.order.transmit:
            try:
                exchange.cancel(state.perm_id)
            except SimulatorRefusalError:
                continue  # it went with its parent
            lost.append(state.perm_id)
    gone = set(lost)
    ids.roll_back(ids_back, [state.perm_id for state in exchange.open_orders() if state.perm_id not in gone])
    return tuple(lost)
