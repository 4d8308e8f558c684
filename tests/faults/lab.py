# SPDX-License-Identifier: Apache-2.0
"""The stepped world with a fault laboratory: one core against a server that does what a script of the catalogue says.

What a fault test proves first comes from the history file, what it judges by from the server's truth.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

from brokers.simulator.faults import library
from brokers.simulator.faults.proxy import Mode
from brokers.simulator.faults.server import FaultyTws
from brokers.simulator.faults.session import FaultySession
from brokers.simulator.faults.vocabulary import Script
from brokers.simulator.history_file import read_history
from brokers.simulator.server import ServerOptions
from brokers.simulator.session import Session
from terminal.clock import NS_PER_S
from terminal.model.commands import BracketSpec, SubmitOrder
from terminal.model.enums import OrderOrigin, OrderStatus, PendingRequest, Side
from terminal.model.ids import ClientOrderId
from terminal.paths import ProfilePaths
from tests.support.wire import CountedBroker, CountedSession, CountedTws, bind_library, counted_connections
from tests.support.world import ACCOUNT, World

SYMBOLS = ("AAPL", "IBM", "NVDA", "EUR.USD")
CHANGES: Mapping[str, object] = {
    "watchlist.symbols": SYMBOLS,
    "risk.max_quantity_stock": 2_000.0,
    "risk.max_notional": 400_000.0,
    "risk.max_position_stock": 10_000.0,
    "risk.orders_per_minute": 1_000,
    "risk.account_orders_per_second": 40,
}
Entry = dict[str, Any]


class LabSession(CountedSession, FaultySession):
    """A session that counts its bytes and can be spoilt."""


class LabTws(CountedTws, FaultyTws):
    """A server that counts and has a laboratory."""

    def _connect(self) -> Session:
        session = LabSession(
            self, self.laboratory, ceiling=self.options.server_version, backlog=self.options.max_backlog
        )
        self.opened_sessions.append(session)
        return session


class LabWorld(World):
    """See the module."""

    server: LabTws

    def __init__(self, paths: ProfilePaths, scripts: Iterable[Script], **options: Any) -> None:
        seed: int = options.pop("seed", 7)
        given: ServerOptions = options.pop("options", None) or ServerOptions(speed=0)
        super().__init__(paths, options=given, **options)
        self.history_path = paths.root / "history.jsonl"
        self.server = LabTws(
            self.exchange, self.clock, replace(given, history=self.history_path), scripts=scripts, seed=seed
        )

    # ------------------------------------------------------------ history
    def history(self) -> list[Entry]:
        """Return what the history file holds now."""
        self.server.flush_history()
        return list(read_history(self.history_path))

    def fired(self, rule: str = "") -> list[Entry]:
        """Return the firings of the script, of one rule or of all."""
        return [each for each in self.history() if each["name"] == "fault" and rule in ("", each["rule"])]

    def sent(self, name: str = "placeOrder") -> list[Entry]:
        """Return the messages of that name that reached the server, handled or not."""
        return [
            each
            for each in self.history()
            if (each["kind"] == "in" and each["name"] == name)
            or (each["name"] == "not_handled" and each["message"] == name)
        ]

    def seconds_of(self, entry: Entry) -> float:
        """Return the market's time of an entry, in seconds before now."""
        return float(self.exchange.now_ns() - int(entry["ns"])) / NS_PER_S

    def bracket(self, text: str, quantity: int, *, marketable: bool = True) -> SubmitOrder:
        """Return a buy with a target above and a stop below."""
        price = self.away(text, Side.SELL, 0.002) if marketable else self.away(text, Side.BUY)
        instrument = self.instrument(text)
        exits = BracketSpec(
            stop_price=instrument.snap(float(price) * 0.97), target_price=instrument.snap(float(price) * 1.03)
        )
        return self.limit(text, Side.BUY, quantity, price, bracket=exits)

    # ------------------------------------------------------------ rest
    def _busy(self) -> bool:
        if self._core is None:
            return False
        proxy = self.server.proxy
        if proxy is not None and (proxy.mode in (Mode.HALF_OPEN, Mode.STOP_READING, Mode.SLOW)):
            return bool(getattr(self._core.journal, "waiting", 0))
        session = self._session_of_core()
        if isinstance(session, LabSession) and session.hung:
            return bool(getattr(self._core.journal, "waiting", 0))
        if any(each.hung for each in self.server.live_sessions if isinstance(each, LabSession)):
            return bool(getattr(self._core.journal, "waiting", 0))
        return super()._busy()

    def _session_of_core(self) -> CountedSession | None:
        proxy, broker = self.server.proxy, self.core.broker
        if proxy is None:
            return super()._session_of_core()
        assert isinstance(broker, CountedBroker)
        link = proxy.link_of(broker.connection.local_port) if broker.connection is not None else None
        for session in self.server.live_sessions:
            transport = session.transport
            if link is None or transport is None:
                continue
            if transport.get_extra_info("peername")[1] == link.server_port:
                return session
        return None

    # ------------------------------------------------------------ judgement
    def own(self) -> dict[ClientOrderId, Any]:
        """Return the core's own orders that left the house."""
        return {
            order.client_order_id: order
            for order in self.core.orders.all()
            if order.status is not OrderStatus.DENIED and order.origin is not OrderOrigin.EXTERNAL
        }

    def agrees(self) -> str:
        """Say in what the core and the broker differ; empty when in nothing (I2, I3, I4, I6)."""
        core, truth = self.core, self.truth
        for order in core.orders.open():
            if order.status in (OrderStatus.UNKNOWN, OrderStatus.SENDING, OrderStatus.SENT, OrderStatus.STAGED):
                return f"{order.client_order_id} is {order.status}"
            if order.pending is not PendingRequest.NONE:
                return f"{order.client_order_id} waits for {order.pending}"
        ours = {name for name, order in self.own().items() if order.is_open}
        theirs = {state.order.order_ref for state in self.exchange.open_orders() if state.order.order_ref}
        if ours & theirs != ours or {name for name in theirs if name in self.own()} - ours:
            return f"open here {sorted(ours)}, there {sorted(theirs)}"
        booked = Counter({row.execution_id.rsplit(".", 1)[0]: 1 for row in core.portfolio.fills()})
        done = Counter({one.execution_id.rsplit(".", 1)[0]: 1 for one in truth.executions() if one.quantity})
        if any(count > 1 for count in Counter(row.execution_id for row in core.portfolio.fills()).values()):
            return "a fill is booked twice"
        if set(done) - set(booked):
            return f"fills not booked: {sorted(set(done) - set(booked))}"
        for name, order in self.own().items():
            if order.filled != truth.filled(name):
                return f"{name} filled {order.filled} here, {truth.filled(name)} there"
        held = truth.positions(ACCOUNT)
        for text in core.symbols.texts:
            instrument = core.symbols.instrument_named(text)
            if instrument is None:
                continue
            there = held.get(instrument.broker_id or 0, Decimal(0))
            if self.position(text).quantity != there:
                return f"{text}: {self.position(text).quantity} here, {there} there"
        return ""

    async def converged(self, limit_s: float) -> float:
        """Wait until both sides agree (I6); return the seconds of the clock that it took."""
        started = self.clock.now_ns()
        try:
            await self.until(lambda: self.core.execution.link.reconciled and not self.agrees(), limit_s)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.agrees() or 'the link is not reconciled'}") from None
        return (self.clock.now_ns() - started) / NS_PER_S

    def once(self, *names: ClientOrderId) -> None:
        """Assert that the broker accepted each order at most once (I1), by truth and by history."""
        accepted = self.truth.accepted()
        for name in names or tuple(self.own()):
            assert accepted.get(name, 0) <= 1, f"{name} was accepted {accepted[name]} times"
        noted = Counter(each["order_ref"] for each in self.history() if each["name"] == "order_accepted")
        assert all(noted[name] <= 1 for name in names or tuple(self.own())), noted

    def costs_agree(self) -> None:
        """Assert that commissions are the broker's (I5)."""
        for name, order in self.own().items():
            there = sum((Decimal(str(one.commission)) for one in self.truth.executions(name)), Decimal(0))
            assert order.commission == there, f"{name}: commission {order.commission} here, {there} there"

    def audited(self) -> None:
        """Assert that the journal's chain holds (I13)."""
        report = self.core.journal.verify()
        assert report.ok, report.summary


@asynccontextmanager
async def laboratory(paths: ProfilePaths, fault: str | Script, **options: Any) -> AsyncIterator[LabWorld]:
    """Return a listening server with one fault of the catalogue (or a script); whatever runs at the end is stopped."""
    bind_library()
    script = library.load(fault) if isinstance(fault, str) else fault
    options.setdefault("changes", CHANGES)
    with counted_connections():
        made = LabWorld(paths, [script], **options)
        await made.server.start()
        try:
            yield made
        finally:
            if made.server.proxy is not None:
                made.server.proxy.set_mode("pass", {})
            for session in made.server.live():
                session.go_on()
            made.thaw()
            await made.stop()
