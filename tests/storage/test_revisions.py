from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from seedreg.storage import (
    SqliteFile,
    upgrade,
)
from seedreg.storage.opening import opened
from seedreg.storage.revisions import REVISIONS, SCHEMA_REVISION, VERSION_TABLE
from seedreg.storage.schema import migrations_folder
from seedreg.storage.tables import metadata

from .files import definitions

REPOSITORY_ROOT = Path(__file__).parents[2]


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
