from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seedreg.domain.entry import Entry
from seedreg.domain.problem import ProblemKind
from seedreg.errors import RegistryError, SchemaError, Step
from seedreg.storage import (
    AlreadyCurrent,
    Repository,
    SchemaState,
    SchemaStatus,
    SqliteFile,
    Upgraded,
    check,
    open_repository,
    status,
    upgrade,
)
from seedreg.storage import revisions as revisions_module
from seedreg.storage import schema as schema_module
from seedreg.storage.revisions import SCHEMA_REVISION, VERSION_TABLE
from seedreg.storage.schema import migrations_folder
from seedreg.storage.sqlite import SqliteBackend

from .files import definitions, execute
from .values import (
    baseline,
    entry,
    failed_check,
    full_entry,
)
from .values import check as a_check

AT = "2026-03-04T05:06:07Z"


STORED = entry(tags=("x",))


def fill(older: Path, stored: Entry = STORED) -> None:
    """Put an entry with two checks into a registry of an older schema."""
    current = older.with_name("current.db")
    with open_repository(SqliteFile(current), create=True) as repository:
        repository.entries.add(stored, baseline())
        repository.checks.add(a_check(stored.id))
        repository.checks.add(failed_check(stored.id))
    with closing(sqlite3.connect(older, isolation_level=None)) as file:
        file.execute("ATTACH ? AS current", (str(current),))
        for table in ("entries", "fingerprints", "environments", "baselines", "checks", "tags"):
            columns = ", ".join(row[1] for row in file.execute(f"PRAGMA main.table_info({table})"))
            file.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM current.{table}")
    current.unlink()


def everything(path: Path) -> tuple[object, ...]:
    with open_repository(SqliteFile(path), write=False) as repository:
        id_ = entry().id
        found = (
            repository.entries.get(id_),
            repository.entries.select("build"),
            repository.entries.summaries(),
            repository.baselines.current(id_),
            repository.baselines.of_entry(id_),
            repository.checks.of_entry(id_),
            repository.entries.ids(unchecked_since=AT),
            (
                repository.audits.newest(),
                repository.audits.get(1),
                repository.audits.checked(1),
                repository.waivers.all(),
            ),
            tuple(repository.audits.checks(1)),
            repository.audits.last_interrupted("project", ()),
        )
    return found


def test_an_older_registry_can_be_read_as_the_same_after_its_upgrade(any_older: Path) -> None:
    fill(any_older)
    revision = status(SqliteFile(any_older)).revision
    assert status(SqliteFile(any_older)) == SchemaStatus(revision, SCHEMA_REVISION)
    assert status(SqliteFile(any_older)).state is SchemaState.OLDER
    assert check(SqliteFile(any_older)) == []
    before = everything(any_older)
    saved = any_older.with_name(f"older.db.{revision}-20260304T050607Z.bak")
    assert upgrade(SqliteFile(any_older), at=AT) == Upgraded(revision, SCHEMA_REVISION, saved)
    assert everything(any_older) == before == everything(saved)
    assert before[5] == (a_check(entry().id), failed_check(entry().id))
    assert before[6:] == ([entry().id], ((), None, set(), ()), (), None)
    assert (status(SqliteFile(any_older)).state, status(SqliteFile(saved)).state) == (
        SchemaState.CURRENT,
        SchemaState.OLDER,
    )
    assert check(SqliteFile(any_older)) == check(SqliteFile(saved)) == []


def test_an_older_registry_is_not_written_and_says_what_to_run(older: Path) -> None:
    before = older.read_bytes()
    with pytest.raises(SchemaError) as error:
        open_repository(SqliteFile(older))
    assert (error.value.message, error.value.step) == (
        f"registry {older} has schema 0001_initial; this seedreg writes {SCHEMA_REVISION}",
        Step.UPGRADE_REGISTRY,
    )
    assert older.read_bytes() == before


@pytest.mark.parametrize("write", [True, False])
def test_a_newer_registry_is_not_opened_and_says_what_to_upgrade(path: Path, write: bool) -> None:
    execute(path, f"UPDATE {VERSION_TABLE} SET version_num = '0099_future'")
    for use in (
        lambda: open_repository(SqliteFile(path), write=write),
        lambda: upgrade(SqliteFile(path)),
        lambda: check(SqliteFile(path)),
    ):
        with pytest.raises(SchemaError) as error:
            use()
        assert (error.value.message, error.value.hint) == (
            f"registry {path} has schema 0099_future, newer than this seedreg's {SCHEMA_REVISION}",
            "upgrade seedreg",
        )
    assert status(SqliteFile(path)) == SchemaStatus("0099_future", SCHEMA_REVISION)
    assert status(SqliteFile(path)).state is SchemaState.NEWER
    assert os.listdir(path.parent) == ["registry.db"]


