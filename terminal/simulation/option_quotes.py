# SPDX-License-Identifier: Apache-2.0
"""Option quotes: fair values from the surface, and the bid and ask that a market maker shows around them.

A function of seed and time: the spot is the background's own mid, the surface's level rises when the spot has fallen
below its recent mean. The simulated market pays no interest and no dividends, so early exercise is never better and
European prices are exact for its American options (docs/decisions/0012).
"""

from dataclasses import dataclass
from math import exp
from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.options.pricing import YEAR_NS, Valuation, value
from terminal.options.surface import Surface
from terminal.simulation.catalog import Underlying
from terminal.simulation.listed import ListedMarket
from terminal.simulation.option_chain import Contract

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RATE: Final = 0.0
DIVIDEND: Final = 0.0
TICK: Final = 0.01
_MEMORY_DAYS: Final = 20
_FUND_SKEW: Final = -0.65
_STOCK_SKEW: Final = -0.30


@dataclass(frozen=True, slots=True)
class Fair:
    """Fair values, arrays over contracts or moments."""

    spot: Floats
    volatility: Floats
    years: Floats
    worth: Valuation


@dataclass(frozen=True, slots=True)
class QuoteTicks:
    """Bids and asks in cents; a bid of 0 is no bid."""

    bid: Ints
    ask: Ints


class OptionQuotes:
    """Fair values and quotes of option contracts at any moment."""

    def __init__(self, market: ListedMarket) -> None:
        self._market = market
        self._surfaces: dict[int, Surface] = {}
        self._means: dict[tuple[str, int], float] = {}

    def surface(self, spec: Underlying) -> Surface:
        found = self._surfaces.get(spec.con_id)
        if found is None:
            fund = spec.option_penny
            found = self._surfaces[spec.con_id] = Surface(
                short=spec.volatility * (0.92 if fund else 1.0),
                long=spec.volatility * (1.12 if fund else 1.03),
                rho=_FUND_SKEW if fund else _STOCK_SKEW,
                eta=1.1 if fund else 0.85,
            )
        return found

    def spot(self, spec: Underlying, ns: int) -> float:
        """Return the underlying's price for valuation: the middle of its background, not rounded to ticks."""
        return self._market.need(spec.con_id).grid.scale * exp(self._market.level(spec.path_key, ns))

    def level(self, spec: Underlying, log_price: float, index: int) -> float:
        """Return the factor on the surface's volatilities: it rises when the price falls below its 20-day mean."""
        mean = self._means.get((spec.path_key, index))
        if mean is None:
            days = [
                self._market.paths.day(spec.path_key, index - back).close[-1] for back in range(1, _MEMORY_DAYS + 1)
            ]
            mean = self._means[spec.path_key, index] = float(np.mean(days))
        slope = 3.0 if spec.option_penny else 1.0
        return float(np.clip(np.exp(-slope * (log_price - mean)), 0.7, 1.6))

    def fair(self, spec: Underlying, contracts: list[Contract], ns: int) -> Fair:
        """Return fair values of contracts of one underlying at one moment."""
        index = self._market.calendar.index_at(ns)
        log_price = self._market.level(spec.path_key, ns)
        spot = np.full(len(contracts), self._market.need(spec.con_id).grid.scale * exp(log_price))
        return self._fair(spec, contracts, spot, np.full(len(contracts), ns), self.level(spec, log_price, index))

    def fair_path(self, contract: Contract, moments: Ints) -> Fair:
        """Return fair values of one contract at many moments of one day."""
        spec = contract.spec
        index = self._market.calendar.index_at(int(moments[0]))
        logs = [self._market.level(spec.path_key, ns) for ns in moments.tolist()]
        levels = np.array([self.level(spec, log_price, index) for log_price in logs])
        spot = self._market.need(spec.con_id).grid.scale * np.exp(np.array(logs))
        return self._fair(spec, [contract], spot, moments, levels)

    def _fair(self, spec: Underlying, contracts: list[Contract], spot: Floats, ns: Ints, level: Floats | float) -> Fair:
        strike = np.array([item.strike for item in contracts])
        years = np.maximum(np.array([item.expiry_ns for item in contracts]) - ns, 0) / YEAR_NS
        volatility = self.surface(spec).volatility(np.log(strike / spot), years, level)
        call = np.array([item.call for item in contracts])
        worth = value(spot, strike, years, volatility, call, rate=RATE, dividend=DIVIDEND)
        return Fair(spot, volatility, years, worth)

    def quote(self, spec: Underlying, fair: Fair) -> QuoteTicks:
        """Return the market around fair values: wider for dear, distant and illiquid contracts."""
        worth = fair.worth
        points = 0.12 if spec.option_penny else 0.25 if spec.events > 140 else 0.6
        width = np.maximum(TICK, 2 * points * worth.vega + 0.002 * worth.price + 0.01 * np.abs(worth.delta))
        penny = spec.option_penny
        low, high = (worth.price - width / 2) / TICK, (worth.price + width / 2) / TICK
        bid_step, ask_step = _steps(low, penny=penny), _steps(high, penny=penny)
        bid = np.maximum(np.floor(low / bid_step + 1e-9) * bid_step, 0).astype(np.int64)
        ask = (np.ceil(high / ask_step - 1e-9) * ask_step).astype(np.int64)
        return QuoteTicks(bid, np.maximum(ask, bid + _steps(bid.astype(np.float64), penny=penny).astype(np.int64)))


def _steps(ticks: Floats, *, penny: bool) -> Floats:
    """Return the price increment in cents at each price."""
    return np.ones_like(ticks) if penny else np.where(ticks >= 300, 5.0, 1.0)
