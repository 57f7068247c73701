"""What a registry is made of, under whatever name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seedreg.storage import SqliteFile, is_part_of


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    folder = tmp_path / "project" / ".seedreg"
    (folder / "objects" / "ab").mkdir(parents=True)
    for name in ("registry.db", "registry.db.0003-20260101T000000Z.bak", "objects/ab/cd", "notes.txt"):
        (folder / name).write_text(name)
    return folder / "registry.db"


@pytest.mark.parametrize(
    "name",
    [
        "registry.db",
        "../.seedreg/./registry.db",
        "registry.db-wal",
        "registry.db-shm",
        "registry.db-journal",
        "registry.db-queue",
        "registry.db.0003-20260101T000000Z.bak",
        "objects",
        "objects/ab/cd",
        "objects/ab/new",
        "objects/new",
    ],
)
def test_the_file_its_companions_backups_and_objects_belong_to_it(registry: Path, name: str) -> None:
    assert is_part_of(SqliteFile(registry), registry.parent / name)


@pytest.mark.parametrize(
    "name", ["notes.txt", "registry.db.html", "registry.db.bak", "registry.json", "../report.xml"]
)
def test_other_files_beside_it_do_not(registry: Path, name: str) -> None:
    assert not is_part_of(SqliteFile(registry), registry.parent / name)


def test_links_to_it_do_in_both_directions(registry: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(registry)
    os.link(registry, tmp_path / "hard")
    (tmp_path / "folder").symlink_to(registry.parent)
    (tmp_path / "weights").symlink_to(registry.parent / "objects" / "ab" / "cd")
    for name in ("link", "hard", "folder/registry.db-wal", "folder/objects/x", "weights"):
        assert is_part_of(SqliteFile(registry), tmp_path / name), name
    for path in (
        registry,
        registry.with_name("registry.db-wal"),
        tmp_path / "objects",
    ):
        assert is_part_of(SqliteFile(tmp_path / "link"), path), path


def test_a_registry_that_is_not_there_yet_has_its_names_too(tmp_path: Path) -> None:
    location = SqliteFile(tmp_path / "no" / "registry.db")
    assert is_part_of(location, tmp_path / "no" / "registry.db-wal")
    assert not is_part_of(location, tmp_path / "no" / "report")
