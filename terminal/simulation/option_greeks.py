# SPDX-License-Identifier: Apache-2.0
"""Fair values and implied volatilities as the option computations that a client receives. Units: pricing.py."""

import numpy as np

from terminal.options.implied import implied_volatility
from terminal.options.pricing import value
from terminal.simulation.exchange_port import SimGreeks
from terminal.simulation.option_chain import Contract
from terminal.simulation.option_quotes import DIVIDEND, RATE, Fair, Floats


def model_greeks(con_id: int, fair: Fair, row: int) -> SimGreeks:
    """Return row ``row`` of fair values as a computation."""
    worth = fair.worth
    return SimGreeks(
        con_id=con_id,
        implied_volatility=float(fair.volatility[row]),
        delta=float(worth.delta[row]),
        option_price=float(worth.price[row]),
        pv_dividend=0.0,
        gamma=float(worth.gamma[row]),
        vega=float(worth.vega[row]),
        theta=float(worth.theta[row]),
        underlying_price=float(fair.spot[row]),
    )


def implied_greeks(contracts: list[Contract], fair: Fair, prices: Floats) -> list[SimGreeks]:
    """Return the computations of ``prices``; without a volatility that makes a price its Greeks are absent."""
    strike = np.array([item.strike for item in contracts])
    call = np.array([item.call for item in contracts])
    found = implied_volatility(prices, fair.spot, strike, fair.years, call, rate=RATE, dividend=DIVIDEND)
    known = ~np.isnan(found)
    seen = value(fair.spot, strike, fair.years, np.where(known, found, 1.0), call, rate=RATE, dividend=DIVIDEND)
    columns = (found, seen.delta, seen.gamma, seen.vega, seen.theta, prices, fair.spot)
    return [
        SimGreeks(
            con_id=item.con_id,
            implied_volatility=vol if has else None,
            delta=delta if has else None,
            option_price=price,
            pv_dividend=0.0,
            gamma=gamma if has else None,
            vega=vega if has else None,
            theta=theta if has else None,
            underlying_price=spot,
        )
        for item, has, vol, delta, gamma, vega, theta, price, spot in zip(
            contracts, known.tolist(), *(column.tolist() for column in columns), strict=True
        )
    ]
