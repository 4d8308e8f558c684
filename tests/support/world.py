# SPDX-License-Identifier: Apache-2.0
"""The stepped world: simulated TWS and core in one event loop over a real socket, time moved by the test alone.

`World.step` lets the market live for some seconds, waits until every byte, commit and callback that this set off
has arrived, and then lets the core's clock follow. So deadlines are steps of the clock, nothing waits for a
duration, and two runs do the same.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Final, TypeVar

from brokers.simulator.server import ServerOptions
from brokers.simulator.session import Phase
from brokers.simulator.truth import Truth
from terminal.clock import NS_PER_S, SimClock
from terminal.kernel import Kernel
from terminal.model.commands import BracketSpec, OrderSpec, SubmitOrder
from terminal.model.enums import LinkState, OrderType, Side, TimeInForce
from terminal.model.ids import ClientOrderId, InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.order import Order
from terminal.model.position import Position
from terminal.paths import ProfilePaths
from terminal.simulation.exchange_port import Exchange
from terminal.simulation.factory import DEMO_ACCOUNT, open_exchange
from tests.support.core import build_kernel, no_checkpoint
from tests.support.wire import (
    CountedBroker,
    CountedJournal,
    CountedSession,
    CountedTws,
    bind_library,
    counted_connections,
)

T = TypeVar("T")
SLICE_S: Final = 0.25
LONGEST_SLICE_S: Final = 2.0
ACCOUNT: Final = DEMO_ACCOUNT
AAPL: Final = 265598
"""The market's number of the contract."""
_PATIENCE_S: Final = 30.0
"""Real seconds after which a world that does not come to rest is a failure."""
_REST: Final = 6
_REST_UNCONNECTED: Final = 60
"""Idle turns of the loop that count as rest; a connection that is being made shows no bytes yet."""


