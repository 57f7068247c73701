"""An open registry: what it holds by kind, each kind in a class of its own."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType

from sqlalchemy import select

from seedreg.domain.trust import is_identity
from seedreg.errors import RegistryError, Step
from seedreg.storage import schema
from seedreg.storage.audits import Audits
from seedreg.storage.baselines import Baselines
from seedreg.storage.checks import Checks
from seedreg.storage.database import BUSY_TIMEOUT_S, Database
from seedreg.storage.entries import Entries
from seedreg.storage.location import Location
from seedreg.storage.objects import ObjectStore
from seedreg.storage.opening import may_exist, objects_of, open_database, remove_leftovers_of
from seedreg.storage.tables import registry
from seedreg.storage.waivers import Waivers


@dataclass(frozen=True)
class Repository:
    """An open registry; use it in the thread that opened it, and close it."""

    location: Location
    entries: Entries
    baselines: Baselines
    checks: Checks
    audits: Audits
    waivers: Waivers
    objects: ObjectStore
    database: Database = field(repr=False)
    is_new: bool = False
    """Whether opening it has created it."""

    @property
    def identity(self) -> str | None:
        """128 random bits in hexadecimal, the same in every copy; None for a schema that has none."""
        if not self.database.schema.has_identity:
            return None
        with self.database.reading():
            found: str | None = self.database.scalar(select(registry.c.identity))
        if found is None or not is_identity(found):
            raise RegistryError(
                f"registry {self.database.place} is damaged: it has no identity", step=Step.CHECK_REGISTRY
            )
        return found

    def writing(self) -> AbstractContextManager[None]:
        """One transaction around several methods: all of what they write is stored, or nothing."""
        return self.database.writing()

    def close(self) -> None:
        """End the connection; the repository cannot be used afterwards."""
        self.database.close()

    def __enter__(self) -> Repository:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_repository(
    location: Location, *, create: bool = False, write: bool = True, busy_timeout_s: float = BUSY_TIMEOUT_S
) -> Repository:
    """The registry there, to be closed by the caller (it is a context manager).

    `create` makes an empty one where there is none. Without `write` a registry of an older schema,
    or in a read-only place, can be read.

    Raises:
        SchemaError: if its schema is not the one this seedreg writes (or, to read, is newer).
        RegistryError: if it is missing, locked, damaged or not a seedreg registry.
    """
    is_new = False  # also if another process is faster
    if create and not may_exist(location):
        is_new = schema.create(location, wait_s=busy_timeout_s)
    if write:
        # Opening for writing sets a file's journal mode, and the file may turn out to be of another schema.
        schema.status(location).require(str(location), write=True)
        remove_leftovers_of(location)
    database = open_database(location, write=write, busy_timeout_s=busy_timeout_s)
    try:
        database.schema.require(database.place, write=write)
    except BaseException:
        database.close()
        raise
    baselines = Baselines(database)
    entries = Entries(database, baselines)
    return Repository(
        location,
        entries,
        baselines,
        Checks(database),
        Audits(database, entries, baselines),
        Waivers(database),
        objects_of(location),
        database,
        is_new,
    )
