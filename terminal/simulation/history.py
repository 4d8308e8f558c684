# SPDX-License-Identifier: Apache-2.0
"""Bars of any size from tapes, quotes and minutes: the one place where the simulated market's history is made.

Bars up to an hour come from prints (or quotes), so they hold what was streamed; days, weeks and months from the
minutes of flow.py, which agree with the prints. The volume-weighted price of a day is that of its minutes' typical
prices. The bar that still grows ends with what has happened by now.
"""

from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from typing import Final

import numpy as np

from terminal.model.enums import AssetClass, BarSource
from terminal.model.instrument import Instrument
from terminal.model.market import Bar
from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.listed import ListedMarket
from terminal.simulation.paths import BLOCK_DAYS, FIRST_BLOCK
from terminal.simulation.tape import BarRows, Ints, Prints, aggregate, regroup
from terminal.simulation.trading_days import NS, TradingDay, local_ns

DAY_SECONDS: Final = 86_400
WEEK_SECONDS: Final = 7 * DAY_SECONDS
MONTH_SECONDS: Final = 28 * DAY_SECONDS
NO_DATA: Final = "Historical Market Data Service error message:HMDS query returned no data: {name}@{exchange} {what}"
FIRST_DAY: Final = FIRST_BLOCK * BLOCK_DAYS
MIDNIGHT: Final = time(0, 0)


def no_data(instrument: Instrument, what: str) -> SimulatorRefusalError:
    """Return IBKR's answer to a request that has no data."""
    return SimulatorRefusalError(
        162, NO_DATA.format(name=instrument.local_symbol, exchange=instrument.exchange, what=what)
    )


def intraday_bins(ns: Ints, day: TradingDay, seconds: int, *, regular_only: bool) -> Ints:
    """Return the bar start of each moment: bars align with local midnight, the first one begins with its session."""
    size = seconds * NS
    midnight = local_ns(day.date, MIDNIGHT)
    bins = midnight + (ns - midnight) // size * size
    edges = (day.open_ns,) if regular_only else (day.start_ns,)
    for edge in edges:
        bins = np.where((bins < edge) & (ns >= edge), edge, bins)
    aligned: Ints = bins
    return aligned


