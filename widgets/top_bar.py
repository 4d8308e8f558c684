# SPDX-License-Identifier: Apache-2.0
"""Top bar: mode line, menus, workspaces, search, clock, arm pill and the stop that is always in reach.

Part of the first paint: nothing heavier than QtWidgets and the theme is imported here.
"""

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QPoint, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QCompleter,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenuBar,
    QPushButton,
    QSizePolicy,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from widgets import formats
from widgets.theme import Theme, set_property

WORKSPACES: Final = ("Main", "Options", "Risk")


class ModeLine(QWidget):
    """Two pixels along the top edge in the mode's colour: the more real the money, the more solid."""

    def __init__(self, theme: Theme, mode: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._mode = mode
        self.setFixedHeight(theme.tokens.stroke.frame_mode)
        theme.changed.connect(self.update)

    def set_mode(self, mode: str) -> None:
        self._mode = mode
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        dash = {"live": (), "paper": (8.0, 4.0), "demo": (2.0, 2.0)}[self._mode]
        width = float(self.height())
        painter.setPen(self._theme.pen(f"mode.{self._mode}", width, dash))
        painter.drawLine(QPoint(0, self.height() // 2), QPoint(self.width(), self.height() // 2))
        painter.end()


class Search(QLineEdit):
    """Symbol, command or setting: one field for all of them.

    Signals: ``symbolChosen(str)``, ``commandChosen(str)`` with the key of an action.
    """

    symbolChosen = Signal(str)
    commandChosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("search")
        self.setPlaceholderText("Symbol, command or setting    Ctrl K")
        self.setAccessibleName("Symbol, command or setting")
        self.setClearButtonEnabled(True)
        self._commands: dict[str, str] = {}
        self._symbols: tuple[str, ...] = ()
        self._model = QStringListModel(self)
        completer = QCompleter(self._model, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setMaxVisibleItems(14)
        completer.activated.connect(self._choose)
        self.setCompleter(completer)
        self.returnPressed.connect(lambda: self._choose(self.text()))

    def set_commands(self, commands: dict[str, str]) -> None:
        """Take the commands as shown text -> action key."""
        self._commands = commands
        self._fill()

    def set_symbols(self, symbols: Sequence[str]) -> None:
        self._symbols = tuple(symbols)
        self._fill()

    def _fill(self) -> None:
        self._model.setStringList([*self._symbols, *self._commands])

    def _choose(self, text: str) -> None:
        shown = text.strip()
        if not shown:
            return
        self.clear()
        key = self._commands.get(shown)
        if key is not None:
            self.commandChosen.emit(key)
        else:
            self.symbolChosen.emit(shown.upper())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.clearFocus()
            return
        super().keyPressEvent(event)


class TopBar(QWidget):
    """Signals: ``workspaceChosen(str)``, ``armToggled()``, ``killRequested()``, ``noticesClicked()``."""

    workspaceChosen = Signal(str)
    armToggled = Signal()
    killRequested = Signal()
    noticesClicked = Signal()

    def __init__(self, theme: Theme, mode: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("topBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self._mode = mode
        self._line = ModeLine(theme, mode)
        self.badge = QLabel()
        self.badge.setObjectName("modeBadge")
        self.badge.setProperty("role", "mode")
        self.menu_bar = QMenuBar()
        self.menu_bar.setNativeMenuBar(False)
        self.menu_bar.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.workspaces = QTabBar()
        self.workspaces.setObjectName("workspaces")
        self.workspaces.setDrawBase(False)
        self.workspaces.setExpanding(False)
        self.workspaces.setAccessibleName("Workspaces")
        for name in WORKSPACES:
            self.workspaces.addTab(name)
        self.workspaces.currentChanged.connect(lambda index: self.workspaceChosen.emit(WORKSPACES[index]))
        self.search = Search()
        self.clock = QLabel("")
        self.clock.setObjectName("clock")
        self.clock.setProperty("role", "secondary")
        self.clock.setAccessibleName("Market time")
        self.notices = self._button("notices", "0", "Notices of this session", self.noticesClicked.emit)
        self.arm = self._button("arm", "Disarmed", "Let orders leave (Ctrl+Shift+A)", self.armToggled.emit)
        self.stop = self._button("stopAll", "Stop all", "", self.killRequested.emit)
        self.stop.setToolTip("Blocks new orders, stops strategies, cancels all own orders (Ctrl+Shift+K)")
        self.stop.setProperty("kind", "danger")
        self._lay_out()
        self.set_mode(mode)
        self.set_armed(None)
        theme.changed.connect(self._dress)
        self._dress()

    def _button(self, name: str, text: str, tip: str, call: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setToolTip(tip)
        button.setAccessibleName(tip or text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _=False: call())
        return button

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        space = self._theme.space
        row.setContentsMargins(space.x4, 0, space.x4, 0)
        row.setSpacing(space.x4)
        row.addWidget(self.badge)
        row.addWidget(self.menu_bar)
        divider = QFrame()
        divider.setProperty("role", "divider")
        divider.setFixedHeight(16)
        row.addWidget(divider)
        row.addWidget(self.workspaces)
        row.addStretch(1)
        row.addWidget(self.search, 3)
        row.addStretch(1)
        for widget in (self.clock, self.notices, self.arm, self.stop):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._line)
        column.addLayout(row)
        self.search.setMinimumWidth(150)
        self.search.setMaximumWidth(300)

    def _dress(self) -> None:
        density = self._theme.density
        self.setFixedHeight(density.menu_bar + self._line.height())
        for widget in (self.search, self.notices, self.arm, self.stop):
            widget.setFixedHeight(density.control - 2)
        self.workspaces.setFixedHeight(density.menu_bar)
        self.notices.setIcon(self._theme.icon("bell"))
        self.stop.setIcon(self._theme.icon("kill", "state.danger"))
        self.set_armed(self._armed_text)

    # ------------------------------------------------------------ telling
    def set_mode(self, mode: str) -> None:
        self._mode = mode
        self._line.set_mode(mode)
        self.badge.setText(formats.MODES[mode])
        self.badge.setAccessibleName(f"Mode {formats.MODES[mode]}")
        set_property(self.badge, "mode", mode)

    def set_armed(self, left: str | None) -> None:
        """Show how long orders may still leave, None when disarmed."""
        self._armed_text = left
        self.arm.setText("Disarmed" if left is None else f"Armed {left}".strip())
        icon, color = ("lock", "text.secondary") if left is None else ("unlock", "state.on_armed")
        self.arm.setIcon(self._theme.icon(icon, color))
        set_property(self.arm, "kind", "plain" if left is None else "armed")

    def set_stopped(self, stopped: bool) -> None:
        self.stop.setText("Stopped" if stopped else "Stop all")
        set_property(self.stop, "kind", "dangerSolid" if stopped else "danger")

    def show_workspace(self, name: str) -> None:
        """Mark a workspace as shown, without a signal."""
        self.workspaces.blockSignals(True)
        self.workspaces.setCurrentIndex(WORKSPACES.index(name))
        self.workspaces.blockSignals(False)

    def set_notices(self, count: int) -> None:
        self.notices.setText(str(count))
