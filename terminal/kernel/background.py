# SPDX-License-Identifier: Apache-2.0
"""Background: pieces of asynchronous work that the core starts and does not wait for, each ended with the core.

A refusal of the broker is logged; a bug is loud. Work that lives as long as the core belongs to `terminal.tasks`.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from terminal.errors import TerminalError

_log = structlog.get_logger("kernel")


class Background:
    """Keeps every running piece, because the event loop does not."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, name: str, work: Coroutine[Any, Any, object]) -> object:
        """Run one piece; return its task."""
        task = asyncio.get_running_loop().create_task(_guarded(name, work), name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def stop(self) -> None:
        """Cancel what still runs and wait for its end."""
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


async def _guarded(name: str, work: Coroutine[Any, Any, object]) -> None:
    try:
        await work
    except TerminalError as error:
        _log.warning("background work failed", work=name, reason=str(error))
