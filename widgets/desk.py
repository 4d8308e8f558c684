# SPDX-License-Identifier: Apache-2.0
"""The desk: builds every panel, wires it to the core, and lets it run until the person leaves.

Imported after the first paint. It holds the parts together and decides nothing about trading.
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from PySide6.QtCore import QObject, QPoint, QTimer

from terminal.kernel import Kernel
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
from terminal.model.ids import ClientOrderId
from terminal.model.instrument import Instrument
from widgets.blotter.panels import AccountPanel, FillsPanel, OrdersPanel, PositionsPanel
from widgets.bridge import Bridge, Frame
from widgets.chain.panel import ChainPanel
from widgets.chart.panel import ChartPanel
from widgets.controls.mode import ModeBadge
from widgets.desk_acts import DeskActs, Presenters
from widgets.desk_layout import DeskLayout
from widgets.freshness import Freshness
from widgets.journal_log.panel import LogPanel
from widgets.ladder.panel import LadderPanel
from widgets.main_window import MainWindow
from widgets.panel import Panel, PanelDock
from widgets.panel.tabs import TabbedHeaders
from widgets.presenters.chain import ChainPresenter
from widgets.presenters.common import Stage
from widgets.presenters.market import MarketPanels, MarketPresenter
from widgets.presenters.orders import OrderPanels, OrdersPresenter
from widgets.presenters.risk import RiskPresenter
from widgets.presenters.status import StatusPresenter
from widgets.presenters.strategy import StrategyPresenter
from widgets.presenters.ticket import TicketPresenter
from widgets.risk.panel import RiskPanel
from widgets.strategies.panel import StrategiesPanel
from widgets.tape.panel import TapePanel
from widgets.theme import Theme
from widgets.ticket.model import TicketDefaults, TicketModel
from widgets.ticket.panel import TicketPanel
from widgets.toasts import ToastKind, Toasts
from widgets.watchlist.panel import WatchlistPanel

TICK_MS: Final = 100
LARGE_PRINT: Final = 1_000
TOAST_ROOM: Final = 460
CHART_AXIS: Final = 58
SLOW_EVERY: Final = 5


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
        self.layout_ = DeskLayout(
            stage=self.stage,
            window=window,
            docks=self.docks,
            panels=self.panels,
            chart=self.chart,
            tables={
                "orders": self.orders.table,
                "fills": self.fills.table,
                "positions": self.positions.table,
                "watchlist": self.watchlist.table,
            },
        )
        self.acts = DeskActs(
            self.stage,
            window,
            self.layout_,
            Presenters(
                market=self.market,
                orders=self.order_presenter,
                ticket=self.ticket_presenter,
                strategies=self.strategy_presenter,
                status=self.status,
            ),
            self.orders.table,
        )
        self._ages = kernel.bus.subscribe(LinkChanged, self.stage.ages.on_link)  # at once: figures may follow it
        self.bridge = Bridge(kernel.bus, self)
        self.bridge.frame.connect(self._on_frame)
        self._count = 0
        self._grade = Freshness.FRESH
        self._ticker = QTimer(self)
        self._ticker.setInterval(TICK_MS)
        self._ticker.timeout.connect(self._tick)
        self._wire()
        self.layout_.restore()

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
        self.risk_presenter = RiskPresenter(stage, self.risk, self.account, self.order_presenter.positions)
        self.status = StatusPresenter(stage, self.window, self.order_presenter.positions)

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
        acts = self.acts
        self.layout_.rearranged = self._on_rearranged
        self.layout_.symbol = lambda: market.current.id if market.current is not None else ""
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
        window.status.connectionClicked.connect(lambda: self.stage.run(acts.doctor()))
        window.status.ageClicked.connect(self.docks["log"].raise_)
        window.status.armClicked.connect(lambda: self.stage.run(ticket.toggle_arm(), "Not armed"))
        window.top.noticesClicked.connect(lambda: self.stage.run(acts.show_notices()))
        window.top.workspaceChosen.connect(self.layout_.switch)
        window.on_actions(acts.handlers())
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

    # ------------------------------------------------------------ frames and ticks
    def start(self) -> None:
        """Show what the core knows already and begin to follow it."""
        self.strategy_presenter.show_entries()
        self.market.first_symbol = self.layout_.first_symbol
        self.market.refresh_watchlist()
        self.order_presenter.show_all()
        self._ticker.start()

    def close(self) -> None:
        """Let go of the core: no timer, task or subscription of the window is left."""
        self._ticker.stop()
        self.status.close()
        self._ages.close()
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
        grade, self._grade = self._grade, self.order_presenter.positions.grade
        if self._count % SLOW_EVERY == 0 or grade is not self._grade:  # a sum turns stale with its parts
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
            "fills": self.kernel.portfolio.fill_totals()[0],
            "positions": sum(bool(one.quantity) for one in self.kernel.portfolio.positions().values()),
            "strategies": sum(entry.state.value in ("live", "observe") for entry in self.kernel.strategies.entries()),
        }
        for key, count in counts.items():
            self.docks[key].set_count(count)

    # ------------------------------------------------------------ layout
    @property
    def workspace(self) -> str:
        """Name of the workspace on screen."""
        return self.layout_.shown

    def switch_workspace(self, name: str) -> None:
        """Show another workspace."""
        self.layout_.switch(name)

    def reset_layout(self) -> None:
        """Put the panels where they stand on a first start."""
        self.layout_.reset()

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
        order = self.kernel.orders.get(ClientOrderId(str(client_order_id)))
        if order is not None:
            self.market.choose(order.instrument_id)

    def _on_notice(self, notice: DataNotice) -> None:
        self.status.on_notice(notice)
        self.market.on_notice(notice)

    def _on_reconciled(self, event: Reconciled) -> None:
        self.status.on_reconciled(event)
        self.order_presenter.show_all()
        self.orders.match.setText("Broker and local orders match" if event.clean else "Differences with the broker")

    def _on_rearranged(self) -> None:
        self.chain.update_visible()
        QTimer.singleShot(0, self.toasts.arrange)

    def _calm_corner(self) -> QPoint:
        """Return where toasts stand: inside the chart, so that they cover no button that sends or cancels."""
        chart = self.chart
        if chart.isVisible() and chart.width() >= TOAST_ROOM and chart.height() >= TOAST_ROOM // 2:
            return chart.mapTo(self.window, QPoint(chart.width() - CHART_AXIS, chart.height() - CHART_AXIS // 2))
        return QPoint(self.window.width(), self.window.height() - self.window.status.height())
