# SPDX-License-Identifier: Apache-2.0
"""Status bar: the truth about the connection first, then mode, account, day P&L of broker and ours, ages and lag."""

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from widgets import figures, formats
from widgets.controls.elided import ElidedLabel
from widgets.formats import SignRule
from widgets.freshness import Freshness, worst
from widgets.theme import Theme, set_property

ELIDED_WIDTH: Final = 320


class Dot(QWidget):
    """A filled (sound) or hollow (broken) dot in a state colour; the text beside it says the same in words."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._token, self._filled = "text.muted", False
        self.setFixedSize(QSize(9, 9))
        theme.changed.connect(self.update)

    def show_state(self, token: str, *, filled: bool) -> None:
        self._token, self._filled = token, filled
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.pen(self._token, 1.5))
        painter.setBrush(self._theme.brush(self._token) if self._filled else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QRectF(1.0, 1.0, 7.0, 7.0))
        painter.end()


class StatusItem(QWidget):
    """A caption and a value; clicking it opens what it speaks of."""

    clicked = Signal()

    def __init__(self, caption: str, tip: str, *, elided: bool = False) -> None:
        super().__init__()
        self.caption = QLabel(caption)
        self.caption.setProperty("role", "muted")
        self.value = ElidedLabel("") if elided else QLabel(formats.NONE)
        if elided:
            self.value.setMaximumWidth(ELIDED_WIDTH)
        self.value.setProperty("role", "secondary")
        self.value.setTextFormat(Qt.TextFormat.PlainText)
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        if caption:
            row.addWidget(self.caption)
        row.addWidget(self.value)

    def set_text(self, text: str, tone: str = "") -> None:
        if self.value.text() != text:
            self.value.setText(text)
        set_property(self.value, "tone", tone)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()
        event.accept()


class StatusBar(QFrame):
    """Signals: ``connectionClicked``, ``ageClicked``, ``armClicked``."""

    connectionClicked = Signal()
    ageClicked = Signal()
    armClicked = Signal()

    def __init__(self, theme: Theme, mode: str) -> None:
        super().__init__()
        self.setObjectName("statusBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self.dot = Dot(theme)
        self.connection = StatusItem("", "Connection to the broker and its answer time")
        self.mode = QLabel(formats.MODES[mode])
        self.mode.setProperty("role", "modeWord")
        set_property(self.mode, "mode", mode)
        self.account = StatusItem("", "Account")
        self.broker_pnl = StatusItem("Day P&L broker", "The broker's own day P&L")
        self.own_pnl = StatusItem("ours", "Day P&L from our own fills and prices, by the broker's convention")
        self.gap = StatusItem("gap", "Broker's figure minus ours")
        self.trading = StatusItem("", "Whether new orders may be sent", elided=True)
        self.age = StatusItem("Data age", "Since the source last spoke, heartbeat included")
        self.lag = StatusItem("Loop lag", "How late the event loop is, worst of the last 5 s")
        self.rate = StatusItem("Messages", "Market messages per second")
        self.armed = StatusItem("", "Orders can leave with one click only while armed")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space.x4, 0, theme.space.x4, 0)
        row.setSpacing(theme.space.x4)
        left = (
            self.dot,
            self.connection,
            None,
            self.mode,
            self.account,
            None,
            self.broker_pnl,
            self.own_pnl,
            self.gap,
            None,
            self.trading,
        )
        for item in left:
            row.addWidget(item if item is not None else self._divider())
        row.addStretch(1)
        for item in (self.age, self.lag, self.rate, None, self.armed):
            row.addWidget(item if item is not None else self._divider())
        self._leaving = (self.rate, self.lag, self.gap, self.trading, self.own_pnl)
        self.connection.clicked.connect(self.connectionClicked)
        self.age.clicked.connect(self.ageClicked)
        self.armed.clicked.connect(self.armClicked)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._dress)
        self._dress()
        self.connection.set_text("Starting")
        self.armed.set_text("Disarmed")

    @staticmethod
    def _divider() -> QFrame:
        divider = QFrame()
        divider.setProperty("role", "divider")
        divider.setFixedHeight(14)
        return divider

    def _dress(self) -> None:
        self.setFixedHeight(self._theme.density.status_bar)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the least important items leave when there is no room for whole words."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        for item in self._leaving:
            item.show()
        for item in self._leaving:
            if self.layout() is None or self.minimumSizeHint().width() <= self.width():
                return
            item.hide()

    def set_mode(self, mode: str) -> None:
        self.mode.setText(formats.MODES[mode])
        set_property(self.mode, "mode", mode)

    def set_connection(self, text: str, *, token: str, filled: bool) -> None:
        self.dot.show_state(token, filled=filled)
        self.connection.set_text(text)

    def set_pnl(
        self,
        broker: float | None,
        ours: float | None,
        *,
        broker_grade: Freshness = Freshness.FRESH,
        grade: Freshness = Freshness.FRESH,
        delayed: bool = False,
    ) -> None:
        """Show both figures and their gap, in the account's currency; None where one is not known.

        ``grade`` is that of our own figure, as the stalest position. The gap is as fresh as the staler of both.
        """
        self.broker_pnl.set_text(figures.words(broker, grade=broker_grade), figures.tone(broker, grade=broker_grade))
        self.own_pnl.set_text(figures.words(ours, grade=grade, delayed=delayed), figures.tone(ours, grade=grade))
        gap = broker - ours if broker is not None and ours is not None else None
        both = worst((broker_grade, grade))
        plain = SignRule.NEVER
        self.gap.set_text(
            figures.words(gap, 2, plain, grade=both, delayed=delayed), figures.tone(gap, 2, plain, grade=both)
        )

    def set_age(self, seconds: float | None, *, stale_after: float) -> None:
        late = seconds is None or seconds >= stale_after
        self.age.set_text(formats.age(seconds), "warn" if late else "")
