# SPDX-License-Identifier: Apache-2.0
"""Panel states: what stands in a panel that has nothing live to show, and why.

One message, one main action, the age of what is shown. A code stands in mono so that it can be looked
up; colour only says how bad it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from widgets.controls.buttons import Button, ButtonKind
from widgets.theme import Theme


class Condition(StrEnum):
    """What a panel can say about what it shows."""

    EMPTY = "empty"
    LOADING = "loading"
    LIVE = "live"
    STALE = "stale"
    ERROR = "error"
    NO_PERMISSION = "no_permission"


@dataclass(frozen=True, slots=True)
class Action:
    """A way out, offered as a button: `key` comes back in the signal, `shortcut` as ``F9`` is bound to it."""

    key: str
    text: str
    shortcut: str = ""


_ICONS: Final = {
    Condition.EMPTY: ("list", "text.primary"),
    Condition.ERROR: ("warning", "state.danger"),
    Condition.NO_PERMISSION: ("key", "text.muted"),
}
_MOST_WIDTH: Final = 340


class Message(QWidget):
    """An icon, a plain title, what it means now, and one or two ways out.

    Signals:
        chosen: key of the action that a person took.
    """

    chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._look = _ICONS[Condition.EMPTY]
        self._icon = QLabel(self)
        self._icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = QLabel(self)
        self._title.setProperty("role", "strong")
        self._title.setWordWrap(True)
        self._meaning = QLabel(self)
        self._meaning.setProperty("tone", "secondary")
        self._meaning.setWordWrap(True)
        for label in (self._title, self._meaning):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setMaximumWidth(_MOST_WIDTH)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(theme.space.x4)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space.x5, theme.space.x4, theme.space.x5, theme.space.x4)
        column.setSpacing(theme.space.x4)
        column.addStretch(1)
        column.addWidget(self._icon)
        for label in (self._title, self._meaning):
            row = QHBoxLayout()
            row.addWidget(label)
            column.addLayout(row)
        column.addLayout(self._buttons)
        column.addStretch(1)
        theme.changed.connect(self._tint)

    def show_message(
        self,
        condition: Condition,
        title: str,
        meaning: str,
        *,
        code: str = "",
        actions: Sequence[Action] = (),
        icon: str = "",
    ) -> None:
        """Say it. The first action is the main one."""
        name, color = _ICONS[condition]
        self._look = (icon or name, color)
        self._title.setText(title)
        self._code, self._words = code, meaning
        self._fill_buttons(actions)
        self._tint()

    @property
    def text(self) -> str:
        """Title, code and meaning, as a screen reader says them."""
        return " ".join(part for part in (self._title.text(), self._code, self._words) if part)

    _code = ""
    _words = ""

    def _fill_buttons(self, actions: Sequence[Action]) -> None:
        while (item := self._buttons.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._buttons.addStretch(1)
        for place, action in enumerate(actions):
            kind = ButtonKind.PRIMARY if place == 0 else ButtonKind.PLAIN
            button = Button(self._theme, action.text, kind, shortcut=action.shortcut, parent=self)
            button.clicked.connect(lambda _checked=False, key=action.key: self.chosen.emit(key))
            self._buttons.addWidget(button)
        self._buttons.addStretch(1)

    def _tint(self) -> None:
        icon, color = self._look
        size = self._theme.tokens.icon.empty
        self._icon.setPixmap(self._theme.pixmap(icon, color, size, self.devicePixelRatioF()))
        self._meaning.setText(coded(self._theme, self._code, self._words))


def coded(theme: Theme, code: str, words: str) -> str:
    """Return rich text of words with their code in mono before them, so that it can be looked up."""
    plain = _escaped(words)
    if not code:
        return f"<span>{plain}</span>"
    family = theme.mono().families()[0]
    mono = f"<span style=\"font-family:'{family}'; color:{theme.hex('text.muted')}\">{_escaped(code)}</span>"
    return f"{mono} {plain}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Skeleton(QWidget):
    """Still bars where rows will be; nothing moves, the count in the header does."""

    _WIDTHS: Final = (46, 40, 44, 38)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._heads: tuple[str, ...] = ()
        self.setAccessibleName("Loading")
        theme.changed.connect(self.update)

    def set_heads(self, heads: Sequence[str]) -> None:
        """Show the column heads that will stand here."""
        self._heads = tuple(heads)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        theme = self._theme
        painter = QPainter(self)
        row, edge = theme.density.row, theme.space.x4
        room = max(2, self.width() // 90)
        columns = min(room, len(self._heads)) if self._heads else room
        step = (self.width() - 2 * edge) / columns
        self._paint_heads(painter, columns, step, edge)
        bar = 8
        for line, first in enumerate(self._WIDTHS):
            top = theme.density.table_header + line * row
            if top + row > self.height():
                break
            for column in range(columns):
                width = first if column == 0 else round(first * 0.6)
                left = edge if column == 0 else round(edge + (column + 1) * step) - width
                spot = QRect(left, top + (row - bar) // 2, width, bar)
                painter.fillRect(spot, theme.color("bg.raised"))
            painter.fillRect(0, top + row - 1, self.width(), 1, theme.color("border.subtle"))

    def _paint_heads(self, painter: QPainter, columns: int, step: float, edge: int) -> None:
        height = self._theme.density.table_header
        painter.setFont(self._theme.font("caption", "medium"))
        painter.setPen(self._theme.color("text.muted"))
        for column, text in enumerate(self._heads[:columns]):
            side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
            spot = QRect(round(edge + column * step), 0, round(step), height - 1)
            painter.drawText(spot, side | Qt.AlignmentFlag.AlignVCenter, text)
        if self._heads:
            painter.fillRect(0, height - 1, self.width(), 1, self._theme.color("border.default"))
