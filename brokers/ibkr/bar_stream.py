# SPDX-License-Identifier: Apache-2.0
"""One series of bars that keeps up to date: what was asked for it, what of it was told last, and how it grows.

It hands bars to its sink in their order; asking for them is the business of `History`.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from brokers.ibkr.bar_watch import BarWatch
from brokers.ibkr.series import Series
from terminal.clock import Timer
from terminal.model.market import Bar

REAL_TIME_S: Final = 5
"""The one size of IBKR's real-time bars."""


@dataclass(eq=False, slots=True)
class Stream:
    """One keep-up-to-date series; fulfils `BarStream`."""

    series: Series
    sink: Callable[[Sequence[Bar], bool], None]
    on_close: Callable[["Stream"], None]
    watch: BarWatch
    req_id: int = 0
    live_id: int = 0
    early: list[Bar] = field(default_factory=list)
    """Real-time bars that ended while history was on its way."""
    answered: bool = False
    last: Bar | None = None
    closed: bool = False
    failures: int = 0
    task: asyncio.Task[None] | None = None
    retry: Timer | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def real_time(self) -> bool:
        """Whether it grows by real-time bars."""
        return self.series.seconds == REAL_TIME_S

    def close(self) -> None:
        self.on_close(self)

    def grow(self, bar: Bar) -> None:
        """Take an update; one that is older than what is shown is a repetition."""
        last = self.last
        if last is not None and bar.start_ns < last.start_ns:
            return
        self.last = bar
        self.watch.heard(bar)
        if last is not None and bar.start_ns > last.start_ns and not last.closed:
            self.sink((replace(last, closed=True), bar), False)
        else:
            self.sink((bar,), False)
