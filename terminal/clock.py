# SPDX-License-Identifier: Apache-2.0
"""The one clock, and it is the broker's: monotonic time plus the offset learnt from the broker.

Every timer goes through `call_later`, so tests step the clock while sockets stay real. The only module
that may read the machine's clock.
"""

import heapq
import itertools
import time
from collections.abc import Callable
from typing import Final, Protocol

NS_PER_S: Final = 1_000_000_000
_RESYNC_DRIFT_NS: Final = 5 * NS_PER_S


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    """Time for everything inside. Nanoseconds UTC."""

    def now_ns(self) -> int:
        """Return the broker's time as we know it, int nanoseconds UTC."""
        ...

    def monotonic_ns(self) -> int:
        """Return a time that never jumps, for durations and ages."""
        ...

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call once after ``delay_s`` seconds of the monotonic time: for deadlines of the wire and for pauses."""
        ...

    def call_at(self, ns: int, callback: Callable[[], None]) -> Timer:
        """Call once when `now_ns` reaches ``ns``, whatever the rate of this clock and the jumps of the broker's."""
        ...

    def adjust(self, broker_ns: int) -> float:
        """Learn the broker's time (whole seconds at IBKR); return the drift in seconds."""
        ...

    def forget_broker(self) -> None:
        """A new connection may be another broker (a replay of another year): learn afresh."""
        ...

    def seconds_since(self, ns: int) -> float:
        """Return the seconds of the machine since the broker's time was ``ns``, 0.0 when it lies ahead: an age."""
        ...

    @property
    def drift_s(self) -> float:
        """Seconds by which the broker's clock stood ahead at its last word; 0.0 in step, or once it was followed."""
        ...


class LiveClock:
    """Machine clock, corrected by the broker's.

    The wall clock is read once, at construction: from then on only the monotonic clock moves time, so a
    wall clock that jumps changes nothing. IBKR tells whole seconds, truncated, so the true time lies in
    [told, told + 1 s): drift inside that second is taken up silently. A larger drift is reported, and when a
    second answer confirms it (the machine slept, or the demo market skipped a night) the clock follows.

    ``rate`` is how many broker seconds pass in one of ours (a demo that runs faster than life). Deadlines of the wire
    (`call_later`, `monotonic_ns`) stay in our seconds: a socket does not get faster with the market.
    """

    def __init__(self, rate: float = 1.0) -> None:
        self._rate = rate
        self._origin = time.monotonic_ns()
        self._base = time.time_ns()
        self._synchronized = False
        self._doubt_ns: int | None = None
        self._moments: set[_Moment] = set()
        self.jumps = 0
        """How often the broker's clock moved away and we followed."""
        self.drift_s = 0.0
        """Drift at the last synchronisation, seconds; 0 when in step."""

    def now_ns(self) -> int:
        return self._base + int((time.monotonic_ns() - self._origin) * self._rate)

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        import asyncio  # a window paints before it needs a loop

        return asyncio.get_running_loop().call_later(delay_s, callback)

    def call_at(self, ns: int, callback: Callable[[], None]) -> Timer:
        moment = _Moment(self, ns, callback, self._moments)
        moment.wait()
        return moment

    def seconds_until(self, ns: int) -> float:
        """Return the seconds of the machine until the broker's time is ``ns``; 0.0 when it is past."""
        return max(0, ns - self.now_ns()) / self._rate / NS_PER_S

    def seconds_since(self, ns: int) -> float:
        """Return an age in seconds of the machine: a market that runs faster does not make its feed older."""
        return max(0, self.now_ns() - ns) / self._rate / NS_PER_S

    def _move(self, behind: int) -> None:
        """Follow the broker's clock to another time: what waits for a moment of it waits anew."""
        self._base += behind
        for moment in tuple(self._moments):
            moment.wait()

    def adjust(self, broker_ns: int) -> float:
        """Learn the broker's time; return the drift in seconds (0.0 when in step or just synchronised)."""
        behind = broker_ns - self.now_ns()
        if not self._synchronized:
            self._synchronized = True
            self._move(behind)
            behind = 0
        elif -NS_PER_S <= behind <= 0:
            behind = 0
        elif 0 < behind <= NS_PER_S:
            self._base += behind
            behind = 0
        elif self._doubt_ns is not None and _confirms(behind, self._doubt_ns):
            self._move(behind)
            self.jumps += 1
            behind = 0
        self._doubt_ns = behind or None
        self.drift_s = behind / NS_PER_S
        return self.drift_s

    def forget_broker(self) -> None:
        self._synchronized = False
        self._doubt_ns = None
        self.drift_s = 0.0


