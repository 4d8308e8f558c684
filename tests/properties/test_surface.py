# SPDX-License-Identifier: Apache-2.0
"""The volatility surface allows no static arbitrage, whatever its parameters within their bounds."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.options.pricing import price
from terminal.options.surface import Surface

STRIKES = 100.0 * np.exp(np.linspace(-0.7, 0.7, 281))
YEARS = (2 / 365, 7 / 365, 30 / 365, 0.25, 1.0, 2.0)


@st.composite
def surfaces(draw: st.DrawFn) -> Surface:
    rho = draw(st.floats(-0.9, 0.9))
    return Surface(
        short=draw(st.floats(0.08, 0.9)),
        long=draw(st.floats(0.08, 0.9)),
        reversion=draw(st.floats(0.5, 10.0)),
        rho=rho,
        eta=draw(st.floats(0.1, 0.999)) * 2 / (1 + abs(rho)),
        gamma=draw(st.floats(0.2, 0.5)),
    )


@settings(max_examples=60, deadline=None)
@given(surface=surfaces(), level=st.floats(0.7, 1.6))
def test_calls_fall_and_bend_with_the_strike(surface: Surface, level: float) -> None:
    for years in YEARS:
        vols = surface.volatility(np.log(STRIKES / 100.0), years, level)
        calls = price(100.0, STRIKES, years, vols, True)
        slope = np.diff(calls) / np.diff(STRIKES)
        assert np.all(slope <= 1e-9)
        assert np.all(slope >= -1 - 1e-9)
        assert np.all(np.diff(slope) >= -1e-9)


@settings(max_examples=60, deadline=None)
@given(surface=surfaces(), level=st.floats(0.7, 1.6))
def test_total_variance_grows_with_time(surface: Surface, level: float) -> None:
    log_moneyness = np.log(STRIKES / 100.0)
    rows = [surface.total_variance(log_moneyness, years, level) for years in YEARS]
    for near, far in pairwise(rows):
        assert np.all(far >= near - 1e-12)


def test_at_the_money_it_shows_its_own_term_structure() -> None:
    surface = Surface(short=0.2, long=0.3)
    assert float(surface.volatility(0.0, 1e-6)) == pytest.approx(0.2, rel=1e-4)
    assert float(surface.volatility(0.0, 1000.0)) == pytest.approx(0.3, rel=1e-3)


@pytest.mark.parametrize("wrong", [{"rho": 1.0}, {"eta": 1.9}, {"gamma": 0.6}, {"short": 0.0}, {"long": -0.1}], ids=str)
def test_parameters_that_allow_arbitrage_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        Surface(**{"short": 0.2, "long": 0.25, **wrong})
