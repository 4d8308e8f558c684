# SPDX-License-Identifier: Apache-2.0
"""Indicators against numbers worked out by hand, and their refusals."""

import math

import numpy as np
import pytest

from terminal.indicators import REGISTRY, Atr, Ema, SessionVwap, Sma, batch, create, spec


def test_simple_average_by_hand() -> None:
    out = Sma.batch(np.array([1.0, 2.0, 3.0, 6.0]), period=3)
    assert np.isnan(out[:2]).all()
    assert out[2:].tolist() == pytest.approx([2.0, 11 / 3])


def test_exponential_average_is_seeded_with_the_simple_one() -> None:
    out = Ema.batch(np.array([1.0, 2.0, 3.0, 7.0, 5.0]), period=3)
    assert np.isnan(out[:2]).all()
    # alpha = 0.5: 2, 2 + 0.5 * 5, 4.5 + 0.5 * 0.5
    assert out[2:].tolist() == pytest.approx([2.0, 4.5, 4.75])


def test_true_range_counts_the_gap() -> None:
    high, low, close = np.array([10.0, 13.0, 12.0]), np.array([9.0, 12.0, 9.5]), np.array([9.5, 12.5, 10.0])
    # ranges 1, 13 - 9.5 = 3.5, 12.5 - 9.5 = 3
    out = Atr.batch(high, low, close, period=2)
    assert math.isnan(out[0])
    assert out[1:].tolist() == pytest.approx([2.25, 2.625])


def test_session_average_starts_anew_and_is_absent_outside_sessions() -> None:
    price = np.array([10.0, 12.0, 50.0, 20.0, 22.0])
    volume = np.array([1.0, 3.0, 9.0, 0.0, 2.0])
    session = np.array([1.0, 1.0, -1.0, 2.0, 2.0])
    out = SessionVwap.batch(price, volume, session)
    assert out[:2].tolist() == pytest.approx([10.0, 11.5])
    assert np.isnan(out[2:4]).all()
    assert out[4] == pytest.approx(22.0)


def test_peek_changes_nothing() -> None:
    for item in REGISTRY.values():
        live = create(item.name)
        row = [5.0] * len(item.inputs)
        for _ in range(30):
            live.push(*row)
        before = live.value
        other = [7.0] * len(item.inputs)
        first = live.peek(*other)
        assert live.value == before
        assert live.peek(*other) == first
        assert live.push(*other) == pytest.approx(first)


def test_reset_forgets() -> None:
    for item in REGISTRY.values():
        live = create(item.name)
        for _ in range(30):
            live.push(*[5.0] * len(item.inputs))
        live.reset()
        assert live.value is None


@pytest.mark.parametrize("period", [0, -1, 10_001, 2.5, math.nan, True])
def test_a_bad_period_is_refused(period: float) -> None:
    with pytest.raises(ValueError, match="period must be a whole number from 1 to 10000"):
        create("ema", period=period)


def test_unknown_names_are_refused_with_what_there_is() -> None:
    with pytest.raises(LookupError, match="one of sma, ema, vwap, atr"):
        spec("macd")
    with pytest.raises(ValueError, match="has no parameter 'length'; it has period"):
        create("sma", length=3)
    with pytest.raises(LookupError, match="volume, session is missing"):
        batch("vwap", {"price": np.ones(3)})


def test_bad_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="close must be a finite number, was nan"):
        Sma(3).push(math.nan)
    with pytest.raises(ValueError, match="row 1 does not"):
        Ema.batch(np.array([1.0, math.inf]), period=2)
    with pytest.raises(ValueError, match="high must not be below low"):
        Atr(2).push(1.0, 2.0, 1.5)
    with pytest.raises(ValueError, match="volume must not be negative"):
        SessionVwap().push(1.0, -1.0, 1.0)
    with pytest.raises(ValueError, match="one column of 3 values"):
        Atr.batch(np.ones(3), np.ones(2), np.ones(3), period=2)


def test_label_names_the_parameters() -> None:
    assert spec("ema").label({"period": 9}) == "EMA 9"
    assert spec("vwap").label({}) == "VWAP"


def test_fewer_bars_than_the_period_give_no_value() -> None:
    assert np.isnan(Sma.batch(np.ones(3), period=4)).all()
    assert np.isnan(Ema.batch(np.ones(3), period=4)).all()
    assert len(SessionVwap.batch(np.ones(0), np.ones(0), np.ones(0))) == 0


def test_memory_says_how_many_bars_a_live_indicator_needs() -> None:
    rng = np.random.default_rng(7)
    close = 100 + np.cumsum(rng.normal(0, 0.1, 3000))
    data = {"close": close, "high": close + 0.2, "low": close - 0.1}
    for item in REGISTRY.values():
        if not item.memory:
            continue
        whole = batch(item.name, data, period=20)
        live = create(item.name, period=20)
        for row in range(3000 - item.memory * 20, 3000):
            live.push(*(float(data[column][row]) for column in item.inputs))
        assert live.value == pytest.approx(whole[-1], rel=1e-13)
