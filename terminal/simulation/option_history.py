# SPDX-License-Identifier: Apache-2.0
"""Bars of options, from their prints or from the middle of their quotes once a second."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np

from terminal.model.enums import BarSource
from terminal.model.instrument import Instrument
from terminal.model.market import Bar
from terminal.simulation.history import (
    DAY_SECONDS,
    MIDNIGHT,
    calendar_bin,
    fill_gaps,
    intraday_bins,
    no_data,
    to_bars,
)
from terminal.simulation.option_market import OptionMarket
from terminal.simulation.tape import BarRows, Prints, aggregate, regroup
from terminal.simulation.trading_days import NS, TradingDay, local_ns

LISTED_DAYS: Final = 60
"""Trading days before the anchor on which the history of options begins."""


class OptionHistory:
    """See the module."""

    def __init__(self, market: OptionMarket) -> None:
        self._market = market

    def bars(
        self, instrument: Instrument, *, seconds: int, start_ns: int, end_ns: int, now_ns: int, what: str
    ) -> Sequence[Bar]:
        """Return bars that begin in [start, end) and not in the future.

        Raises:
            SimulatorRefusalError: 162, no data of that kind.
        """
        if what not in {"TRADES", "MIDPOINT", "BID", "ASK"}:
            raise no_data(instrument, what)
        end = min(end_ns, now_ns + 1)
        parts: list[BarRows] = []
        calendar = self._market.calendar
        index = max(calendar.index_at(start_ns), -LISTED_DAYS)
        while (day := calendar.day(index)).start_ns < end:
            prints = self._rows(instrument.broker_id or 0, day, what).between(day.open_ns, min(day.close_ns, end))
            rows = self._group(prints, day, seconds, end)
            parts.append(rows.take((rows.start_ns >= start_ns) & (rows.start_ns < end)))
            index += 1
        rows = BarRows.join([part for part in parts if len(part)])
        if seconds > DAY_SECONDS and len(rows):
            dates = [calendar_bin(self._date(ns), seconds) for ns in rows.start_ns.tolist()]
            rows = regroup(rows, np.array([local_ns(item, MIDNIGHT) for item in dates], dtype=np.int64))
        source = BarSource.TRADES if what == "TRADES" else BarSource.MIDPOINT
        return to_bars(rows, instrument, seconds, now_ns, source)

    def _date(self, ns: int) -> date:
        calendar = self._market.calendar
        return calendar.day(calendar.index_at(ns)).date

    @staticmethod
    def _group(prints: Prints, day: TradingDay, seconds: int, end: int) -> BarRows:
        if seconds >= DAY_SECONDS:
            return aggregate(prints, np.full(len(prints.ns), day.open_ns, dtype=np.int64))
        rows = aggregate(prints, intraday_bins(prints.ns, day, seconds, regular_only=True))
        return fill_gaps(rows, day, seconds, day.open_ns, min(day.close_ns, end))

    def _rows(self, con_id: int, day: TradingDay, what: str) -> Prints:
        if what == "TRADES":
            return self._market.tape_of_day(con_id, day.index).prints
        contract = self._market.need(con_id)
        first = self._market.refresh_ns(contract.spec, day.open_ns) + NS
        moments = np.arange(first, min(day.close_ns, contract.last_ns), NS, dtype=np.int64)
        none = np.zeros(len(moments), dtype=np.int64)
        if not len(moments):
            return Prints(moments, none, none, none.astype(np.int8))
        quotes = self._market.quotes.quote([contract], self._market.quotes.fair_path(contract, moments))
        bid, ask = quotes.bid.astype(np.float64), quotes.ask.astype(np.float64)
        return Prints(moments, {"BID": bid, "ASK": ask, "MIDPOINT": (bid + ask) / 2}[what], none, none.astype(np.int8))
