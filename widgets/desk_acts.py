# SPDX-License-Identifier: Apache-2.0
"""What the menus, shortcuts and buttons of the window do: one function per action, and the dialogs they open.

Orders and positions are the wishes' affair (`OrderWishes`); here is everything else that a person can choose.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication

from terminal import __version__
from terminal.model.commands import KillSwitch
from widgets import dialogs
from widgets.connect_dialog import ConnectDialog
from widgets.desk_layout import DeskLayout
from widgets.main_window import MainWindow
from widgets.presenters.common import Stage
from widgets.presenters.market import MarketPresenter
from widgets.presenters.orders import OrdersPresenter
from widgets.presenters.status import StatusPresenter
from widgets.presenters.strategy import StrategyPresenter
from widgets.presenters.ticket import TicketPresenter
from widgets.settings_dialog import SettingsDialog
from widgets.tables.table import Table
from widgets.ticket.model import TicketDefaults
from widgets.toasts import ToastKind

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


@dataclass(slots=True, kw_only=True)
class Presenters:
    """Those whom an action asks."""

    market: MarketPresenter
    orders: OrdersPresenter
    ticket: TicketPresenter
    strategies: StrategyPresenter
    status: StatusPresenter


class DeskActs:
    """The actions of one window."""

    def __init__(
        self, stage: Stage, window: MainWindow, layout: DeskLayout, presenters: Presenters, default_table: Table
    ) -> None:
        self._stage = stage
        self._kernel = stage.kernel
        self._theme = stage.theme
        self._window = window
        self._layout = layout
        self._on = presenters
        self._ticket = presenters.ticket.panel
        self._table = default_table

    def handlers(self) -> dict[str, Callable[[], object]]:
        stage, ticket, market = self._stage, self._on.ticket, self._on.market
        wishes = self._on.orders.wishes

        def held(act: Callable[..., object]) -> None:
            if market.current is not None:
                act(market.current.id)

        return {
            "connect": lambda: stage.run(self._connect(), "Not connected"),
            "disconnect": lambda: stage.run(self._kernel.broker.disconnect()),
            "settings": lambda: stage.run(self._settings(), "Not saved"),
            "export": self._export,
            "quit": self._window.close,
            "palette": self._window.top.search.setFocus,
            "theme": self.toggle_theme,
            "density": self.next_density,
            "reset_layout": self._layout.reset,
            "lock_layout": lambda: self._window.set_locked(self._window.actions_["lock_layout"].isChecked()),
            "full_screen": self._full_screen,
            "new_order": self._ticket.begin,
            "arm": lambda: stage.run(ticket.toggle_arm(), "Not armed"),
            "close_position": lambda: held(wishes.close),
            "reverse_position": lambda: held(wishes.reverse),
            "flatten": lambda: stage.run(wishes.flatten(), "Not flattened"),
            "flatten_all": lambda: stage.run(wishes.flatten_all(), "Not flattened"),
            "cancel_symbol": wishes.cancel_symbol,
            "cancel_all": lambda: stage.run(wishes.cancel_all(), "Not cancelled"),
            "stop_strategies": self._on.strategies.stop_all,
            "kill": self.kill,
            "unkill": lambda: stage.run(self._unkill(), "Not lifted"),
            "reconcile": lambda: stage.run(self._kernel.reconcile(), "Not compared"),
            "doctor": lambda: stage.run(self.doctor()),
            "verify": lambda: stage.run(self._verify()),
            "open_data": self._open_data,
            "keys": lambda: stage.run(self._keys()),
            "about": lambda: stage.run(self._about()),
        }

    def kill(self) -> None:
        """Stop everything at once; it never asks."""
        self._stage.attempt(lambda: self._kernel.do(KillSwitch(engage=True, reason="stopped by hand")), "Not stopped")

    async def _unkill(self) -> None:
        if self._kernel.killed:
            self._kernel.do(KillSwitch(engage=False, reason="lifted by hand"))

    def toggle_theme(self) -> None:
        """Switch between dark and light and keep the choice."""
        name = "light" if self._theme.name == "dark" else "dark"
        self._theme.switch(name=name)
        self._stage.attempt(lambda: self._kernel.change_setting("appearance.theme", name), "Not saved")

    def next_density(self) -> None:
        names = list(self._theme.tokens.densities)
        name = names[(names.index(self._theme.density_name) + 1) % len(names)]
        self._theme.switch(density=name)
        self._stage.attempt(lambda: self._kernel.change_setting("appearance.density", name), "Not saved")

    def _full_screen(self) -> None:
        if self._window.isFullScreen():
            self._window.showNormal()
        else:
            self._window.showFullScreen()

    def _export(self) -> None:
        """Export the table that has the focus, else the orders."""
        widget = QApplication.focusWidget()
        while widget is not None and not isinstance(widget, Table):
            widget = widget.parentWidget()
        table = widget if isinstance(widget, Table) else self._table
        table.ask_export()

    def _open_data(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._kernel.workspace.path.parent)))

    async def show_notices(self) -> None:
        await self._tell("Notices", self._on.status.read_notices())

    async def _verify(self) -> None:
        report = await asyncio.to_thread(self._kernel.journal.verify)
        await self._tell("Journal", report.summary)

    async def _keys(self) -> None:
        lines = [f"{spec.shortcut:<16}{spec.text.rstrip('…')}" for spec in self._window.actions_.specs if spec.shortcut]
        await self._tell("Keyboard", "\n".join([*lines, *MORE_KEYS]))

    async def _about(self) -> None:
        await self._tell("About Tiller", ABOUT.format(version=__version__))

    async def _tell(self, title: str, text: str) -> None:
        await dialogs.finished(
            dialogs.Notice(self._theme, self._window, mode=self._kernel.mode.value, title=title, text=text)
        )

    async def doctor(self) -> None:
        await self._tell("Connection doctor", await self._kernel.diagnose())

    async def _connect(self) -> None:
        dialog = ConnectDialog(self._theme, self._window, self._kernel.settings.connection)
        if not await dialogs.finished(dialog):
            return
        chosen = dialog.chosen()
        if chosen.mode is self._kernel.mode:
            await self._kernel.connect_to(chosen)
            return
        profile = self._kernel.open_elsewhere(chosen)
        self._stage.say(
            ToastKind.INFO, f"Opening {chosen.mode.value}", f"Profile {profile} opens in a window of its own."
        )

    async def _settings(self) -> None:
        dialog = SettingsDialog(self._theme, self._window, self._kernel.settings, self._kernel.parts.settings_file)
        if await dialogs.finished(dialog):
            for name, value in dialog.changes():
                self._kernel.change_setting(name, value)
            await self._apply_settings()

    async def _apply_settings(self) -> None:
        symbols = self._kernel.settings.watchlist.symbols
        if symbols != tuple(self._kernel.symbols.texts):
            await self._kernel.symbols.replace(symbols)
            self._on.market.refresh_watchlist()
        trading = self._kernel.settings.trading
        self._ticket.model.defaults = TicketDefaults.of(
            stop_percent=trading.bracket_stop_percent, target_ratio=trading.bracket_target_ratio
        )
        look = self._kernel.settings.appearance
        self._theme.switch(name=look.theme.value, density=None if look.density.value == "auto" else look.density.value)
