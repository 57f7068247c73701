"""`db backup`, `db restore` and `db status`: copies of the registry with everything that belongs to it."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from privileges import permissions_count

from seedreg.storage import SqliteFile
from seedreg.storage.schema import create

from .conftest import Project


def labels(project: Project, *options: str) -> list[str]:
    entries = project("list", "--json", *options).document["entries"]
    return [f"{entry['recipe']['factory']}@{entry['recipe']['seed']}" for entry in entries]


def killed(project: Project) -> Path:
    """The -wal of a command that was killed after it had registered `constant`."""
    wal = project.db.with_name("registry.db-wal")
    with closing(sqlite3.connect(project.db)) as other:
        other.execute("SELECT count(*) FROM entries").fetchone()
        assert project("register", "constant").code == 0
        kept = {path: path.read_bytes() for path in (project.db, wal)}
    for path, content in kept.items():
        path.write_bytes(content)
    return wal


def test_a_backup_is_a_registry_with_its_weights(project: Project) -> None:
    project("register", "constant", "--keep-weights")
    (project.root / "elsewhere").mkdir()
    assert project("db", "backup", "elsewhere/copy.db").shown == (
        0,
        "backup    elsewhere/copy.db\nweights   1 tensor\n",
        "",
    )
    assert labels(project, "--db", "elsewhere/copy.db") == labels(project)
    assert project("db", "check", "--db", "elsewhere/copy.db").code == 0
    shutil.rmtree(project.root / "elsewhere" / "objects")
    check = project("db", "check", "--db", "elsewhere/copy.db")
    assert check.code == 3
    assert re.search(r"baseline 1 of entry \w{12}: 1 of its 1 kept tensors are missing", check.out)


@pytest.mark.parametrize("name", ["registry.db", "registry.db-wal", "objects/ab/cd"])
def test_a_backup_does_not_go_into_the_registrys_own_files(project: Project, name: str) -> None:
    target = project.db.parent / name
    assert project("db", "backup", str(target)).shown == (
        2,
        "",
        f"seedreg: error: {target} is part of the registry {project.db}\n  hint: name another file\n",
    )


def test_a_restored_registry_replaces_the_one_before_which_is_kept(project: Project) -> None:
    project("db", "backup", "copy.db")
    before = labels(project)
    killed(project)
    done = project("db", "restore", "copy.db")
    (kept,) = project.db.parent.glob("*.bak")
    assert done.shown == (0, f"restored  {project.db}\nreplaced  {kept}\n", "")
    assert labels(project) == before
    assert labels(project, "--db", str(kept)) == sorted([*before, "models:constant@0"])
    assert project("db", "check").code == 0


def test_a_file_that_cannot_be_read_is_replaced_together_with_its_wal(project: Project) -> None:
    project("db", "backup", "copy.db")
    wal = killed(project)
    project.db.write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    found = project("list")
    assert (found.code, found.out) == (3, "")
    assert project("db", "restore", "copy.db").code == 0
    assert (wal.exists(), project("db", "check").code) == (False, 0)


def test_no_registry_is_created_beside_the_wal_of_one_that_was_removed(project: Project) -> None:
    project("db", "backup", "copy.db")
    wal = killed(project)
    project.db.unlink()
    assert project("register", "constant").shown == (
        3,
        "",
        f"seedreg: error: there is no registry at {project.db}, but {wal.name} beside it "
        "holds what one wrote last\n"
        f"  hint: `seedreg db restore BACKUP` sets it aside; without a backup, remove {wal}\n",
    )
    assert project("db", "restore", "copy.db").code == 0
    assert (wal.exists(), project("db", "check").code) == (False, 0)


def test_a_damaged_registry_names_restore_and_the_wal(project: Project) -> None:
    whole = project.db.read_bytes()
    project.db.write_bytes(whole[:4096] + b"\xff" * 20480 + whole[24576:])
    found = project("list")
    assert found.code == 3
    assert "`seedreg db restore BACKUP` replaces it together with the -wal beside it" in found.err


def test_a_backup_that_is_not_sound_is_not_restored(project: Project) -> None:
    project("db", "backup", "copy.db")
    with closing(sqlite3.connect(project.root / "copy.db")) as file, file:
        file.execute("UPDATE checks SET verdict = 'DRIFTED'")
    assert project("db", "restore", "copy.db").shown == (
        3,
        "",
        "seedreg: error: backup copy.db is not sound: 1 problem; nothing was changed\n"
        "  hint: `seedreg db check --db copy.db` lists them\n",
    )


def test_an_older_backup_is_restored_and_then_to_be_upgraded(project: Project) -> None:
    old = project.root / "old.db"
    assert create(SqliteFile(old), revision="0001_initial")
    done = project("db", "restore", "old.db")
    assert (done.code, done.out.splitlines()[-1]) == (0, "  next: seedreg db upgrade")


def test_status_shows_what_is_pending_and_what_is_kept(project: Project) -> None:
    project("register", "constant", "--keep-weights")
    folder = project.db.parent / "objects"
    assert f"weights   32 bytes in {folder}\n" in project("db", "status").out
    size = killed(project).stat().st_size
    status = project("db", "status")
    assert (
        f"pending   {size:,} bytes in the -wal beside it: copy both with `seedreg db backup`\n" in status.out
    )
    assert (status.code, status.err) == (0, "")


def test_status_warns_of_a_registry_in_git_with_a_wal_beside_it(project: Project) -> None:
    git = ("git", "-C", str(project.root))
    subprocess.run([*git, "init", "-q"], check=True, env=project.environ)
    subprocess.run([*git, "add", "-f", str(project.db)], check=True, env=project.environ)
    assert project("db", "status").err == ""
    killed(project)
    status = project("db", "status")
    assert (status.code, status.err.startswith(f"seedreg: warning: git tracks {project.db}")) == (0, True)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_weights_that_this_user_may_not_read_are_not_called_missing(project: Project) -> None:
    project("register", "constant", "--keep-weights")
    objects = project.db.parent / "objects"
    objects.chmod(0o444)
    try:
        with permissions_count():
            found = project("db", "check")
    finally:
        objects.chmod(0o755)
    assert found.shown == (3, f"problem   weights {objects} cannot be read: Permission denied\n", "")
    assert project("db", "check").code == 0


def test_a_backup_that_is_not_there_is_no_reason_to_register(project: Project) -> None:
    assert project("db", "restore", "nothing.db").shown == (
        3,
        "",
        "seedreg: error: no backup at nothing.db\n",
    )
