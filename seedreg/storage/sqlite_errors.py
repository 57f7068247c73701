"""Errors of SQLite and of the file system in the words of seedreg."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from seedreg.errors import RegistryError, Step, UsageError
from seedreg.files import CreationLocked


@contextmanager
def explaining(place: str, busy_timeout_s: float) -> Iterator[None]:
    """The one place where errors of SQLite and of the system become a `SeedregError`."""
    try:
        yield
    except DBAPIError as error:
        if not isinstance(error.orig, sqlite3.Error) or isinstance(error.orig, sqlite3.ProgrammingError):
            raise
        raise _explained(error.orig, place, busy_timeout_s) from error
    except sqlite3.ProgrammingError:
        raise  # a bug in seedreg, not a fault of the file
    except sqlite3.Error as error:
        raise _explained(error, place, busy_timeout_s) from error
    except UnicodeEncodeError as error:
        # Bytes of a command line that are no text of the user's locale reach Python as surrogates.
        raise UsageError(f"{error.object!r} is not valid text") from error
    except CreationLocked as error:
        raise RegistryError(
            f"another process is creating {place} (waited {busy_timeout_s:g} s)",
            hint=f"remove {error.lock} if no seedreg is running",
        ) from error
    except OSError as error:
        message = f"registry {place}: {error.strerror or error}"
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            hint = "make sure that this user may write that folder"
            raise RegistryError(message, hint=hint, step=Step.NAME_REGISTRY) from error
        raise RegistryError(message) from error


def is_refusal(error: sqlite3.OperationalError) -> bool:
    """Whether the file or its folder may not be opened or written in this way."""
    return str(error) in ("unable to open database file", "attempt to write a readonly database")


def _explained(error: sqlite3.Error, place: str, busy_timeout_s: float) -> RegistryError:
    # By text, not by code: Python 3.10 does not give the code, and the texts are SQLite's API.
    text = str(error)
    match text:
        case "database is locked" | "database table is locked":
            return RegistryError(
                f"registry {place} is locked by another process (waited {busy_timeout_s:g} s)",
                hint="try again when the other command has ended",
            )
        case "attempt to write a readonly database":
            return RegistryError(
                f"registry {place} cannot be written: it or its folder is read-only",
                hint="commands that only read still work",
            )
        case "unable to open database file":
            return RegistryError(
                f"registry {place} cannot be opened",
                hint="may this user read the file, and write its folder?",
            )
        case "file is not a database":
            return RegistryError(f"{place} is not a seedreg registry: {text}", step=Step.NAME_REGISTRY)
        case "database or disk is full":
            return RegistryError(
                f"registry {place} cannot grow: {text}",
                hint="what was reported as stored before is still there",
            )
        case "database disk image is malformed":
            return RegistryError(f"registry {place} is damaged: {text}", step=Step.CHECK_REGISTRY)
        case _:
            return RegistryError(f"registry {place} failed: {text}", step=Step.CHECK_REGISTRY)
