# SPDX-License-Identifier: Apache-2.0
"""History of a replay: played days from their ticks up to now, earlier days from minute, hour and daily files.

Recorded minute bars filter sale conditions differently from the ticks, so a played day is always aggregated from its
own prints. What no file holds is refused as TWS refuses it (162, no data), never made up.
"""

from collections.abc import Sequence
from datetime import date, time
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from terminal.model.enums import BarSource
from terminal.model.instrument import Instrument
from terminal.model.market import Bar
from terminal.simulation.history import DAY_SECONDS, calendar_bin, fill_gaps, intraday_bins, no_data
from terminal.simulation.replay.lean import beside, days_beside, lines_of, read_numbers, read_starts
from terminal.simulation.replay.recorded import RecordedDay
from terminal.simulation.tape import BarRows, Prints, Tape, aggregate, regroup
from terminal.simulation.trading_days import NS, TradingCalendar, TradingDay, local_ns, to_local

_MS: Final = 1_000_000
_SCALE: Final = 10_000.0
_AVERAGE_DAYS: Final = 90
_HOUR: Final = 3600


class Recordings(Protocol):
    """What history needs of the source that plays."""

    calendar: TradingCalendar

    def root(self, con_id: int) -> tuple[Path, str]: ...
    def start_ns(self) -> int: ...
    def is_played(self, index: int) -> bool: ...
    def recorded(self, con_id: int, index: int) -> RecordedDay: ...
    def tape(self, con_id: int, ns: int) -> Tape: ...


