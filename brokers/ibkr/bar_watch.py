# SPDX-License-Identifier: Apache-2.0
"""Watches one series of bars that keeps up to date: when its updates stop in its hours, it is to be asked for again.

Two bars of silence are the limit, then twice as long each time that asking brought no update: a series without trades
is silent too (docs/decisions/0028). It only counts and calls; who asks, and how, is the owner's business.
"""

from collections.abc import Callable
from typing import Final

from brokers.ibkr.series import Series
from brokers.ibkr.timing import BrokerClock
from terminal.clock import NS_PER_S, Timer
from terminal.model.market import Bar

_BARS: Final = 2
_LEAST_S: Final = 10.0
_MOST_S: Final = 300.0
"""IBKR updates a growing bar every few seconds, however long it is."""
_RAREST_S: Final = 1_800.0
_ANSWER_S: Final = 60.0
"""History itself may take this long."""
_MACHINE_NS: Final = 5 * NS_PER_S
"""However fast the market runs, an update needs this long on our side to count as missing."""


class BarWatch:
    """`begin` when it is asked for, `answered` by history, `heard` for every update, `rest` while nobody follows it."""

    __slots__ = ("_clock", "_elapsed_ns", "_heard_ns", "_known", "_least_s", "_series", "_silent", "_timer", "_tries")

    def __init__(self, clock: BrokerClock, series: Series, silent: Callable[[], None]) -> None:
        self._clock = clock
        self._series = series
        self._silent = silent
        self._timer: Timer | None = None
        self._known: tuple[float, ...] = ()
        self._heard_ns = 0
        self._elapsed_ns = 0
        self._least_s = 0.0
        self._tries = 0

    def begin(self) -> None:
        """Count silence from now on: of the history that was asked for."""
        self._least_s = _ANSWER_S
        self._note()
        self._wait()

    def answered(self, newest: Bar | None) -> bool:
        """Count the silence of updates from now on; return whether history shows that some had been missed."""
        missed = self._tries > 0 and newest is not None and _content(newest) != self._known
        self._least_s = 0.0
        self._known = _content(newest)
        self._note()
        self._wait()
        return missed

    def heard(self, bar: Bar) -> None:
        """An update came."""
        self._known = _content(bar)
        self._note()
        if self._tries:
            self._tries = 0
            self._wait()

    def rest(self) -> None:
        """Watch no more until `begin`. What was in vain so far still counts."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _note(self) -> None:
        self._heard_ns, self._elapsed_ns = self._clock.now_ns(), self._clock.monotonic_ns()

    @property
    def _patience_ns(self) -> int:
        usual = min(max(_BARS * self._series.seconds, _LEAST_S), _MOST_S)
        return round(max(min(usual * 2.0 ** min(self._tries, 20), _RAREST_S), self._least_s) * NS_PER_S)

    def _wait(self) -> None:
        self.rest()
        self._timer = self._clock.call_at(self._heard_ns + self._patience_ns, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._clock.now_ns()
        if now < self._heard_ns:  # the broker's clock was taken back
            self._note()
        if now - self._heard_ns < self._patience_ns:
            self._wait()
            return
        left_ns = self._elapsed_ns + _MACHINE_NS - self._clock.monotonic_ns()
        if left_ns > 0:
            self._timer = self._clock.call_later(left_ns / NS_PER_S, self._look)
            return
        outside = not self._series.regular_hours_only
        if self._series.instrument.is_open(now, outside_regular_hours=outside) is False:
            self._note()  # nothing is missing: count from here, so that an opening starts afresh
            self._wait()
            return
        self._tries += 1
        self._silent()


def _content(bar: Bar | None) -> tuple[float, ...]:
    return () if bar is None else (bar.start_ns, bar.open, bar.high, bar.low, bar.close, bar.volume)
