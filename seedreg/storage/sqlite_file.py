"""SQLite files as files: whether one is a registry, and how one is opened, created and copied."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from seedreg.errors import RegistryError, Step
from seedreg.files import put_in_place, temporary_beside
from seedreg.leftovers import remove_leftovers
from seedreg.storage.companions import companions
from seedreg.storage.database import BUSY_TIMEOUT_S
from seedreg.storage.permissions import take_permissions
from seedreg.storage.sqlite_errors import explaining, is_refusal

# `PRAGMA application_id` of every registry: the bytes "sdrg", at offset 68 of the file.
APPLICATION_ID = 0x73647267
# How long a reader that can take no lock looks for a moment at which nobody writes.
_LOOK_FOR_S = 1.0
_TICK_NS = 20_000_000


def require_registry(path: Path) -> None:
    """Make sure that the path leads to a seedreg registry, without touching the file or its folder.

    Raises:
        RegistryError: if it is missing, or is anything else.
    """
    _require_file(path)
    # `immutable` takes no lock and makes no -wal or -shm beside a file that may not be ours.
    # The file is not opened without SQLite: closing such a descriptor would drop the POSIX locks
    # of every other connection of this process. `writable_schema` keeps SQLite from calling the
    # file damaged when another process is just making it longer.
    with (
        explaining(str(path), BUSY_TIMEOUT_S),
        closing(sqlite3.connect(uri(path, "mode=ro&immutable=1"), uri=True)) as file,
    ):
        file.execute("PRAGMA writable_schema=ON")
        (found,) = file.execute("PRAGMA application_id").fetchone()
    if found != APPLICATION_ID:
        raise RegistryError(
            f"{path} is another program's SQLite file, not a seedreg registry", step=Step.NAME_REGISTRY
        )


def _require_file(path: Path) -> None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise RegistryError(f"no registry at {path}", step=Step.CREATE_REGISTRY) from None
    except OSError as error:
        raise RegistryError(f"registry {path} cannot be opened: {error.strerror}") from error
    if stat.S_ISDIR(status.st_mode):
        raise RegistryError(
            f"{path} is a folder, not a registry",
            step=Step.NAME_REGISTRY_FILE,
            path=str(path / "registry.db"),
        )
    if not stat.S_ISREG(status.st_mode):
        raise RegistryError(f"{path} is not a file")
    if status.st_size == 0:
        raise RegistryError(f"{path} is empty, not a registry", step=Step.REPLACE_EMPTY_FILE)


def connect(path: Path, *, write: bool, busy_timeout_s: float) -> sqlite3.Connection:
    """A connection in autocommit mode to a file that `require_registry` accepted.

    Without `write` nothing can be written by it, and a registry in a read-only place can be read.

    Raises:
        RegistryError: if it cannot be opened so.
    """
    with explaining(str(path), busy_timeout_s):
        if write and not (_writable(path) and _writable(path.parent)):
            # SQLite would open it for reading and complain only when the work is done.
            raise sqlite3.OperationalError("attempt to write a readonly database")
        deadline = time.monotonic() + min(busy_timeout_s, _LOOK_FOR_S)
        while True:
            try:
                return _connect(path, "mode=rw", write, busy_timeout_s)
            except sqlite3.OperationalError as error:
                if write or not is_refusal(error) or time.monotonic() > deadline:
                    raise
            # No -shm can be made here, so there are no locks. Another user may be able to write here.
            if copy := _copy_in_memory(path):
                return copy
            time.sleep(0.02)


def _connect(path: Path, query: str, write: bool, busy_timeout_s: float) -> sqlite3.Connection:
    file = sqlite3.connect(uri(path, query), uri=True, isolation_level=None, timeout=busy_timeout_s)
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


def _copy_in_memory(path: Path) -> sqlite3.Connection | None:
    """A connection to a copy of a file that cannot be locked; None if it may have changed meanwhile."""
    before = _state(path)
    if before is None:
        return None
    with closing(_connect(path, "mode=ro&immutable=1", False, 0)) as source:
        copy = sqlite3.connect(":memory:", isolation_level=None)
        try:
            source.backup(copy)
        except BaseException:
            copy.close()
            raise
    if _state(path) != before:
        copy.close()
        return None
    copy.execute("PRAGMA query_only=ON")
    return copy


def _state(path: Path) -> tuple[int, ...] | None:
    """What changes with the file's content; None while others write, or just before a clock's next tick."""
    if _has_content(companions(path)[0]):
        return None
    found = path.stat()
    if 0 <= time.time_ns() - found.st_mtime_ns < _TICK_NS:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def prepare_folder(folder: Path) -> None:
    """Create the folder of a registry if there is none; one named `.seedreg` is kept out of git.

    Raises:
        OSError: if it cannot be created.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if folder.name == ".seedreg" and not (folder / ".gitignore").exists():
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")


def create_file(
    path: Path,
    fill: Callable[[sqlite3.Connection], None],
    *,
    wait_s: float,
    model: Path | None = None,
    registry: Path | None = None,
) -> bool:
    """A new file with what `fill` writes; False, and nothing changed, when something has that name.

    The file appears complete or not at all. With a model it gets that file's permissions, and nobody else
    can read it before. Errors name the registry that the file is for, if one is given.

    Raises:
        RegistryError: if it cannot be written there.
    """
    remove_leftovers(path.parent)
    with temporary_beside(path) as temporary:
        try:
            # Explained before the temporary file is removed: after that a full disk is no longer full.
            with explaining(str(registry or path), wait_s):
                if model is not None:
                    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                with closing(sqlite3.connect(temporary, isolation_level=None)) as file:
                    # Nobody else sees this file, and it is synced as a whole when it is complete.
                    file.execute("PRAGMA synchronous=OFF")
                    fill(file)
                    file.execute("PRAGMA journal_mode=WAL")
                if model is not None:
                    take_permissions(temporary, model)
                return put_in_place(temporary, path, wait_s=wait_s)
        finally:
            for companion in companions(temporary):
                companion.unlink(missing_ok=True)


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def uri(path: Path, query: str) -> str:
    """The path with options, as SQLite's `uri` connections take it."""
    # as_uri() quotes what a URI gives a meaning to: % ? # and blanks.
    return f"{Path(os.path.abspath(path)).as_uri()}?{query}"
