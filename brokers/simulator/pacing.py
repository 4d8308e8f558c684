# SPDX-License-Identifier: Apache-2.0
"""Pacing: how often a client may ask before TWS answers 100 or 162.

Source: IBKR's API documentation, "historical data limitations" and the limit
of 50 messages per second. Times are monotonic nanoseconds of the clock that
the server was given, so tests step them.
"""

from collections import deque
from enum import StrEnum
from typing import Final

from terminal.clock import NS_PER_S, Clock, Timer

MESSAGES_PER_SECOND: Final = 50
BREACHES_TO_CLOSE: Final = 3


class Verdict(StrEnum):
    """What to do with one message."""

    ADMIT = "admit"
    REJECT = "reject"
    CLOSE = "close"


class MessageRate:
    """Counts a client's messages in the last second.

    Messages above the limit are rejected. The messages above the limit in one
    second are one breach together; the third breach closes the connection.
    """

    def __init__(self, limit: int = MESSAGES_PER_SECOND) -> None:
        self.limit = limit
        self.breaches = 0
        self._times: deque[int] = deque()
        self._breach_ns: int | None = None

    @property
    def count(self) -> int:
        """Messages in the last second."""
        return len(self._times)

    def has_room(self, now_ns: int) -> bool:
        """Whether one more message would be within the limit."""
        while self._times and now_ns - self._times[0] >= NS_PER_S:
            self._times.popleft()
        return len(self._times) < self.limit

    def judge(self, now_ns: int, stalled_ns: int = 0) -> Verdict:
        """Count one message and say what to do with it.

        ``stalled_ns`` is how long the server itself did not read lately:
        messages of that time arrive together without the client's fault.
        """
        self.has_room(now_ns)
        self._times.append(now_ns)
        if len(self._times) <= self.limit * (1 + stalled_ns / NS_PER_S):
            return Verdict.ADMIT
        if self._breach_ns is None or now_ns - self._breach_ns >= NS_PER_S:
            self._breach_ns = now_ns
            self.breaches += 1
        return Verdict.CLOSE if self.breaches >= BREACHES_TO_CLOSE else Verdict.REJECT


class StallMeter:
    """Measures how long the event loop lately did not turn, by a timer that comes late."""

    BEAT_S: Final = 0.02
    MEMORY_NS: Final = 2 * NS_PER_S

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._timer: Timer | None = None
        self._beat_ns = 0
        self._stalls: deque[tuple[int, int]] = deque()

    def start(self) -> None:
        """Begin to beat."""
        self._beat_ns = self._clock.monotonic_ns()
        self._timer = self._clock.call_later(self.BEAT_S, self._beat)

    def stop(self) -> None:
        """Beat no more."""
        if self._timer is not None:
            self._timer.cancel()

    def stalled_ns(self) -> int:
        """Time lost in the last two seconds, a stall that still lasts included."""
        now_ns = self._clock.monotonic_ns()
        while self._stalls and now_ns - self._stalls[0][0] > self.MEMORY_NS:
            self._stalls.popleft()
        return sum(lost for _, lost in self._stalls) + self._late_ns(now_ns)

    def _late_ns(self, now_ns: int) -> int:
        if self._timer is None:
            return 0
        return max(0, now_ns - self._beat_ns - round(self.BEAT_S * NS_PER_S))

    def _beat(self) -> None:
        now_ns = self._clock.monotonic_ns()
        late_ns = self._late_ns(now_ns)
        if late_ns:
            self._stalls.append((now_ns, late_ns))
        self._beat_ns = now_ns
        self._timer = self._clock.call_later(self.BEAT_S, self._beat)


class HistoryPacing:
    """The limits on requests for small bars (30 seconds or less) of one client.

    No more than 60 in ten minutes (BID_ASK counts twice), no identical one
    within 15 seconds, fewer than six for one contract within two seconds.
    Larger bars are only slowed down by IBKR, so they are not refused here.
    """

    SMALL_BAR_S: Final = 30
    WINDOW_NS: Final = 600 * NS_PER_S
    WINDOW_LIMIT: Final = 60
    SAME_NS: Final = 15 * NS_PER_S
    BURST_NS: Final = 2 * NS_PER_S
    BURST_LIMIT: Final = 6

    def __init__(self) -> None:
        self._requests: deque[tuple[int, int, tuple[object, ...], int]] = deque()

    def violation(self, now_ns: int, *, bar_seconds: int, con_id: int, key: tuple[object, ...], what: str) -> bool:
        """Say whether this request breaks a limit; one that does not is counted."""
        if bar_seconds > self.SMALL_BAR_S:
            return False
        weight = 2 if what == "BID_ASK" else 1
        while self._requests and now_ns - self._requests[0][0] >= self.WINDOW_NS:
            self._requests.popleft()
        used = sum(entry[3] for entry in self._requests)
        same = any(entry[2] == key and now_ns - entry[0] < self.SAME_NS for entry in self._requests)
        burst = sum(1 for entry in self._requests if entry[1] == con_id and now_ns - entry[0] < self.BURST_NS)
        if same or used + weight > self.WINDOW_LIMIT or burst + 1 >= self.BURST_LIMIT:
            return True
        self._requests.append((now_ns, con_id, key, weight))
        return False
