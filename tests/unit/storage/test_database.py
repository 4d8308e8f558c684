# SPDX-License-Identifier: Apache-2.0
"""A damaged, newer, foreign or half-made file is refused by name with a way out and stays as it was."""

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from terminal.errors import UserError
from terminal.storage.backup import backup_journal, list_backups, restore_backup
from terminal.storage.database import CorruptDatabaseError, check_database, prepare_database
from terminal.storage.journal import JournalStore
from terminal.storage.journal_reader import load_journal
from terminal.storage.schema import JOURNAL_SCHEMA
from tests.conftest import AllowLogs
from tests.unit.storage.records import intent, story


@pytest.fixture
def journal(folder: Path) -> Path:
    """A journal of twenty orders, closed."""
    path = folder / "journal.db"
    store = JournalStore(path, disk_floor=0)
    store.open(lambda callback: callback())
    for number in range(1, 21):
        store.append(story(number))
    store.close()
    return path


def start(path: Path) -> JournalStore:
    store = JournalStore(path, disk_floor=0, backups=path.parent / "backups")
    store.open(lambda callback: callback())
    return store


def spoil(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek(page * 4096 + 8)
        file.write(b"\xa5" * 2000)


def code_of(path: Path) -> str:
    with pytest.raises(UserError) as refused:
        start(path)
    return refused.value.code


def test_new_files_are_private_from_their_first_byte(journal: Path) -> None:
    for path in journal.parent.glob("journal*"):
        assert path.stat().st_mode & 0o777 == 0o600, path.name


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_spoilt_page_is_refused_and_the_file_left_alone(journal: Path, page: int) -> None:
    spoil(journal, page)
    before = journal.read_bytes()
    with pytest.raises(CorruptDatabaseError, match="nothing will be sent"):
        start(journal)
    assert journal.read_bytes() == before


@pytest.mark.parametrize("keep", [100, 4096, 10_000])
def test_a_cut_off_file_is_refused_and_left_alone(journal: Path, keep: int) -> None:
    before = journal.read_bytes()[:keep]
    journal.write_bytes(before)
    assert code_of(journal) == "STO-001"
    assert journal.read_bytes() == before


def test_a_newer_file_is_refused_and_left_alone(journal: Path) -> None:
    with sqlite3.connect(journal) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    other.close()
    before = journal.read_bytes()
    assert code_of(journal) == "STO-002"
    with pytest.raises(UserError, match="newer Tiller"):
        load_journal(journal)
    assert journal.read_bytes() == before


def test_a_newer_file_with_a_log_that_was_not_yet_moved_into_it_is_left_alone(journal: Path, tmp_path: Path) -> None:
    """As a newer Tiller that was killed leaves it: opening it for writing would already change the file."""
    killed = tmp_path / "killed"
    killed.mkdir(mode=0o700)
    with sqlite3.connect(journal) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
        other.commit()
        for name in ("journal.db", "journal.db-wal"):
            shutil.copy(journal.with_name(name), killed / name)
            (killed / name).chmod(0o600)
    other.close()
    before = [path.read_bytes() for path in (killed / "journal.db", killed / "journal.db-wal")]
    assert b"9999" not in before[0]
    assert code_of(killed / "journal.db") == "STO-002"
    assert [path.read_bytes() for path in (killed / "journal.db", killed / "journal.db-wal")] == before


def test_a_record_of_a_newer_kind_is_refused(journal: Path) -> None:
    with sqlite3.connect(journal) as other:
        other.execute(
            "INSERT INTO records SELECT seq + 1, ns, wall_ns, mono_ns, version, actor, 'OrderDreamt', "
            "client_order_id, payload, key_id, hash FROM records ORDER BY seq DESC LIMIT 1"
        )
    other.close()
    with pytest.raises(UserError, match="OrderDreamt") as refused:
        load_journal(journal)
    assert refused.value.code == "STO-008"


def test_a_database_of_another_program_is_refused(folder: Path) -> None:
    path = folder / "journal.db"
    path.touch(0o600)
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE photos (name TEXT)")
    other.close()
    assert code_of(path) == "STO-003"


def test_a_text_file_in_its_place_is_refused(folder: Path) -> None:
    path = folder / "journal.db"
    path.touch(0o600)
    path.write_text("orders: none\n" * 500)
    assert code_of(path) == "STO-001"


def test_a_file_that_others_can_change_is_refused(journal: Path) -> None:
    journal.chmod(0o666)
    assert code_of(journal) == "FIL-003"


def test_a_link_is_refused(journal: Path) -> None:
    journal.rename(journal.with_name("elsewhere.db"))
    journal.symlink_to(journal.with_name("elsewhere.db"))
    assert code_of(journal) == "FIL-002"


def test_a_start_that_was_killed_before_the_first_table_goes_on(folder: Path) -> None:
    path = folder / "journal.db"
    path.touch(0o600)
    with sqlite3.connect(path) as other:
        other.execute(f"PRAGMA application_id={JOURNAL_SCHEMA.application_id}")
        other.execute("PRAGMA journal_mode=WAL")
    other.close()
    start(path).close()
    assert load_journal(path).report.ok


def test_a_failed_migration_undoes_itself_after_making_a_backup(journal: Path, tmp_path: Path) -> None:
    """Two steps, the second of which fails: the first must not stand either."""
    steps = tmp_path / "steps" / "versions"
    steps.mkdir(parents=True)
    shipped = Path(__file__).parents[3] / "terminal/storage/migrations/journal/versions/v0001_first.py"
    (steps / "v0001_first.py").write_bytes(shipped.read_bytes())
    (steps / "v0002.py").write_text(
        'from alembic import op\nimport sqlalchemy as sa\nrevision = "0002"\ndown_revision = "0001"\n'
        'def upgrade():\n    op.add_column("records", sa.Column("mood", sa.Text))\n'
    )
    (steps / "v0003.py").write_text(
        'from alembic import op\nrevision = "0003"\ndown_revision = "0002"\n'
        'def upgrade():\n    op.execute("UPDATE nowhere SET x = 1")\n'
    )
    broken = replace(JOURNAL_SCHEMA, head="0003", migrations=str(steps.parent))
    backups = journal.parent / "backups"
    with pytest.raises(UserError, match="nothing was changed") as refused:
        prepare_database(journal, broken, before_migration=lambda: backup_journal(journal, backups))
    assert refused.value.code == "STO-004"
    assert len(list_backups(backups)) == 1
    check_database(journal, JOURNAL_SCHEMA)
    assert "mood" not in str(load_journal(journal).report)
    with sqlite3.connect(journal) as other:
        assert "mood" not in [row[1] for row in other.execute("PRAGMA table_info(records)")]
    other.close()
    good = replace(broken, head="0002")
    (steps / "v0003.py").unlink()
    prepare_database(journal, good)
    with sqlite3.connect(journal) as other:
        assert "mood" in [row[1] for row in other.execute("PRAGMA table_info(records)")]
        assert other.execute("SELECT count(*) FROM records").fetchone()[0] == 141
    other.close()


def test_a_damaged_journal_names_its_backup_and_is_restored_from_it(journal: Path, allow_logs: AllowLogs) -> None:
    allow_logs("storage")
    backups = journal.parent / "backups"
    backup = backup_journal(journal, backups)
    store = start(journal)
    store.append(intent(21))
    used = store.allocate_order_id(1)
    store.close()
    spoil(journal, 2)
    damaged = journal.read_bytes()
    with pytest.raises(CorruptDatabaseError) as refused:
        start(journal)
    assert refused.value.backups == (backup,)
    kept = restore_backup(journal, refused.value.backups[0])
    assert kept is not None
    assert kept.read_bytes() == damaged
    again = start(journal)
    assert again.found == ""
    assert again.allocate_order_id(1) > used
    again.close()
    loaded = load_journal(journal)
    assert loaded.report.ok
    assert list(loaded.records) == [record for number in range(1, 21) for record in story(number)]
