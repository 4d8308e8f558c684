# SPDX-License-Identifier: Apache-2.0
"""The demo's server process: this very program, started with `simulate` on a free loopback port, and stopped with us.

The child gives up by itself when its parent is gone, so a crash leaves nothing behind. Everything after
the connection goes over the socket like to any TWS.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from terminal.errors import UserError

_STOP_PATIENCE_S: Final = 5.0


def program() -> list[str]:
    """Return the command that starts this program again, installed, from source or frozen."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    main_file = Path(__file__).resolve().parents[2] / "main.py"
    return [sys.executable, str(main_file)]


@dataclass(slots=True, kw_only=True)
class SimulatorChild:
    """A simulated TWS in its own process.

    Raises on `wait_listening`:
        UserError SIM-001: it ended before it listened; the text carries what it said.
    """

    errors: Path
    """Where its standard error goes."""
    arguments: Sequence[str] = ()
    command: Sequence[str] = field(default_factory=program)
    _process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the process without waiting for it."""
        with self.errors.open("w", encoding="utf-8") as errors:
            self._process = subprocess.Popen(
                [*self.command, "simulate", "--parent-pid", str(os.getpid()), *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def wait_listening(self) -> tuple[str, int]:
        """Block until it accepts connections; return host and port. Call it off the event loop."""
        process = self._running()
        if process.stdout is None:
            raise UserError("SIM-001", "the simulator has no standard output")
        line = process.stdout.readline()
        if not line:
            code = process.wait(_STOP_PATIENCE_S)
            said = self.errors.read_text(encoding="utf-8").strip().splitlines()[-1:] or ["nothing"]
            raise UserError("SIM-001", f"the simulator ended with code {code} and said: {said[0]}")
        where = json.loads(line)["listening"]
        return str(where["host"]), int(where["port"])

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask it to save its state and end; insist after 5 s."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_STOP_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(_STOP_PATIENCE_S)
        if process.stdout is not None:
            with contextlib.suppress(OSError):
                process.stdout.close()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise UserError("SIM-001", "the simulator was not started")
        return self._process
