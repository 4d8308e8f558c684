# SPDX-License-Identifier: Apache-2.0
"""Waiting for what a socket brings about: a condition, never a duration."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ib_insync import IB

TIMEOUT_S = 10.0


async def eventually(condition: Callable[[], object]) -> None:
    """Let the loop run until the condition holds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + TIMEOUT_S
    held = condition()
    while not held:
        assert loop.time() < deadline, "the condition never held"
        await asyncio.sleep(0)
        held = condition()


def note_errors(ib: "IB") -> list[tuple[int, int]]:
    """A list that fills with (request id, code) of every error from now on."""
    found: list[tuple[int, int]] = []

    def note(req_id: int, code: int, text: str, contract: object) -> None:
        del text, contract
        found.append((req_id, code))

    ib.errorEvent += note
    return found
