# SPDX-License-Identifier: Apache-2.0
"""What the adapter's tests share: a clock that is stepped, a sink that remembers, contracts, messages."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TypeVar

from brokers.ibkr.broker import IbkrBroker
from terminal.clock import NS_PER_S, SimClock
from terminal.model.commands import OrderSpec
from terminal.model.enums import AssetClass, LinkState, Mode, OrderType, Side
from terminal.model.events import LinkChanged
from terminal.model.ids import AccountId, ClientOrderId, InstrumentId
from terminal.model.instrument import Instrument
from terminal.ports import Broker, ConnectionSettings, WireOrder
from tests.unit.ibkr.fake_tws import FakeTws

T = TypeVar("T")
START_NS = 1_700_000_000 * NS_PER_S
ACCOUNT = AccountId("DU1234567")

AAPL = Instrument(
    id=InstrumentId("AAPL"),
    asset_class=AssetClass.STOCK,
    symbol="AAPL",
    primary_exchange="NASDAQ",
    local_symbol="AAPL",
    trading_class="NMS",
    broker_id=265598,
)
MSFT = Instrument(id=InstrumentId("MSFT"), asset_class=AssetClass.STOCK, symbol="MSFT", broker_id=272093)


class StepClock(SimClock):
    """A stepped clock that also learns the broker's time."""

    def __init__(self) -> None:
        super().__init__(START_NS)
        self.adjusted: list[int] = []
        self.forgotten = 0

    def adjust(self, broker_ns: int) -> float:
        self.adjusted.append(broker_ns)
        self.drift_s = (broker_ns - self.now_ns()) / NS_PER_S
        return self.drift_s

    def forget_broker(self) -> None:
        self.forgotten += 1


class Heard:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self.fail_once_on: type | None = None
        """The next event of this kind makes the sink raise, as a fault of the core would."""
        self._changed = asyncio.Event()

    def __call__(self, event: object) -> None:
        if self.fail_once_on is not None and isinstance(event, self.fail_once_on):
            self.fail_once_on = None
            raise RuntimeError("a handler of the core failed")
        self.events.append(event)
        self._changed.set()

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def first(self, kind: type[T], count: int = 1) -> T:
        """Wait for the ``count``-th event of a kind."""
        await self.until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[count - 1]

    async def link(self, state: LinkState, code: int | None = None, count: int = 1) -> LinkChanged:
        """Wait for the ``count``-th report of a link state."""

        def found() -> list[LinkChanged]:
            return [one for one in self.of(LinkChanged) if one.state is state and code in (None, one.code)]

        await self.until(lambda: len(found()) >= count)
        return found()[count - 1]


class Desk:
    """One broker over one fake TWS."""

    def __init__(self, tws: FakeTws, port: int, *, max_books: int = 1) -> None:
        self.tws = tws
        self.port = port
        self.clock = StepClock()
        self.heard = Heard()
        self.ibkr = IbkrBroker(self.heard, self.clock, max_books=max_books)
        self.broker: Broker = self.ibkr

    def settings(
        self, *, mode: Mode = Mode.PAPER, account: AccountId | None = None, port: int | None = None
    ) -> ConnectionSettings:
        return ConnectionSettings(host="127.0.0.1", port=port or self.port, client_id=7, mode=mode, account=account)

    async def ready(self) -> None:
        """Connect and wait until the link is ready."""
        await self.broker.connect(self.settings())
        await self.heard.link(LinkState.READY)

    def task(self, work: Coroutine[object, object, T]) -> "asyncio.Task[T]":
        return asyncio.get_running_loop().create_task(work)

    async def settle(self) -> None:
        """Let what is on its way arrive."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def step_until(self, condition: Callable[[], bool], step_s: float = 0.25, limit_s: float = 60) -> float:
        """Step the clock until something is so; return the seconds stepped."""
        stepped = 0.0
        while not condition():
            assert stepped <= limit_s, "it never became so"
            await self.settle()
            if condition():
                break
            self.clock.advance(step_s)
            stepped += step_s
        return stepped


@asynccontextmanager
async def desk(*, max_books: int = 1) -> AsyncIterator[Desk]:
    """A listening fake TWS and a broker that is not yet connected."""
    tws = FakeTws()
    port = await tws.listen()
    one = Desk(tws, port, max_books=max_books)
    try:
        yield one
    finally:
        await one.broker.disconnect()
        await tws.stop()


def limit_order(
    order_id: int = 5, *, price: str = "100.25", quantity: str = "10", transmit: bool = True, parent: int = 0
) -> WireOrder:
    return wire_order(
        OrderSpec(
            instrument_id=AAPL.id,
            side=Side.BUY,
            quantity=Decimal(quantity),
            order_type=OrderType.LIMIT,
            limit_price=Decimal(price),
        ),
        order_id,
        transmit=transmit,
        parent=parent,
    )


def wire_order(spec: OrderSpec, order_id: int = 5, *, transmit: bool = True, parent: int = 0) -> WireOrder:
    return WireOrder(
        client_order_id=ClientOrderId("T1-01TEST"),
        broker_order_id=order_id,
        account_id=ACCOUNT,
        instrument=AAPL,
        spec=spec,
        transmit=transmit,
        parent_broker_order_id=parent,
    )
