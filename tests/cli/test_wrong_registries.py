"""A registry that is none: one clear message, exit 3 (or 2), and not a byte is changed."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from privileges import permissions_count

from .conftest import Project

DATA = Path(__file__).parents[1] / "data"
COMMANDS = [
    ("list",),
    ("register", "hangs"),
    ("verify", "build@0"),
    ("db", "status"),
    ("tag", "x", "-a", "y"),
]


def empty(path: Path) -> None:
    path.touch()


def noise(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 64)


def text(path: Path) -> None:
    path.write_text("not a registry\n")


def folder(path: Path) -> None:
    path.mkdir()


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE entries (id INTEGER)")
    file.close()


def newer(path: Path) -> None:
    shutil.copy(max(DATA.glob("registry-*.db")), path)
    file = sqlite3.connect(path)
    file.execute("UPDATE seedreg_alembic_version SET version_num = '9999_future'")
    file.commit()
    file.close()


def cut(path: Path) -> None:
    path.write_bytes(max(DATA.glob("registry-*.db")).read_bytes()[:5000])


def state(path: Path) -> object:
    """Everything at the path and beside it."""
    found = {}
    for each in [path, *path.parent.rglob("*")]:
        if each.is_file() and "__pycache__" not in each.parts:
            found[str(each)] = each.read_bytes()
    return found


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (empty, "{db} is empty, not a registry"),
        (noise, "{db} is not a seedreg registry: file is not a database"),
        (text, "{db} is not a seedreg registry: file is not a database"),
        (folder, "{db} is a folder, not a registry"),
        (foreign, "{db} is another program's SQLite file, not a seedreg registry"),
        (cut, "registry {db} is damaged: database disk image is malformed"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_no_registry_is_told_at_once_and_left_alone(
    empty_project: Project, make: Callable[[Path], None], message: str, command: tuple[str, ...]
) -> None:
    db = empty_project.root / "some.db"
    make(db)
    before = state(db)
    started = time.monotonic()
    result = empty_project(*command, "--db", "some.db")
    assert (result.code, result.out) == (3, "")
    assert result.err.splitlines()[0] == f"seedreg: error: {message.format(db=db)}"
    assert len(result.err.splitlines()) <= 2
    assert time.monotonic() - started < 5
    assert state(db) == before


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_newer_registry_says_to_upgrade_seedreg(empty_project: Project, command: tuple[str, ...]) -> None:
    db = empty_project.root / "some.db"
    newer(db)
    before = db.read_bytes()
    result = empty_project(*command, "--db", "some.db")
    assert result.code == 3
    assert "upgrade seedreg" in result.out + result.err
    assert db.read_bytes() == before


def test_an_older_registry_can_be_read_and_says_how_to_upgrade_it(empty_project: Project) -> None:
    db = empty_project.root / "some.db"
    shutil.copy(DATA / "registry-0001.db", db)
    before = db.read_bytes()
    assert empty_project("list", "--all", "--db", "some.db").code == 0
    for command in (("register", "hangs"), ("verify", "build@0"), ("tag", "x", "-a", "y")):
        result = empty_project(*command, "--db", "some.db")
        assert (result.code, result.out) == (3, "")
        assert result.err.startswith(
            f"seedreg: error: registry {db} has schema 0001_initial; this seedreg writes "
        )
        assert result.err.endswith("  hint: run `seedreg db upgrade` (takes a backup first)\n")
    assert db.read_bytes() == before
    # The sample's sources have made-up hashes: nothing else may be wrong with it, then or afterwards.
    checked = empty_project("db", "check", "--db", "some.db")
    status = empty_project("db", "status", "--db", "some.db")
    assert (status.code, status.out.splitlines()[-1]) == (0, "  next: seedreg db upgrade")
    upgraded = empty_project("db", "upgrade", "--db", "some.db")
    assert (upgraded.code, upgraded.err) == (0, "")
    (backup,) = empty_project.root.glob("some.db.*.bak")
    assert upgraded.out.splitlines()[1] == f"backup    {backup}"
    assert empty_project("db", "check", "--db", "some.db") == checked
    problems = [line for line in checked.out.splitlines() if line.startswith("problem")]
    assert [line.endswith("its source is impossible: text") for line in problems] == [True] * 4


@pytest.mark.parametrize("command", [("list",), ("verify", "x"), ("db", "status"), ("show", "x")])
def test_no_registry_says_what_creates_one(empty_project: Project, command: tuple[str, ...]) -> None:
    assert empty_project(*command).shown == (
        3,
        "",
        f"seedreg: error: no registry at {empty_project.db}\n"
        "  hint: `seedreg register` creates one; --db names another\n",
    )
    assert not empty_project.db.parent.exists()


def test_a_registry_that_vanished_between_two_commands_is_missed_and_made_anew(project: Project) -> None:
    assert project("list").code == 0
    shutil.rmtree(project.db.parent)
    assert project("verify", "build@0").code == 3
    assert not project.db.exists()
    assert project("register", "constant").code == 0


@pytest.mark.parametrize("name", ["100% sure.db", "who?.db", "a b/c d.db", "#1&x=y.db", "é ü.db", "-dash.db"])
def test_any_name_will_do(empty_project: Project, name: str) -> None:
    db = f"--db={name}"
    assert empty_project("register", "constant", db).code == 0
    assert (empty_project.root / name).exists()
    assert "models:constant@0" in empty_project("list", db).out
    assert empty_project("db", "check", db).code == 0


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_only_sqlite_urls_are_known_and_passwords_are_not_repeated(
    empty_project: Project, command: tuple[str, ...]
) -> None:
    assert empty_project(*command, "--db", "postgresql://me:secret@host/db").shown == (
        2,
        "",
        "seedreg: error: the registry cannot be at a postgresql:// URL: only SQLite files are supported\n"
        "  hint: give a path, or sqlite:///PATH\n",
    )


def test_a_sqlite_url_is_a_path(project: Project) -> None:
    assert project("list", "--db", "sqlite:///.seedreg/registry.db").out == project("list").out
    assert project("--db", f"sqlite:///{project.db}", "list").out == project("list").out


@pytest.fixture
def unprivileged(empty_project: Project) -> Iterator[Path]:
    """A folder that this process may read and not write."""
    db_folder = empty_project.root / "kept"
    db_folder.mkdir()
    shutil.copy(max(DATA.glob("registry-*.db")), db_folder / "registry.db")
    (db_folder / "registry.db").chmod(0o644)
    db_folder.chmod(0o555)
    try:
        with permissions_count():
            yield db_folder
    finally:
        db_folder.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_built(
    empty_project: Project, unprivileged: Path
) -> None:
    before = state(unprivileged / "registry.db")
    new = unprivileged / "new.db"
    assert empty_project("register", "hangs", "--python", "/bin/sh", "--db", str(new)).shown == (
        3,
        "",
        f"seedreg: error: registry {new} cannot be opened\n"
        "  hint: may this user read the file, and write its folder?\n",
    )
    old = unprivileged / "registry.db"
    for command in (("register", "hangs"), ("verify", "build")):
        assert empty_project(*command, "--python", "/bin/sh", "--db", str(old)).shown == (
            3,
            "",
            f"seedreg: error: registry {old} cannot be written: it or its folder is read-only\n"
            "  hint: commands that only read still work\n",
        )
    assert empty_project("list", "--all", "--db", str(old)).code == 0
    assert state(old) == before


def test_a_locked_registry_can_be_read_and_says_who_waits(project: Project) -> None:
    project.write("pyproject.toml", '[tool.seedreg]\nproject = "shop"\nbusy_timeout = 0.2\n')
    other = sqlite3.connect(project.db, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert project("list").code == 0
        for command in (("tag", "coin", "-a", "x"), ("verify", "coin"), ("register", "constant")):
            assert project(*command).shown == (
                3,
                "",
                f"seedreg: error: registry {project.db} is locked by another process (waited 0.2 s)\n"
                "  hint: try again when the other command has ended\n",
            )
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert project.processes() == []
    assert [
        row["last_check"] for row in project("list", "--factory", "flips", "--json").document["entries"]
    ] == [None]


@pytest.mark.parametrize("command", [("list",), ("register", "constant"), ("config",)])
@pytest.mark.parametrize(
    ("pyproject", "complaint"),
    [
        ("[tool.seedreg\n", "/pyproject.toml, line 1: not valid TOML: "),
        ('[tool.seedreg]\ndbs = "x"\n', "unknown key 'dbs' in [tool.seedreg] in "),
        ("[tool.seedreg]\njobs = 0\n", "jobs = 0 ([tool.seedreg] in "),
        ('tool.seedreg = "x"\n', "[tool.seedreg] in "),
    ],
    ids=["broken", "unknown key", "wrong value", "no table"],
)
def test_a_wrong_configuration_is_told_by_every_command(
    project: Project, pyproject: str, complaint: str, command: tuple[str, ...]
) -> None:
    project.write("pyproject.toml", pyproject)
    before = state(project.db)
    result = project(*command)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("seedreg: error: ")
    assert complaint in result.err
    assert state(project.db) == before


def test_an_unknown_key_names_the_nearest_known_one(project: Project) -> None:
    project.write("pyproject.toml", "[tool.seedreg]\ntimeouts = 3\n")
    assert project("list").err.endswith("  hint: did you mean 'timeout'?\n")
