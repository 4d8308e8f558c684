# SPDX-License-Identifier: Apache-2.0
"""Implied volatility finds what made a price, and says so when nothing did."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.options.implied import implied_volatility, implied_volatility_of
from terminal.options.pricing import price


@settings(deadline=None)
@given(
    vol=st.floats(0.02, 3.0),
    moneyness=st.floats(-0.8, 0.8),
    years=st.floats(0.002, 3.0),
    call=st.booleans(),
    rate=st.floats(0.0, 0.08),
)
def test_the_found_volatility_gives_the_price_back(
    vol: float, moneyness: float, years: float, call: bool, rate: float
) -> None:
    strike = 100.0 * np.exp(moneyness)
    paid = float(price(100.0, strike, years, vol, call, rate=rate))
    found = implied_volatility_of(paid, 100.0, strike, years, call=call, rate=rate)
    if found is None:
        # Only where the option is worth its intrinsic value to the last digit is there nothing to find.
        intrinsic = max((1 if call else -1) * (100.0 - strike * np.exp(-rate * years)), 0.0)
        assert paid - intrinsic < 1e-9
    else:
        assert float(price(100.0, strike, years, found, call, rate=rate)) == pytest.approx(paid, rel=1e-9, abs=1e-9)


def test_at_the_money_the_volatility_itself_comes_back() -> None:
    vols = np.array([0.05, 0.2, 0.8, 2.5])
    paid = price(100.0, 100.0, 0.25, vols, True)
    assert np.allclose(implied_volatility(paid, 100.0, 100.0, 0.25, True), vols, rtol=1e-10)


@pytest.mark.parametrize(
    ("paid", "years"),
    [(9.99, 0.5), (10.0, 0.5), (110.0, 0.5), (12.0, 0.0)],
    ids=["below intrinsic", "at intrinsic", "above the spot", "expired"],
)
def test_prices_that_no_volatility_makes_have_none(paid: float, years: float) -> None:
    assert implied_volatility_of(paid, 110.0, 100.0, years, call=True) is None


def test_one_bad_price_does_not_disturb_the_others() -> None:
    good = float(price(100.0, 105.0, 0.1, 0.3, True))
    found = implied_volatility([good, -1.0, good], 100.0, 105.0, 0.1, True)
    assert np.isnan(found[1])
    assert found[[0, 2]] == pytest.approx([0.3, 0.3])
