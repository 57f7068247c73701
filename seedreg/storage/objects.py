"""Kept weights: each tensor's bytes once, in `objects/ab/cdef…` under their SHA-256.

Which tensor belongs to which entry is recorded in the fingerprints, not here.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from seedreg.domain.canonical import is_sha256
from seedreg.domain.problem import Problem, ProblemKind, problem
from seedreg.errors import RegistryError, Step
from seedreg.files import sync_file, sync_folder, temporary_beside
from seedreg.leftovers import remove_leftovers
from seedreg.storage.permissions import take_permissions

_CHUNK_BYTES = 1 << 20


class ObjectStore:
    """The files in one folder, which is created with the first of them.

    Args:
        folder: where they are.
        registry: the file whose permissions they get.
    """

    def __init__(self, folder: Path, registry: Path) -> None:
        self.folder = folder
        self._registry = registry

    def adopt(self, source: BinaryIO, sha256: str) -> None:
        """Keep the bytes of the stream; nothing happens when the object is there already, and undamaged.

        Once this has returned, the object survives a power loss.

        Raises:
            RegistryError: if the bytes have another hash, or cannot be stored.
        """
        path = self._path(sha256)
        if _is_whole(path, sha256):
            return
        try:
            for folder in (self.folder, path.parent):
                self._create(folder)
            # All temporary files are in one folder, where a later command finds what a killed one left.
            with temporary_beside(path.parent) as temporary:
                with open(temporary, "xb", opener=_private) as copy:
                    found = _hash_of(source, copy)
                if found != sha256:
                    raise RegistryError(f"weights have the SHA-256 {found}, not {sha256}: they are not kept")
                take_permissions(temporary, self._registry)
                sync_file(temporary)
                temporary.replace(path)  # over damaged bytes, or the same if another process was faster
            sync_folder(path.parent)
            sync_folder(self.folder)
        except OSError as error:
            raise RegistryError(f"weights cannot be kept in {self.folder}: {error.strerror}") from error

    def remove_leftovers(self) -> None:
        """Remove what commands that were killed left behind."""
        remove_leftovers(self.folder)

    def _create(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
            take_permissions(folder, self._registry)

    def has(self, sha256: str) -> bool:
        """Whether there is an object of that name; `problems` says whether it is damaged.

        Raises:
            OSError: if this user may not look.
        """
        return is_sha256(sha256) and _is_file(self._path(sha256))

    def size_bytes(self) -> int:
        """How much room the objects take."""
        total = 0
        for path in self.folder.glob("??/*"):
            with suppress(OSError):
                total += path.stat().st_size if _is_file(path) else 0
        return total

    def receive(self, digests: Iterable[str], other: ObjectStore) -> int:
        """Copy those objects of another folder that are whole there; the number that are here afterwards.

        Raises:
            RegistryError: if they cannot be stored.
        """
        names = sorted(filter(is_sha256, digests))
        for sha256 in names:
            source = other._path(sha256)
            if not _is_whole(self._path(sha256), sha256) and _is_whole(source, sha256):
                with source.open("rb") as file:
                    self.adopt(file, sha256)
        try:
            return sum(map(self.has, names))
        except OSError as error:
            raise RegistryError(f"weights {self.folder} cannot be read: {error.strerror}") from error

    def open(self, sha256: str) -> BinaryIO:
        """The object's bytes as a file, after all of them were verified.

        Raises:
            RegistryError: if it is missing, unreadable or damaged.
        """
        path = self._path(sha256)
        try:
            file = path.open("rb")
        except FileNotFoundError:
            raise RegistryError(
                f"weights {sha256} are not in {self.folder}", step=Step.KEEP_WEIGHTS
            ) from None
        except OSError as error:
            raise RegistryError(f"weights {path} cannot be read: {error.strerror}") from error
        try:
            if _hash_of(file) != sha256:
                raise RegistryError(
                    f"weights {path} are damaged: their SHA-256 is another one",
                    step=Step.KEEP_WEIGHTS_AGAIN,
                )
            file.seek(0)
        except BaseException as error:
            file.close()
            if isinstance(error, OSError):
                raise RegistryError(f"weights {path} cannot be read: {error.strerror}") from error
            raise
        return file

    def problems(self) -> Iterator[Problem]:
        """What is damaged, or is not an object."""
        for path in sorted(self.folder.glob("*/*")):
            sha256 = path.parent.name + path.name
            try:
                if not (is_sha256(sha256) and _is_file(path)):
                    yield problem(ProblemKind.NO_OBJECT, path=str(path))
                    continue
                with path.open("rb") as file:
                    found = _hash_of(file)
            except OSError as error:
                yield problem(ProblemKind.WEIGHTS_UNREADABLE, path=str(path), error=error.strerror)
                continue
            if found != sha256:
                yield problem(ProblemKind.WEIGHTS_DIFFER, path=str(path))

    def _path(self, sha256: str) -> Path:
        if not is_sha256(sha256):
            raise ValueError(f"{sha256!r} is not a SHA-256 in hexadecimal")
        return self.folder / sha256[:2] / sha256[2:]


def _hash_of(file: BinaryIO, copy: BinaryIO | None = None) -> str:
    """The SHA-256 of the remaining bytes, which are also written to `copy` if one is given."""
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
        if copy is not None:
            copy.write(chunk)
    return digest.hexdigest()


def _is_whole(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return _hash_of(file) == sha256
    except OSError:
        return False


def _is_file(path: Path) -> bool:
    """`Path.is_file`, where only a missing file is one that is not there."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
