# SPDX-License-Identifier: Apache-2.0
"""What every verb of the ib_insync and ib_async driver needs: errors that were told, and waiting for an answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.clients.drivers.talk import filled

TIMEOUT_S = 25.0
GRACE_S = 0.05
NOTICES = frozenset({202, 300, 399, 404, 2104, 2106, 2158, 10167, 10349, 2109})


class Waiting:
    """One connection: its errors, and how to wait."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.ib = library.IB()
        self.ib.errorEvent += self._on_error
        self.errors: list[tuple[int, str]] = []
        self.stopped = asyncio.Event()
        self.trades: dict[int, Any] = {}

    def _on_error(self, _req_id: int, code: int, text: str, *_: Any) -> None:
        self.errors.append((code, text))
        if code not in NOTICES and " cancelled: " not in text:
            self.stopped.set()

    async def answer(self, awaitable: Awaitable[Any]) -> Any:
        """Wait for an answer; an error is an answer too, also for requests that the library lets hang."""
        wanted = asyncio.ensure_future(awaitable)
        stopped = asyncio.ensure_future(self.stopped.wait())
        await asyncio.wait((wanted, stopped), timeout=TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        if not wanted.done():
            await asyncio.wait((wanted,), timeout=GRACE_S)
        stopped.cancel()
        if not wanted.done():
            wanted.cancel()
            if not self.errors:
                raise TimeoutError("no answer")
            return None
        return wanted.result()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds or the server refused."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + TIMEOUT_S
        while not condition() and not self.stopped.is_set():
            if loop.time() > deadline:
                raise TimeoutError("it never came")
            await asyncio.sleep(0.005)

    def fresh(self) -> None:
        """Forget tickers: ib_async gives the old one with its old values to who asks for the same contract again."""
        self.ib.wrapper.tickers.clear()

    def contract(self, values: dict[str, Any]) -> Any:
        self.fresh()
        values = dict(values)
        legs = values.pop("comboLegs", [])
        contract = filled(self.library.Contract(), values)
        contract.comboLegs = [filled(self.library.ComboLeg(), leg) for leg in legs]
        return contract
