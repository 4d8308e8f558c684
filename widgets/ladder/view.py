# SPDX-License-Identifier: Apache-2.0
"""The painted ladder: rows kept as one picture of which only changed rows are painted again.

A click trades only when it is armed, was pressed and released in the same cell, and the book is not covered.
It emits wishes; whether one becomes an order is decided elsewhere.
"""

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from terminal.model.enums import Side
from widgets import formats
from widgets.ladder.layout import LadderLayout, Zone, lay_out
from widgets.ladder.model import EdgeNote, LadderModel, LadderRow
from widgets.ladder.painter import LadderPainter
from widgets.theme import Theme

_Key = Qt.Key
_WHEEL_ROWS: Final = 3
_NO_EDGES: Final[tuple[EdgeNote | None, EdgeNote | None]] = (None, None)


class LadderView(QWidget):
    """Prices with sizes and own orders.

    Mouse, armed: a click in the bid column is a limit buy, in the ask column a limit sale, at that row's price.
    A click on an own order's chip asks for its cancel, armed or not. Keys: Up and Down walk a price cursor
    (Page keys ten rows), B and S place there when armed, Delete cancels own orders there, C centres, Esc lets
    the cursor go.

    Signals:
        clickToTrade: (side, price on the tick). Only when armed.
        cancelRequested: (client order id).
    """

    clickToTrade = Signal(object, object)
    cancelRequested = Signal(object)

    def __init__(self, theme: Theme, model: LadderModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.model = model
        self._armed = False
        self._cover = ""
        self._note = ""
        self._held = False
        self._pressed: tuple[int, Zone] | None = None
        self._painted: list[LadderRow | None] = []
        self._rows: list[LadderRow] = []
        self._edges = _NO_EDGES
        self._picture: QPixmap | None = None
        self._painter = LadderPainter(theme)
        self._layout = lay_out(200, 400, 60, 18, 20)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Ladder")
        theme.changed.connect(self._restyle)
        self._arrange()

    # ------------------------------------------------------------------ what it shows
    @property
    def armed(self) -> bool:
        return self._armed

    @property
    def cover_text(self) -> str:
        """Why the book is covered, empty when it is not."""
        return self._cover

    @property
    def note(self) -> str:
        """Why there is no more to see than the top of the book, empty when there is."""
        return self._note

    @property
    def held(self) -> bool:
        """Whether a mouse is over the rows, so that they must not move."""
        return self._held

    def set_armed(self, armed: bool) -> None:
        """Let clicks and keys place orders."""
        self._armed = armed
        self._pressed = None

    def cover(self, text: str) -> None:
        """Hide the sizes behind words; nothing can be placed while it lasts. Empty uncovers."""
        if text != self._cover:
            self._cover = text
            self._pressed = None
            self._forget()

    def set_note(self, text: str) -> None:
        """Say under the rows, in plain words, why there is no more to see. Empty takes the strip away."""
        if text != self._note:
            self._note = text
            self._arrange()

    def refresh(self) -> None:
        """The model changed: follow the market if nothing holds the rows, and paint the rows that differ."""
        if self.model.follow(held=self._held or self.model.cursor is not None):
            self._fit_price()
        rows = self.model.rows()
        edges = self.model.edges()
        if edges != self._edges:
            self._edges = edges
            self.update(QRect(0, 0, self.width(), self._layout.edge_height))
            self.update(QRect(0, self._layout.bottom, self.width(), self.height() - self._layout.bottom))
        self._rows = rows
        height = self._layout.row_height
        for place in range(self._layout.rows):
            row = rows[place] if place < len(rows) else None
            known = self._painted[place] if place < len(self._painted) else None
            if row != known:
                self.update(QRect(0, self._layout.row_top(place), self.width(), height))

    def centre(self) -> None:
        """Put the last price into the middle."""
        self.model.cursor = None
        self.model.centre()
        self._fit_price()
        self.refresh()

    def invalidate(self) -> None:
        """Paint every row anew at the next paint."""
        self._painted = [None] * self._layout.rows
        self.update()

    def row_rect(self, index: int, zone: Zone) -> QRect:
        """Return where a tick's cell is; empty when it is out of sight."""
        place = self.model.top - index
        if not 0 <= place < self._layout.rows:
            return QRect()
        left, width = self._layout.column(zone)
        return QRect(left, self._layout.row_top(place), width, self._layout.row_height)

    # ------------------------------------------------------------------ painting
    def sizeHint(self) -> QSize:
        return QSize(236, 22 * self._theme.density.ladder_row)

    def minimumSizeHint(self) -> QSize:
        return QSize(150, 6 * self._theme.density.ladder_row)

    def paintEvent(self, event: QPaintEvent) -> None:
        layout = self._layout
        picture = self._up_to_date(layout)
        painter = QPainter(self)
        painter.drawPixmap(0, layout.top, picture)
        dirty = event.rect()
        decimals = self.model.decimals
        if dirty.top() < layout.top:
            self._painter.draw_edge(painter, layout, 0, self._edges[0], decimals, above=True, far=not self._cover)
            self._painter.draw_heads(painter, layout)
        if dirty.bottom() >= layout.bottom:
            painter.fillRect(QRect(0, layout.bottom, layout.width, self.height()), self._theme.color("bg.panel"))
            if self._note:
                self._painter.draw_note(painter, layout, layout.bottom, self._note)
            bottom = self.height() - layout.edge_height
            self._painter.draw_edge(painter, layout, bottom, self._edges[1], decimals, above=False, far=not self._cover)
        if self._cover:
            self._painter.draw_cover(painter, layout, self._cover)
        painter.end()

    def _up_to_date(self, layout: LadderLayout) -> QPixmap:
        """Return the picture of the rows, with the changed ones painted again."""
        scale = self.devicePixelRatioF()
        picture = self._picture
        if picture is None or picture.devicePixelRatio() != scale:
            size = QSize(layout.width, layout.rows * layout.row_height)
            picture = QPixmap(size * scale)
            picture.setDevicePixelRatio(scale)
            picture.fill(self._theme.color("bg.panel"))
            self._picture = picture
            self._painted = [None] * layout.rows
        changed = [
            place for place in range(min(layout.rows, len(self._rows))) if self._painted[place] != self._rows[place]
        ]
        if changed:
            painter = QPainter(picture)
            for place in changed:
                row = self._rows[place]
                self._painter.draw_row(painter, layout, place * layout.row_height, row, covered=bool(self._cover))
                self._painted[place] = row
            painter.end()
        return picture

    # ------------------------------------------------------------------ mouse
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._pressed = None
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = self._cell(event.position().toPoint())
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Take the second press of a double click for nothing: one hand movement, one order."""
        self._pressed = None
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()
        pressed, self._pressed = self._pressed, None
        if event.button() != Qt.MouseButton.LeftButton or pressed is None:
            return
        if self._cell(event.position().toPoint()) != pressed:
            return
        index, zone = pressed
        match zone:
            case Zone.BID:
                self._place(Side.BUY, index)
            case Zone.ASK:
                self._place(Side.SELL, index)
            case Zone.BUYS:
                self._cancel(index, Side.BUY)
            case Zone.SELLS:
                self._cancel(index, Side.SELL)
            case Zone.PRICE:
                self.model.cursor = index
                self._cursor_moved()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        event.accept()
        cell = self._cell(event.position().toPoint())
        shape, hint = Qt.CursorShape.ArrowCursor, ""
        if cell is not None and cell[1] in (Zone.BID, Zone.ASK):
            ready = self._armed and not self._cover
            shape = Qt.CursorShape.PointingHandCursor if ready else Qt.CursorShape.ForbiddenCursor
            hint = "" if ready else self._cover or "Disarmed: arm to place orders by click"
        elif cell is not None and cell[1] in (Zone.BUYS, Zone.SELLS):
            side = Side.BUY if cell[1] is Zone.BUYS else Side.SELL
            if self.model.orders_at(cell[0], side):
                shape, hint = Qt.CursorShape.PointingHandCursor, "Cancel"
        if self.cursor().shape() != shape:
            self.setCursor(shape)
        if self.toolTip() != hint:
            self.setToolTip(hint)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._held = True
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._held = False
        self._pressed = None
        self.refresh()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.accept()
        steps = round(event.angleDelta().y() / 120 * _WHEEL_ROWS)
        if steps:
            self._pressed = None
            self.model.scroll(steps)
            self.refresh()

    # ------------------------------------------------------------------ keys
    def keyPressEvent(self, event: QKeyEvent) -> None:
        walks = {
            _Key.Key_Up: 1,
            _Key.Key_Down: -1,
            _Key.Key_PageUp: 10,
            _Key.Key_PageDown: -10,
        }
        key = Qt.Key(event.key())
        if event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier):
            event.ignore()
        elif key in walks:
            far = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            self.model.move_cursor(walks[key] * far)
            self._cursor_moved()
        elif key in (_Key.Key_C, _Key.Key_Home):
            self.centre()
        elif key == _Key.Key_Escape and self.model.cursor is not None:
            self.model.cursor = None
            self.refresh()
        elif self.model.cursor is not None and key in (_Key.Key_B, _Key.Key_S) and not event.isAutoRepeat():
            self._place(Side.BUY if key == _Key.Key_B else Side.SELL, self.model.cursor)
        elif self.model.cursor is not None and key in (_Key.Key_Delete, _Key.Key_Backspace):
            self._cancel(self.model.cursor, None)
        else:
            event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Let the cursor go: a key must not trade at a price that was chosen before something else was done."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason and self.model.cursor is not None:
            self.model.cursor = None
            self.refresh()

    # ------------------------------------------------------------------ inside
    def _place(self, side: Side, index: int) -> None:
        price = self.model.price_of(index)
        if self._armed and not self._cover and price is not None:
            self.clickToTrade.emit(side, price)

    def _cancel(self, index: int, side: Side | None) -> None:
        for order in self.model.orders_at(index, side):
            self.cancelRequested.emit(order.client_order_id)

    def _cell(self, at: QPoint) -> tuple[int, Zone] | None:
        """Return (tick, column) at a point."""
        found = self._layout.cell_at(at.x(), at.y())
        if found is None or found[0] >= len(self._rows):
            return None
        return self._rows[found[0]].index, found[1]

    def _cursor_moved(self) -> None:
        self.refresh()
        row = next((row for row in self._rows if row.cursor), None)
        if row is not None:
            parts = [row.price, f"bid {row.bid}" if row.bid else "", f"ask {row.ask}" if row.ask else ""]
            chips = [f"own {chip.text}" for chip in (row.buy, row.sell) if chip is not None]
            self.setAccessibleDescription(", ".join(part for part in [*parts, *chips] if part))

    def _restyle(self) -> None:
        self._painter = LadderPainter(self._theme)
        self._arrange()

    def _fit_price(self) -> None:
        """Lay out anew if the prices in sight need another width."""
        wanted = self._price_width()
        if wanted != self._layout.column(Zone.PRICE)[1]:
            self._arrange()

    def _price_width(self) -> int:
        edges = (self.model.top, self.model.top - self.model.rows_shown)
        prices = [self.model.price_of(index) for index in edges]
        texts = [formats.number(price, self.model.decimals) for price in prices if price is not None]
        wanted = self._painter.price_width(texts)
        return wanted + (self.width() - wanted) % 2

    def _arrange(self) -> None:
        density = self._theme.density
        note = self._painter.note_height(self.width(), self._note)
        self._layout = lay_out(
            self.width(), self.height(), self._price_width(), density.ladder_row, density.table_header, note
        )
        self.model.resize(self._layout.rows)
        self._forget()

    def _forget(self) -> None:
        self._picture = None
        self.refresh()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
