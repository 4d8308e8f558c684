# SPDX-License-Identifier: Apache-2.0
"""Option quotes: fair values from the surface, and the bid and ask that a market maker shows around them.

A function of seed and time. European values are exact on the forward (spot less dividends to come, grown by interest);
American ones add what early exercise is worth (option_premium.py). Options on the volatility index are valued on its
own forward, which reverts to the index's usual level. See docs/decisions/0030.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.options.american import CashDividend, present_value
from terminal.options.implied import implied_volatility
from terminal.options.pricing import YEAR_NS, Valuation, value
from terminal.options.surface import Surface
from terminal.simulation.catalog import Underlying
from terminal.simulation.listed import ListedMarket
from terminal.simulation.listings import SPX, VIX
from terminal.simulation.option_chain import Contract
from terminal.simulation.option_premium import Premiums
from terminal.simulation.trading_days import MORNING, local_ns

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RATE: Final = 0.043
"""Interest per year, continuous: of the order of three-month bills in March 2025."""
DIVIDEND: Final = 0.0
INDEX_YIELD: Final = 0.0125
"""What the stocks of the S&P 500 pay, as a yield on the index."""
TICK: Final = 0.01
_IMPLY_ROUNDS: Final = 12
_IMPLY_ENOUGH: Final = 1e-8
_VIX_REVERSION: Final = 9.0
_VIX_SURFACE: Final = Surface(short=1.25, long=0.42, reversion=5.0, rho=0.55, eta=1.0)


@dataclass(frozen=True, slots=True)
class Fair:
    """Fair values, arrays over contracts or moments. ``pv`` is the value of the dividends before each expiry."""

    spot: Floats
    volatility: Floats
    years: Floats
    worth: Valuation
    pv: Floats

    def row(self, row: int) -> "Fair":
        """Return one row as arrays of one."""
        part = slice(row, row + 1)
        worth = Valuation(*(getattr(self.worth, name)[part] for name in Valuation.__slots__))
        return Fair(self.spot[part], self.volatility[part], self.years[part], worth, self.pv[part])


@dataclass(frozen=True, slots=True)
class QuoteTicks:
    """Bids and asks in cents; a bid of 0 is no bid."""

    bid: Ints
    ask: Ints


class OptionQuotes:
    """Fair values and quotes of option contracts at any moment."""

    def __init__(self, market: ListedMarket) -> None:
        self._market = market
        self._payments: dict[tuple[int, int], tuple[tuple[int, float], ...]] = {}
        self._premiums = Premiums(self, market.calendar, RATE)
        self._usual_vix: float | None = None

    # ------------------------------------------------------------ the underlying

    def spot(self, spec: Underlying, ns: int) -> float:
        """Return the underlying's price for valuation: the middle of its background, not rounded to ticks."""
        return self._market.price(spec.con_id, ns)

    def payments(self, spec: Underlying, index: int) -> tuple[tuple[int, float], ...]:
        """Return (moment, amount) of the dividends from day ``index`` on, as far as options reach."""
        found = self._payments.get((spec.con_id, index))
        if found is None:
            today = self._market.calendar.date_of(index)
            ahead = self._market.corporate.dividends(spec, today, today + timedelta(days=1100))
            found = tuple((local_ns(one.ex_date, MORNING), float(one.amount)) for one in ahead)
            if len(self._payments) > 2000:
                self._payments.clear()
            self._payments[spec.con_id, index] = found
        return found

    def dividends(self, spec: Underlying, ns: int) -> list[CashDividend]:
        """Return the dividends still to come at a moment."""
        index = self._market.calendar.index_at(ns)
        return [CashDividend((at - ns) / YEAR_NS, paid) for at, paid in self.payments(spec, index) if at > ns]

    def _usual(self) -> float:
        if self._usual_vix is None:
            day = self._market.vix.day(0)
            self._usual_vix = float(np.interp(1.0, day.factors, day.values))
        return self._usual_vix

    def carried(self, spec: Underlying, spot: Floats, years: Floats, ns: int) -> tuple[Floats, float, Floats]:
        """Return the spot that values use (without dividends to come), the yield, and the dividends' value.

        On the volatility index that is the discounted forward.
        """
        if spec is VIX:
            usual, fading = self._usual(), np.exp(-_VIX_REVERSION * years)
            forward = np.sqrt(usual**2 + (spot**2 - usual**2) * fading)
            return forward * np.exp(-RATE * years), 0.0, np.zeros(years.shape)
        if spec is SPX:
            return spot, INDEX_YIELD, np.zeros(years.shape)
        pv = present_value(self.dividends(spec, ns), years, RATE)
        return spot - pv, 0.0, pv

    # ------------------------------------------------------------ values

    def fair(self, spec: Underlying, contracts: Sequence[Contract], ns: int) -> Fair:
        """Return fair values of contracts of one underlying at one moment."""
        level = self._market.level(spec.path_key, ns)
        spot = np.full(len(contracts), self.spot(spec, ns))
        return self._fair(spec, contracts, spot, np.full(len(contracts), level), np.full(len(contracts), ns))

    def fair_path(self, contract: Contract, moments: Ints) -> Fair:
        """Return fair values of one contract at many moments of one day."""
        spec = contract.spec
        levels = self._market.session_levels(spec.path_key, moments)
        if spec is VIX:
            spot = self._market.vix.day(self._market.calendar.index_at(int(moments[0]))).value(levels)
        else:
            index = self._market.calendar.index_at(int(moments[0]))
            spot = self._market.scale(self._market.need(spec.con_id), index) * np.exp(levels)
        return self._fair(spec, [contract], spot, levels, moments)

    def _fair(self, spec: Underlying, contracts: Sequence[Contract], spot: Floats, level: Floats, ns: Ints) -> Fair:
        strike, call, expiry = _columns(contracts)
        years = np.maximum(expiry - ns, 0) / YEAR_NS
        base, dividend, pv = self.carried(spec, spot, years, int(ns[0]))
        volatility = self.volatility(spec, strike, base, dividend, years, level, ns, expiry)
        worth = value(base, strike, years, volatility, call, rate=RATE, dividend=dividend)
        if contracts[0].option_class.american:
            worth = self._premiums.added(worth, contracts, spot, volatility, years, ns)
        return Fair(spot, volatility, years, worth, pv)

    def volatility(
        self, spec: Underlying, strike: Floats, base: Floats, dividend: float, years: Floats, level: Floats, ns: Ints,
        expiry: Ints,
    ) -> Floats:  # fmt: skip
        """Return implied volatilities from the surface at a state of the underlying."""
        moneyness = np.log(strike / base) - (RATE - dividend) * years
        if spec is VIX:
            return _VIX_SURFACE.volatility(moneyness, years)
        smile = self._market.smiles.day(spec, self._market.calendar.index_at(int(ns[0])))
        event = smile.event_variance(ns, expiry)
        return smile.surface.volatility(moneyness, years, smile.factor(level), event)

    def volatility_at(self, contracts: Sequence[Contract], ns: int, spot: Floats) -> Floats:
        """Return the surface's volatilities [contract, spot] if the underlying stood at ``spot`` at ``ns``."""
        spec = contracts[0].spec
        strikes, _, ends = _columns(contracts)
        strike, expiry = strikes[:, None], ends[:, None]
        years = np.maximum(expiry - ns, 0) / YEAR_NS
        base, dividend, _ = self.carried(spec, spot[None, :], np.broadcast_to(years, (len(contracts), len(spot))), ns)
        index = self._market.calendar.index_at(ns)
        scale = self._market.scale(self._market.need(spec.con_id), index)
        level = np.log(spot / scale)[None, :]
        return self.volatility(spec, strike, base, dividend, years, level, np.array([ns]), expiry)

    def worth(self, contract: Contract, spot: float, volatility: float, ns: int) -> Fair:
        """Return the value at any spot and volatility, as the market itself values."""
        one = np.array([spot])
        years = np.array([max(contract.expiry_ns - ns, 0) / YEAR_NS])
        base, dividend, pv = self.carried(contract.spec, one, years, ns)
        vols = np.array([volatility])
        worth = value(base, contract.strike, years, vols, contract.call, rate=RATE, dividend=dividend)
        if contract.option_class.american:
            worth = self._premiums.added(worth, [contract], one, vols, years, np.array([ns]))
        return Fair(one, vols, years, worth, pv)

    def implied(self, contracts: Sequence[Contract], spot: Floats, prices: Floats, ns: int) -> Fair:
        """Return the volatilities that make ``prices``, and what belongs to them; nan where there is none."""
        spec = contracts[0].spec
        strike, call, expiry = _columns(contracts)
        years = np.maximum(expiry - ns, 0) / YEAR_NS
        base, dividend, pv = self.carried(spec, spot, years, ns)
        moments = np.full(len(contracts), ns)
        american = contracts[0].option_class.american
        wanted = prices
        if american:
            level = np.full(len(contracts), self._market.level(spec.path_key, ns))
            guess = self.volatility(spec, strike, base, dividend, years, level, moments, expiry)
            wanted = prices - self._premiums.of(contracts, spot, guess, moments)[0]
        volatility = implied_volatility(wanted, base, strike, years, call, rate=RATE, dividend=dividend)
        known = np.where(np.isnan(volatility), 1.0, volatility)
        worth = self._worth_at(contracts, (spot, base, strike, years), known, call, dividend, moments)
        for _ in range(_IMPLY_ROUNDS if american else 0):
            error = np.where(np.isnan(volatility), 0.0, worth.price - prices)
            if not (np.abs(error) > _IMPLY_ENOUGH).any():
                break
            # Newton's step; where the value no longer answers to volatility, exercise is worth more than the price.
            step = np.divide(error, worth.vega * 100.0, out=np.zeros_like(error), where=worth.vega > 1e-7)
            known = np.clip(known - np.clip(step, -0.2, 0.2), 1e-4, 10.0)
            worth = self._worth_at(contracts, (spot, base, strike, years), known, call, dividend, moments)
        volatility = np.where(np.isnan(volatility) | (np.abs(worth.price - prices) > 1e-5), np.nan, known)
        return Fair(spot, volatility, years, worth, pv)

    def _worth_at(
        self, contracts: Sequence[Contract], place: tuple[Floats, Floats, Floats, Floats], volatility: Floats,
        call: NDArray[np.bool_], dividend: float, ns: Ints,
    ) -> Valuation:  # fmt: skip
        """Return values at ``place``: spot, spot that values use, strike and years."""
        spot, base, strike, years = place
        worth = value(base, strike, years, volatility, call, rate=RATE, dividend=dividend)
        if not contracts[0].option_class.american:
            return worth
        return self._premiums.added(worth, contracts, spot, volatility, years, ns)

    # ------------------------------------------------------------ quotes

    def quote(self, contracts: Sequence[Contract], fair: Fair) -> QuoteTicks:
        """Return the market around fair values: wider for dear, distant and illiquid contracts."""
        option_class = contracts[0].option_class
        spec, worth = option_class.spec, fair.worth
        points = 0.12 if spec.option_penny or not option_class.american else 0.25 if spec.events > 140 else 0.6
        low_step, high_step = option_class.increments
        far = 1.0 + 0.4 * np.minimum(fair.years, 3.0)
        width = np.maximum(
            low_step * TICK, 2 * points * far * worth.vega + 0.002 * worth.price + 0.01 * np.abs(worth.delta)
        )
        low, high = (worth.price - width / 2) / TICK, (worth.price + width / 2) / TICK
        bid_step, ask_step = _steps(low, low_step, high_step), _steps(high, low_step, high_step)
        bid = np.maximum(np.floor(low / bid_step + 1e-9) * bid_step, 0).astype(np.int64)
        ask = (np.ceil(high / ask_step - 1e-9) * ask_step).astype(np.int64)
        return QuoteTicks(
            bid, np.maximum(ask, bid + _steps(bid.astype(np.float64), low_step, high_step).astype(np.int64))
        )


def _columns(contracts: Sequence[Contract]) -> tuple[Floats, NDArray[np.bool_], Ints]:
    """Return strikes, rights and settlement moments."""
    return (
        np.array([item.strike for item in contracts]),
        np.array([item.call for item in contracts]),
        np.array([item.expiry_ns for item in contracts], dtype=np.int64),
    )


def _steps(ticks: Floats, low: int, high: int) -> Floats:
    """Return the price increment in cents at each price."""
    return np.where(ticks >= 300, float(high), float(low))
