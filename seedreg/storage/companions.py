"""The files beside a registry file that belong to it."""

from __future__ import annotations

import os
from pathlib import Path

# SQLite's own, and the lock by which commands take turns.
_QUEUE = "-queue"
_SUFFIXES = ("-wal", "-shm", "-journal", _QUEUE)


def companions(path: Path) -> tuple[Path, ...]:
    """Every file that may lie beside that registry file and belong to it, whether or not it is there now.

    What was written last may be in the first one alone: whoever copies, moves or replaces the registry must
    think of them. The file named `-queue` is empty and only a lock.
    """
    # SQLite follows links. What has such a name beside the link is not to be touched either.
    real = Path(os.path.realpath(path))
    places = (real,) if real == path else (real, path)
    return tuple(place.with_name(place.name + suffix) for place in places for suffix in _SUFFIXES)


def queue_file(path: Path) -> Path:
    """The file that is locked by the process whose turn it is to write."""
    real = os.path.realpath(path)
    return Path(real + _QUEUE)
