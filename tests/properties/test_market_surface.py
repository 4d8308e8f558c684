# SPDX-License-Identifier: Apache-2.0
"""The simulated market's own surfaces allow no static arbitrage on any day, at any spot, before and after reports."""

from functools import lru_cache
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.options.pricing import YEAR_NS, price
from terminal.simulation.catalog import Underlying
from terminal.simulation.listings import SPX, STOCKS
from terminal.simulation.simulated import SimulatedSource

K = np.linspace(-0.6, 0.6, 241)
DAYS = (1, 4, 11, 18, 45, 80, 110, 200, 400, 680)
SPECS = [SPX, *(spec for spec in STOCKS if spec.strike_step)]


@lru_cache(maxsize=4)
def source(seed: int) -> SimulatedSource:
    return SimulatedSource(seed)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(1, 4), spec=st.sampled_from(SPECS), index=st.integers(-480, 200), move=st.floats(-0.25, 0.25))
def test_no_butterfly_and_no_calendar_arbitrage(seed: int, spec: Underlying, index: int, move: float) -> None:
    market = source(seed).listed
    smile = market.smiles.day(spec, index)
    ns = market.calendar.day(index).open_ns
    expiries = ns + np.array(DAYS, dtype=np.int64) * 86_400_000_000_000
    event = smile.event_variance(ns, expiries)
    factor = smile.factor(market.paths.day_level(spec.path_key, index, 4) + move)
    slices = [
        smile.surface.total_variance(K, (until - ns) / YEAR_NS, factor, extra)
        for until, extra in zip(expiries.tolist(), event.tolist(), strict=True)
    ]
    for near, far in pairwise(slices):
        assert (far >= near - 1e-12).all()
    strikes = np.exp(K)
    for total in slices:
        calls = price(1.0, strikes, 1.0, np.sqrt(total), True)
        slope = np.diff(calls) / np.diff(strikes)
        assert (slope <= 1e-9).all()
        assert (slope >= -1 - 1e-9).all()
        assert (np.diff(slope) >= -1e-9).all()


@settings(max_examples=25, deadline=None)
@given(spec=st.sampled_from(SPECS), index=st.integers(-100, 100), minute=st.integers(1, 200))
def test_american_values_stand_within_their_bounds(spec: Underlying, index: int, minute: int) -> None:
    options = source(1).options
    ns = source(1).calendar.day(index).open_ns + minute * 60_000_000_000
    option_class = options.listing.classes(spec.symbol)[0]
    expiry = options.listing.expiries(option_class, index)[3]
    found = options.listing.select(option_class.name, index, expiry=f"{expiry:%Y%m%d}")
    contracts = [one for one in found if one.option_class is option_class]
    fair = options.quotes.fair(spec, contracts, ns)
    strike = np.array([one.strike for one in contracts])
    call = np.array([one.call for one in contracts])
    exercised = np.where(call, fair.spot - strike, strike - fair.spot)
    if option_class.american:
        assert (fair.worth.price >= exercised - 1e-9).all()
    assert (fair.worth.price <= np.where(call, fair.spot, strike) + 1e-9).all()
    assert (np.abs(fair.worth.delta) <= 1.02).all()
    for right in (True, False):
        row = call == right
        steps = np.diff(fair.worth.price[row]) * (-1 if right else 1)
        assert (steps >= -2e-3).all()
