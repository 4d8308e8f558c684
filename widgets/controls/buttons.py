# SPDX-License-Identifier: Apache-2.0
"""Buttons: text buttons by kind, and icon buttons that tint themselves anew when the theme changes."""

from enum import StrEnum
from typing import Final

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QIcon, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QStylePainter, QToolButton, QWidget

from widgets.theme import Theme, set_property


class ButtonKind(StrEnum):
    """What a button means; the words on it say what it does."""

    PLAIN = "plain"
    PRIMARY = "primary"
    BUY = "buy"
    SELL = "sell"
    BUY_OUTLINE = "buy_outline"
    SELL_OUTLINE = "sell_outline"
    DANGER = "danger"
    DANGER_SOLID = "danger_solid"
    QUIET = "quiet"
    ARMED = "armed"


_ICON_COLORS: Final = {
    ButtonKind.PLAIN: "text.secondary",
    ButtonKind.PRIMARY: "accent.on_solid",
    ButtonKind.BUY: "side.on_solid",
    ButtonKind.SELL: "side.on_solid",
    ButtonKind.BUY_OUTLINE: "side.bid",
    ButtonKind.SELL_OUTLINE: "side.ask",
    ButtonKind.DANGER: "state.danger",
    ButtonKind.DANGER_SOLID: "state.on_danger",
    ButtonKind.QUIET: "text.secondary",
    ButtonKind.ARMED: "state.on_armed",
}
_WORD_COLORS: Final = {**_ICON_COLORS, ButtonKind.PLAIN: "text.primary", ButtonKind.QUIET: "text.primary"}
_CAP_GAP: Final = 8


class Button(QPushButton):
    """A text button. `small` fits into a panel header or strip."""

    def __init__(
        self,
        theme: Theme,
        text: str,
        kind: ButtonKind = ButtonKind.PLAIN,
        *,
        icon: str | None = None,
        shortcut: str = "",
        small: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """`shortcut` is a key sequence such as ``F9``: it is bound to the button and shown in its hint."""
        super().__init__(text, parent)
        self._theme = theme
        self._kind = kind
        self._icon_name = icon
        self.setProperty("kind", str(kind))
        self.setProperty("small", "true" if small else "false")
        self._keys = QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)
        if shortcut:
            self.setShortcut(QKeySequence(shortcut))
            self.setToolTip(f"{text} ({self._keys})")
        theme.changed.connect(self._tint)
        self._tint()

    def setText(self, text: str) -> None:
        """Change the words, and with them the accessible name."""
        super().setText(text)
        self.setAccessibleName(text)

    @property
    def kind(self) -> ButtonKind:
        """What the button means now."""
        return self._kind

    def set_kind(self, kind: ButtonKind) -> None:
        """Change what the button means, and its colours."""
        self._kind = kind
        set_property(self, "kind", str(kind))
        self._tint()

    def set_icon(self, icon: str | None) -> None:
        """Put an icon before the words, or none."""
        self._icon_name = icon
        self._tint()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return hint + QSize(self._cap_width() + _CAP_GAP, 0) if self._keys else hint

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint as the sheet says, with the key in a small cap after the words."""
        if not self._keys:
            super().paintEvent(event)
            return
        painter = QStylePainter(self)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        text, option.text = option.text, ""
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        words = self.fontMetrics().horizontalAdvance(text)
        cap = self._cap_width()
        left = (self.width() - words - cap - _CAP_GAP) // 2
        color = _WORD_COLORS[self._kind] if self.isEnabled() else "text.disabled"
        painter.setPen(self._theme.color(color))
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        painter.drawText(self.rect().adjusted(left, 0, 0, 0), flags, text)
        height = self._theme.sizes.caption + 4
        box = QRect(left + words + _CAP_GAP, (self.height() - height) // 2, cap, height)
        painter.setFont(self._theme.font("caption", "medium"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._keys)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = self._theme.tokens.radius.chip
        painter.drawRoundedRect(box.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)

    def _cap_width(self) -> int:
        return QFontMetrics(self._theme.font("caption", "medium")).horizontalAdvance(self._keys) + 10

    def _tint(self) -> None:
        if self._icon_name is None:
            self.setIcon(QIcon())
            return
        size = self._theme.tokens.icon.normal
        self.setIconSize(QSize(size, size))
        self.setIcon(self._theme.icon(self._icon_name, _ICON_COLORS[self._kind], size))


class IconButton(QToolButton):
    """A quiet button with an icon only; its name is its hint and what a screen reader says."""

    def __init__(
        self,
        theme: Theme,
        icon: str,
        name: str,
        *,
        color: str = "text.secondary",
        size: int | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon_name = icon
        self._color = color
        self._size = size
        self.setToolTip(name)
        self.setAccessibleName(name)
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        theme.changed.connect(self._tint)
        self._tint()

    def set_icon(self, icon: str, name: str | None = None, color: str | None = None) -> None:
        """Show another icon, with its name and colour token if they change too."""
        self._icon_name = icon
        self._color = color or self._color
        if name is not None:
            self.setToolTip(name)
            self.setAccessibleName(name)
        self._tint()

    def _tint(self) -> None:
        edge = self._size or self._theme.tokens.icon.normal
        self.setIconSize(QSize(edge, edge))
        self.setFixedSize(edge + 6, edge + 6)
        self.setIcon(self._theme.icon(self._icon_name, self._color, edge))
