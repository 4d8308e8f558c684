# SPDX-License-Identifier: Apache-2.0
"""Migrations: alembic, run by us on our own connection. Imported only when a file is new or old.

All steps to today's schema run in one transaction: a failure half way leaves the file as it was.
"""

from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from terminal.errors import UserError
from terminal.storage.schema import Schema


def upgrade(engine: Engine, schema: Schema, path: Path, target: str = "head") -> None:
    """Bring the database behind ``engine`` to ``target``.

    Raises:
        UserError: STO-004, a step failed and was undone.
    """
    config = Config()
    config.set_main_option("script_location", schema.migrations)
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)

    def steps(revision: Any, _context: Any) -> Any:
        return scripts._upgrade_revs(target, revision)  # what `alembic upgrade` itself calls

    try:
        with engine.begin() as connection, EnvironmentContext(config, scripts, fn=steps) as environment:
            environment.configure(connection=connection, render_as_batch=True, transactional_ddl=True)
            environment.run_migrations()
    except (SQLAlchemyError, OSError, LookupError, ValueError) as fault:
        raise UserError(
            "STO-004",
            f"{path} could not be brought to this version ({fault}); nothing was changed. Way out: start the version "
            "that wrote it, and report this line",
        ) from fault
