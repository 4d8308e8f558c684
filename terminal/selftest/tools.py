# SPDX-License-Identifier: Apache-2.0
"""What both sides of the self-test share: what is handed in, how a step is told, how one waits for the core."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from subprocess import Popen
from typing import Final, Protocol

from terminal.kernel import Kernel
from terminal.model.ids import ClientOrderId, InstrumentId
from terminal.model.order import Order

JSON_VERSION: Final = 1
BRACKET: Final = "AAPL"
PARTIAL: Final = "NVDA"
SYMBOLS: Final = (BRACKET, PARTIAL)
PARTIAL_QUANTITY: Final = Decimal(4_000)
"""More than stands at the best few prices, so that it fills in parts even when the ask steps down meanwhile."""
CORE_LIMITS: Final[Mapping[str, float]] = {
    "max_quantity_stock": 5_000.0,
    "max_notional": 1_000_000.0,
    "max_position_stock": 10_000.0,
}
"""Risk limits that let the order of the partial fill through."""
PATIENCE_S: Final = 20.0
"""Longest wait for one thing."""


class Market(Protocol):
    """The simulated broker as a process."""

    def start(self) -> None: ...
    def wait_listening(self) -> tuple[str, int]: ...
    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the composition root hands in. Every path is the folder of this one test."""

    market: Callable[[Path], Market]
    """A simulated broker that is not started yet and keeps its own history."""
    prepare: Callable[[Path, tuple[str, int]], None]
    """Write the settings of a paper profile that connects to that address."""
    open_core: Callable[[Path], AbstractAsyncContextManager[Kernel]]
    """A core on that profile, built and not started; its lock and log end with the context."""
    spawn_core: Callable[[Path], "Popen[str]"]
    """This program once more, running `run_core` on the folder."""
    accepted: Callable[[Path], Mapping[str, int]]
    """How many orders the broker has accepted per order reference, by its own history."""


class SelfTestError(Exception):
    """A step did not hold; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the report."""

    step: str
    ok: bool
    seconds: float
    detail: str

    def line(self, *, as_json: bool) -> str:
        if as_json:
            return json.dumps({"version": JSON_VERSION, **asdict(self)})
        return f"{'ok  ' if self.ok else 'FAIL'}  {self.step:<13}{self.seconds:5.1f} s  {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a core knows of its orders and positions, comparable over processes."""

    orders: Mapping[str, tuple[str, str]]
    """Client order id -> (status, filled)."""
    positions: Mapping[str, str]
    fills: int

    @classmethod
    def of(cls, kernel: Kernel) -> "Holding":
        return cls(
            orders={order.client_order_id: (order.status.value, str(order.filled)) for order in kernel.orders.all()},
            positions={
                name: str(position.quantity)
                for name, position in kernel.portfolio.positions().items()
                if position.quantity
            },
            fills=len(kernel.portfolio.fills()),
        )


async def until(kernel: Kernel, condition: Callable[[], bool], what: str, limit_s: float = PATIENCE_S) -> None:
    """Wait for something that events of the core bring about.

    Raises:
        SelfTestError: it did not come.
    """
    changed = asyncio.Event()
    subscription = kernel.bus.subscribe(object, lambda _: changed.set())
    try:
        async with asyncio.timeout(limit_s):
            while not condition():
                changed.clear()
                await changed.wait()
    except TimeoutError:
        raise SelfTestError(f"{what}: not within {limit_s:g} s; the link is {kernel.link.value}") from None
    finally:
        subscription.close()


def order_of(kernel: Kernel, name: ClientOrderId) -> Order:
    found = kernel.orders.get(name)
    if found is None:
        raise SelfTestError(f"order {name} is not known to the core")
    return found


def quantity_of(kernel: Kernel, text: str) -> Decimal:
    return kernel.portfolio.position(InstrumentId(text)).quantity


def reasons(orders: Sequence[Order]) -> str:
    """Return the states of orders in words, for a failure."""
    return "; ".join(f"{order.role.value} {order.status.value} {order.reason}".strip() for order in orders)
