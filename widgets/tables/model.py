# SPDX-License-Identifier: Apache-2.0
"""Table model: rows by id over typed columns, told to the view at most ten times a second.

Values go in at any rate; what the screen needs is one range of cells per change that still matters when
the screen is ready. Rows come and go at once (a fact is never late), values are announced in `flush`. It
formats nothing except for copying and reading aloud, and knows neither theme nor bus.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal

from widgets.tables.columns import Align, Cell, Column, RowId, Tone, text_of, value_of
from widgets.tables.order import Role, Row, RowOrder, SortOrder
from widgets.tables.ranges import Span, merged, runs

FLUSH_MS: Final = 100
_TOTAL: Final = ("total row",)
_NUMBERS: Final = (int, float, Decimal)
_Index = QModelIndex | QPersistentModelIndex
_ALIGN: Final = {
    Align.LEFT: Qt.AlignmentFlag.AlignLeft,
    Align.RIGHT: Qt.AlignmentFlag.AlignRight,
    Align.CENTER: Qt.AlignmentFlag.AlignHCenter,
}


class TableModel(QAbstractTableModel):
    """Rows keyed by id.

    Signals:
        flashed: ``{(row id, column key): rose}`` of the marked columns whose number changed.
        sort_changed: the sort column or direction changed.
        filter_changed: the filter changed.
    """

    flashed = Signal(object)
    sort_changed = Signal()
    filter_changed = Signal()

    def __init__(
        self, columns: Sequence[Column], parent: QObject | None = None, *, keep_last: int | None = None
    ) -> None:
        """`keep_last` bounds the rows: beyond it the oldest leave, a tenth at a time."""
        super().__init__(parent)
        self.columns = tuple(columns)
        self._by_key = {column.key: column for column in self.columns}
        if len(self._by_key) != len(self.columns):
            raise ValueError(f"column keys must be unique, were {', '.join(column.key for column in self.columns)}")
        self._at = {column.key: place for place, column in enumerate(self.columns)}
        self._keep_last = keep_last
        self._rows: dict[RowId, Row] = {}
        self._order: list[Row] = []
        self._heads: dict[str, Row] = {}
        self._in_group: dict[str, int] = {}
        self._places: dict[RowId, int] | None = {}
        self._serial = 0
        self._dirty: dict[RowId, set[str]] = {}
        self._flashes: dict[tuple[RowId, str], bool] = {}
        self._total: Row | None = None
        self.ordering = RowOrder(self._by_key)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FLUSH_MS)
        self._timer.timeout.connect(self.flush)

    # ------------------------------------------------------------------ rows in
    def update(
        self, row_id: RowId, cells: Mapping[str, object], *, group: str | None = None, fill: Tone | None = None
    ) -> None:
        """Put values (or `Cell`s) into a row by column key; an unknown id becomes a new row at once.

        `group` is taken when the row is new. `fill` lays a quiet warning or danger colour under the row.
        Raises ``LookupError`` for an unknown column.
        """
        row = self._rows.get(row_id)
        if row is None:
            self._check(cells)
            self._serial += 1
            row = Row(row_id, self._serial, group, fill=fill, cells=dict(cells))
            self._rows[row_id] = row
            if self.ordering.shows(row):
                self._show(row)
            self._bound()
            return
        changed = self._take(row, cells)
        if fill is not row.fill:
            row.fill = fill
            changed = set(self._by_key)
        if changed:
            self._dirty.setdefault(row_id, set()).update(changed)
            if not self._timer.isActive():
                self._timer.start()

    def set_rows(
        self, rows: Iterable[tuple[RowId, Mapping[str, object]]], groups: Mapping[RowId, str] | None = None
    ) -> None:
        """Replace all rows by these, in this order."""
        self.beginResetModel()
        self._forget()
        for row_id, cells in rows:
            self._check(cells)
            self._serial += 1
            group = groups.get(row_id) if groups else None
            self._rows[row_id] = Row(row_id, self._serial, group, cells=dict(cells))
        self._arrange()
        self.endResetModel()

    def remove(self, row_id: RowId) -> None:
        """Take a row away; an unknown id is nothing to do."""
        row = self._rows.pop(row_id, None)
        self._dirty.pop(row_id, None)
        if row is not None:
            self._hide(row)

    def clear(self) -> None:
        """Take all rows and the total away."""
        self.set_rows(())
        self.set_total(None)

    def set_total(self, cells: Mapping[str, object] | None) -> None:
        """Show these values under the rows, or no total row with None."""
        if cells is None:
            if self._total is not None:
                self._total = None
                self._drop(len(self._order) - 1)
            return
        self._check(cells)
        if self._total is None:
            self._total = Row(_TOTAL, 0, role=Role.TOTAL, cells=dict(cells))
            self._insert(len(self._order), self._total)
        elif self._total.cells != cells:
            self._total.cells = dict(cells)
            last = len(self._order) - 1
            self.dataChanged.emit(self.index(last, 0), self.index(last, len(self.columns) - 1))

    # ------------------------------------------------------------------ rows out
    @property
    def total(self) -> Mapping[str, object] | None:
        """Values of the total row."""
        return None if self._total is None else self._total.cells

    @property
    def ids(self) -> list[RowId]:
        """Ids of the shown rows in the shown order, heads and total left out."""
        return [row.id for row in self._order if row.role is Role.VALUES]

    def __len__(self) -> int:
        """Return the number of rows, hidden ones too, group heads not."""
        return len(self._rows)

    def __bool__(self) -> bool:
        return True

    def row_at(self, place: int) -> Row:
        """Return the row at a place of the view."""
        return self._order[place]

    def cells_of(self, row_id: RowId) -> Mapping[str, object]:
        """Return the values of a row by column key. Raises ``LookupError``."""
        try:
            return self._rows[row_id].cells
        except KeyError:
            raise LookupError(f"the table has no row {row_id!r}") from None

    def place_of(self, row_id: RowId) -> int | None:
        """Return the place of a shown row in the view, None when it is filtered out or unknown."""
        if self._places is None:
            self._places = {row.id: place for place, row in enumerate(self._order)}
        return self._places.get(row_id)

    def text(self, row_id: RowId, key: str) -> str:
        """Return what stands in a cell."""
        return text_of(self._by_key[key], self.cells_of(row_id).get(key, ""))

    def number_of(self, key: str) -> int:
        """Return the place of a column in the model."""
        return self._at[key]

    # ------------------------------------------------------------------ sort and filter
    def sort_by(self, key: str | None, direction: SortOrder) -> None:
        """Sort by a column; `SortOrder.NONE` restores the order of arrival. Raises ``LookupError``."""
        self.ordering.sort_by(key, direction)
        self._reorder()
        self.sort_changed.emit()

    def cycle_sort(self, key: str) -> None:
        """Sort ascending, then descending, then not, as a head does when it is clicked again."""
        now = self.ordering.direction if self.ordering.column == key else SortOrder.NONE
        self.sort_by(key, now.next)

    def filter_by(self, text: str) -> None:
        """Show only rows that contain every word of `text`."""
        if text.strip() == self.ordering.filter_text:
            return
        self.beginResetModel()
        self.ordering.filter_by(text)
        self._arrange()
        self.endResetModel()
        self.filter_changed.emit()

    # ------------------------------------------------------------------ to the view
    def flush(self) -> None:
        """Announce everything that changed since the last time. Called by the timer; tests call it."""
        self._timer.stop()
        dirty, self._dirty = self._dirty, {}
        flashes, self._flashes = self._flashes, {}
        if not dirty:
            return
        if self.ordering.filter_text:
            self._refilter(dirty)
        if self.ordering.column is not None and any(self.ordering.column in keys for keys in dirty.values()):
            self._reorder()
        for first, last, left, right in merged(self._spans(dirty)):
            self.dataChanged.emit(self.index(first, left), self.index(last, right))
        if flashes:
            self.flashed.emit(flashes)

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._order)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid() or self._order[index.row()].role is not Role.VALUES:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self._order[index.row()], self.columns[index.column()]
        if row.role is Role.HEAD:
            head = role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}
            return row.group if head and index.column() == 0 else None
        content = row.cells.get(column.key, "")
        if role == Qt.ItemDataRole.DisplayRole:
            return text_of(column, content)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.title or column.tooltip or column.key}: {text_of(column, content)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return (content.tooltip if isinstance(content, Cell) else "") or None
        if role == Qt.ItemDataRole.UserRole:
            return value_of(content)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            return column.tooltip or column.title or column.key
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(_ALIGN[column.side] | Qt.AlignmentFlag.AlignVCenter)
        return None

    # ------------------------------------------------------------------ inside
    def _check(self, cells: Mapping[str, object]) -> None:
        for key in cells:
            if key not in self._by_key:
                raise LookupError(f"a column must be one of {', '.join(self._by_key)}, was {key!r}")

    def _take(self, row: Row, cells: Mapping[str, object]) -> set[str]:
        changed = set()
        for key, new in cells.items():
            old = row.cells.get(key)
            if old == new and type(old) is type(new):
                continue
            column = self._by_key.get(key)
            if column is None:
                self._check(cells)
                continue
            row.cells[key] = new
            changed.add(key)
            if column.flash:
                self._mark(row.id, key, value_of(old), value_of(new))
        return changed

    def _mark(self, row_id: RowId, key: str, old: object, new: object) -> None:
        if not isinstance(old, _NUMBERS) or not isinstance(new, _NUMBERS):
            return
        if old != new:
            self._flashes[row_id, key] = new > old

    def _show(self, row: Row) -> None:
        if row.group is not None:
            self._count(row.group, 1)
        if self.ordering.is_natural:
            place = len(self._order) - (self._total is not None)
        else:
            place = bisect_left(self._order, self.ordering.key(row), key=self.ordering.key)
        self._insert(place, row)

    def _insert(self, place: int, row: Row) -> None:
        self.beginInsertRows(QModelIndex(), place, place)
        self._order.insert(place, row)
        if place == len(self._order) - 1 and self._places is not None:
            self._places[row.id] = place
        else:
            self._places = None
        self.endInsertRows()

    def _hide(self, row: Row) -> None:
        place = self.place_of(row.id)
        if place is None:
            return
        self._drop(place)
        if row.group is not None:
            self._count(row.group, -1)

    def _drop(self, place: int, count: int = 1) -> None:
        self.beginRemoveRows(QModelIndex(), place, place + count - 1)
        del self._order[place : place + count]
        self._places = None
        self.endRemoveRows()

    def _count(self, group: str, step: int) -> None:
        """Keep the head of a group while it has rows."""
        self._in_group[group] = self._in_group.get(group, 0) + step
        head = self._heads.get(group)
        if self._in_group[group] and head is None:
            head = self._heads[group] = self._head(group)
            self.ordering.rank(group)
            place = bisect_left(self._order, self.ordering.key(head), key=self.ordering.key)
            self._insert(place, head)
        elif not self._in_group[group] and head is not None:
            del self._heads[group]
            self._drop(self._order.index(head))

    @staticmethod
    def _head(group: str) -> Row:
        return Row(("group head", group), 0, group, role=Role.HEAD)

    def _bound(self) -> None:
        limit = self._keep_last
        if limit is None or len(self._rows) <= limit + limit // 10:
            return
        old = list(self._rows)[: len(self._rows) - limit]
        if not self.ordering.is_natural:
            for row_id in old:
                self.remove(row_id)
            return
        for row_id in old:
            del self._rows[row_id]
            self._dirty.pop(row_id, None)
        self._drop(0, len(old))

    def _forget(self) -> None:
        self._rows, self._dirty, self._flashes = {}, {}, {}

    def _arrange(self) -> None:
        """Build order, heads and counts anew; inside a reset."""
        shown = [row for row in self._rows.values() if self.ordering.shows(row)]
        self._in_group = {}
        for row in shown:
            self.ordering.rank(row.group)
            if row.group is not None:
                self._in_group[row.group] = self._in_group.get(row.group, 0) + 1
        self._heads = {group: self._head(group) for group in self._in_group}
        total = [] if self._total is None else [self._total]
        self._order = sorted([*shown, *self._heads.values(), *total], key=self.ordering.key)
        self._places = None

    def _reorder(self) -> None:
        order = sorted(self._order, key=self.ordering.key)
        if all(now is then for now, then in zip(order, self._order, strict=True)):
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        rows = [self._order[index.row()] for index in before]
        self._order, self._places = order, None
        places = {id(row): place for place, row in enumerate(order)}
        after = [self.index(places[id(row)], index.column()) for row, index in zip(rows, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _refilter(self, dirty: Iterable[RowId]) -> None:
        for row_id in dirty:
            row = self._rows[row_id]
            shown = self.place_of(row_id) is not None
            if shown and not self.ordering.shows(row):
                self._hide(row)
            elif not shown and self.ordering.shows(row):
                self._show(row)

    def _spans(self, dirty: Mapping[RowId, set[str]]) -> Iterator[Span]:
        for row_id, keys in dirty.items():
            place = self.place_of(row_id)
            if place is not None:
                for left, right in runs(sorted(self._at[key] for key in keys)):
                    yield place, place, left, right
