# SPDX-License-Identifier: Apache-2.0
"""Supervised tasks start again after a fault, are missed when they fall silent, and end when told."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest

from terminal.bus import Bus
from terminal.clock import SimClock
from terminal.errors import InvariantError
from terminal.model.events import TaskFailed
from terminal.tasks import HEALTHY_AFTER_S, LONGEST_PAUSE_S, Heart, Supervisor, TaskState


class Bench:
    """A supervisor on a clock that the test moves."""

    def __init__(self) -> None:
        self.bus, self.clock = Bus(), SimClock(0)
        self.failures: list[TaskFailed] = []
        self.bus.subscribe(TaskFailed, self.failures.append)
        self.tasks = Supervisor(self.bus, self.clock)

    def has_failed(self, times: int) -> bool:
        return len(self.failures) >= times

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(100):
            if condition():
                return
            await asyncio.sleep(0)
        raise AssertionError("it did not come to that")


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    await made.tasks.stop()


async def forever(_: Heart) -> None:
    await asyncio.Event().wait()


async def test_a_task_that_ends_well_is_not_started_again(bench: Bench) -> None:
    runs: list[int] = []

    async def work(_: Heart) -> None:
        runs.append(1)

    bench.tasks.start("once", work)
    await bench.until(lambda: bench.tasks.states["once"] is TaskState.ENDED)
    bench.clock.advance(100)
    assert runs == [1]
    assert bench.failures == []


async def test_a_fault_is_told_and_the_task_starts_again_after_a_growing_pause(bench: Bench) -> None:
    runs: list[float] = []

    async def work(_: Heart) -> None:
        runs.append(bench.clock.now_ns() / 1e9)
        raise ValueError("bad luck")

    bench.tasks.start("unlucky", work)
    for _ in range(9):
        seen = len(bench.failures)
        await bench.until(partial(bench.has_failed, seen + 1))
        due = bench.clock.next_timer_ns()
        assert due is not None
        bench.clock.advance_to(due)
    pauses = [later - earlier for earlier, later in itertools.pairwise(runs)]
    assert pauses == [0.5, 1, 2, 4, 8, 16, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    assert bench.failures[0].name == "unlucky"
    assert bench.failures[0].reason == "ValueError: bad luck"


async def test_a_long_good_life_makes_the_next_pause_short_again(bench: Bench) -> None:
    fail = asyncio.Event()

    async def work(_: Heart) -> None:
        await fail.wait()
        raise ValueError("at last")

    for _ in range(2):
        fail.set()
        if not bench.failures:
            bench.tasks.start("steady", work)
        await bench.until(lambda: bench.tasks.states["steady"] is TaskState.WAITING)
        fail.clear()
        bench.clock.advance(0.5)
        await bench.until(lambda: bench.tasks.states["steady"] is TaskState.RUNNING)
        bench.clock.advance(HEALTHY_AFTER_S)
    assert len(bench.failures) == 2


async def test_a_task_that_must_not_run_again_stays_down(bench: Bench) -> None:
    async def work(_: Heart) -> None:
        raise ValueError("once is enough")

    bench.tasks.start("single", work, restart=False)
    await bench.until(lambda: bench.tasks.states["single"] is TaskState.FAILED)
    assert len(bench.failures) == 1
    assert bench.clock.next_timer_ns() is None


async def test_a_task_that_was_cancelled_from_outside_is_missed(bench: Bench) -> None:
    mine: list[asyncio.Task[None]] = []

    async def work(_: Heart) -> None:
        current = asyncio.current_task()
        assert current is not None
        mine.append(current)
        await asyncio.Event().wait()

    bench.tasks.start("victim", work)
    await bench.until(lambda: bool(mine))
    mine[0].cancel()
    await bench.until(lambda: bool(bench.failures))
    assert bench.failures[0].reason == "was cancelled from outside"
    bench.clock.advance(1)
    await bench.until(lambda: len(mine) == 2)


async def test_a_silent_task_is_missed_within_its_time_and_started_again(bench: Bench) -> None:
    hearts: list[Heart] = []

    async def work(heart: Heart) -> None:
        hearts.append(heart)
        await asyncio.Event().wait()

    bench.tasks.start("heartbeat", work, max_silence_s=4)
    await bench.until(lambda: bool(hearts))
    for _ in range(6):
        bench.clock.advance(1)
        hearts[0].beat()
    assert bench.failures == []
    bench.clock.advance(5)
    await bench.until(lambda: bool(bench.failures))
    assert bench.failures[0].reason == "gave no sign of life"
    bench.clock.advance(1)
    await bench.until(lambda: len(hearts) == 2)


async def test_a_name_belongs_to_one_task(bench: Bench) -> None:
    bench.tasks.start("one", forever)
    with pytest.raises(InvariantError, match="one"):
        bench.tasks.start("one", forever)
    bench.tasks.cancel("one")
    bench.tasks.cancel("one")
    bench.tasks.start("one", forever)


async def test_stopping_ends_everything_and_starts_nothing(bench: Bench) -> None:
    ended: list[str] = []

    async def work(_: Heart) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("one")

    async def unlucky(_: Heart) -> None:
        raise ValueError("waiting for its next start")

    bench.tasks.start("one", work)
    bench.tasks.start("two", unlucky)
    await bench.until(lambda: bench.tasks.states["two"] is TaskState.WAITING)
    await bench.tasks.stop()
    assert ended == ["one"]
    bench.clock.advance(100)
    assert len(bench.failures) == 1
    with pytest.raises(InvariantError, match="stops"):
        bench.tasks.start("three", forever)