def _confirms(behind: int, doubt: int) -> bool:
    """Say whether two answers in a row tell that the broker's clock has left ours for good, in one direction."""
    return min(abs(behind), abs(doubt)) >= _RESYNC_DRIFT_NS and (behind > 0) == (doubt > 0)


class _Moment:
    """A timer that waits for a time of the broker."""

    __slots__ = ("_callback", "_clock", "_ns", "_timer", "_waiting")

    def __init__(self, clock: LiveClock, ns: int, callback: Callable[[], None], waiting: "set[_Moment]") -> None:
        self._clock = clock
        self._ns = ns
        self._callback = callback
        self._waiting = waiting
        self._timer: Timer | None = None

    def wait(self) -> None:
        """Wait from now on, however long it has waited."""
        self.cancel()
        self._waiting.add(self)
        self._timer = self._clock.call_later(self._clock.seconds_until(self._ns), self._on_timer)

    def _on_timer(self) -> None:
        if self._clock.now_ns() < self._ns:  # a little early, or the broker's clock was taken back
            self.wait()
            return
        self._waiting.discard(self)
        self._callback()

    def cancel(self) -> None:
        self._waiting.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _SimTimer:
    __slots__ = ("callback", "cancelled")

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class SimClock:
    """A clock that moves only when it is told to: for tests, the simulated market and backtests."""

    def __init__(self, start_ns: int) -> None:
        self._now = start_ns
        self.drift_s = 0.0
        self._queue: list[tuple[int, int, _SimTimer]] = []
        self._order = itertools.count()

    def now_ns(self) -> int:
        return self._now

    def monotonic_ns(self) -> int:
        return self._now

    def adjust(self, broker_ns: int) -> float:
        """Report the difference, change nothing: whoever steps the clock is its master."""
        behind = broker_ns - self._now
        self.drift_s = 0.0 if -NS_PER_S <= behind <= NS_PER_S else behind / NS_PER_S
        return self.drift_s

    def forget_broker(self) -> None:
        """Nothing was learnt, but how far it was away."""
        self.drift_s = 0.0

    def seconds_since(self, ns: int) -> float:
        return max(0, self._now - ns) / NS_PER_S

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        timer = _SimTimer(callback)
        heapq.heappush(self._queue, (self._now + round(delay_s * NS_PER_S), next(self._order), timer))
        return timer

    def call_at(self, ns: int, callback: Callable[[], None]) -> Timer:
        return self.call_later(max(0, ns - self.now_ns()) / NS_PER_S, callback)

    def next_timer_ns(self) -> int | None:
        """Return when the next live timer fires, or None."""
        while self._queue and self._queue[0][2].cancelled:
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def advance_to(self, target_ns: int) -> None:
        """Move time forward, firing every timer on the way at its own moment.

        Raises:
            ValueError: ``target_ns`` lies in the past.
        """
        if target_ns < self._now:
            raise ValueError(f"the clock cannot go back from {self._now} to {target_ns}")
        while (due := self.next_timer_ns()) is not None and due <= target_ns:
            _, _, timer = heapq.heappop(self._queue)
            self._now = max(self._now, due)
            timer.callback()
        self._now = target_ns

    def advance(self, seconds: float) -> None:
        self.advance_to(self._now + round(seconds * NS_PER_S))


def wall_clock_ns() -> int:
    """Return the machine's wall clock: for file names, the clock check and log stamps before a clock exists."""
    return time.time_ns()


def perf_ns() -> int:
    """Return a high-resolution counter for measuring our own work (loop lag, slow callbacks)."""
    return time.perf_counter_ns()
