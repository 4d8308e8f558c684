# SPDX-License-Identifier: Apache-2.0
"""The desk's layout: which workspace is shown, and what of window, docks and panels outlives a restart.

It moves docks and keeps blobs; it knows nothing of what the panels show.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from PySide6.QtCore import QByteArray, QTimer

from widgets.chart.panel import ChartPanel
from widgets.layouts import ARRANGEMENTS
from widgets.main_window import MainWindow
from widgets.panel import Panel, PanelDock
from widgets.presenters.common import Stage
from widgets.presenters.market import HISTORY_S
from widgets.tables.table import Table
from widgets.toasts import ToastKind

LINKABLE: Final = frozenset({"watchlist", "chart", "ladder", "tape", "ticket", "chain"})
LAST_GROUP: Final = 8
SETTLED_MS: Final = 60


class DeskLayout:
    """Arranges the docks of one window and remembers how a person left them."""

    def __init__(
        self,
        stage: Stage,
        window: MainWindow,
        docks: Mapping[str, PanelDock],
        panels: Mapping[str, Panel],
        tables: Mapping[str, Table],
        chart: ChartPanel,
    ) -> None:
        self._stage = stage
        self._window = window
        self._docks = docks
        self._panels = panels
        self._tables = tables
        self._chart = chart
        self._blobs: dict[str, bytes] = {}
        self.shown = "Main"
        """The workspace on screen."""
        self.first_symbol = ""
        """The symbol that was chosen when the window was last closed."""
        self.symbol: Callable[[], str] = lambda: ""
        """Says which symbol is chosen now."""
        self.rearranged: Callable[[], None] = lambda: None
        """Told that the docks stand elsewhere."""

    def switch(self, name: str) -> None:
        """Keep the present arrangement and show another."""
        if name == self.shown:
            return
        self._blobs[f"layout:{self.shown}"] = self._window.layout_blob()
        self.shown = name
        self._show()

    def _show(self) -> None:
        blob, size = self._blobs.get(f"layout:{self.shown}"), self._window.size()
        if blob is None or not self._window.restore_layout(blob):
            arrangement = ARRANGEMENTS[self.shown]
            arrangement.place(self._window, self._docks)
            arrangement.size(self._window, self._docks)
            for later_ms in (0, SETTLED_MS):  # sizes hold only once the docks and the window have settled
                QTimer.singleShot(later_ms, self._window, partial(arrangement.size, self._window, self._docks))
        else:
            QTimer.singleShot(SETTLED_MS, self._window, partial(self._restore_again, self.shown, blob))
        if self._window.size() != size and not self._window.isMaximized():
            self._window.resize(size)  # docks on their way to their places may have pushed the window wider
        self.rearranged()

    def _restore_again(self, workspace: str, blob: bytes) -> None:
        """Restore once more: the first time the window may not have had its size yet, and squeezed the docks."""
        if workspace == self.shown:
            self._window.restore_layout(blob)

    def reset(self) -> None:
        """Put the panels of this workspace where they stand on a first start."""
        self._blobs.pop(f"layout:{self.shown}", None)
        self._show()

    def restore(self) -> None:
        """Bring back what was on screen at the last stop; a first start gets the presets."""
        saved = self._stage.kernel.workspace.load()
        self._blobs = dict(saved.blobs) if saved is not None else {}
        geometry = self._blobs.get("geometry")
        if geometry is not None:
            self._window.restoreGeometry(QByteArray(geometry))
        if saved is not None:
            self._restore_panels(saved.panels)
        if self._stage.kernel.workspace.notice:
            self._stage.say(ToastKind.WARN, "Layout not restored", self._stage.kernel.workspace.notice)
        self._show()

    def _restore_panels(self, panels: Mapping[str, Mapping[str, Any]]) -> None:
        window = panels.get("window", {})
        if window.get("workspace") in ARRANGEMENTS:
            self.shown = str(window["workspace"])
            self._window.top.show_workspace(self.shown)
        seconds = panels.get("chart", {}).get("seconds")
        if isinstance(seconds, int) and seconds in HISTORY_S:
            self._chart.set_time_frame(seconds)
        for key, group in panels.get("links", {}).items():
            if key in LINKABLE and isinstance(group, int) and 0 <= group <= LAST_GROUP:
                self._panels[key].set_link_group(group)
        for key, table in self._tables.items():
            if key in panels:
                table.restore(panels[key])
        symbol = window.get("symbol")
        if isinstance(symbol, str):
            self.first_symbol = symbol

    def save(self) -> None:
        """Keep geometry, docks and panel settings for the next start."""
        self._blobs["geometry"] = self._window.geometry_blob()
        self._blobs[f"layout:{self.shown}"] = self._window.layout_blob()
        panels: dict[str, dict[str, Any]] = {
            "window": {"workspace": self.shown, "symbol": self.symbol()},
            "chart": {"seconds": self._chart.time_frame},
            "links": {key: panel.link_group for key, panel in self._panels.items() if key in LINKABLE},
            **{key: dict(table.save()) for key, table in self._tables.items()},
        }
        self._stage.attempt(lambda: self._stage.kernel.workspace.save(self._blobs, panels), "Layout not saved")
