# SPDX-License-Identifier: Apache-2.0
"""The watchlist panel: symbols by group, and the day of the chosen one below them."""

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from terminal.model.enums import AssetClass, Side
from terminal.model.instrument import Instrument
from terminal.model.market import Quote
from widgets import formats
from widgets.controls.buttons import IconButton
from widgets.controls.data_mark import DataMark
from widgets.freshness import Freshness
from widgets.panel import Panel
from widgets.tables.columns import RowId
from widgets.tables.model import TableModel
from widgets.tables.table import Table
from widgets.theme import Theme, set_property
from widgets.watchlist import rows


class DayRange(QWidget):
    """The day's low to high as a line, the open as a tick, the last price as a block."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._values: tuple[float, float, float | None, float] | None = None
        self.stale = False
        self.setFixedHeight(12)
        self.setAccessibleName("Place of the last price in the day's range")
        theme.changed.connect(self.update)

    def show_range(
        self, low: float | None, high: float | None, opened: float | None, last: float | None, *, stale: bool
    ) -> None:
        self._values, self.stale = None, stale
        if low is not None and high is not None and last is not None and high > low:
            self._values = (low, high, opened, last)
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        middle, width = self.height() / 2, self.width()
        painter.fillRect(QRectF(0, middle - 1, width, 2), self._theme.brush("bg.pressed"))
        if self._values is not None:
            low, high, opened, last = self._values

            def place(value: float) -> float:
                return (value - low) / (high - low) * (width - 3)

            if opened is not None:
                painter.fillRect(QRectF(place(opened), middle - 4, 1, 8), self._theme.brush("text.muted"))
            token = "text.stale" if self.stale else "chart.last"
            painter.fillRect(QRectF(place(last), middle - 5, 3, 10), self._theme.brush(token))
        painter.end()


class Details(QWidget):
    """The chosen instrument: name, range of the day and its facts."""

    FACTS = ("Open", "Prev", "Tick", "Volume", "Expires", "Spread")

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._symbol = QLabel("")
        self._symbol.setProperty("role", "title")
        self._name = QLabel("")
        self._name.setProperty("role", "muted")
        self.data_mark = DataMark()
        self.low, self.high = QLabel(""), QLabel("")
        self.range = DayRange(theme)
        self._facts: dict[str, QLabel] = {}
        space = theme.space
        head = QHBoxLayout()
        head.addWidget(self._symbol)
        head.addWidget(self.data_mark)
        head.addStretch(1)
        head.addWidget(self._name)
        ends = QHBoxLayout()
        ends.addWidget(self.low)
        ends.addStretch(1)
        ends.addWidget(self.high)
        grid = QGridLayout()
        grid.setHorizontalSpacing(space.x4)
        grid.setVerticalSpacing(space.x1)
        for place, fact in enumerate(self.FACTS):
            caption, value = QLabel(fact), QLabel(formats.NONE)
            caption.setProperty("role", "muted")
            value.setProperty("role", "secondary")
            row, column = divmod(place, 2)
            grid.addWidget(caption, row, column * 3)
            grid.addWidget(value, row, column * 3 + 1)
            self._facts[fact] = value
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(4, 1)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(space.x4, space.x3, space.x4, space.x4)
        column_layout.setSpacing(space.x2)
        column_layout.addLayout(head)
        column_layout.addLayout(ends)
        column_layout.addWidget(self.range)
        column_layout.addLayout(grid)

    def show_instrument(self, instrument: Instrument, quote: Quote | None, now_ns: int, grade: Freshness) -> None:
        """Show the facts of an instrument; ``grade`` is that of its quote. What the day has settled keeps its look."""
        decimals = instrument.decimals
        self._symbol.setText(instrument.label)
        self.data_mark.show_for(quote)
        what = instrument.primary_exchange or instrument.exchange
        times = f" · × {instrument.multiplier:f}" if instrument.multiplier != 1 else ""
        self._name.setText(f"{instrument.name or instrument.local_symbol} · {what}{times}"[:40])

        def price(value: float | None) -> str:
            return formats.number(value, decimals)

        now = quote if grade is not Freshness.DEAD else None
        self.low.setText(f"Low {price(now.low if now else None)}")
        self.high.setText(f"High {price(now.high if now else None)}")
        last = now.last if now else None
        stale = grade is not Freshness.FRESH
        self.range.show_range(
            now.low if now else None, now.high if now else None, now.open if now else None, last, stale=stale
        )
        spread = now.ask - now.bid if now and now.ask is not None and now.bid is not None else None
        self._facts["Open"].setText(price(quote.open if quote else None))
        self._facts["Prev"].setText(price(quote.previous_close if quote else None))
        self._facts["Tick"].setText(price(float(instrument.min_tick)))
        self._facts["Volume"].setText(formats.size(now.volume if now else None))
        self._facts["Spread"].setText(price(spread))
        self._facts["Expires"].setText(_expiry_words(instrument, now_ns))
        for label in self.of_market:
            set_property(label, "tone", "stale" if stale else "")

    @property
    def of_market(self) -> tuple[QLabel, ...]:
        """The labels that follow the market."""
        return self.low, self.high, self._facts["Volume"], self._facts["Spread"]


def _expiry_words(instrument: Instrument, now_ns: int) -> str:
    if instrument.expiry is None:
        return "never" if instrument.asset_class is AssetClass.STOCK else formats.NONE
    days = (instrument.expiry - formats.moment(now_ns, instrument.time_zone).date()).days
    return f"{days} d"


class WatchlistPanel(Panel):
    """Signals: ``chosen(instrument id)``, ``add_requested(text)``, ``remove_requested(instrument id)``, and
    ``side_key(Side)`` when B or S was pressed: begin an order."""

    chosen = Signal(object)
    add_requested = Signal(str)
    remove_requested = Signal(object)
    side_key = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Watchlist", link_group=1)
        self.model = TableModel(rows.COLUMNS, self)
        self.table = Table(theme, self.model, name="Watchlist")
        self.details = Details(theme)
        self.add_line = QLineEdit()
        self.add_line.setPlaceholderText("Add a symbol, Enter")
        self.add_line.setAccessibleName("Add a symbol to the watchlist")
        self.add_line.setObjectName("watchlistAdd")
        self.add_line.hide()
        self.add_line.returnPressed.connect(self._add)
        add = IconButton(theme, "plus", "Add a symbol")
        add.clicked.connect(self._toggle_add)
        self.add_tool(add)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.add_line)
        column.addWidget(self.table, 1)
        column.addWidget(self.details)
        body.setFocusProxy(self.table)
        self.set_body(body)
        view = self.table.view
        view.set_empty("No symbols", "Add one with the plus above.")
        view.rows_selected.connect(self._choose)
        view.delete_pressed.connect(self._remove)
        view.installEventFilter(self)

    def _toggle_add(self) -> None:
        self.add_line.setVisible(not self.add_line.isVisible())
        if self.add_line.isVisible():
            self.add_line.setFocus()

    def _add(self) -> None:
        text = self.add_line.text().strip()
        if text:
            self.add_line.clear()
            self.add_requested.emit(text.upper())

    def _choose(self, ids: list[RowId]) -> None:
        if len(ids) == 1:
            self.chosen.emit(ids[0])

    def _remove(self, ids: list[RowId]) -> None:
        for row in ids:
            self.remove_requested.emit(row)

    def select(self, instrument_id: RowId) -> None:
        """Mark the row of the instrument that all linked panels show."""
        if self.table.view.selected_ids() != [instrument_id] and self.model.place_of(instrument_id) is not None:
            self.table.view.select([instrument_id])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the panel's keys before the table looks for a row that begins with that letter."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and self._take_key(event):
            return True
        return super().eventFilter(watched, event)

    def _take_key(self, event: QKeyEvent) -> bool:
        if event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier):
            return False
        side = {"b": Side.BUY, "s": Side.SELL}.get(event.text().lower())
        if side is not None:
            self.side_key.emit(side)
        elif event.text() == "+":
            self._toggle_add()
        return side is not None or event.text() == "+"
