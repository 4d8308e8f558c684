# SPDX-License-Identifier: Apache-2.0
"""G9: a cancel behind 200 queued data requests, and never more than 50 messages in any second.

Both sides talk to a scripted server at the same time, round by round: the adapter with its lanes, and ib_insync
with its own throttle (one queue, 45 messages a second).
"""

import asyncio
import statistics
import time
from typing import Any, Final

from benchmarks.harness import Row
from brokers.ibkr.broker import IbkrBroker
from brokers.ibkr.library import load, quiet
from terminal.clock import LiveClock
from terminal.model.enums import LinkState, Mode
from terminal.model.events import LinkChanged
from terminal.ports import ConnectionSettings
from tests.unit.ibkr.fake_tws import FakeTws

REQUESTS: Final = 200
MOST_PER_S: Final = 50
MOST_MS: Final = 5.0
_ORDER_ID: Final = 7


class _Written:
    """Notes when each message goes to the socket: arrival times bunch when the machine is busy."""

    def __init__(self, conn: Any) -> None:
        self.times: list[float] = []
        self._write = conn.transport.write
        conn.transport = self

    def write(self, data: bytes) -> None:
        self.times.append(time.monotonic())
        self._write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._write.__self__, name)


async def _lanes() -> tuple[float, int]:
    """Return milliseconds until the cancel arrived, and the most messages in any second."""
    tws = FakeTws()
    port = await tws.listen()
    ready = asyncio.Event()
    broker = IbkrBroker(
        lambda event: ready.set() if isinstance(event, LinkChanged) and event.state is LinkState.READY else None,
        LiveClock(),
    )
    await broker.connect(ConnectionSettings(host="127.0.0.1", port=port, client_id=3, mode=Mode.PAPER))
    await asyncio.wait_for(ready.wait(), 10)
    assert broker._session.connection is not None
    written = _Written(broker._session.connection.client.conn)
    pairs = range(REQUESTS // 2)  # each search asks for samples and for futures
    searches = [asyncio.create_task(broker.search(f"S{number}")) for number in pairs]
    await asyncio.sleep(0.3)
    start = asyncio.get_running_loop().time()
    broker.cancel(_ORDER_ID)
    found = await _arrival(tws, start)
    await asyncio.sleep(2.2)
    most = _most_per_second(written.times)
    for search in searches:
        search.cancel()
    await asyncio.gather(*searches, return_exceptions=True)
    await broker.disconnect()
    await tws.stop()
    return found, most


async def _plain() -> tuple[float, int]:
    """Return the same of ib_insync by itself."""
    library = load()
    quiet()
    tws = FakeTws()
    port = await tws.listen()
    ib: Any = library.IB()
    await ib.client.connectAsync("127.0.0.1", port, 2, 5)
    written = _Written(ib.client.conn)
    for number in range(REQUESTS):
        ib.client.reqContractDetails(1000 + number, library.Stock(f"S{number}", "SMART", "USD"))
    await asyncio.sleep(0.3)
    start = asyncio.get_running_loop().time()
    ib.client.cancelOrder(_ORDER_ID)
    found = await _arrival(tws, start)
    most = _most_per_second(written.times)
    ib.client.disconnect()
    await tws.stop()
    return found, most


async def _arrival(tws: FakeTws, start: float) -> float:
    await tws.until(lambda: bool(tws.all(4)))
    place = next(place for place, fields in enumerate(tws.received) if fields[0] == "4")
    return (tws.times[place] - start) * 1e3


def _most_per_second(times: list[float]) -> int:
    first, most = 0, 0
    for last, now in enumerate(times):
        while now - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


async def _measure(rounds: int) -> list[Row]:
    pairs = [await asyncio.gather(_lanes(), _plain()) for _ in range(rounds)]
    ours = statistics.median(mine[0] for mine, _ in pairs)
    theirs = statistics.median(other[0] for _, other in pairs)
    most = max(mine[1] for mine, _ in pairs)
    return [
        Row(
            name=f"a cancel behind {REQUESTS} data requests",
            unit="ms",
            ours=ours,
            reference=theirs,
            reference_name="ib_insync",
            ratio=ours / theirs,
            goal=f"< {MOST_MS:g} ms",
            met=ours < MOST_MS,
        ),
        Row(
            name="most messages in any second",
            unit="messages",
            ours=most,
            reference=max(other[1] for _, other in pairs),
            reference_name="ib_insync",
            goal=f"<= {MOST_PER_S}",
            met=most <= MOST_PER_S,
        ),
    ]


def measure(*, quick: bool) -> list[Row]:
    return asyncio.run(_measure(2 if quick else 5))
