# SPDX-License-Identifier: Apache-2.0
"""Panel dock: a panel in the window's dock area, with the panel's own header as the title bar.

The object name is stable, so that a saved layout finds the dock again. Maximising hides the other docks
of the window and brings the same layout back; it must not be saved as the layout.
"""

from PySide6.QtCore import QByteArray, QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QMouseEvent, QMoveEvent, QResizeEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QWidget

from widgets.controls.still import Still
from widgets.panel.base import Panel
from widgets.theme import set_property


class PanelDock(QDockWidget):
    """A dock around one panel.

    Signals:
        maximised_changed: the dock took the window for itself, or gave it back.
        placed: the dock was moved or resized.
    """

    maximised_changed = Signal(bool)
    placed = Signal()

    def __init__(self, panel: Panel, key: str, parent: QWidget | None = None) -> None:
        """`key` is unique and never changes (``chart:1``): the saved layout knows the dock by it."""
        super().__init__(panel.header.title, parent)
        self.panel = panel
        self.setObjectName(key)
        self._before: QByteArray | None = None
        self._in_front = True
        self._count = ""
        self._no_title = QWidget(self)
        self._no_title.setFixedHeight(0)
        self._no_title.hide()
        set_property(panel, "docked", True)
        set_property(panel.header, "docked", True)
        layout = panel.layout()
        if layout is not None:
            layout.removeWidget(panel.header)
            layout.setContentsMargins(1, 0, 1, 1)
        self.setWidget(Still(panel))
        self.setTitleBarWidget(panel.header)
        panel.header.installEventFilter(self)
        panel.header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        panel.header.customContextMenuRequested.connect(self._open_menu_at)
        self.visibilityChanged.connect(self._on_visibility)
        self.setFocusProxy(panel)

    @property
    def key(self) -> str:
        """The name under which layouts know the dock."""
        return self.objectName()

    def set_title(self, text: str) -> None:
        """Change the title of panel, tab and menu entry."""
        self.panel.set_title(text)
        self._name_tab()

    def set_count(self, count: int | None) -> None:
        """Show how many rows the panel has after the name on its tab: ``Orders  7``."""
        self._count = "" if count is None else f"  {count}"
        self._name_tab()

    def _name_tab(self) -> None:
        self.setWindowTitle(f"{self.panel.header.title}{self._count}")

    # ------------------------------------------------------------------ header
    @property
    def in_front(self) -> bool:
        """Whether the panel is seen: not closed, and not behind another tab."""
        return self._in_front

    def set_header_in_tabs(self, in_tabs: bool) -> None:
        """Give the header to the tab row (which names the panel already), or take it back as title bar."""
        header = self.panel.header
        if in_tabs == header.in_tabs:
            return
        header.set_in_tabs(in_tabs)
        if in_tabs:
            self.setTitleBarWidget(self._no_title)
            header.setParent(self.parentWidget())
        else:
            self.setTitleBarWidget(header)
            header.show()

    def _on_visibility(self, visible: bool) -> None:
        self._in_front = visible

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self.placed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.placed.emit()

    # ------------------------------------------------------------------ maximise

    @property
    def is_maximised(self) -> bool:
        """Whether the dock has the window for itself."""
        return self._before is not None

    def toggle_maximised(self) -> None:
        """Take the window for this dock alone, or bring the layout back as it was."""
        window = self._window()
        if window is None or self.isFloating():
            return
        if self._before is not None:
            before, self._before = self._before, None
            window.restoreState(before)
            self.show()
        else:
            self._before = window.saveState()
            for dock in window.findChildren(QDockWidget):
                if dock is not self and not dock.isFloating():
                    dock.hide()
        self.maximised_changed.emit(self.is_maximised)

    def menu(self) -> QMenu:
        """Return a new menu with what can be done to the dock; the caller shows it with ``popup``."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        maximise = QAction("Restore layout" if self.is_maximised else "Maximise", menu)
        maximise.setEnabled(not self.isFloating() and self._window() is not None)
        maximise.triggered.connect(self.toggle_maximised)
        floating = QAction("Dock" if self.isFloating() else "Float", menu)
        floating.triggered.connect(lambda: self.setFloating(not self.isFloating()))
        close = QAction("Close", menu)
        close.triggered.connect(self.close)
        for action in (maximise, floating, close):
            menu.addAction(action)
        return menu

    def _open_menu_at(self, at: QPoint) -> None:
        self.menu().popup(self.panel.header.mapToGlobal(at))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let a double click on the header maximise; Qt's own meaning would float the dock."""
        if watched is self.panel.header and event.type() == QEvent.Type.MouseButtonDblClick:
            mouse = event if isinstance(event, QMouseEvent) else None
            if mouse is not None and mouse.button() == Qt.MouseButton.LeftButton and not self.isFloating():
                self.toggle_maximised()
                return True
        return super().eventFilter(watched, event)

    def open_menu(self) -> None:
        """Show the menu under the header, for the keyboard."""
        self._open_menu_at(QPoint(0, self.panel.header.height()))

    def _window(self) -> QMainWindow | None:
        parent = self.parentWidget()
        return parent if isinstance(parent, QMainWindow) else None
