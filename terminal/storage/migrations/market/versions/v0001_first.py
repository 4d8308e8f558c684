# SPDX-License-Identifier: Apache-2.0
"""Market data as first released: bars in column chunks, ticks in logs that are packed into chunks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_LOGS = {
    "quotes_log": (("bid", "bid_size", "ask", "ask_size", "last", "last_size", "volume"), ("flags",)),
    "trades_log": (("price", "size"), ("event_ns", "aggressor")),
    "option_quotes_log": (
        ("implied_volatility", "price", "delta", "gamma", "vega", "theta", "underlying_price"),
        ("source",),
    ),
}


def upgrade() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("instrument_id", sa.Text, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("regular_hours", sa.Integer, nullable=False),
    )
    op.create_index("series_by_name", "series", ["instrument_id", "seconds", "source", "regular_hours"], unique=True)
    op.create_table(
        "bar_chunks",
        sa.Column("series_id", sa.Integer, primary_key=True),
        sa.Column("bucket", sa.BigInteger, primary_key=True),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("first_ns", sa.BigInteger, nullable=False),
        sa.Column("last_ns", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "instruments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("instrument_id", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "tick_chunks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("instrument", sa.Integer, nullable=False),
        sa.Column("first_ns", sa.BigInteger, nullable=False),
        sa.Column("last_ns", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("written_ns", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_index("tick_chunks_by_time", "tick_chunks", ["kind", "instrument", "first_ns"])
    for name, (measured, whole) in _LOGS.items():
        op.create_table(
            name,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("instrument", sa.Integer, nullable=False),
            sa.Column("ns", sa.BigInteger, nullable=False),
            *(sa.Column(column, sa.Float) for column in measured),
            *(sa.Column(column, sa.BigInteger, nullable=False) for column in whole),
        )
