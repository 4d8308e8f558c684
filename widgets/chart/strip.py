# SPDX-License-Identifier: Apache-2.0
"""Position strip: what the position is worth now, at its stop and at its target, and the two ways out.

It keeps its height whatever it says. When it narrows, "At target" leaves first, then the average price; the
size, the open P&L and the P&L at the stop never leave.
"""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from widgets import figures, formats
from widgets.chart.marks import ChartPosition
from widgets.controls.buttons import Button, ButtonKind
from widgets.formats import SignRule
from widgets.freshness import Freshness
from widgets.theme import Theme, set_property


class _Figure(QWidget):
    """A muted name, a number, and optionally a second text; a divider at the end."""

    def __init__(self, theme: Theme, name: str, short: str, role: str, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space.x3)
        self._names = (name, short)
        self._title = QLabel(name, self)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setProperty("role", "muted")
        self.number = QLabel(self)
        self.number.setProperty("role", role)
        self.detail = QLabel(self)
        self.detail.setProperty("role", "secondary")
        self.detail.hide()
        divider = QFrame(self)
        divider.setProperty("role", "divider")
        divider.setFixedHeight(16)
        for part in (self._title, self.number, self.detail):
            row.addWidget(part)
        row.addSpacing(theme.space.x3)
        row.addWidget(divider)

    def shorten(self, short: bool) -> None:
        """Say the short name, where there is no room for the whole one."""
        self._title.setText(self._names[short])

    def show_text(self, text: str, tone: str = "") -> None:
        if text != self.number.text():
            self.number.setText(text)
            self.setAccessibleName(f"{self._names[0]} {text}")
        set_property(self.number, "tone", tone)

    def show_money(self, amount: float | None, grade: Freshness = Freshness.FRESH) -> None:
        self.show_text(figures.words(amount, grade=grade), figures.tone(amount, grade=grade))


class PositionStrip(QWidget):
    """The row above the chart.

    Signals:
        cancelClicked: cancel the orders of this instrument.
        flattenClicked: close the position of this instrument.
    """

    cancelClicked = Signal()
    flattenClicked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Position")
        self._theme = theme
        self.size_ = _Figure(theme, "Position", "Pos", "figure", self)
        self.open = _Figure(theme, "Open P&L", "Open", "figure", self)
        self.stop = _Figure(theme, "At stop", "Stop", "figure", self)
        self.target = _Figure(theme, "At target", "Target", "secondary", self)
        self.cancel = Button(theme, "Cancel 0", small=True, parent=self)
        self.flatten = Button(theme, "Flatten…", ButtonKind.DANGER, small=True, parent=self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space.x4)
        for part in (self.size_, self.open, self.stop, self.target):
            row.addWidget(part)
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.flatten)
        self.cancel.clicked.connect(self.cancelClicked)
        self.flatten.clicked.connect(self.flattenClicked)
        self._held = False
        self.show_position(None, 2)
        self.show_orders(0)

    def show_position(self, position: ChartPosition | None, decimals: int) -> None:
        """Show the figures; without a position only its size, which is 0."""
        self._held = position is not None and bool(position.quantity)
        self.flatten.setEnabled(self._held)
        self.flatten.setToolTip("Close this position" if self._held else "No position to close")
        if position is None or not self._held:
            self.size_.show_text("0", "muted")
        else:
            self.size_.show_text(formats.quantity(position.quantity, SignRule.ALWAYS))
            self.size_.detail.setText(f"@ {formats.number(position.average_price, decimals)}")
            self.open.show_money(position.open_pnl, position.grade)
            self.stop.show_money(position.at_stop)
            self.target.show_money(position.at_target)
        self._fit()

    def show_orders(self, count: int) -> None:
        """Say how many orders the cancel button would cancel."""
        self.cancel.setText(f"Cancel {count}")
        self.cancel.setEnabled(count > 0)
        self.cancel.setToolTip("Cancel every order of this instrument" if count else "No order of this instrument")

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._theme.density.control)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self._theme.density.control)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Show what fits, in the order in which it matters."""
        gap = self._theme.space.x4
        room = self.width() - self.cancel.sizeHint().width() - self.flatten.sizeHint().width() - 2 * gap
        always = (self.size_, self.open, self.stop)
        self.open.setVisible(self._held)
        self.stop.setVisible(self._held)
        self.size_.detail.hide()
        for part in always:
            part.shorten(False)
        needed = self._needed(always if self._held else (self.size_,))
        if needed > room:
            for part in always:
                part.shorten(True)
        average = self.size_.detail.sizeHint().width() + self._theme.space.x3
        shows_average = self._held and needed + average <= room
        self.size_.detail.setVisible(shows_average)
        needed += average if shows_average else 0
        self.target.setVisible(self._held and needed + self._needed((self.target,)) <= room)

    def _needed(self, parts: tuple[_Figure, ...]) -> int:
        return sum(part.sizeHint().width() + self._theme.space.x4 for part in parts)
