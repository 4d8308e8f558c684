# SPDX-License-Identifier: Apache-2.0
"""The desk: builds every panel, wires it to the core, and lets it run until the person leaves.

Imported after the first paint. It holds the parts together and decides nothing about trading.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final

from PySide6.QtCore import QByteArray, QObject, QPoint, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication

from terminal import __version__
from terminal.errors import TerminalError
from terminal.kernel import Kernel
from terminal.model.commands import KillSwitch
from terminal.model.enums import Side
from terminal.model.events import (
    ArmedChanged,
    DataNotice,
    DecisionMade,
    KillSwitchReport,
    LinkChanged,
    LogLine,
    OrderChanged,
    Reconciled,
    StrategyChanged,
    TaskFailed,
    TradingStateChanged,
)
from terminal.model.instrument import Instrument
from widgets import crash, dialogs
from widgets.blotter.panels import AccountPanel, FillsPanel, OrdersPanel, PositionsPanel
from widgets.bridge import Bridge, Frame
from widgets.chain.panel import ChainPanel
from widgets.chart.panel import ChartPanel
from widgets.connect_dialog import ConnectDialog
from widgets.controls.mode import ModeBadge
from widgets.journal_log.panel import LogPanel
from widgets.ladder.panel import LadderPanel
from widgets.layouts import ARRANGEMENTS
from widgets.main_window import MainWindow
from widgets.panel import Panel, PanelDock
from widgets.panel.tabs import TabbedHeaders
from widgets.presenters.chain import ChainPresenter
from widgets.presenters.common import Stage
from widgets.presenters.market import HISTORY_S, MarketPanels, MarketPresenter
from widgets.presenters.orders import OrderPanels, OrdersPresenter
from widgets.presenters.risk import RiskPresenter
from widgets.presenters.status import StatusPresenter
from widgets.presenters.strategy import StrategyPresenter
from widgets.presenters.ticket import TicketPresenter
from widgets.risk.panel import RiskPanel
from widgets.settings_dialog import SettingsDialog
from widgets.strategies.panel import StrategiesPanel
from widgets.tables.table import Table
from widgets.tape.panel import TapePanel
from widgets.theme import Theme
from widgets.ticket.model import TicketDefaults, TicketModel
from widgets.ticket.panel import TicketPanel
from widgets.toasts import ToastKind, Toasts
from widgets.watchlist.panel import WatchlistPanel

TICK_MS: Final = 100
LINKABLE: Final = frozenset({"watchlist", "chart", "ladder", "tape", "ticket", "chain"})
LAST_GROUP: Final = 8
SETTLED_MS: Final = 60
LARGE_PRINT: Final = 1_000
TOAST_ROOM: Final = 460
CHART_AXIS: Final = 58
SLOW_EVERY: Final = 5
FILL_PATIENCE_MS: Final = 1_000
AUTOSAVE_MS: Final = 2_000
DeskSession = Callable[["Desk"], Awaitable[int]]
MORE_KEYS: Final = (
    "",
    "B / S           Ticket: buy, sell (watchlist and ticket)",
    "Up / Down       Price by one tick, Shift ten, Ctrl a hundred",
    "Ctrl+Enter      Send, in ticket and confirmation",
    "Del             Cancel the chosen orders",
    "Ctrl+F          Filter a table, Ctrl+C copies its rows",
    "Home / End      First or last bar of the chart, + and - zoom",
)
ABOUT: Final = (
    "Tiller {version}\nA desktop trading terminal for Interactive Brokers.\n\n"
    "Apache License 2.0. Qt for Python (PySide6) under LGPL-3.0, Inter and JetBrains Mono under the SIL Open "
    "Font License, ib_insync and pyqtgraph under their own licences.\n\n"
    "No warranty. Trading can lose more than was paid in. It has never been tried on a real TWS."
)


class Desk(QObject):
    """All panels of one window over one core."""

    def __init__(self, theme: Theme, window: MainWindow, kernel: Kernel) -> None:
        super().__init__(window)
        self.theme, self.window, self.kernel = theme, window, kernel
        self.toasts = Toasts(theme, window, corner=self._calm_corner)
        self.stage = Stage(
            kernel=kernel, theme=theme, window=window, toast=self.toasts.show_toast, dismiss=self.toasts.dismiss
        )
        self._build_panels()
        self._build_presenters()
        self._headers = TabbedHeaders(window)
        self.docks = {key: self._dock(key, panel) for key, panel in self.panels.items()}
        self.workspace = "Main"
        self._first_symbol = ""
        self.bridge = Bridge(kernel.bus, self)
        self.bridge.frame.connect(self._on_frame)
        self._count = 0
        self._ticker = QTimer(self)
        self._ticker.setInterval(TICK_MS)
        self._ticker.timeout.connect(self._tick)
        self._wire()
        self.restore_layout()

    # ------------------------------------------------------------ building
    def _build_panels(self) -> None:
        theme, kernel = self.theme, self.kernel
        trading = kernel.settings.trading
        self.watchlist = WatchlistPanel(theme)
        self.chart = ChartPanel(theme, kernel.clock.now_ns)
        self.ladder = LadderPanel(theme)
        self.tape = TapePanel(theme, large=LARGE_PRINT)
        self.ticket = TicketPanel(
            theme,
            TicketModel(
                defaults=TicketDefaults.of(
                    stop_percent=trading.bracket_stop_percent, target_ratio=trading.bracket_target_ratio
                ),
            ),
        )
        self.orders, self.fills = OrdersPanel(theme), FillsPanel(theme)
        self.positions, self.account = PositionsPanel(theme), AccountPanel(theme)
        self.chain, self.risk = ChainPanel(theme), RiskPanel(theme)
        self.strategies, self.log = StrategiesPanel(theme), LogPanel(theme)
        self.panels: dict[str, Panel] = {
            "watchlist": self.watchlist,
            "chart": self.chart,
            "ladder": self.ladder,
            "tape": self.tape,
            "ticket": self.ticket,
            "orders": self.orders,
            "fills": self.fills,
            "positions": self.positions,
            "strategies": self.strategies,
            "log": self.log,
            "account": self.account,
            "chain": self.chain,
            "risk": self.risk,
        }

    def _build_presenters(self) -> None:
        stage = self.stage
        self.chain_presenter = ChainPresenter(stage, self.chain)
        self.market = MarketPresenter(
            stage,
            MarketPanels(watchlist=self.watchlist, chart=self.chart, ladder=self.ladder, tape=self.tape),
            self.chain_presenter,
        )
        self.order_presenter = OrdersPresenter(
            stage,
            OrderPanels(
                orders=self.orders,
                fills=self.fills,
                positions=self.positions,
                chart=self.chart,
                ladder=self.ladder,
            ),
        )
        self.ticket_presenter = TicketPresenter(stage, self.ticket)
        self.strategy_presenter = StrategyPresenter(stage, self.strategies)
        self.risk_presenter = RiskPresenter(stage, self.risk, self.account, self.order_presenter)
        self.status = StatusPresenter(stage, self.window)

    def _dock(self, key: str, panel: Panel) -> PanelDock:
        dock = PanelDock(panel, f"{key}:1", self.window)
        self._headers.adopt(dock)
        badge = ModeBadge(self.kernel.mode.value)
        badge.hide()
        panel.add_tool(badge)
        dock.topLevelChanged.connect(badge.setVisible)
        self.window.menus["Panels"].addAction(dock.toggleViewAction())
        return dock

    def _wire(self) -> None:
        window, market, orders, ticket = self.window, self.market, self.order_presenter, self.ticket_presenter
        market.on_shown = self._on_shown
        market.link("ticket", self.ticket, ticket.set_instrument)
        self.ladder.clickToTrade.connect(self._on_ladder_click)
        self.chart.priceClicked.connect(self._on_chart_click)
        self.chain.picked.connect(self._on_option_picked)
        self.positions.shown.connect(market.choose)
        self.orders.shown.connect(self._show_order)
        self.watchlist.side_key.connect(self.ticket.begin)
        window.top.search.symbolChosen.connect(
            lambda text: self.stage.run(market.open_symbol(text), "Symbol not found")
        )
        window.status.connectionClicked.connect(lambda: self.stage.run(self._doctor()))
        window.status.ageClicked.connect(self.docks["log"].raise_)
        window.status.armClicked.connect(lambda: self.stage.run(ticket.toggle_arm(), "Not armed"))
        window.top.noticesClicked.connect(lambda: self.stage.run(self._show_notices()))
        window.top.workspaceChosen.connect(self.switch_workspace)
        window.on_actions(self._handlers())
        self._facts: dict[type, Callable[..., object]] = {
            OrderChanged: orders.on_order,
            LinkChanged: self.status.on_link,
            DataNotice: self._on_notice,
            ArmedChanged: self._on_armed,
            TradingStateChanged: self.status.on_trading_state,
            Reconciled: self._on_reconciled,
            KillSwitchReport: self.status.on_kill,
            StrategyChanged: self.strategy_presenter.on_changed,
            DecisionMade: self.strategy_presenter.on_decision,
            TaskFailed: self.status.on_task_failed,
            LogLine: self.log.add,
        }
        for line in self.kernel.parts.logs.ring.lines:
            self.log.add(line)
        self.kernel.parts.logs.ring.attach(self.kernel.bus.publish, asyncio.get_running_loop().call_soon_threadsafe)

    def _handlers(self) -> dict[str, Callable[[], object]]:
        stage, orders, ticket = self.stage, self.order_presenter, self.ticket_presenter
        current = self.market

        def held(act: Callable[..., object]) -> None:
            if current.current is not None:
                act(current.current.id)

        return {
            "connect": lambda: stage.run(self._connect(), "Not connected"),
            "disconnect": lambda: stage.run(self.kernel.broker.disconnect()),
            "settings": lambda: stage.run(self._settings(), "Not saved"),
            "export": self._export,
            "quit": self.window.close,
            "palette": self.window.top.search.setFocus,
            "theme": self.toggle_theme,
            "density": self.next_density,
            "reset_layout": self.reset_layout,
            "lock_layout": lambda: self.window.set_locked(self.window.actions_["lock_layout"].isChecked()),
            "full_screen": self._full_screen,
            "new_order": self.ticket.begin,
            "arm": lambda: stage.run(ticket.toggle_arm(), "Not armed"),
            "close_position": lambda: held(orders.close),
            "reverse_position": lambda: held(orders.reverse),
            "flatten": lambda: stage.run(orders.flatten(), "Not flattened"),
            "flatten_all": lambda: stage.run(orders.flatten_all(), "Not flattened"),
            "cancel_symbol": orders.cancel_symbol,
            "cancel_all": lambda: stage.run(orders.cancel_all(), "Not cancelled"),
            "stop_strategies": self.strategy_presenter.stop_all,
            "kill": self.kill,
            "unkill": lambda: stage.run(self._unkill(), "Not lifted"),
            "reconcile": lambda: stage.run(self.kernel.reconcile(), "Not compared"),
            "doctor": lambda: stage.run(self._doctor()),
            "verify": lambda: stage.run(self._verify()),
            "open_data": self._open_data,
            "keys": lambda: stage.run(self._keys()),
            "about": lambda: stage.run(self._about()),
        }

    # ------------------------------------------------------------ frames and ticks
    def start(self) -> None:
        """Show what the core knows already and begin to follow it."""
        self.strategy_presenter.show_entries()
        self.market.refresh_watchlist()
        self.order_presenter.show_all()
        self._ticker.start()

    def close(self) -> None:
        """Let go of the core: no timer, task or subscription of the window is left."""
        self._ticker.stop()
        self.status.close()
        self.bridge.close()
        self.stage.cancel_all()
        self.kernel.parts.logs.ring.detach()

    def _on_frame(self, frame: Frame) -> None:
        self.market.on_frame(frame)
        ticket = self.market.shown.get("ticket")
        if ticket is not None and ticket.id in frame.quotes:
            self.ticket_presenter.on_quote()
        for fact in frame.facts:
            handler = self._facts.get(type(fact))
            if handler is not None:
                handler(fact)

    def _tick(self) -> None:
        """Ten times a second what ages, twice a second what is summed."""
        self._count += 1
        self.market.tick()
        self.order_presenter.tick()
        self._show_armed()
        if self._count % SLOW_EVERY == 0:
            if self.market.current is None or self.kernel.symbols.size != len(self.watchlist.model.ids):
                self.market.refresh_watchlist()
            self.risk_presenter.tick()
            self.strategy_presenter.tick()
            self.status.tick()
            self._show_counts()

    def _on_armed(self, event: ArmedChanged) -> None:
        """Show it in the same frame: a click in the next moment must mean what the screen says."""
        self.status.on_armed(event)
        self._show_armed()

    def _show_armed(self) -> None:
        armed = self.status.armed
        self.ticket_presenter.tick(armed=armed, left=self.status.armed_left)
        self.chart.set_armed(armed)
        self.ladder.set_armed(armed)

    def _show_counts(self) -> None:
        counts = {
            "orders": len(self.kernel.orders.open()),
            "fills": len(self.kernel.portfolio.fills()),
            "positions": sum(bool(one.quantity) for one in self.kernel.portfolio.positions().values()),
            "strategies": sum(entry.state.value in ("live", "observe") for entry in self.kernel.strategies.entries()),
        }
        for key, count in counts.items():
            self.docks[key].set_count(count)

    # ------------------------------------------------------------ following
    def _on_shown(self, key: str, instrument: Instrument) -> None:
        """Own orders are drawn where their instrument is shown."""
        if key == "chart":
            self.order_presenter.set_instrument(instrument)
        elif key == "ladder":
            self.order_presenter.set_ladder_instrument(instrument)

    def _ticket_shows(self, key: str) -> bool:
        """Say whether the ticket is about the instrument of another panel; a price never crosses instruments."""
        ticket, other = self.market.shown.get("ticket"), self.market.shown.get(key)
        if ticket is not None and other is not None and ticket.id == other.id:
            return True
        shown = ticket.label if ticket is not None else "nothing"
        self.stage.say(
            ToastKind.WARN,
            "The ticket shows another instrument",
            f"It shows {shown}. Give both panels the same link group, or choose the instrument for the ticket.",
        )
        return False

    def _on_ladder_click(self, side: Side, price: Decimal) -> None:
        if self._ticket_shows("ladder"):
            self.ticket_presenter.click_to_trade(side, price)

    def _on_chart_click(self, price: Decimal, side: Side, _: object) -> None:
        if self._ticket_shows("chart"):
            self.ticket_presenter.prefill(side, price)

    def _on_option_picked(self, instrument: Instrument, side: Side, price: object) -> None:
        """An option of the chain goes into the ticket of its group; chart and ladder follow it."""
        self.market.show_contract(instrument)
        ticket = self.market.shown.get("ticket")
        if ticket is not None and ticket.id == instrument.id:
            self.ticket_presenter.prefill_from_chain(side, price)

    def _show_order(self, client_order_id: object) -> None:
        order = next((one for one in self.kernel.orders.all() if one.client_order_id == client_order_id), None)
        if order is not None:
            self.market.choose(order.instrument_id)

    def _on_notice(self, notice: DataNotice) -> None:
        self.status.on_notice(notice)
        self.market.on_notice(notice)

    def _on_reconciled(self, event: Reconciled) -> None:
        self.status.on_reconciled(event)
        self.order_presenter.show_all()
        self.orders.match.setText("Broker and local orders match" if event.clean else "Differences with the broker")

    def _calm_corner(self) -> QPoint:
        """Return where toasts stand: inside the chart, so that they cover no button that sends or cancels."""
        chart = self.chart
        if chart.isVisible() and chart.width() >= TOAST_ROOM and chart.height() >= TOAST_ROOM // 2:
            return chart.mapTo(self.window, QPoint(chart.width() - CHART_AXIS, chart.height() - CHART_AXIS // 2))
        return QPoint(self.window.width(), self.window.height() - self.window.status.height())

    # ------------------------------------------------------------ actions
    def kill(self) -> None:
        """Stop everything at once; it never asks."""
        self.stage.attempt(lambda: self.kernel.do(KillSwitch(engage=True, reason="stopped by hand")), "Not stopped")

    async def _unkill(self) -> None:
        if self.kernel.killed:
            self.kernel.do(KillSwitch(engage=False, reason="lifted by hand"))

    def toggle_theme(self) -> None:
        """Switch between dark and light and keep the choice."""
        name = "light" if self.theme.name == "dark" else "dark"
        self.theme.switch(name=name)
        self.stage.attempt(lambda: self.kernel.change_setting("appearance.theme", name), "Not saved")

    def next_density(self) -> None:
        names = list(self.theme.tokens.densities)
        name = names[(names.index(self.theme.density_name) + 1) % len(names)]
        self.theme.switch(density=name)
        self.stage.attempt(lambda: self.kernel.change_setting("appearance.density", name), "Not saved")

    def _full_screen(self) -> None:
        if self.window.isFullScreen():
            self.window.showNormal()
        else:
            self.window.showFullScreen()

    def _export(self) -> None:
        """Export the table that has the focus, else the orders."""
        widget = QApplication.focusWidget()
        while widget is not None and not isinstance(widget, Table):
            widget = widget.parentWidget()
        table = widget if isinstance(widget, Table) else self.orders.table
        table.ask_export()

    def _open_data(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.kernel.workspace.path.parent)))

    async def _show_notices(self) -> None:
        await self._tell("Notices", self.status.read_notices())

    async def _verify(self) -> None:
        report = await asyncio.to_thread(self.kernel.journal.verify)
        await self._tell("Journal", report.summary)

    async def _keys(self) -> None:
        lines = [f"{spec.shortcut:<16}{spec.text.rstrip('…')}" for spec in self.window.actions_.specs if spec.shortcut]
        await self._tell("Keyboard", "\n".join([*lines, *MORE_KEYS]))

    async def _about(self) -> None:
        await self._tell("About Tiller", ABOUT.format(version=__version__))

    async def _tell(self, title: str, text: str) -> None:
        await dialogs.finished(
            dialogs.Notice(self.theme, self.window, mode=self.kernel.mode.value, title=title, text=text)
        )

    async def _doctor(self) -> None:
        await self._tell("Connection doctor", await self.kernel.diagnose())

    async def _connect(self) -> None:
        dialog = ConnectDialog(self.theme, self.window, self.kernel.settings.connection)
        if not await dialogs.finished(dialog):
            return
        chosen = dialog.chosen()
        if chosen.mode is self.kernel.mode:
            await self.kernel.connect_to(chosen)
            return
        profile = self.kernel.open_elsewhere(chosen)
        self.stage.say(
            ToastKind.INFO, f"Opening {chosen.mode.value}", f"Profile {profile} opens in a window of its own."
        )

    async def _settings(self) -> None:
        dialog = SettingsDialog(self.theme, self.window, self.kernel.settings, self.kernel.parts.settings_file)
        if await dialogs.finished(dialog):
            for name, value in dialog.changes():
                self.kernel.change_setting(name, value)
            await self._apply_settings()

    async def _apply_settings(self) -> None:
        symbols = self.kernel.settings.watchlist.symbols
        if symbols != tuple(self.kernel.symbols.texts):
            await self.kernel.symbols.replace(symbols)
            self.market.refresh_watchlist()
        trading = self.kernel.settings.trading
        self.ticket.model.defaults = TicketDefaults.of(
            stop_percent=trading.bracket_stop_percent, target_ratio=trading.bracket_target_ratio
        )
        look = self.kernel.settings.appearance
        self.theme.switch(name=look.theme.value, density=None if look.density.value == "auto" else look.density.value)

    # ------------------------------------------------------------ layouts
    def switch_workspace(self, name: str) -> None:
        """Keep the present arrangement and show another."""
        if name == self.workspace:
            return
        self._blobs[f"layout:{self.workspace}"] = self.window.layout_blob()
        self.workspace = name
        self._show_workspace()

    def _show_workspace(self) -> None:
        blob, size = self._blobs.get(f"layout:{self.workspace}"), self.window.size()
        if blob is None or not self.window.restore_layout(blob):
            arrangement = ARRANGEMENTS[self.workspace]
            arrangement.place(self.window, self.docks)
            arrangement.size(self.window, self.docks)
            for later_ms in (0, SETTLED_MS):  # sizes hold only once the docks and the window have settled
                QTimer.singleShot(later_ms, self, partial(arrangement.size, self.window, self.docks))
        else:
            QTimer.singleShot(SETTLED_MS, self, partial(self._restore_again, self.workspace, blob))
        if self.window.size() != size and not self.window.isMaximized():
            self.window.resize(size)  # docks on their way to their places may have pushed the window wider
        self.chain.update_visible()
        QTimer.singleShot(0, self.toasts.arrange)

    def _restore_again(self, workspace: str, blob: bytes) -> None:
        """Restore once more: the first time the window may not have had its size yet, and squeezed the docks."""
        if workspace == self.workspace:
            self.window.restore_layout(blob)

    def reset_layout(self) -> None:
        """Put the panels of this workspace where they stand on a first start."""
        self._blobs.pop(f"layout:{self.workspace}", None)
        self._show_workspace()

    def restore_layout(self) -> None:
        """Bring back what was on screen at the last stop; a first start gets the presets."""
        saved = self.kernel.workspace.load()
        self._blobs: dict[str, bytes] = dict(saved.blobs) if saved is not None else {}
        geometry = self._blobs.get("geometry")
        if geometry is not None:
            self.window.restoreGeometry(QByteArray(geometry))
        if saved is not None:
            self._restore_panels(saved.panels)
        if self.kernel.workspace.notice:
            self.stage.say(ToastKind.WARN, "Layout not restored", self.kernel.workspace.notice)
        self._show_workspace()

    def _restore_panels(self, panels: Mapping[str, Mapping[str, Any]]) -> None:
        window = panels.get("window", {})
        if window.get("workspace") in ARRANGEMENTS:
            self.workspace = str(window["workspace"])
            self.window.top.show_workspace(self.workspace)
        seconds = panels.get("chart", {}).get("seconds")
        if isinstance(seconds, int) and seconds in HISTORY_S:
            self.chart.set_time_frame(seconds)
        for key, group in panels.get("links", {}).items():
            if key in LINKABLE and isinstance(group, int) and 0 <= group <= LAST_GROUP:
                self.panels[key].set_link_group(group)
        for key, table in self._tables().items():
            if key in panels:
                table.restore(panels[key])
        symbol = window.get("symbol")
        if isinstance(symbol, str):
            self._first_symbol = symbol

    def _tables(self) -> dict[str, Table]:
        return {
            "orders": self.orders.table,
            "fills": self.fills.table,
            "positions": self.positions.table,
            "watchlist": self.watchlist.table,
        }

    def save_layout(self) -> None:
        """Keep geometry, docks and panel settings for the next start."""
        self._blobs["geometry"] = self.window.geometry_blob()
        self._blobs[f"layout:{self.workspace}"] = self.window.layout_blob()
        current = self.market.current
        panels: dict[str, dict[str, Any]] = {
            "window": {"workspace": self.workspace, "symbol": current.id if current is not None else ""},
            "chart": {"seconds": self.chart.time_frame},
            "links": {key: panel.link_group for key, panel in self.panels.items() if key in LINKABLE},
            **{key: dict(table.save()) for key, table in self._tables().items()},
        }
        self.stage.attempt(lambda: self.kernel.workspace.save(self._blobs, panels), "Layout not saved")


async def _filled(window: MainWindow) -> None:
    """Wait until the docks are on screen: what the core does next would only delay them. A hidden window never is."""
    painted = asyncio.get_running_loop().create_future()

    def settle() -> None:
        if not painted.done():
            painted.set_result(None)

    window.filled.connect(settle)
    QTimer.singleShot(FILL_PATIENCE_MS, settle)
    window.docks_came()
    await painted


async def run_desk(
    app: QApplication,
    theme: Theme,
    window: MainWindow,
    build: Callable[[], Awaitable[Kernel]],
    session: DeskSession | None,
) -> int:
    """Build the core and the panels, run until the window is closed, stop in order; return the exit code.

    Raises:
        TerminalError: it cannot start; the window is gone and the core, if there was one, has stopped.
    """
    try:
        kernel = await build()
    except TerminalError:
        window.leave()
        raise
    desk = Desk(theme, window, kernel)
    await _filled(window)
    remove_hooks = crash.install(desk.stage, kernel)
    leaving = asyncio.get_running_loop().create_future()

    def leave() -> None:
        if not leaving.done():
            leaving.set_result(0)

    window.closing.connect(leave)
    app.commitDataRequest.connect(lambda _: leave())
    try:
        await kernel.start()
        desk.start()
        return await session(desk) if session is not None else await leaving
    finally:
        desk.save_layout()
        desk.close()
        await kernel.stop()
        remove_hooks()
        window.leave()
