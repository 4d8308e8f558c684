# SPDX-License-Identifier: Apache-2.0
"""Pump: lets market time pass as the clock says, in small steps.

Market time is anchored to the monotonic clock and a speed. A machine that
slept does not make the market catch up hours in one step: the anchor moves.
With speed 0, or paused, time stands still and is moved by `step` alone.
"""

from collections.abc import Callable
from typing import Final

from terminal.clock import NS_PER_S, Clock, SimClock, Timer
from terminal.simulation.exchange_port import Exchange

TURN_S: Final = 0.04
_LONGEST_TURN_NS: Final = 2 * NS_PER_S
"""Clock time after which the pump does not catch up but goes on from here."""

_SLICE_S: Final = 1.0
"""Longest step in market seconds, so that a fast market is still told second by second."""
_BUDGET_NS: Final = 30_000_000
"""Clock time that one turn may work."""


class Pump:
    """Drives `Exchange.advance_to` and calls ``after`` at the end of every step.

    ``follower`` is a clock that knows no other time than the market's: it is
    moved at the end of every step. ``until_ns`` is where the market stops for good.
    """

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        speed: float,
        after: Callable[[int], None],
        *,
        follower: SimClock | None = None,
        until_ns: int | None = None,
    ) -> None:
        self._exchange = exchange
        self._clock = clock
        self.speed = speed
        self._after = after
        self._follower = follower
        self.until_ns = until_ns
        self.paused = False
        self._running = False
        self._timer: Timer | None = None
        self._last_ns = 0

    @property
    def over(self) -> bool:
        """Whether the market has come to where it stops for good."""
        return self.until_ns is not None and self._exchange.now_ns() >= self.until_ns

    def start(self) -> None:
        """Begin to let time pass."""
        self._running = True
        self._last_ns = self._clock.monotonic_ns()
        if self.speed > 0 and self._timer is None:
            self._timer = self._clock.call_later(TURN_S, self._turn)

    def stop(self) -> None:
        """Let time stand still for good."""
        self._running = False
        self._no_timer()

    def pause(self) -> None:
        """Let time stand still until `go_on`; `step` still moves it."""
        self.paused = True
        self._no_timer()

    def go_on(self) -> None:
        """Let time pass again, from here."""
        self.paused = False
        if self._running:
            self.start()

    def set_speed(self, speed: float) -> None:
        """Market seconds per clock second from now on; 0 stands still. Raises ValueError below 0."""
        if not speed >= 0:
            raise ValueError(f"speed must be 0 or more, was {speed:g}")
        self.speed = speed
        self._no_timer()
        if self._running and not self.paused:
            self.start()

    def _no_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def step(self, seconds: float) -> None:
        """Let the market live for so many seconds of its own time."""
        target = self._exchange.now_ns() + round(seconds * NS_PER_S)
        if self.until_ns is not None:
            target = min(target, max(self.until_ns, self._exchange.now_ns()))
        self._exchange.advance_to(target)
        self._after(self._exchange.now_ns())
        if self._follower is not None:
            self._follower.advance_to(max(self._follower.now_ns(), self._exchange.now_ns()))

    def _turn(self) -> None:
        began_ns = self._clock.monotonic_ns()
        passed_ns = min(began_ns - self._last_ns, _LONGEST_TURN_NS)
        self._last_ns = began_ns
        self._timer = None
        try:
            if not self.over:
                self._live(passed_ns / NS_PER_S * self.speed, began_ns)
        finally:
            if self._running and not self.paused and self.speed > 0 and self._timer is None:
                self._timer = self._clock.call_later(TURN_S, self._turn)

    def _live(self, seconds: float, began_ns: int) -> None:
        while seconds > 0 and not self.paused and not self.over:
            self.step(min(seconds, _SLICE_S))
            seconds -= _SLICE_S
            if self._clock.monotonic_ns() - began_ns > _BUDGET_NS:
                return  # the market is too fast for this machine: it slows down, clients are still served
