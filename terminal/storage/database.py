# SPDX-License-Identifier: Apache-2.0
"""Opening a database file: durability, health, version. Every engine of Tiller is made here.

A file that is corrupt, foreign or newer is refused with a way out and stays exactly as it was found. Write
transactions begin IMMEDIATE, so that a reader that becomes a writer can never meet "database is locked" half way.
"""

import contextlib
import importlib
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, Pool, QueuePool

from terminal.errors import UserError
from terminal.paths import check_private_file, private_file
from terminal.storage.schema import Schema

BUSY_TIMEOUT_MS: Final = 5000


class CorruptDatabaseError(UserError):
    """The file is damaged. ``backups`` are the copies it can be restored from, newest first (see backup.py)."""

    def __init__(self, path: Path, what: str, backups: Sequence[Path] = ()) -> None:
        newest = (
            f"restore the backup {backups[0].name} (`tiller journal restore`)"
            if backups
            else "there is no backup; move the file away"
        )
        super().__init__(
            "STO-001",
            f"{path} is damaged ({what}); it was left as it is and nothing will be sent. Way out: {newest}; "
            "Tiller keeps the damaged file beside it and asks the broker for what is missing",
        )
        self.path = path
        self.backups = tuple(backups)


def open_engine(
    path: Path,
    *,
    durable: bool = True,
    read_only: bool = False,
    pool: type[Pool] | None = None,
    busy_timeout_ms: int = BUSY_TIMEOUT_MS,
) -> Engine:
    """Return an engine on ``path``; nothing is opened before its first use.

    ``durable``: every commit is on the disk when it returns (synchronous=FULL); otherwise the last commits may
    be lost on power failure, never on a crash of the process.
    """

    def connect() -> sqlite3.Connection:
        mode = "ro" if read_only else "rw"
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=busy_timeout_ms / 1000,
            isolation_level=None,  # SQLAlchemy's begin event below begins; the driver never does
            check_same_thread=False,
        )

    chosen = pool if pool is not None else (NullPool if read_only else QueuePool)
    engine = create_engine("sqlite://", creator=connect, poolclass=chosen)
    event.listen(engine, "connect", _pragmas(durable=durable, read_only=read_only))
    event.listen(engine, "begin", _begin(read_only=read_only))
    return engine


def _pragmas(*, durable: bool, read_only: bool) -> Callable[[Any, Any], None]:
    statements = [
        "PRAGMA foreign_keys=ON",
        "PRAGMA trusted_schema=OFF",
        "PRAGMA cell_size_check=ON",
        "PRAGMA temp_store=MEMORY",
    ]
    if read_only:
        statements.append("PRAGMA query_only=ON")
    else:
        statements += ["PRAGMA journal_mode=WAL", f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}"]
        if sys.platform == "darwin" and durable:
            statements += ["PRAGMA fullfsync=ON", "PRAGMA checkpoint_fullfsync=ON"]  # fsync alone stays in the drive

    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()

    return prepare


def _begin(*, read_only: bool) -> Callable[[Connection], None]:
    statement = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return begin


def prepare_database(
    path: Path,
    schema: Schema,
    *,
    durable: bool = True,
    backups: Callable[[], Sequence[Path]] = tuple,
    before_migration: Callable[[], object] = lambda: None,
) -> None:
    """Make ``path`` a sound database of today's schema, or refuse.

    A missing file is created (0600 from its first byte); an older one is migrated in one transaction after
    ``before_migration`` made its backup.

    Raises:
        CorruptDatabaseError: STO-001.
        UserError: STO-002 (newer), STO-003 (not ours), STO-004 (migration failed), STO-006 (cannot open), FIL-00x.
    """
    found = ""
    if not private_file(path) and path.stat().st_size:
        found = _inspect(path, schema, backups)
        if found == schema.head:
            return
    if found:
        before_migration()
    engine = open_engine(path, durable=durable, pool=NullPool)
    try:
        if not found:
            _form(path, (*schema.creation, f"PRAGMA application_id={schema.application_id}"))
        _migrate(engine, schema, path)
    except (DBAPIError, sqlite3.Error) as fault:
        raise explain(fault, path, backups()) from fault
    finally:
        engine.dispose()


def check_database(path: Path, schema: Schema, backups: Sequence[Path] = ()) -> None:
    """Say whether a reader can trust ``path``, without changing a byte of it.

    Raises:
        CorruptDatabaseError, UserError: as `prepare_database`; STO-005 when an older Tiller's file waits for
            its migration.
    """
    check_private_file(path)
    found = _inspect(path, schema, lambda: backups)
    if found != schema.head:
        raise UserError("STO-005", f"{path} has the older form {found}: start Tiller once, which brings it up to date")


def explain(fault: DBAPIError | sqlite3.Error, path: Path, backups: Sequence[Path] = ()) -> UserError:
    """Return what a failed access to ``path`` means for a person."""
    original = fault.orig if isinstance(fault, DBAPIError) else fault
    name = getattr(original, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return CorruptDatabaseError(path, str(original), backups)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return UserError("STO-007", f"{path} is in use by another program: close it and start Tiller again")
    return UserError("STO-006", f"{path} cannot be opened ({original}): check its rights and the free disk space")


def _inspect(path: Path, schema: Schema, backups: Callable[[], Sequence[Path]]) -> str:
    """Return the revision of a sound database of ours. Reads only: a damaged file must stay as it is."""
    engine = open_engine(path, read_only=True)
    try:
        with engine.connect() as connection:
            return _check(connection, schema, path, backups)
    except (DBAPIError, sqlite3.Error) as fault:
        raise explain(fault, path, backups()) from fault
    finally:
        engine.dispose()


def _form(path: Path, statements: Sequence[str]) -> None:
    """Decide the form of an empty file, which must happen before anything (WAL mode too) is written to it."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def _check(connection: Connection, schema: Schema, path: Path, backups: Callable[[], Sequence[Path]]) -> str:
    """Return the revision of a sound database of ours, empty for one without a table."""
    problems = [row[0] for row in connection.exec_driver_sql("PRAGMA quick_check(3)")]
    if problems != ["ok"]:
        raise CorruptDatabaseError(path, "; ".join(str(each) for each in problems), backups())
    tables = {row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master")}
    application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    if application != schema.application_id and (application or tables):
        raise UserError("STO-003", f"{path} is not a {schema.name} database of Tiller: move it away and start again")
    if not tables:
        return ""  # a start that was killed before the first table stood
    named = "alembic_version" in tables
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() if named else None
    if found is None:
        raise CorruptDatabaseError(path, "it does not say which version it has", backups())
    revision = str(found)
    if not revision.isdigit() or int(revision) > int(schema.head):
        raise UserError(
            "STO-002",
            f"{path} was written by a newer Tiller (form {revision}, this one knows up to {schema.head}); it was "
            "left as it is. Way out: start the newer version, or restore the backup that it made before its update",
        )
    return revision


def _migrate(engine: Engine, schema: Schema, path: Path) -> None:
    # Late on purpose: alembic costs more than opening the database, and almost every start needs none of it.
    importlib.import_module("terminal.storage.migrate").upgrade(engine, schema, path)
