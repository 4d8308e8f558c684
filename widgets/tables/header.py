# SPDX-License-Identifier: Apache-2.0
"""Table head: titles aligned as their columns, the sort arrow, and which columns have room.

Columns share spare room by their stretch; when the table is too narrow they leave in the order that the
columns declare, and come back in the reverse order. What a person set by hand (width, order, hidden) is
kept apart from what the room decides, and only that is saved.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QContextMenuEvent, QFontMetricsF, QMouseEvent, QPainter, QPolygon
from PySide6.QtWidgets import QHeaderView, QMenu, QWidget

from widgets.tables.columns import Align, Column, Kind
from widgets.tables.model import TableModel
from widgets.tables.order import SortOrder
from widgets.theme import Theme

AFTER_NUMBER: Final = 14
_ARROW: Final = 7
_SMALLEST: Final = 18


class TableHeader(QHeaderView):
    """The horizontal head of a `TableView`."""

    def __init__(self, theme: Theme, model: TableModel, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self._table = model
        self._columns: Sequence[Column] = model.columns
        self._widths: dict[str, int] = {}
        self._locked: set[str] = set()
        self._hidden: set[str] = {column.key for column in self._columns if not column.shown}
        self._left: set[str] = set()
        self._fitting = False
        self._pressed = False
        self._dragged: set[str] = set()
        self.setSectionsMovable(True)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setStretchLastSection(False)
        self.setMinimumSectionSize(_SMALLEST)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.DefaultContextMenu)
        self.setAccessibleName("Column heads")
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.fit)
        self.sectionResized.connect(self._on_resized)
        self.sectionMoved.connect(self._on_moved)
        self.sectionClicked.connect(self._on_clicked)
        model.sort_changed.connect(self.viewport().update)

    # ------------------------------------------------------------------ geometry
    def restyle(self) -> None:
        """Take height and type from the theme."""
        self.setFixedHeight(self._theme.density.table_header)
        self._widths = {key: width for key, width in self._widths.items() if key in self._locked}
        self.fit()

    def pads(self, key: str) -> tuple[int, int]:
        """Return the paddings left and right of a column's cells, as its neighbours ask for them."""
        shown = self.shown_columns()
        keys = [column.key for column in shown]
        place = keys.index(key) if key in keys else 0
        column = shown[place] if shown else self._columns[0]
        pad = self._theme.density.cell_pad
        edge = self._theme.space.x4
        left = edge if place == 0 else pad
        if place and column.side is Align.LEFT and shown[place - 1].side is Align.RIGHT:
            left = AFTER_NUMBER
        return left, edge if place == len(shown) - 1 else pad

    def shown_columns(self) -> list[Column]:
        """Return the columns on the screen, from left to right."""
        order = (self.logicalIndex(place) for place in range(self.count()))
        return [self._columns[number] for number in order if not self.isSectionHidden(number)]

    def make_room(self, key: str, width: float) -> bool:
        """Widen a column whose number does not fit, unless a person set its width; `fit` then shares anew."""
        if key in self._locked or width <= self._base(self._column(key)):
            return False
        self._widths[key] = int(width) + 1 + self._theme.space.x4  # two full numbers need air between them
        return True

    def fit(self) -> None:
        """Share the room: columns leave or come back, the rest take what is spare."""
        if self._fitting or not self.count():
            return
        self._fitting = True
        room = self.viewport().width()
        order = [self._columns[self.logicalIndex(place)] for place in range(self.count())]
        wanted = [column for column in order if column.key not in self._hidden]
        total = sum(self._base(column) for column in wanted)
        self._left = set()
        leaving = sorted((c for c in wanted if c.hide_order is not None), key=lambda c: c.hide_order or 0)
        for column in leaving:
            if total <= room:
                break
            self._left.add(column.key)
            total -= self._base(column)
        kept = [column for column in wanted if column.key not in self._left]
        shares = {c.key: 0.0 if c.key in self._locked else c.share for c in kept}
        self._apply(kept, max(0, room - total), shares)
        self._fitting = False
        self.viewport().update()

    def _apply(self, kept: Sequence[Column], spare: int, shares: Mapping[str, float]) -> None:
        keys = {column.key for column in kept}
        weight = sum(shares.values())
        given, seen = 0, 0.0
        for number, column in enumerate(self._columns):
            if self.isSectionHidden(number) != (column.key not in keys):
                self.setSectionHidden(number, column.key not in keys)
        for column in kept:
            seen += shares[column.key]
            upto = round(spare * seen / weight) if weight else 0
            number = self._table.number_of(column.key)
            width = self._base(column) + upto - given
            given = upto
            if self.sectionSize(number) != width:
                self.resizeSection(number, width)

    def _base(self, column: Column) -> int:
        known = self._widths.get(column.key)
        if known is None:
            metrics = QFontMetricsF(self._theme.font("caption", "medium"))
            head = metrics.horizontalAdvance(column.title) + sum(self.pads(column.key)) + _ARROW
            known = max(column.width, int(head) + 1 if column.title else 0)
            self._widths[column.key] = known
        return known

    def _column(self, key: str) -> Column:
        return self._columns[self._table.number_of(key)]

    # ------------------------------------------------------------------ what a person sets
    def is_chosen(self, key: str) -> bool:
        """Say whether a person wants the column, whether or not there is room for it."""
        return key not in self._hidden

    def choose(self, key: str, shown: bool) -> None:
        """Show or hide a column; the last one stays."""
        self._column(key)
        if shown:
            self._hidden.discard(key)
        elif len(self._hidden) < len(self._columns) - 1:
            self._hidden.add(key)
        self.fit()

    def set_width(self, key: str, width: int) -> None:
        """Set a width by hand: it no longer follows the room."""
        self._column(key)
        self._widths[key] = max(_SMALLEST, width)
        self._locked.add(key)
        self.fit()

    def reset(self) -> None:
        """Forget everything that was set by hand."""
        self._locked.clear()
        self._widths.clear()
        self._hidden = {column.key for column in self._columns if not column.shown}
        for number in range(self.count()):
            self.moveSection(self.visualIndex(number), number)
        self.fit()

    def save(self) -> dict[str, object]:
        """Return widths, order and hidden columns as plain values for a settings file."""
        order = [self._columns[self.logicalIndex(place)].key for place in range(self.count())]
        widths = {key: self._widths[key] for key in sorted(self._locked)}
        return {"order": order, "widths": widths, "hidden": sorted(self._hidden)}

    def restore(self, saved: Mapping[str, object]) -> None:
        """Take what `save` returned; what does not fit the columns of today is left out."""
        known = {column.key: number for number, column in enumerate(self._columns)}
        hidden = saved.get("hidden")
        if isinstance(hidden, list):
            kept = {key for key in hidden if isinstance(key, str) and key in known}
            self._hidden = kept if len(kept) < len(known) else set()
        widths = saved.get("widths")
        for key, width in widths.items() if isinstance(widths, dict) else ():
            if key in known and isinstance(width, int) and not isinstance(width, bool):
                self._widths[key] = max(_SMALLEST, min(width, 4000))
                self._locked.add(key)
        order = saved.get("order")
        places = [key for key in order if isinstance(key, str) and key in known] if isinstance(order, list) else []
        for place, key in enumerate(dict.fromkeys(places)):
            self.moveSection(self.visualIndex(known[key]), place)
        self.fit()

    # ------------------------------------------------------------------ events
    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._theme.density.table_header)

    def menu(self) -> QMenu:
        """Return a new menu: sort, choose columns, bring the columns back as they were."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.add_choices(menu)
        return menu

    def add_choices(self, menu: QMenu) -> None:
        """Add one entry per column and the reset to a menu."""
        for column in self._columns:
            name = column.title or column.tooltip or column.key
            action = QAction(name.replace("&", "&&"), menu)
            action.setCheckable(True)
            action.setChecked(self.is_chosen(column.key))
            action.toggled.connect(lambda shown, key=column.key: self.choose(key, shown))
            menu.addAction(action)
        menu.addSeparator()
        reset = QAction("Reset columns", menu)
        reset.triggered.connect(self.reset)
        menu.addAction(reset)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu().popup(event.globalPos())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = True
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self._pressed = False
        if self._dragged:
            for key in self._dragged:
                self._locked.add(key)
                self._widths[key] = self.sectionSize(self._table.number_of(key))
            self._dragged.clear()
            self.fit()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._later.start()
        return super().viewportEvent(event)

    def _on_resized(self, number: int, _old: int, _new: int) -> None:
        if self._pressed and not self._fitting:
            self._dragged.add(self._columns[number].key)

    def _on_moved(self) -> None:
        if not self._fitting:
            self._later.start()

    def _on_clicked(self, number: int) -> None:
        column = self._columns[number]
        if column.kind is not Kind.ACTION:
            self._table.cycle_sort(column.key)

    # ------------------------------------------------------------------ paint
    def paintSection(self, painter: QPainter, rect: QRect, number: int) -> None:
        theme, column = self._theme, self._columns[number]
        painter.fillRect(rect, theme.color("bg.panel"))
        painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, theme.color("border.default"))
        left, right = self.pads(column.key)
        ordering = self._table.ordering
        arrow = ordering.column == column.key and ordering.direction is not SortOrder.NONE
        spot = rect.adjusted(left, 0, -right, -1)
        painter.setFont(theme.font("caption", "medium"))
        painter.setPen(theme.color("text.primary" if arrow else "text.muted"))
        flags = (
            Qt.AlignmentFlag.AlignVCenter
            | {
                Align.LEFT: Qt.AlignmentFlag.AlignLeft,
                Align.RIGHT: Qt.AlignmentFlag.AlignRight,
                Align.CENTER: Qt.AlignmentFlag.AlignHCenter,
            }[column.side]
        )
        metrics = painter.fontMetrics()
        text = metrics.elidedText(column.title, Qt.TextElideMode.ElideRight, spot.width() + 2)
        painter.drawText(spot, flags, text)
        if arrow:
            self._paint_arrow(painter, spot, column.side, metrics.horizontalAdvance(text), ordering.direction)

    def _paint_arrow(self, painter: QPainter, spot: QRect, side: Align, width: int, direction: SortOrder) -> None:
        x = spot.left() + width + 3 if side is Align.LEFT else spot.right() - width - _ARROW - 2
        y = spot.center().y() + 1
        up = direction is SortOrder.ASCENDING
        tip, base = (y - 3, y + 1) if up else (y + 2, y - 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.brush("text.primary"))
        painter.drawPolygon(QPolygon([QPoint(x, base), QPoint(x + 6, base), QPoint(x + 3, tip)]))
