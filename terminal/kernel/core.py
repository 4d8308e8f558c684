# SPDX-License-Identifier: Apache-2.0
"""Kernel: wires the parts, starts and stops them in order, and is the one door for commands.

Start-up and crash recovery are one path: load the journal, connect, fetch broker truth, reconcile, then
trade. Nothing is sent by starting. It knows no broker by name: `main` passes the factory in.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import structlog

from terminal.errors import InvariantError, StorageError, UserError
from terminal.kernel import answers
from terminal.kernel.background import Background
from terminal.kernel.book import Book
from terminal.kernel.desk import StrategyDoor
from terminal.kernel.exposure import Greeks
from terminal.kernel.holdings import HeldQuotes
from terminal.kernel.parts import KernelParts
from terminal.kernel.preferences import CHANGED, Preferences
from terminal.kernel.shelf import StrategyShelf
from terminal.kernel.telling import log_the_broker, log_the_orders
from terminal.kernel.watchlist import Watchlist
from terminal.market.bars import BarFeed
from terminal.market.hub import MarketHub
from terminal.market.subscriptions import Subscriptions
from terminal.model import commands as c
from terminal.model.enums import LinkState, Mode
from terminal.model.events import DataNotice, LinkChanged, SourceSpoke, StrategyChanged
from terminal.model.ids import AccountId, ClientOrderId, InstrumentId, StrategyId
from terminal.model.instrument import Instrument
from terminal.model.market import Depth, OptionQuote, OptionStatistics, Quote, Trade
from terminal.model.preview import OrderPreview
from terminal.settings import Connection, Settings
from terminal.storage.chain import ChainReport
from terminal.storage.recorder import Recorder
from terminal.strategy.runner import StrategyRunner
from terminal.tasks import Heart, Supervisor
from terminal.trading.execution import ExecutionEngine
from terminal.trading.views import TradingSession

_log = structlog.get_logger("kernel")
_UP: Final = (LinkState.SYNCING, LinkState.READY)


class Kernel:
    """The running application without a screen."""

    def __init__(self, parts: KernelParts) -> None:
        self.parts = parts
        self.bus, self.clock = parts.bus, parts.clock
        self.mode: Mode = parts.settings.connection.mode
        self.journal, self.workspace = parts.journal, parts.workspace
        log_the_broker(self.bus)
        self.tasks = Supervisor(self.bus, self.clock)
        self._background = Background()
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
            spawn=self._background.spawn,
            limits=parts.limits,
            checkpoint=parts.checkpoint,
        )
        self.orders, self.portfolio, self.risk = self.execution.orders, self.execution.portfolio, self.execution.risk
        self._book = Book(self.hub, self.portfolio, self.instrument)
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
        self.preferences = Preferences(parts, on_limits=self.execution.set_limits)
        self._shelf = StrategyShelf(self.strategies, self.preferences, self._warn)
        self._recording = contextlib.AsyncExitStack()
        self.account_id: AccountId | None = None
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
        taken = await self.execution.restore_in_parts(loaded.records)
        _log.info("journal loaded", records=taken, chain=loaded.report.summary)
        self._say_chain(loaded.report)
        await self._start_recorder()
        self.tasks.start("daily backup", lambda _: parts.back_up(self.clock), restart=True)
        self.tasks.start("settings watch", self._watch_settings, restart=True)
        self._shelf.load(parts.strategies)
        self.execution.start()
        self.bus.subscribe(StrategyChanged, self._on_strategy)
        log_the_orders(self.bus, self.orders)
        self._running = True
        for notice in (*parts.notices, parts.journal.found):
            self._notice(notice, severity="warn")
        await self._connect()

    async def _connect(self) -> None:
        host, port = await self.parts.endpoint()
        await self.broker.connect(answers.connection_settings(self.settings.connection, self.mode, host, port))

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
        store = await asyncio.to_thread(self.parts.market_store)
        self._recording.push_async_callback(store.stop)
        try:
            await store.start()
        except UserError as error:
            self._notice(f"market data is not recorded: {error.text}", severity="warn")
            return
        self._notice(store.notice, severity="warn")
        if self.settings.recorder.on:
            recorder = Recorder(self.bus, self.clock, store)
            recorder.start()
            self._recording.callback(recorder.stop)

    async def _watch_settings(self, _: Heart) -> None:
        await self.preferences.watch(self.clock, self._settings_changed_elsewhere)

    def _settings_changed_elsewhere(self) -> None:
        """Disarm: the limits on screen would not be those on disk."""
        self.execution.arming.disarm(CHANGED)
        self._warn(CHANGED, "This run keeps its settings. Start again to use the file, or save the settings here.")

    def _warn(self, text: str, way_out: str) -> None:
        self._notice(text, way_out, severity="warn")

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
        await self._background.stop()
        await self.broker.disconnect()
        await self.tasks.stop()
        await self._recording.aclose()
        await self.parts.journal.stop()

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
            if event.state in _UP:
                self._use_account()
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
            self._background.spawn("find symbols", self._find_symbols())
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

    def soft_refusals(self, command: c.SubmitOrder | c.ModifyOrder) -> Sequence[tuple[str, str]]:
        """Return the soft limits that an order or a change breaks, when nothing hard stands in its way."""
        return answers.soft(self.execution.check(command))

    # ------------------------------------------------------------ what it knows
    @property
    def settings(self) -> Settings:
        """The settings in use."""
        return self.preferences.settings

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
        return answers.venue_words(self.mode)

    def why_not_trade(self) -> str:
        """Return why no order can be sent at all now, empty when one can."""
        return answers.why_not_trade(self.mode, self.execution, self.broker, self.journal)

    def owners(self, instrument_id: InstrumentId) -> Sequence[str]:
        """Return who holds a part of a position, by name."""
        return [str(owner or "manual") for owner, part in self.portfolio.owners(instrument_id).items() if part]

    def exposures(self) -> Mapping[InstrumentId, Greeks]:
        """Return currency Greeks by underlying of everything held."""
        return self._book.exposures()

    def greeks_after(self, spec: c.OrderSpec) -> Sequence[tuple[str, float | None, float | None]]:
        """Return (name, now, after) of the book's Greeks in currency when an order fills completely."""
        return self._book.greeks_after(spec)

    # ------------------------------------------------------------ symbols, settings, strategies
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
        wanted = {name: getattr(connection, name) for name in ("host", "port", "client_id", "account", "data_type")}
        changed = {name: value for name, value in wanted.items() if value != getattr(before, name)}
        if changed:
            self.preferences.change_all({f"connection.{name}": value for name, value in changed.items()})
        await self._connect()

    def open_elsewhere(self, connection: Connection) -> str:
        """Open another mode in a window and profile of its own; see `Preferences.open_elsewhere`."""
        return self.preferences.open_elsewhere(connection)

    def change_setting(self, name: str, value: object) -> None:
        """Change one setting (``section.key``), save it, and let its reader know; see `Preferences.change`."""
        self.preferences.change(name, value)

    def set_strategy_values(self, strategy_id: StrategyId, values: Mapping[str, float]) -> None:
        """Change and keep a strategy's parameters; see `StrategyShelf.set_values`."""
        self._shelf.set_values(strategy_id, values)

    def set_strategy_symbols(self, strategy_id: StrategyId, symbols: Sequence[str]) -> None:
        self._shelf.set_symbols(strategy_id, symbols)

    def _on_strategy(self, change: StrategyChanged) -> None:
        if self._running:
            self._shelf.keep_state(change)

    def remove_symbol(self, instrument_id: InstrumentId) -> None:
        self.symbols.remove(instrument_id)

    async def reconcile(self) -> None:
        """Compare with the broker now."""
        await self.execution.reconcile()

    def order_label(self, client_order_id: ClientOrderId) -> str:
        order = self.orders.get(client_order_id)
        return str(order.broker_order_id) if order is not None and order.broker_order_id else client_order_id
