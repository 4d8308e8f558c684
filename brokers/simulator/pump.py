# SPDX-License-Identifier: Apache-2.0
"""Pump: lets market time pass as the clock says, in small steps.

Market time is anchored to the monotonic clock and a speed. A machine that
slept does not make the market catch up hours in one step: the anchor moves.
With speed 0 time stands still and is moved by `step`, for tests.
"""

from collections.abc import Callable
from typing import Final

from terminal.clock import NS_PER_S, Clock, Timer
from terminal.simulation.exchange_port import Exchange

TURN_S: Final = 0.04
_LONGEST_TURN_NS: Final = 2 * NS_PER_S
"""Clock time after which the pump does not catch up but goes on from here."""

_SLICE_S: Final = 1.0
"""Longest step in market seconds, so that a fast market is still told second by second."""
_BUDGET_NS: Final = 30_000_000
"""Clock time that one turn may work."""


class Pump:
    """Drives `Exchange.advance_to` and calls ``after`` at the end of every step."""

    def __init__(self, exchange: Exchange, clock: Clock, speed: float, after: Callable[[int], None]) -> None:
        self._exchange = exchange
        self._clock = clock
        self.speed = speed
        self._after = after
        self._timer: Timer | None = None
        self._last_ns = 0

    def start(self) -> None:
        """Begin to let time pass."""
        self._last_ns = self._clock.monotonic_ns()
        if self.speed > 0:
            self._timer = self._clock.call_later(TURN_S, self._turn)

    def stop(self) -> None:
        """Let time stand still."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def step(self, seconds: float) -> None:
        """Let the market live for so many seconds of its own time."""
        self._exchange.advance_to(self._exchange.now_ns() + round(seconds * NS_PER_S))
        self._after(self._exchange.now_ns())

    def _turn(self) -> None:
        began_ns = self._clock.monotonic_ns()
        passed_ns = min(began_ns - self._last_ns, _LONGEST_TURN_NS)
        self._last_ns = began_ns
        try:
            self._live(passed_ns / NS_PER_S * self.speed, began_ns)
        finally:
            self._timer = self._clock.call_later(TURN_S, self._turn)

    def _live(self, seconds: float, began_ns: int) -> None:
        while seconds > 0:
            self.step(min(seconds, _SLICE_S))
            seconds -= _SLICE_S
            if self._clock.monotonic_ns() - began_ns > _BUDGET_NS:
                return  # the market is too fast for this machine: it slows down, clients are still served
