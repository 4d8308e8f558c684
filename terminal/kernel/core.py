# SPDX-License-Identifier: Apache-2.0
"""Kernel: wires the parts, starts and stops them in order, and is the one door for commands.

Start-up and crash recovery are one path: load the journal, connect, fetch broker truth, reconcile, then
trade. Nothing is sent by starting. It knows no broker by name: `main` passes the factory in.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from terminal.bus import Bus
from terminal.clock import Clock
from terminal.errors import InvariantError, PluginError, StorageError, TerminalError, UserError
from terminal.kernel.desk import StrategyDoor
from terminal.kernel.exposure import Greeks, Holding, MarketSight, by_underlying, greeks_of
from terminal.kernel.holdings import HeldQuotes
from terminal.kernel.telling import log_the_broker
from terminal.kernel.watchlist import Watchlist
from terminal.logs import Logs
from terminal.market.bars import BarFeed
from terminal.market.hub import MarketHub
from terminal.market.subscriptions import Subscriptions
from terminal.model import commands as c
from terminal.model.enums import LinkState, Mode, StrategyState
from terminal.model.events import DataNotice, LinkChanged, OrderChanged, SourceSpoke, StrategyChanged
from terminal.model.ids import AccountId, ClientOrderId, InstrumentId, StrategyId
from terminal.model.instrument import Instrument
from terminal.model.market import Depth, OptionQuote, OptionStatistics, Quote, Trade
from terminal.model.preview import OrderPreview
from terminal.ports import Broker, ConnectionSettings, EventSink
from terminal.registry import Registry
from terminal.settings import Connection, Settings, SettingsFile
from terminal.storage.backup import back_up_daily
from terminal.storage.chain import ChainReport
from terminal.storage.journal import JournalStore
from terminal.storage.market_store import MarketStore
from terminal.storage.recorder import Recorder
from terminal.storage.workspace import WorkspaceStore
from terminal.strategy.base import Strategy, StrategyPlugin
from terminal.strategy.runner import StrategyRunner
from terminal.tasks import Heart, Supervisor
from terminal.trading.execution import ExecutionEngine
from terminal.trading.limits import RiskLimits
from terminal.trading.views import TradingSession

_log = structlog.get_logger("kernel")
_orders_log = structlog.get_logger("orders")
SETTINGS_LOOK_S: Final = 5.0
_UP: Final = (LinkState.SYNCING, LinkState.READY)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelParts:
    """What the composition root hands over: things with a life outside the kernel, and factories."""

    bus: Bus
    clock: Clock
    settings: Settings
    stored: Settings
    """What the file holds: the command line may have overridden a part of it for this run alone."""
    settings_file: SettingsFile
    journal: JournalStore
    backups: Path
    market_store: MarketStore
    workspace: WorkspaceStore
    logs: Logs
    broker_factory: Callable[[EventSink, Clock], Broker]
    endpoint: Callable[[], Coroutine[Any, Any, tuple[str, int]]]
    """Where to connect: the settings' host and port, or the demo's child once it listens."""
    strategies: Registry[StrategyPlugin]
    limits: RiskLimits
    diagnose: Callable[[Settings], Coroutine[Any, Any, str]]
    """Checks of the connection, in words with the way out of each trouble."""
    open_profile: Callable[[str, Connection], None]
    """Start Tiller once more, on another profile, with these connection settings saved for it."""
    notices: Sequence[str] = ()
    """What opening the profile found, in words."""
    checkpoint: Callable[[str], None] = lambda _: None


class Kernel:
    """The running application without a screen."""

    def __init__(self, parts: KernelParts) -> None:
        self.parts = parts
        self.bus, self.clock, self.settings = parts.bus, parts.clock, parts.settings
        self._stored = parts.stored
        self.mode: Mode = parts.settings.connection.mode
        self.journal, self.workspace = parts.journal, parts.workspace
        log_the_broker(self.bus)
        self.tasks = Supervisor(self.bus, self.clock)
        self.hub = MarketHub(self.bus, self.clock)
        self.broker = parts.broker_factory(self._take, self.clock)
        self.subscriptions = Subscriptions(self.broker, lines=parts.settings.connection.market_data_lines)
        self.subscriptions.on_quote_ended = self.hub.lapse
        self.bars = BarFeed(self.broker, self.bus, self.clock)
        self.execution = ExecutionEngine(
            bus=self.bus,
            clock=self.clock,
            journal=parts.journal,
            venue=self.broker,
            market=self.hub,
            spawn=self._spawn,
            limits=parts.limits,
            checkpoint=parts.checkpoint,
        )
        self.orders, self.portfolio, self.risk = self.execution.orders, self.execution.portfolio, self.execution.risk
        self.held = HeldQuotes(
            bus=self.bus, portfolio=self.portfolio, subscriptions=self.subscriptions, instrument_of=self.instrument
        )
        self.symbols = Watchlist(
            hub=self.hub, subscriptions=self.subscriptions, reference=self.broker, clock=self.clock
        )
        self.symbols.set_texts(parts.settings.watchlist.symbols)
        self.symbols.on_changed = self._watchlist_changed
        self.strategies = StrategyRunner(
            bus=self.bus,
            clock=self.clock,
            desk=StrategyDoor(self.execution, self.hub, lambda: self.mode),
            bars=self.bars,
            find_instrument=self.symbols.instrument_named,
        )
        self.recorder = Recorder(self.bus, self.clock, parts.market_store)
        self.account_id: AccountId | None = None
        self._background: set[asyncio.Task[Any]] = set()
        self._market: dict[type, Callable[[Any], None]] = {
            Quote: self.hub.on_quote,
            Trade: self.hub.on_trade,
            Depth: self.hub.on_depth,
            OptionQuote: self.hub.on_option_quote,
            OptionStatistics: self.hub.on_statistics,
            Instrument: self._learn,
        }
        self._commands = self._routes()
        self._running = False

    # ------------------------------------------------------------ life
    async def start(self) -> None:
        """Open the stores, rebuild what was, connect.

        Raises:
            UserError: a store cannot be used; nothing was sent and nothing was lost.
        """
        parts = self.parts
        parts.journal.on_failure = self._on_storage_failure
        await parts.journal.start()
        loaded = await asyncio.to_thread(parts.journal.load)
        taken = self.execution.restore(loaded.records)
        _log.info("journal loaded", records=taken, chain=loaded.report.summary)
        self._say_chain(loaded.report)
        await self._start_recorder()
        self.tasks.start(
            "daily backup", lambda _: back_up_daily(parts.journal.path, parts.backups, self.clock), restart=True
        )
        self.tasks.start("settings watch", self._watch_settings, restart=True)
        self._add_strategies()
        self.execution.start()
        self.bus.subscribe(StrategyChanged, self._on_strategy)
        self.bus.subscribe(OrderChanged, self._log_order)
        self._running = True
        for notice in (*parts.notices, parts.journal.found):
            self._notice(notice, severity="warn")
        await self._connect()

    async def _connect(self) -> None:
        host, port = await self.parts.endpoint()
        connection = self.settings.connection
        await self.broker.connect(
            ConnectionSettings(
                host=host,
                port=port,
                client_id=connection.client_id,
                mode=self.mode,
                account=AccountId(connection.account) if connection.account else None,
                connect_timeout_s=connection.connect_timeout_s,
                market_data_lines=connection.market_data_lines,
                requested_data_type=connection.data_type,
            )
        )

    def _say_chain(self, report: ChainReport) -> None:
        """A journal that does not verify stops new orders until a person has looked and lifted the stop."""
        if not report.ok:
            self.execution.kill(c.KillSwitch(engage=True, reason=report.summary, actor="core"))
            self._notice(
                report.summary,
                "Run: tiller journal verify. Its rows are used as they are. Compare with the broker, then lift the "
                "stop in the menu Trade.",
                severity="error",
            )

    async def _start_recorder(self) -> None:
        """Open the market data; trouble there switches recording off and stops nothing else."""
        store = self.parts.market_store
        try:
            await store.start()
        except UserError as error:
            self._notice(f"market data is not recorded: {error.text}", severity="warn")
            return
        self._notice(store.notice, severity="warn")
        if self.settings.recorder.on:
            self.recorder.start()

    async def _watch_settings(self, _: Heart) -> None:
        """Disarm when somebody else changes the settings file: the limits on screen would not be those on disk."""
        told = False
        while True:
            changed = await asyncio.to_thread(self.parts.settings_file.changed_on_disk)
            if changed and not told:
                self.execution.arming.disarm("the settings file was changed by another program")
                self._notice(
                    "the settings file was changed by another program",
                    "This run keeps its settings. Start again to use the file, or save the settings here.",
                    severity="warn",
                )
            told = changed
            wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            timer = self.clock.call_later(SETTINGS_LOOK_S, partial(_wake, wake))
            try:
                await wake
            finally:
                timer.cancel()

    def _notice(self, text: str, way_out: str = "", *, severity: str) -> None:
        """Tell a person something about this session; an empty text is nothing to tell."""
        if text:
            now = self.clock.now_ns()
            self.bus.publish(DataNotice(ns=now, code=0, text=text, way_out=way_out, severity=severity))

    async def stop(self) -> None:
        """Stop everything in the opposite order. Working orders stay at the broker."""
        self._running = False
        self.strategies.close()
        self.execution.stop()
        for task in tuple(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.broker.disconnect()
        await self.tasks.stop()
        self.recorder.stop()
        await self.parts.market_store.stop()
        await self.parts.journal.stop()

    def _spawn(self, name: str, work: Coroutine[Any, Any, object]) -> object:
        """Run one piece of asynchronous work; a refusal of the broker is logged, a bug is loud."""

        async def guarded() -> None:
            try:
                await work
            except TerminalError as error:
                _log.warning("background work failed", work=name, reason=str(error))

        task = asyncio.get_running_loop().create_task(guarded(), name=name)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    # ------------------------------------------------------------ the broker speaks
    def _take(self, event: object) -> None:
        """Route one thing that the broker adapter said."""
        market = self._market.get(type(event))
        if market is not None:
            market(event)
            return
        if type(event) is SourceSpoke:
            self.bus.publish(event)
            return
        if type(event) is LinkChanged:
            self._before_link(event)
            self.bus.publish(event)
            self.execution.on_venue_event(event)
            self._after_link(event)
            return
        self.execution.on_venue_event(event)
        self.bus.publish(event)

    def _learn(self, instrument: Instrument) -> None:
        """Remember a contract that was first seen in a message, unless it is known better."""
        known = self.hub.instrument(instrument.id)
        if known is None or (not known.liquid_hours and instrument.liquid_hours):
            self.hub.add_instrument(instrument)

    def _before_link(self, event: LinkChanged) -> None:
        if event.state in _UP:
            self._use_account()

    def _use_account(self) -> None:
        """Trade the configured account, or the only one that the broker names."""
        accounts = self.broker.accounts
        wanted = AccountId(self.settings.connection.account) if self.settings.connection.account else None
        if wanted is None and accounts:
            wanted = accounts[0]
        if wanted is None or wanted not in accounts:
            return
        session = TradingSession(account_id=wanted, mode=self.mode, client_id=self.settings.connection.client_id)
        if session == self.risk.session:
            return
        self.account_id = wanted
        self.journal.raise_order_id_floor(self.broker.next_order_id_floor())
        self.execution.use_account(session)

    def _after_link(self, event: LinkChanged) -> None:
        if event.state is LinkState.READY:
            self._spawn("find symbols", self._find_symbols())
        elif event.state in (LinkState.DISCONNECTED, LinkState.RECONNECTING):
            self.strategies.pause_live(reason="the connection was lost: observing until you switch it on again")

    async def _find_symbols(self) -> None:
        await self.symbols.find_all()
        self.strategies.refresh()

    def _watchlist_changed(self) -> None:
        self.strategies.refresh()
        if self._running and tuple(self.symbols.texts) != self.settings.watchlist.symbols:
            self.change_setting("watchlist.symbols", tuple(self.symbols.texts))

    def _on_storage_failure(self, error: StorageError) -> None:
        """The journal cannot write: nothing may be sent any more."""
        self.execution.kill(c.KillSwitch(engage=True, reason=str(error), actor="core"))
        self._notice(
            str(error), "Free the disk or mend its rights, then start again; cancels still pass.", severity="error"
        )

    # ------------------------------------------------------------ commands
    def _routes(self) -> Mapping[type, Callable[[Any], object]]:
        execution = self.execution
        return {
            c.SubmitOrder: execution.submit,
            c.ModifyOrder: execution.modify,
            c.CancelOrder: execution.cancel,
            c.CancelOrders: execution.cancel_orders,
            c.ClosePosition: execution.close_position,
            c.FlattenAll: execution.flatten_all,
            c.KillSwitch: self._kill,
            c.SetArmed: execution.set_armed,
            c.SetStrategyState: self._set_strategy_state,
            c.ReleaseInstrument: execution.release_instrument,
        }

    def do(self, command: object) -> object:
        """Carry out one command.

        Raises:
            UserError: it makes no sense now; the text says rule, value and way out.
        """
        route = self._commands.get(type(command))
        if route is None:
            raise InvariantError(f"there is no command {type(command).__name__}")
        return route(command)

    def _kill(self, command: c.KillSwitch) -> object:
        report = self.execution.kill(command)  # the gate shuts first, whatever stopping the strategies meets
        if command.engage:
            self.strategies.stop_all(reason="kill switch")
        return report

    def _set_strategy_state(self, command: c.SetStrategyState) -> None:
        self.strategies.set_state(command.strategy_id, command.state)

    def stop_strategies(self, reason: str) -> None:
        """Switch every strategy off; protective exits stay."""
        self.strategies.stop_all(reason=reason)

    async def preview(self, command: c.SubmitOrder) -> OrderPreview:
        return await self.execution.preview(command)

    def soft_refusals(self, command: c.SubmitOrder) -> Sequence[tuple[str, str]]:
        """Return the soft limits that an order breaks, arming aside, when nothing hard stands in its way."""
        refusals = self.execution.check(command)
        if any(not refusal.soft for refusal in refusals):
            return ()
        return [(refusal.code, refusal.reason) for refusal in refusals if refusal.code != "NOT_ARMED"]

    # ------------------------------------------------------------ what it knows
    def instrument(self, instrument_id: InstrumentId) -> Instrument | None:
        return self.execution.instrument(instrument_id)

    @property
    def link(self) -> LinkState:
        return self.broker.link

    @property
    def watchlist(self) -> Sequence[Instrument]:
        return self.symbols.instruments

    @property
    def armed(self) -> bool:
        return self.execution.arming.armed

    @property
    def killed(self) -> bool:
        return self.execution.kill_switch.engaged

    @property
    def venue_words(self) -> str:
        """Return what is at the other end, as the status bar names it."""
        return {Mode.DEMO: "Demo feed", Mode.PAPER: "TWS paper", Mode.LIVE: "TWS live"}[self.mode]

    def why_not_trade(self) -> str:
        """Return why no order can be sent at all now, empty when one can."""
        if self.mode is Mode.LIVE:
            return "Live accounts are read-only in this version."
        if not self.execution.link.connected:
            return f"Not connected: {self.execution.link.text}."
        if self.broker.read_only:
            return "TWS refuses orders: in Global Configuration, API, Settings clear Read-Only API."
        if not self.execution.link.reconciled:
            return "Orders and positions are being compared with the broker."
        if self.killed:
            return "Stopped. Lift the stop in the menu Trade to send orders again."
        if not self.journal.healthy:
            return f"The journal cannot write: {self.journal.problem}."
        return ""

    def owners(self, instrument_id: InstrumentId) -> Sequence[str]:
        """Return who holds a part of a position, by name."""
        parts = self.portfolio.owners(instrument_id)
        return [str(owner) if owner else "manual" for owner, part in parts.items() if part]

    # ------------------------------------------------------------ exposure
    def _sight(self) -> MarketSight:
        return MarketSight(mark=self.hub.mark, option=self.hub.option_quote, rate=self.portfolio.rate_to_base)

    def exposures(self) -> Mapping[InstrumentId, Greeks]:
        """Return currency Greeks by underlying of everything held."""
        return by_underlying(self._holdings(), self._sight())

    def _holdings(self) -> list[Holding]:
        held = []
        for instrument_id, position in self.portfolio.positions().items():
            instrument = self.instrument(instrument_id)
            if position.quantity and instrument is not None:
                held.append(Holding(instrument=instrument, quantity=position.quantity))
        return held

    def greeks_after(self, spec: c.OrderSpec) -> Sequence[tuple[str, float | None, float | None]]:
        """Return (name, now, after) of the book's Greeks in currency when an order fills completely."""
        instrument = self.instrument(spec.instrument_id)
        if instrument is None:
            return ()
        now = Greeks()
        for greeks in self.exposures().values():
            now = now.plus(greeks)
        step = greeks_of(Holding(instrument=instrument, quantity=spec.quantity * spec.side.sign), self._sight())
        after = now.plus(step)
        rows = [("Delta, $", now.delta, after.delta)]
        if instrument.right is not None:
            rows += [
                ("Gamma, $ per 1%", now.gamma, after.gamma),
                ("Theta, $ per day", now.theta, after.theta),
                ("Vega, $ per pt", now.vega, after.vega),
            ]
        return rows

    # ------------------------------------------------------------ symbols and settings
    async def open_symbol(self, text: str, *, keep: bool = False) -> Instrument:
        """Find an instrument by what a person typed; see `Watchlist.find`."""
        return await self.symbols.find(text, keep=keep)

    async def diagnose(self) -> str:
        return await self.parts.diagnose(self.settings)

    async def connect_to(self, connection: Connection) -> None:
        """Connect with other settings of the same mode, and keep them.

        Raises:
            UserError: they cannot be saved.
        """
        before = self.settings.connection
        for name in ("host", "port", "client_id", "account", "data_type"):
            value = getattr(connection, name)
            if value != getattr(before, name):
                self.change_setting(f"connection.{name}", value)
        await self._connect()

    def open_elsewhere(self, connection: Connection) -> str:
        """Open another mode in a window and profile of its own; return the profile's name.

        Raises:
            UserError: APP-002, that profile is this one: it is saved for the next start; SET-00x, it cannot be saved.
        """
        profile, file = connection.mode.value, self.parts.settings_file
        if file.path.parent.name == profile:
            stored = replace(self._stored, connection=connection)
            file.save(stored)
            self._stored = stored
            raise UserError(
                "APP-002",
                f"the mode of a running window does not change. {profile.upper()} is saved for this profile: close "
                "Tiller and start it again",
            )
        self.parts.open_profile(profile, connection)
        return profile

    def remove_symbol(self, instrument_id: InstrumentId) -> None:
        self.symbols.remove(instrument_id)

    def change_setting(self, name: str, value: object) -> None:
        """Change one setting (``section.key``), save it, and let its reader know.

        Raises:
            UserError SET-001 and following: it cannot be saved.
            ValueError: its rule refuses the value.
        """
        file = self.parts.settings_file
        stored = self._stored.with_value(name, value, file.risk_rules)
        file.save(stored)
        self._stored = stored
        self.settings = self.settings.with_value(name, value, file.risk_rules)
        if name.startswith("risk."):
            self.execution.set_limits(limits_of(self.settings))

    def _add_strategies(self) -> None:
        registry = self.parts.strategies
        for plugin_id, plugin in registry.manifests.items():
            try:
                kind = registry.load(plugin_id)
            except PluginError as error:
                self._notice(str(error), "The other strategies work; mend or remove this one.", severity="warn")
                continue
            if not (isinstance(kind, type) and issubclass(kind, Strategy)):
                raise InvariantError(f"the factory of strategy {plugin_id} is not a Strategy")
            saved = self.settings.strategies.get(plugin_id, {})
            symbols = str(saved.get("symbols", ""))
            self.strategies.add(
                plugin,
                kind,
                values={name: float(value) for name, value in saved.items() if isinstance(value, int | float)},
                symbols=tuple(symbols.split(",")) if symbols else (),
                was=StrategyState(str(saved.get("state", "off"))),
            )

    def set_strategy_values(self, strategy_id: StrategyId, values: Mapping[str, float]) -> None:
        """Change and keep a strategy's parameters.

        Raises:
            UserError STR-003: a value is outside its bounds.
        """
        self.strategies.set_values(strategy_id, values)
        for name, value in values.items():
            self.change_setting(f"strategies.{strategy_id}.{name}", value)

    def set_strategy_symbols(self, strategy_id: StrategyId, symbols: Sequence[str]) -> None:
        self.strategies.set_symbols(strategy_id, symbols)
        self.change_setting(f"strategies.{strategy_id}.symbols", ",".join(symbols))

    def _on_strategy(self, change: StrategyChanged) -> None:
        if self._running:
            kept = StrategyState.OFF if change.state is StrategyState.FAULTED else change.state
            try:
                self.change_setting(f"strategies.{change.strategy_id}.state", kept.value)
            except UserError as error:
                self._notice(f"the state of {change.strategy_id} is not kept: {error.text}", severity="warn")

    def _log_order(self, change: OrderChanged) -> None:
        """One line per order event."""
        order = self.orders.get(change.client_order_id)
        if order is None:
            return
        spec = order.spec
        _orders_log.info(
            type(change.event).__name__,
            order=change.client_order_id,
            id=order.broker_order_id,
            status=change.status.value,
            what=f"{spec.side.value} {spec.quantity} {spec.instrument_id} {spec.order_type.value}",
            filled=str(order.filled),
            owner=order.strategy_id or order.origin.value,
        )

    async def reconcile(self) -> None:
        """Compare with the broker now."""
        await self.execution.reconcile()

    def order_label(self, client_order_id: ClientOrderId) -> str:
        order = self.orders.get(client_order_id)
        return str(order.broker_order_id) if order is not None and order.broker_order_id else client_order_id


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


def limits_of(settings: Settings) -> RiskLimits:
    """Return the risk limits of a profile: the defaults, with what its settings say in their place."""
    return RiskLimits().changed(settings.risk)
