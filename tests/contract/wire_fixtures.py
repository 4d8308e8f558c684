# SPDX-License-Identifier: Apache-2.0
"""The whole simulated TWS for contract tests: the real market, a real socket, the real client.

Market time stands still and is stepped, so nothing here waits for a duration.
"""

import asyncio
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import LiveClock
from terminal.simulation.factory import open_exchange

if TYPE_CHECKING:
    from ib_insync import IB

TIMEOUT_S = 20.0


def load_library() -> ModuleType:
    """ib_insync, imported inside the running loop because eventkit takes the loop at import."""
    loop = asyncio.get_running_loop()
    asyncio.set_event_loop(loop)
    library = importlib.import_module("ib_insync")
    importlib.import_module("eventkit.util").__dict__["main_event_loop"] = loop
    return library


AAPL: Final = 265598
"""The market's number of the contract."""


class World:
    """A server over the real market and the clients connected to it."""

    def __init__(self, *, seed: int = 1, state: dict[str, object] | None = None) -> None:
        self.server = SimulatedTws(open_exchange(seed=seed), LiveClock(), ServerOptions(speed=0))
        if state is not None:
            self.server.load_state(state)
        self.library = load_library()
        self._clients: list[IB] = []

    @property
    def truth(self) -> Any:
        return self.server.truth

    async def client(self, client_id: int) -> "IB":
        """Connect one client."""
        ib: IB = self.library.IB()
        self._clients.append(ib)
        await ib.connectAsync(*self.server.address, clientId=client_id, timeout=10)
        return ib

    async def until(self, condition: Callable[[], object], *, step: float = 0.05) -> None:
        """Step the market until the condition holds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + TIMEOUT_S
        while not condition():
            assert loop.time() < deadline, "the condition never held"
            self.server.pump.step(step)
            await asyncio.sleep(0)

    async def stop(self) -> None:
        for client in self._clients:
            client.disconnect()
        await self.server.stop()
