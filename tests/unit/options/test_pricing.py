# SPDX-License-Identifier: Apache-2.0
"""Black-Scholes-Merton against published examples, put-call parity, finite differences and scipy's normal."""

import numpy as np
import pytest
from scipy.stats import norm

from terminal.options.normal import cdf, pdf
from terminal.options.pricing import YEAR_NS, Floats, price, value, years_between

SPOTS = np.array([60.0, 85.0, 100.0, 100.0, 140.0])
STRIKES = np.array([100.0, 90.0, 100.0, 101.0, 95.0])


def test_normal_distribution_has_double_precision_in_both_tails() -> None:
    x = np.linspace(-35.0, 9.0, 4001)
    assert np.max(np.abs(cdf(x) / norm.cdf(x) - 1.0)) < 1e-12
    assert np.max(np.abs(pdf(x) / norm.pdf(x) - 1.0)) < 1e-12


def test_the_textbook_example() -> None:
    # Hull, Options, Futures, and Other Derivatives, example 15.6: 4.76 and 0.81.
    call = float(price(42.0, 40.0, 0.5, 0.2, True, rate=0.1))
    put = float(price(42.0, 40.0, 0.5, 0.2, False, rate=0.1))
    assert (round(call, 2), round(put, 2)) == (4.76, 0.81)


@pytest.mark.parametrize(("rate", "dividend"), [(0.0, 0.0), (0.05, 0.02)])
@pytest.mark.parametrize("years", [1e-4, 0.1, 2.0])
def test_put_call_parity(rate: float, dividend: float, years: float) -> None:
    call = price(SPOTS, STRIKES, years, 0.3, True, rate=rate, dividend=dividend)
    put = price(SPOTS, STRIKES, years, 0.3, False, rate=rate, dividend=dividend)
    parity = SPOTS * np.exp(-dividend * years) - STRIKES * np.exp(-rate * years)
    assert np.allclose(call - put, parity, atol=1e-10)


@pytest.mark.parametrize("call", [True, False])
@pytest.mark.parametrize(("rate", "dividend"), [(0.0, 0.0), (0.04, 0.015)])
def test_greeks_are_derivatives_of_the_price(call: bool, rate: float, dividend: float) -> None:
    years, vol = 0.35, 0.28

    def at(spot: Floats = SPOTS, t: float = years, v: float = vol, r: float = rate) -> Floats:
        return price(spot, STRIKES, t, v, call, rate=r, dividend=dividend)

    seen = value(SPOTS, STRIKES, years, vol, call, rate=rate, dividend=dividend)
    h = SPOTS * 1e-4
    assert np.allclose(seen.delta, (at(SPOTS + h) - at(SPOTS - h)) / (2 * h), atol=1e-6)
    assert np.allclose(seen.gamma, (at(SPOTS + h) - 2 * at() + at(SPOTS - h)) / h**2, atol=1e-5)
    assert np.allclose(seen.vega, (at(v=vol + 1e-5) - at(v=vol - 1e-5)) / 2e-5 / 100, atol=1e-7)
    assert np.allclose(seen.theta, (at(t=years - 1e-6) - at(t=years + 1e-6)) / 2e-6 / 365, atol=1e-6)
    assert np.allclose(seen.rho, (at(r=rate + 1e-6) - at(r=rate - 1e-6)) / 2e-6 / 100, atol=1e-6)


def test_expired_and_riskless_options_are_worth_their_intrinsic_value() -> None:
    for years, vol in ((0.0, 0.3), (0.5, 0.0), (-1.0, 0.3)):
        seen = value([110.0, 90.0, 110.0, 90.0], 100.0, years, vol, [True, True, False, False])
        assert seen.price.tolist() == [10.0, 0.0, 0.0, 10.0]
        assert seen.delta.tolist() == [1.0, 0.0, 0.0, -1.0]
        assert not seen.gamma.any()
        assert not seen.vega.any()
        assert not seen.theta.any()


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        price(-1.0, 100.0, 1.0, 0.2, True)
    with pytest.raises(ValueError, match="positive"):
        price(100.0, float("nan"), 1.0, 0.2, True)


def test_time_to_expiry_counts_calendar_seconds() -> None:
    assert years_between(0, YEAR_NS // 2) == 0.5
    assert years_between(10, 5) == 0.0
