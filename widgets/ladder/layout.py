# SPDX-License-Identifier: Apache-2.0
"""Where the ladder's columns, rows and strips are, and what is at a point. Whole pixels, no Qt."""

from dataclasses import dataclass
from enum import IntEnum

_OWN_SHARE = 0.56


class Zone(IntEnum):
    """What a point hits: the columns from the left."""

    BUYS = 0
    BID = 1
    PRICE = 2
    ASK = 3
    SELLS = 4


@dataclass(frozen=True, slots=True)
class LadderLayout:
    """Edges in pixels: five columns between six ``edges``, rows from ``top`` on, a note strip above and below."""

    edges: tuple[int, int, int, int, int, int]
    edge_height: int
    head_height: int
    row_height: int
    rows: int
    note_height: int
    height: int

    @property
    def width(self) -> int:
        return self.edges[-1]

    @property
    def top(self) -> int:
        """Upper edge of the first row."""
        return self.edge_height + self.head_height

    @property
    def bottom(self) -> int:
        """Lower edge of the last row."""
        return self.top + self.rows * self.row_height

    def column(self, zone: Zone) -> tuple[int, int]:
        """Return (left, width) of a column."""
        return self.edges[zone], self.edges[zone + 1] - self.edges[zone]

    def row_top(self, row: int) -> int:
        return self.top + row * self.row_height

    def cell_at(self, x: float, y: float) -> tuple[int, Zone] | None:
        """Return (row, column) at a point, None outside the rows."""
        if not (self.top <= y < self.bottom and 0 <= x < self.width):
            return None
        place = sum(x >= edge for edge in self.edges[1:-1])
        return int(y - self.top) // self.row_height, Zone(place)


def lay_out(
    width: int, height: int, price_width: int, row_height: int, head_height: int, note_height: int = 0
) -> LadderLayout:
    """Return the layout: whole rows only, the price column in the middle, sizes beside it, own orders outside."""
    side = max((width - price_width) // 2, 2)
    own = round(side * _OWN_SHARE)
    edges = (0, own, side, width - side, width - own, width)
    left = height - 2 * row_height - head_height - note_height
    return LadderLayout(
        edges=edges,
        edge_height=row_height,
        head_height=head_height,
        row_height=row_height,
        rows=max(1, left // row_height),
        note_height=note_height,
        height=height,
    )
