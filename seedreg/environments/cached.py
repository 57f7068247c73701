"""One environment of the cache: what is known of it, and a hold on it while somebody builds there."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

CACHE_FORMAT = 1
KEY_LENGTH = 16
# Lies in each complete environment; its time of change is that of the last use.
ABOUT = "seedreg.json"


@dataclass(frozen=True)
class CachedEnvironment:
    """A complete environment in the cache; times are seconds since the epoch.

    `specification` is what was asked for when it was created. `size_bytes` counts all its files; uv shares
    many of them with its own cache where the file system allows it.
    """

    key: str
    path: Path
    python: str
    specification: str
    distributions: tuple[str, ...]
    size_bytes: int
    made_at: float
    used_at: float

    @classmethod
    def read(cls, path: Path) -> CachedEnvironment | None:
        """The environment in this folder; None if it is incomplete, gone or of another format."""
        about = read_about(path)
        if about is None:
            return None
        try:
            return cls(
                path.name.removeprefix("env-"),
                path,
                about["python"],
                about["specification"],
                tuple(about["pins"]),
                _size_bytes(path),
                about["made_at"],
                (path / ABOUT).stat().st_mtime,
            )
        except (OSError, KeyError):
            return None


class HeldEnvironment:
    """An environment that nobody removes while it is held; `python` is its interpreter."""

    def __init__(self, path: Path, label: str, lock: IO[str] | None) -> None:
        self._path = path
        self._lock = lock
        self.key = path.name.removeprefix("env-")
        self.label = label
        self.python = str(path / "bin" / "python")

    def is_intact(self) -> bool:
        """Whether it and the Python that it was created with are still there."""
        return read_about(self._path) is not None

    def close(self) -> None:
        """Let it be removed."""
        if self._lock is not None:
            self._lock.close()


def read_about(path: Path) -> dict[str, Any] | None:
    """What the environment says of itself; None unless it is complete and its Python is still the same."""
    try:
        about: dict[str, Any] = json.loads((path / ABOUT).read_text("utf-8"))
        python = path / "bin" / "python"
        if not python.exists() or os.path.realpath(python) != about["interpreter"]:
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return about


def _size_bytes(folder: Path) -> int:
    sizes: dict[tuple[int, int], int] = {}
    for root, folders, files in os.walk(folder):
        for name in (*files, *folders):
            with contextlib.suppress(OSError):
                about = os.lstat(os.path.join(root, name))
                sizes[about.st_dev, about.st_ino] = about.st_blocks * 512
    return sum(sizes.values())
