# SPDX-License-Identifier: Apache-2.0
"""The contract suite: every check, by one client, against a server process; and the table of what came out."""

import json
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Lock
from typing import Final

from tests.clients import checks_history, checks_market, checks_orders, checks_session
from tests.clients.conversation import CHECKS, Check, Conversation
from tests.clients.environments import ROOT, Client

FEWEST: Final = 80
"""Fewest checks that each client must run."""
REPORT: Final[list[str]] = []
SPEED: Final = 20
_PATIENCE_S: Final = 120.0
_ORDER: Final = [module.__name__ for module in (checks_session, checks_market, checks_history, checks_orders)]
"""The day of a client: it connects first and disconnects last."""
IN_ORDER: Final = sorted(CHECKS, key=lambda one: _ORDER.index(one.module))
_CLIENT_IDS: Final = count(11, 10)


@dataclass(slots=True)
class Result:
    """What one client's run came to."""

    client: str
    version: int
    passed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def line(self) -> str:
        """One row of the table."""
        return (
            f"{self.client:20} {self.version:>7} {len(self.passed):>7} {len(self.failed):>7} "
            f"{len(self.left_out):>9} {self.seconds:>8.1f}"
        )


HEADER: Final = f"{'client':20} {'version':>7} {'passed':>7} {'failed':>7} {'not there':>9} {'seconds':>8}"


@contextmanager
def server_process(folder: Path, *arguments: str) -> Iterator[tuple[str, int]]:
    """Run the real server as a process of its own; yield where it listens."""
    command = [sys.executable, str(ROOT / "main.py"), "simulate", "--seed", "7", "--speed", str(SPEED), *arguments]
    with (folder / "server.txt").open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=folder)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, (folder / "server.txt").read_text(encoding="utf-8")
        where = json.loads(line)["listening"]
        yield where["host"], where["port"]
        assert process.poll() is None, "the server died"
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


class Company:
    """The clients that share a server: a check that must run alone waits for all, and then for its turn."""

    def __init__(self, clients: int) -> None:
        self._all = Barrier(clients, timeout=_PATIENCE_S)
        self._turn = Lock()

    def run(self, one: Check, talk: Conversation) -> None:
        """Run a check, alone if it must be."""
        if not one.alone:
            one.run(talk)
            return
        with suppress(BrokenBarrierError):  # somebody is very late: that is seen in his own row
            self._all.wait()
        with self._turn:
            one.run(talk)


def run(client: Client, python: Path, where: tuple[str, int], version: int, company: Company) -> Result:
    """Let one client run every check that applies to it; a check that fails does not stop the others."""
    talk = Conversation(client, python, *where, version, next(_CLIENT_IDS))
    result = Result(client.name, version)
    began = time.perf_counter()
    talk.start()
    try:
        for one in IN_ORDER:
            if not one.applies(talk):
                result.left_out.append(one.name)
                continue
            try:
                company.run(one, talk)
            except (AssertionError, KeyError, IndexError, TypeError, ValueError, StopIteration) as error:
                place = traceback.extract_tb(error.__traceback__)[-1]
                result.failed[one.name] = f"line {place.lineno} {place.line}: {type(error).__name__}: {error}"
            else:
                result.passed.append(one.name)
    finally:
        talk.stop()
    result.seconds = time.perf_counter() - began
    return result
