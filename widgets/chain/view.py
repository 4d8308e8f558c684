# SPDX-License-Identifier: Apache-2.0
"""The painted grid of the chain: calls left, strikes in the middle, puts right, the money as inverted block."""

from decimal import Decimal
from typing import Final

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from terminal.model.enums import Side
from terminal.model.instrument import Instrument
from widgets import formats
from widgets.chain.model import CALL_COLUMNS, LEAVING, PUT_COLUMNS, TITLES, ChainModel
from widgets.theme import Theme

_WIDTHS: Final = {
    "position": 34,
    "oi": 44,
    "volume": 48,
    "iv": 40,
    "vega": 44,
    "theta": 46,
    "gamma": 48,
    "delta": 44,
    "bid": 52,
    "ask": 52,
}
_STRIKE_WIDTH: Final = 64
_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_CENTER: Final = Qt.AlignmentFlag.AlignCenter


class ChainView(QAbstractScrollArea):
    """Signals: ``picked(instrument, side, price)`` from a click or Enter on a bid or ask; ``seen()`` when other
    strikes came into view."""

    picked = Signal(object, object, object)
    seen = Signal()

    def __init__(self, theme: Theme, model: ChainModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.model = model
        self._moved = False
        self._cursor: tuple[int, str, str] | None = None  # row, "call"/"put", "bid"/"ask"
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Option chain")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        theme.changed.connect(self.refresh)

    # ------------------------------------------------------------ geometry
    @property
    def row_height(self) -> int:
        return self._theme.density.row

    @property
    def head_height(self) -> int:
        return 2 * self._theme.density.table_header

    def whole_rows(self) -> int:
        return max(1, (self.viewport().height() - self.head_height) // self.row_height)

    def visible_range(self) -> tuple[int, int]:
        """Return the first and last strike index in view."""
        first = self.verticalScrollBar().value()
        return first, min(len(self.model.strikes) - 1, first + self.whole_rows() - 1)

    def _columns(self) -> tuple[list[str], int]:
        """Return the figures shown per side, outermost first, and the width that each gains."""
        shown = list(CALL_COLUMNS)
        room = (self.viewport().width() - _STRIKE_WIDTH) // 2
        for leaving in LEAVING:
            if sum(_WIDTHS[name] for name in shown) <= room:
                break
            shown.remove(leaving)
        spare = max(0, room - sum(_WIDTHS[name] for name in shown))
        return shown, spare // max(1, len(shown))

    def _slots(self) -> list[tuple[str, str, int, int]]:
        """Return (side, column, x, width) from left to right, the strike included."""
        shown, gain = self._columns()
        slots, x = [], 0
        for name in shown:
            width = _WIDTHS[name] + gain
            slots.append(("call", name, x, width))
            x += width
        strike_width = self.viewport().width() - 2 * x
        slots.append(("strike", "strike", x, strike_width))
        x += strike_width
        for name in PUT_COLUMNS:
            if name in shown:
                width = _WIDTHS[name] + gain
                slots.append(("put", name, x, width))
                x += width
        return slots

    # ------------------------------------------------------------ showing
    def refresh(self) -> None:
        """Take a new list of strikes or a new size into account."""
        rows = self.whole_rows()
        bar = self.verticalScrollBar()
        bar.setPageStep(rows)
        bar.setRange(0, max(0, len(self.model.strikes) - rows))
        self.viewport().update()

    def centre(self) -> None:
        """Bring the money into the middle, and keep it there until somebody scrolls."""
        self._moved = False
        self.refresh()
        index = self.model.at_the_money()
        if index is not None:
            self.verticalScrollBar().setValue(index - self.whole_rows() // 2)

    def _scrolled(self) -> None:
        self.viewport().update()
        self.seen.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._moved:
            self.refresh()
        else:
            self.centre()
        self.seen.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._moved = True
        super().wheelEvent(event)

    # ------------------------------------------------------------ painting
    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        theme = self._theme
        painter.fillRect(self.viewport().rect(), theme.brush("bg.panel"))
        slots = self._slots()
        self._paint_head(painter, slots)
        painter.setFont(theme.number_font())
        money = self.model.at_the_money()
        first, last = self.visible_range()
        for place, index in enumerate(range(first, last + 1)):
            spot = QRect(0, self.head_height + place * self.row_height, self.viewport().width(), self.row_height)
            self._paint_row(painter, slots, index, spot, at_money=index == money)
        painter.end()

    def _paint_head(self, painter: QPainter, slots: list[tuple[str, str, int, int]]) -> None:
        theme, half = self._theme, self._theme.density.table_header
        painter.setFont(theme.font("caption", "medium"))
        painter.setPen(theme.pen("text.muted"))
        strike = next(slot for slot in slots if slot[0] == "strike")
        width = self.viewport().width()
        painter.drawText(QRect(0, 0, strike[2], half), _CENTER, "Calls")
        painter.drawText(QRect(strike[2] + strike[3], 0, width - strike[2] - strike[3], half), _CENTER, "Puts")
        move, spot = self.model.expected_move(), self.model.spot
        if spot is not None:
            painter.setPen(theme.pen("text.stale" if self.model.spot_stale else "text.primary"))
            words = f"{formats.number(spot, 2)} {formats.delayed_note(spot, delayed=self.model.spot_delayed)}".rstrip()
            painter.drawText(QRect(strike[2], 0, strike[3], half), _CENTER, words)
            painter.setPen(theme.pen("text.muted"))
        for side, column, x, slot_width in slots:
            spot_rect = QRect(x, half, slot_width - 4, half)
            if side == "strike":
                painter.setPen(theme.pen("text.stale" if move is not None and self.model.spot_stale else "text.muted"))
                title = "Strike" if move is None else f"± {formats.number(move, 2)}"
                painter.drawText(QRect(x, half, slot_width, half), _CENTER, title)
                painter.setPen(theme.pen("text.muted"))
            else:
                painter.drawText(spot_rect, _RIGHT, TITLES[column])
        painter.setPen(theme.pen("border.default"))
        painter.drawLine(0, self.head_height - 1, width, self.head_height - 1)

    def _paint_row(
        self, painter: QPainter, slots: list[tuple[str, str, int, int]], index: int, spot: QRect, *, at_money: bool
    ) -> None:
        theme, row = self._theme, self.model.strikes[index]
        price = self.model.spot
        strike = float(row.strike)
        for side, column, x, width in slots:
            rect = QRect(x, spot.y(), width, spot.height())
            if side == "strike":
                self._paint_strike(painter, rect, row.strike, at_money=at_money)
                continue
            in_money = price is not None and (strike < price if side == "call" else strike > price)
            if in_money:
                painter.fillRect(rect, theme.brush("bg.row_alt"))
            if self._cursor == (index, side, column) and self.hasFocus():
                painter.fillRect(rect, theme.brush("bg.selection"))
            contract = row.call if side == "call" else row.put
            stale = contract is not None and contract.id in self.model.stale
            painter.setPen(theme.pen("text.stale" if stale else self._ink(column)))
            painter.drawText(rect.adjusted(0, 0, -4, 0), _RIGHT, self.model.text(contract, column))
        painter.setPen(theme.pen("border.subtle"))
        painter.drawLine(spot.left(), spot.bottom(), spot.right(), spot.bottom())

    def _paint_strike(self, painter: QPainter, rect: QRect, strike: Decimal, *, at_money: bool) -> None:
        theme = self._theme
        here = at_money and not self.model.spot_stale  # the inverted block means that the market is here now
        painter.fillRect(rect, theme.brush("chart.last" if here else "bg.header"))
        painter.setPen(theme.pen("chart.on_last" if here else "text.stale" if at_money else "text.primary"))
        painter.setFont(theme.number_font("body", "strong"))
        painter.drawText(
            rect, _CENTER, f"{strike:f}".rstrip("0").rstrip(".") if "." in f"{strike:f}" else f"{strike:f}"
        )
        painter.setFont(theme.number_font())

    @staticmethod
    def _ink(column: str) -> str:
        match column:
            case "bid":
                return "side.bid"
            case "ask":
                return "side.ask"
            case "delta" | "position":
                return "text.primary"
            case _:
                return "text.secondary"

    # ------------------------------------------------------------ hands
    def _at(self, point: QPoint) -> tuple[int, str, str] | None:
        row = (point.y() - self.head_height) // self.row_height
        index = self.verticalScrollBar().value() + row
        if point.y() < self.head_height or not 0 <= index <= self.visible_range()[1]:
            return None
        for side, column, x, width in self._slots():
            if x <= point.x() < x + width:
                return index, side, column
        return None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position().toPoint())
        if found is not None and found[1] != "strike":
            index, side, column = found
            self._cursor = (index, side, column if column in ("bid", "ask") else "bid")
            if column in ("bid", "ask"):
                self._pick()
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.model.strikes:
            super().keyPressEvent(event)
            return
        first, _ = self.visible_range()
        index, side, column = self._cursor or (self.model.at_the_money() or first, "call", "bid")
        order = [("call", "bid"), ("call", "ask"), ("put", "bid"), ("put", "ask")]
        place = order.index((side, column))
        match event.key():
            case Qt.Key.Key_Up:
                index = max(0, index - 1)
            case Qt.Key.Key_Down:
                index = min(len(self.model.strikes) - 1, index + 1)
            case Qt.Key.Key_Left:
                side, column = order[max(0, place - 1)]
            case Qt.Key.Key_Right:
                side, column = order[min(len(order) - 1, place + 1)]
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._pick()
                return
            case Qt.Key.Key_Home:
                self.centre()
                return
            case _:
                super().keyPressEvent(event)
                return
        self._cursor = (index, side, column)
        self._moved = True
        self._keep_in_view(index)
        self.viewport().update()

    def _keep_in_view(self, index: int) -> None:
        first, last = self.visible_range()
        if index < first:
            self.verticalScrollBar().setValue(index)
        elif index > last:
            self.verticalScrollBar().setValue(index - self.whole_rows() + 1)

    def _pick(self) -> None:
        if self._cursor is None:
            return
        index, side, column = self._cursor
        row = self.model.strikes[index]
        contract: Instrument | None = row.call if side == "call" else row.put
        if contract is None:
            return
        value = self.model.value(contract, column)
        price = contract.snap(float(value)) if value is not None else None
        self.picked.emit(contract, Side.SELL if column == "bid" else Side.BUY, price)
