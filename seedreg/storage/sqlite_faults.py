"""What kind of thing an error of SQLite reports, and what may be wrong with the place of the file."""

from __future__ import annotations

import enum
import os
import sqlite3
from pathlib import Path

from seedreg.storage.companions import companions

# SQLite writes pages, and makes its shared memory 32 KiB longer at a time.
_ROOM_BYTES = 64 << 10


class Fault(enum.Enum):
    """The kinds of errors that a command can meet."""

    LOCKED = "others have the lock"
    READ_ONLY = "it may not be written"
    NOT_OPENED = "the file or one beside it cannot be opened or created"
    NOT_A_DATABASE = "it is another kind of file"
    FULL = "there is no more room"
    DISK = "the system could not read or write"
    DAMAGED = "the content is wrong"
    OTHER = "anything else"


class Shortage(enum.Enum):
    """What a file system has no more of."""

    BLOCKS = "room for content"
    FILES = "room for files (inodes)"


# https://www.sqlite.org/rescode.html; the lowest byte of a code says what kind it is.
_BY_CODE = {
    5: Fault.LOCKED,
    6: Fault.LOCKED,
    8: Fault.READ_ONLY,
    10: Fault.DISK,
    11: Fault.DAMAGED,
    13: Fault.FULL,
    14: Fault.NOT_OPENED,
    15: Fault.LOCKED,
    26: Fault.NOT_A_DATABASE,
}
_CORRUPT_FILE_SYSTEM = 10 | 33 << 8
# Python 3.10 does not give the code. The texts are part of SQLite's interface too.
_BY_TEXT = {
    "database is locked": Fault.LOCKED,
    "database table is locked": Fault.LOCKED,
    "locking protocol": Fault.LOCKED,
    "attempt to write a readonly database": Fault.READ_ONLY,
    "unable to open database file": Fault.NOT_OPENED,
    "file is not a database": Fault.NOT_A_DATABASE,
    "database or disk is full": Fault.FULL,
    "disk I/O error": Fault.DISK,
    "database disk image is malformed": Fault.DAMAGED,
}


def fault_of(error: sqlite3.Error) -> Fault:
    """The kind of the error."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # also where seedreg itself raises it
        return _BY_TEXT.get(str(error), Fault.OTHER)
    return Fault.DAMAGED if code == _CORRUPT_FILE_SYSTEM else _BY_CODE.get(code & 0xFF, Fault.OTHER)


def shortage_at(path: Path) -> Shortage | None:
    """What the file system of the path has no more of; None if it has enough, or does not say."""
    try:
        found = os.statvfs(path.parent)
    except (OSError, AttributeError):
        return None
    if found.f_files and not found.f_favail:
        return Shortage.FILES
    return Shortage.BLOCKS if found.f_bavail * found.f_frsize < _ROOM_BYTES else None


def unreadable(path: Path) -> Path | None:
    """The registry file, or the one beside it, that this user may not read."""
    for one in (path, *companions(path)[:2]):
        if one.exists() and not os.access(one, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
            return one
    return None
