# SPDX-License-Identifier: Apache-2.0
"""Top bar: mode line, menus, workspaces, search, clock, arm pill and the stop that is always in reach.

Part of the first paint: nothing heavier than QtWidgets and the theme is imported here.
"""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCompleter,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenuBar,
    QSizePolicy,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from widgets.actions import Actions
from widgets.controls.buttons import Button, ButtonKind
from widgets.controls.hold_button import HoldButton
from widgets.controls.mode import ModeBadge, ModeLine
from widgets.theme import Theme

WORKSPACES: Final = ("Main", "Options", "Risk")


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
    """Its buttons are actions of the one action table. Signals: ``workspaceChosen(str)``, ``noticesClicked()``."""

    workspaceChosen = Signal(str)
    noticesClicked = Signal()

    def __init__(self, theme: Theme, mode: str, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("topBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self._line = ModeLine(theme, mode)
        self.badge = ModeBadge(mode)
        self.badge.setObjectName("modeBadge")
        self.menu_bar = QMenuBar()
        self.menu_bar.setNativeMenuBar(False)
        self.menu_bar.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.workspaces = QTabBar()
        self.workspaces.setObjectName("workspaces")
        self.workspaces.setDrawBase(False)
        self.workspaces.setExpanding(False)
        self.workspaces.setUsesScrollButtons(False)
        self.workspaces.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.workspaces.setAccessibleName("Workspaces")
        for name in WORKSPACES:
            self.workspaces.addTab(name)
        self.workspaces.currentChanged.connect(lambda index: self.workspaceChosen.emit(WORKSPACES[index]))
        self.search = Search()
        self.clock = QLabel("")
        self.clock.setObjectName("clock")
        self.clock.setProperty("role", "secondary")
        self.clock.setAccessibleName("Market time")
        self.notices = Button(theme, "0", icon="bell", small=True)
        self.arm = Button(theme, "Disarmed", icon="lock", small=True)
        self.stop = HoldButton(theme, "Stop all", icon="kill", small=True)
        for button, name, tip in (
            (self.notices, "notices", "Notices of this session"),
            (self.arm, "arm", actions["arm"].toolTip()),
            (self.stop, "stopAll", f"Hold for a second. {actions['kill'].toolTip()}"),
        ):
            button.setObjectName(name)
            button.setToolTip(tip)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.notices.clicked.connect(self.noticesClicked)
        self.arm.clicked.connect(actions["arm"].trigger)
        self.stop.fired.connect(actions["kill"].trigger)
        self._lay_out()
        self.set_mode(mode)
        self.set_armed(None)
        theme.changed.connect(self._dress)
        self._dress()

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
        self.search.setFixedHeight(density.control - 2)
        self.workspaces.setFixedHeight(density.menu_bar)

    # ------------------------------------------------------------ telling
    def set_mode(self, mode: str) -> None:
        self._line.set_mode(mode)
        self.badge.set_mode(mode)

    def set_armed(self, left: str | None) -> None:
        """Show how long orders may still leave, None when disarmed."""
        text = "Disarmed" if left is None else f"Armed {left}".strip()
        if text == self.arm.text():
            return
        self.arm.setText(text)
        kind = ButtonKind.PLAIN if left is None else ButtonKind.ARMED
        if kind is not self.arm.kind:
            self.arm.set_icon("lock" if left is None else "unlock")
            self.arm.set_kind(kind)

    def set_stopped(self, stopped: bool) -> None:
        self.stop.show_done("Stopped" if stopped else "")

    def show_workspace(self, name: str) -> None:
        """Mark a workspace as shown, without a signal."""
        self.workspaces.blockSignals(True)
        self.workspaces.setCurrentIndex(WORKSPACES.index(name))
        self.workspaces.blockSignals(False)

    def set_notices(self, count: int) -> None:
        self.notices.setText(str(count))
