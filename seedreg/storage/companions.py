"""The files beside a registry file that belong to it."""

from __future__ import annotations

import os
from pathlib import Path

# SQLite's own, and the lock by which commands take turns.
_SUFFIXES = ("-wal", "-shm", "-journal", "-queue")


def companions(path: Path) -> tuple[Path, ...]:
    """Every file that may lie beside that registry file and belong to it, whether or not it is there now.

    What was written last may be in the first one alone: whoever copies, moves or replaces the registry must
    think of them. The last one is empty and only a lock.
    """
    path = Path(os.path.realpath(path))
    return tuple(path.with_name(path.name + suffix) for suffix in _SUFFIXES)


def queue_file(path: Path) -> Path:
    """The file that is locked by the process whose turn it is to write."""
    return companions(path)[-1]
