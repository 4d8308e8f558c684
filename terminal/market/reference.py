# SPDX-License-Identifier: Apache-2.0
"""Reference: what an instrument cost about a minute ago, so that the gate sees a price that has jumped.

A median of several moments, because one wrong quote must neither be the reference nor spoil it: a price that
moved for good becomes the reference a minute later, one that flickers never does. It knows prices only.
"""

from collections import deque
from statistics import median
from typing import Final

from terminal.clock import NS_PER_S

EVERY_NS: Final = 5 * NS_PER_S
YOUNGEST_NS: Final = 30 * NS_PER_S
OLDEST_NS: Final = 90 * NS_PER_S
"""The minute is the middle of these two."""


class Reference:
    """Prices of one instrument, one in five seconds, of the last minute and a half."""

    __slots__ = ("_taken",)

    def __init__(self) -> None:
        self._taken: deque[tuple[int, float]] = deque()

    def note(self, ns: int, price: float | None) -> None:
        """Take a price. To be called when `EVERY_NS` have passed, or when time went back."""
        if price is None:
            return
        taken = self._taken
        if taken and ns < taken[-1][0]:  # the broker's clock was taken back: what lies in the future is no past
            taken.clear()
        taken.append((ns, price))
        while len(taken) > 1 and taken[1][0] <= ns - OLDEST_NS:  # the one in force at the oldest moment stays
            taken.popleft()

    def price(self, now_ns: int) -> float | None:
        """Return the price about a minute before ``now_ns``; the median of all while less is known, else None."""
        taken = self._taken
        if not taken:
            return None
        start = 0
        while start + 1 < len(taken) and taken[start + 1][0] <= now_ns - OLDEST_NS:
            start += 1
        past = [price for at, price in list(taken)[start:] if at <= now_ns - YOUNGEST_NS]
        return median(past or [price for _, price in taken])
