# SPDX-License-Identifier: Apache-2.0
"""Stalls of the event loop in the demo at 1440x900 with orders working, and what the process keeps in memory.

First the default layout, then the option chain in sight. The control is an empty window on the same loop in the
same run: what it suffers is the machine's, not ours.
"""

import asyncio
import gc
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from benchmarks import demo
from benchmarks.harness import ROOT, Row, limited, told

if TYPE_CHECKING:
    from benchmarks.watchdog import Watchdog
    from widgets.desk import Desk

SIZE: Final = (1440, 900)
MOST_P99_MS: Final = 16.0
MOST_MS: Final = 100.0
MOST_MB: Final = 350.0


class _Pauses:
    """How long the cycle collector holds the process."""

    def __init__(self) -> None:
        self.ms: list[float] = []
        self._begun = 0.0
        gc.callbacks.append(self._on_gc)

    def _on_gc(self, phase: str, _: dict[str, int]) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._begun = now
        else:
            self.ms.append((now - self._begun) * 1e3)


def memory_mb() -> tuple[float, float]:
    """Return resident memory of this process and of its simulator, MB."""
    this = psutil.Process()
    return this.memory_info().rss / 1e6, sum(child.memory_info().rss for child in this.children()) / 1e6


def control(seconds: float) -> dict[str, float]:
    text = subprocess.run(
        [sys.executable, "-m", "benchmarks.watchdog", str(seconds)],
        cwd=ROOT, check=True, capture_output=True, text=True, timeout=seconds + 30,
    ).stdout  # fmt: skip
    found: dict[str, float] = json.loads(text)
    return found


class _Session:
    def __init__(self, *, quick: bool) -> None:
        self._settle_s, self._main_s, self._chain_s = (6, 15, 8) if quick else (12, 60, 20)
        self.rows: list[Row] = []

    async def run(self, desk: "Desk") -> int:
        from benchmarks import watchdog
        from terminal.model.enums import LinkState
        from widgets.shots import ShotSession, until

        dog, pauses = watchdog.Watchdog(), _Pauses()
        dog.start()
        desk.window.resize(*SIZE)
        desk.reset_layout()
        if not await until(lambda: desk.kernel.link is LinkState.READY and bool(desk.kernel.watchlist)):
            return 1
        await ShotSession(Path(), seconds=0, size=SIZE)._trade(desk)
        await asyncio.sleep(self._settle_s)
        self.rows.append(
            limited(
                "stall max while starting",
                max(dog.take()),
                unit="ms",
                below=MOST_MS,
                note="from panels in place: layout anew, library imported, connected, histories, four orders",
            )
        )
        pauses.ms.clear()
        used = time.process_time()
        await self._watch(dog, "default layout", self._main_s)
        share = (time.process_time() - used) / self._main_s * 100
        ours, child = memory_mb()
        self.rows += [
            told("processor time of the window and core", share, unit="% of one"),
            told("longest pause of the cycle collector", max(pauses.ms, default=0), unit="ms",
                 note=f"{len(pauses.ms)} passes"),
            limited("resident memory", ours, unit="MB", below=MOST_MB, note=f"simulator {child:.0f} MB"),
        ]  # fmt: skip
        desk.window.top.show_workspace("Options")
        desk.switch_workspace("Options")
        await asyncio.sleep(3)
        dog.take()
        await self._watch(dog, "chain in sight", self._chain_s)
        dog.stop()
        return 0

    async def _watch(self, dog: "Watchdog", where: str, seconds: float) -> None:
        from benchmarks.watchdog import figures

        dog.take()
        await asyncio.sleep(seconds)
        found = figures(dog.take())
        self.rows += [
            limited(f"stall p99, {where}, {seconds} s", found["p99"], unit="ms", below=MOST_P99_MS,
                    note=f"p50 {found['p50']:.2f} ms"),
            limited(f"stall max, {where}", found["max"], unit="ms", below=MOST_MS),
        ]  # fmt: skip


def measure(*, quick: bool) -> list[Row]:
    session = _Session(quick=quick)
    before = control(5)
    code = demo.run(session.run)
    after = control(5)
    if code:
        raise RuntimeError(f"the demo ended with code {code}")
    return [
        *session.rows,
        *(
            told(f"control: empty window, {when}", found["p99"], unit="ms p99", note=f"max {found['max']:.1f} ms")
            for when, found in (("before", before), ("after", after))
        ),
    ]
