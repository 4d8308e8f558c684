# SPDX-License-Identifier: Apache-2.0
"""Resident memory of the demo while its market runs thirty times as fast as life: is it flat?

What is kept on purpose (prints, quotes, log lines, texts laid out) has bounds and must fill first: two hours of the
market pass before anything is measured. Then the straight line through an hour of samples tells how fast memory
grows. Flat means: carried on over a whole session of the exchange (390 minutes) that line rises by less than 5 MB,
2 % of what the process holds, which is what one more symbol or chart may cost. ``--quick`` warms up for a quarter of
an hour only and still sees what fills.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Final

import numpy as np

from benchmarks import demo
from benchmarks.bench_loop import MOST_MB, SIZE, memory_mb
from benchmarks.harness import Row, limited, told

if TYPE_CHECKING:
    from widgets.desk import Desk

SPEED: Final = 30
SESSION_MIN: Final = 390
MOST_GROWTH_MB: Final = 5.0
"""Over a session."""
_EVERY_S: Final = 1.0


class _Session:
    def __init__(self, warm_min: float, seen_min: float) -> None:
        self._warm_s, self._seen_s = warm_min * 60 / SPEED, seen_min * 60 / SPEED
        self.minutes: list[float] = []
        self.samples: list[tuple[float, float]] = []

    async def run(self, desk: "Desk") -> int:
        desk.window.resize(*SIZE)
        desk.reset_layout()
        await asyncio.sleep(self._warm_s)
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < self._seen_s:
            self.minutes.append(passed * SPEED / 60)
            self.samples.append(memory_mb())
            await asyncio.sleep(_EVERY_S)
        return 0

    def growth(self, which: int) -> float:
        """Return what a session of the market would add, MB: 0 is this process, 1 the simulator."""
        megabytes = [sample[which] for sample in self.samples]
        return float(np.polyfit(self.minutes, megabytes, 1)[0]) * SESSION_MIN


def measure(*, quick: bool) -> list[Row]:
    warm, seen = (15, 15) if quick else (120, 60)
    session = _Session(warm, seen)
    if demo.run(session.run, settings=f"[demo]\nspeed = {SPEED}.0\n"):
        raise RuntimeError("the demo ended early")
    ours, child = session.samples[-1]
    note = f"from {session.samples[0][0]:.1f} to {ours:.1f} MB in {seen} minutes of the market, after {warm}"
    other = f"from {session.samples[0][1]:.1f} to {child:.1f} MB"
    return [
        limited(f"resident memory after {warm + seen} minutes of the market", ours, unit="MB", below=MOST_MB),
        limited("its growth, carried on over a session", session.growth(0), unit="MB", below=MOST_GROWTH_MB, note=note),
        told("resident memory of the simulator", child, unit="MB"),
        limited("the same for the simulator", session.growth(1), unit="MB", below=MOST_GROWTH_MB, note=other),
    ]
