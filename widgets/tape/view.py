# SPDX-License-Identifier: Apache-2.0
"""The painted tape: newest on top, price in its aggressor's colour, large prints filled.

It holds still while a mouse is over it or a person scrolled back, and says how many prints wait.
"""

from typing import Final

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from terminal.model.enums import Side
from widgets import formats
from widgets.tape.model import Print, TapeModel
from widgets.theme import Theme

_Key = Qt.Key
_Align = Qt.AlignmentFlag
_RIGHT: Final = int(_Align.AlignRight | _Align.AlignVCenter)
_LEFT: Final = int(_Align.AlignLeft | _Align.AlignVCenter)
_Columns = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
_SIDE_TOKENS: Final = {Side.BUY: "bid", Side.SELL: "ask"}


class TapeView(QWidget):
    """Prints of one instrument.

    Keys: Space pauses and resumes, Down and Up (Page keys) look back and forth, Home shows the newest.

    Signals:
        pauseChanged: it holds still, or goes on; or another number of prints waits.
    """

    pauseChanged = Signal()

    def __init__(self, theme: Theme, model: TapeModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.model = model
        self._hovered = False
        self._stopped = False
        self._offset = 0
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Tape")
        theme.changed.connect(self._restyle)
        self._restyle()

    # ------------------------------------------------------------------ what it shows
    @property
    def offset(self) -> int:
        """How many prints are newer than the first row."""
        return self._offset

    @property
    def rows_in_sight(self) -> int:
        """Whole rows that fit."""
        return max(1, (self.height() - self._head) // self._row)

    def refresh(self) -> None:
        """The model has other prints."""
        self._offset = min(self._offset, self._most())
        self.update()
        if self.model.paused:
            self.pauseChanged.emit()

    def prints_in_sight(self) -> list[Print]:
        """Return the rows that are painted, from the top."""
        return self.model.rows[self._offset : self._offset + self.rows_in_sight]

    def restart(self) -> None:
        """Show the newest prints of another instrument."""
        self._offset, self._stopped = 0, False
        self._hold()
        self.update()

    # ------------------------------------------------------------------ painting
    def sizeHint(self) -> QSize:
        return QSize(180, 22 * self._theme.density.ladder_row)

    def minimumSizeHint(self) -> QSize:
        return QSize(130, 5 * self._theme.density.ladder_row)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self._theme
        painter.fillRect(event.rect(), theme.color("bg.panel"))
        columns = self._columns()
        time, price, size = columns
        painter.setFont(self._caption)
        painter.setPen(theme.color("text.muted"))
        head = self._head - 1
        if time[1]:
            painter.drawText(QRect(time[0], 0, time[1], head), _LEFT, "Time")
        painter.drawText(QRect(price[0], 0, price[1], head), _RIGHT, "Price")
        painter.drawText(QRect(size[0], 0, size[1], head), _RIGHT, "Size")
        painter.fillRect(QRect(0, head, self.width(), 1), theme.color("border.default"))
        for place, row in enumerate(self.prints_in_sight()):
            self._draw_row(painter, self._head + place * self._row, row, columns)
        painter.end()

    def _draw_row(self, painter: QPainter, top: int, row: Print, columns: _Columns) -> None:
        theme, model = self._theme, self.model
        time, price, size = columns
        large = model.is_large(row)
        side = _SIDE_TOKENS[row.side] if row.side is not None and not model.stale else ""
        if large:
            fill = f"side.{side}_fill" if side else "bg.raised"
            painter.fillRect(QRect(0, top, self.width(), self._row), theme.color(fill))
        painter.setFont(self._regular)
        painter.setPen(theme.color(self._ink("text.secondary" if large else "text.muted")))
        if time[1]:
            tenths = 1 if row.fine and time[1] == self._time_widths[0] else 0
            text = formats.clock_time(row.ns, model.zone, decimals=tenths)
            painter.drawText(QRect(time[0], top, time[1], self._row), _LEFT, text)
        painter.setFont(self._strong if large else self._regular)
        painter.setPen(theme.color(f"side.{side}" if side else self._ink("text.primary")))
        shown = formats.number(row.price, model.decimals)
        if theme.side_letters and row.side is not None:
            shown = f"{formats.SIDE_LETTERS[row.side]}\u2009{shown}"
        painter.drawText(QRect(price[0], top, price[1], self._row), _RIGHT, shown)
        painter.setPen(theme.color(self._ink("text.primary")))
        painter.drawText(QRect(size[0], top, size[1], self._row), _RIGHT, formats.size(row.size))

    def _ink(self, token: str) -> str:
        return "text.stale" if self.model.stale else token

    def _columns(self) -> _Columns:
        """Return (left, width) of time, price and size.

        A price is never cut: where there is no room the tenths of the time leave first, then the time.
        """
        pad = self._theme.space.x2 if self._theme.side_letters else self._theme.space.x4
        right = self.width() - pad
        size = max(self._size_width, (right - pad - self._time_widths[0]) // 4)
        room = right - pad - size - self._price_width()
        time = next((width for width in self._time_widths if width <= room), 0)
        left = pad + time
        return (pad, time), (left, right - size - left), (right - size, size)

    def _price_width(self) -> int:
        """Return the width of the widest price in sight, set as a large print."""
        prices = {row.price for row in self.prints_in_sight()}
        widest = max((formats.number(price, self.model.decimals) for price in prices), key=len, default="")
        letter = "B\u2009" if self._theme.side_letters else ""
        return self._strong_metrics.horizontalAdvance(f"{letter}{widest}")

    # ------------------------------------------------------------------ holding still
    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._hovered = True
        self._hold()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hovered = False
        self._hold()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.accept()
        self._scroll(-round(event.angleDelta().y() / 40))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            _Key.Key_Down: 1,
            _Key.Key_Up: -1,
            _Key.Key_PageDown: self.rows_in_sight,
            _Key.Key_PageUp: -self.rows_in_sight,
            _Key.Key_End: self._most(),
            _Key.Key_Home: -self._offset,
        }
        key = Qt.Key(event.key())
        if key in steps:
            self._scroll(steps[key])
        elif key == _Key.Key_Space:
            self._stopped = not self._stopped
            self._hold()
        else:
            event.ignore()

    def _scroll(self, rows: int) -> None:
        self._offset = min(max(self._offset + rows, 0), self._most())
        self._hold()
        self.update()

    def _most(self) -> int:
        return max(0, len(self.model.rows) - self.rows_in_sight)

    def _hold(self) -> None:
        paused = self._hovered or self._stopped or self._offset > 0
        if paused != self.model.paused:
            self.model.pause(paused)
            self.update()
            self.pauseChanged.emit()

    # ------------------------------------------------------------------ measures
    def _restyle(self) -> None:
        theme = self._theme
        self._row = theme.density.ladder_row
        self._head = theme.density.table_header
        self._regular = theme.number_font("body")
        self._strong = theme.number_font("body", "strong")
        self._caption = theme.font("caption")
        regular = QFontMetrics(self._regular)
        self._strong_metrics = QFontMetrics(self._strong)
        self._time_widths = [regular.horizontalAdvance(text) + 4 for text in ("00:00:00.0", "00:00:00")]
        self._size_width = self._strong_metrics.horizontalAdvance("8,888")
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._offset = min(self._offset, self._most())
