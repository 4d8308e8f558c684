# SPDX-License-Identifier: Apache-2.0
"""After a restart: rebuild everything from the journal and say honestly what is no longer known.

Nothing is sent. What provably never left is lost; what may have left is unknown until the broker is asked.
"""

from collections.abc import Iterable
from typing import Final

from terminal.model import events as e
from terminal.model.enums import OrderStatus, PendingRequest
from terminal.model.order import Order
from terminal.model.order_states import UNCONFIRMED
from terminal.trading.index import OrderIndex
from terminal.trading.killswitch import KillSwitch
from terminal.trading.ledger import OrderLedger

_RESTART: Final = "the terminal was restarted"


def restore(records: Iterable[object], *, ledger: OrderLedger, index: OrderIndex, kill: KillSwitch, now_ns: int) -> int:
    """Replay the journal; return how many records were taken.

    Raises:
        InvariantError: the journal holds a history that cannot be.
    """
    reports: list[e.KillSwitchReport] = []

    def passing() -> Iterable[object]:
        for record in records:
            if isinstance(record, e.KillSwitchReport):
                reports.append(record)
            yield record

    count = ledger.restore(passing())
    if reports:
        kill.restore(reports[-1])
    doubts = [doubt for order in index.open() if (doubt := _doubt(order, now_ns)) is not None]
    if doubts:
        ledger.record(doubts)
    return count


def _doubt(order: Order, now_ns: int) -> e.OrderEvent | None:
    coid = order.client_order_id
    if order.status in (OrderStatus.INITIALIZED, OrderStatus.STAGED):
        reason = "not sent: the terminal stopped before it left"
        return e.OrderLost(client_order_id=coid, ns=now_ns, reason=reason)
    if order.status is OrderStatus.UNKNOWN:
        return None
    in_flight = order.status in UNCONFIRMED or order.pending is not PendingRequest.NONE
    if in_flight and order.is_own:
        return e.OrderUnknown(client_order_id=coid, ns=now_ns, reason=f"{_RESTART} before the broker had answered")
    return e.OrderStale(client_order_id=coid, ns=now_ns, reason=_RESTART)
