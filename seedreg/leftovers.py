"""Names of temporary files and folders by which a later command finds what a killed process left behind.

A name says on which machine (and in which container) which process made it, and when that process began:
process numbers are used again. What another machine made in a shared folder is left alone for a day.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

_PREFIX = ".seedreg-"
_NAME = re.compile(r"\.seedreg-([0-9a-f]{8})-([0-9]{1,10})-([0-9]{1,20})-[0-9a-f]{12}", re.ASCII)
_FOREIGN_FOR_S = 24 * 60 * 60


def temporary_name(suffix: str) -> str:
    """An unused name for a file or folder of this process."""
    pid = os.getpid()
    return f"{_PREFIX}{_machine()}-{pid}-{_start(pid) or 0}-{os.urandom(6).hex()}{suffix}"


def is_temporary(name: str) -> bool:
    """Whether a file of that name is a temporary one, or belongs to one, whoever made it."""
    return _NAME.match(name) is not None


def leftovers(folder: Path) -> Iterator[Path]:
    """What processes that are no longer alive left in the folder; none if it cannot be listed."""
    try:
        with os.scandir(folder) as found:
            names = [entry.name for entry in found if entry.name.startswith(_PREFIX)]
    except OSError:
        return
    for name in sorted(names):
        made = _NAME.match(name)
        if made is not None and _is_abandoned(folder / name, made[1], int(made[2]), int(made[3])):
            yield folder / name


def remove_leftovers(folder: Path) -> None:
    """Remove what `leftovers` finds, as far as this user may."""
    for path in leftovers(folder):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def _is_abandoned(path: Path, machine: str, pid: int, start: int) -> bool:
    if machine == _machine():
        return not _is_alive(pid, start)
    try:
        return time.time() - path.lstat().st_mtime > _FOREIGN_FOR_S
    except OSError:
        return False


@cache
def _machine() -> str:
    """One start of one machine, and one name space of process numbers in it."""
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii"))
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def _is_alive(pid: int, start: int) -> bool:
    if os.name == "nt":  # there `kill` with 0 would end the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # another user's
    return start in (0, _start(pid) or start)


def _start(pid: int) -> int | None:
    """When the process began, in the units of the system; None where that is not known."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        return int(text.rpartition(")")[2].split()[19])  # proc(5): the name of the program may hold blanks
    except (OSError, ValueError, IndexError):
        return None
