# SPDX-License-Identifier: Apache-2.0
"""The journal as first released: records in a hash chain, and the state of their head."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "records",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("ns", sa.BigInteger, nullable=False),
        sa.Column("wall_ns", sa.BigInteger, nullable=False),
        sa.Column("mono_ns", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("client_order_id", sa.Text),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "state",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("journal_id", sa.Text, nullable=False),
        sa.Column("head_seq", sa.BigInteger, nullable=False),
        sa.Column("head_hash", sa.LargeBinary, nullable=False),
        sa.Column("head_key_id", sa.Text, nullable=False),
        sa.Column("head_seal", sa.LargeBinary, nullable=False),
        sa.Column("reserved_order_id", sa.BigInteger, nullable=False),
    )
    for verb in ("UPDATE", "DELETE"):  # append-only: a slip of our own cannot rewrite history
        op.execute(
            f"CREATE TRIGGER records_refuse_{verb.lower()} BEFORE {verb} ON records "
            "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        )
