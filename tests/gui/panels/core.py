# SPDX-License-Identifier: Apache-2.0
"""A real core for presenters: a stepped clock, a broker that takes orders and answers when a test lets it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from brokers.ibkr.broker import IbkrBroker
from brokers.ibkr.timing import BrokerClock
from terminal.clock import Clock, SimClock
from terminal.kernel import Kernel
from terminal.model import events as e
from terminal.model.enums import LinkState, Mode
from terminal.model.ids import AccountId
from terminal.model.market import Quote
from terminal.model.preview import OrderPreview
from terminal.paths import profile_paths
from terminal.ports import Broker, BrokerTruth, EventSink, WireOrder
from terminal.trading.views import TradingSession
from tests.support.core import build_kernel
from tests.unit.trading.desk import AAPL, ACCOUNT, CLIENT, START_NS, stock


class Venue(IbkrBroker):
    """A broker that is there, takes orders, and answers previews when the test lets it."""

    def __init__(self, sink: EventSink, clock: BrokerClock) -> None:
        super().__init__(sink, clock)
        self.answering = asyncio.Event()
        self.placed: list[WireOrder] = []
        self.modified: list[WireOrder] = []
        self.got_one = asyncio.Event()

    @property
    def link(self) -> LinkState:
        return LinkState.READY

    def place(self, order: WireOrder) -> int:
        self.placed.append(order)
        self.got_one.set()
        return 1

    def modify(self, order: WireOrder) -> None:
        self.modified.append(order)

    async def preview(self, order: WireOrder) -> OrderPreview:
        await self.answering.wait()
        return OrderPreview(ns=START_NS, commission=order.spec.quantity)

    async def truth(self, account_id: AccountId) -> BrokerTruth:
        del account_id
        return BrokerTruth(
            ns=START_NS, open_orders=(), completed_orders=(), executions=(), commissions=(), positions=()
        )


@asynccontextmanager
async def core(folder: Path) -> AsyncIterator[tuple[Kernel, Venue]]:
    """Return a connected core that knows AAPL and its quote, and the broker behind it."""
    made: list[Venue] = []

    def factory(sink: EventSink, clock: Clock) -> Broker:
        made.append(Venue(sink, clock))
        return made[0]

    kernel = build_kernel(
        profile_paths("test", folder), clock=SimClock(START_NS), address=("127.0.0.1", 1), broker=factory
    )
    await kernel.journal.start()
    kernel.execution.use_account(TradingSession(account_id=ACCOUNT, mode=Mode.PAPER, client_id=CLIENT))
    up = e.LinkChanged(ns=START_NS, state=LinkState.READY)
    kernel.bus.publish(up)
    kernel.execution.on_venue_event(up)
    kernel.execution.on_venue_event(
        e.AccountValueReported(ns=START_NS, account_id=ACCOUNT, tag="NetLiquidation", value="250000", currency="USD")
    )
    kernel.hub.add_instrument(stock())
    kernel.hub.on_quote(Quote(instrument_id=AAPL, received_ns=START_NS, bid=99.99, ask=100.01, last=100.0))
    try:
        yield kernel, made[0]
    finally:
        kernel.execution.stop()
        await kernel.journal.stop()
