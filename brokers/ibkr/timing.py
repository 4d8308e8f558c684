# SPDX-License-Identifier: Apache-2.0
"""Waiting by the one clock: bounded waits and pauses for the adapter.

ib_insync waits for ever in many places; everything the adapter awaits goes through `within`. Timers come
from the given clock, so tests step it while the sockets stay real.
"""

import asyncio
from collections.abc import Awaitable
from typing import Protocol, TypeVar

from terminal.clock import Clock

T = TypeVar("T")


class BrokerClock(Clock, Protocol):
    """A clock that learns the broker's time."""

    def adjust(self, broker_ns: int) -> float: ...
    def forget_broker(self) -> None: ...


async def within(clock: Clock, seconds: float, awaitable: Awaitable[T]) -> T:
    """Await, for at most ``seconds`` of ``clock``.

    Raises:
        TimeoutError: it took longer; the awaited work is cancelled.
    """
    future = asyncio.ensure_future(awaitable)
    late = False

    def expire() -> None:
        nonlocal late
        if not future.done():
            late = True
            future.cancel()

    timer = clock.call_later(seconds, expire)
    try:
        return await future
    except asyncio.CancelledError:
        if late and future.cancelled():
            raise TimeoutError(f"no answer within {seconds:g} s") from None
        future.cancel()
        raise
    finally:
        timer.cancel()


async def pause(clock: Clock, seconds: float) -> None:
    """Wait for ``seconds`` of ``clock``."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake() -> None:
        if not future.done():
            future.set_result(None)

    timer = clock.call_later(seconds, wake)
    try:
        await future
    finally:
        timer.cancel()
