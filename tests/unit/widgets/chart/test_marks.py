# SPDX-License-Identifier: Apache-2.0
"""Dragged orders and the tags of lines, as numbers and words."""

import itertools
from dataclasses import replace
from decimal import Decimal

from terminal.model.enums import OrderType, Side
from tests.gui.painted import sample
from widgets.chart.marks import ChartPosition, MarkState, OrderDrag
from widgets.chart.tags import LAST_HEIGHT, TAG_HEIGHT, Tag, layout
from widgets.chart.viewport import Viewport

LONG = ChartPosition(quantity=Decimal(2), average_price=Decimal("6751.50"), open_pnl=1100.0)
TARGET = sample.order("target", Side.SELL, OrderType.LIMIT, "6784.00", 2, pnl="3250")
VIEW = Viewport(0, 100, 6720, 6790, 700, 500)


def drag(quantity: str = "2", *, held: str = "2", side: Side = Side.SELL) -> OrderDrag:
    order = replace(TARGET, quantity=Decimal(quantity), side=side)
    position = replace(LONG, quantity=Decimal(held))
    return OrderDrag(order, sample.INSTRUMENT, position, order.price)


def test_a_dragged_price_stays_on_the_tick() -> None:
    assert drag().moved_to(6780.13).price == Decimal("6780.25")
    assert drag().stepped(-3).price == Decimal("6783.25")
    assert not drag().changed


def test_the_ghost_has_the_new_result() -> None:
    # +2 at 6,751.50, 50 a point: 32.50 points are 3,250; five points less are 500 less
    assert drag().moved_to(6779.0).pnl == Decimal(2750)
    # only what it closes counts
    assert drag("5").moved_to(6783.0).pnl == Decimal(3250) - Decimal(100)
    # a buy back of a short gains when it moves down
    assert drag(held="-2", side=Side.BUY).moved_to(6783.0).pnl == Decimal(3250) + Decimal(100)
    # an order that opens has no result
    assert drag(held="-2").moved_to(6783.0).pnl is None


def tags(*extra: str, last: float | None = sample.LAST) -> list[Tag]:
    more = tuple(sample.order(price, Side.BUY, OrderType.LIMIT, price) for price in extra)
    return layout(VIEW, (*sample.orders(), *more), LONG, None, last, 2, 20)


def test_tags_do_not_overlap_each_other_or_the_last_price() -> None:
    placed = tags("6762.00", "6761.75", "6763.00", "6762.75", "6751.25")
    middles = sorted(tag.tag_y for tag in placed)
    assert all(b - a >= TAG_HEIGHT for a, b in itertools.pairwise(middles))
    block = VIEW.y_of(sample.LAST)
    for tag in placed:
        assert abs(tag.tag_y - block) >= (TAG_HEIGHT + LAST_HEIGHT) / 2 - 0.6


def test_lines_stay_at_their_price() -> None:
    for tag in tags("6762.00", "6762.25"):
        assert tag.line_y == VIEW.y_of(float(tag.price))


def test_an_order_out_of_sight_keeps_its_tag_at_the_edge() -> None:
    far = next(tag for tag in tags("7000.00") if tag.price == 7000)
    assert far.beyond == 1
    assert 20 <= far.tag_y < 60
    deep = next(tag for tag in tags("5000.00") if tag.price == 5000)
    assert deep.beyond == -1
    assert deep.tag_y <= VIEW.height - TAG_HEIGHT / 2


def test_words_of_a_tag() -> None:
    words = {tag.head: (tag.detail, tag.detail_sign) for tag in tags()}
    assert words["S 2 LMT"] == ("+3,250.00", 1)
    assert words["S 2 STP"] == ("−1,050.00", -1)
    assert words["B 1 LMT"] == ("working", None)
    assert words["+2 @ 6,751.50"] == ("+1,100.00", 1)


def test_an_order_on_its_way_says_so_whatever_it_would_earn() -> None:
    waiting = replace(TARGET, state=MarkState.PENDING, text="sending")
    (tag,) = layout(VIEW, (waiting,), None, None, None, 2, 20)
    assert tag.detail == "sending"
