# SPDX-License-Identifier: Apache-2.0
"""HalfBrackets: brackets whose last leg never reached the broker.

Only the last leg releases a bracket. When the terminal or the connection ends before it left, or a cancel took it back
on its way, the broker keeps the legs before it, held back and perhaps shown to nobody, and one click in TWS would send
an entry without its exits. After every complete answer of the broker such an entry is taken back, and a person is
told. It must not send anything but cancels, and none for a bracket of whose last leg the broker has ever spoken.
"""

from collections.abc import Callable

from terminal.clock import Clock
from terminal.model.enums import BracketRole, OrderStatus, PendingRequest
from terminal.model.events import OrderNoted
from terminal.model.ids import ClientOrderId
from terminal.model.order import Order
from terminal.trading.index import OrderIndex
from terminal.trading.ledger import OrderLedger
from terminal.trading.sender import Sender


class HalfBrackets:
    """Looks when both sides are compared."""

    def __init__(
        self,
        *,
        ledger: OrderLedger,
        index: OrderIndex,
        sender: Sender,
        clock: Clock,
        link_session: Callable[[], int],
        alarm: Callable[[str, str], None],
    ) -> None:
        self._ledger = ledger
        self._index = index
        self._sender = sender
        self._clock = clock
        self._link_session = link_session
        self._alarm = alarm
        self._asked: set[tuple[ClientOrderId, int]] = set()
        self._told: set[ClientOrderId] = set()

    def look(self, gone: Callable[[Order], bool]) -> None:
        """Take back the entry of every bracket whose last leg is lost, or ``gone``: about to be proved so."""
        for entry in self._entries():
            last = self._index.children(entry.client_order_id)[-1]
            if not last.perm_ids and (last.status is OrderStatus.LOST or gone(last)):
                self._take_back(entry)

    def _entries(self) -> list[Order]:
        """Return own entries with exits of which a leg is still open, each once."""
        found: dict[ClientOrderId, Order] = {}
        for order in self._index.open():
            entry = order if order.role is BracketRole.ENTRY else self._parent(order)
            if entry is not None and entry.is_own and self._index.children(entry.client_order_id):
                found[entry.client_order_id] = entry
        return list(found.values())

    def _parent(self, order: Order) -> Order | None:
        return self._index.get(order.parent_id) if order.parent_id is not None else None

    def _take_back(self, entry: Order) -> None:
        coid = entry.client_order_id
        fault = None
        asks = entry.is_open and entry.pending is not PendingRequest.CANCEL
        if not asks and not entry.filled:
            return  # it is over, or on its way there
        if asks:
            key = (coid, self._link_session())
            if key in self._asked:
                return  # once in a session: the answers to it decide
            self._asked.add(key)
            fault = self._sender.cancel(entry, "core")
        if coid not in self._told:
            self._told.add(coid)
            self._tell(entry, fault)

    def _tell(self, entry: Order, fault: str | None) -> None:
        if entry.filled:
            text = (
                f"{entry.instrument_id}: {entry.filled} filled on an entry whose exits never reached the broker: "
                "the position stands without its stop and target"
            )
            way_out = "protect the position with a stop, or close it"
        elif fault is None:
            text = (
                f"{entry.instrument_id}: a bracket did not reach the broker whole, its last part never left. Its "
                "entry may be held there without its exits, so its cancel was sent"
            )
            way_out = "look in TWS that the entry is gone, then send the bracket again if you still want it"
        else:
            text = (
                f"{entry.instrument_id}: the entry of a bracket may be held at the broker without its exits, and its "
                f"cancel could not be sent ({fault})"
            )
            way_out = "delete it in TWS; never transmit it there"
        self._ledger.record(
            [OrderNoted(client_order_id=entry.client_order_id, ns=self._clock.now_ns(), code=0, text=text)]
        )
        self._alarm(text, way_out)
