# SPDX-License-Identifier: Apache-2.0
"""Tabbed docks: where panels share a place, the tab names the panel and its tools stand in the tab row.

Qt gives tabbed docks a row of tabs and a title bar each: two bars that say the same. This moves the
header of the front panel into the free end of the tab row. It only places headers; it decides no layout.
"""

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer
from PySide6.QtWidgets import QMainWindow, QTabBar, QTabWidget

from widgets.panel.dock import PanelDock

_GAP = 8


class TabbedHeaders(QObject):
    """Create one per window (it puts the tabs on top); `adopt` every dock once, when it is added."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.arrange)
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        window.installEventFilter(self)

    def adopt(self, dock: PanelDock) -> None:
        """Follow a dock of the window from now on."""
        dock.placed.connect(self._later.start)
        dock.visibilityChanged.connect(self._later.start)
        dock.topLevelChanged.connect(self._later.start)
        dock.dockLocationChanged.connect(self._later.start)
        self._later.start()

    def arrange(self) -> None:
        """Put every header where it belongs now."""
        bars = [bar for bar in self._window.findChildren(QTabBar) if bar.parent() is self._window]
        for dock in self._window.findChildren(PanelDock):
            room = None if dock.isFloating() else self._room(dock, bars)
            dock.set_header_in_tabs(room is not None)
            if room is not None:
                header = dock.panel.header
                header.setVisible(dock.in_front)
                header.setGeometry(room)
                header.raise_()

    def _room(self, dock: PanelDock, bars: list[QTabBar]) -> QRect | None:
        """Return the free end of the dock's tab row, None without one or when its tools do not fit."""
        together = [dock, *self._window.tabifiedDockWidgets(dock)]
        front = next((one for one in together if isinstance(one, PanelDock) and one.in_front), None)
        if len(together) < 2 or front is None:
            return None
        spot = front.geometry()
        near = (bar for bar in bars if bar.isVisible() and abs(bar.geometry().bottom() + 1 - spot.top()) <= 1)
        bar = next((bar for bar in near if bar.geometry().left() == spot.left()), None)
        if bar is None:
            return None
        area = bar.geometry()
        used = bar.tabRect(bar.count() - 1).right() + 1 + _GAP
        wanted = dock.panel.header.tools_width
        if used + wanted > area.width():
            return None
        return QRect(area.right() + 1 - wanted, area.top(), wanted, area.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window's own layout."""
        if event.type() in {QEvent.Type.LayoutRequest, QEvent.Type.Resize, QEvent.Type.Show}:
            self._later.start()
        return super().eventFilter(watched, event)