class World:
    """One simulated TWS and one core after another on one profile."""

    def __init__(
        self,
        paths: ProfilePaths,
        *,
        exchange: Exchange | None = None,
        state: Mapping[str, object] | None = None,
        options: ServerOptions | None = None,
        changes: Mapping[str, object] | None = None,
        journal: type[CountedJournal] = CountedJournal,
    ) -> None:
        self.paths = paths
        self._journal = journal
        self.exchange: Exchange = exchange if exchange is not None else open_exchange(seed=1)
        self.clock = SimClock(self.exchange.now_ns())
        self.server = CountedTws(self.exchange, self.clock, options or ServerOptions(speed=0))
        if state is not None:
            self.server.load_state(state)
            self.clock.advance_to(max(self.clock.now_ns(), self.exchange.now_ns()))
        self._changes = dict(changes or {})
        self._core: Kernel | None = None
        self.frozen = False

    @property
    def core(self) -> Kernel:
        assert self._core is not None, "the core does not run"
        return self._core

    @property
    def truth(self) -> Truth:
        return self.server.truth

    # ------------------------------------------------------------ life
    async def start_core(self, *, checkpoint: Callable[[str], None] = no_checkpoint) -> Kernel:
        """Build a core on the profile and start it; it is not connected yet."""
        assert self._core is None, "the core runs already"
        kernel = build_kernel(
            self.paths,
            clock=self.clock,
            address=self.server.address,
            broker=CountedBroker,
            journal=self._journal,
            changes=self._changes,
            checkpoint=checkpoint,
        )
        self._changes = {}
        self._core = kernel
        await kernel.start()
        return kernel

    async def ready(self, limit_s: float = 30.0) -> Kernel:
        """Start a core and step until it is connected, reconciled, and every watched symbol has a quote."""
        kernel = await self.start_core()
        await self.until(lambda: kernel.execution.link.reconciled, limit_s)
        await self.until(
            lambda: all(kernel.symbols.instrument_named(text) is not None for text in kernel.symbols.texts), limit_s
        )
        await self.until(lambda: all(kernel.hub.quote(each.id) is not None for each in kernel.watchlist), limit_s)
        return kernel

    async def stop_core(self) -> None:
        kernel, self._core = self._core, None
        if kernel is not None:
            await self._while_time_passes(kernel.stop())

    async def stop(self) -> None:
        await self.stop_core()
        await self.server.stop()

    async def _while_time_passes(self, work: Any) -> None:
        """Await something whose waits go by the clock."""
        task = asyncio.ensure_future(work)
        for _ in range(400):
            for _ in range(_REST):
                await asyncio.sleep(0)
            if task.done():
                break
            done, _ = await asyncio.wait({task}, timeout=0.02)
            if not done:
                self.clock.advance(0.05)
        await asyncio.wait_for(task, _PATIENCE_S)

    # ------------------------------------------------------------ time
    async def step(self, seconds: float, *, slice_s: float = SLICE_S) -> None:
        """Let the market and then the clock go on for ``seconds``, in slices."""
        assert slice_s <= LONGEST_SLICE_S, "in longer slices deadlines pass before their answers can arrive"
        left_ns = round(seconds * NS_PER_S)
        slice_ns = round(slice_s * NS_PER_S)
        while left_ns > 0:
            part = min(slice_ns, left_ns)
            left_ns -= part
            target = self.clock.now_ns() + part
            if not self.frozen:
                self.server.pump.step(part / NS_PER_S)
                await self.settle()
                target = max(target, self.exchange.now_ns())  # over a night the market jumps
            self.clock.advance_to(target)
            await self.settle()

    async def until(self, condition: Callable[[], object], limit_s: float = 60.0, *, slice_s: float = SLICE_S) -> float:
        """Step until something is so; return the seconds of the clock that it took."""
        started = self.clock.now_ns()
        await self.settle()
        while not condition():
            passed = (self.clock.now_ns() - started) / NS_PER_S
            assert passed < limit_s, f"it did not become so within {limit_s:g} s of the clock"
            await self.step(slice_s, slice_s=slice_s)
        return (self.clock.now_ns() - started) / NS_PER_S

    async def ask(self, question: Coroutine[Any, Any, T], limit_s: float = 30.0) -> T:
        """Await an answer of the broker while time goes on."""
        task = asyncio.ensure_future(question)
        try:
            await self.until(task.done, limit_s)
        finally:
            task.cancel()
        return await task

    async def until_clock(self, ns: int, *, slice_s: float = 1.0) -> None:
        """Step to a moment of the market."""
        while self.clock.now_ns() < ns:
            await self.step(min(slice_s, (ns - self.clock.now_ns()) / NS_PER_S), slice_s=slice_s)

    async def settle(self) -> None:
        """Wait until no byte, commit or callback is on its way any more."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE_S
        rest = 0
        while rest < (_REST if self._core is None or self._connected() else _REST_UNCONNECTED):
            await asyncio.sleep(0)
            if self._busy():
                rest = 0
                assert loop.time() < deadline, "the world does not come to rest"
            else:
                rest += 1

    def _connected(self) -> bool:
        return self.core.link in (LinkState.READY, LinkState.SYNCING, LinkState.DEGRADED)

    def _busy(self) -> bool:
        if self._core is None:
            return False
        journal, broker = self._core.journal, self._core.broker
        assert isinstance(journal, CountedJournal)
        assert isinstance(broker, CountedBroker)
        if journal.waiting:
            return True
        if self.frozen:
            return False
        if any(session.phase in (Phase.HANDSHAKE, Phase.IDENTIFYING) for session in self.server.live_sessions):
            return True
        connection, session = broker.connection, self._session_of_core()
        if connection is None or session is None:
            return connection is not None and connection.alive
        return connection.bytes_out != session.bytes_in or connection.bytes_in != session.bytes_out

    def _session_of_core(self) -> CountedSession | None:
        broker = self.core.broker
        assert isinstance(broker, CountedBroker)
        port = broker.connection.local_port if broker.connection is not None else 0
        for session in self.server.live_sessions:
            transport = session.transport
            if transport is not None and transport.get_extra_info("peername")[1] == port:
                return session
        return None

    # ------------------------------------------------------------ faults
    def freeze(self) -> None:
        """Let the server hang: its market stands still, it reads nothing and says nothing, the sockets stay."""
        self.frozen = True
        for session in self.server.live_sessions:
            if session.transport is not None:
                session.transport.pause_reading()

    def thaw(self) -> None:
        self.frozen = False
        for session in self.server.live_sessions:
            if session.transport is not None and not session.transport.is_closing():
                session.transport.resume_reading()

    def cut(self) -> None:
        """Break every connection, as a server that dies does; it goes on listening."""
        for session in self.server.live_sessions:
            if session.transport is not None:
                session.transport.abort()

    # ------------------------------------------------------------ short words
    def instrument(self, text: str) -> Instrument:
        found = self.core.symbols.instrument_named(text)
        assert found is not None, f"{text} is not known"
        return found

    def order(self, client_order_id: ClientOrderId) -> Order:
        found = self.core.orders.get(client_order_id)
        assert found is not None, f"there is no order {client_order_id}"
        return found

    def position(self, text: str) -> Position:
        return self.core.portfolio.position(InstrumentId(self.instrument(text).id))

    def submit(self, command: SubmitOrder) -> tuple[ClientOrderId, ...]:
        names: Any = self.core.do(command)
        return tuple(names)

    def market(self, text: str, side: Side, quantity: int) -> SubmitOrder:
        return SubmitOrder(spec=self._spec(text, side, quantity, OrderType.MARKET))

    def limit(
        self,
        text: str,
        side: Side,
        quantity: int,
        price: Decimal,
        *,
        tif: TimeInForce = TimeInForce.DAY,
        bracket: BracketSpec | None = None,
    ) -> SubmitOrder:
        return SubmitOrder(
            spec=self._spec(text, side, quantity, OrderType.LIMIT, limit_price=price, time_in_force=tif),
            bracket=bracket,
        )

    def _spec(self, text: str, side: Side, quantity: int, order_type: OrderType, **terms: Any) -> OrderSpec:
        return OrderSpec(
            instrument_id=self.instrument(text).id,
            side=side,
            quantity=Decimal(quantity),
            order_type=order_type,
            **terms,
        )

    def away(self, text: str, side: Side, fraction: float = 0.02) -> Decimal:
        """Return a limit price that far from the market on the side where it waits.

        A large order may have emptied that side of the book: then from what is left of the market.
        """
        instrument = self.instrument(text)
        quote = self.core.hub.quote(instrument.id)
        assert quote is not None
        touch = quote.bid if side is Side.BUY else quote.ask
        reference = touch if touch is not None else quote.mark
        assert reference is not None, f"{text} has no price at all"
        return instrument.snap(reference * (1 - side.sign * fraction))


@asynccontextmanager
async def world(paths: ProfilePaths, **options: Any) -> AsyncIterator[World]:
    """Return a listening server without a core; whatever runs at the end is stopped."""
    bind_library()
    with counted_connections():
        made = World(paths, **options)
        await made.server.start()
        try:
            yield made
        finally:
            made.thaw()
            await made.stop()