def test_a_registry_upgraded_by_another_program_is_not_written_any_more(
    path: Path, repository: Repository
) -> None:
    execute(path, f"UPDATE {VERSION_TABLE} SET version_num = '0099_future'")
    with pytest.raises(SchemaError, match="newer than this seedreg"):
        repository.entries.add(entry(), baseline())


def test_upgrading_a_current_registry_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    assert upgrade(SqliteFile(path)) == AlreadyCurrent(SCHEMA_REVISION)
    assert (path.read_bytes(), os.listdir(path.parent)) == (before, ["registry.db"])


FAILING_REVISION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0099_fails", "0003_waivers"
def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("DELETE FROM checks")
    with op.batch_alter_table("entries") as entries:
        entries.add_column(sa.Column("new", sa.Integer()))
    {how}
"""


@pytest.mark.parametrize(
    "how", ["raise RuntimeError('half-way')", "op.execute('SELECT nothing FROM nowhere')"]
)
def test_an_upgrade_that_fails_half_way_leaves_the_registry_as_it_was(
    older: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    fill(older)
    before, tables = everything(older), definitions(older)
    folder = Path(shutil.copytree(migrations_folder(), older.parent / "migrations 100%"))
    (folder / "versions" / "0099_fails.py").write_text(FAILING_REVISION.format(how=how))
    monkeypatch.setattr(schema_module, "migrations_folder", lambda: folder)
    monkeypatch.setattr(revisions_module, "SCHEMA_REVISION", "0099_fails")
    with pytest.raises((RuntimeError, RegistryError)):
        upgrade(SqliteFile(older), at=AT)
    monkeypatch.undo()
    assert (everything(older), definitions(older)) == (before, tables)
    assert status(SqliteFile(older)).revision == "0001_initial"
    assert check(SqliteFile(older)) == []
    upgrade(SqliteFile(older))
    assert everything(older) == before


def test_an_upgrade_fills_the_columns_of_recipes(older: Path) -> None:
    fill(older, full_entry())
    upgrade(SqliteFile(older))
    with closing(sqlite3.connect(older)) as file:
        found = file.execute("SELECT framework, params, seeding, inputs, device FROM entries").fetchall()
    assert found == [
        (
            "tensorflow",
            '{"seed":5,"units":8}',
            "tf/1",
            '[{"dtype":"float32","shape":[28,28,1]}]',
            "gpu:0",
        )
    ]
    assert check(SqliteFile(older)) == []


def test_an_entry_that_is_damaged_does_not_stop_an_upgrade(older: Path) -> None:
    fill(older)
    execute(older, "UPDATE entries SET recipe = '{'")
    (damage,) = check(SqliteFile(older))
    assert damage.kind is ProblemKind.ENTRY_DOCUMENT
    upgrade(SqliteFile(older))
    assert check(SqliteFile(older)) == [damage]


def test_an_upgrade_waits_for_writers_and_then_says_so(older: Path) -> None:
    with closing(sqlite3.connect(older, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RegistryError, match=r"locked by another process \(waited 0.05 s\)"):
            upgrade(SqliteFile(older), busy_timeout_s=0.05)
    assert os.listdir(older.parent) == ["older.db"]


def test_an_upgrade_does_not_begin_without_its_backup(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RegistryError("no room")

    monkeypatch.setattr(SqliteBackend, "copy", fail)
    with pytest.raises(RegistryError, match="no room"):
        upgrade(SqliteFile(older), at=AT)
    assert status(SqliteFile(older)).state is SchemaState.OLDER


def test_a_backup_of_an_upgrade_that_was_killed_does_not_stop_the_next_one(older: Path) -> None:
    taken = older.with_name("older.db.0001_initial-20260304T050607Z.bak")
    taken.write_text("here first")
    done = upgrade(SqliteFile(older), at=AT)
    assert isinstance(done, Upgraded)
    assert done.backup.name == "older.db.0001_initial-20260304T050607Z-2.bak"
    assert (taken.read_text(), status(SqliteFile(done.backup)).revision) == ("here first", "0001_initial")


def test_dangling_rows_stop_an_upgrade(older: Path) -> None:
    execute(older, "INSERT INTO tags VALUES ('nobody', 'x')")
    with pytest.raises(RegistryError, match="was not upgraded: rows point to rows that do not exist"):
        upgrade(SqliteFile(older))
    assert status(SqliteFile(older)).state is SchemaState.OLDER