def fill_gaps(rows: BarRows, day: TradingDay, seconds: int, start_ns: int, end_ns: int) -> BarRows:
    """Give stretches without a print an empty bar at the last price, as TWS does inside a session."""
    if not len(rows):
        return rows
    size = seconds * NS
    first = int(rows.start_ns[0])
    midnight = local_ns(day.date, MIDNIGHT)
    grid = np.arange(midnight + ((first - midnight) // size + 1) * size, min(end_ns, day.end_ns), size)
    grid = np.union1d(grid[grid >= start_ns], rows.start_ns)
    place = np.searchsorted(rows.start_ns, grid, side="right") - 1
    real = rows.start_ns[place] == grid
    close = rows.close[place]
    zero = np.zeros(len(grid))
    return BarRows(
        grid,
        np.where(real, rows.open[place], close),
        np.where(real, rows.high[place], close),
        np.where(real, rows.low[place], close),
        close,
        np.where(real, rows.volume[place], zero),
        np.where(real, rows.value[place], zero),
        np.where(real, rows.count[place], 0),
    )


def to_bars(rows: BarRows, instrument: Instrument, seconds: int, now_ns: int, source: BarSource) -> list[Bar]:
    """Return model bars: ticks become prices, what ends after ``now_ns`` is still open."""
    tick = float(instrument.min_tick)
    digits = instrument.decimals

    def price(value: float) -> float:
        return round(value * tick, digits + 1)

    return [
        Bar(
            instrument_id=instrument.id,
            seconds=seconds,
            start_ns=start,
            open=price(opened),
            high=price(high),
            low=price(low),
            close=price(close),
            volume=volume,
            vwap=value / volume * tick if volume else price(close),
            count=count,
            source=source,
            closed=start + seconds * NS <= now_ns,
        )
        for start, opened, high, low, close, volume, value, count in zip(
            *(getattr(rows, name).tolist() for name in BarRows.__slots__), strict=True
        )
    ]


def calendar_bin(day: date, seconds: int) -> date:
    """Return the first date of the day, week or month that a large bar covers."""
    if seconds >= MONTH_SECONDS:
        return day.replace(day=1)
    if seconds >= WEEK_SECONDS:
        return day - timedelta(days=day.weekday())
    return day


class ListedHistory:
    """Bars of the listed names."""

    def __init__(self, market: ListedMarket) -> None:
        self._market = market
        self._daily: dict[tuple[int, int, bool], BarRows] = {}

    def bars(
        self, instrument: Instrument, *, seconds: int, start_ns: int, end_ns: int, now_ns: int, what: str,
        regular_only: bool,
    ) -> Sequence[Bar]:  # fmt: skip
        """Return bars that begin in [start, end) and not in the future.

        Raises:
            SimulatorRefusalError: 162, no data of that kind for the instrument.
        """
        quotes = what != "TRADES"
        forex = instrument.asset_class is AssetClass.FOREX
        if what not in {"TRADES", "MIDPOINT", "BID", "ASK"} or (forex and not quotes):
            raise no_data(instrument, what)
        end = min(end_ns, now_ns + 1)
        source = BarSource.MIDPOINT if quotes else BarSource.TRADES
        if seconds >= DAY_SECONDS:
            rows = self._large(instrument, seconds, start_ns, end, now_ns, regular_only=regular_only)
        else:
            parts = [
                self._of_day(instrument, day, seconds, (start_ns, end), what, regular_only=regular_only)
                for day in self._days(start_ns, end)
            ]
            rows = BarRows.join([part for part in parts if len(part)])
        return to_bars(rows, instrument, seconds, now_ns, source)

    def _days(self, start_ns: int, end_ns: int) -> Iterator[TradingDay]:
        calendar = self._market.calendar
        index = max(calendar.index_at(start_ns), FIRST_DAY)
        while (day := calendar.day(index)).start_ns < end_ns:
            yield day
            index += 1

    def _of_day(
        self, instrument: Instrument, day: TradingDay, seconds: int, span: tuple[int, int], what: str, *,
        regular_only: bool,
    ) -> BarRows:  # fmt: skip
        con_id = instrument.broker_id or 0
        low, high = (day.open_ns, day.close_ns) if regular_only else (day.start_ns, day.end_ns)
        # Whole bars: the first one begins where its size says, not where the question begins.
        low, high = max(low, span[0] // (seconds * NS) * (seconds * NS) - DAY_SECONDS * NS), min(high, span[1])
        prints = self._market.tape_of_day(con_id, day.index).prints if what == "TRADES" else self._quotes(
            con_id, day, what
        )  # fmt: skip
        prints = prints.between(low, high)
        rows = aggregate(prints, intraday_bins(prints.ns, day, seconds, regular_only=regular_only))
        rows = fill_gaps(rows, day, seconds, span[0], high)
        return rows.take((rows.start_ns >= span[0]) & (rows.start_ns < span[1]))

    def _quotes(self, con_id: int, day: TradingDay, what: str) -> Prints:
        """Return quotes as if they were prints (sizes 0: no volume). Midpoints lie on half ticks."""
        plan = self._market.plan(con_id, day.index)
        bid, ask = plan.bid.astype(np.float64), plan.ask.astype(np.float64)
        sides = {"BID": bid, "ASK": ask, "MIDPOINT": (bid + ask) / 2}
        none = np.zeros(len(plan.ns), dtype=np.int64)
        return Prints(plan.ns, sides[what], none, none.astype(np.int8))

    # ------------------------------------------------------------ days and more

    def _large(
        self, instrument: Instrument, seconds: int, start_ns: int, end_ns: int, now_ns: int, *, regular_only: bool
    ) -> BarRows:
        con_id = instrument.broker_id or 0
        calendar = self._market.calendar
        first = max(calendar.index_at(start_ns), FIRST_DAY)
        last = calendar.index_at(end_ns - 1)
        if calendar.day(last).start_ns >= end_ns:
            last -= 1
        if seconds > DAY_SECONDS:
            opening = calendar_bin(calendar.day(first).date, seconds)
            first = max(calendar.index_of(opening), FIRST_DAY)
        today = calendar.index_at(now_ns)
        parts = [
            self._block(con_id, number, regular_only=regular_only).take(np.arange(low, high))
            for number, low, high in _block_ranges(first, min(last, today - 1))
        ]
        if parts:
            parts = [self._with_own_trades(con_id, first, BarRows.join(parts), regular_only=regular_only)]
        if last >= today and now_ns >= calendar.day(today).start_ns:
            parts.append(self._from_tape(con_id, today, now_ns, regular_only=regular_only))
        rows = BarRows.join([part for part in parts if len(part)])
        if seconds == DAY_SECONDS or not len(rows):
            return rows
        dates = [calendar_bin(calendar.day(calendar.index_at(ns)).date, seconds) for ns in rows.start_ns.tolist()]
        return regroup(rows, np.array([local_ns(day, MIDNIGHT) for day in dates], dtype=np.int64))

    def _block(self, con_id: int, number: int, *, regular_only: bool) -> BarRows:
        """Return the daily bars of a block of days."""
        key = (con_id, number, regular_only)
        found = self._daily.get(key)
        if found is None:
            hours = self._market.calendar.hours
            part = slice(hours.open_minute, hours.close_minute) if regular_only else slice(None)
            flow = self._market.flow(con_id, number)
            starts = [self._start(number * BLOCK_DAYS + row, regular_only=regular_only) for row in range(BLOCK_DAYS)]
            minutes = [
                array[:, part].astype(np.float64) for array in (flow.open, flow.high, flow.low, flow.close, flow.volume)
            ]
            opened, high, low, close, volume = minutes
            found = self._daily[key] = BarRows(
                np.array(starts, dtype=np.int64),
                opened[:, 0], high.max(axis=1), low.min(axis=1), close[:, -1], volume.sum(axis=1),
                ((high + low + close) / 3 * volume).sum(axis=1),
                flow.events[:, part].sum(axis=1),
            )  # fmt: skip
        return found

    def _start(self, index: int, *, regular_only: bool) -> int:
        day = self._market.calendar.day(index)
        return day.open_ns if regular_only else day.start_ns

    def _with_own_trades(self, con_id: int, first: int, rows: BarRows, *, regular_only: bool) -> BarRows:
        """Replace past days on which own orders changed the tape by what the tape says."""
        for (edited, index), tape in self._market.tapes.items():
            if edited == con_id and (tape.added or tape.removed) and 0 <= index - first < len(rows):
                day = self._market.calendar.day(index)
                real = self._from_tape(con_id, index, day.end_ns, regular_only=regular_only)
                for name in BarRows.__slots__:
                    getattr(rows, name)[index - first] = getattr(real, name)[0]
        return rows

    def _from_tape(self, con_id: int, index: int, now_ns: int, *, regular_only: bool) -> BarRows:
        """Return a day's bar from its prints so far."""
        day = self._market.calendar.day(index)
        low, high = (day.open_ns, day.close_ns) if regular_only else (day.start_ns, day.end_ns)
        prints = self._market.tape_of_day(con_id, index).prints.between(low, min(high, now_ns + 1))
        return aggregate(prints, np.full(len(prints.ns), low, dtype=np.int64))


def _block_ranges(first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """Give (block, first row, row after the last) for the days from ``first`` to ``last``."""
    index = first
    while index <= last:
        number, row = divmod(index, BLOCK_DAYS)
        stop = min(BLOCK_DAYS, row + last - index + 1)
        yield number, row, stop
        index += stop - row
