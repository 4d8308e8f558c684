# SPDX-License-Identifier: Apache-2.0
"""Reading the journal without a writer: every record oldest first, and whether its chain holds.

For the start, the command line and backups. It changes nothing, and blocks.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from terminal.errors import UserError
from terminal.model.codec import EventCodec, UnknownKindError
from terminal.storage import schema
from terminal.storage.chain import ChainCheck, ChainReport, Head, Row, key_id
from terminal.storage.database import check_database, open_engine
from terminal.storage.head_file import HeadFile, Note
from terminal.storage.records import JournalOpened, LoadedJournal


def load_journal(path: Path, *, codec: EventCodec | None = None, key: bytes | None = None) -> LoadedJournal:
    """Read every record of the journal at ``path``, oldest first, and check the chain on the way.

    Raises:
        UserError: STO-008, a newer Tiller wrote a record; STO-00x, the file cannot be used.
    """
    known = codec if codec is not None else EventCodec((JournalOpened,))
    found: list[Any] = []
    noted = HeadFile(path).noted()
    with read_journal(path) as connection:
        check = _check(connection, noted, key)
        for row in rows(connection):
            check.see(row)
            try:
                record = known.decode(row.kind, row.payload)
            except UnknownKindError as fault:
                raise UserError(
                    "STO-008",
                    f"row {row.seq} of {path} cannot be read: {fault}. Nothing will be sent. "
                    "Way out: start that newer version",
                ) from fault
            if not isinstance(record, JournalOpened):
                found.append(record)
        report = _finish(connection, check)
    return LoadedJournal(records=tuple(found), report=report)


def verify_journal(path: Path, *, key: bytes | None = None) -> ChainReport:
    """Check the whole chain of the journal at ``path`` against its head, its backups and the head file."""
    noted = HeadFile(path).noted()
    with read_journal(path) as connection:
        check = _check(connection, noted, key)
        for row in rows(connection):
            check.see(row)
        return _finish(connection, check)


@contextmanager
def read_journal(path: Path) -> Iterator[Connection]:
    """Open the journal for reading in one consistent snapshot.

    Raises:
        UserError: STO-009, there is none; STO-00x, it cannot be used.
    """
    if not path.exists():
        raise UserError("STO-009", f"there is no journal at {path}: name the right folder with --data-dir")
    check_database(path, schema.JOURNAL_SCHEMA)
    engine = open_engine(path, read_only=True)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def rows(connection: Connection) -> Iterator[Row]:
    """Yield every row in order of its number."""
    table = schema.records
    columns = [table.c[name] for name in Row._fields]
    for row in connection.execute(select(*columns).order_by(table.c.seq)).yield_per(5000):
        yield Row._make(row)


def _check(connection: Connection, noted: Sequence[Note], key: bytes | None) -> ChainCheck:
    state = connection.execute(select(schema.state)).one()
    keys = {key_id(key): key} if key else {}
    anchors = {note.head.seq: note.head.hash for note in noted if note.journal_id == state.journal_id}
    return ChainCheck(journal_id=state.journal_id, keys=keys, anchors=anchors)


def _finish(connection: Connection, check: ChainCheck) -> ChainReport:
    state = connection.execute(select(schema.state)).one()
    head = Head(seq=state.head_seq, hash=state.head_hash, key_id=state.head_key_id)
    return check.finish(head, state.head_seal)
