# SPDX-License-Identifier: Apache-2.0
"""Tasks: everything asynchronous that must live as long as the terminal does, by name and under supervision.

A task that ends by a fault is told on the bus (`TaskFailed`) and started again after a growing pause; one that
promised to give a sign of life and does not is treated alike. One of the four places that catch everything: a
fault here must not take the terminal down. Decides nothing about trading: who hears `TaskFailed` does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog

from terminal.bus import Bus
from terminal.clock import NS_PER_S, Clock, Timer
from terminal.errors import InvariantError
from terminal.model.events import TaskFailed

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
HEALTHY_AFTER_S: Final = 60.0
"""A task that lived this long starts again with the first pause."""
_WATCH_S: Final = 1.0
_STOP_S: Final = 5.0
_log = structlog.get_logger("tasks")


class TaskState(StrEnum):
    RUNNING = "running"
    WAITING = "waiting"  # for its next start
    ENDED = "ended"
    FAILED = "failed"  # ended by a fault, not to be started again


class Heart:
    """Given to every task: `beat` says that it is alive."""

    __slots__ = ("_clock", "last_ns")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.last_ns = clock.monotonic_ns()

    def beat(self) -> None:
        self.last_ns = self._clock.monotonic_ns()

    @property
    def silence_s(self) -> float:
        return (self._clock.monotonic_ns() - self.last_ns) / NS_PER_S


Work = Callable[[Heart], Awaitable[None]]


@dataclass(slots=True)
class _Watched:
    name: str
    work: Work
    restart: bool
    max_silence_s: float | None
    heart: Heart
    state: TaskState = TaskState.RUNNING
    failures: int = 0
    started_ns: int = 0
    reason: str = ""
    task: "asyncio.Task[None] | None" = None
    timer: Timer | None = None
    silenced: bool = False


class Supervisor:
    """Runs named tasks until `stop`. All times are those of the clock that it is given.

    Publishes: TaskFailed.
    """

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus, self._clock = bus, clock
        self._watched: dict[str, _Watched] = {}
        self._watch: Timer | None = None
        self._stopping = False

    def start(self, name: str, work: Work, *, restart: bool = True, max_silence_s: float | None = None) -> None:
        """Run ``work(heart)`` as task ``name``; with ``restart`` again after every fault (not after a normal end).

        ``max_silence_s``: a longer time without `Heart.beat` is a fault.

        Raises:
            InvariantError: a task of that name lives, or the supervisor is stopping.
        """
        if self._stopping:
            raise InvariantError(f"task {name} cannot start while the terminal stops")
        old = self._watched.get(name)
        if old is not None and old.state in (TaskState.RUNNING, TaskState.WAITING):
            raise InvariantError(f"a task named {name} is running")
        watched = _Watched(name=name, work=work, restart=restart, max_silence_s=max_silence_s, heart=Heart(self._clock))
        self._watched[name] = watched
        self._begin(watched)
        if max_silence_s is not None and self._watch is None:
            self._watch = self._clock.call_later(_WATCH_S, self._look)

    def cancel(self, name: str) -> None:
        """End a task for good; a name that is not running is no fault."""
        watched = self._watched.pop(name, None)
        if watched is not None:
            self._end(watched)

    @property
    def states(self) -> Mapping[str, TaskState]:
        """Return the state of every task by name."""
        return {name: watched.state for name, watched in self._watched.items()}

    async def stop(self) -> None:
        """Cancel every task and wait for their ends, at most 5 s for all together."""
        self._stopping = True
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        tasks = [watched.task for watched in self._watched.values() if watched.task is not None]
        for watched in self._watched.values():
            self._end(watched)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_STOP_S)
            for task in late:
                _log.error("task did not end", task=task.get_name())

    # ------------------------------------------------------------ inside
    def _begin(self, watched: _Watched) -> None:
        watched.timer = None
        watched.silenced = False
        watched.state = TaskState.RUNNING
        watched.started_ns = self._clock.monotonic_ns()
        watched.heart.beat()
        watched.task = asyncio.get_running_loop().create_task(self._live(watched), name=watched.name)

    async def _live(self, watched: _Watched) -> None:
        try:
            await watched.work(watched.heart)
        except asyncio.CancelledError:
            if self._stopping or self._watched.get(watched.name) is not watched:
                raise
            reason = "gave no sign of life" if watched.silenced else "was cancelled from outside"
            self._failed(watched, reason, None)
        except Exception as fault:
            self._failed(watched, f"{type(fault).__name__}: {fault}", fault)
        else:
            watched.state = TaskState.ENDED

    def _failed(self, watched: _Watched, reason: str, fault: Exception | None) -> None:
        lived_s = (self._clock.monotonic_ns() - watched.started_ns) / NS_PER_S
        watched.failures = 1 if lived_s >= HEALTHY_AFTER_S else watched.failures + 1
        watched.reason = reason
        _log.error("task failed", task=watched.name, reason=reason, failures=watched.failures, exc_info=fault)
        if watched.restart and not self._stopping:
            watched.state = TaskState.WAITING
            pause_s = min(FIRST_PAUSE_S * 2 ** (watched.failures - 1), LONGEST_PAUSE_S)
            watched.timer = self._clock.call_later(pause_s, lambda: self._begin(watched))
        else:
            watched.state = TaskState.FAILED
        self._bus.publish(TaskFailed(ns=self._clock.now_ns(), name=watched.name, reason=reason))

    def _look(self) -> None:
        """Find tasks that fell silent."""
        self._watch = self._clock.call_later(_WATCH_S, self._look)
        for watched in tuple(self._watched.values()):
            silent = watched.max_silence_s is not None and watched.heart.silence_s > watched.max_silence_s
            if silent and watched.state is TaskState.RUNNING and watched.task is not None and not watched.silenced:
                watched.silenced = True
                watched.task.cancel()

    @staticmethod
    def _end(watched: _Watched) -> None:
        if watched.timer is not None:
            watched.timer.cancel()
            watched.timer = None
        if watched.state is TaskState.WAITING:
            watched.state = TaskState.ENDED
        if watched.task is not None and not watched.task.done():
            watched.task.cancel()
