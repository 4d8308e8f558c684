# SPDX-License-Identifier: Apache-2.0
"""The files of every released form open with the code of today and say what they said then."""

import shutil
import sqlite3
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData

from terminal.model.instrument import Instrument
from terminal.storage import schema
from terminal.storage.bars import Series
from terminal.storage.database import open_engine, prepare_database
from terminal.storage.inspect import fill_lines, position_lines, replay
from terminal.storage.journal import JournalStore
from terminal.storage.journal_reader import load_journal
from terminal.storage.market_store import MarketStore
from terminal.storage.schema import Schema
from tests.migrations.make_fixture import KEY
from tests.unit.storage.records import AAPL, story

HERE = Path(__file__).parent
JOURNALS = sorted(HERE.glob("journal_*.db"))
MARKETS = sorted(HERE.glob("market_*.db"))


def copied(source: Path, tmp_path: Path, name: str) -> Path:
    folder = tmp_path / "profile"
    folder.mkdir(mode=0o700)
    shutil.copy(source, folder / name)
    (folder / name).chmod(0o600)
    return folder / name


def test_there_is_a_file_of_every_released_form() -> None:
    for found, scheme in ((JOURNALS, schema.JOURNAL_SCHEMA), (MARKETS, schema.MARKET_SCHEMA)):
        versions = import_module(f"{scheme.migrations.replace(':', '.')}.versions")
        steps = sorted(path.name[1:5] for path in Path(versions.__path__[0]).glob("v[0-9]*.py"))
        assert steps[-1] == scheme.head
        assert [path.stem.rpartition("_")[2] for path in found] == steps


@pytest.mark.parametrize("source", JOURNALS, ids=lambda path: path.stem)
def test_a_journal_of_every_form_tells_the_same_story(source: Path, tmp_path: Path) -> None:
    path = copied(source, tmp_path, "journal.db")
    store = JournalStore(path, key=KEY, disk_floor=0)
    store.open(lambda callback: callback())
    assert store.allocate_order_id(1) > 40
    store.append(story(7))
    store.close()
    loaded = load_journal(path, key=KEY)
    assert loaded.report.ok, loaded.report.faults
    assert loaded.report.unchecked_rows == 0
    assert isinstance(loaded.records[0], Instrument)
    assert list(loaded.records[-7:]) == story(7)
    found = replay(loaded.records)
    assert found.oddities == []
    assert len(fill_lines(found)) == 6
    (position,) = position_lines(found)
    assert (position.quantity, position.adjusted) == (Decimal(297), Decimal(-3))


@pytest.mark.parametrize("source", MARKETS, ids=lambda path: path.stem)
async def test_market_data_of_every_form_comes_back(source: Path, tmp_path: Path) -> None:
    store = MarketStore(copied(source, tmp_path, "market.db"))
    await store.start()
    assert store.notice == ""
    bars = store.read_bars(Series(instrument_id=AAPL, seconds=60))
    assert bars["start_ns"].tolist() == [number * 60_000_000_000 for number in range(20)]
    assert bars["count"].tolist() == list(range(7, 27))
    assert store.read_ticks("quotes", AAPL, 0, 100)["ask"].tolist() == [1.5]
    assert store.read_ticks("trades", AAPL, 0, 100)["size"].tolist() == [100.0]
    await store.stop()


@pytest.mark.parametrize(
    ("scheme", "described"), [(schema.JOURNAL_SCHEMA, schema.JOURNAL), (schema.MARKET_SCHEMA, schema.MARKET)]
)
def test_the_steps_lead_to_what_the_code_describes(scheme: Schema, described: MetaData, tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    prepare_database(path, scheme)
    engine = open_engine(path)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), described) == []
    engine.dispose()
    with sqlite3.connect(path) as other:
        assert other.execute("PRAGMA application_id").fetchone()[0] == scheme.application_id
    other.close()
