from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from seedreg.domain.entry import Entry
from seedreg.domain.problem import ProblemKind
from seedreg.errors import RegistryError, SchemaError, Step
from seedreg.storage import (
    Repository,
    SchemaState,
    SchemaStatus,
    SqliteFile,
    Upgraded,
    backup,
    check,
    open_repository,
    status,
    upgrade,
)
from seedreg.storage import revisions as revisions_module
from seedreg.storage import schema as schema_module
from seedreg.storage.opening import opened
from seedreg.storage.revisions import REVISIONS, SCHEMA_REVISION, VERSION_TABLE
from seedreg.storage.schema import create, migrations_folder
from seedreg.storage.sqlite_file import APPLICATION_ID
from seedreg.storage.tables import metadata

from .values import baseline, entry, failed_check, full_entry
from .values import check as a_check

REPOSITORY_ROOT = Path(__file__).parents[2]
AT = "2026-03-04T05:06:07Z"
STORED = entry(tags=("x",))


@pytest.fixture
def older(tmp_path: Path) -> Path:
    path = tmp_path / "older.db"
    assert create(SqliteFile(path), revision="0001_initial")
    return path


@pytest.fixture(params=REVISIONS[:-1])
def any_older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A registry of each schema before this one."""
    path = tmp_path / "older.db"
    assert create(SqliteFile(path), revision=request.param)
    return path


def definitions(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as file:
        return file.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
        ).fetchall()


def execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(statement)


# Creating


def test_a_new_registry_is_whole_and_alone_in_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "registry.db"
    assert create(SqliteFile(path))
    assert os.listdir(path.parent) == ["registry.db"]
    header = path.read_bytes()[:72]
    assert (header[:16], header[18:20]) == (b"SQLite format 3\0", b"\2\2")  # WAL
    assert int.from_bytes(header[68:72], "big") == APPLICATION_ID == 0x73647267
    assert status(SqliteFile(path)) == SchemaStatus(SCHEMA_REVISION, SCHEMA_REVISION)
    assert check(SqliteFile(path)) == []


def test_a_folder_named_seedreg_is_kept_out_of_git(tmp_path: Path) -> None:
    create(SqliteFile(tmp_path / ".seedreg" / "registry.db"))
    create(SqliteFile(tmp_path / "other" / "registry.db"))
    assert (tmp_path / ".seedreg" / ".gitignore").read_text() == "*\n"
    assert not (tmp_path / "other" / ".gitignore").exists()


def test_a_gitignore_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / ".seedreg").mkdir()
    (tmp_path / ".seedreg" / ".gitignore").write_text("mine\n")
    create(SqliteFile(tmp_path / ".seedreg" / "registry.db"))
    assert (tmp_path / ".seedreg" / ".gitignore").read_text() == "mine\n"


def test_creating_never_overwrites(path: Path) -> None:
    with open_repository(SqliteFile(path)) as repository:
        repository.entries.add(entry(), baseline())
    before = path.read_bytes()
    assert not create(SqliteFile(path))
    assert (path.read_bytes(), os.listdir(path.parent)) == (before, ["registry.db"])


@pytest.fixture
def no_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)


@pytest.mark.usefixtures("no_hard_links")
def test_without_hard_links_a_registry_is_created_just_the_same(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    assert create(SqliteFile(path))
    before = path.read_bytes()
    assert not create(SqliteFile(path))
    assert (path.read_bytes(), os.listdir(tmp_path)) == (before, ["registry.db"])


@pytest.mark.usefixtures("no_hard_links")
def test_without_hard_links_a_forgotten_lock_is_named(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    (tmp_path / "registry.db.creating").touch()
    with pytest.raises(RegistryError) as error:
        create(SqliteFile(path), wait_s=0.1)
    assert (error.value.message, error.value.hint) == (
        f"another process is creating {path} (waited 0.1 s)",
        f"remove {path}.creating if no seedreg is running",
    )
    assert os.listdir(tmp_path) == ["registry.db.creating"]


def test_a_failure_while_creating_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(schema_module, "_migrate", full)
    with pytest.raises(RegistryError) as error:
        create(SqliteFile(tmp_path / "registry.db"))
    assert error.value.message == f"registry {tmp_path / 'registry.db'}: No space left on device"
    assert os.listdir(tmp_path) == []


# Revisions


def test_the_constants_are_the_revisions_in_their_order() -> None:
    script = ScriptDirectory(str(migrations_folder()))
    assert tuple(revision.revision for revision in script.walk_revisions())[::-1] == REVISIONS
    assert REVISIONS[-1] == SCHEMA_REVISION


def test_revisions_import_nothing_of_seedreg() -> None:
    for path in (migrations_folder() / "versions").glob("*.py"):
        assert "seedreg" not in path.read_text()


def test_the_migrations_make_exactly_the_tables_the_code_uses(path: Path) -> None:
    with opened(SqliteFile(path), write=False) as database:
        options = {"version_table": VERSION_TABLE}
        context = MigrationContext.configure(database.backend.connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_a_fresh_and_an_upgraded_registry_are_defined_alike(path: Path, any_older: Path) -> None:
    assert definitions(any_older) != definitions(path)
    upgrade(SqliteFile(any_older))
    assert definitions(any_older) == definitions(path)


def test_the_ini_file_suggests_no_revision_number_that_is_taken() -> None:
    suggested = re.findall(r"--rev-id (\S+)", (REPOSITORY_ROOT / "alembic.ini").read_text())
    assert suggested == ["NNNN_what_it_adds"]


def test_developers_reach_the_same_revisions_through_the_ini_file(tmp_path: Path, path: Path) -> None:
    scratch = tmp_path / "scratch 100%.db"
    alembic = [
        sys.executable,
        "-m",
        "alembic",
        "-c",
        str(REPOSITORY_ROOT / "alembic.ini"),
        "-x",
        f"db={scratch}",
    ]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY_ROOT)}
    for command in (["upgrade", "head"], ["check"]):
        subprocess.run([*alembic, *command], check=True, env=environment, cwd=tmp_path, capture_output=True)
    assert definitions(scratch) == definitions(path)


# Older and newer files


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


# Upgrading


def test_upgrading_a_current_registry_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    assert upgrade(SqliteFile(path)) == Upgraded(SCHEMA_REVISION, SCHEMA_REVISION, None)
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


def test_an_upgrade_does_not_begin_without_its_backup(older: Path) -> None:
    older.with_name("older.db.0001_initial-20260304T050607Z.bak").write_text("here first")
    with pytest.raises(RegistryError, match="exists already"):
        upgrade(SqliteFile(older), at=AT)
    assert status(SqliteFile(older)).state is SchemaState.OLDER


def test_dangling_rows_stop_an_upgrade(older: Path) -> None:
    execute(older, "INSERT INTO tags VALUES ('nobody', 'x')")
    with pytest.raises(RegistryError, match="was not upgraded: rows point to rows that do not exist"):
        upgrade(SqliteFile(older))
    assert status(SqliteFile(older)).state is SchemaState.OLDER


# Backups


def test_a_backup_holds_what_was_stored_while_others_go_on_writing(
    path: Path, repository: Repository
) -> None:
    repository.entries.add(entry(0), baseline())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM tags")
        backup(SqliteFile(path), path.with_name("copy.db"))
        other.execute("COMMIT")
    repository.entries.add(entry(1), baseline())
    with open_repository(SqliteFile(path.with_name("copy.db"))) as copy:
        assert copy.entries.select("build") == (entry(0),)
        copy.entries.add(entry(2), baseline())
    assert check(SqliteFile(path.with_name("copy.db"))) == []


def test_a_backup_never_overwrites(path: Path) -> None:
    target = path.with_name("notes.txt")
    target.write_text("mine")
    with pytest.raises(RegistryError) as error:
        backup(SqliteFile(path), target)
    assert (error.value.message, error.value.hint) == (
        f"{target} exists already",
        "a backup never overwrites; give another name",
    )
    assert (target.read_text(), sorted(os.listdir(path.parent))) == ("mine", ["notes.txt", "registry.db"])


def test_a_backup_into_a_missing_folder_names_the_target(path: Path) -> None:
    target = path.parent / "nowhere" / "copy.db"
    with pytest.raises(RegistryError, match=r"registry .*copy\.db cannot be opened"):
        backup(SqliteFile(path), target)
