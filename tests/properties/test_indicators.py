# SPDX-License-Identifier: Apache-2.0
"""For every indicator: the batch over a series equals pushing it bar by bar, and peek equals push."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.indicators import REGISTRY, Array, batch, create


@st.composite
def bars(draw: st.DrawFn) -> dict[str, Array]:
    count = draw(st.integers(1, 120))
    closes = draw(st.lists(st.floats(0.0078125, 20_000, width=32), min_size=count, max_size=count))
    reach = draw(st.lists(st.floats(0, 50, width=32), min_size=count, max_size=count))
    volume = draw(st.lists(st.integers(0, 10_000), min_size=count, max_size=count))
    steps = draw(st.lists(st.sampled_from([0, 0, 0, 0, 1]), min_size=count, max_size=count))
    outside = draw(st.lists(st.sampled_from([False, False, False, True]), min_size=count, max_size=count))
    close = np.array(closes, dtype=np.float64)
    session = np.cumsum(np.array(steps, dtype=np.float64))
    session[np.array(outside)] = -1
    return {
        "close": close,
        "price": close,
        "high": close + np.array(reach),
        "low": close - np.array(reach) / 2,
        "volume": np.array(volume, dtype=np.float64),
        "session": session,
    }


@pytest.mark.parametrize("name", REGISTRY)
@settings(deadline=None, max_examples=150)
@given(data=bars(), period=st.integers(1, 40))
def test_batch_equals_push(name: str, data: dict[str, Array], period: int) -> None:
    item = REGISTRY[name]
    parameters = {"period": period} if item.parameters else {}
    whole = batch(name, data, **parameters)
    live = create(name, **parameters)
    for row, expected in enumerate(whole):
        inputs = [float(data[column][row]) for column in item.inputs]
        ahead = live.peek(*inputs)
        value = live.push(*inputs)
        assert value == live.value
        if np.isnan(expected):
            assert value is None
            assert ahead is None
        else:
            assert value == pytest.approx(float(expected), rel=1e-9, abs=1e-7)
            assert ahead == pytest.approx(float(expected), rel=1e-9, abs=1e-7)
