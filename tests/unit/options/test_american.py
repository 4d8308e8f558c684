# SPDX-License-Identifier: Apache-2.0
"""Early exercise: published values, bounds, and no premium where there can be none."""

import numpy as np
import pytest

from terminal.options.american import CashDividend, early_exercise_premium, present_value
from terminal.options.pricing import price


def american(
    spot: float, strike: float, years: float, volatility: float, *, call: bool, rate: float,
    dividends: tuple[CashDividend, ...] = (), steps: int = 400,
) -> float:  # fmt: skip
    base = spot - float(present_value(dividends, years, rate))
    european = float(price(base, strike, years, volatility, call, rate=rate))
    added = early_exercise_premium(spot, strike, years, volatility, call, rate=rate, dividends=dividends, steps=steps)
    return european + float(added[0])


@pytest.mark.parametrize(
    ("spot", "volatility", "years", "value"),
    [  # puts at 40, r = 6 %: Longstaff and Schwartz (2001), table 1 (by finite differences)
        (36.0, 0.2, 1.0, 4.478), (36.0, 0.4, 2.0, 8.508), (40.0, 0.2, 1.0, 2.314), (40.0, 0.4, 1.0, 5.312),
        (44.0, 0.2, 2.0, 1.690), (44.0, 0.4, 1.0, 3.948),
    ],
)  # fmt: skip
def test_puts_have_their_published_values(spot: float, volatility: float, years: float, value: float) -> None:
    assert american(spot, 40.0, years, volatility, call=False, rate=0.06) == pytest.approx(value, abs=0.01)
    assert american(spot, 40.0, years, volatility, call=False, rate=0.06, steps=48) == pytest.approx(value, abs=0.03)


def test_a_call_with_two_dividends_has_its_published_value() -> None:
    # Hull, Options, Futures, and Other Derivatives, example 15.9: Black's approximation gives 3.52, escrowed 3.67.
    paid = (CashDividend(2 / 12, 0.5), CashDividend(5 / 12, 0.5))
    found = american(40.0, 40.0, 0.5, 0.3, call=True, rate=0.09, dividends=paid)
    assert 3.67 <= found <= 3.80


def test_without_interest_and_dividends_there_is_no_premium() -> None:
    strikes = np.linspace(50, 150, 21)
    assert not early_exercise_premium(100.0, strikes, 1.0, 0.3, strikes < 100, rate=0.0).any()
    assert not early_exercise_premium(100.0, strikes, 1.0, 0.3, True, rate=0.05).any()


def test_it_is_never_worth_less_than_exercise() -> None:
    spots = np.linspace(60, 140, 41)
    european = price(spots, 100.0, 0.5, 0.25, False, rate=0.05)
    whole = european + early_exercise_premium(spots, 100.0, 0.5, 0.25, False, rate=0.05)
    assert (whole >= 100.0 - spots - 1e-9).all()


def test_expired_rows_have_none_and_dividends_dearer_than_the_spot_are_refused() -> None:
    assert early_exercise_premium(90.0, 100.0, np.array([0.0, -1.0]), 0.3, False, rate=0.05).tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="less than the spot"):
        early_exercise_premium(1.0, 1.0, 1.0, 0.3, True, rate=0.0, dividends=[CashDividend(0.5, 2.0)])
