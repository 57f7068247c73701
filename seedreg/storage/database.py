"""The database under a registry: transactions, and statements inside them.

Everything that differs between kinds of database is behind `Backend`. What the rows mean is the matter
of the modules that use it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Executable, Select, Table, insert

from seedreg.errors import DamageError, RegistryError, Step, UsageError
from seedreg.storage.revisions import VERSION_QUERY, SchemaStatus, status_from

BUSY_TIMEOUT_S = 30.0
"""How long a command waits for others that write."""


class Backend(Protocol):
    """One open connection, and what its kind of database does in its own way."""

    @property
    def connection(self) -> Connection:
        """The connection; no transaction begins on it by itself."""
        ...

    def turn(self) -> AbstractContextManager[None]:
        """Wait for other writers, in the order in which they came; whoever wrote is next after the block."""
        ...

    def begin(self, *, write: bool) -> None:
        """Begin a transaction that sees one moment; a writer keeps other writers out from now on."""
        ...

    def allow_migration(self) -> None:
        """Let tables be changed in the transactions of this connection."""
        ...

    def explaining(self) -> AbstractContextManager[None]:
        """Turn every error of the driver and the system into a `SeedregError` that names the place."""
        ...

    def damages(self) -> Iterator[str]:
        """What the database itself finds damaged, in its own words."""
        ...

    def dangling(self) -> Iterator[tuple[str, object, str]]:
        """Table, row and parent table of every reference to a row that does not exist."""
        ...

    def definitions(self) -> Iterator[tuple[tuple[str, str], str]]:
        """Kind and name of everything that was defined, with its definition in one spelling."""
        ...

    def views(self) -> list[str]:
        """The names of all views; seedreg makes none."""
        ...

    def rows_of(self, table: str) -> Iterator[dict[str, Any]]:
        """The rows of a table in the order of `rowid`, with any content; text that is none is bytes."""
        ...

    def size_bytes(self) -> int:
        """How much room the database takes."""
        ...

    def copy(self, target: Path) -> None:
        """Copy everything as it is at one moment into a new file."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class Database:
    """One open connection to a registry; use it in one thread, and close it.

    Args:
        backend: the connection.
        place: the name that error messages give to the registry.
    """

    def __init__(self, backend: Backend, place: str) -> None:
        self.backend = backend
        self.place = place
        self._connection = backend.connection
        self._writing = False

    def close(self) -> None:
        """End the connection."""
        self.backend.close()

    @cached_property
    def schema(self) -> SchemaStatus:
        """The schema of the registry when this property was first read."""
        with self.reading():
            self.require_tables()
            return self.current_schema()

    # Transactions

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One moment of the registry; part of the transaction around it, if there is one."""
        if self._connection.in_transaction():
            yield
            return
        with self._transaction(write=False):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All that is written inside, or nothing of it; part of the `writing` around it, if there is one.

        A writer takes the lock at once, so it never works on what another writer has changed since.

        Raises:
            SchemaError: if the registry does not have the schema that this seedreg writes.
        """
        if self._writing:
            yield
            return
        with self._transaction(write=True):
            # Another process may have upgraded the registry since it was opened.
            self.current_schema().require(self.place, write=True)
            self._writing = True
            try:
                yield
            finally:
                self._writing = False

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A transaction that may change tables, in a registry of any schema."""
        with self.backend.explaining():
            self.backend.allow_migration()
        with self._transaction(write=True):
            yield self._connection

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[None]:
        # The driver begins no transaction: SQLAlchemy's begin() sends nothing.
        turn = self.backend.turn() if write else nullcontext()
        with self.backend.explaining(), turn, self._connection.begin():
            self.backend.begin(write=write)
            yield

    @contextmanager
    def parsing(self, what: str) -> Iterator[None]:
        """Report text that cannot be read back as damage of the registry.

        Raises:
            DamageError: if a document in it is not what was stored.
        """
        try:
            yield
        except (ValueError, TypeError, KeyError, AttributeError, UsageError) as error:
            raise DamageError(
                f"registry {self.place} is damaged: {what} cannot be read ({error})",
                step=Step.CHECK_REGISTRY,
            ) from error

    # Statements, inside a transaction

    def require_tables(self) -> None:
        """Make sure that what is read are rows: a view can give whatever it likes, without end.

        Raises:
            RegistryError: if there is a view.
        """
        for name in self.backend.views():
            raise RegistryError(
                f"registry {self.place} is damaged: view {name!r} was not made by seedreg",
                step=Step.CHECK_REGISTRY,
            )

    def current_schema(self) -> SchemaStatus:
        """The schema that the registry has in this transaction."""
        return status_from(list(self._connection.exec_driver_sql(VERSION_QUERY).scalars()), self.place)

    def rows(self, query: Select[Any], **parameters: object) -> list[Any]:
        """All rows of the query."""
        return list(self._connection.execute(query, parameters).all())

    def stream(self, query: Executable) -> Iterator[Any]:
        """The rows of the query, a few of them in memory at a time."""
        yield from self._connection.execute(query.execution_options(yield_per=256))

    def scalar(self, query: Select[Any], **parameters: object) -> Any:
        """The first column of the first row; None if there is no row."""
        return self._connection.scalar(query, parameters)

    def execute(self, statement: Executable) -> int:
        """Run a statement; the number of rows that it changed."""
        return self._connection.execute(statement).rowcount

    def insert(self, table: Table, **values: object) -> None:
        """Add a row."""
        self._connection.execute(insert(table), values)

    def insert_numbered(self, table: Table, **values: object) -> int:
        """Add a row to a table that numbers its rows; the row's number."""
        key: Any = self._connection.execute(insert(table), values).inserted_primary_key
        number: int = key[0]
        return number
