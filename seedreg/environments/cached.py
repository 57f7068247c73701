"""One environment of the cache: what is known of it, and a hold on it while somebody builds there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO

from seedreg.environments.about import ABOUT, read_about
from seedreg.environments.manifest import FileChanges, Files

KEY_LENGTH = 16


@dataclass(frozen=True)
class CachedEnvironment:
    """A complete environment in the cache; times are seconds since the epoch.

    `specification` is what was asked for when it was created. `size_bytes` counts all its files; uv shares
    many of them with its own cache where the file system allows it. `changes` are files that are not as
    they were created; None where that is not known.
    """

    key: str
    path: Path
    python: str
    specification: str
    distributions: tuple[str, ...]
    size_bytes: int
    made_at: float
    used_at: float
    changes: FileChanges | None = None

    @property
    def is_changed(self) -> bool:
        """Whether files are known not to be as they were created."""
        return self.changes is not None and self.changes.count > 0

    @classmethod
    def read(cls, path: Path) -> CachedEnvironment | None:
        """The environment in this folder; None if it is incomplete, gone or of another format."""
        about = read_about(path)
        if about is None:
            return None
        try:
            used_at = (path / ABOUT).stat().st_mtime
        except OSError:
            return None
        files = Files.of(path)
        return cls(
            path.name.removeprefix("env-"),
            path,
            about.python,
            about.specification,
            about.pins,
            files.size_bytes,
            about.made_at,
            used_at,
            files.changes(path),
        )


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
