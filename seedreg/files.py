"""Files that appear complete or not at all. Errors stay `OSError`s: callers know what the file is."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, TextIO

from seedreg.leftovers import remove_leftovers, temporary_name

# What systems say where a file cannot have two names: FAT, some network and FUSE file systems.
_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES}


class CreationLocked(OSError):
    """Another process has held the lock on a name for longer than this one would wait."""

    def __init__(self, lock: Path) -> None:
        super().__init__(errno.EBUSY, "another process is creating it", str(lock))
        self.lock = lock


@contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """An unused path in the target's folder; a file that is still there afterwards is removed."""
    path = target.with_name(temporary_name(".new"))
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def put_in_place(temporary: Path, target: Path, *, wait_s: float) -> bool:
    """Give a finished file its name; False, and nothing changed, if the name is taken.

    The file's bytes and its name survive a power loss once this has returned.

    Raises:
        CreationLocked: if another process has been putting a file there for `wait_s`.
        OSError: if the file system refuses.
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
                raise CreationLocked(lock) from None
            time.sleep(0.05)
    try:
        if target.exists():
            return False
        temporary.rename(target)
        return True
    finally:
        lock.unlink()


def target_of(path: Path) -> Path:
    """The file that writing to the path creates or replaces: a symbolic link stays, its target is written.

    Raises:
        OSError: if no file can be written there: it is a folder, its folder is missing or takes no files, its
            name is too long, links lead in a circle.
    """
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        is_folder = False
    if is_folder:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    target = Path(os.path.realpath(path))
    folder = target.parent
    if not stat.S_ISDIR(folder.stat().st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    if (not target.exists() or target.is_file()) and not _takes_files(folder):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
    return target


def _takes_files(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A text file that gets its name when all is written, and leaves nothing behind when that fails.

    A file of that name is replaced. A pipe, `/dev/null` or anything else that is not a regular file is
    written to directly.

    Raises:
        OSError: if it cannot be written.
    """
    path = target_of(path)
    if path.exists() and not path.is_file():
        with open_text(path, "w") as file:
            yield file
        return
    temporary = path.with_name(temporary_name(".tmp"))
    remove_leftovers(path.parent)
    try:
        with open_text(temporary, "x") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def open_text(path: Path, mode: Literal["a", "w", "x"]) -> TextIO:
    """The file opened for UTF-8 text with plain newlines on every system."""
    # A lone surrogate becomes \udc80, which JSON reads and nothing else minds.
    return path.open(mode, encoding="utf-8", errors="backslashreplace", newline="\n")


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
