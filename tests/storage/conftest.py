from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from privileges import permissions_count

from seedreg.storage import Repository, SqliteFile, open_repository
from seedreg.storage.revisions import REVISIONS
from seedreg.storage.schema import create

from .values import AT, OTHER, baseline, entry


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry without entries, to be copied: creating one takes 0.3 s."""
    path = tmp_path_factory.mktemp("empty") / "registry.db"
    assert create(SqliteFile(path))
    return path


@pytest.fixture
def path(tmp_path: Path, empty_registry: Path) -> Path:
    """An empty registry of the test's own."""
    return Path(shutil.copy(empty_registry, tmp_path / "registry.db"))


@pytest.fixture
def repository(path: Path) -> Iterator[Repository]:
    with open_repository(SqliteFile(path)) as repository:
        yield repository


@pytest.fixture
def guarded(tmp_path: Path, empty_registry: Path) -> Iterator[Path]:
    """An empty registry in a folder whose permissions count."""
    folder = tmp_path / "guarded"
    folder.mkdir()
    path = Path(shutil.copy(empty_registry, folder / "registry.db"))
    try:
        with permissions_count():
            yield path
    finally:
        folder.chmod(0o700)  # else pytest could not remove it


@pytest.fixture
def two(repository: Repository) -> Repository:
    """A registry of two entries, without audits."""
    for seed in (0, 1):
        repository.entries.add(entry(seed), baseline())
    return repository


@pytest.fixture
def populated(repository: Repository) -> Repository:
    for stored in (
        entry(1, alias="golden"),
        entry(0, tags=("nightly",)),
        entry(10, retired_at=AT, alias="retired", tags=("nightly",)),
        entry(2, OTHER, tags=("nightly", "x")),
        entry(0, "models/nets.py:build"),
    ):
        repository.entries.add(stored, baseline())
    return repository


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
