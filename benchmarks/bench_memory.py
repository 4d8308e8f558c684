# SPDX-License-Identifier: Apache-2.0
"""Resident memory of the demo while its market runs eight times as fast as life: does it grow?"""

import asyncio
from typing import TYPE_CHECKING, Final

import numpy as np

from benchmarks import demo
from benchmarks.bench_loop import MOST_MB, SIZE, memory_mb
from benchmarks.harness import Row, limited, told

if TYPE_CHECKING:
    from widgets.desk import Desk

SPEED: Final = 8
MOST_GROWTH: Final = 1.0
"""MB per minute of the market: half a gigabyte in a session would not be flat."""
_EVERY_S: Final = 1.0


class _Session:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.samples: list[tuple[float, float]] = []

    async def run(self, desk: "Desk") -> int:
        desk.window.resize(*SIZE)
        desk.reset_layout()
        await asyncio.sleep(15)
        for _ in range(int(self._seconds / _EVERY_S)):
            self.samples.append(memory_mb())
            await asyncio.sleep(_EVERY_S)
        return 0


def _growth(megabytes: list[float]) -> float:
    """Return the slope in MB per minute of the market."""
    minutes = np.arange(len(megabytes)) * _EVERY_S * SPEED / 60
    return float(np.polyfit(minutes, megabytes, 1)[0])


def measure(*, quick: bool) -> list[Row]:
    session = _Session(15 if quick else 60)
    if demo.run(session.run, settings=f"[demo]\nspeed = {SPEED}.0\n"):
        raise RuntimeError("the demo ended early")
    ours, child = [one for one, _ in session.samples], [one for _, one in session.samples]
    minutes = len(ours) * _EVERY_S * SPEED / 60
    return [
        limited(f"resident memory after {minutes:.0f} more minutes of the market", ours[-1], unit="MB", below=MOST_MB),
        limited("its growth per minute of the market", _growth(ours), unit="MB", below=MOST_GROWTH),
        told("resident memory of the simulator", child[-1], unit="MB"),
        told("its growth per minute of the market (simulator)", _growth(child), unit="MB"),
    ]
