# SPDX-License-Identifier: Apache-2.0
"""The market's agenda: feeds and one-off actions in time order, ties by order of entry, so a run repeats exactly."""

import heapq
from collections.abc import Callable
from typing import Final

from terminal.simulation.source import NEVER, Feed

Action = Callable[[], None]
_ACTION: Final = 0
_FEED: Final = 1


class Agenda:
    """A heap of what happens next. A feed that was removed is skipped when its turn comes."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int, Action | Feed]] = []
        self._sequence = 0
        self._feeds: dict[int, int] = {}

    def at(self, ns: int, action: Action) -> None:
        """Call ``action`` at ``ns``."""
        self._sequence += 1
        heapq.heappush(self._heap, (ns, _ACTION, self._sequence, action))

    def add_feed(self, feed: Feed) -> None:
        """Follow a feed; following it twice is following it once (its time may have changed: it is queued anew)."""
        self._sequence += 1
        self._feeds[id(feed)] = self._sequence
        if feed.next_ns < NEVER:
            heapq.heappush(self._heap, (feed.next_ns, _FEED, self._sequence, feed))

    def again(self, feed: Feed) -> None:
        """Queue a feed that has stepped, unless it was dropped meanwhile."""
        if id(feed) in self._feeds:
            self.add_feed(feed)

    def drop_feed(self, feed: Feed) -> None:
        self._feeds.pop(id(feed), None)

    def next(self, limit_ns: int) -> tuple[int, Action | None, Feed | None] | None:
        """Take what is due next, not later than ``limit_ns``."""
        while self._heap and self._heap[0][0] <= limit_ns:
            ns, kind, sequence, item = heapq.heappop(self._heap)
            if kind == _ACTION:
                return ns, _as_action(item), None
            feed = _as_feed(item)
            if self._feeds.get(id(feed)) == sequence:
                return ns, None, feed
        return None


def _as_action(item: Action | Feed) -> Action:
    assert callable(item)
    return item


def _as_feed(item: Action | Feed) -> Feed:
    assert not callable(item)
    return item
