"""A registry as a whole: how it gets its tables, is upgraded and is copied.

Alembic costs 0.7 s to import: only `create` and `upgrade` do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from sqlalchemy import Connection

from seedreg.errors import RegistryError, Step
from seedreg.storage import revisions
from seedreg.storage.companions import companions
from seedreg.storage.database import BUSY_TIMEOUT_S, Database
from seedreg.storage.location import Location, SqliteFile
from seedreg.storage.opening import create_database, opened, path_of_backup
from seedreg.storage.revisions import SchemaState, SchemaStatus


@dataclass(frozen=True)
class Upgraded:
    """The registry has another schema now; `backup` holds it as it was."""

    before: str
    after: str
    backup: Path


@dataclass(frozen=True)
class AlreadyCurrent:
    """The registry had the newest schema already: nothing was done."""

    revision: str


def status(location: Location) -> SchemaStatus:
    """The schema of the registry there.

    Raises:
        RegistryError: if there is no readable registry.
    """
    with opened(location, write=False) as database:
        return database.schema


def size_bytes(location: Location) -> int:
    """How much room the registry takes, without kept weights.

    Raises:
        RegistryError: if there is no readable registry.
    """
    with opened(location, write=False) as database:
        return database.backend.size_bytes()


def pending_bytes(location: Location) -> int:
    """How much was written that is not yet in the registry file itself, but in another one beside it."""
    match location:
        case SqliteFile(path):
            wal = companions(path)[0]
            try:
                return wal.stat().st_size
            except OSError:
                return 0


def create(location: Location, *, wait_s: float = BUSY_TIMEOUT_S, revision: str | None = None) -> bool:
    """Create an empty registry, of the newest schema by default; False when there is one by then.

    Raises:
        RegistryError: if it cannot be created there.
    """

    def fill(database: Database) -> None:
        with database.migrating() as connection:
            migrate(connection, revision or revisions.SCHEMA_REVISION)

    return create_database(location, fill, wait_s=wait_s)


def upgrade(
    location: Location, *, at: str | None = None, busy_timeout_s: float = BUSY_TIMEOUT_S
) -> Upgraded | AlreadyCurrent:
    """Bring a registry to the newest schema, all the way or not at all, after a backup.

    The backup is `<name>.<revision before>-<time>.bak`; `at` is the UTC time in its name, now by default.

    Raises:
        SchemaError: if the registry is newer than this seedreg.
        RegistryError: if it cannot be written, or the backup cannot be made.
    """
    at = at or datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    with (
        opened(location, write=True, busy_timeout_s=busy_timeout_s) as database,
        database.migrating() as connection,
    ):
        # Under the lock: another process may have upgraded in the meantime, and none can now.
        database.require_tables()
        before = database.current_schema()
        before.require(database.place, write=False)
        if before.state is SchemaState.CURRENT:
            return AlreadyCurrent(before.revision)
        stamp = at.replace("-", "").replace(":", "")
        target = path_of_backup(location, f"{before.revision}-{stamp}")
        with opened(location, write=False) as reader:  # the copy takes no part in this transaction
            reader.backend.copy(target)
        migrate(connection, before.latest)
        if any(database.backend.dangling()):
            raise RegistryError(
                f"registry {database.place} was not upgraded: rows point to rows that do not exist",
                step=Step.LIST_PROBLEMS,
            )
    return Upgraded(before.revision, before.latest, target)


def migrations_folder() -> Path:
    """Where the revisions are: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def migrate(connection: Connection, revision: str) -> None:
    """Run the revisions up to the one given inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    # Alembic keeps its options in a ConfigParser, to which a single % means something.
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
