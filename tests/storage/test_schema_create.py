from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from seedreg.errors import RegistryError
from seedreg.storage import (
    SchemaStatus,
    SqliteFile,
    check,
    open_repository,
    status,
)
from seedreg.storage import schema as schema_module
from seedreg.storage.revisions import SCHEMA_REVISION
from seedreg.storage.schema import create
from seedreg.storage.sqlite_file import APPLICATION_ID

from .values import (
    baseline,
    entry,
)


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

    monkeypatch.setattr(schema_module, "migrate", full)
    with pytest.raises(RegistryError) as error:
        create(SqliteFile(tmp_path / "registry.db"))
    assert error.value.message == f"registry {tmp_path / 'registry.db'}: No space left on device"
    assert os.listdir(tmp_path) == []
