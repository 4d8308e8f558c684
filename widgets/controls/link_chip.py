# SPDX-License-Identifier: Apache-2.0
"""Link chip: which link group a panel belongs to, as a colour that always carries its digit.

Panels of one group show the same instrument. Colour alone would not tell eight groups apart.
"""

from typing import Final

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QMenu, QWidget

from widgets.theme import Theme

GROUPS: Final = 8
_EDGE: Final = 15


class LinkChip(QAbstractButton):
    """A 15 pixel chip with a digit 1 to 8, or an empty ring for no group.

    Signals:
        group_chosen: a person chose this group in the chip's menu (0 is none). The chip already shows it.
    """

    group_chosen = Signal(int)

    def __init__(self, theme: Theme, group: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._group = -1
        self.setFixedSize(_EDGE, _EDGE)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(self.open_menu)
        theme.changed.connect(self.update)
        self.set_group(group)

    @property
    def link_group(self) -> int:
        """Link group 1 to 8, 0 for none."""
        return self._group

    def set_group(self, group: int) -> None:
        """Show a group. Raises ``ValueError`` outside 0 to 8."""
        if not 0 <= group <= GROUPS:
            raise ValueError(f"a link group must be 0 (none) to {GROUPS}, was {group}")
        if group != self._group:
            self._group = group
            name = f"Link group {group}" if group else "No link group"
            self.setAccessibleName(name)
            self.setToolTip(f"{name}: panels of one group show the same instrument")
            self.update()

    def open_menu(self) -> None:
        """Offer the groups below the chip."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        choices = QActionGroup(menu)
        for group in range(GROUPS + 1):
            action = QAction(f"Group {group}" if group else "No group", choices)
            action.setCheckable(True)
            action.setChecked(group == self._group)
            action.setData(group)
            menu.addAction(action)
        choices.triggered.connect(self._choose)
        menu.popup(self.mapToGlobal(QPoint(0, self.height() + 2)))

    def _choose(self, action: QAction) -> None:
        group = int(action.data())
        self.set_group(group)
        self.group_chosen.emit(group)

    def sizeHint(self) -> QSize:
        return QSize(_EDGE, _EDGE)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = self._theme.tokens.radius.chip
        if not self._group:
            painter.setPen(self._theme.pen("border.control"))
            painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.brush(f"link.c{self._group}"))
        painter.drawRoundedRect(self.rect(), radius, radius)
        painter.setPen(self._theme.color("link.digit"))
        painter.setFont(self._theme.font("caption", "strong"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, str(self._group))
