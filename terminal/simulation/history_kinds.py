# SPDX-License-Identifier: Apache-2.0
"""Bars that are not simply prints or one side of the quotes: what a client names as whatToShow beside those.

Adjusted prices, averages of bid and ask, volatilities and borrow fees, made of the same bars as everything else, so
they belong to the same history. Meanings follow IBKR's table of historical bar types.
"""

from collections.abc import Callable, Sequence
from math import log
from typing import Final

import numpy as np

from terminal.model.enums import AssetClass
from terminal.simulation.listed import ListedMarket
from terminal.simulation.listed_minutes import Listed
from terminal.simulation.market_facts import historical_volatility
from terminal.simulation.smile import THIRTY_DAYS
from terminal.simulation.tape import BarRows, Floats
from terminal.simulation.trading_days import NS

STOCK_KINDS: Final = frozenset({"ADJUSTED_LAST", "HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY", "FEE_RATE"})
VOLATILITY_UNIT: Final = 1e-6
"""Volatilities and fees are counted in millionths."""
_DAYS: Final = 30


def is_known(listed: Listed, what: str) -> bool:
    """Say whether an instrument has bars of a kind beside prints and quotes."""
    if what == "BID_ASK":
        return not listed.is_index
    if what == "AGGTRADES":
        return listed.kind is AssetClass.CRYPTO
    if what in {"HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY"} and listed.is_index:
        return listed.spec.symbol == "SPX"
    return what in STOCK_KINDS and listed.kind is AssetClass.STOCK


def is_volatility(what: str) -> bool:
    """Say whether values are counted in millionths instead of ticks."""
    return what in {"HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY", "FEE_RATE"}


def average(bid: BarRows, ask: BarRows) -> BarRows:
    """Return average bid, highest ask, lowest bid, average ask: BID_ASK as IBKR defines it.

    Assumption: the average of a bar is that of its four prices.
    """
    middle = [(rows.open + rows.high + rows.low + rows.close) / 4 for rows in (bid, ask)]
    return BarRows(
        bid.start_ns, middle[0], ask.high, bid.low, middle[1], np.zeros(len(bid)), np.zeros(len(bid)), bid.count
    )


class StudyRows:
    """Turns bars of prints into bars of another kind."""

    def __init__(self, market: ListedMarket) -> None:
        self._market = market

    def convert(self, listed: Listed, what: str, rows: BarRows, now_ns: int) -> BarRows:
        """Return ``rows`` (of prints, in ticks) as the kind ``what``."""
        if not len(rows):
            return rows
        indices = [self._market.calendar.index_at(ns) for ns in rows.start_ns.tolist()]
        match what:
            case "ADJUSTED_LAST":
                return self._adjusted(listed, rows, indices, self._market.calendar.index_at(now_ns))
            case "OPTION_IMPLIED_VOLATILITY":
                return self._implied(listed, rows, indices)
            case "HISTORICAL_VOLATILITY":
                return _flat(rows, self._by_day(indices, lambda index: self._realized(listed, index)))
            case _:
                borrow = self._market.corporate.borrow
                return _flat(rows, self._by_day(indices, lambda index: borrow(listed.spec, index, 0).fee))

    def _adjusted(self, listed: Listed, rows: BarRows, indices: Sequence[int], today: int) -> BarRows:
        """Restate prices before each split and dividend in today's terms."""
        spec, market, calendar = listed.spec, self._market, self._market.calendar
        span = (calendar.date_of(indices[0]), calendar.date_of(today))
        steps: list[tuple[int, float]] = []
        for paid in market.corporate.dividends(spec, *span):
            at = calendar.index_of(paid.ex_date)
            steps.append((at, 1.0 - float(paid.amount) / market.close_price(listed.con_id, at - 1)))
        splits = market.corporate.splits(spec, *span)
        steps += [(calendar.index_of(split.ex_date), split.old / split.new) for split in splits]

        def factor(index: int) -> float:
            product = 1.0
            for at, step in steps:
                if index < at <= today:
                    product *= step
            return product

        by = self._by_day(indices, factor)
        return BarRows(
            rows.start_ns, rows.open * by, rows.high * by, rows.low * by, rows.close * by, rows.volume,
            rows.value * by, rows.count,
        )  # fmt: skip

    def _implied(self, listed: Listed, rows: BarRows, indices: Sequence[int]) -> BarRows:
        """Return the thirty-day volatility of the surface at each price; it is high where the price is low."""
        tick = float(listed.spec.tick)

        def at(prices: Floats) -> Floats:
            found = np.empty(len(prices))
            for row, (price, index, ns) in enumerate(
                zip(prices.tolist(), indices, rows.start_ns.tolist(), strict=True)
            ):
                smile = self._market.smiles.day(listed.spec, index)
                level = log(price * tick / self._market.scale(listed, index))
                event = smile.event_variance(ns, np.array([ns + _DAYS * 86_400 * NS]))
                volatility = smile.surface.volatility(0.0, THIRTY_DAYS, smile.factor(level), event)
                found[row] = float(volatility[0]) / VOLATILITY_UNIT
            return found

        none = np.zeros(len(rows))
        return BarRows(
            rows.start_ns, at(rows.open), at(rows.low), at(rows.high), at(rows.close), none, none, rows.count
        )

    def _realized(self, listed: Listed, index: int) -> float:
        closes = [self._market.adjusted_close(listed.con_id, index - back, index) for back in range(_DAYS + 1, 0, -1)]
        return historical_volatility([price for price in closes if price])

    @staticmethod
    def _by_day(indices: Sequence[int], of_day: Callable[[int], float]) -> Floats:
        known = {index: of_day(index) for index in sorted(set(indices))}
        return np.array([known[index] for index in indices])


def _flat(rows: BarRows, values: Floats) -> BarRows:
    scaled, none = values / VOLATILITY_UNIT, np.zeros(len(rows))
    return BarRows(rows.start_ns, scaled, scaled, scaled, scaled, none, none, rows.count)
