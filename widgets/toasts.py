# SPDX-License-Identifier: Apache-2.0
"""Toasts: short words at the bottom right, at most three, newest below.

Information leaves by itself, trouble stays until it is over or closed, and the same trouble twice is one
toast with a count. Only a fill carries a side colour. What is pushed out is in the log; nothing here
decides what is worth saying.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QEasingCurve, QEvent, QObject, QPoint, QPropertyAnimation, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QCursor, QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from widgets.controls.buttons import Button, IconButton
from widgets.panel.states import Action, coded
from widgets.theme import Theme

MOST: Final = 3
_WIDTH: Final = 480
_BAR: Final = 3


class ToastKind(StrEnum):
    """How bad it is, from least to worst."""

    INFO = "info"
    FILL = "fill"
    WARN = "warn"
    ERROR = "error"


_ICONS: Final = {
    ToastKind.INFO: ("info", "text.secondary"),
    ToastKind.FILL: ("check", "side.bid"),
    ToastKind.WARN: ("clock", "state.warn"),
    ToastKind.ERROR: ("error", "state.danger"),
}
_WEIGHT: Final = tuple(ToastKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Toast:
    """What to say.

    `key` names a trouble so that `Toasts.dismiss` can end it; without one, equal words are the same toast.
    `side` ("buy" or "sell") colours a fill. `code` stands in mono before the text. `time` is shown as it is.
    """

    kind: ToastKind
    title: str
    text: str = ""
    code: str = ""
    side: str = ""
    time: str = ""
    icon: str = ""
    key: str = ""
    action: Action | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes two toasts the same one."""
        return (self.key,) if self.key else (self.kind, self.title, self.text, self.code)


