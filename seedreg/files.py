"""Files that appear whole or not at all; what is in them is not known here."""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seedreg.errors import RegistryError

# What systems say where a file cannot have two names: FAT, some network and FUSE file systems.
_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES}
_SIDECARS = ("", "-wal", "-shm", "-journal")


@contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """An unused path in the target's folder; what is still there afterwards is removed.

    SQLite's companions of a file at that path are removed with it.
    """
    path = target.with_name(f".{target.name}.{secrets.token_hex(6)}.new")
    try:
        yield path
    finally:
        for suffix in _SIDECARS:
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def put_in_place(temporary: Path, target: Path, *, wait_s: float) -> bool:
    """Give a finished file its name; False, and nothing changed, when something has that name.

    The file's bytes and its name survive a power loss once this has returned.

    Raises:
        OSError: if the file system refuses.
        RegistryError: if another process has been putting a file there for `wait_s`.
    """
    sync_file(temporary)
    try:
        os.link(temporary, target)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        if not _rename_without_overwriting(temporary, target, wait_s):
            return False
    sync_folder(target.parent)
    return True


def _rename_without_overwriting(temporary: Path, target: Path, wait_s: float) -> bool:
    """Rename where hard links do not exist: POSIX renames overwrite, so a lock file guards the name."""
    lock = target.with_name(f"{target.name}.creating")
    deadline = time.monotonic() + wait_s
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError:
            if time.monotonic() > deadline:
                raise RegistryError(
                    f"another process is creating {target} (waited {wait_s:g} s)",
                    hint=f"remove {lock} if no seedreg is running",
                ) from None
            time.sleep(0.05)
    try:
        if target.exists():
            return False
        temporary.rename(target)
        return True
    finally:
        lock.unlink()


def sync_file(path: Path) -> None:
    """Wait until the file's bytes are on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in the folder are on the disk, where the system can say so."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems cannot sync a folder; they need not
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
