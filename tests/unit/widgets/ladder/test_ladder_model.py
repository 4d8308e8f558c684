# SPDX-License-Identifier: Apache-2.0
"""The ladder as numbers: ticks, rows, following the market, orders out of sight."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.model.enums import AssetClass, OrderType, Side
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument, TickBand
from terminal.model.market import Depth, DepthLevel
from tests.gui.painted import sample
from widgets.chart.marks import MarkState
from widgets.ladder.layout import Zone, lay_out
from widgets.ladder.model import LadderModel
from widgets.ladder.ticks import TickGrid

OPTION = Instrument(
    id=InstrumentId("OPT"),
    asset_class=AssetClass.OPTION,
    symbol="OPT",
    min_tick=Decimal("0.01"),
    tick_bands=(TickBand(low_edge=Decimal(3), increment=Decimal("0.05")),),
)


def model(rows: int = 20) -> LadderModel:
    made = LadderModel()
    made.set_instrument(sample.INSTRUMENT)
    made.resize(rows)
    made.set_quote(sample.quote())
    made.set_depth(sample.depth())
    made.set_orders(sample.orders())
    made.follow(held=False)
    return made


def test_ticks_cross_a_band() -> None:
    grid = TickGrid(OPTION)
    assert [grid.price(i) for i in range(299, 303)] == [Decimal(x) for x in ("2.99", "3.00", "3.05", "3.10")]
    assert grid.index(Decimal("3.05")) == grid.index(3.0) + 1


@given(index=st.integers(-5000, 5000))
def test_index_and_price_are_inverse(index: int) -> None:
    for instrument in (OPTION, sample.INSTRUMENT):
        grid = TickGrid(instrument)
        assert grid.index(grid.price(index)) == index
        assert grid.price(index + 1) > grid.price(index)


def test_rows_hold_the_book_around_the_last_price() -> None:
    rows = {row.price: row for row in model().rows()}
    assert len(rows) == 20
    assert rows["6,762.50"].last
    assert rows["6,762.50"].best_ask
    assert rows["6,762.50"].ask == "24"
    assert rows["6,762.25"].best_bid
    assert rows["6,762.25"].bid == "54"
    assert max(max(row.bid_share, row.ask_share) for row in rows.values()) == 1.0


def test_sizes_of_several_makers_at_one_price_are_added() -> None:
    made = model()
    level = [DepthLevel(price=6762.25, size=5, maker=name) for name in ("A", "B")]
    made.set_depth(Depth(instrument_id=sample.INSTRUMENT.id, received_ns=1, bids=tuple(level), asks=()))
    assert next(row for row in made.rows() if row.price == "6,762.25").bid == "10"


def test_it_follows_only_out_of_the_middle_half() -> None:
    made = model()
    top = made.top

    def rise(ticks: int) -> None:
        made.set_quote(sample.quote(sample.LAST + 0.25 * ticks))
        made.set_depth(sample.depth(last=sample.LAST + 0.25 * ticks))

    rise(4)
    assert not made.follow(held=False)
    rise(7)
    assert not made.follow(held=True)
    assert made.top == top
    assert made.follow(held=False)
    assert made.top == top + 7


@pytest.mark.parametrize("ticks", [-40, 40])
def test_a_last_price_that_the_quotes_left_behind_hides_neither_side(ticks: int) -> None:
    made = model(rows=12)
    made.set_depth(sample.depth(last=sample.LAST + 0.25 * ticks))
    made.follow(held=False)
    rows = made.rows()
    assert any(row.best_bid for row in rows)
    assert any(row.best_ask for row in rows)


def test_orders_out_of_sight_wait_at_the_edges() -> None:
    up, down = model().edges()
    assert up is not None
    assert down is not None
    assert up.words(2) == ("2 LMT 6,784.00", "86 ticks up")
    assert down.words(2) == ("2 STP 6,741.00", "86 ticks down")


def test_more_orders_beyond_an_edge_are_counted() -> None:
    made = model()
    made.set_orders([*sample.orders(), sample.order("x", Side.SELL, OrderType.LIMIT, "6790.00")])
    up, _ = made.edges()
    assert up is not None
    assert up.words(2)[0] == "2 LMT 6,784.00 +1 more"


def test_own_orders_at_one_price_share_a_chip() -> None:
    made = model()
    made.set_orders(
        [
            sample.order("a", Side.BUY, OrderType.LIMIT, "6761.00", 2),
            sample.order("b", Side.BUY, OrderType.LIMIT, "6761.00", 1, state=MarkState.PENDING),
            sample.order("draft", Side.BUY, OrderType.LIMIT, "6761.00", 7, state=MarkState.DRAFT),
        ]
    )
    chip = next(row.buy for row in made.rows() if row.buy)
    assert chip.text == "3 LMT ×2"
    assert chip.state is MarkState.PENDING
    assert chip.order_ids == ("a", "b")
    assert made.count(Side.BUY) == 2


def test_without_depth_the_top_of_the_book_stays() -> None:
    made = model()
    made.top_only = True
    rows = made.rows()
    assert [row.bid for row in rows if row.bid] == ["54"]
    assert [row.ask for row in rows if row.ask] == ["24"]


def test_the_cursor_walks_and_takes_the_rows_along() -> None:
    made = model()
    made.move_cursor(1)
    assert made.price_of(made.cursor or 0) == Decimal("6762.50")
    made.move_cursor(12)
    assert made.cursor == made.top
    assert made.price_of(made.cursor) == Decimal("6765.50")


def test_spread() -> None:
    assert model().spread == Decimal("0.25")
    assert LadderModel().spread is None


def test_layout_has_whole_rows_and_finds_cells() -> None:
    layout = lay_out(236, 400, 56, 18, 20)
    assert layout.bottom <= 400 - layout.edge_height
    assert 400 - layout.edge_height - layout.bottom < 18
    assert layout.cell_at(118, layout.row_top(3) + 1) == (3, Zone.PRICE)
    assert layout.cell_at(80, layout.row_top(0)) == (0, Zone.BID)
    assert layout.cell_at(150, layout.row_top(0)) == (0, Zone.ASK)
    assert layout.cell_at(3, layout.row_top(0)) == (0, Zone.BUYS)
    assert layout.cell_at(233, layout.row_top(0)) == (0, Zone.SELLS)
    assert layout.cell_at(118, 5) is None


def test_nothing_without_an_instrument() -> None:
    empty = LadderModel()
    assert empty.rows() == []
    assert empty.edges() == (None, None)
    assert not empty.follow(held=False)
    with pytest.raises(ValueError, match="finite"):
        TickGrid(sample.INSTRUMENT).index(float("inf"))
