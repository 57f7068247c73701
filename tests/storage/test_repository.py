from __future__ import annotations

import re
from pathlib import Path

import pytest

from seedreg.errors import RegistryError, Step
from seedreg.storage import Repository, SqliteFile, backup, companions, open_repository, upgrade
from seedreg.storage.schema import create

from .files import execute, rows
from .values import baseline, entry


def identity(path: Path) -> str | None:
    with open_repository(SqliteFile(path), write=False) as repository:
        return repository.identity


def test_every_registry_has_an_identity_of_its_own(tmp_path: Path) -> None:
    paths = (tmp_path / "one.db", tmp_path / "two.db")
    for path in paths:
        create(SqliteFile(path))
    first, second = map(identity, paths)
    assert first is not None
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert first == identity(paths[0]) != second


def test_a_copy_has_the_identity_of_the_registry(path: Path) -> None:
    backup(SqliteFile(path), path.with_name("copy.db"))
    assert identity(path.with_name("copy.db")) == identity(path)


def test_an_upgrade_gives_an_identity(any_older: Path) -> None:
    assert identity(any_older) is None
    upgrade(SqliteFile(any_older))
    assert identity(any_older) is not None


@pytest.mark.parametrize("damage", ["DELETE FROM registry", "UPDATE registry SET identity = 'x'"])
def test_a_registry_without_its_identity_is_damaged(path: Path, damage: str) -> None:
    execute(path, damage)
    with pytest.raises(RegistryError, match="is damaged: it has no identity") as error:
        identity(path)
    assert error.value.step is Step.CHECK_REGISTRY


def test_several_methods_are_one_transaction(repository: Repository) -> None:
    def half() -> None:
        with repository.writing():
            repository.entries.add(entry(0), baseline())
            repository.entries.set_alias(entry(0).id, "golden")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert repository.entries.get(entry(0).id) is None
    with repository.writing():
        repository.entries.add(entry(0), baseline())
        repository.entries.set_alias(entry(0).id, "golden")
    assert repository.entries.select("golden") == (entry(0, alias="golden"),)


def test_whose_weights_are_kept_is_recorded_once(path: Path, repository: Repository) -> None:
    for seed in (0, 1):
        repository.entries.add(entry(seed), baseline())
    for _ in range(2):
        repository.baselines.mark_kept(entry(1).id, 1)
    assert rows(path, "SELECT entry_id FROM kept_weights JOIN baselines ON id = baseline_id") == [
        (entry(1).id,)
    ]


def test_the_companions_of_a_registry_are_the_files_that_sqlite_and_seedreg_put_beside_it() -> None:
    assert [path.name for path in companions(Path("/a/registry.db"))] == [
        "registry.db-wal",
        "registry.db-shm",
        "registry.db-journal",
        "registry.db-queue",
    ]
