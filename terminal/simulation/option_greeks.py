# SPDX-License-Identifier: Apache-2.0
"""Fair values and implied volatilities as the option computations that a client receives. Units: pricing.py."""

from collections.abc import Sequence

import numpy as np

from terminal.simulation.exchange_port import SimGreeks
from terminal.simulation.option_chain import Contract
from terminal.simulation.option_quotes import Fair, Floats, OptionQuotes


def model_greeks(con_id: int, fair: Fair, row: int) -> SimGreeks:
    """Return row ``row`` of fair values as a computation."""
    worth = fair.worth
    return SimGreeks(
        con_id=con_id,
        implied_volatility=float(fair.volatility[row]),
        delta=float(worth.delta[row]),
        option_price=float(worth.price[row]),
        pv_dividend=float(fair.pv[row]),
        gamma=float(worth.gamma[row]),
        vega=float(worth.vega[row]),
        theta=float(worth.theta[row]),
        underlying_price=float(fair.spot[row]),
    )


def implied_greeks(
    quotes: OptionQuotes, contracts: Sequence[Contract], spot: Floats, prices: Floats, ns: int
) -> list[SimGreeks]:
    """Return the computations of ``prices``; without a volatility that makes a price its Greeks are absent."""
    seen = quotes.implied(contracts, spot, prices, ns)
    known = ~np.isnan(seen.volatility)
    worth = seen.worth
    columns = (seen.volatility, worth.delta, worth.gamma, worth.vega, worth.theta, prices, seen.spot, seen.pv)
    return [
        SimGreeks(
            con_id=item.con_id,
            implied_volatility=vol if has else None,
            delta=delta if has else None,
            option_price=price,
            pv_dividend=pv,
            gamma=gamma if has else None,
            vega=vega if has else None,
            theta=theta if has else None,
            underlying_price=under,
        )
        for item, has, vol, delta, gamma, vega, theta, price, under, pv in zip(
            contracts, known.tolist(), *(column.tolist() for column in columns), strict=True
        )
    ]
