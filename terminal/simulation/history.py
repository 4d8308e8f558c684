# SPDX-License-Identifier: Apache-2.0
"""Bars of any size from tapes, quotes and minutes: the one place where the simulated market's history is made.

Bars up to an hour come from prints (or quotes), so they hold what was streamed; days, weeks and months from the
minutes of flow.py, which agree with the prints and quotes. The volume-weighted price of a day is that of its
minutes' typical prices. The bar that still grows ends with what has happened by now.
"""

from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from terminal.model.enums import AssetClass, BarSource
from terminal.model.instrument import Instrument, Session
from terminal.model.market import Bar
from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.flow import MinuteFlow
from terminal.simulation.history_kinds import VOLATILITY_UNIT, StudyRows, average, is_known, is_volatility
from terminal.simulation.listed import ListedMarket
from terminal.simulation.listed_minutes import Listed
from terminal.simulation.paths import BLOCK_DAYS, FIRST_BLOCK
from terminal.simulation.profiles import EARLY_MINUTES, LENGTHS, REGULAR
from terminal.simulation.sessions import ALWAYS, Part
from terminal.simulation.tape import BarRows, Floats, Ints, Prints, aggregate, regroup
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


def fill_gaps(
    rows: BarRows, day: TradingDay, seconds: int, start_ns: int, end_ns: int, sessions: Sequence[Session] = ()
) -> BarRows:
    """Give stretches without a print an empty bar at the last price, as TWS does inside a session.

    Args:
        sessions: when the instrument trades, if it does not trade all of the day.
    """
    if not len(rows):
        return rows
    size = seconds * NS
    first = int(rows.start_ns[0])
    midnight = local_ns(day.date, MIDNIGHT)
    grid = np.arange(midnight + ((first - midnight) // size + 1) * size, min(end_ns, day.end_ns), size)
    if sessions:
        inside = [(grid + size > one.start_ns) & (grid < one.end_ns) for one in sessions]
        grid = grid[np.logical_or.reduce(inside)]
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


def to_bars(
    rows: BarRows, instrument: Instrument, seconds: int, now_ns: int, source: BarSource, tick: float = 0.0
) -> list[Bar]:
    """Return model bars: ticks become prices, what ends after ``now_ns`` is still open.

    Args:
        tick: what a unit of the rows' prices is worth, if it is not the instrument's tick.
    """
    digits = 6 if tick else instrument.decimals
    tick = tick or float(instrument.min_tick)
    # Sizes are counted in the smallest quantity; an index has none.
    unit = 0.0 if instrument.asset_class is AssetClass.INDEX else float(min(instrument.size_increment, Decimal(1)))

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
            volume=volume * unit,
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
        self._studies = StudyRows(market)
        self._daily: dict[tuple[int, int, bool, str], BarRows] = {}

    def bars(
        self, instrument: Instrument, *, seconds: int, start_ns: int, end_ns: int, now_ns: int, what: str,
        regular_only: bool,
    ) -> Sequence[Bar]:  # fmt: skip
        """Return bars that begin in [start, end) and not in the future.

        Raises:
            SimulatorRefusalError: 162, no data of that kind for the instrument.
        """
        listed = self._market.need(instrument.broker_id or 0)
        kind = instrument.asset_class
        absent = {AssetClass.FOREX: {"TRADES"}, AssetClass.INDEX: SIDES}.get(kind, frozenset())
        if what in absent or (what not in {"TRADES", *SIDES} and not is_known(listed, what)):
            raise no_data(instrument, what)
        source = BarSource.MIDPOINT if what in SIDES or what == "BID_ASK" else BarSource.TRADES
        span = (start_ns, min(end_ns, now_ns + 1))

        def rows_of(kind: str) -> BarRows:
            return self._rows(instrument, seconds, span, now_ns, kind, regular_only=regular_only)

        if what in {"TRADES", *SIDES}:
            return to_bars(rows_of(what), instrument, seconds, now_ns, source)
        if what == "AGGTRADES":
            return to_bars(rows_of("TRADES"), instrument, seconds, now_ns, source)
        if what == "BID_ASK":
            return to_bars(average(rows_of("BID"), rows_of("ASK")), instrument, seconds, now_ns, source)
        rows = self._studies.convert(listed, what, rows_of("TRADES"), now_ns)
        tick = VOLATILITY_UNIT if is_volatility(what) else 0.0
        return to_bars(rows, instrument, seconds, now_ns, source, tick)

    def _rows(
        self, instrument: Instrument, seconds: int, span: tuple[int, int], now_ns: int, what: str, *,
        regular_only: bool,
    ) -> BarRows:  # fmt: skip
        if seconds >= DAY_SECONDS:
            return self._large(instrument, seconds, span, now_ns, what, regular_only=regular_only)
        parts = [
            self._of_day(instrument, day, seconds, span, what, regular_only=regular_only) for day in self._days(*span)
        ]
        return BarRows.join([part for part in parts if len(part)])

    def _days(self, start_ns: int, end_ns: int) -> Iterator[TradingDay]:
        calendar = self._market.calendar
        index = max(calendar.index_at(start_ns), FIRST_DAY)
        while (day := calendar.day(index)).start_ns < end_ns:
            yield day
            index += 1

    def _bounds(self, listed: Listed, day: TradingDay, *, regular_only: bool) -> tuple[int, int]:
        if regular_only and listed.kind not in ALWAYS:
            return day.open_ns, day.close_ns
        return day.start_ns, day.end_ns

    def _of_day(
        self, instrument: Instrument, day: TradingDay, seconds: int, span: tuple[int, int], what: str, *,
        regular_only: bool,
    ) -> BarRows:  # fmt: skip
        con_id = instrument.broker_id or 0
        listed = self._market.need(con_id)
        low, high = self._bounds(listed, day, regular_only=regular_only)
        # Whole bars: the first one begins where its size says, not where the question begins.
        low, high = max(low, span[0] // (seconds * NS) * (seconds * NS) - DAY_SECONDS * NS), min(high, span[1])
        prints = self._market.tape_of_day(con_id, day.index).prints if what == "TRADES" else self._quotes(
            con_id, day, what
        )  # fmt: skip
        prints = prints.between(low, high)
        regular = regular_only and listed.kind not in ALWAYS
        rows = aggregate(prints, intraday_bins(prints.ns, day, seconds, regular_only=regular))
        sessions = self._market.hours.of_day(listed.kind, day.index, Part.REGULAR if regular else Part.ALL)
        rows = fill_gaps(rows, day, seconds, span[0], high, sessions)
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
        self, instrument: Instrument, seconds: int, span: tuple[int, int], now_ns: int, what: str, *,
        regular_only: bool,
    ) -> BarRows:  # fmt: skip
        con_id = instrument.broker_id or 0
        calendar = self._market.calendar
        regular = regular_only and self._market.need(con_id).kind not in ALWAYS
        first = max(calendar.index_at(span[0]), FIRST_DAY)
        last = calendar.index_at(span[1] - 1)
        if calendar.day(last).start_ns >= span[1]:
            last -= 1
        if seconds > DAY_SECONDS:
            opening = calendar_bin(calendar.date_of(first), seconds)
            first = max(calendar.index_of(opening), FIRST_DAY)
        today = calendar.index_at(now_ns)
        parts = [
            self._block(con_id, number, what, regular=regular).take(np.arange(low, high))
            for number, low, high in _block_ranges(first, min(last, today - 1))
        ]
        if parts and what == "TRADES":
            parts = [self._with_own_trades(con_id, first, BarRows.join(parts), regular=regular)]
        if last >= today and now_ns >= calendar.day(today).start_ns:
            parts.append(self._so_far(con_id, today, now_ns, what, regular=regular))
        rows = BarRows.join([part for part in parts if len(part)])
        if seconds == DAY_SECONDS or not len(rows):
            return rows
        dates = [calendar_bin(calendar.date_of(calendar.index_at(ns)), seconds) for ns in rows.start_ns.tolist()]
        return regroup(rows, np.array([local_ns(day, MIDNIGHT) for day in dates], dtype=np.int64))

    def _block(self, con_id: int, number: int, what: str, *, regular: bool) -> BarRows:
        """Return the daily bars of a block of days."""
        key = (con_id, number, regular, what)
        found = self._daily.get(key)
        if found is None:
            build = self._regular_block if regular else self._whole_block
            found = self._daily[key] = build(con_id, number, what)
        return found

    def _regular_block(self, con_id: int, number: int, what: str) -> BarRows:
        flow = self._market.flow(con_id, number, REGULAR)
        early = self._market.early(number)
        inside = np.arange(LENGTHS[REGULAR])[None, :] < np.where(early, EARLY_MINUTES, LENGTHS[REGULAR])[:, None]
        opened, high, low, close = side_prices(flow, what)
        volume = np.where(inside & (what == "TRADES"), flow.volume, 0).astype(np.float64)
        last = inside.sum(axis=1) - 1
        starts = [self._market.calendar.day(number * BLOCK_DAYS + row).open_ns for row in range(BLOCK_DAYS)]
        return BarRows(
            np.array(starts, dtype=np.int64),
            opened[:, 0],
            np.where(inside, high, -np.inf).max(axis=1),
            np.where(inside, low, np.inf).min(axis=1),
            close[np.arange(BLOCK_DAYS), last],
            volume.sum(axis=1),
            ((high + low + close) / 3 * volume).sum(axis=1),
            np.where(inside, flow.events, 0).sum(axis=1).astype(np.int64),
        )

    def _whole_block(self, con_id: int, number: int, what: str) -> BarRows:
        parts = [self._whole_day(con_id, number * BLOCK_DAYS + row, what) for row in range(BLOCK_DAYS)]
        return BarRows.join(parts)

    def _whole_day(self, con_id: int, index: int, what: str) -> BarRows:
        flow = self._market.minutes(con_id, index).flow
        opened, high, low, close = side_prices(flow, what)
        volume = flow.volume.astype(np.float64) if what == "TRADES" else np.zeros(len(opened))
        value = float(((high + low + close) / 3 * volume).sum())
        columns = [
            np.array([float(each)]) for each in (opened[0], high.max(), low.min(), close[-1], volume.sum(), value)
        ]
        start = np.array([self._market.calendar.day(index).start_ns], dtype=np.int64)
        first, highest, lowest, last, total, worth = columns
        count = np.array([int(flow.events.sum())], dtype=np.int64)
        return BarRows(start, first, highest, lowest, last, total, worth, count)

    def _with_own_trades(self, con_id: int, first: int, rows: BarRows, *, regular: bool) -> BarRows:
        """Replace past days on which own orders changed the tape by what the tape says."""
        for (edited, index), tape in self._market.tapes.items():
            if edited == con_id and (tape.added or tape.removed) and 0 <= index - first < len(rows):
                day = self._market.calendar.day(index)
                real = self._so_far(con_id, index, day.end_ns, "TRADES", regular=regular)
                for name in BarRows.__slots__:
                    getattr(rows, name)[index - first] = getattr(real, name)[0]
        return rows

    def _so_far(self, con_id: int, index: int, now_ns: int, what: str, *, regular: bool) -> BarRows:
        """Return a day's bar from its prints or quotes so far."""
        day = self._market.calendar.day(index)
        low, high = (day.open_ns, day.close_ns) if regular else (day.start_ns, day.end_ns)
        trades = what == "TRADES"
        prints = self._market.tape_of_day(con_id, index).prints if trades else self._quotes(con_id, day, what)
        prints = prints.between(low, min(high, now_ns + 1))
        return aggregate(prints, np.full(len(prints.ns), low, dtype=np.int64))


SIDES: Final = frozenset({"MIDPOINT", "BID", "ASK"})


def side_prices(flow: MinuteFlow, what: str) -> tuple[Floats, Floats, Floats, Floats]:
    """Return open, high, low and close of prints, or of one side or the middle of the quotes behind them, in ticks."""
    opened, high, low, close = (
        part.astype(np.float64) for part in (flow.open, flow.high, flow.low, flow.close)
    )  # fmt: skip
    if what == "TRADES":
        return opened, high, low, close
    # Highs print at the ask and lows at the bid; first and last prints say on which side they stood.
    shift = {"BID": 0.0, "MIDPOINT": 0.5, "ASK": 1.0}[what]
    spread = flow.spread.astype(np.float64)
    return (
        opened + spread * (shift - flow.open_at_ask),
        high + spread * (shift - 1.0),
        low + spread * shift,
        close + spread * (shift - flow.close_at_ask),
    )


def _block_ranges(first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """Give (block, first row, row after the last) for the days from ``first`` to ``last``."""
    index = first
    while index <= last:
        number, row = divmod(index, BLOCK_DAYS)
        stop = min(BLOCK_DAYS, row + last - index + 1)
        yield number, row, stop
        index += stop - row
