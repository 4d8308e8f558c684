# SPDX-License-Identifier: Apache-2.0
"""Recorded ticks on disk: fresh rows in a log, packed into column chunks by instrument a few thousand at a time.

The log takes hundreds of thousands of rows a second and loses at most the last quarter of a second; the chunks
take a fraction of its room. Functions on an open connection; the thread stands in market_writer.py.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects import sqlite

from terminal.errors import DataError
from terminal.model.enums import DataType, OptionPriceSource, Side
from terminal.model.ids import InstrumentId
from terminal.model.market import OptionQuote, Quote, Trade
from terminal.storage import columns, schema
from terminal.storage.schema import TICK_COLUMNS

PACKED_ROWS: Final = 4096
DATA_TYPE_CODES: Final[Mapping[DataType, int]] = {
    DataType.LIVE: 0,
    DataType.FROZEN: 1,
    DataType.DELAYED: 2,
    DataType.DELAYED_FROZEN: 3,
}
HALTED: Final = 8
"""Bit of ``flags`` of a quote beside its data type code."""
AGGRESSOR_CODES: Final[Mapping[Side | None, int]] = {None: 0, Side.BUY: 1, Side.SELL: -1}
SOURCE_CODES: Final[Mapping[OptionPriceSource, int]] = {
    OptionPriceSource.BID: 0,
    OptionPriceSource.ASK: 1,
    OptionPriceSource.LAST: 2,
    OptionPriceSource.MODEL: 3,
}

TickArrays = dict[str, columns.Array]
"""``ns`` (when we heard it) and the columns of schema.TICK_COLUMNS, oldest first; nan where absent."""

_INSERT: Final = {
    kind: str(insert(table).compile(dialect=sqlite.dialect())) for kind, table in schema.tick_logs.items()
}


def _quote_row(instrument: int, quote: Quote) -> tuple[Any, ...]:
    flags = DATA_TYPE_CODES[quote.data_type] | (HALTED if quote.halted else 0)
    return (
        None,
        instrument,
        quote.received_ns,
        quote.bid,
        quote.bid_size,
        quote.ask,
        quote.ask_size,
        quote.last,
        quote.last_size,
        quote.volume,
        flags,
    )


def _trade_row(instrument: int, trade: Trade) -> tuple[Any, ...]:
    return (
        None,
        instrument,
        trade.received_ns,
        trade.price,
        trade.size,
        trade.event_ns,
        AGGRESSOR_CODES[trade.aggressor],
    )


def _option_row(instrument: int, quote: OptionQuote) -> tuple[Any, ...]:
    return (
        None,
        instrument,
        quote.received_ns,
        quote.implied_volatility,
        quote.price,
        quote.delta,
        quote.gamma,
        quote.vega,
        quote.theta,
        quote.underlying_price,
        SOURCE_CODES[quote.source],
    )


_ROWS: Final[Mapping[str, Callable[[int, Any], tuple[Any, ...]]]] = {
    "quotes": _quote_row,
    "trades": _trade_row,
    "option_quotes": _option_row,
}


class InstrumentNumbers:
    """Short numbers for instrument ids, remembered by the writer."""

    def __init__(self) -> None:
        self._known: dict[InstrumentId, int] = {}

    def of(self, connection: Connection, wanted: Iterable[InstrumentId]) -> Mapping[InstrumentId, int]:
        """Return the number of every wanted instrument, giving new ones where needed."""
        for instrument_id in set(wanted) - self._known.keys():
            found = find_instrument(connection, instrument_id)
            if found is None:
                made = connection.execute(
                    insert(schema.instruments).values(instrument_id=instrument_id)
                ).inserted_primary_key
                found = int(made[0]) if made is not None else 0
            self._known[instrument_id] = found
        return self._known

    def forget(self) -> None:
        """A transaction was undone: what it numbered is not there."""
        self._known.clear()


def find_instrument(connection: Connection, instrument_id: InstrumentId) -> int | None:
    table = schema.instruments
    found = connection.execute(select(table.c.id).where(table.c.instrument_id == instrument_id)).scalar()
    return int(found) if found is not None else None


def append(connection: Connection, numbers: InstrumentNumbers, kind: str, events: Sequence[Any]) -> int:
    """Write events of one kind to its log; return how many."""
    build = _ROWS[kind]
    known = numbers.of(connection, (event.instrument_id for event in events))
    rows = [build(known[event.instrument_id], event) for event in events]
    if rows:
        connection.exec_driver_sql(_INSERT[kind], rows)
    return len(rows)


def pack_log(connection: Connection, kind: str, written_ns: int, *, least: int = PACKED_ROWS) -> int:
    """Move the oldest `PACKED_ROWS` of a log into chunks, if it holds at least ``least``; return how many."""
    table = schema.tick_logs[kind]
    oldest, newest = connection.execute(select(func.min(table.c.id), func.max(table.c.id))).one()
    if newest is None or newest - oldest + 1 < least:
        return 0
    rows = connection.execute(select(table).order_by(table.c.id).limit(PACKED_ROWS)).all()
    arrays = _arrays(kind, rows)
    instruments = np.array([row.instrument for row in rows], np.int64)
    chunks = []
    for instrument in np.unique(instruments):
        chosen = instruments == instrument
        mine: TickArrays = {name: column[chosen] for name, column in arrays.items()}
        chunks.append(
            {
                "kind": kind,
                "instrument": int(instrument),
                "first_ns": int(mine["ns"].min()),
                "last_ns": int(mine["ns"].max()),
                "rows": len(mine["ns"]),
                "written_ns": written_ns,
                "data": columns.pack(mine),
            }
        )
    connection.execute(insert(schema.tick_chunks), chunks)
    connection.execute(delete(table).where(table.c.id <= rows[-1].id))
    return len(rows)


def read(connection: Connection, kind: str, instrument_id: InstrumentId, start_ns: int, end_ns: int) -> TickArrays:
    """Return the recorded events of one instrument with ``start_ns <= ns < end_ns``, oldest first.

    Raises:
        DataError: there is no such kind.
    """
    if kind not in TICK_COLUMNS:
        raise DataError(f"recorded are {', '.join(TICK_COLUMNS)}, not {kind}")
    instrument = find_instrument(connection, instrument_id)
    if instrument is None:
        return _arrays(kind, [])
    chunk = schema.tick_chunks
    parts = [
        columns.unpack(data)
        for data in connection.execute(
            select(chunk.c.data)
            .where((chunk.c.kind == kind) & (chunk.c.instrument == instrument))
            .where((chunk.c.last_ns >= start_ns) & (chunk.c.first_ns < end_ns))
            .order_by(chunk.c.id)
        ).scalars()
    ]
    log = schema.tick_logs[kind]
    fresh = connection.execute(
        select(log)
        .where((log.c.instrument == instrument) & (log.c.ns >= start_ns) & (log.c.ns < end_ns))
        .order_by(log.c.id)
    ).all()
    parts.append(_arrays(kind, fresh))
    joined: TickArrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[-1]}
    order = np.argsort(joined["ns"], kind="stable")
    chosen = order[(joined["ns"][order] >= start_ns) & (joined["ns"][order] < end_ns)]
    return {name: column[chosen] for name, column in joined.items()}


def prune(connection: Connection, *, before_written_ns: int, most_bytes: int) -> int:
    """Delete chunks written before a moment, then the oldest until the file's used pages fit; return how many."""
    table = schema.tick_chunks
    gone = connection.execute(delete(table).where(table.c.written_ns < before_written_ns)).rowcount
    while used_bytes(connection) > most_bytes:
        oldest = select(table.c.id).order_by(table.c.id).limit(200).scalar_subquery()
        count = connection.execute(delete(table).where(table.c.id.in_(oldest))).rowcount
        if not count:
            break
        gone += count
    return gone


def used_bytes(connection: Connection) -> int:
    """Return the bytes of the pages in use."""
    pages, free, size = (
        int(connection.exec_driver_sql(statement).scalar_one())
        for statement in ("PRAGMA page_count", "PRAGMA freelist_count", "PRAGMA page_size")
    )
    return (pages - free) * size


def _arrays(kind: str, rows: Sequence[Any]) -> TickArrays:
    measured, whole = TICK_COLUMNS[kind]
    table = list(zip(*rows, strict=True)) if rows else []
    out: TickArrays = {}
    for position, name in enumerate(("id", "instrument", "ns", *measured, *whole)):
        if position > 1:
            kept = np.int64 if name == "ns" or name in whole else np.float64
            out[name] = np.array(table[position] if table else [], dtype=kept)
    return out
