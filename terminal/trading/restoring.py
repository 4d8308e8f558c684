# SPDX-License-Identifier: Apache-2.0
"""After a restart: rebuild everything from the journal and say honestly what is no longer known.

Nothing is sent. What provably never left is lost; what may have left is unknown until the broker is asked.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from terminal.model import events as e
from terminal.model.enums import OrderStatus, PendingRequest
from terminal.model.order import Order
from terminal.model.order_states import UNCONFIRMED
from terminal.trading.index import OrderIndex
from terminal.trading.killswitch import KillSwitch
from terminal.trading.ledger import OrderLedger

_RESTART: Final = "the terminal was restarted"
PART: Final = 500
"""Records between two breaths: some milliseconds of work."""


def restore(
    records: Iterable[object], *, ledger: OrderLedger, index: OrderIndex, kill: KillSwitch, now_ns: int
) -> Iterator[int]:
    """Replay the journal in parts; yield after each how many records have been taken so far.

    A long journal takes a second: whoever has a window lets it breathe between the parts.

    Raises:
        InvariantError: the journal holds a history that cannot be.
    """
    last: e.KillSwitchReport | None = None
    count = 0
    source = iter(records)
    while part := tuple(islice(source, PART)):
        last = next((each for each in reversed(part) if isinstance(each, e.KillSwitchReport)), last)
        count += ledger.restore(part)
        yield count
    if last is not None:
        kill.restore(last)
    doubts = [doubt for order in index.open() if (doubt := _doubt(order, now_ns)) is not None]
    if doubts:
        ledger.record(doubts)
    yield count


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
