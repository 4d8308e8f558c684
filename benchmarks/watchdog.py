# SPDX-License-Identifier: Apache-2.0
"""A watchdog inside the window's own event loop: how late would something that is due now be served?

A timer rings every millisecond. When the loop was held for 20 ms, the 20 rings that were due meanwhile were 19,
18, 17 ... ms late: all are counted, not only the one that came. ``python -m benchmarks.watchdog SECONDS`` prints
the figures of an empty window on the same loop, the control.
"""

import json
import sys
import time
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer

from benchmarks.harness import percentile

_PERIOD_MS: Final = 1


class Watchdog(QObject):
    """Collects lateness from `start` on; `take` returns what it has and begins anew."""

    def __init__(self) -> None:
        super().__init__()
        self._gaps: list[float] = []
        self._last = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_PERIOD_MS)
        self._timer.timeout.connect(self._ring)

    def start(self) -> None:
        self._last = time.perf_counter_ns()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _ring(self) -> None:
        now = time.perf_counter_ns()
        self._gaps.append((now - self._last) / 1e6)
        self._last = now

    def take(self) -> list[float]:
        """Return the lateness of every ring that was due, milliseconds."""
        gaps, self._gaps = self._gaps, []
        late: list[float] = []
        for gap in gaps:
            over = gap - _PERIOD_MS
            late.append(max(0.0, over))
            while (over := over - _PERIOD_MS) > 0:
                late.append(over)
        return late


def figures(late: list[float]) -> dict[str, float]:
    return {
        "p50": percentile(late, 50),
        "p99": percentile(late, 99),
        "max": max(late),
        "busy": sum(one for one in late if one > _PERIOD_MS) / max(1, len(late)),
    }


def main() -> int:
    import asyncio

    import qasync
    from PySide6.QtWidgets import QApplication, QMainWindow

    app = QApplication([])
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    window = QMainWindow()
    window.resize(1440, 900)
    window.show()

    async def watch() -> list[float]:
        await asyncio.sleep(1)
        dog = Watchdog()
        dog.start()
        await asyncio.sleep(float(sys.argv[1]))
        dog.stop()
        return dog.take()

    with loop:
        print(json.dumps(figures(loop.run_until_complete(watch()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
