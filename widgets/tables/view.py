# SPDX-License-Identifier: Apache-2.0
"""Table view: rows of one height, painted by our own delegate, usable without a mouse.

Whole rows only, no grid, a total that stays in sight, a moment's flash on a change. Copying, exporting
and filtering are here, so that every table of the terminal can do them. It knows its model and the theme;
what a row means is the panel's business, told by signals.
"""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QItemSelection, QModelIndex, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from widgets.tables.columns import Align, Column, Kind, RowId
from widgets.tables.delegate import FILLS, CellPainter
from widgets.tables.flash import CellKey, Flashes
from widgets.tables.header import TableHeader
from widgets.tables.model import TableModel
from widgets.tables.order import Role, Row
from widgets.theme import Theme

_TICK_MS: Final = 60
_Slot = tuple[Column, int, int, tuple[int, int]]
"""Column, x, width, paddings."""


class RowsView(QTableView):
    """Paints a `TableModel` and tells what a person did with its rows.

    Signals:
        row_activated: Enter or a double click on the row with this id.
        rows_selected: ids of the selected rows.
        action_clicked: row id and column key of an action that was clicked.
        delete_pressed: Delete was pressed with these ids selected.
    """

    row_activated = Signal(object)
    rows_selected = Signal(list)
    action_clicked = Signal(object, str)
    delete_pressed = Signal(list)

    def __init__(
        self, theme: Theme, model: TableModel, *, name: str, zebra: bool = False, parent: QWidget | None = None
    ) -> None:
        """`name` is what a screen reader calls the table. `zebra` is for walls of numbers."""
        super().__init__(parent)
        self.theme = theme
        self.rows = model
        self.cells = CellPainter(theme)
        self._zebra = zebra
        self.flashes = Flashes()
        self._hovered = -1
        self._by_key = False
        self._too_narrow = False
        self._kept: tuple[set[RowId], RowId | None] = (set(), None)
        self._empty_title = self._empty_meaning = ""
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.head = TableHeader(theme, model, self)
        self.setHorizontalHeader(self.head)
        self._configure()
        self.setModel(model)
        self.selectionModel().selectionChanged.connect(self._tell_selection)
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self.tick)
        model.flashed.connect(self._start_flash)
        model.modelAboutToBeReset.connect(self._keep_selection)
        model.modelReset.connect(self._bring_selection)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _configure(self) -> None:
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        side = self.verticalHeader()
        side.setVisible(False)
        side.setMinimumSectionSize(16)
        side.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    # ------------------------------------------------------------------ rows
    def selected_ids(self) -> list[RowId]:
        """Return the ids of the selected rows, from top to bottom."""
        places = sorted({index.row() for index in self.selectionModel().selectedRows()})
        rows = (self.rows.row_at(place) for place in places)
        return [row.id for row in rows if row.role is Role.VALUES]

    def current_id(self) -> RowId | None:
        """Return the id of the current row."""
        index = self.currentIndex()
        if not index.isValid():
            return None
        row = self.rows.row_at(index.row())
        return row.id if row.role is Role.VALUES else None

    def select(self, row_ids: Sequence[RowId]) -> None:
        """Select these rows and make the first of them current; ids that are not shown are left out."""
        model, chosen = self.rows, QItemSelection()
        last = model.columnCount() - 1
        first: int | None = None
        for row_id in row_ids:
            place = model.place_of(row_id)
            if place is not None:
                first = place if first is None else first
                chosen.select(model.index(place, 0), model.index(place, last))
        selection = self.selectionModel()
        flag = selection.SelectionFlag
        if first is not None:
            column = max(0, self.currentIndex().column())
            selection.setCurrentIndex(model.index(first, column), flag.NoUpdate)
        selection.select(chosen, flag.ClearAndSelect | flag.Rows)

    def set_empty(self, title: str, meaning: str = "") -> None:
        """Say in the middle what would stand here when there is no row."""
        self._empty_title, self._empty_meaning = title, meaning
        self.setAccessibleDescription(f"When empty: {title}. {meaning}")
        self.viewport().update()

    @property
    def whole_rows(self) -> int:
        """How many rows fit without one being cut."""
        return int(self.viewport().height() // self.theme.density.row)

    # ------------------------------------------------------------------ flash
    def _start_flash(self, changes: dict[CellKey, bool]) -> None:
        steps = self.theme.tokens.motion.flash // _TICK_MS
        first, last = self._seen_rows()
        for (row_id, key), rose in changes.items():
            place = self.rows.place_of(row_id)
            if place is not None and first <= place <= last:
                self.flashes.start(row_id, key, rose=rose, steps=steps)
        if self.flashes and not self._ticker.isActive():
            self._ticker.start()

    def tick(self) -> None:
        """Let one step of the flashes pass, and wipe those that are over. Called by the timer."""
        for row_id, key in self.flashes.step():
            place = self.rows.place_of(row_id)
            if place is not None:
                self.update(self.rows.index(place, self.rows.number_of(key)))
        if not self.flashes:
            self._ticker.stop()

    # ------------------------------------------------------------------ paint
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        self.cells.begin(painter)
        try:
            self._too_narrow = False
            self._paint_rows(painter, event.rect(), event.region())
            if self._too_narrow:
                # Never a frame with half a number: make the room first, then paint again.
                self.head.fit()
                self._paint_rows(painter, event.rect(), event.region())
            if not self.rows.rowCount():
                self._paint_empty(painter)
        finally:  # a painter left open would take the whole process with it
            self.cells.end()
            if painter.isActive():
                painter.end()

    def _paint_rows(self, painter: QPainter, area: QRect, region: QRegion) -> None:
        viewport, height = self.viewport(), self.theme.density.row
        painter.fillRect(area, self.theme.color("bg.panel"))
        slots = self._slots()
        first = max(0, self.rowAt(max(0, area.top())))
        top = self.rowViewportPosition(first) if self.rows.rowCount() else 0
        bottom = min(area.bottom(), self.whole_rows * height - 1)
        single = region.rectCount() <= 1
        for place in range(first, self.rows.rowCount()):
            if top > bottom:
                break
            spot = QRect(0, top, viewport.width(), height)
            if single or region.intersects(spot):
                self._paint_row(painter, place, spot, slots)
            top += height
        pinned = self._pinned_total()
        if pinned is not None:
            self._paint_total(painter, self.rows.row_at(self.rows.rowCount() - 1), pinned, slots)

    def _paint_row(self, painter: QPainter, place: int, spot: QRect, slots: Sequence[_Slot]) -> None:
        theme, row = self.theme, self.rows.row_at(place)
        if row.role is Role.TOTAL:
            self._paint_total(painter, row, spot, slots)
            return
        back = self._back(place, row)
        if back:
            painter.fillRect(spot.adjusted(0, 0, 0, -1), theme.color(back))
        painter.fillRect(spot.left(), spot.bottom(), spot.width(), 1, theme.color("border.subtle"))
        if row.role is Role.HEAD:
            self.cells.plain(spot, theme.space.x4, row.group or "", "text.muted", "caption")
            return
        for column, x, width, pads in slots:
            rect = QRect(x, spot.top(), width, spot.height())
            if column.kind is Kind.ACTION:
                self._paint_action(painter, rect, column, row)
                continue
            content = row.cells.get(column.key, "")
            rose = self.flashes.rose(row.id, column.key)
            needed = self.cells.cell(rect, column, content, pads=pads, rose=rose)
            self._wants(column, needed, width)
        current = self.currentIndex()
        if self._by_key and self.hasFocus() and current.row() == place:
            self._paint_ring(painter, current, spot)

    def _back(self, place: int, row: Row) -> str:
        if row.role is Role.HEAD:
            return "bg.header"
        if self.selectionModel().isRowSelected(place, QModelIndex()):
            return "bg.selection" if self.hasFocus() else "bg.selection_idle"
        if row.fill is not None and row.fill in FILLS:
            return FILLS[row.fill]
        if place == self._hovered:
            return "bg.hover"
        return "bg.row_alt" if self._zebra and place % 2 else ""

    def _paint_total(self, painter: QPainter, row: Row, spot: QRect, slots: Sequence[_Slot]) -> None:
        theme = self.theme
        painter.fillRect(spot, theme.color("bg.panel"))
        painter.fillRect(spot.left(), spot.top() - 1, spot.width(), 1, theme.color("border.default"))
        for column, x, width, pads in slots:
            rect = QRect(x, spot.top(), width, spot.height())
            content = row.cells.get(column.key, "")
            self._wants(column, self.cells.cell(rect, column, content, pads=pads, total=True), width)

    def _wants(self, column: Column, needed: float, width: int) -> None:
        """Remember that a number is wider than its column; words may be cut, numbers may not."""
        if needed > width and column.side is Align.RIGHT:
            self._too_narrow |= self.head.make_room(column.key, needed)

    def _paint_action(self, painter: QPainter, rect: QRect, column: Column, row: Row) -> None:
        if row.cells.get(column.key, True) in {None, False, ""}:
            return
        size = self.theme.tokens.icon.small
        color = "text.primary" if self._hovered == self.rows.place_of(row.id) else "text.muted"
        icon = self.theme.pixmap(column.icon, color, size, self.devicePixelRatioF())
        at = QPoint(rect.left() + (rect.width() - size) // 2, rect.top() + (rect.height() - 1 - size) // 2)
        painter.drawPixmap(at, icon)

    def _paint_ring(self, painter: QPainter, current: QModelIndex, spot: QRect) -> None:
        x, width = self.columnViewportPosition(current.column()), self.columnWidth(current.column())
        edge = self.theme.focus_width
        painter.setPen(self.theme.pen("focus.ring", edge))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        half = edge // 2
        painter.drawRect(QRect(x, spot.top(), width, spot.height()).adjusted(half, half, -edge + half, -edge + half))
        self.cells.begin(painter)

    def _paint_empty(self, painter: QPainter) -> None:
        title, meaning = self._empty_title, self._empty_meaning
        if self.rows.ordering.filter_text and len(self.rows):
            title, meaning = f"No row has “{self.rows.ordering.filter_text}”", "Esc clears the filter."
        line = self.theme.density.row
        middle = self.viewport().rect().adjusted(8, 0, -8, 0)
        middle.setTop(max(4, middle.height() // 2 - line))
        for text, color, weight in ((title, "text.primary", "strong"), (meaning, "text.secondary", "regular")):
            painter.setFont(self.theme.font("body", weight))
            painter.setPen(self.theme.color(color))
            painter.drawText(middle, int(Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap), text)
            middle.setTop(middle.top() + line)

    def _slots(self) -> list[_Slot]:
        slots = []
        width = self.viewport().width()
        for column in self.head.shown_columns():
            number = self.rows.number_of(column.key)
            x, wide = self.columnViewportPosition(number), self.columnWidth(number)
            if x < width and x + wide > 0:
                slots.append((column, x, wide, self.head.pads(column.key)))
        return slots

    def _pinned_total(self) -> QRect | None:
        """Return where the total stands when its own row is out of sight."""
        last = self.rows.rowCount() - 1
        height = self.theme.density.row
        if self.rows.total is None or last < 0 or self.rowViewportPosition(last) + height <= self._rows_bottom():
            return None
        return QRect(0, self._rows_bottom() - height, self.viewport().width(), height)

    def _rows_bottom(self) -> int:
        return self.whole_rows * self.theme.density.row

    def _seen_rows(self) -> tuple[int, int]:
        first = self.rowAt(0)
        return (first, first + self.whole_rows) if first >= 0 else (0, -1)

    # ------------------------------------------------------------------ events
    def indexAt(self, pos: QPoint) -> QModelIndex:
        """Return the cell at a point; none where a pinned total covers a row or a row is cut off."""
        pinned = self._pinned_total()
        covered = pinned is not None and pinned.contains(pos)
        return QModelIndex() if covered or pos.y() >= self._rows_bottom() else super().indexAt(pos)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._by_key = True
        current = self.current_id()
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and current is not None:
            self.row_activated.emit(current)
        elif event.key() == Qt.Key.Key_Delete and self.selected_ids():
            self.delete_pressed.emit(self.selected_ids())
        else:
            super().keyPressEvent(event)
            self.viewport().update()
            return
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._by_key = False
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            column, row = self.rows.columns[index.column()], self.rows.row_at(index.row())
            live = row.cells.get(column.key, True) not in {None, False, ""}
            if column.kind is Kind.ACTION and row.role is Role.VALUES and live:
                self.action_clicked.emit(row.id, column.key)
                event.accept()
                return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and self.rows.columns[index.column()].kind is not Kind.ACTION:
            row = self.rows.row_at(index.row())
            if row.role is Role.VALUES and event.button() == Qt.MouseButton.LeftButton:
                self.row_activated.emit(row.id)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        self._hover(index.row() if index.isValid() else -1)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._by_key = event.reason() in {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def _hover(self, place: int) -> None:
        before, self._hovered = self._hovered, place
        if before != place:
            height = self.theme.density.row
            for row in (before, place):
                if row >= 0:
                    self.viewport().update(0, self.rowViewportPosition(row), self.viewport().width(), height)

    def _tell_selection(self) -> None:
        self.rows_selected.emit(self.selected_ids())
        self.viewport().update()

    def _keep_selection(self) -> None:
        self._kept = (set(self.selected_ids()), self.current_id())

    def _bring_selection(self) -> None:
        self._hovered = -1
        kept, current = self._kept
        ids = [row_id for row_id in self.rows.ids if row_id in kept]
        if current in kept and current in ids:
            ids.remove(current)
            ids.insert(0, current)
        if ids:
            self.select(ids)

    def _restyle(self) -> None:
        self.cells.rebuild()
        self.verticalHeader().setDefaultSectionSize(self.theme.density.row)
        self.setFont(self.theme.font())
        self.head.restyle()
        self.viewport().update()
