# SPDX-License-Identifier: Apache-2.0
"""G15: fresh processes, one after the other, from their start to a moment that they tell on standard error.

First paint against a bare QtWidgets window; filled docks against a process that does nothing but import, at once and
as we do (without PySide's wrapper around import), everything that the streaming demo has imported; and when each
panel of the demo shows live data, in the layout that a newcomer meets (see benchmarks/streaming.py).
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.harness import ROOT, Row, compared, limited, python, told
from benchmarks.streaming import EMPTY

BARE: Final = """
import sys
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        sys.stderr.write("first paint\\n")
        sys.stderr.flush()
app = QApplication([])
window = Window()
window.resize(1440, 900)
window.show()
app.exec()
"""
EAGER: Final = """
import importlib, sys
for name in sys.argv[1].split(","):
    try:
        module = importlib.import_module(name)
        if name == "widgets.imports":
            module.unwrap_import()
    except ImportError:
        sys.stderr.write(f"no {name}\\n")
sys.stderr.write("imported\\n")
sys.stderr.flush()
"""
_STREAMING_S: Final = 4.0
_NEVER_MS: Final = 20_000.0


class Started:
    """One fresh process, and the moments it has told."""

    def __init__(self, *arguments: str) -> None:
        environment = {**os.environ, "TILLER_TRACE_START": "1"}
        self._start = time.perf_counter()
        self._child = python(*arguments, environment=environment, stderr=subprocess.PIPE, start_new_session=True)
        self.lines: list[str] = []

    def until(self, moment: str) -> float:
        """Return milliseconds from the start to a line on standard error."""
        assert self._child.stderr is not None
        for line in self._child.stderr:
            if line.strip() == moment:
                return (time.perf_counter() - self._start) * 1e3
            self.lines.append(line)
        raise RuntimeError(f"{self._child.args!r} ended before {moment!r} and said: {''.join(self.lines)}")

    def processor_ms(self) -> float:
        """Return the processor time that the process has used, milliseconds; 0 where the system does not tell."""
        path = Path(f"/proc/{self._child.pid}/schedstat")
        return int(path.read_text("ascii").split()[0]) / 1e6 if path.exists() else 0.0

    def end(self) -> None:
        """End it at once, its simulator too."""
        os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        assert self._child.stderr is not None
        self._child.stderr.close()


def _bare() -> tuple[float, float]:
    started = Started("-c", BARE)
    found = started.until("first paint"), started.processor_ms()
    started.end()
    return found


def _ours(folder: str) -> tuple[float, float, float, float]:
    """Return wall and processor time up to the first paint, then up to the filled docks."""
    started = Started("main.py", "--demo", "--data-dir", tempfile.mkdtemp(dir=folder))
    painted = started.until("first paint")
    busy = started.processor_ms()
    filled = started.until("docks filled")
    busy_filled = started.processor_ms()
    started.end()
    return painted, busy, filled, busy_filled


def _eager(names: Sequence[str]) -> tuple[float, float]:
    started = Started("-c", EAGER, ",".join(names))
    found = started.until("imported"), started.processor_ms()
    started.end()
    return found


def _modules() -> list[str]:
    """Return what a streaming demo has imported, as far as it can be imported by its name."""
    text = subprocess.run(
        [sys.executable, "-m", "benchmarks.streaming", "--modules"],
        cwd=ROOT, check=True, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    names: list[str] = json.loads(text)
    tried = Started("-c", EAGER, ",".join(names))
    tried.until("imported")
    tried.end()
    missing = {line.split()[1] for line in tried.lines if line.startswith("no ")}
    return [name for name in names if name not in missing]


def _streaming() -> dict[str, dict[str, float]]:
    start_ns = time.monotonic_ns()
    child = python("-m", "benchmarks.streaming", str(start_ns), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    text, _ = child.communicate(timeout=60)
    found: dict[str, dict[str, float]] = json.loads(text)
    return found


def measure(*, quick: bool) -> list[Row]:
    subprocess.run([sys.executable, "-m", "compileall", "-q", "main.py", "terminal", "brokers", "strategies",
                    "widgets", "resources", "benchmarks"], cwd=ROOT, check=True)  # fmt: skip
    rounds = 4 if quick else 12
    names = _modules()
    paints, busy, docks, busy_docks = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="tiller-bench-") as folder:
        for number in range(rounds + 1):
            ours, bare, eager = _ours(folder), _bare(), _eager(names)
            if number:  # the first fills the page cache
                paints.append((ours[0], bare[0]))
                busy.append((ours[1], bare[1]))
                docks.append((ours[2], eager[0]))
                busy_docks.append((ours[3], eager[1]))
    rows = [
        compared("first paint", paints, unit="ms", reference_name="bare window", most_ratio=1.6),
        compared("docks filled", docks, unit="ms", reference_name=f"{len(names)} modules at once", most_ratio=1.0),
    ]
    if all(theirs for _, theirs in busy):  # no noise of neighbours in these
        name = "processor time up to the first paint"
        rows.insert(1, compared(name, busy, unit="ms", reference_name="bare window"))
        rows.append(compared("processor time up to filled docks", busy_docks, unit="ms", reference_name="all at once"))
    return [*rows, *_streaming_rows(2 if quick else 5)]


def _streaming_rows(rounds: int) -> list[Row]:
    runs = [_streaming() for _ in range(rounds)]
    in_sight = _moments([run["sight"] for run in runs])
    raised = _moments([run["raised"] for run in runs])
    empty = " and ".join(EMPTY)
    return [
        *(told(f"live data in {key}", ms / 1e3, unit="s", note="in sight") for key, ms in in_sight.items()),
        limited("live data in every panel in sight", max(in_sight.values()) / 1e3, unit="s", below=_STREAMING_S,
                note="the layout as it opens; orders: compared with the broker's"),
        *(told(f"live data in {key}", ms / 1e3, unit="s", note="raised, after those above")
          for key, ms in raised.items()),
        limited("live data in every panel, those behind a tab raised in turn", max(raised.values()) / 1e3, unit="s",
                below=_STREAMING_S, note=f"{empty} are empty before a trade and not counted"),
    ]  # fmt: skip


def _moments(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median of each panel's moment, ms, the earliest first."""
    keys = {key for run in runs for key in run}
    found = {key: statistics.median(run.get(key, _NEVER_MS) for run in runs) for key in keys}
    return dict(sorted(found.items(), key=lambda item: item[1]))
