# SPDX-License-Identifier: Apache-2.0
"""Bars on disk: each series in chunks of neighbouring times, each chunk one blob of columns.

A million bars become arrays in tens of milliseconds and the last 2,000 in one or two reads. Functions on an open
connection; who calls them in which thread stands in market_store.py. Only closed bars are kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, delete, func, insert, select

from terminal.clock import NS_PER_S
from terminal.errors import DataError
from terminal.model.enums import BarSource
from terminal.model.ids import InstrumentId
from terminal.model.market import Bar
from terminal.storage import columns, schema

CHUNK_BARS: Final = 16_384
"""Bar lengths of time in one chunk."""
WHOLE: Final = ("start_ns", "count")
NAMES: Final = ("start_ns", "open", "high", "low", "close", "volume", "vwap", "count")

BarArrays = dict[str, columns.Array]
"""Column -> array, oldest first: ``start_ns`` and ``count`` int64, the others float64; vwap is nan where absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Which bars."""

    instrument_id: InstrumentId
    seconds: int
    source: BarSource = BarSource.TRADES
    regular_hours_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesExtent:
    """What is stored of one series. Times are bar starts, UTC nanoseconds."""

    first_ns: int
    last_ns: int
    rows: int


def empty_bars(rows: int = 0) -> BarArrays:
    return {name: np.empty(rows, np.int64 if name in WHOLE else np.float64) for name in NAMES}


def arrays_of(bars: Iterable[Bar]) -> BarArrays:
    """Return the closed ones of ``bars`` as arrays in their order."""
    closed = [bar for bar in bars if bar.closed]
    out = empty_bars(len(closed))
    for name in NAMES:
        absent = np.nan if name == "vwap" else 0
        out[name][:] = [absent if (value := getattr(bar, name)) is None else value for bar in closed]
    return out


def merge(connection: Connection, which: Series, bars: BarArrays) -> None:
    """Add bars to a series; a bar with a known start replaces the old one.

    Raises:
        DataError: a price is not finite, or columns are missing.
    """
    _check(bars)
    series_id = _series_id(connection, which)
    buckets = bars["start_ns"] // (which.seconds * NS_PER_S * CHUNK_BARS)
    table = schema.bar_chunks
    for bucket in np.unique(buckets):
        chosen = buckets == bucket
        fresh: BarArrays = {name: bars[name][chosen] for name in NAMES}
        where = (table.c.series_id == series_id) & (table.c.bucket == int(bucket))
        old = connection.execute(select(table.c.data).where(where)).scalar()
        united = _unite(columns.unpack(old) if old is not None else empty_bars(), fresh)
        connection.execute(delete(table).where(where))
        connection.execute(
            insert(table).values(
                series_id=series_id,
                bucket=int(bucket),
                rows=len(united["start_ns"]),
                first_ns=int(united["start_ns"][0]),
                last_ns=int(united["start_ns"][-1]),
                data=columns.pack(united),
            )
        )


def read(connection: Connection, which: Series, start_ns: int | None, end_ns: int | None) -> BarArrays:
    """Return the bars with ``start_ns <= start < end_ns``, oldest first."""
    series_id = _find_series(connection, which)
    if series_id is None:
        return empty_bars()
    table = schema.bar_chunks
    query = select(table.c.rows, table.c.data).where(table.c.series_id == series_id).order_by(table.c.bucket)
    if start_ns is not None:
        query = query.where(table.c.last_ns >= start_ns)
    if end_ns is not None:
        query = query.where(table.c.first_ns < end_ns)
    return _cut(_join(connection.execute(query).all()), start_ns, end_ns)


def read_last(connection: Connection, which: Series, count: int, end_ns: int | None = None) -> BarArrays:
    """Return the newest ``count`` bars (of those before ``end_ns``), oldest first."""
    series_id = _find_series(connection, which)
    if series_id is None or count <= 0:
        return empty_bars()
    table = schema.bar_chunks
    query = select(table.c.rows, table.c.data).where(table.c.series_id == series_id).order_by(table.c.bucket.desc())
    if end_ns is not None:
        query = query.where(table.c.first_ns < end_ns)
    found: list[tuple[int, bytes]] = []
    missing = count + (CHUNK_BARS if end_ns is not None else 0)  # the newest chunk may reach beyond the end
    with connection.execute(query.execution_options(stream_results=True, max_row_buffer=1)) as rows:
        for row in rows:
            found.append((row.rows, row.data))
            missing -= row.rows
            if missing <= 0:
                break
    bars = _cut(_join(found[::-1]), None, end_ns)
    return {name: column[-count:] for name, column in bars.items()}


def extent(connection: Connection, which: Series) -> SeriesExtent | None:
    """Return what is stored of a series; None when nothing is."""
    table, series_id = schema.bar_chunks, _find_series(connection, which)
    if series_id is None:
        return None
    first, last, rows = connection.execute(
        select(func.min(table.c.first_ns), func.max(table.c.last_ns), func.sum(table.c.rows)).where(
            table.c.series_id == series_id
        )
    ).one()
    return SeriesExtent(first_ns=first, last_ns=last, rows=rows) if rows else None


# ---------------------------------------------------------------- inside
def _check(bars: Mapping[str, columns.Array]) -> None:
    missing = [name for name in NAMES if name not in bars]
    if missing:
        raise DataError(f"bars need the columns {', '.join(NAMES)}; missing: {', '.join(missing)}")
    for name in ("open", "high", "low", "close", "volume"):
        if not np.isfinite(bars[name]).all():
            raise DataError(f"every {name} of a bar must be a finite number")


def _unite(old: BarArrays, fresh: BarArrays) -> BarArrays:
    starts = np.concatenate([fresh["start_ns"][::-1], old["start_ns"]])  # the first of equals is kept: the newest
    _, chosen = np.unique(starts, return_index=True)
    return {name: np.concatenate([fresh[name][::-1], old[name]])[chosen] for name in NAMES}


def _join(chunks: Sequence[tuple[int, bytes]]) -> BarArrays:
    out = empty_bars(sum(rows for rows, _ in chunks))
    position = 0
    for _, data in chunks:
        position = columns.unpack_into(data, out, position)
    return out


def _cut(bars: BarArrays, start_ns: int | None, end_ns: int | None) -> BarArrays:
    starts: npt.NDArray[np.int64] = bars["start_ns"].astype(np.int64, copy=False)
    low = int(np.searchsorted(starts, start_ns)) if start_ns is not None else 0
    high = int(np.searchsorted(starts, end_ns)) if end_ns is not None else len(starts)
    if low == 0 and high == len(starts):
        return bars
    return {name: column[low:high] for name, column in bars.items()}


def _find_series(connection: Connection, which: Series) -> int | None:
    table = schema.series
    found = connection.execute(
        select(table.c.id).where(
            (table.c.instrument_id == which.instrument_id)
            & (table.c.seconds == which.seconds)
            & (table.c.source == which.source.value)
            & (table.c.regular_hours == int(which.regular_hours_only))
        )
    ).scalar()
    return int(found) if found is not None else None


def _series_id(connection: Connection, which: Series) -> int:
    found = _find_series(connection, which)
    if found is not None:
        return found
    made = connection.execute(
        insert(schema.series).values(
            instrument_id=which.instrument_id,
            seconds=which.seconds,
            source=which.source.value,
            regular_hours=int(which.regular_hours_only),
        )
    ).inserted_primary_key
    return int(made[0]) if made is not None else 0
