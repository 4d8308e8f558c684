# SPDX-License-Identifier: Apache-2.0
"""Flashes: which cells say for a moment that their number rose or fell. One step on, one step off. No Qt."""

from widgets.tables.columns import RowId

CellKey = tuple[RowId, str]
"""Row id and column key."""


class Flashes:
    """Cells that flash now, each with the steps it has left."""

    def __init__(self) -> None:
        self._cells: dict[CellKey, tuple[bool, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._cells)

    def start(self, row_id: RowId, key: str, *, rose: bool, steps: int) -> None:
        """Let a cell flash for so many steps, from now."""
        self._cells[row_id, key] = (rose, max(1, steps))

    def rose(self, row_id: RowId, key: str) -> bool | None:
        """Return whether a flashing cell rose, None when it does not flash."""
        found = self._cells.get((row_id, key))
        return None if found is None else found[0]

    def step(self) -> list[CellKey]:
        """Let one step pass; return the cells that are over."""
        over = [cell for cell, (_, left) in self._cells.items() if left <= 1]
        self._cells = {cell: (rose, left - 1) for cell, (rose, left) in self._cells.items() if left > 1}
        return over

    def clear(self) -> None:
        """Forget all."""
        self._cells = {}
