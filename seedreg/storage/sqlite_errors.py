"""Errors of SQLite and of the file system in the words of seedreg.

Only what SQLite itself finds wrong in the file's content is called damage. A full disk, a lock or missing
permissions often have the same words as a failing disk, so the place is looked at too.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from seedreg.errors import RegistryError, Step, UsageError
from seedreg.files import CreationLocked
from seedreg.storage.sqlite_faults import Fault, Shortage, fault_of, shortage_at, unreadable

_KEPT = "what was reported as stored before is still there"


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
    except UnicodeDecodeError as error:  # SQLite quotes a damaged definition in its own message
        message = f"registry {place} is damaged: a definition in it is not UTF-8"
        raise RegistryError(message, step=Step.CHECK_REGISTRY) from error
    except UnicodeEncodeError as error:
        # Bytes of a command line that are no text of the user's locale reach Python as surrogates.
        raise UsageError(f"{error.object!r} is not valid text") from error
    except CreationLocked as error:
        raise RegistryError(
            f"another process is creating {place} (waited {busy_timeout_s:g} s)",
            hint=f"remove {error.lock} if no seedreg is running",
        ) from error
    except OSError as error:
        raise _of_system(error, place) from error


def is_refusal(error: sqlite3.OperationalError) -> bool:
    """Whether the file or its folder may not be opened or written in this way."""
    return fault_of(error) in (Fault.NOT_OPENED, Fault.READ_ONLY)


def _of_system(error: OSError, place: str) -> RegistryError:
    if error.errno == errno.ENOSPC and shortage_at(Path(place)) is Shortage.FILES:
        return _no_files(place)
    message = f"registry {place}: {error.strerror or error}"
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        hint = "make sure that this user may write that folder"
        return RegistryError(message, hint=hint, step=Step.NAME_REGISTRY)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RegistryError(message, hint=f"free some space; {_KEPT}")
    if error.errno == errno.EIO:
        return RegistryError(message, hint=f"{_KEPT}; examine the disk if it happens again")
    return RegistryError(message)


def _explained(error: sqlite3.Error, place: str, busy_timeout_s: float) -> RegistryError:
    fault = fault_of(error)
    if fault in (Fault.DISK, Fault.NOT_OPENED, Fault.FULL):
        match shortage_at(Path(place)):
            case Shortage.FILES:
                return _no_files(place)
            case Shortage.BLOCKS:
                return RegistryError(
                    f"registry {place} cannot be used: the disk is full ({error})",
                    hint=f"free some space; {_KEPT}",
                )
            case None:
                pass
    match fault:
        case Fault.LOCKED:
            return RegistryError(
                f"registry {place} is locked by another process (waited {busy_timeout_s:g} s)",
                hint="try again when the other command has ended",
            )
        case Fault.READ_ONLY:
            return RegistryError(
                f"registry {place} cannot be written: it or its folder is read-only",
                hint="commands that only read still work",
            )
        case Fault.NOT_OPENED:
            found = unreadable(Path(place))
            return RegistryError(
                f"registry {place} cannot be opened",
                hint="may this user read the file, and write its folder?"
                if found is None
                else f"this user may not read {found}",
            )
        case Fault.NOT_A_DATABASE:
            return RegistryError(f"{place} is not a seedreg registry: {error}", step=Step.NAME_REGISTRY)
        case Fault.FULL:
            return RegistryError(f"registry {place} cannot grow: {error}", hint=f"free some space; {_KEPT}")
        case Fault.DISK:
            return RegistryError(
                f"registry {place} cannot be read or written: {error}",
                hint=f"{_KEPT}; examine the disk if it happens again",
            )
        case Fault.DAMAGED:
            return RegistryError(f"registry {place} is damaged: {error}", step=Step.CHECK_REGISTRY)
        case Fault.OTHER:
            return RegistryError(f"registry {place} failed: {error}", step=Step.CHECK_REGISTRY)


def _no_files(place: str) -> RegistryError:
    return RegistryError(
        f"registry {place} cannot be used: the file system has no room for another file (no free inodes)",
        hint=f"remove files; {_KEPT}",
    )
