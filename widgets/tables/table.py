# SPDX-License-Identifier: Apache-2.0
"""Table: rows, filter line, menus, copying and exporting, as one widget that a panel puts into its body.

Every action of the mouse has a key, and the menus print it. Files are written from the typed values, so
that a spreadsheet gets numbers, and words that cannot run as a formula.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFileDialog, QLineEdit, QMenu, QVBoxLayout, QWidget

from widgets.tables import export
from widgets.tables.columns import Kind, RowId
from widgets.tables.model import TableModel
from widgets.tables.order import SortOrder
from widgets.tables.view import RowsView
from widgets.theme import Theme

STATE_VERSION: Final = 1


class Table(QWidget):
    """A `RowsView` with a filter line.

    Signals:
        menu_opening: a menu for these row ids is about to open; add the panel's actions to the top of it.
        said: something happened that a person wants to know (copied, exported, or why not).
    """

    menu_opening = Signal(object, list)
    said = Signal(str)

    def __init__(
        self, theme: Theme, model: TableModel, *, name: str, zebra: bool = False, parent: QWidget | None = None
    ) -> None:
        """`name` is what a screen reader calls the table, and the file name that an export suggests."""
        super().__init__(parent)
        self.rows = model
        self.view = RowsView(theme, model, name=name, zebra=zebra, parent=self)
        self.setFocusProxy(self.view)
        self.filter_line = QLineEdit(self)
        self.filter_line.setPlaceholderText("Filter rows")
        self.filter_line.setAccessibleName(f"Filter {name}")
        self.filter_line.setClearButtonEnabled(False)
        self.filter_line.hide()
        self.filter_line.textChanged.connect(model.filter_by)
        self.filter_line.installEventFilter(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.filter_line)
        column.addWidget(self.view, 1)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._actions = self._make_actions()

    def _make_actions(self) -> dict[str, QAction]:
        made = {}
        for key, text, keys, slot in (
            ("copy", "Copy rows", "Ctrl+C", self.copy),
            ("export", "Export as CSV…", "Ctrl+Shift+E", self.ask_export),
            ("filter", "Filter rows", "Ctrl+F", self.open_filter),
            ("sort", "Sort by this column", "Alt+S", self.sort_current),
        ):
            action = QAction(text, self)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(slot)
            self.addAction(action)
            made[key] = action
        return made

    # ------------------------------------------------------------------ copy and export
    def text(self, row_ids: Sequence[RowId] | None = None) -> str:
        """Return rows (all that are shown, by default) as CSV with the shown columns."""
        return export.to_csv(self.view.head.shown_columns(), self._cells(row_ids))

    def copy(self) -> None:
        """Put the selected rows, or all if none is selected, on the clipboard with a head line."""
        ids = self.view.selected_ids() or self.rows.ids
        QGuiApplication.clipboard().setText(export.to_tsv(self.view.head.shown_columns(), self._cells(ids)))
        self.said.emit(f"Copied {len(ids)} {'row' if len(ids) == 1 else 'rows'}")

    def export_to(self, path: Path) -> None:
        """Write the shown rows and columns as CSV in UTF-8, and say so or say why not."""
        try:
            path.write_text(self.text(), encoding="utf-8", newline="")
        except OSError as error:
            reason = error.strerror or str(error)
            self.said.emit(f"Could not write {path}: {reason}. Choose another folder or free some space.")
            return
        self.said.emit(f"Wrote {len(self.rows.ids)} rows to {path}")

    def ask_export(self) -> QFileDialog:
        """Ask where to write, without stopping the loop."""
        dialog = QFileDialog(self, "Export as CSV", f"{self.view.accessibleName().lower()}.csv", "CSV (*.csv)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(lambda name: self.export_to(Path(name)))
        dialog.open()
        return dialog

    def _cells(self, row_ids: Sequence[RowId] | None) -> list[Mapping[str, object]]:
        return [self.rows.cells_of(row_id) for row_id in (self.rows.ids if row_ids is None else row_ids)]

    # ------------------------------------------------------------------ filter and sort
    def open_filter(self) -> None:
        """Show the filter line and type into it."""
        self.filter_line.show()
        self.filter_line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter_line.selectAll()

    def close_filter(self) -> None:
        """Show all rows again."""
        self.filter_line.clear()
        self.filter_line.hide()
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def sort_current(self) -> None:
        """Sort by the column of the current cell, as a click on its head does."""
        index = self.view.currentIndex()
        column = self.rows.columns[index.column() if index.isValid() else 0]
        if column.kind is not Kind.ACTION:
            self.rows.cycle_sort(column.key)

    # ------------------------------------------------------------------ layout
    def save(self) -> dict[str, object]:
        """Return columns and sort as plain values for a settings file."""
        ordering = self.rows.ordering
        sort = [ordering.column, str(ordering.direction)] if ordering.column else []
        return {"version": STATE_VERSION, "columns": self.view.head.save(), "sort": sort}

    def restore(self, saved: Mapping[str, object]) -> None:
        """Take what `save` returned; what is unknown or damaged is left out."""
        if saved.get("version") != STATE_VERSION:
            return
        columns = saved.get("columns")
        if isinstance(columns, Mapping):
            self.view.head.restore(columns)
        match saved.get("sort"):
            case [str(key), str(direction)] if key in {column.key for column in self.rows.columns}:
                if direction in set(SortOrder):
                    self.rows.sort_by(key, SortOrder(direction))

    # ------------------------------------------------------------------ menu and keys
    def menu(self) -> QMenu:
        """Return a new menu for the selected rows; the panel's own actions come first."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.menu_opening.emit(menu, self.view.selected_ids())
        if menu.actions():
            menu.addSeparator()
        for action in self._actions.values():
            menu.addAction(action)
        columns = menu.addMenu("Columns")
        self.view.head.add_choices(columns)
        return menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            spot = self.view.visualRect(self.view.currentIndex())
            at = self.view.viewport().mapToGlobal(QPoint(spot.left() + 12, spot.bottom()))
        self.menu().popup(at)
        event.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let Esc leave the filter, and Down or Enter go to the rows."""
        if watched is self.filter_line and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.close_filter()
                return True
            if event.key() in {Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)
                if self.rows.ids and self.view.current_id() is None:
                    self.view.select(self.rows.ids[:1])
                return True
        return super().eventFilter(watched, event)
