"""The `Backend` of registries in SQLite files."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from seedreg.errors import RegistryError, Step
from seedreg.storage.companions import companions, queue_file
from seedreg.storage.database import BUSY_TIMEOUT_S, Database
from seedreg.storage.sqlite_errors import explaining
from seedreg.storage.sqlite_file import APPLICATION_ID, connect, create_file, prepare_folder, require_registry
from seedreg.storage.turns import Turns, TurnTimeout

# SQLAlchemy logs a signal's exception that comes while it closes a connection, and without any handler Python
# prints that, traceback and all. The exception itself is not lost.
logging.getLogger("sqlalchemy").addHandler(logging.NullHandler())


class SqliteBackend:
    """One connection to a registry file; closing it closes the driver's connection that was given."""

    def __init__(
        self, file: sqlite3.Connection, path: Path, busy_timeout_s: float, turns: Turns | None = None
    ) -> None:
        self._file = file
        self._turns = turns
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._engine = create_engine("sqlite://", creator=lambda: file, poolclass=StaticPool)
        self._connection = self._engine.connect()

    @property
    def connection(self) -> Connection:
        """See `Backend`; the driver is in autocommit mode."""
        return self._connection

    @contextmanager
    def turn(self) -> Iterator[None]:
        """See `Backend`; nobody else knows a file that is only being created."""
        if self._turns is None:
            yield
            return
        try:
            with self._turns.turn(self._busy_timeout_s):
                yield
        except TurnTimeout:
            raise sqlite3.OperationalError("database is locked") from None

    def begin(self, *, write: bool) -> None:
        """See `Backend`."""
        self._connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    def allow_migration(self) -> None:
        """See `Backend`."""
        # SQLite copies a table to change it, and ignores this inside a transaction.
        self._file.execute("PRAGMA foreign_keys=OFF")

    def explaining(self) -> AbstractContextManager[None]:
        """See `Backend`."""
        return explaining(str(self._path), self._busy_timeout_s)

    def damages(self) -> Iterator[str]:
        """See `Backend`."""
        for (line,) in self._file.execute("PRAGMA integrity_check"):
            if line != "ok":
                yield line

    def dangling(self) -> Iterator[tuple[str, object, str]]:
        """See `Backend`."""
        for table, row, parent, _ in self._file.execute("PRAGMA foreign_key_check"):
            yield table, row, parent

    def definitions(self) -> Iterator[tuple[tuple[str, str], str]]:
        """See `Backend`; settings of the file are among them."""
        query = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite!_stat%' ESCAPE '!'"
        for kind, name, sql in self._file.execute(query):
            yield (kind, name), "".join(str(sql).split()).lower()
        for setting in ("encoding", "user_version"):
            (value,) = self._file.execute(f"PRAGMA {setting}").fetchone()
            yield ("setting", setting), str(value)

    def views(self) -> list[str]:
        """See `Backend`."""
        return [name for (name,) in self._file.execute("SELECT name FROM sqlite_master WHERE type = 'view'")]

    def rows_of(self, table: str) -> Iterator[dict[str, Any]]:
        """See `Backend`."""
        decode = self._file.text_factory
        self._file.text_factory = _text_or_bytes
        try:
            rows = self._file.execute(f'SELECT rowid AS "rowid", * FROM "{table}" ORDER BY rowid')
            names = [column[0] for column in rows.description]
            for row in rows:
                yield dict(zip(names, row, strict=True))
        finally:
            self._file.text_factory = decode

    def size_bytes(self) -> int:
        """See `Backend`; what was written last may still be in a file beside it."""
        return self._path.stat().st_size

    def copy(self, target: Path) -> None:
        """See `Backend`; others may write meanwhile."""
        exists = RegistryError(
            f"{target} exists already", hint="a backup never overwrites; give another name"
        )
        if os.path.lexists(target):
            raise exists
        with explaining(str(target), BUSY_TIMEOUT_S):
            _require_nothing_pending(target)
            if not create_file(target, self._file.backup, wait_s=BUSY_TIMEOUT_S, model=self._path):
                raise exists

    def close(self) -> None:
        """See `Backend`."""
        self._connection.close()
        self._engine.dispose()
        if self._turns is not None:
            self._turns.close()


def _text_or_bytes(text: bytes) -> str | bytes:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text


def open_scratch() -> Database:
    """A database in memory, without tables."""
    path = Path(":memory:")
    file = sqlite3.connect(path, isolation_level=None)
    return Database(SqliteBackend(file, path, 0), str(path))


def open_sqlite(path: Path, *, write: bool, busy_timeout_s: float) -> Database:
    """The registry in that file, of any schema.

    Raises:
        RegistryError: if it is missing, is anything else, or cannot be opened so.
    """
    require_registry(path)
    file = connect(path, write=write, busy_timeout_s=busy_timeout_s)
    turns = Turns(queue_file(path), path)
    return Database(SqliteBackend(file, path, busy_timeout_s, turns), str(path))


def create_sqlite(path: Path, fill: Callable[[Database], None], *, wait_s: float) -> bool:
    """Create a file that `fill` gives its tables, and its folder; False when it exists by then.

    The file appears complete or not at all. A folder named `.seedreg` is kept out of git.

    Raises:
        RegistryError: if it cannot be created there.
    """
    path = Path(os.path.realpath(path))

    def prepare(file: sqlite3.Connection) -> None:
        file.execute(f"PRAGMA application_id={APPLICATION_ID}")
        backend = SqliteBackend(file, path, wait_s)
        with backend.connection:
            fill(Database(backend, str(path)))

    with explaining(str(path), wait_s):
        prepare_folder(path.parent)
        _require_nothing_pending(path)
        return create_file(path, prepare, wait_s=wait_s)


def _require_nothing_pending(path: Path) -> None:
    """SQLite would put what a removed registry left in its -wal into the new one, and damage it."""
    for beside in companions(path):
        if beside.name.endswith("-shm"):
            continue  # an index, which is made again
        with suppress(OSError):
            # The name is looked at again: another process may have just created the registry.
            if not path.exists() and beside.stat().st_size > 0 and not path.exists():
                raise RegistryError(
                    f"there is no registry at {path}, but {beside.name} beside it holds what one wrote last",
                    step=Step.SET_ASIDE,
                    file=str(beside),
                )
