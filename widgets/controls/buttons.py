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


_WORD_COLORS: Final = {
    ButtonKind.PLAIN: "text.primary",
    ButtonKind.PRIMARY: "accent.on_solid",
    ButtonKind.BUY: "side.on_solid",
    ButtonKind.SELL: "side.on_solid",
    ButtonKind.BUY_OUTLINE: "side.bid",
    ButtonKind.SELL_OUTLINE: "side.ask",
    ButtonKind.DANGER: "state.danger",
    ButtonKind.DANGER_SOLID: "state.on_danger",
    ButtonKind.QUIET: "text.primary",
    ButtonKind.ARMED: "state.on_armed",
}
_STRONG: Final = frozenset({ButtonKind.BUY, ButtonKind.SELL, ButtonKind.DANGER_SOLID, ButtonKind.ARMED})
_CAP_GAP: Final = 8
_ICON_GAP: Final = 6


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
        self._small = small
        self.setProperty("kind", str(kind))
        self.setProperty("small", "true" if small else "false")
        self._keys = QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)
        if shortcut:
            self.setShortcut(QKeySequence(shortcut))
            self.setToolTip(f"{text} ({self._keys})")
        theme.changed.connect(self._refresh)

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
        self._refresh()

    def set_icon(self, icon: str | None) -> None:
        """Put an icon before the words, or none."""
        self._icon_name = icon
        self._refresh()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return hint + QSize(self._extra_width(), 0)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint as the sheet says, but icon, words and key cap ourselves: the sheet sets them too close."""
        if not self._keys and self._icon_name is None:
            super().paintEvent(event)
            return
        painter = QStylePainter(self)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text, option.icon = "", QIcon()
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        role = "caption" if self._small else "body"
        strong = self._kind in _STRONG
        painter.setFont(self._theme.font(role, "strong" if strong else "medium"))
        words = painter.fontMetrics().size(int(Qt.TextFlag.TextHideMnemonic), self.text()).width()
        icon = self._icon_edge()
        left = (self.width() - words - self._extra_width(icon)) // 2
        color = self._word_color()
        if icon:
            pixmap = self._theme.pixmap(self._icon_name or "", color, icon, self.devicePixelRatioF())
            painter.drawPixmap(left, (self.height() - icon) // 2, pixmap)
            left += icon + _ICON_GAP
        painter.setPen(self._theme.color(color))
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextHideMnemonic)
        painter.drawText(self.rect().adjusted(left, 0, 0, 0), flags, self.text())
        if self._keys:
            self._paint_cap(painter, left + words + _CAP_GAP)

    def _paint_cap(self, painter: QPainter, left: int) -> None:
        height = self._theme.sizes.caption + 4
        box = QRect(left, (self.height() - height) // 2, self._cap_width(), height)
        painter.setFont(self._theme.font("caption", "medium"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._keys)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = self._theme.tokens.radius.chip
        painter.drawRoundedRect(box.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)

    def _word_color(self) -> str:
        if not self.isEnabled():
            return "text.disabled"
        if self._kind is ButtonKind.DANGER and self.isDown():
            return "state.on_danger"
        return _WORD_COLORS[self._kind]

    def _icon_edge(self) -> int:
        if self._icon_name is None:
            return 0
        sizes = self._theme.tokens.icon
        return sizes.small if self._small else sizes.normal

    def _extra_width(self, icon: int | None = None) -> int:
        edge = self._icon_edge() if icon is None else icon
        cap = self._cap_width() + _CAP_GAP if self._keys else 0
        return cap + (edge + _ICON_GAP if edge else 0)

    def _cap_width(self) -> int:
        return QFontMetrics(self._theme.font("caption", "medium")).horizontalAdvance(self._keys) + 10

    def _refresh(self) -> None:
        self.updateGeometry()
        self.update()


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
