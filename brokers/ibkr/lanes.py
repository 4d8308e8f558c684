# SPDX-License-Identifier: Apache-2.0
"""Outbound lanes: cancels before orders before control before data, under IBKR's message budget.

IBKR allows half as many messages per second as the account has market-data lines (50 at 100 lines) and
ends the session after three breaches. The library keeps one queue, where a cancel waits behind every data
request. Here a lower lane leaves room for the higher ones in every window, so a cancel or an order leaves
at once. Stands in place of `client.sendMsg`; knows messages only by their first field.
"""

from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from terminal.clock import NS_PER_S, Clock, Timer

WINDOW_NS: Final = NS_PER_S + NS_PER_S // 20
"""A little over the one second of the rule: the server's clock sees our messages closer together."""


class Lane(IntEnum):
    """Lower value, higher priority."""

    CANCEL = 0
    ORDER = 1
    CONTROL = 2  # heartbeat, start of the API, reconciliation
    DATA = 3


_LANE_OF: Final = {
    "4": Lane.CANCEL,  # cancelOrder
    "58": Lane.CANCEL,  # globalCancel
    "3": Lane.ORDER,  # placeOrder
    "5": Lane.CONTROL,  # openOrders
    "7": Lane.CONTROL,  # executions
    "16": Lane.CONTROL,  # allOpenOrders
    "49": Lane.CONTROL,  # currentTime
    "61": Lane.CONTROL,  # positions
    "71": Lane.CONTROL,  # startApi
    "99": Lane.CONTROL,  # completedOrders
}
_RESERVE: Final = {Lane.CANCEL: 0.0, Lane.ORDER: 0.2, Lane.CONTROL: 0.24, Lane.DATA: 0.32}
"""Share of the budget that each lane leaves to the lanes above it."""


def lane_of(message: str) -> Lane:
    """Return the lane of an encoded message."""
    return _LANE_OF.get(message.partition("\0")[0], Lane.DATA)


class Lanes:
    """Sends now what the budget allows and the rest as soon as it does, highest lane first, in order within a lane."""

    def __init__(self, clock: Clock, write: Callable[[str], None], market_data_lines: int = 100) -> None:
        self._clock = clock
        self._write = write
        self._queues: tuple[deque[str], ...] = tuple(deque() for _ in Lane)
        self._sent: deque[int] = deque()
        self._timer: Timer | None = None
        self._due: int | None = None
        self._closed = False
        self.limit = max(4, market_data_lines // 2)
        self._allowed = {lane: max(1, round(self.limit * (1 - share))) for lane, share in _RESERVE.items()}

    @property
    def waiting(self) -> int:
        """Return how many messages are queued."""
        return sum(map(len, self._queues))

    def send(self, message: str) -> None:
        """Queue one encoded message (NUL-terminated fields); it leaves at once when its lane has room."""
        if self._closed:
            raise ConnectionError("the connection is closed")
        self._queues[lane_of(message)].append(message)
        self._pump()

    def withdraw(self, message: str) -> bool:
        """Take back a data request that has not left yet; False when it is not queued."""
        queue = self._queues[Lane.DATA]
        try:
            queue.remove(message)
        except ValueError:
            return False
        return True

    def take_back(self, order_id: int) -> bool:
        """Drop what still waits to place or change an order; False when nothing did.

        A cancel overtakes its order here, and an order that leaves after its cancel would work.
        """
        queue, head = self._queues[Lane.ORDER], f"3\0{order_id}\0"
        kept = [message for message in queue if not message.startswith(head)]
        dropped = len(queue) - len(kept)
        queue.clear()
        queue.extend(kept)
        return dropped > 0

    def close(self) -> list[str]:
        """Stop. Return the order and cancel messages that never left, oldest first."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        dropped = [*self._queues[Lane.ORDER], *self._queues[Lane.CANCEL]]
        for queue in self._queues:
            queue.clear()
        return dropped

    def _pump(self) -> None:
        now = self._clock.monotonic_ns()
        sent = self._sent
        while sent and now - sent[0] >= WINDOW_NS:
            sent.popleft()
        for lane in Lane:
            queue, allowed = self._queues[lane], self._allowed[lane]
            while queue and len(sent) < allowed:
                sent.append(now)
                self._write(queue.popleft())
        self._wait(now)

    def _wait(self, now: int) -> None:
        """Come back when the first waiting lane has room again."""
        due: int | None = None
        for lane in Lane:
            if self._queues[lane]:
                frees = self._sent[len(self._sent) - self._allowed[lane]] + WINDOW_NS
                due = frees if due is None else min(due, frees)
        if due == self._due:
            return
        self._due = due
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer = self._clock.call_later(max(0, due - now) / NS_PER_S, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = self._due = None
        if not self._closed:
            self._pump()
