"""Files that commands write: never the registry, through links, with their modes; paths that do not work."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from privileges import permissions_count

from seedreg.cli import COMMANDS

from .conftest import Project

PART = "seedreg: error: {} is part of the registry {}\n  hint: name another file\n"


def digests(folder: Path) -> dict[str, str]:
    """Every file below the folder with the hash of its content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def error(message: str, hint: str | None = None) -> str:
    return f"seedreg: error: {message}\n" + (f"  hint: {hint}\n" if hint else "")


# The registry -----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["audit", "report 1"])
@pytest.mark.parametrize(
    "name",
    [
        ".seedreg/registry.db",
        ".seedreg/../.seedreg/registry.db",
        ".seedreg/registry.db-wal",
        ".seedreg/registry.db-journal",
        ".seedreg/objects/report.json",
        "link",
        "hard",
    ],
)
def test_a_report_never_replaces_the_registry(project: Project, command: str, name: str) -> None:
    assert project("audit", "coin").code == 0
    (project.db.parent / "objects").mkdir(exist_ok=True)
    (project.root / "link").symlink_to(project.db)
    os.link(project.db, project.root / "hard")
    before = digests(project.root)
    result = project(*command.split(), "--format", "json", "-o", name)
    assert result.shown == (2, "", PART.format(name, project.db))
    assert digests(project.root) == before


def test_weights_and_backups_never_replace_what_belongs_to_the_registry(project: Project) -> None:
    (project.db.parent / "objects").mkdir(exist_ok=True)
    (project.root / "link.npz").symlink_to(project.db)
    inside = ".seedreg/objects/w.npz"
    for name in ("link.npz", inside):
        assert project("rebuild", "coin", "-o", name).shown == (2, "", PART.format(name, project.db))
    for name in (inside, ".seedreg/registry.db-wal"):
        assert project("db", "backup", name).shown == (2, "", PART.format(name, project.db))
    assert sorted(path.name for path in (project.db.parent / "objects").iterdir()) == []
    assert project("db", "check").code == 0


# Links and modes --------------------------------------------------------------------------------


def test_rebuilt_weights_go_through_a_link_and_keep_the_mode_of_the_file(project: Project) -> None:
    (project.root / "kept").mkdir()
    target, link = project.root / "kept" / "real.npz", project.root / "link.npz"
    link.symlink_to(target)
    assert project("rebuild", "coin", "-o", "link.npz").code == 0
    assert (link.is_symlink(), target.is_file()) == (True, True)
    target.write_bytes(b"before")
    target.chmod(0o600)
    assert project("rebuild", "coin", "-o", "link.npz").code == 0
    assert (link.is_symlink(), stat.S_IMODE(target.stat().st_mode)) == (True, 0o600)
    assert target.read_bytes().startswith(b"PK")
    assert sorted(os.listdir(project.root / "kept")) == ["real.npz"]


def test_weights_do_not_replace_a_device(project: Project) -> None:
    (project.root / "null.npz").symlink_to(os.devnull)
    assert project("rebuild", "coin", "-o", "null.npz").shown == (
        2,
        "",
        error("null.npz is not a regular file", "name a file"),
    )
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


# Paths that do not work -------------------------------------------------------------------------

LONG = "x" * 300


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (LONG, f"report {LONG} cannot be written: File name too long\n"),
        ("loop", "report loop cannot be written: Too many levels of symbolic links\n"),
        ("file/x", "report file/x cannot be written: Not a directory\n"),
        ("", "--output is empty\n  hint: name a file, or - for standard output\n"),
    ],
    ids=["long", "loop", "below a file", "empty"],
)
def test_a_path_that_no_report_can_have_is_an_error_before_the_work(
    project: Project, name: str, message: str
) -> None:
    (project.root / "loop").symlink_to("loop")
    (project.root / "file").touch()
    result = project("audit", "--format", "json", "-o", name)
    assert result.shown == (2, "", f"seedreg: error: {message}")
    assert project("audits").err == "no audits\n"


def test_a_folder_that_takes_no_files_is_an_error_before_the_work(project: Project) -> None:
    folder = project.root / "closed"
    folder.mkdir()
    for mode, message in ((0o500, "Permission denied"), (0o000, "Permission denied")):
        folder.chmod(mode)
        with permissions_count():
            report = project("audit", "--format", "json", "-o", "closed/x")
            weights = project("rebuild", "coin", "-o", "closed/x.npz")
        folder.chmod(0o700)
        assert report.shown == (2, "", error(f"report closed/x cannot be written: {message}"))
        assert weights.shown == (2, "", error(f"cannot write closed/x.npz: {message}"))
    assert project("audits").err == "no audits\n"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (f"{LONG}.npz", "File name too long"),
        ("loop.npz", "Too many levels of symbolic links"),
    ],
    ids=["long", "loop"],
)
def test_a_path_that_no_weights_can_have_is_an_error_before_the_work(
    project: Project, name: str, message: str
) -> None:
    project.write("break", "")  # a build would end with 125
    (project.root / "loop.npz").symlink_to("loop.npz")
    assert project("rebuild", "coin", "-o", name).shown == (2, "", error(f"cannot write {name}: {message}"))


ARGUMENTS = {
    "register": ["build"],
    "verify": ["build"],
    "audit": ["--format", "json", "-o", "x"],
    "show": ["build@0"],
    "history": ["build@0"],
    "accept": ["build@0", "--reason", "x"],
    "report": ["1", "--format", "json", "-o", "x"],
    "waive": ["build@0", "--reason", "x", "--until", "2999-12-31"],
    "retire": ["build"],
    "unretire": ["build"],
    "tag": ["build", "--add", "x"],
    "alias": ["build@0", "x"],
    "rebuild": ["build@0", "-o", "x.npz"],
    "blame": ["build@0"],
    "bisect": ["build@0", "--package", "keras"],
    "envs": ["list"],
    "db": ["status"],
}


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "help"])
def test_in_a_folder_that_was_deleted_every_command_ends_with_a_clear_error(
    project: Project, command: str
) -> None:
    gone = project.root / "gone"
    gone.mkdir()
    script = "import os, sys; os.rmdir(os.getcwd()); from seedreg.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, command, *ARGUMENTS.get(command, [])],
        cwd=gone,
        env=project.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    expected = error(
        "there is no current folder: No such file or directory", "change to a folder that exists"
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)


def test_help_needs_no_folder(project: Project) -> None:
    shutil.rmtree(project.root / ".seedreg")
    script = "import os; os.rmdir(os.getcwd()); from seedreg.__main__ import main; main()"
    for words in (["--help"], ["--version"], ["audit", "--help"], ["help", "audit"]):
        gone = project.root / "gone"
        gone.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", script, *words],
            cwd=gone,
            env=project.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
