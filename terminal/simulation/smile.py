# SPDX-License-Identifier: Apache-2.0
"""The state of each underlying's volatility surface, day by day and with the spot, and the volatility index made of it.

The surface is SSVI in log moneyness to the forward (terminal/options/surface.py), free of static arbitrage for every
state: one factor on all its volatilities rises when the path's own volatility is high and when the spot falls below
its recent mean; a report of earnings ahead adds its variance to every expiry after it and is gone once it has been.
The volatility index is the variance swap of the index's thirty-day slice, so the two cannot part.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.model.enums import AssetClass
from terminal.options.pricing import price
from terminal.options.surface import Surface
from terminal.simulation.catalog import Underlying
from terminal.simulation.corporate import EARNINGS_MOVE, Corporate
from terminal.simulation.listings import SPX
from terminal.simulation.paths import BLOCK_DAYS, FIRST_BLOCK, PathBook
from terminal.simulation.profiles import REGULAR
from terminal.simulation.trading_days import MINUTE_NS, TradingCalendar

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MEMORY_DAYS: Final = 20
THIRTY_DAYS: Final = 30 / 365
_LOWEST, _HIGHEST = 0.55, 2.6
_HEAT_POWER: Final = 0.55
_AFTER_CLOSE_NS: Final = 10 * MINUTE_NS
_BEFORE_OPEN_NS: Final = -90 * MINUTE_NS


@dataclass(frozen=True, slots=True)
class DaySmile:
    """An underlying's surface on one day. ``mean`` is the last weeks' log price, ``heat`` the day's volatility."""

    surface: Surface
    mean: float
    heat: float
    slope: float
    events: tuple[tuple[int, float], ...]  # moment of a report, variance of its jump

    def factor(self, level: Floats | float) -> Floats:
        """Return the factor on the surface's volatilities at a log price of the path."""
        found: Floats = np.clip(
            self.heat**_HEAT_POWER * np.exp(-self.slope * (np.asarray(level) - self.mean)), _LOWEST, _HIGHEST
        )
        return found

    def event_variance(self, now_ns: Ints | int, expiry_ns: Ints) -> Floats:
        """Return the variance of the reports between now and each expiry."""
        found = np.zeros(np.broadcast_shapes(np.shape(now_ns), np.shape(expiry_ns)))
        for at, variance in self.events:
            found = found + np.where((np.asarray(now_ns) < at) & (np.asarray(expiry_ns) > at), variance, 0.0)
        return found


class Smiles:
    """The surfaces of every underlying."""

    def __init__(self, calendar: TradingCalendar, paths: PathBook, corporate: Corporate) -> None:
        self._calendar = calendar
        self._paths = paths
        self._corporate = corporate
        self._surfaces: dict[int, Surface] = {}
        self._days: dict[tuple[int, int], DaySmile] = {}

    def surface(self, spec: Underlying) -> Surface:
        """Return the parameters of an underlying's surface."""
        found = self._surfaces.get(spec.con_id)
        if found is None:
            broad = spec.option_penny or spec.asset_class is AssetClass.INDEX
            found = self._surfaces[spec.con_id] = Surface(
                short=spec.volatility * (0.94 if broad else 1.0),
                long=spec.volatility * (1.12 if broad else 1.03),
                rho=-0.65 if broad else -0.30,
                eta=1.1 if broad else 0.85,
            )
        return found

    def day(self, spec: Underlying, index: int) -> DaySmile:
        """Return the state of a day."""
        key = (spec.con_id, index)
        found = self._days.get(key)
        if found is None:
            path = spec.path_key
            days = [max(index - back, FIRST_BLOCK * BLOCK_DAYS) for back in range(1, MEMORY_DAYS + 1)]
            closes = [self._paths.day_level(path, day, REGULAR + 1) for day in days]
            broad = spec.option_penny or spec.asset_class is AssetClass.INDEX
            found = DaySmile(
                self.surface(spec), float(np.mean(closes)), self._paths.volatility(path, index),
                3.0 if broad else 1.0, self._events(spec, index),
            )  # fmt: skip
            if len(self._days) > 4000:
                self._days.clear()
            self._days[key] = found
        return found

    def _events(self, spec: Underlying, index: int) -> tuple[tuple[int, float], ...]:
        today = self._calendar.date_of(index)
        found = []
        for report in self._corporate.earnings(spec, today, today + timedelta(days=1100)):
            span = self._calendar.span(self._calendar.index_of(report.date))
            at = span.close_ns + _AFTER_CLOSE_NS if report.after_close else span.open_ns + _BEFORE_OPEN_NS
            found.append((at, (EARNINGS_MOVE * spec.volatility) ** 2))
        return tuple(found)


def swap_variance(surface: Surface, theta: Floats) -> Floats:
    """Return the variance that a swap on slices with at-the-money total variance ``theta`` pays: the strip of options.

    Twice the sum of out-of-the-money options over squared strikes (Carr and Madan; Cboe's volatility index), without
    rates, on a forward of 1.
    """
    reach = 8.0 * np.sqrt(theta) + 0.02
    found = np.empty(len(theta))
    for row, (each, width) in enumerate(zip(theta.tolist(), reach.tolist(), strict=True)):
        k = np.linspace(-width, width, 401)
        deviation = np.sqrt(surface.slice_variance(k, each))
        options = price(1.0, np.exp(k), 1.0, deviation, k > 0)
        found[row] = 2.0 * np.trapezoid(options * np.exp(-k), k)
    return found


@dataclass(frozen=True, slots=True)
class VixDay:
    """The volatility index of one day as a function of the index's log price."""

    smile: DaySmile
    factors: Floats
    values: Floats

    def value(self, level: Floats) -> Floats:
        """Return the volatility index in points."""
        found: Floats = np.interp(self.smile.factor(level), self.factors, self.values)
        return found


class VixCurve:
    """See the module."""

    def __init__(self, smiles: Smiles) -> None:
        self._smiles = smiles
        self._factors = np.linspace(_LOWEST, _HIGHEST, 60)
        self._values: Floats | None = None

    def day(self, index: int) -> VixDay:
        if self._values is None:
            surface = self._smiles.surface(SPX)
            theta = surface.at_the_money_variance(THIRTY_DAYS) * self._factors**2
            self._values = 100.0 * np.sqrt(swap_variance(surface, theta) / THIRTY_DAYS)
        return VixDay(self._smiles.day(SPX, index), self._factors, self._values)
