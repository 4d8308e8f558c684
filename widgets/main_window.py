# SPDX-License-Identifier: Apache-2.0
"""The window: top bar, dock area, status bar. It paints itself before anything heavy is imported.

Panels and their wiring are the desk's (widgets/desk.py); the window only holds docks and layouts.
"""

import os
import sys
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPaintEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QSizePolicy, QStatusBar, QTabWidget, QWidget

from widgets import formats
from widgets.actions import Actions
from widgets.controls.still import Still
from widgets.status_bar import StatusBar
from widgets.theme import Theme
from widgets.top_bar import TopBar

LAYOUT_VERSION: Final = 2
"""Grows when an older layout would no longer come back whole."""
DEFAULT_SIZE: Final = QSize(1440, 900)


def _tell(moment: str) -> None:
    sys.stderr.write(f"{moment}\n")
    sys.stderr.flush()


class MainWindow(QMainWindow):
    """Signals:
    closing: the person wants to leave; the window stays until `leave` is called.
    filled: the docks were painted for the first time.
    """

    closing = Signal()
    filled = Signal()

    def __init__(self, theme: Theme, mode: str, profile: str) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self._theme = theme
        self._profile = profile
        self._leaving = False
        self.has_painted = False
        """The first paint is done."""
        self._docks_came = False
        self.actions_ = Actions(self)
        self.top = TopBar(theme, mode, self.actions_)
        self.menus: dict[str, QMenu] = self.actions_.fill(self.top.menu_bar)
        self.setMenuWidget(Still(self.top))
        self.status = StatusBar(theme, mode)
        bar = QStatusBar()
        bar.setSizeGripEnabled(False)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.addPermanentWidget(Still(self.status), 1)
        self.setStatusBar(bar)
        self.setDockOptions(
            QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.GroupedDragging
        )
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setDocumentMode(True)
        self._middle = QWidget()
        self._middle.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._middle.setMaximumSize(0, 0)
        self.setCentralWidget(self._middle)
        self.resize(DEFAULT_SIZE)
        self.set_mode(mode)

    # ------------------------------------------------------------ identity
    def set_mode(self, mode: str, account: str = "") -> None:
        """Make the mode unmistakable: frame, badge, title, status."""
        self.top.set_mode(mode)
        self.status.set_mode(mode)
        who = f" {formats.account(account)}" if account else ""
        self.setWindowTitle(f"{formats.MODES[mode]}{who} - Tiller ({self._profile})")

    # ------------------------------------------------------------ layouts
    def layout_blob(self) -> bytes:
        return bytes(self.saveState(LAYOUT_VERSION).data())

    def geometry_blob(self) -> bytes:
        return bytes(self.saveGeometry().data())

    def restore_layout(self, blob: bytes) -> bool:
        """Put the docks where they were; False when the blob is not of this version."""
        return self.restoreState(QByteArray(blob), LAYOUT_VERSION)

    def set_locked(self, locked: bool) -> None:
        """Keep docks from being moved or floated by accident."""
        features = QDockWidget.DockWidgetFeature
        wanted = features.DockWidgetClosable
        if not locked:
            wanted |= features.DockWidgetMovable | features.DockWidgetFloatable
        for dock in self.findChildren(QDockWidget):
            dock.setFeatures(wanted)

    # ------------------------------------------------------------ events
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.has_painted:
            self.has_painted = True
            _tell("first paint")
        if self._docks_came:
            self._docks_came = False
            QTimer.singleShot(0, self, self._docks_painted)  # when this pass has painted them too

    def docks_came(self) -> None:
        """Emit ``filled`` once the docks are on screen."""
        self._docks_came = True
        self.update()

    def _docks_painted(self) -> None:
        if os.environ.get("TILLER_TRACE_START"):
            _tell("docks filled")
        self.filled.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._leaving:
            event.accept()
            return
        event.ignore()
        self.closing.emit()

    def leave(self) -> None:
        """Close for good."""
        self._leaving = True
        self.close()

    def on_actions(self, handlers: dict[str, Callable[[], object]]) -> None:
        self.actions_.connect(handlers)
        self.top.search.set_commands(
            {spec.text.rstrip("…"): spec.key for spec in self.actions_.specs if spec.key != "palette"}
        )
        self.top.search.commandChosen.connect(lambda key: self.actions_[key].trigger())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.actions_["full_screen"].setChecked(self.isFullScreen())
