# SPDX-License-Identifier: Apache-2.0
"""Tables without a screen: what a cell says, how rows are ordered, what leaves for a spreadsheet."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.model.enums import Knowledge, OrderStatus, PendingRequest
from widgets.formats import SignRule
from widgets.tables import Align, Cell, Column, Freshness, Kind, SortOrder, Tone, order_state
from widgets.tables.columns import text_of
from widgets.tables.export import neutral, to_csv, to_tsv
from widgets.tables.flash import Flashes
from widgets.tables.order import Role, Row, RowOrder
from widgets.tables.ranges import merged, runs

PNL = Column(key="pnl", title="Open P&L", kind=Kind.NUMBER, sign=SignRule.MONEY)
SYMBOL = Column(key="symbol", title="Symbol")
TIME = Column(key="time", title="Time", kind=Kind.TIME)
CLOSE = Column(key="close", title="", kind=Kind.ACTION)


@pytest.mark.parametrize(
    ("column", "content", "text"),
    [
        (PNL, 1100, "+1,100.00"),
        (PNL, Cell(Decimal("-0.125"), decimals=3), "−0.125"),
        (PNL, Cell(5.0, sign=SignRule.NEVER), "5.00"),
        (PNL, None, "–"),
        (PNL, "", ""),
        (PNL, Cell(5.0, freshness=Freshness.DEAD), "–"),
        (PNL, Cell(5.0, freshness=Freshness.STALE), "+5.00"),
        (SYMBOL, "ESM6", "ESM6"),
        (Column(key="s", title="", kind=Kind.SIDE), "sell", "S"),
        (Column(key="q", title="", kind=Kind.QUANTITY), Decimal("0.50"), "0.5"),
        (Column(key="p", title="", kind=Kind.PERCENT, sign=SignRule.MONEY), 0.0036, "+0.36%"),
        (Column(key="a", title="", kind=Kind.AGE), 125.0, "2 m 05 s"),
        (Column(key="t", title="", text=lambda value: f"<{value}>"), 7, "<7>"),
        (CLOSE, True, ""),
    ],
)
def test_a_cell_is_written_from_its_value(column: Column, content: object, text: str) -> None:
    assert text_of(column, content) == text


def test_columns_align_by_what_they_hold() -> None:
    assert PNL.side is Align.RIGHT
    assert SYMBOL.side is Align.LEFT
    assert CLOSE.share == 0.0


def row(number: int, value: object, group: str | None = None) -> Row:
    return Row(number, number, group, cells={"pnl": value, "symbol": f"S{number}"})


def order() -> RowOrder:
    return RowOrder({"pnl": PNL, "symbol": SYMBOL})


def test_missing_values_sort_last_in_both_directions() -> None:
    rows = [row(1, None), row(2, 5.0), row(3, Decimal(-2)), row(4, Cell(9.0, freshness=Freshness.DEAD))]
    ordering = order()
    ordering.sort_by("pnl", SortOrder.ASCENDING)
    assert [item.id for item in sorted(rows, key=ordering.key)] == [3, 2, 1, 4]
    ordering.sort_by("pnl", SortOrder.DESCENDING)
    assert [item.id for item in sorted(rows, key=ordering.key)] == [2, 3, 1, 4]


def test_groups_keep_their_order_and_their_heads() -> None:
    rows = [row(1, 1.0, "Stock"), row(2, 3.0, "ETF"), row(3, 2.0, "Stock")]
    heads = [Row("h", 0, name, role=Role.HEAD) for name in ("Stock", "ETF")]
    ordering = order()
    for item in rows:
        ordering.rank(item.group)
    ordering.sort_by("pnl", SortOrder.DESCENDING)
    total = Row("t", 0, role=Role.TOTAL)
    found = sorted([total, *rows, *heads], key=ordering.key)
    assert [item.group or item.id for item in found] == ["Stock", "Stock", "Stock", "ETF", "ETF", "t"]
    assert [item.id for item in found] == ["h", 3, 1, "h", 2, "t"]


def test_the_filter_wants_every_word_in_the_shown_text() -> None:
    ordering = order()
    item = row(7, 1100.0, "Futures")
    ordering.filter_by("s7 1,100")
    assert ordering.shows(item)
    ordering.filter_by("futures S7")
    assert ordering.shows(item)
    ordering.filter_by("s7 xyz")
    assert not ordering.shows(item)


def test_an_unknown_sort_column_is_refused() -> None:
    with pytest.raises(LookupError, match="pnl, symbol"):
        order().sort_by("price", SortOrder.ASCENDING)


def test_a_click_goes_through_ascending_descending_none() -> None:
    assert SortOrder.NONE.next is SortOrder.ASCENDING
    assert SortOrder.ASCENDING.next is SortOrder.DESCENDING
    assert SortOrder.DESCENDING.next is SortOrder.NONE


# ---------------------------------------------------------------------------- export
@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-2", "@cmd", "\t=1", "  =1", "＝1"])
def test_a_word_that_a_spreadsheet_would_run_is_disarmed(text: str) -> None:
    assert neutral(text).startswith("'")


def test_a_loss_stays_a_number_and_a_word_is_disarmed() -> None:
    cells = {"symbol": '=HYPERLINK("x")', "pnl": -604.5, "time": 1_773_762_127_000_000_000, "close": True}
    rows = list(csv.reader(io.StringIO(to_csv([SYMBOL, PNL, TIME, CLOSE], [cells]))))
    assert rows == [
        ["Symbol", "Open P&L", "Time"],
        ['\'=HYPERLINK("x")', "-604.5", "2026-03-17T15:42:07.000000+00:00"],
    ]


def test_tsv_keeps_one_line_per_row() -> None:
    text = to_tsv([SYMBOL, PNL], [{"symbol": "a\tb\nc", "pnl": Decimal("1E+2")}, {"symbol": None}])
    assert text == "Symbol\tOpen P&L\na b c\t100\n\t\n"


@given(st.text(max_size=20))
def test_no_exported_word_starts_like_a_formula(text: str) -> None:
    rows = list(csv.reader(io.StringIO(to_csv([SYMBOL], [{"symbol": text}]), newline="")))
    field = rows[1][0] if len(rows) > 1 and rows[1] else ""
    assert not field.lstrip(" ").startswith(("=", "+", "-", "@"))


# ---------------------------------------------------------------------------- ranges, flashes
@given(st.sets(st.tuples(st.integers(0, 12), st.integers(0, 6)), max_size=60))
def test_ranges_cover_exactly_the_changed_cells(cells: set[tuple[int, int]]) -> None:
    by_row: dict[int, list[int]] = {}
    for place, column in cells:
        by_row.setdefault(place, []).append(column)
    spans = [(place, place, left, right) for place, columns in by_row.items() for left, right in runs(sorted(columns))]
    covered = [
        (place, column)
        for top, bottom, left, right in merged(spans)
        for place in range(top, bottom + 1)
        for column in range(left, right + 1)
    ]
    assert sorted(covered) == sorted(cells)


def test_very_many_changes_become_one_range() -> None:
    spans = [(place * 2, place * 2, 1, 1) for place in range(300)]
    assert list(merged(spans)) == [(0, 598, 1, 1)]


def test_a_flash_is_over_after_its_steps() -> None:
    flashes = Flashes()
    flashes.start(1, "pnl", rose=True, steps=2)
    assert flashes.rose(1, "pnl") is True
    assert flashes.step() == []
    assert flashes.step() == [(1, "pnl")]
    assert flashes.rose(1, "pnl") is None
    assert not flashes


# ---------------------------------------------------------------------------- order states
def test_every_order_state_has_a_word_and_a_dot() -> None:
    for status in OrderStatus:
        for pending in PendingRequest:
            for knowledge in Knowledge:
                cell = order_state(status, pending, knowledge)
                assert cell.value
                assert cell.tone is not None


def test_what_is_not_confirmed_is_not_called_working() -> None:
    assert order_state("working", knowledge="stale").value == "Not confirmed"
    assert order_state("working", pending="cancel").value == "Cancelling"
    assert order_state("working").tone is Tone.OK