class RecordedHistory:
    """See the module."""

    def __init__(self, source: Recordings) -> None:
        self._source = source
        self._daily: dict[int, tuple[list[date], BarRows]] = {}
        self._closes: dict[tuple[int, int], int | None] = {}

    # ------------------------------------------------------------ figures

    def previous_close(self, con_id: int, index: int) -> int | None:
        """Return the last daily close before a day, None where no file knows it."""
        known = self._closes.get((con_id, index), -1)
        if known != -1:
            return known
        days, rows = self._days(con_id)
        today = self._source.calendar.day(index).date
        before = [row for row, day in enumerate(days) if day < today]
        close = int(rows.close[before[-1]]) if before else self._minute_close(con_id, index - 1)
        self._closes[con_id, index] = close
        return close

    def _minute_close(self, con_id: int, index: int) -> int | None:
        day = self._source.calendar.day(index)
        rows = self._minutes(con_id, day, "TRADES")
        rows = rows.take((rows.start_ns >= day.open_ns) & (rows.start_ns < day.close_ns))
        return int(rows.close[-1]) if len(rows) else None

    def average_volume(self, con_id: int, index: int) -> float | None:
        """Return the mean daily volume of the 90 days before, None without a daily file."""
        days, rows = self._days(con_id)
        today = self._source.calendar.day(index).date
        before = [row for row, day in enumerate(days) if day < today][-_AVERAGE_DAYS:]
        return float(rows.volume[before].mean()) if before else None

    def head_ns(self, con_id: int) -> int:
        """Return the earliest moment that any file holds."""
        _, rows = self._days(con_id)
        root, symbol = self._source.root(con_id)
        starts = [int(rows.start_ns[0])] if len(rows) else []
        starts += [local_ns(day, time(0, 0)) for day in days_beside(root, symbol, "minute", "trade")[:1]]
        return min([*starts, self._source.start_ns()])

    def _days(self, con_id: int) -> tuple[list[date], BarRows]:
        found = self._daily.get(con_id)
        if found is None:
            root, symbol = self._source.root(con_id)
            found = self._daily[con_id] = _whole_file(root, symbol, "daily")
        return found

    # ------------------------------------------------------------ bars

    def bars(
        self, instrument: Instrument, *, seconds: int, start_ns: int, end_ns: int, now_ns: int, what: str,
        regular_only: bool,
    ) -> Sequence[Bar]:  # fmt: skip
        """Return bars that begin in [start, end) and not in the future.

        Raises:
            SimulatorRefusalError: 162, nothing recorded for this question.
            UserError: a file is damaged.
        """
        if what not in {"TRADES", "MIDPOINT", "BID", "ASK"}:
            raise no_data(instrument, what)
        end = min(end_ns, now_ns + 1)
        con_id = instrument.broker_id or 0
        if seconds >= DAY_SECONDS:
            rows = self._large(con_id, seconds, start_ns, end, now_ns) if what == "TRADES" else BarRows.empty()
        else:
            rows = self._intraday(con_id, seconds, (start_ns, end), what, regular_only=regular_only)
        if not len(rows):
            raise no_data(instrument, what)
        source = BarSource.TRADES if what == "TRADES" else BarSource.MIDPOINT
        return _to_bars(rows, instrument, seconds, now_ns, source)

    def _intraday(self, con_id: int, seconds: int, span: tuple[int, int], what: str, *, regular_only: bool) -> BarRows:
        calendar = self._source.calendar
        parts: list[BarRows] = []
        first = max(calendar.index_at(span[0]), calendar.index_of(date(calendar.day(0).date.year - 3, 1, 1)))
        hours = self._hours(con_id, seconds, what)
        index = first
        while (day := calendar.day(index)).start_ns < span[1]:
            rows = self._of_day(con_id, day, seconds, span, what, regular_only=regular_only)
            if not len(rows) and hours is not None:
                rows = self._of_hours(hours, day, seconds, regular_only=regular_only)
            parts.append(rows.take((rows.start_ns >= span[0]) & (rows.start_ns < span[1])))
            index += 1
        return BarRows.join([part for part in parts if len(part)])

    def _hours(self, con_id: int, seconds: int, what: str) -> BarRows | None:
        if seconds % _HOUR or what != "TRADES":
            return None
        root, symbol = self._source.root(con_id)
        return _whole_file(root, symbol, "hour")[1]

    @staticmethod
    def _of_hours(hours: BarRows, day: TradingDay, seconds: int, *, regular_only: bool) -> BarRows:
        low, high = (day.open_ns - _HOUR * NS, day.close_ns) if regular_only else (day.start_ns, day.end_ns)
        rows = hours.take((hours.start_ns > low) & (hours.start_ns < high))
        return regroup(rows, intraday_bins(rows.start_ns, day, seconds, regular_only=False))

    def _of_day(
        self, con_id: int, day: TradingDay, seconds: int, span: tuple[int, int], what: str, *, regular_only: bool
    ) -> BarRows:
        low, high = (day.open_ns, day.close_ns) if regular_only else (day.start_ns, day.end_ns)
        high = min(high, span[1])
        if self._source.is_played(day.index):
            prints = self._prints(con_id, day, what).between(low, high)
            rows = aggregate(prints, intraday_bins(prints.ns, day, seconds, regular_only=regular_only))
            return fill_gaps(rows, day, seconds, span[0], high)
        if seconds % 60:
            return BarRows.empty()
        rows = self._minutes(con_id, day, what)
        rows = rows.take((rows.start_ns >= low) & (rows.start_ns < high))
        return regroup(rows, intraday_bins(rows.start_ns, day, seconds, regular_only=regular_only))

    def _prints(self, con_id: int, day: TradingDay, what: str) -> Prints:
        if what == "TRADES":
            return self._source.tape(con_id, day.start_ns).prints
        quotes = self._source.recorded(con_id, day.index).quotes
        both = (quotes.bid > 0) & (quotes.ask > 0)
        bid, ask = quotes.bid[both].astype(np.float64), quotes.ask[both].astype(np.float64)
        none = np.zeros(int(both.sum()), dtype=np.int64)
        price = {"BID": bid, "ASK": ask, "MIDPOINT": (bid + ask) / 2}[what]
        return Prints(quotes.ns[both], price, none, none.astype(np.int8))

    def _minutes(self, con_id: int, day: TradingDay, what: str) -> BarRows:
        """Return the recorded minute bars of a day that is not played."""
        root, symbol = self._source.root(con_id)
        file = beside(root, symbol, "minute", "trade" if what == "TRADES" else "quote", day.date)
        if file is None:
            return BarRows.empty()
        rows = read_numbers(file, lines_of(file))
        start = local_ns(day.date, time(0, 0)) + rows[:, 0] * _MS
        if what == "TRADES":
            return _rows(start, *(rows[:, column].astype(np.float64) for column in range(1, 6)))
        bid, ask = rows[:, 1:5].astype(np.float64), rows[:, 6:10].astype(np.float64)
        both = (bid > 0).all(axis=1) & (ask > 0).all(axis=1)
        prices = {"BID": bid, "ASK": ask, "MIDPOINT": (bid + ask) / 2}[what][both]
        return _rows(start[both], *prices.T, np.zeros(len(prices)))

    def _large(self, con_id: int, seconds: int, start_ns: int, end_ns: int, now_ns: int) -> BarRows:
        calendar = self._source.calendar
        today = calendar.day(calendar.index_at(now_ns))
        days, rows = self._days(con_id)
        first = (
            to_local(start_ns).date() if seconds == DAY_SECONDS else calendar_bin(to_local(start_ns).date(), seconds)
        )
        chosen = np.array([first <= day < today.date for day in days], dtype=np.bool_)
        parts = [rows.take(chosen)] if len(rows) else []
        if today.start_ns < end_ns and self._source.is_played(today.index):
            prints = self._source.tape(con_id, today.start_ns).prints
            prints = prints.between(today.start_ns, min(today.end_ns, now_ns + 1))
            start = local_ns(today.date, time(0, 0))
            parts.append(aggregate(prints, np.full(len(prints.ns), start, dtype=np.int64)))
        joined = BarRows.join([part for part in parts if len(part)])
        joined = joined.take(joined.start_ns < end_ns)
        if seconds == DAY_SECONDS or not len(joined):
            return joined
        bins = [calendar_bin(to_local(ns).date(), seconds) for ns in joined.start_ns.tolist()]
        return regroup(joined, np.array([local_ns(day, time(0, 0)) for day in bins], dtype=np.int64))


