# SPDX-License-Identifier: Apache-2.0
"""The demo as it really runs: the simulator as a child process, the core on the machine's clock."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from brokers.ibkr.broker import IbkrBroker
from brokers.simulator.child import SimulatorChild
from terminal.clock import LiveClock
from terminal.kernel import Kernel
from terminal.paths import ProfilePaths, prepare_profile
from tests.support.core import build_kernel
from tests.support.wire import bind_library

PATIENCE_S: Final = 30.0


@contextmanager
def market(paths: ProfilePaths, *arguments: str) -> Iterator[SimulatorChild]:
    """Start the simulator for a profile, with the profile's state file; stop it in order."""
    prepare_profile(paths)
    child = SimulatorChild(
        errors=paths.logs / "simulator.txt", arguments=("--state", str(paths.simulator_state), *arguments)
    )
    child.start()
    try:
        yield child
    finally:
        child.stop()


@asynccontextmanager
async def core(
    paths: ProfilePaths, child: SimulatorChild, address: tuple[str, int], changes: Mapping[str, object] | None = None
) -> AsyncIterator[Kernel]:
    """Start a core on the child; it is stopped in order."""
    bind_library()
    assert child.alive
    kernel = build_kernel(paths, clock=LiveClock(), address=address, broker=IbkrBroker, changes=changes)
    await kernel.start()
    try:
        yield kernel
    finally:
        await kernel.stop()


async def until(kernel: Kernel, condition: Callable[[], bool]) -> None:
    """Wait for something that an event of the core brings about."""
    changed = asyncio.Event()
    subscription = kernel.bus.subscribe(object, lambda _: changed.set())
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                changed.clear()
                await changed.wait()
    finally:
        subscription.close()
