# SPDX-License-Identifier: Apache-2.0
"""The pairing of option legs against trying every allocation of small books."""

from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.simulation.option_margin import Underlying, _Pairing, naked, requirement
from terminal.simulation.share_margin import OptionLeg, ShareRules

SPOT = 100.0
LEGS = st.lists(
    st.builds(
        OptionLeg,
        call=st.booleans(),
        strike=st.sampled_from([80.0, 90.0, 95.0, 100.0, 105.0, 110.0, 125.0]),
        expiry=st.sampled_from([10, 40]),
        quantity=st.sampled_from([-2, -1, 1, 2]),
        price=st.floats(min_value=0.05, max_value=12.0).map(lambda price: round(price, 2)),
    ),
    min_size=1,
    max_size=4,
)


def best_of_all(legs: list[OptionLeg], shares: float) -> float:
    """Return the lowest maintenance over every way to place single contracts."""
    rules = ShareRules(price=SPOT, shares=shares)
    shorts = [leg for leg in legs if leg.quantity < 0]
    ordered = [*shorts, *(leg for leg in legs if leg.quantity > 0)]
    pairing = _Pairing(ordered, len(shorts), rules, Underlying(spot=SPOT))
    units = [(number, leg.buckets) for number, leg in enumerate(pairing._legs) for _ in range(leg.count)]
    best = float("inf")
    for choice in product(*(buckets for _, buckets in units)):
        place: list[dict[int, int]] = [{} for _ in ordered]
        for (number, _), bucket in zip(units, choice, strict=True):
            place[number][bucket] = place[number].get(bucket, 0) + 1
        best = min(best, pairing._need(place).maintenance)
    return best


@settings(deadline=None, max_examples=150)
@given(legs=LEGS, shares=st.sampled_from([0.0, 100.0, 250.0, -200.0]))
def test_the_search_finds_the_cheapest_pairing(legs: list[OptionLeg], shares: float) -> None:
    found = requirement(legs, shares, Underlying(spot=SPOT)).maintenance
    assert found <= best_of_all(legs, shares) + 1e-6


@settings(deadline=None, max_examples=100)
@given(legs=LEGS, shares=st.sampled_from([0.0, 100.0, -200.0]), price=st.floats(min_value=0.1, max_value=5.0))
def test_another_long_option_never_costs_margin(legs: list[OptionLeg], shares: float, price: float) -> None:
    more = OptionLeg(call=True, strike=105.0, expiry=40, quantity=1, price=price)
    before = requirement(legs, shares, Underlying(spot=SPOT)).maintenance
    assert requirement([*legs, more], shares, Underlying(spot=SPOT)).maintenance <= before + 1e-6


@settings(deadline=None, max_examples=100)
@given(legs=LEGS, shares=st.sampled_from([0.0, 200.0]))
def test_pairing_never_costs_more_than_none_and_grows_with_the_book(legs: list[OptionLeg], shares: float) -> None:
    underlying = Underlying(spot=SPOT)
    need = requirement(legs, shares, underlying).maintenance
    alone = sum(-leg.quantity * naked(leg, underlying) for leg in legs if leg.quantity < 0)
    assert 0.0 <= need <= alone + ShareRules(price=SPOT, shares=shares).alone().maintenance + 1e-6
    doubled = [replace(leg, quantity=2 * leg.quantity) for leg in legs]
    assert requirement(doubled, 2 * shares, underlying).maintenance <= 2 * need + 1e-6
