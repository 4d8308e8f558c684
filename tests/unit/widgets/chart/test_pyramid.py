# SPDX-License-Identifier: Apache-2.0
"""The pyramid of bars equals brute force at every level, however it was filled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from widgets.chart.pyramid import FACTOR, BarPyramid, Columns, Row


def columns(count: int, seed: int = 1) -> Columns:
    rng = np.random.default_rng(seed)
    close = 100 + np.cumsum(rng.normal(0, 1, count))
    opens = np.concatenate(([100.0], close[:-1]))[:count]
    high = np.maximum(opens, close) + rng.random(count)
    low = np.minimum(opens, close) - rng.random(count)
    return Columns(opens, high, low, close, np.round(rng.random(count) * 1000))


def row(data: Columns, index: int) -> Row:
    return Row(*(float(column[index]) for column in (data.open, data.high, data.low, data.close, data.volume)))


def check(pyramid: BarPyramid, data: Columns) -> None:
    for level in range(pyramid.top + 2):
        size = FACTOR**level
        full = len(data) // size
        assert pyramid.full_groups(level) == full
        groups = pyramid.groups(level, 0, full)
        if level <= pyramid.top:
            assert len(groups) == full
        for place in range(len(groups)):
            part = slice(place * size, place * size + size)
            assert groups.high[place] == data.high[part].max()
            assert groups.low[place] == data.low[part].min()
            assert groups.open[place] == data.open[part][0]
            assert groups.close[place] == data.close[part][-1]
            assert groups.volume[place] == pytest.approx(data.volume[part].sum())
        rest = slice(full * size, len(data))
        tail = pyramid.tail(level)
        if full * size == len(data):
            assert tail is None
        else:
            assert tail is not None
            assert (tail.high, tail.low) == (data.high[rest].max(), data.low[rest].min())
            assert (tail.open, tail.close) == (data.open[rest][0], data.close[rest][-1])
            assert tail.volume == pytest.approx(data.volume[rest].sum())


@settings(deadline=None, max_examples=60)
@given(loaded=st.integers(0, 200), added=st.integers(0, 120), seed=st.integers(0, 5))
def test_loaded_and_appended_bars_equal_brute_force(loaded: int, added: int, seed: int) -> None:
    data = columns(loaded + added, seed)
    pyramid = BarPyramid(data.part(0, loaded))
    for index in range(loaded, loaded + added):
        pyramid.append(row(data, index))
    check(pyramid, data)


@settings(deadline=None, max_examples=60)
@given(count=st.integers(1, 300), data=st.data())
def test_extremes_equal_brute_force(count: int, data: st.DataObject) -> None:
    bars = columns(count)
    first, last = data.draw(st.integers(-3, count)), data.draw(st.integers(0, count + 3))
    part = slice(max(first, 0), max(min(last, count), 0))
    found = BarPyramid(bars).extremes(first, last)
    if part.start >= part.stop:
        assert found is None
    else:
        assert found == (bars.low[part].min(), bars.high[part].max())


def test_a_corrected_bar_reaches_every_level() -> None:
    data = columns(70)
    pyramid = BarPyramid(data)
    data.high[37] = 500.0
    data.volume[37] = 9.0
    pyramid.amend(37, row(data, 37))
    check(pyramid, data)


def test_a_bar_that_is_not_there_cannot_be_corrected() -> None:
    pyramid = BarPyramid(columns(3))
    with pytest.raises(IndexError, match="one of the 3 closed bars, was 3"):
        pyramid.amend(3, Row(1, 1, 1, 1, 1))
