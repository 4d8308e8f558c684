# SPDX-License-Identifier: Apache-2.0
"""Surface: implied volatility by strike and time, free of static arbitrage by construction.

SSVI of Gatheral and Jacquier (Arbitrage-free SVI volatility surfaces, Quantitative Finance 14, 2014) with the power
law phi(theta) = eta / (theta^gamma (1 + theta)^(1 - gamma)): no butterfly arbitrage when gamma <= 1/2 and
eta (1 + |rho|) <= 2, no calendar arbitrage when total variance at the money grows with time, which the term structure
below does. The surface lives in log moneyness, so it moves with the spot.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """Parameters of one underlying's surface.

    ``short`` and ``long`` are at-the-money volatilities per year at zero and at infinite time, ``reversion`` the
    speed between them per year; ``rho`` the skew (negative: puts dearer), ``eta`` the curvature, ``gamma`` how fast
    both fade with time.

    Raises:
        ValueError: the parameters allow arbitrage.
    """

    short: float
    long: float
    reversion: float = 4.0
    rho: float = -0.35
    eta: float = 1.1
    gamma: float = 0.45

    def __post_init__(self) -> None:
        if min(self.short, self.long, self.reversion, self.eta) <= 0:
            raise ValueError("surface volatilities, reversion and eta must be positive")
        if not -1 < self.rho < 1:
            raise ValueError(f"surface rho must lie in (-1, 1), was {self.rho}")
        if not 0 < self.gamma <= 0.5:
            raise ValueError(f"surface gamma must lie in (0, 0.5], was {self.gamma}")
        if self.eta * (1 + abs(self.rho)) > 2:
            raise ValueError(f"eta (1 + |rho|) must not exceed 2 (butterfly arbitrage), was {self.eta}, {self.rho}")

    def at_the_money_variance(self, years: ArrayLike) -> Floats:
        """Return total variance (volatility squared x time) at the money."""
        time = np.maximum(np.asarray(years, dtype=np.float64), 1e-9)
        fading = -np.expm1(-self.reversion * time) / self.reversion
        variance: Floats = self.long**2 * time + (self.short**2 - self.long**2) * fading
        return variance

    def total_variance(
        self, log_moneyness: ArrayLike, years: ArrayLike, level: ArrayLike = 1.0, event: ArrayLike = 0.0
    ) -> Floats:
        """Return total implied variance.

        Args:
            log_moneyness: log(strike / forward).
            level: factor on all at-the-money volatilities.
            event: variance of known jumps before the expiry; it must not fall with time.
        """
        theta = self.at_the_money_variance(years) * np.asarray(level, dtype=np.float64) ** 2
        return self.slice_variance(log_moneyness, theta + np.asarray(event, dtype=np.float64))

    def slice_variance(self, log_moneyness: ArrayLike, theta: ArrayLike) -> Floats:
        """Return total implied variance of a slice whose total variance at the money is ``theta``."""
        at_the_money = np.asarray(theta, dtype=np.float64)
        phi = self.eta / (at_the_money**self.gamma * (1 + at_the_money) ** (1 - self.gamma))
        scaled = phi * np.asarray(log_moneyness, dtype=np.float64)
        bent = 1 + self.rho * scaled + np.sqrt((scaled + self.rho) ** 2 + 1 - self.rho**2)
        total: Floats = at_the_money / 2 * bent
        return total

    def volatility(
        self, log_moneyness: ArrayLike, years: ArrayLike, level: ArrayLike = 1.0, event: ArrayLike = 0.0
    ) -> Floats:
        """Return implied volatility per year; arguments as for `total_variance`."""
        time = np.maximum(np.asarray(years, dtype=np.float64), 1e-9)
        found: Floats = np.sqrt(self.total_variance(log_moneyness, time, level, event) / time)
        return found