class ToastCard(QFrame):
    """One toast on the screen.

    Signals:
        closed: a person closed it, or its time is over.
        action_chosen: key of its action.
    """

    closed = Signal()
    action_chosen = Signal(str)

    def __init__(self, theme: Theme, toast: Toast, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.toast = toast
        self.count = 1
        self.setObjectName("toast")
        self._icon = QLabel(self)
        self._icon.setFixedWidth(theme.tokens.icon.large)
        self._title = QLabel(self)
        self._title.setProperty("role", "strong")
        self._title.setWordWrap(True)
        self._text = QLabel(self)
        self._text.setProperty("tone", "secondary")
        self._text.setWordWrap(True)
        self._time = QLabel(self)
        self._time.setProperty("role", "muted")
        words = QVBoxLayout()
        words.setSpacing(theme.space.x1)
        words.addWidget(self._title)
        words.addWidget(self._text)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space.x5 + _BAR, theme.space.x4, theme.space.x4, theme.space.x4)
        row.setSpacing(theme.space.x4)
        row.addWidget(self._icon)
        row.addLayout(words, 1)
        row.addWidget(self._time, 0, Qt.AlignmentFlag.AlignTop)
        self._row = row
        self._button: Button | None = None
        close = IconButton(theme, "close", "Close this message", size=theme.tokens.icon.small, parent=self)
        close.clicked.connect(self.closed)
        row.addWidget(close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.closed)
        theme.changed.connect(self._fill)
        self.take(toast)

    def take(self, toast: Toast) -> None:
        """Show (the newest version of) a toast and start its time anew."""
        self.toast = toast
        self._put_action(toast.action)
        self._fill()
        self._start_time()

    def repeat(self, toast: Toast) -> None:
        """Say it again: count, and take the newest words and time."""
        self.count += 1
        self.take(toast)

    @property
    def leaves_by_itself(self) -> bool:
        """Whether its time is running."""
        return self._timer.isActive()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Wait while a person reads. A toast that merely appears is told so as well: look where the mouse is."""
        super().enterEvent(event)
        if self.rect().contains(self.mapFromGlobal(QCursor.pos())):
            self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._start_time()

    def _start_time(self) -> None:
        motion = self._theme.motion
        lengths = {ToastKind.INFO: motion.toast_info, ToastKind.FILL: motion.toast_fill}
        self._timer.stop()
        if self.toast.kind in lengths:
            self._timer.start(lengths[self.toast.kind])

    def _put_action(self, action: Action | None) -> None:
        if self._button is not None:
            self._button.hide()
            self._button.deleteLater()
            self._button = None
        if action is not None:
            self._button = Button(self._theme, action.text, parent=self)
            self._button.clicked.connect(lambda: self.action_chosen.emit(action.key))
            self._row.insertWidget(self._row.count() - 1, self._button)

    def _fill(self) -> None:
        toast, theme = self.toast, self._theme
        icon, color = _ICONS[toast.kind]
        size = theme.tokens.icon.normal
        self._icon.setPixmap(theme.pixmap(toast.icon or icon, self._color(color), size, self.devicePixelRatioF()))
        count = f"  ×{self.count}" if self.count > 1 else ""
        self._title.setText(f"{toast.title}{count}")
        self._text.setVisible(bool(toast.text or toast.code))
        self._text.setText(coded(theme, toast.code, toast.text))
        self._time.setText(toast.time)
        self.setAccessibleName(f"{toast.kind}: {toast.title}. {toast.text}")
        self.setFixedSize(_WIDTH, self._row.totalHeightForWidth(_WIDTH))
        self.update()

    def _color(self, otherwise: str) -> str:
        if self.toast.kind is ToastKind.FILL:
            return "side.ask" if self.toast.side == "sell" else "side.bid"
        return otherwise

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        color = self._color(_ICONS[self.toast.kind][1])
        painter.fillRect(QRect(1, 1, _BAR, self.height() - 2), self._theme.color(color))


class Toasts(QObject):
    """The toasts of one window.

    Signals:
        action_chosen: key of the action of a toast.
    """

    action_chosen = Signal(str)

    def __init__(self, theme: Theme, window: QWidget, *, corner: Callable[[], QPoint] | None = None) -> None:
        """`corner` returns the lower right corner to stand in, in the window's pixels; None takes the window's own.

        A toast must never cover a button that sends or cancels, so the caller may choose a calmer corner.
        """
        super().__init__(window)
        self._theme = theme
        self._window = window
        self._corner = corner if corner is not None else lambda: QPoint(window.width(), window.height())
        self._cards: list[ToastCard] = []
        window.installEventFilter(self)
        theme.changed.connect(self._place)

    @property
    def cards(self) -> list[ToastCard]:
        """What is on the screen, newest last."""
        return list(self._cards)

    def show_toast(self, toast: Toast) -> ToastCard:
        """Say it. An equal one that is still there counts up instead."""
        for card in self._cards:
            if card.toast.identity == toast.identity:
                card.repeat(toast)
                self._place()
                return card
        if len(self._cards) >= MOST:
            self._remove(self._least())
        card = ToastCard(self._theme, toast, self._window)
        card.closed.connect(lambda: self._remove(card))
        card.action_chosen.connect(self.action_chosen)
        self._cards.append(card)
        card.adjustSize()
        self._place(card)  # before it shows: a card born in the window's corner would meet a mouse that rests there
        card.show()
        card.raise_()
        return card

    def arrange(self) -> None:
        """Stand in the corner as it is now, after the layout has changed."""
        self._place()

    def dismiss(self, key: str) -> None:
        """End a trouble by the key of its toast; nothing when it is gone already."""
        for card in [card for card in self._cards if card.toast.key == key]:
            self._remove(card)

    def _least(self) -> ToastCard:
        return min(self._cards, key=lambda card: _WEIGHT.index(card.toast.kind))

    def _remove(self, card: ToastCard) -> None:
        if card in self._cards:
            self._cards.remove(card)
            card.hide()
            card.deleteLater()
            self._place()

    def _place(self, entering: ToastCard | None = None) -> None:
        gap = self._theme.space.x4
        corner = self._corner()
        bottom = corner.y() - gap
        for card in reversed(self._cards):
            at = QPoint(corner.x() - card.width() - gap, bottom - card.height())
            if card is entering and self._theme.motion.toast_in:
                self._slide(card, at)
            else:
                card.move(at)
            card.raise_()
            bottom -= card.height() + gap

    def _slide(self, card: ToastCard, at: QPoint) -> None:
        card.move(at + QPoint(self._theme.space.x7, 0))
        slide = QPropertyAnimation(card, b"pos", card)
        slide.setDuration(self._theme.motion.toast_in)
        slide.setEasingCurve(QEasingCurve.Type.OutCubic)
        slide.setEndValue(at)
        slide.start(QPropertyAnimation.DeletionPolicy.DeleteWhenStopped)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window's size."""
        if watched is self._window and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)
