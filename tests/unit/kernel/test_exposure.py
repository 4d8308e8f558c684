# SPDX-License-Identifier: Apache-2.0
"""What the book stands for: currency Greeks by underlying, and honest gaps where a figure is not known."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from terminal.kernel.exposure import Greeks, Holding, MarketSight, by_underlying, greeks_of
from terminal.model.enums import AssetClass, OptionPriceSource, OptionRight
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import OptionQuote

STOCK = Instrument(id=InstrumentId("XYZ"), asset_class=AssetClass.STOCK, symbol="XYZ")
FUTURE = Instrument(id=InstrumentId("ES 20250321"), asset_class=AssetClass.FUTURE, symbol="ES", multiplier=Decimal(50))
CALL = Instrument(
    id=InstrumentId("XYZ 20250321 C 100"),
    asset_class=AssetClass.OPTION,
    symbol="XYZ",
    multiplier=Decimal(100),
    expiry=date(2025, 3, 21),
    strike=Decimal(100),
    right=OptionRight.CALL,
    underlying_id=STOCK.id,
)
MODEL = OptionQuote(
    instrument_id=CALL.id,
    received_ns=0,
    source=OptionPriceSource.MODEL,
    delta=0.5,
    gamma=0.04,
    theta=-0.03,
    vega=0.2,
    underlying_price=100.0,
)


def sight(
    *, marks: dict[str, float] | None = None, model: OptionQuote | None = MODEL, rate: float | None = 1.0
) -> MarketSight:
    known = {"XYZ": 101.0, "ES 20250321": 5_800.0} if marks is None else marks
    return MarketSight(mark=known.get, option=lambda _: model, rate=lambda _: rate)


def held(instrument: Instrument, quantity: int) -> Holding:
    return Holding(instrument=instrument, quantity=Decimal(quantity))


def test_a_share_stands_for_its_price_and_nothing_else() -> None:
    assert greeks_of(held(STOCK, -20), sight()) == Greeks(delta=-2_020.0)


def test_a_future_stands_for_its_contract_value() -> None:
    assert greeks_of(held(FUTURE, 2), sight()).delta == 2 * 50 * 5_800.0


def test_an_option_is_scaled_by_spot_multiplier_and_quantity() -> None:
    found = greeks_of(held(CALL, 3), sight())
    assert found.delta == pytest.approx(0.5 * 100 * 100 * 3)
    assert found.gamma == pytest.approx(0.04 * 100 * 100 * 0.01 * 100 * 3)  # for a move of 1 %
    assert found.theta == pytest.approx(-0.03 * 100 * 3)
    assert found.vega == pytest.approx(0.2 * 100 * 3)


def test_gamma_is_the_change_of_delta_for_one_percent() -> None:
    """By the definition: delta x spot after the move, delta taken one gamma further, less what it was at that delta."""
    found = greeks_of(held(CALL, 1), sight())
    moved = replace(MODEL, delta=0.5 + 0.04 * 1.0)  # one dollar, 1 % of 100
    at_old_spot = greeks_of(held(CALL, 1), sight(model=moved)).delta
    assert at_old_spot is not None
    assert found.delta is not None
    assert found.gamma == pytest.approx(at_old_spot - found.delta)


def test_the_spot_comes_from_the_underlying_when_the_model_names_none() -> None:
    found = greeks_of(held(CALL, 1), sight(model=replace(MODEL, underlying_price=None)))
    assert found.delta == pytest.approx(0.5 * 101 * 100)


def test_other_currencies_are_turned_into_the_account_s() -> None:
    assert greeks_of(held(STOCK, 10), sight(rate=1.1)).delta == pytest.approx(10 * 101 * 1.1)


@pytest.mark.parametrize(
    ("holding", "view"),
    [
        (held(STOCK, 1), sight(marks={})),
        (held(STOCK, 1), sight(rate=None)),
        (held(CALL, 1), sight(model=None)),
        (held(CALL, 1), sight(model=replace(MODEL, delta=None))),
        (held(CALL, 1), sight(marks={}, model=replace(MODEL, underlying_price=None))),
    ],
)
def test_what_is_not_known_is_not_zero(holding: Holding, view: MarketSight) -> None:
    assert greeks_of(holding, view).delta is None


def test_options_are_summed_with_their_underlying() -> None:
    sums = by_underlying([held(STOCK, 100), held(CALL, -2), held(FUTURE, 1)], sight())
    assert set(sums) == {STOCK.id, FUTURE.id}
    assert sums[STOCK.id].delta == pytest.approx(100 * 101 - 2 * 0.5 * 100 * 100)
    assert sums[STOCK.id].vega == pytest.approx(-2 * 0.2 * 100)


def test_one_unknown_part_makes_the_sum_unknown() -> None:
    sums = by_underlying([held(STOCK, 100), held(CALL, -2)], sight(model=None))
    assert sums[STOCK.id] == Greeks(delta=None, gamma=None, theta=None, vega=None)
