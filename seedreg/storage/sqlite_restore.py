"""How another file's content takes the place of a registry file, at any moment whole.

A file that is sound is overwritten by SQLite itself, in one transaction: whoever has it open, or waits for
it, sees the new content next, and nothing that SQLite keeps beside the old one can be taken for part of the
new one. A file that is damaged, or lies beside the -wal of another one, cannot be opened for that: it is set
aside as it is, with the files beside it, before the new one gets its name.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from seedreg.errors import RegistryError
from seedreg.files import sync_file, sync_folder, temporary_beside
from seedreg.storage.companions import companions, queue_file
from seedreg.storage.permissions import take_permissions
from seedreg.storage.sqlite_errors import explaining
from seedreg.storage.sqlite_file import connect, create_file, prepare_folder, require_registry, uri
from seedreg.storage.turns import Turns, TurnTimeout

_POLL_S = 0.05
_WITH_CONTENT = ("-wal", "-journal")


@contextmanager
def copied_beside(path: Path, source: Path, *, wait_s: float) -> Iterator[Path]:
    """A copy of the registry file `source`, with what is in its -wal, in the folder of `path`.

    It has the permissions of `path` or, where that is missing, of `source`. After the block it is gone,
    unless it has another name then.

    Raises:
        RegistryError: if the source is no registry, or the copy cannot be written.
    """
    require_registry(source)
    with explaining(str(path), wait_s):
        prepare_folder(path.parent)
        with temporary_beside(path) as temporary:
            try:
                with closing(connect(source, write=False, busy_timeout_s=wait_s)) as file:
                    model = path if path.exists() else source
                    create_file(temporary, file.backup, wait_s=wait_s, model=model, registry=path)
                yield temporary
            finally:
                for companion in companions(temporary):
                    companion.unlink(missing_ok=True)


def replace_registry(path: Path, new: Path, aside: Path, *, wait_s: float) -> tuple[Path, ...]:
    """Give the registry file the content of `new`; what it was is kept at `aside`.

    Returns:
        The files that hold the replaced registry: none if there was none.

    Raises:
        RegistryError: if another process has it open for longer than `wait_s`, or it cannot be written.
    """
    place = str(path)
    with explaining(place, wait_s), closing(Turns(queue_file(path), path)) as turns:
        try:
            with turns.turn(wait_s):
                if _is_sound(path, wait_s):
                    _overwrite(path, new, aside, wait_s)
                    return (aside,)
                return _exchange(path, new, aside)
        except TurnTimeout:
            raise sqlite3.OperationalError("database is locked") from None


def _is_sound(path: Path, wait_s: float) -> bool:
    """Whether SQLite can read all of the file, with what lies beside it.

    Raises:
        RegistryError: if it is another program's file.
        sqlite3.OperationalError: if another process does not let it be read.
    """
    if not path.exists() or path.stat().st_size == 0:
        return False
    try:
        # Closing a connection that may write would move another file's -wal into this one.
        read_only = uri(path, "mode=ro")
        with closing(sqlite3.connect(read_only, uri=True, isolation_level=None, timeout=wait_s)) as file:
            ((line,), *more) = file.execute("PRAGMA quick_check").fetchall()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if "locked" in str(error):
            raise
        return False
    require_registry(path)
    return (line, more) == ("ok", [])


def _overwrite(path: Path, new: Path, aside: Path, wait_s: float) -> None:
    # Whoever closes a sound file last moves its -wal into it, and removes what SQLite keeps beside it.
    with closing(sqlite3.connect(path, isolation_level=None, timeout=wait_s)) as file:
        file.execute("SELECT count(*) FROM sqlite_master").fetchone()
    deadline = time.monotonic() + wait_s
    while True:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as file:
            if not _is_alone(file):
                if time.monotonic() > deadline:
                    raise sqlite3.OperationalError("database is locked")
            else:
                if not create_file(aside, file.backup, wait_s=wait_s, model=path):
                    raise RegistryError(f"{aside} exists already")
                file.execute("PRAGMA synchronous=EXTRA")  # the end of the journal is synced, too
                with closing(sqlite3.connect(new, isolation_level=None)) as source:
                    source.backup(file)
                return
        time.sleep(_POLL_S)


def _is_alone(file: sqlite3.Connection) -> bool:
    """Whether nobody else has the file open; then nobody can read or write it until the connection is closed.

    Its -wal is emptied into it and removed.
    """
    try:
        file.execute("PRAGMA locking_mode=EXCLUSIVE").fetchone()
        file.execute("PRAGMA journal_mode=DELETE").fetchone()
        file.execute("BEGIN EXCLUSIVE")
        file.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            return False
        raise
    return True


def _exchange(path: Path, new: Path, aside: Path) -> tuple[Path, ...]:
    """Set aside what lies at the path and beside it, as it is, and give the new file its name."""
    moved = []
    if os.path.lexists(path):
        # Its name is kept until the new file takes it: there is a registry at any moment.
        with suppress(OSError):
            os.link(path, aside)
        if not os.path.lexists(aside):
            os.rename(path, aside)
        moved.append(aside)
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)  # an index of the -wal
    for suffix in _WITH_CONTENT:
        beside = path.with_name(path.name + suffix)
        if beside.exists() and beside.stat().st_size == 0:
            beside.unlink()
        elif beside.exists():
            kept = aside.with_name(aside.name + suffix)
            beside.rename(kept)
            moved.append(kept)
    sync_file(new)
    sync_folder(path.parent)
    take_permissions(new, aside)
    new.replace(path)
    sync_folder(path.parent)
    return tuple(moved)
