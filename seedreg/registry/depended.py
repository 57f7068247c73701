"""Files that entries depend on, such as vocabularies: which may be named, and what they are now."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from seedreg.domain.entry import DependedFile, Source
from seedreg.errors import UsageError

_CHUNK_BYTES = 1 << 20


def depended_paths(names: Iterable[str], root: Path, cwd: Path) -> tuple[str, ...]:
    """The files that people name, relative to the project's root, sorted and each once.

    Args:
        names: paths as people write them.
        root: the project's root.
        cwd: what relative paths are relative to.

    Raises:
        UsageError: if one is outside the project, where another machine would not have it, or is not a file
            that can be read.
    """
    return tuple(sorted({_path_in_project(name, root, cwd) for name in names}))


def _path_in_project(name: str, root: Path, cwd: Path) -> str:
    path = Path(os.path.abspath(cwd / name))
    top = Path(os.path.abspath(root))
    if top not in path.parents:
        raise UsageError(
            f"{name} is outside the project ({root}), and other machines have other files there",
            hint="put a copy into the project",
        )
    if path.is_dir():
        raise UsageError(f"{name} is a folder", hint="name the files in it")
    if _sha256_of(path) is None:
        raise UsageError(f"{name} is no file that can be read", hint="name a file of the project")
    return path.relative_to(top).as_posix()


class DependedFiles:
    """What the files of a project are now; one that has not changed since it was read is not read again.

    Args:
        root: the project's root.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[tuple[str, int, int, int], str | None] = {}

    def added_to(self, source: Source, paths: Iterable[str]) -> Source:
        """The source, with what these files are now."""
        found = tuple(DependedFile(path, self._now(path)) for path in paths)
        return replace(source, depends=found)

    def _now(self, path: str) -> str | None:
        try:
            status = (self._root / path).stat()
        except (OSError, ValueError):
            return None
        key = (path, status.st_ino, status.st_size, status.st_mtime_ns)
        if key not in self._known:
            self._known[key] = _sha256_of(self._root / path)
        return self._known[key]


def _sha256_of(path: Path) -> str | None:
    """The digest of a regular file, read in pieces; None of anything else."""
    digest = hashlib.sha256()
    try:
        # A pipe could be in its place, and opening one waits for somebody to write.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            while piece := file.read(_CHUNK_BYTES):
                digest.update(piece)
    except (OSError, ValueError):
        return None
    return digest.hexdigest()
