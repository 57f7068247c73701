"""Which kind of database serves a location; each kind has a module of its own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from seedreg.leftovers import remove_leftovers
from seedreg.storage.database import BUSY_TIMEOUT_S, Database
from seedreg.storage.location import Location, SqliteFile
from seedreg.storage.objects import ObjectStore
from seedreg.storage.sqlite import create_sqlite, open_scratch, open_sqlite


def open_database(location: Location, *, write: bool, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Database:
    """A connection to the registry there, of any schema; without `write` nothing can be written.

    Raises:
        RegistryError: if there is no registry, or it cannot be opened so.
    """
    match location:
        case SqliteFile(path):
            return open_sqlite(path, write=write, busy_timeout_s=busy_timeout_s)


@contextmanager
def opened(location: Location, *, write: bool, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Iterator[Database]:
    """`open_database` for one block; it is closed at the end."""
    database = open_database(location, write=write, busy_timeout_s=busy_timeout_s)
    try:
        yield database
    finally:
        database.close()


def create_database(location: Location, fill: Callable[[Database], None], *, wait_s: float) -> bool:
    """Create a database that `fill` gives its tables; False when there is one by then.

    Raises:
        RegistryError: if it cannot be created there.
    """
    match location:
        case SqliteFile(path):
            return create_sqlite(path, fill, wait_s=wait_s)


def scratch_database() -> Database:
    """A database without tables, which is gone when it is closed."""
    return open_scratch()


def may_exist(location: Location) -> bool:
    """Whether anything is there already, even if it is not a registry."""
    match location:
        case SqliteFile(path):
            return os.path.exists(path)


def objects_of(location: Location) -> ObjectStore:
    """Where the kept weights of the registry are."""
    match location:
        case SqliteFile(path):
            # Where a link leads to, like SQLite's own files: all who use the registry find them.
            file = Path(os.path.realpath(path)) if path.is_symlink() else path
            return ObjectStore(file.parent / "objects", file)


def remove_leftovers_of(location: Location) -> None:
    """Remove temporary files of commands that were killed while they wrote to the registry or its objects."""
    match location:
        case SqliteFile(path):
            remove_leftovers(Path(os.path.realpath(path)).parent)
            objects_of(location).remove_leftovers()


def path_of_backup(location: Location, suffix: str) -> Path:
    """Where a backup of the registry is written if no place is named: a name that is not taken."""
    match location:
        case SqliteFile(path):
            first = path.with_name(f"{path.name}.{suffix}.bak")
            others = (path.with_name(f"{path.name}.{suffix}-{number}.bak") for number in itertools.count(2))
            return next(name for name in itertools.chain([first], others) if not os.path.lexists(name))
