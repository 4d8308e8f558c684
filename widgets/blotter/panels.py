# SPDX-License-Identifier: Apache-2.0
"""The panels of the blotter: orders, fills, positions, account. Views only: cells in, wishes out as signals."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QMenu

from widgets import formats
from widgets.blotter import account, fills, orders, positions
from widgets.blotter.cell_editor import CellEditor
from widgets.controls.buttons import Button, ButtonKind
from widgets.controls.elided import ElidedLabel
from widgets.panel import Panel
from widgets.tables.columns import Column, RowId
from widgets.tables.model import TableModel
from widgets.tables.table import Table
from widgets.theme import Theme, set_property

FINISHED_KEPT: Final = 500
EDITABLE: Final = {"limit": "limit price", "stop": "stop price", "quantity": "quantity"}


class TablePanel(Panel):
    """A panel whose body is one table, with a sum line as its footer."""

    def __init__(
        self, theme: Theme, title: str, columns: Sequence[Column], *, keep_last: int | None = None, zebra: bool = False
    ) -> None:
        super().__init__(theme, title)
        self.model = TableModel(columns, self, keep_last=keep_last)
        self.table = Table(theme, self.model, name=title, zebra=zebra)
        self.set_body(self.table)
        self.table.said.connect(self.set_context)

    def label(self, *, role: str = "secondary") -> QLabel:
        made = ElidedLabel("")
        made.setProperty("role", role)
        return made


class OrdersPanel(TablePanel):
    """Working and finished orders.

    Signals:
        cancel_requested: client order ids to cancel.
        cancel_all_requested, cancel_symbol_requested: the buttons in the footer.
        shown: client order id of a row that was activated: show it on the chart.
    """

    cancel_requested = Signal(list)
    cancel_all_requested = Signal()
    cancel_symbol_requested = Signal()
    shown = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Orders", orders.COLUMNS, keep_last=FINISHED_KEPT)
        self.change: Callable[[str, str, Decimal], str] = lambda _id, _key, _value: "orders cannot be changed yet"
        """Given (client order id, column, value) it asks for a change and returns what is wrong, else nothing."""
        self.step_of: Callable[[str, str], Decimal] = lambda _id, _key: Decimal(1)
        self.working = self.label()
        self.at_stops = self.label()
        self.unprotected = self.label(role="warn")
        self.match = self.label(role="muted")
        self.cancel_symbol = Button(theme, "Cancel 0", small=True)
        self.cancel_all = Button(theme, "Cancel all", ButtonKind.PLAIN, small=True)
        self.cancel_symbol.setObjectName("cancelSymbol")
        self.cancel_all.setObjectName("cancelAll")
        for widget in (self.working, self.at_stops, self.unprotected):
            self.add_to_footer(widget)
        self.add_to_footer(self.label(), 1)
        for tool in (self.match, self.cancel_symbol, self.cancel_all):
            self.add_to_footer(tool)
        self.cancel_symbol.clicked.connect(self.cancel_symbol_requested)
        self.cancel_all.clicked.connect(self.cancel_all_requested)
        view = self.table.view
        view.set_empty("No orders yet", "Orders show here from the moment they are sent.")
        view.action_clicked.connect(lambda row, _: self.cancel_requested.emit([row]))
        view.delete_pressed.connect(self.cancel_requested)
        view.row_activated.connect(self._activate)
        self.table.menu_opening.connect(self._fill_menu)

    def _activate(self, row: RowId) -> None:
        index = self.table.view.currentIndex()
        key = self.model.columns[index.column()].key if index.isValid() else ""
        if key in EDITABLE and self.model.text(row, key) not in ("", formats.NONE):
            self.edit(str(row), key)
        else:
            self.shown.emit(row)

    def edit(self, row: str, key: str) -> CellEditor:
        """Open the editor over one cell of an order."""
        place = self.model.place_of(row)
        spot = self.table.view.visualRect(self.model.index(place or 0, self.model.number_of(key)))
        return CellEditor(
            self.table.view.viewport(),
            spot,
            self.model.text(row, key),
            EDITABLE[key],
            lambda value: self.change(row, key, value),
            self.step_of(row, key),
        )

    def _fill_menu(self, menu: QMenu, rows: list[RowId]) -> None:
        first = menu.actions()[0] if menu.actions() else None
        cancel = QAction(f"Cancel {len(rows)} orders" if len(rows) > 1 else "Cancel order", menu)
        cancel.triggered.connect(lambda: self.cancel_requested.emit(rows))
        made = [cancel]
        if len(rows) == 1:
            for key, name in EDITABLE.items():
                if self.model.text(rows[0], key) in ("", formats.NONE):
                    continue
                change = QAction(f"Change {name}…", menu)
                change.triggered.connect(lambda _=False, row=str(rows[0]), key=key: self.edit(row, key))
                made.append(change)
        for action in made:
            if first is not None:
                menu.insertAction(first, action)
            else:
                menu.addAction(action)

    def show_sums(
        self, *, working: int, at_stops: Decimal | None, unprotected: Sequence[str], symbol: str, in_symbol: int
    ) -> None:
        """Fill the footer: how many work, what the stops cost, which positions have none."""
        self.working.setText(f"Working {working}")
        shown = formats.number(at_stops, 2, formats.SignRule.MONEY)
        self.at_stops.setText(f"If every stop fills {shown}" if at_stops is not None else "")
        tone = "down" if at_stops is not None and at_stops < 0 else "up"
        set_property(self.at_stops, "tone", tone)
        names = ", ".join(unprotected[:4]) + (" …" if len(unprotected) > 4 else "")
        count = f"{len(unprotected)} position{'s' if len(unprotected) != 1 else ''} without a stop: {names}"
        self.unprotected.setText(count if unprotected else "")
        self.cancel_symbol.setText(f"Cancel {in_symbol} in {symbol}" if symbol else "Cancel 0")
        self.cancel_symbol.setEnabled(bool(in_symbol))
        self.cancel_all.setText(f"Cancel all {working}")
        self.cancel_all.setEnabled(bool(working))


class FillsPanel(TablePanel):
    """Today's executions."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Fills", fills.COLUMNS, keep_last=5_000)
        self.table.view.set_empty("No fills yet", "Every execution shows here, with its commission when it is known.")
        self.sums = self.label()
        self.add_to_footer(self.sums, 1)

    def show_sums(self, *, count: int, commission: Decimal) -> None:
        self.sums.setText(f"{count} fills   commission {formats.number(commission, 2)}" if count else "")


class PositionsPanel(TablePanel):
    """Open positions.

    Signals: close_requested(instrument id), shown(instrument id).
    """

    close_requested = Signal(object)
    reverse_requested = Signal(object)
    shown = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Positions", positions.COLUMNS)
        view = self.table.view
        view.set_empty("No positions", "A position shows here with its first fill.")
        view.action_clicked.connect(lambda row, _: self.close_requested.emit(row))
        view.row_activated.connect(self.shown)
        self.table.menu_opening.connect(self._fill_menu)

    def _fill_menu(self, menu: QMenu, rows: list[RowId]) -> None:
        if len(rows) != 1:
            return
        first = menu.actions()[0] if menu.actions() else None
        for text, signal in (("Close position", self.close_requested), ("Reverse position", self.reverse_requested)):
            action = QAction(text, menu)
            action.triggered.connect(lambda _=False, signal=signal: signal.emit(rows[0]))
            if first is not None:
                menu.insertAction(first, action)
            else:
                menu.addAction(action)


class AccountPanel(TablePanel):
    """The broker's account figures, each with its age."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Account", account.COLUMNS)
        self.table.view.set_empty("No account yet", "The broker sends its figures after the connection.")