def _whole_file(root: Path, symbol: str, resolution: str) -> tuple[list[date], BarRows]:
    """Return the local dates and the bars of an hour or daily file; empty where there is none."""
    file = beside(root, symbol, resolution, "trade")
    if file is None:
        return [], BarRows.empty()
    lines = lines_of(file)
    rows = read_numbers(file, lines)
    dates, start = read_starts(file, lines)
    return dates, _rows(start, *(rows[:, column].astype(np.float64) for column in range(5)))


def _rows(start: np.ndarray, *columns: np.ndarray) -> BarRows:
    opened, high, low, close, volume = columns
    typical = (high + low + close) / 3
    return BarRows(start, opened, high, low, close, volume, typical * volume, np.zeros(len(start), dtype=np.int64))


def _to_bars(rows: BarRows, instrument: Instrument, seconds: int, now_ns: int, source: BarSource) -> list[Bar]:
    """Return model bars from prices x 10,000."""
    return [
        Bar(
            instrument_id=instrument.id, seconds=seconds, start_ns=start, open=opened / _SCALE, high=high / _SCALE,
            low=low / _SCALE, close=close / _SCALE, volume=volume,
            vwap=value / volume / _SCALE if volume else close / _SCALE, count=count, source=source,
            closed=start + seconds * NS <= now_ns,
        )
        for start, opened, high, low, close, volume, value, count in zip(
            *(getattr(rows, name).tolist() for name in BarRows.__slots__), strict=True
        )
    ]  # fmt: skip
