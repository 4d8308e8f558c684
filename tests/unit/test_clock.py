# SPDX-License-Identifier: Apache-2.0
"""The clock: moments of the market come when the broker's time says so, whatever its rate and its jumps."""

import asyncio

import pytest

from terminal.clock import NS_PER_S, LiveClock, SimClock

HOUR = 3_600 * NS_PER_S


async def moment(clock: LiveClock, ns: int) -> int:
    """Wait for a moment of the market; return how far past it the clock stood then."""
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    clock.call_at(ns, lambda: done.set_result(clock.now_ns() - ns))
    async with asyncio.timeout(20):
        return await done


@pytest.mark.parametrize("rate", [1.0, 1_000.0])
async def test_a_moment_comes_at_the_clock_s_own_rate(rate: float) -> None:
    """At a thousandfold rate an hour of the market is 3.6 seconds of ours; a timer of ours would take the hour."""
    clock = LiveClock(rate)
    late = await moment(clock, clock.now_ns() + round(rate * NS_PER_S / 20))
    assert late >= 0


async def test_a_moment_that_the_broker_s_clock_jumps_over_comes_at_once() -> None:
    clock = LiveClock()
    waiting = asyncio.ensure_future(moment(clock, clock.now_ns() + HOUR))
    await asyncio.sleep(0)
    clock.adjust(clock.now_ns() + 2 * HOUR)
    assert await waiting >= 0


async def test_a_moment_waits_anew_when_the_broker_s_clock_jumps_back() -> None:
    clock = LiveClock()
    clock.adjust(clock.now_ns())
    early: list[int] = []
    begun = clock.now_ns()
    timer = clock.call_at(begun + NS_PER_S // 20, lambda: early.append(clock.now_ns()))
    for _ in range(2):
        clock.adjust(begun - HOUR)
    assert clock.jumps == 1
    assert await moment(clock, clock.now_ns() + NS_PER_S // 10) >= 0
    assert early == []
    timer.cancel()


async def test_a_cancelled_moment_never_comes() -> None:
    clock = LiveClock()
    came: list[bool] = []
    clock.call_at(clock.now_ns() + NS_PER_S // 100, lambda: came.append(True)).cancel()
    await moment(clock, clock.now_ns() + NS_PER_S // 20)
    assert came == []


def test_the_stepped_clock_knows_moments_too() -> None:
    clock = SimClock(HOUR)
    came: list[int] = []
    clock.call_at(HOUR + NS_PER_S, lambda: came.append(clock.now_ns()))
    clock.call_at(HOUR - NS_PER_S, lambda: came.append(clock.now_ns()))
    clock.advance(2)
    assert came == [HOUR, HOUR + NS_PER_S]


def test_ages_are_counted_in_seconds_of_the_machine() -> None:
    """At a thousandfold rate a second of the machine is 1,000 s of the market: a feed is no older for that."""
    fast, plain = LiveClock(1_000.0), SimClock(HOUR)
    assert fast.seconds_since(fast.now_ns() - 2_000 * NS_PER_S) == pytest.approx(2.0, abs=0.5)
    assert fast.seconds_since(fast.now_ns() + HOUR) == 0.0
    assert plain.seconds_since(HOUR - 2 * NS_PER_S) == 2.0


def test_a_clock_that_followed_the_broker_stands_nowhere_else() -> None:
    clock = LiveClock()
    clock.adjust(clock.now_ns())
    assert clock.drift_s == 0.0
    assert clock.adjust(clock.now_ns() + 45 * NS_PER_S) == clock.drift_s == pytest.approx(45, abs=1)
    clock.adjust(clock.now_ns() + 45 * NS_PER_S)
    assert clock.drift_s == 0.0
    assert clock.jumps == 1


def test_the_stepped_clock_follows_nobody_and_says_how_far_off_it_is() -> None:
    clock = SimClock(HOUR)
    for _ in range(3):
        assert clock.adjust(HOUR + 45 * NS_PER_S) == clock.drift_s == 45.0
    clock.adjust(HOUR)
    assert clock.drift_s == 0.0
