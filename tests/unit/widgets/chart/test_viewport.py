# SPDX-License-Identifier: Apache-2.0
"""Viewport, ticks and tags as numbers."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.chart.viewport import (
    FREE_SPACE,
    VOLUME_SHARE,
    Viewport,
    body_width,
    home,
    kept_in_sight,
    level_for,
    nearest,
    price_range,
    price_step,
    price_ticks,
    resized,
    slide_apart,
    zoomed,
)

VIEW = Viewport(first=100, last=200, low=50, high=70, width=700, height=400)


def test_pixels_and_values_are_inverse() -> None:
    assert VIEW.index_at(VIEW.x_of(123.4)) == pytest.approx(123.4)
    assert VIEW.price_at(VIEW.y_of(61.25)) == pytest.approx(61.25)
    assert VIEW.y_of(70) == 0
    assert VIEW.step == 7


@pytest.mark.parametrize(("step", "level"), [(7, 0), (1, 0), (0.99, 1), (0.25, 1), (0.2, 2), (0.0016, 5)])
def test_level_of_detail_keeps_a_pixel_per_bar(step: float, level: int) -> None:
    assert level_for(step) == level
    assert step * 4**level >= 1 - 1e-9


@pytest.mark.parametrize(("step", "width"), [(1, 1), (3, 1), (4, 3), (6.5, 5), (7.8, 5), (10, 7), (20, 13)])
def test_bodies_are_odd_and_about_two_thirds(step: float, width: int) -> None:
    assert body_width(step) == width


def test_home_leaves_room_for_tags() -> None:
    view = home(VIEW, 1000)
    assert view.x_of(999.5) == pytest.approx(VIEW.width - FREE_SPACE)
    assert view.step == pytest.approx(VIEW.step)


def test_zoom_keeps_the_anchor_and_its_bounds() -> None:
    view = zoomed(VIEW, 0.5, 150)
    assert view.x_of(150) == pytest.approx(VIEW.x_of(150))
    assert view.step == pytest.approx(14)
    for _ in range(40):
        view = zoomed(view, 0.5, 150)
    assert view.step == pytest.approx(60)


def test_bars_stay_in_sight() -> None:
    assert kept_in_sight(VIEW.moved(10_000), 300).first == 297
    assert kept_in_sight(VIEW.moved(-10_000), 300).last == 3
    assert kept_in_sight(VIEW, 300) == VIEW


def test_resizing_keeps_the_zoom_and_the_right_edge() -> None:
    view = resized(VIEW, 350, 200)
    assert (view.step, view.last) == (VIEW.step, VIEW.last)


def test_price_range_takes_in_near_orders_and_leaves_far_ones() -> None:
    low, high = price_range(100, 110, [112.0, 95.0, 500.0], 0.01)
    assert low < 95
    assert 112 < high < 500
    # the bars stay above the volume
    assert low + VOLUME_SHARE * (high - low) <= 95


def test_price_range_of_a_flat_market_is_not_empty() -> None:
    low, high = price_range(100, 100, [], 0.25)
    assert high - low >= 8 * 0.25


@given(
    span=st.floats(0.02, 50_000),
    height=st.floats(60, 1600),
    tick=st.sampled_from(["0.01", "0.25", "0.00005", "1", "0.125", "0.005"]),
)
def test_price_steps_are_multiples_of_the_tick_and_far_enough_apart(span: float, height: float, tick: str) -> None:
    step = price_step(span, height, Decimal(tick))
    assert step % Decimal(tick) == 0
    assert float(step) / span * height >= 38 - 1e-6


def test_price_ticks_are_round() -> None:
    assert price_step(60, 480, Decimal("0.25")) == 5
    assert price_ticks(6721.3, 6740.0, Decimal(5)) == [6725.0, 6730.0, 6735.0, 6740.0]


@given(wanted=st.lists(st.floats(0, 400), min_size=1, max_size=12))
def test_tags_never_overlap_and_stay_inside(wanted: list[float]) -> None:
    placed = slide_apart(wanted, 19, 20, 400)
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], placed[i]))
    for upper, lower in itertools.pairwise(order):
        assert placed[lower] - placed[upper] >= 19 - 1e-6
    assert min(placed) >= 20 + 9.5 - 1e-6
    assert max(placed) <= 400 - 9.5 + 1e-6


def test_tags_with_room_stay_where_they_want() -> None:
    assert slide_apart([100, 50, 200], 19, 0, 400) == pytest.approx([100, 50, 200])


def test_two_tags_at_one_price_share_the_way() -> None:
    assert sorted(slide_apart([100, 100], 20, 0, 400)) == pytest.approx([90, 110])


def test_nearest() -> None:
    assert [nearest([1, 4, 9], x) for x in (0, 2, 3, 7, 20)] == [0, 0, 1, 2, 2]
    with pytest.raises(ValueError, match="at least one"):
        nearest([], 1)
