# SPDX-License-Identifier: Apache-2.0
"""The side that lives: starts the market, lets the other core trade, kills it, comes back in its place and judges.

What it judges by is the broker's own history and the journal, never what the killed core said alone.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from typing import Any, Final

from terminal.clock import NS_PER_S, perf_ns
from terminal.errors import TerminalError
from terminal.kernel import Kernel
from terminal.model.commands import FlattenAll
from terminal.model.enums import OrderStatus
from terminal.model.ids import InstrumentId
from terminal.selftest.tools import PATIENCE_S, Holding, SelfTestError, Step, Tools, until

OK: Final = 0
FAILED: Final = 1
_CORE_STEPS: Final = ("connect", "stream", "bracket", "partial fill")


def run_selftest(tools: Tools, *, as_json: bool) -> int:
    """Run every step, print one line each, stop at the first that fails; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="tiller-selftest-") as folder:
        return asyncio.run(_SelfTest(tools, Path(folder), as_json=as_json).run())


@dataclass(slots=True)
class _SelfTest:
    tools: Tools
    folder: Path
    as_json: bool = False
    core: "Popen[str] | None" = None
    detail: str = ""
    holding: Holding | None = None

    async def run(self) -> int:
        market = self.tools.market(self.folder)
        try:
            async with self._step("simulator"):
                market.start()
                address = await asyncio.to_thread(market.wait_listening)
                self.tools.prepare(self.folder, address)
                self.detail = f"listens on {address[0]}:{address[1]}"
            self.core = self.tools.spawn_core(self.folder)
            for name in _CORE_STEPS:
                await self._relay(name)
            async with self._step("kill the core"):
                await self._kill()
            async with self.tools.open_core(self.folder) as kernel:
                try:
                    await self._come_back(kernel)
                finally:
                    await kernel.stop()
        except _StopError:
            return FAILED
        finally:
            self._end_core()
            market.stop()
        return OK

    async def _come_back(self, kernel: Kernel) -> None:
        async with self._step("restart"):
            await kernel.start()
            filled = sum(bool(order.filled) for order in kernel.orders.all())
            self.detail = f"{len(kernel.orders.all())} orders in the journal, {filled} of them with fills"
        async with self._step("reconcile"):
            await self._reconcile(kernel)
        async with self._step("close out"):
            await self._close_out(kernel)
        async with self._step("verify"):
            await self._verify(kernel)

    # ------------------------------------------------------------ telling
    @asynccontextmanager
    async def _step(self, name: str) -> AsyncIterator[None]:
        started, self.detail = perf_ns(), ""
        try:
            yield
        except (SelfTestError, TerminalError) as fault:
            self._tell(Step(step=name, ok=False, seconds=_since(started), detail=str(fault)))
            raise _StopError from None
        self._tell(Step(step=name, ok=True, seconds=_since(started), detail=self.detail))

    def _tell(self, step: Step) -> None:
        sys.stdout.write(step.line(as_json=self.as_json) + "\n")
        sys.stdout.flush()

    # ------------------------------------------------------------ the core that is killed
    async def _relay(self, name: str) -> None:
        """Read what the other core says of one step."""
        started = perf_ns()
        said = await self._read()
        if said is None or said.get("step") != name:
            text = f"the core ended before it said so{self._last_words()}"
            self._tell(Step(step=name, ok=False, seconds=_since(started), detail=text))
            raise _StopError
        self._tell(Step(step=name, ok=bool(said["ok"]), seconds=float(said["seconds"]), detail=str(said["detail"])))
        if not said["ok"]:
            raise _StopError

    async def _read(self) -> dict[str, Any] | None:
        """Return the next message of the core, None when it ended or says nothing in time."""
        core = self.core
        if core is None or core.stdout is None:
            return None
        try:
            async with asyncio.timeout(2 * PATIENCE_S):
                line = await asyncio.to_thread(core.stdout.readline)
        except TimeoutError:
            core.kill()  # frees the thread that reads
            return None
        try:
            said = json.loads(line) if line else None
        except json.JSONDecodeError:
            return None
        return said if isinstance(said, dict) else None

    def _last_words(self) -> str:
        errors = self.folder / "core.txt"
        lines = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines() if errors.exists() else []
        return f": {lines[-1]}" if lines else ""

    async def _kill(self) -> None:
        said = await self._read()
        core = self.core
        if said is None or core is None or "holding" not in said:
            raise SelfTestError(f"the core did not say what it holds{self._last_words()}")
        core.kill()
        code = await asyncio.to_thread(core.wait, PATIENCE_S)
        held = said["holding"]
        orders = {name: (str(status), str(filled)) for name, (status, filled) in held["orders"].items()}
        self.holding = Holding(orders=orders, positions=held["positions"], fills=int(held["fills"]))
        self.detail = f"killed with {len(orders)} orders and {len(self.holding.positions)} positions (exit {code})"

    def _end_core(self) -> None:
        core = self.core
        if core is None:
            return
        if core.poll() is None:
            core.kill()
        try:
            core.wait(PATIENCE_S)
        except TimeoutExpired:
            return
        for stream in (core.stdin, core.stdout):
            if stream is not None:
                stream.close()

    # ------------------------------------------------------------ the core that comes back
    async def _reconcile(self, kernel: Kernel) -> None:
        """Same orders, no fill lost or doubled, nothing sent twice."""
        await until(kernel, lambda: kernel.execution.link.reconciled, "reconciled")
        before = self.holding
        if before is None:
            raise SelfTestError("the killed core had told nothing")
        now = Holding.of(kernel)
        missing = sorted(set(before.orders) - set(now.orders))
        if missing:
            raise SelfTestError(f"order {missing[0]} is gone from the journal")
        if now.fills < before.fills:
            raise SelfTestError(f"fills were lost: {before.fills} before, {now.fills} now")
        unclear = [o.client_order_id for o in kernel.orders.all() if o.status is OrderStatus.UNKNOWN]
        if unclear:
            raise SelfTestError(f"order {unclear[0]} is still unknown")
        self._judge_sent(set(before.orders))
        await until(kernel, lambda: _same_positions(kernel), "our positions and the broker's are the same")
        changed = sum(now.orders[name] != state for name, state in before.orders.items())
        self.detail = f"{len(now.orders)} orders, {changed} moved on meanwhile, nothing sent twice"

    def _judge_sent(self, known: set[str]) -> None:
        accepted = dict(self.tools.accepted(self.folder))
        twice = [name for name, count in accepted.items() if count != 1]
        if twice:
            raise SelfTestError(f"the broker accepted order {twice[0]} {accepted[twice[0]]} times")
        if set(accepted) != known:
            raise SelfTestError(f"the broker has {len(accepted)} orders of ours, the journal {len(known)}")

    async def _close_out(self, kernel: Kernel) -> None:
        """Cancel what works, close what is held."""
        before = {order.client_order_id for order in kernel.orders.all()}
        kernel.do(FlattenAll(actor="selftest"))

        def flat() -> bool:
            held = any(position.quantity for position in kernel.portfolio.positions().values())
            return not held and not kernel.orders.open()

        await until(kernel, flat, "no position, no working order", 2 * PATIENCE_S)
        closing = len({order.client_order_id for order in kernel.orders.all()} - before)
        self.detail = f"{closing} closing orders, flat"

    async def _verify(self, kernel: Kernel) -> None:
        """The journal's chain holds and tells the broker's story."""
        self._judge_sent({order.client_order_id for order in kernel.orders.all()})
        report = await asyncio.to_thread(kernel.journal.verify)
        if not report.ok:
            raise SelfTestError(report.summary)
        self.detail = report.summary


class _StopError(Exception):
    """A step failed and has been told."""


def _same_positions(kernel: Kernel) -> bool:
    for text, wanted in Holding.of(kernel).positions.items():
        broker = kernel.portfolio.broker_position(InstrumentId(text))
        if broker is None or str(broker.quantity) != wanted:
            return False
    return True


def _since(started_ns: int) -> float:
    return round((perf_ns() - started_ns) / NS_PER_S, 2)
