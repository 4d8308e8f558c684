# SPDX-License-Identifier: Apache-2.0
"""A simulated TWS as a child process, and our adapter connected to it as to a real one."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

from brokers.ibkr.broker import IbkrBroker
from terminal.clock import LiveClock
from terminal.model.commands import OrderSpec
from terminal.model.enums import AssetClass, LinkState, Mode, OrderType, Side
from terminal.model.events import LinkChanged, VenueOrderOpened, VenueOrderStatus
from terminal.model.ids import AccountId, new_client_order_id
from terminal.model.instrument import Instrument, instrument_id
from terminal.ports import Broker, ConnectionSettings, WireOrder

ROOT: Final = Path(__file__).parents[2]
PATIENCE_S: Final = 20.0
T = TypeVar("T")


@contextmanager
def simulator(*options: str, port: int = 0) -> Iterator[int]:
    """Run `tiller simulate`; yield the port it listens on."""
    command = [sys.executable, str(ROOT / "main.py"), "simulate", "--port", str(port), *options]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stderr is not None
    try:
        line = child.stdout.readline()
        assert line, child.stderr.read()
        yield int(json.loads(line)["listening"]["port"])
    finally:
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=30)


class Client:
    """One adapter, what it said, and waits that end with what was waited for."""

    def __init__(self, port: int, client_id: int) -> None:
        self.settings = ConnectionSettings(host="127.0.0.1", port=port, client_id=client_id, mode=Mode.DEMO)
        self.events: list[object] = []
        self._changed = asyncio.Event()
        self.clock = LiveClock()
        self.broker: Broker = IbkrBroker(self._hear, self.clock)
        self._last_id = 0

    def _hear(self, event: object) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def of(self, kind: type[T], **fields: object) -> list[T]:
        return [
            event
            for event in self.events
            if isinstance(event, kind) and all(getattr(event, name) == value for name, value in fields.items())
        ]

    async def one(self, kind: type[T], **fields: object) -> T:
        """Wait for the first event of a kind with these fields."""
        await self.until(lambda: bool(self.of(kind, **fields)))
        return self.of(kind, **fields)[0]

    async def link(self, state: LinkState, count: int = 1) -> LinkChanged:
        await self.until(lambda: len(self.of(LinkChanged, state=state)) >= count)
        return self.of(LinkChanged, state=state)[count - 1]

    @property
    def account(self) -> AccountId:
        return self.broker.accounts[0]

    # ------------------------------------------------------------ orders
    def next_id(self) -> int:
        self._last_id = max(self._last_id + 1, self.broker.next_order_id_floor())
        return self._last_id

    def order(
        self,
        instrument: Instrument,
        order_type: OrderType,
        *,
        side: Side = Side.BUY,
        quantity: int = 10,
        transmit: bool = True,
        parent: int = 0,
        oca: str = "",
        **terms: Any,
    ) -> WireOrder:
        spec = OrderSpec(
            instrument_id=instrument.id, side=side, quantity=Decimal(quantity), order_type=order_type, **terms
        )
        return WireOrder(
            client_order_id=new_client_order_id(self.clock.now_ns()),
            broker_order_id=self.next_id(),
            account_id=self.account,
            instrument=instrument,
            spec=spec,
            transmit=transmit,
            parent_broker_order_id=parent,
            oca_group=oca,
        )

    async def status(self, order: WireOrder, *statuses: str) -> VenueOrderStatus:
        """Wait until an order has one of these statuses."""

        def found() -> list[VenueOrderStatus]:
            all_of = self.of(VenueOrderStatus, broker_order_id=order.broker_order_id)
            return [status for status in all_of if status.status in statuses]

        await self.until(lambda: bool(found()))
        return found()[-1]

    def opened(self, order: WireOrder) -> list[VenueOrderOpened]:
        return self.of(VenueOrderOpened, client_order_id=order.client_order_id)


_next_client_id = iter(range(1, 10_000))


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    """A client that is ready, under a client id of its own."""
    client = Client(port, next(_next_client_id))
    await client.broker.connect(client.settings)
    try:
        await client.link(LinkState.READY)
        yield client
    finally:
        await client.broker.disconnect()


async def stock(client: Client, symbol: str = "AAPL") -> Instrument:
    return await client.broker.qualify(
        Instrument(id=instrument_id(AssetClass.STOCK, symbol), asset_class=AssetClass.STOCK, symbol=symbol)
    )
