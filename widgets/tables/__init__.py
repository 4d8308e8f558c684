# SPDX-License-Identifier: Apache-2.0
"""Tables: one generic model over typed columns, one delegate, one view; the panels only declare columns."""

from widgets.freshness import Freshness
from widgets.tables.columns import Align, Cell, Column, Kind, RowId, Tone
from widgets.tables.model import TableModel
from widgets.tables.order import SortOrder
from widgets.tables.states import order_state
from widgets.tables.table import Table

__all__ = [
    "Align",
    "Cell",
    "Column",
    "Freshness",
    "Kind",
    "RowId",
    "SortOrder",
    "Table",
    "TableModel",
    "Tone",
    "order_state",
]
