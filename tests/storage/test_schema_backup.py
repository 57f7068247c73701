from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seedreg.errors import RegistryError
from seedreg.storage import (
    Repository,
    SqliteFile,
    backup,
    check,
    open_repository,
)

from .values import (
    baseline,
    entry,
)


def test_a_backup_holds_what_was_stored_while_others_go_on_writing(
    path: Path, repository: Repository
) -> None:
    repository.entries.add(entry(0), baseline())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM tags")
        backup(SqliteFile(path), path.with_name("copy.db"))
        other.execute("COMMIT")
    repository.entries.add(entry(1), baseline())
    with open_repository(SqliteFile(path.with_name("copy.db"))) as copy:
        assert copy.entries.select("build") == (entry(0),)
        copy.entries.add(entry(2), baseline())
    assert check(SqliteFile(path.with_name("copy.db"))) == []


def test_a_backup_never_overwrites(path: Path) -> None:
    target = path.with_name("notes.txt")
    target.write_text("mine")
    with pytest.raises(RegistryError) as error:
        backup(SqliteFile(path), target)
    assert (error.value.message, error.value.hint) == (
        f"{target} exists already",
        "a backup never overwrites; give another name",
    )
    assert (target.read_text(), sorted(os.listdir(path.parent))) == ("mine", ["notes.txt", "registry.db"])


def test_a_backup_into_a_missing_folder_names_the_target(path: Path) -> None:
    target = path.parent / "nowhere" / "copy.db"
    with pytest.raises(RegistryError, match=r"registry .*nowhere/copy\.db: No such file or directory"):
        backup(SqliteFile(path), target)
