from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from privileges import permissions_count

from seedreg.storage import Repository, SqliteFile, open_repository
from seedreg.storage.schema import create


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry without entries, to be copied: creating one anew takes 0.3 s."""
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
