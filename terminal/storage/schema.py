# SPDX-License-Identifier: Apache-2.0
"""The tables of today, as SQLAlchemy Core describes them. How an old file gets here stands in migrations/.

`journal.db` is precious (append-only, synchronous=FULL); `market.db` can be downloaded or recorded again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text

JOURNAL: Final = MetaData()
MARKET: Final = MetaData()

records: Final = Table(
    "records",
    JOURNAL,
    Column("seq", Integer, primary_key=True, autoincrement=False),  # gapless from 1
    Column("ns", BigInteger, nullable=False),  # our clock (the broker's time), UTC
    Column("wall_ns", BigInteger, nullable=False),  # the machine's wall clock
    Column("mono_ns", BigInteger, nullable=False),  # the machine's monotonic clock, comparable within one run
    Column("version", Text, nullable=False),  # of the program that wrote it
    Column("actor", Text, nullable=False),  # user, strategy:ID, broker, core
    Column("kind", Text, nullable=False),
    Column("client_order_id", Text),
    Column("payload", Text, nullable=False),  # canonical JSON
    Column("key_id", Text, nullable=False),  # which key made the hash; empty: none, plain SHA-256
    Column("hash", LargeBinary, nullable=False),
)

state: Final = Table(
    "state",
    JOURNAL,
    Column("id", Integer, primary_key=True),  # one row, 1
    Column("journal_id", Text, nullable=False),  # random name of this journal, start of its chain
    Column("head_seq", BigInteger, nullable=False),
    Column("head_hash", LargeBinary, nullable=False),
    Column("head_key_id", Text, nullable=False),
    Column("head_seal", LargeBinary, nullable=False),  # proves that the head is not an older one put back
    Column("reserved_order_id", BigInteger, nullable=False),  # broker order ids up to here may have been used
)

bar_chunks: Final = Table(
    "bar_chunks",
    MARKET,
    Column("series_id", Integer, primary_key=True),
    Column("bucket", BigInteger, primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("first_ns", BigInteger, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

series: Final = Table(
    "series",
    MARKET,
    Column("id", Integer, primary_key=True),
    Column("instrument_id", Text, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("regular_hours", Integer, nullable=False),
    Index("series_by_name", "instrument_id", "seconds", "source", "regular_hours", unique=True),
)

instruments: Final = Table(
    "instruments",
    MARKET,
    Column("id", Integer, primary_key=True),
    Column("instrument_id", Text, nullable=False, unique=True),
)

tick_chunks: Final = Table(
    "tick_chunks",
    MARKET,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),  # quotes, trades, option_quotes
    Column("instrument", Integer, nullable=False),
    Column("first_ns", BigInteger, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("written_ns", BigInteger, nullable=False),  # wall clock: a replay's own times say nothing of its age
    Column("data", LargeBinary, nullable=False),
    Index("tick_chunks_by_time", "kind", "instrument", "first_ns"),
)

TICK_COLUMNS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "quotes": (("bid", "bid_size", "ask", "ask_size", "last", "last_size", "volume"), ("flags",)),
    "trades": (("price", "size"), ("event_ns", "aggressor")),
    "option_quotes": (
        ("implied_volatility", "price", "delta", "gamma", "vega", "theta", "underlying_price"),
        ("source",),
    ),
}
"""Kind -> measured columns (float, absent allowed), whole columns (int). The codes stand in ticks.py."""


def _tick_log(kind: str) -> Table:
    """Fresh rows in order of arrival; packed into chunks by instrument later."""
    measured, whole = TICK_COLUMNS[kind]
    return Table(
        f"{kind}_log",
        MARKET,
        Column("id", Integer, primary_key=True),
        Column("instrument", Integer, nullable=False),
        Column("ns", BigInteger, nullable=False),
        *(Column(name, Float) for name in measured),
        *(Column(name, BigInteger, nullable=False) for name in whole),
    )


tick_logs: Final = {kind: _tick_log(kind) for kind in TICK_COLUMNS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What a database file must be: its purpose, the newest revision this program knows, and the way there."""

    name: str
    application_id: int
    head: str
    migrations: str
    creation: tuple[str, ...] = ()
    """Pragmas that only an empty file obeys."""


JOURNAL_SCHEMA: Final = Schema(
    name="journal",
    application_id=0x544C524A,  # "TLRJ", shown by file(1)
    head="0001",
    migrations="terminal.storage.migrations:journal",
)
MARKET_SCHEMA: Final = Schema(
    name="market data",
    application_id=0x544C524D,  # "TLRM"
    head="0001",
    migrations="terminal.storage.migrations:market",
    creation=("PRAGMA page_size=16384", "PRAGMA auto_vacuum=INCREMENTAL"),
)
