# SPDX-License-Identifier: Apache-2.0
"""A core in a process of its own that kills itself (SIGKILL, nothing is tidied up) at a named moment.

Started by the tests of the kill points: ``python -m tests.support.doomed FOLDER PORT MOMENT ORDER``.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from brokers.ibkr.broker import IbkrBroker
from terminal.clock import LiveClock
from terminal.kernel import Kernel
from terminal.logs import configure_structlog
from terminal.model.commands import BracketSpec, OrderSpec, SubmitOrder
from terminal.model.enums import OrderType, Side, TimeInForce
from terminal.model.ids import InstrumentId
from terminal.paths import lock_profile, profile_paths
from tests.support.core import build_kernel, two_sided

AAPL = InstrumentId("AAPL")


def die_at(moment: str) -> Callable[[str], None]:
    def checkpoint(name: str) -> None:
        if name == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    return checkpoint


def command(kernel: Kernel, kind: str) -> SubmitOrder:
    """Return a market order, a limit order that waits, or a bracket around a market entry."""
    instrument, quote = kernel.instrument(AAPL), kernel.hub.quote(AAPL)
    assert instrument is not None
    assert quote is not None
    assert quote.bid is not None
    resting = kind == "resting"
    spec = OrderSpec(
        instrument_id=AAPL,
        side=Side.BUY,
        quantity=Decimal(10),
        order_type=OrderType.LIMIT if resting else OrderType.MARKET,
        limit_price=instrument.snap(quote.bid * 0.98) if resting else None,
        time_in_force=TimeInForce.GTC if resting else TimeInForce.DAY,
    )
    exits = BracketSpec(stop_price=instrument.snap(quote.bid * 0.95), target_price=instrument.snap(quote.bid * 1.05))
    return SubmitOrder(spec=spec, bracket=exits if kind == "bracket" else None)


async def live(folder: Path, port: int, moment: str, kind: str) -> None:
    paths = profile_paths("test", folder)
    with lock_profile(paths):
        kernel = build_kernel(
            paths, clock=LiveClock(), address=("127.0.0.1", port), broker=IbkrBroker, checkpoint=die_at(moment)
        )
        changed = asyncio.Event()
        kernel.bus.subscribe(object, lambda _: changed.set())
        await kernel.start()
        while not (kernel.execution.link.reconciled and two_sided(kernel, AAPL)):
            changed.clear()
            await changed.wait()
        sys.stdout.write("sending\n")
        sys.stdout.flush()
        kernel.do(command(kernel, kind))
        await asyncio.Event().wait()  # until it is killed


if __name__ == "__main__":
    configure_structlog()
    where, at_port, at_moment, of_kind = sys.argv[1:]
    asyncio.run(live(Path(where), int(at_port), at_moment, of_kind))
