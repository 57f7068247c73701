from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from seedreg.domain.audit import AuditPlan, Waiver
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.errors import RegistryError, SchemaError
from seedreg.storage import (
    Repository,
    SchemaStatus,
    Upgraded,
    backup,
    check,
    open_repository,
    status,
    upgrade,
)
from seedreg.storage import schema as schema_module
from seedreg.storage.engine import APPLICATION_ID, connect, engine_on
from seedreg.storage.schema import REVISIONS, SCHEMA_REVISION, VERSION_TABLE, create, migrations_folder
from seedreg.storage.tables import metadata

from .values import baseline, entry, failed_check
from .values import check as a_check

REPOSITORY_ROOT = Path(__file__).parents[2]
AT = "2026-03-04T05:06:07Z"


@pytest.fixture
def older(tmp_path: Path) -> Path:
    path = tmp_path / "older.db"
    assert create(path, revision="0001_initial")
    return path


@pytest.fixture(params=REVISIONS[:-1])
def any_older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A registry of each schema before this one."""
    path = tmp_path / "older.db"
    assert create(path, revision=request.param)
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
    assert create(path)
    assert os.listdir(path.parent) == ["registry.db"]
    header = path.read_bytes()[:72]
    assert (header[:16], header[18:20]) == (b"SQLite format 3\0", b"\2\2")  # WAL
    assert int.from_bytes(header[68:72], "big") == APPLICATION_ID == 0x73647267
    assert status(path) == SchemaStatus(SCHEMA_REVISION, SCHEMA_REVISION)
    assert check(path) == []


def test_a_folder_named_seedreg_is_kept_out_of_git(tmp_path: Path) -> None:
    create(tmp_path / ".seedreg" / "registry.db")
    create(tmp_path / "other" / "registry.db")
    assert (tmp_path / ".seedreg" / ".gitignore").read_text() == "*\n"
    assert not (tmp_path / "other" / ".gitignore").exists()


def test_a_gitignore_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / ".seedreg").mkdir()
    (tmp_path / ".seedreg" / ".gitignore").write_text("mine\n")
    create(tmp_path / ".seedreg" / "registry.db")
    assert (tmp_path / ".seedreg" / ".gitignore").read_text() == "mine\n"


def test_creating_never_overwrites(path: Path) -> None:
    with open_repository(path) as repository:
        repository.add_entry(entry(), baseline())
    before = path.read_bytes()
    assert not create(path)
    assert (path.read_bytes(), os.listdir(path.parent)) == (before, ["registry.db"])


@pytest.fixture
def no_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)


@pytest.mark.usefixtures("no_hard_links")
def test_without_hard_links_a_registry_is_created_just_the_same(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    assert create(path)
    before = path.read_bytes()
    assert not create(path)
    assert (path.read_bytes(), os.listdir(tmp_path)) == (before, ["registry.db"])


@pytest.mark.usefixtures("no_hard_links")
def test_without_hard_links_a_forgotten_lock_is_named(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    (tmp_path / "registry.db.creating").touch()
    with pytest.raises(RegistryError) as error:
        create(path, wait_s=0.1)
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
        create(tmp_path / "registry.db")
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
    with closing(connect(path, write=False)) as file, engine_on(file).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []


def test_a_fresh_and_an_upgraded_registry_are_defined_alike(path: Path, any_older: Path) -> None:
    assert definitions(any_older) != definitions(path)
    upgrade(any_older)
    assert definitions(any_older) == definitions(path)


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


def fill(older: Path) -> None:
    """Put an entry with two checks into a registry of an older schema."""
    current = older.with_name("current.db")
    with open_repository(current, create=True) as repository:
        repository.add_entry(entry(tags=("x",)), baseline())
        repository.add_check(a_check(entry().id))
        repository.add_check(failed_check(entry().id))
    with closing(sqlite3.connect(older, isolation_level=None)) as file:
        file.execute("ATTACH ? AS current", (str(current),))
        for table in ("entries", "fingerprints", "environments", "baselines", "checks", "tags"):
            columns = ", ".join(row[1] for row in file.execute(f"PRAGMA main.table_info({table})"))
            file.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM current.{table}")
    current.unlink()


def everything(path: Path) -> tuple[object, ...]:
    with open_repository(path, write=False) as repository:
        id_ = entry().id
        found = (
            repository.entry(id_),
            repository.select("build"),
            repository.summaries(),
            repository.current_baseline(id_),
            repository.baselines(id_),
            repository.checks(id_),
            repository.entry_ids(unchecked_since=AT),
            (repository.audits(), repository.audit(1), repository.checked_in(1), repository.waivers()),
            tuple(repository.audit_checks(1)),
            repository.last_interrupted_audit("project", ()),
        )
    return found


def test_an_older_registry_can_be_read_as_the_same_after_its_upgrade(any_older: Path) -> None:
    fill(any_older)
    revision = status(any_older).revision
    assert status(any_older) == SchemaStatus(revision, SCHEMA_REVISION)
    assert status(any_older).state == "older"
    assert check(any_older) == []
    before = everything(any_older)
    saved = any_older.with_name(f"older.db.{revision}-20260304T050607Z.bak")
    assert upgrade(any_older, at=AT) == Upgraded(revision, SCHEMA_REVISION, saved)
    assert everything(any_older) == before == everything(saved)
    assert before[5] == (a_check(entry().id), failed_check(entry().id))
    assert before[6:] == ([entry().id], ((), None, set(), ()), (), None)
    assert (status(any_older).state, status(saved).state) == ("current", "older")
    assert check(any_older) == check(saved) == []


def test_an_older_registry_is_not_written_and_says_what_to_run(older: Path) -> None:
    before = older.read_bytes()
    with pytest.raises(SchemaError) as error:
        open_repository(older)
    assert (error.value.message, error.value.hint) == (
        f"registry {older} has schema 0001_initial; this seedreg writes {SCHEMA_REVISION}",
        "run `seedreg db upgrade` (takes a backup first)",
    )
    assert older.read_bytes() == before


@pytest.mark.parametrize("write", [True, False])
def test_a_newer_registry_is_not_opened_and_says_what_to_upgrade(path: Path, write: bool) -> None:
    execute(path, f"UPDATE {VERSION_TABLE} SET version_num = '0099_future'")
    for use in (lambda: open_repository(path, write=write), lambda: upgrade(path), lambda: check(path)):
        with pytest.raises(SchemaError) as error:
            use()
        assert (error.value.message, error.value.hint) == (
            f"registry {path} has schema 0099_future, newer than this seedreg's {SCHEMA_REVISION}",
            "upgrade seedreg",
        )
    assert status(path) == SchemaStatus("0099_future", SCHEMA_REVISION)
    assert status(path).state == "newer"
    assert os.listdir(path.parent) == ["registry.db"]


def test_a_registry_upgraded_by_another_program_is_not_written_any_more(
    path: Path, repository: Repository
) -> None:
    execute(path, f"UPDATE {VERSION_TABLE} SET version_num = '0099_future'")
    with pytest.raises(SchemaError, match="newer than this seedreg"):
        repository.add_entry(entry(), baseline())


# Upgrading


def test_upgrading_a_current_registry_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    assert upgrade(path) == Upgraded(SCHEMA_REVISION, SCHEMA_REVISION, None)
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
    monkeypatch.setattr(schema_module, "SCHEMA_REVISION", "0099_fails")
    with pytest.raises((RuntimeError, RegistryError)):
        upgrade(older, at=AT)
    monkeypatch.undo()
    assert (everything(older), definitions(older)) == (before, tables)
    assert status(older).revision == "0001_initial"
    assert check(older) == []
    upgrade(older)
    assert everything(older) == before


def test_an_upgrade_waits_for_writers_and_then_says_so(older: Path) -> None:
    with closing(sqlite3.connect(older, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RegistryError, match=r"locked by another process \(waited 0.05 s\)"):
            upgrade(older, busy_timeout_s=0.05)
    assert os.listdir(older.parent) == ["older.db"]


def test_an_upgrade_does_not_begin_without_its_backup(older: Path) -> None:
    older.with_name("older.db.0001_initial-20260304T050607Z.bak").write_text("here first")
    with pytest.raises(RegistryError, match="exists already"):
        upgrade(older, at=AT)
    assert status(older).state == "older"


def test_dangling_rows_stop_an_upgrade(older: Path) -> None:
    execute(older, "INSERT INTO tags VALUES ('nobody', 'x')")
    with pytest.raises(RegistryError, match="was not upgraded: rows point to rows that do not exist"):
        upgrade(older)
    assert status(older).state == "older"


# Backups


def test_a_backup_holds_what_was_stored_while_others_go_on_writing(
    path: Path, repository: Repository
) -> None:
    repository.add_entry(entry(0), baseline())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM tags")
        backup(path, path.with_name("copy.db"))
        other.execute("COMMIT")
    repository.add_entry(entry(1), baseline())
    with open_repository(path.with_name("copy.db")) as copy:
        assert copy.select("build") == (entry(0),)
        copy.add_entry(entry(2), baseline())
    assert check(path.with_name("copy.db")) == []


def test_a_backup_never_overwrites(path: Path) -> None:
    target = path.with_name("notes.txt")
    target.write_text("mine")
    with pytest.raises(RegistryError) as error:
        backup(path, target)
    assert (error.value.message, error.value.hint) == (
        f"{target} exists already",
        "a backup never overwrites; give another name",
    )
    assert (target.read_text(), sorted(os.listdir(path.parent))) == ("mine", ["notes.txt", "registry.db"])


def test_a_backup_into_a_missing_folder_names_the_target(path: Path) -> None:
    target = path.parent / "nowhere" / "copy.db"
    with pytest.raises(RegistryError, match=r"registry .*copy\.db cannot be opened"):
        backup(path, target)


# Checking


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("UPDATE entries SET seed = 5", "entry {id}: its columns are not those of its recipe"),
        (
            """UPDATE entries SET recipe = replace(recipe, '"seed":0', '"seed":1'), seed = 1""",
            "entry {id}: its recipe has the id {other}",
        ),
        (
            "UPDATE entries SET recipe = '{{'",
            "entry {id}: its document cannot be read (JSONDecodeError: "
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1))",
        ),
        ("UPDATE fingerprints SET digest = 'x'", "fingerprint 1: its document has the digest {digest}"),
        (
            "UPDATE fingerprints SET parameter_count = 1",
            "fingerprint 1: its counts are not those of its document",
        ),
        (
            "UPDATE fingerprints SET document = document || ' '",
            "fingerprint 1: its document is not the one that was stored",
        ),
        ("UPDATE environments SET numpy = '3'", "environment 1: its columns are not those of its document"),
        ("UPDATE environments SET digest = 'x'", "environment 1: its document does not have its digest"),
        (
            "UPDATE baselines SET number = 2",
            "entry {id}: its baselines are numbered [2], not from 1 without gaps",
        ),
        (
            "UPDATE baselines SET facts = 'x'",
            "baseline 1 of entry {id}: its document cannot be read "
            "(JSONDecodeError: Expecting value: line 1 column 1 (char 0))",
        ),
        ("UPDATE checks SET verdict = 'GOOD'", "check 1: its verdict 'GOOD' is unknown"),
        (
            "INSERT INTO tags VALUES ('nobody', 'x')",
            "row 1 of tags points to a row of entries that does not exist",
        ),
    ],
)
def test_every_damage_of_a_row_is_found(
    path: Path, repository: Repository, damage: str, problem: str
) -> None:
    repository.add_entry(entry(), baseline())
    repository.add_check(a_check(entry().id))
    assert check(path) == []
    execute(path, damage.replace("{{", "{"))
    ids = {"id": entry().short_id, "other": entry(1).id, "digest": baseline().fingerprint}
    assert check(path) == [problem.format(**ids)]


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (
            "UPDATE audits SET document = '{}'",
            "audit 1: its document cannot be read (ValueError: audit plan format None is not 1)",
        ),
        (
            "UPDATE checks SET column_label = 'there'",
            "audit 1: its plan has no check of entry {id} in 'there', as check 1 is",
        ),
        (
            "UPDATE checks SET entry_id = '{other}', baseline_id = 2",
            "audit 1: its plan has no check of entry {other:.12} in 'here', as check 1 is",
        ),
        (
            "UPDATE checks SET audit_id = 2",
            "row 1 of checks points to a row of audits that does not exist",
        ),
        (
            "UPDATE waivers SET entry_id = 'nobody'",
            "row 1 of waivers points to a row of entries that does not exist",
        ),
        ("UPDATE waivers SET until = 'Friday'", "waiver 1: 'Friday' is not a day"),
        ("UPDATE waivers SET fingerprint = 'x'", "waiver 1: 'x' is not the digest of a fingerprint"),
    ],
)
def test_every_damage_of_an_audit_or_waiver_is_found(
    path: Path, repository: Repository, damage: str, problem: str
) -> None:
    for seed in (0, 1):
        repository.add_entry(entry(seed), baseline())
    ids = {"id": entry().short_id, "other": entry(1).id}
    repository.start_audit(AuditPlan("project", (entry().id,), (EnvironmentSpec("here"),)), AT)
    repository.add_check(replace(a_check(entry().id), audit_number=1, column="here"))
    repository.add_waiver(Waiver(entry().id, "d" * 64, "known", "2026-12-31", AT))
    assert check(path) == []
    execute(path, damage.replace("{other}", entry(1).id))
    assert check(path) == [problem.format(**ids)]


def test_a_check_of_another_entrys_baseline_is_found(path: Path, repository: Repository) -> None:
    repository.add_entry(entry(0), baseline())
    repository.add_entry(entry(1), baseline())
    repository.add_check(a_check(entry(0).id))
    execute(path, f"UPDATE checks SET entry_id = '{entry(1).id}'")
    assert check(path) == ["check 1: its baseline is another entry's"]


def test_damaged_weights_are_found(path: Path) -> None:
    (path.parent / "objects" / "ab").mkdir(parents=True)
    (path.parent / "objects" / "ab" / ("c" * 62)).write_bytes(b"not that")
    (path.parent / "objects" / "ab" / "notes").write_bytes(b"")
    assert check(path) == [
        f"weights {path.parent}/objects/ab/{'c' * 62} are damaged: their SHA-256 is another one",
        f"{path.parent}/objects/ab/notes is not an object",
    ]
