# SPDX-License-Identifier: Apache-2.0
"""History pacing: waits so that IBKR never has to refuse.

Rules (IBKR API documentation, "historical data limitations"): at most 50 requests open at once; for bars of
30 seconds or less at most 60 in ten minutes, none identical within 15 seconds, fewer than six for one contract
within two seconds. Bars from one minute on are only slowed down by IBKR.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from brokers.ibkr.timing import BrokerClock, pause
from terminal.clock import NS_PER_S

MAX_OPEN: Final = 50
SMALL_BAR_S: Final = 30
LONG_WINDOW_NS: Final = 600 * NS_PER_S
LONG_LIMIT: Final = 60
SAME_NS: Final = 15 * NS_PER_S
BURST_NS: Final = 2 * NS_PER_S
BURST_LIMIT: Final = 5
_MARGIN_NS: Final = NS_PER_S // 5
"""The server's clock sees our requests closer together than ours does."""


@dataclass(frozen=True, slots=True)
class _Sent:
    ns: int
    contract: str
    key: tuple[object, ...]


class HistoryPacing:
    """Hands out permission to send, first come, first served."""

    def __init__(self, clock: BrokerClock) -> None:
        self._clock = clock
        self._sent: deque[_Sent] = deque()
        self._open = asyncio.Semaphore(MAX_OPEN)
        self._turn = asyncio.Lock()

    async def enter(self, *, seconds: int, contract: str, key: tuple[object, ...]) -> None:
        """Wait until this request may be sent, and count it. Pair with `leave`."""
        await self._open.acquire()
        try:
            async with self._turn:
                while (wait_ns := self._wait_ns(seconds, contract, key)) > 0:
                    await pause(self._clock, wait_ns / NS_PER_S)
                if seconds <= SMALL_BAR_S:
                    self._sent.append(_Sent(self._clock.monotonic_ns(), contract, key))
        except BaseException:
            self._open.release()
            raise

    def leave(self) -> None:
        """The request has its answer, or never will."""
        self._open.release()

    def _wait_ns(self, seconds: int, contract: str, key: tuple[object, ...]) -> int:
        if seconds > SMALL_BAR_S:
            return 0
        now = self._clock.monotonic_ns()
        while self._sent and now - self._sent[0].ns >= LONG_WINDOW_NS + _MARGIN_NS:
            self._sent.popleft()
        waits = [0]
        if len(self._sent) >= LONG_LIMIT:
            waits.append(self._sent[-LONG_LIMIT].ns + LONG_WINDOW_NS)
        waits.extend(sent.ns + SAME_NS for sent in self._sent if sent.key == key)
        same_contract = [sent.ns for sent in self._sent if sent.contract == contract]
        if len(same_contract) >= BURST_LIMIT - 1:
            waits.append(same_contract[-(BURST_LIMIT - 1)] + BURST_NS)
        due = max(waits)
        return due + _MARGIN_NS - now if due and due + _MARGIN_NS > now else 0
