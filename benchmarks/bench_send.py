# SPDX-License-Identifier: Apache-2.0
"""From the click on the ticket's Send to the bytes on the socket, the durable commit included.

The whole program runs its demo, armed, with a relay between it and the market that notes when an order's bytes
arrive. In turns with it: one fsync on the journal's disk, and the control (asyncio and ib_insync's
``client.placeOrder`` in another process, through the same relay). The goal holds ours against their sum.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks import demo
from benchmarks.bare_client import FIRST_ID
from benchmarks.fsync import SyncedFile
from benchmarks.harness import Row, compared, disk, percentile, python, told

if TYPE_CHECKING:
    from widgets.desk import Desk

MOST_RATIO: Final = 1.2
_PAUSE_S: Final = 0.2
_SETTINGS: Final = """
[trading]
confirm_before_send = false
[risk]
duplicate_window_s = 0.1
"""


@contextlib.contextmanager
def _started(*arguments: str) -> "Iterator[subprocess.Popen[str]]":
    child = python(*arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


class _Told:
    """Lines of a child process, read without holding the loop."""

    def __init__(self, child: "subprocess.Popen[str]") -> None:
        self._child = child

    async def line(self) -> str:
        assert self._child.stdout is not None
        return await asyncio.wait_for(asyncio.to_thread(self._child.stdout.readline), 20)

    def ask(self) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write("\n")
        self._child.stdin.flush()


class _Session:
    def __init__(self, relay: _Told, control: _Told, page: SyncedFile, rounds: int) -> None:
        self._relay, self._control, self._page, self._rounds = relay, control, page, rounds
        self.found: list[tuple[float, float, float]] = []
        """Click to bytes, the control, one fsync; milliseconds."""

    async def run(self, desk: "Desk") -> int:
        from terminal.model.commands import CancelOrders, SetArmed
        from terminal.model.enums import LinkState
        from widgets.shots import until

        if not await until(lambda: desk.kernel.link is LinkState.READY and desk.kernel.why_not_trade() == ""):
            return 1
        desk.kernel.do(SetArmed(armed=True))
        if not await until(lambda: desk.ticket.model.quote is not None):
            return 1
        await self._control.line()  # it is connected
        await asyncio.sleep(8)
        for number in range(self._rounds + 5):
            ours = await self._click(desk, number)
            desk.kernel.do(CancelOrders())
            await asyncio.sleep(_PAUSE_S)
            control = await self._place()
            fsync = self._page.sync_ms()
            if number >= 5:
                self.found.append((ours, control, fsync))
            await asyncio.sleep(_PAUSE_S)
        return 0

    async def _click(self, desk: "Desk", number: int) -> float:
        """Send a limit order below the market by the ticket, its price another one each time."""
        from terminal.model.enums import Side

        ticket, current = desk.ticket, desk.market.current
        assert current is not None
        quote = desk.kernel.hub.quote(current.id)
        assert quote is not None
        assert quote.bid is not None
        ticket.set_side(Side.BUY)
        ticket.kind.setCurrentIndex(0)
        ticket.quantity.setText("1")
        ticket.limit.set_value(current.snap(quote.bid) - (20 + number % 7) * current.min_tick)
        ticket.read()
        await asyncio.sleep(0.05)  # the hand on its way to the button
        start = time.monotonic_ns()
        ticket.send.click()
        known = desk.kernel.orders
        arrived = await self._arrival(lambda one: any(order.broker_order_id == one for order in known.all()))
        return (arrived - start) / 1e6

    async def _place(self) -> float:
        self._control.ask()
        start = int(await self._control.line())
        return (await self._arrival(lambda one: one > FIRST_ID) - start) / 1e6

    async def _arrival(self, wanted: Callable[[int], bool]) -> int:
        """Return when the bytes of the wanted order arrived, nanoseconds; questions (what-if) are passed over."""
        while True:
            told = json.loads(await self._relay.line())
            if wanted(told["id"]):
                return int(told["ns"])


def measure(*, quick: bool) -> list[Row]:
    with contextlib.ExitStack() as stack:
        market = stack.enter_context(_started("main.py", "simulate", "--parent-pid", str(os.getpid())))
        port = json.loads(_line(market))["listening"]["port"]
        relay = stack.enter_context(_started("-m", "benchmarks.relay", str(port)))
        relay_port = int(_line(relay))
        control = stack.enter_context(_started("-m", "benchmarks.bare_client", str(relay_port)))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tiller-bench-", dir=disk()))
        page = stack.enter_context(SyncedFile(Path(folder, "page")))
        session = _Session(_Told(relay), _Told(control), page, 20 if quick else 80)

        async def endpoint() -> tuple[str, int]:
            return "127.0.0.1", relay_port

        if demo.run(session.run, settings=_SETTINGS, endpoint=endpoint):
            raise RuntimeError("the demo ended early")
    return _rows(session.found)


def _line(child: "subprocess.Popen[str]") -> Any:
    assert child.stdout is not None
    return child.stdout.readline()


def _rows(found: list[tuple[float, float, float]]) -> list[Row]:
    ours, control, fsync = zip(*found, strict=True)
    sums = [(mine, other + disk) for mine, other, disk in found]
    parts = f"fsync {percentile(fsync, 50):.2f} + bare client {percentile(control, 50):.2f}"
    return [
        compared("click on Send to bytes, p50", sums, unit="ms", reference_name="fsync + bare client",
                 most_ratio=MOST_RATIO, note=parts),
        told("click on Send to bytes, p99", percentile(ours, 99), unit="ms",
             note=f"fsync {percentile(fsync, 99):.2f}, bare client {percentile(control, 99):.2f}"),
        told("the same without the disk, p50", percentile(ours, 50) - percentile(fsync, 50), unit="ms"),
    ]  # fmt: skip
