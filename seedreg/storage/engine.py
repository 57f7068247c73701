"""How a registry's file is found, recognised and opened, and what its failures mean.

What the file holds is said elsewhere: tables in `tables.py`, revisions in `schema.py`.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from seedreg.errors import ConfigError, RegistryError, UsageError

# `PRAGMA application_id` of every registry: the bytes "sdrg", at offset 68 of the file.
APPLICATION_ID = 0x73647267
BUSY_TIMEOUT_S = 30.0


def parse_location(text: str, base: Path) -> Path:
    """The registry's path that `--db` or a setting names; relative ones start at `base`.

    Raises:
        ConfigError: for URLs other than `sqlite:///PATH`, and for what is no path.
    """
    scheme, separator, rest = text.partition("://")
    if separator and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.\-]*", scheme):
        # The URL itself is not repeated: it may hold a password.
        if scheme not in ("sqlite", "sqlite+pysqlite"):
            raise ConfigError(
                f"the registry cannot be at a {scheme}:// URL: only SQLite files are supported",
                hint="give a path, or sqlite:///PATH",
            )
        if not rest.startswith("/") or rest[1:] in ("", ":memory:") or "?" in rest:
            raise ConfigError(
                f"{text!r} does not name a registry file",
                hint="write sqlite:///relative/path or sqlite:////absolute/path, without options",
            )
        text = rest[1:]
    if not text.strip() or "\0" in text:
        raise ConfigError(f"{text!r} is not a path of a registry")
    return base / Path(text).expanduser()


def require_registry(path: Path) -> None:
    """Make sure that a seedreg registry lies at the path, without touching the file or its folder.

    Raises:
        RegistryError: if it is missing, or is anything else.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise RegistryError(
            f"no registry at {path}", hint="`seedreg register` creates one; --db names another"
        ) from None
    except OSError as error:
        raise RegistryError(f"registry {path} cannot be opened: {error.strerror}") from error
    if stat.S_ISDIR(status.st_mode):
        raise RegistryError(
            f"{path} is a folder, not a registry", hint=f"perhaps --db {path / 'registry.db'}"
        )
    if not stat.S_ISREG(status.st_mode):
        raise RegistryError(f"{path} is not a file")
    if status.st_size == 0:
        raise RegistryError(
            f"{path} is empty, not a registry",
            hint="remove it if nothing needs it; `seedreg register` creates one",
        )
    # `immutable` takes no lock and makes no -wal or -shm beside a file that may not be ours.
    # The file is not opened without SQLite: closing such a descriptor would drop the POSIX locks
    # of every other connection of this process. `writable_schema` keeps SQLite from calling the
    # file damaged when another process is just making it longer.
    with translated(path), closing(sqlite3.connect(_uri(path, "mode=ro&immutable=1"), uri=True)) as file:
        file.execute("PRAGMA writable_schema=ON")
        (found,) = file.execute("PRAGMA application_id").fetchone()
    if found != APPLICATION_ID:
        raise RegistryError(
            f"{path} is another program's SQLite file, not a seedreg registry", hint="--db names the registry"
        )


def connect(path: Path, *, write: bool, busy_timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """A connection in autocommit mode to a file that `require_registry` accepted.

    Without `write` nothing can be written by it, and a registry in a read-only place can be read.

    Raises:
        RegistryError: if it cannot be opened so.
    """
    with translated(path, busy_timeout_s):
        if write and not (_writable(path) and _writable(path.parent)):
            # SQLite would open it for reading and complain only when the work is done.
            raise sqlite3.OperationalError("attempt to write a readonly database")
        try:
            return _connect(path, "mode=rw", write, busy_timeout_s)
        except sqlite3.OperationalError as error:
            if write or not _is_refusal(error) or _has_content(path.with_name(f"{path.name}-wal")):
                raise
            # No -shm can be made here. Nobody else can write here either, so nothing can change.
            return _connect(path, "mode=ro&immutable=1", write, busy_timeout_s)


def _connect(path: Path, query: str, write: bool, busy_timeout_s: float) -> sqlite3.Connection:
    file = sqlite3.connect(_uri(path, query), uri=True, isolation_level=None, timeout=busy_timeout_s)
    try:
        file.execute("PRAGMA foreign_keys=ON")
        if write:
            file.execute("PRAGMA journal_mode=WAL")
            file.execute("PRAGMA synchronous=FULL")
        else:
            file.execute("PRAGMA query_only=ON")
            file.execute("PRAGMA cache_size=-32000")  # KiB; halves the time to list 10,000 entries
            file.execute("PRAGMA mmap_size=268435456")  # reads 10,000 rows in a third of the time
        file.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        file.close()
        raise
    return file


def engine_on(file: sqlite3.Connection) -> Engine:
    """An engine whose only connection is the one given; disposing of it closes that one."""
    return create_engine("sqlite://", creator=lambda: file, poolclass=StaticPool)


@contextmanager
def transaction(connection: Connection, *, write: bool) -> Iterator[None]:
    """One real transaction: all of it or nothing.

    A writer takes the lock at once, so it never works on what another writer has changed since.
    """
    # The driver is in autocommit mode (isolation_level None): SQLAlchemy's begin() sends nothing.
    with connection.begin():
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
        yield


@contextmanager
def translated(path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Iterator[None]:
    """Turn what SQLite and the file system refuse into `RegistryError`s that name the path."""
    try:
        yield
    except DBAPIError as error:
        if not isinstance(error.orig, sqlite3.Error) or isinstance(error.orig, sqlite3.ProgrammingError):
            raise
        raise _explained(error.orig, path, busy_timeout_s) from error
    except sqlite3.ProgrammingError:
        raise  # a fault of seedreg, not of the file
    except sqlite3.Error as error:
        raise _explained(error, path, busy_timeout_s) from error
    except UnicodeEncodeError as error:
        # Bytes of a command line that are no text of the user's locale reach Python as surrogates.
        raise UsageError(f"{error.object!r} is not valid text") from error
    except OSError as error:
        raise RegistryError(f"registry {path}: {error.strerror or error}", hint=_os_hint(error)) from error


def _explained(error: sqlite3.Error, path: Path, busy_timeout_s: float) -> RegistryError:
    # By text, not by code: Python 3.10 does not tell the code, and the texts are SQLite's API.
    text = str(error)
    match text:
        case "database is locked" | "database table is locked":
            return RegistryError(
                f"registry {path} is locked by another process (waited {busy_timeout_s:g} s)",
                hint="try again when the other command has ended",
            )
        case "attempt to write a readonly database":
            return RegistryError(
                f"registry {path} cannot be written: it or its folder is read-only",
                hint="commands that only read still work",
            )
        case "unable to open database file":
            return RegistryError(
                f"registry {path} cannot be opened", hint="may this user read the file, and write its folder?"
            )
        case "file is not a database":
            return RegistryError(f"{path} is not a seedreg registry: {text}", hint="--db names the registry")
        case "database or disk is full":
            return RegistryError(
                f"registry {path} cannot grow: {text}",
                hint="what was reported as stored before is still there",
            )
        case "database disk image is malformed":
            return RegistryError(f"registry {path} is damaged: {text}", hint=_DAMAGED_HINT)
        case _:
            return RegistryError(f"registry {path} failed: {text}", hint=_DAMAGED_HINT)


_DAMAGED_HINT = "`seedreg db check` looks at all of it; a backup can take its place"


def _os_hint(error: OSError) -> str | None:
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return "may this user write that folder? --db names another place"
    return None


def _is_refusal(error: sqlite3.OperationalError) -> bool:
    return str(error) in ("unable to open database file", "attempt to write a readonly database")


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _uri(path: Path, query: str) -> str:
    # as_uri() quotes what a URI gives a meaning to: % ? # and blanks.
    return f"{Path(os.path.abspath(path)).as_uri()}?{query}"
