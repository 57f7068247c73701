"""Which files an environment had when it was complete, and which of them are others now.

uv gives an environment hard links to the files of its own cache where it can. An editor that writes a file in
place changes every environment that has it, and those that will be created.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seedreg.domain.canonical import canonical_json
from seedreg.domain.decoding import Fields, exactly, integer, list_of, mapping_of, parse
from seedreg.environments.about import ABOUT, read_bounded

MANIFEST = "seedreg-files.json"
MANIFEST_FORMAT = 1

# An environment with TensorFlow has 20,000 files and a manifest of 2 MB.
_MAX_BYTES = 256_000_000
# Written by every import, and checked by Python against its source.
_BYTECODE = "__pycache__"
_OWN = frozenset({ABOUT, MANIFEST})
# What a RECORD may name ("sha256 or better").
_ALGORITHMS = frozenset({"sha256", "sha384", "sha512"})
_METADATA = re.compile(r"(?P<name>.+?)-[^-]+\.dist-info")


@dataclass(frozen=True)
class FileChanges:
    """Files that are not as they were; paths are relative to the environment's folder, sorted."""

    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.changed) + len(self.missing) + len(self.added)


@dataclass(frozen=True)
class Files:
    """The files in an environment: size and time of change of each, in whole seconds; and what all take."""

    stamps: dict[str, tuple[int, int]]
    size_bytes: int

    @classmethod
    def of(cls, folder: Path) -> Files:
        """The files that are there now, without bytecode and what seedreg itself wrote."""
        stamps: dict[str, tuple[int, int]] = {}
        sizes: dict[tuple[int, int], int] = {}
        for entry in _walk(str(folder)):
            with contextlib.suppress(OSError):
                about = entry.stat(follow_symlinks=False)
                sizes[about.st_dev, about.st_ino] = about.st_blocks * 512
                if not entry.is_dir(follow_symlinks=False):
                    name = entry.path[len(str(folder)) + 1 :]
                    if name not in _OWN and _BYTECODE not in name.split(os.sep):
                        stamps[name] = (about.st_size, int(about.st_mtime))
        return cls(stamps, sum(sizes.values()))

    def record(self, folder: Path) -> None:
        """Note the files as those of the complete environment in this folder."""
        document = {"format": MANIFEST_FORMAT, "files": self.stamps}
        (folder / MANIFEST).write_text(canonical_json(document), "utf-8")

    def changes(self, folder: Path) -> FileChanges | None:
        """What is not as it was recorded; None if nothing was, or it cannot be read."""
        try:
            fields = Fields(parse(read_bounded(folder / MANIFEST, _MAX_BYTES)))
            fields("format", exactly(MANIFEST_FORMAT))
            then = fields("files", mapping_of(list_of(integer)))
        except (OSError, ValueError):
            return None
        now = self.stamps
        return FileChanges(
            tuple(sorted(name for name in then.keys() & now.keys() if tuple(then[name]) != now[name])),
            tuple(sorted(then.keys() - now.keys())),
            tuple(sorted(now.keys() - then.keys())),
        )


def differing_contents(folder: Path) -> tuple[str, ...]:
    """The files whose content is not the one that the metadata of their distribution names, sorted.

    It reads all files: with TensorFlow 2.4 GB, which takes several seconds.
    """
    return tuple(sorted(_differing(folder)))


def distributions_of(folder: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    """The distributions that the files belong to, sorted; files of none are left out."""
    wanted = set(names)
    found = {
        match["name"]
        for record, files in _records(folder)
        if any(name in wanted for name, _ in files) and (match := _METADATA.fullmatch(record.parent.name))
    }
    return tuple(sorted(found))


def _differing(folder: Path) -> Iterator[str]:
    for _, files in _records(folder):
        for name, expected in files:
            algorithm, _, encoded = expected.partition("=")
            if algorithm not in _ALGORITHMS:
                continue
            with contextlib.suppress(OSError):  # what is not there is missing already
                digest = base64.urlsafe_b64encode(_digest(folder / name, algorithm)).rstrip(b"=")
                if digest.decode() != encoded:
                    yield name


def _digest(path: Path, algorithm: str) -> bytes:
    found = hashlib.new(algorithm)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.digest()


def _records(folder: Path) -> Iterator[tuple[Path, list[tuple[str, str]]]]:
    """Each RECORD of the environment with its files and hashes; paths are relative to `folder`."""
    for record in sorted(folder.glob("lib/*/site-packages/*.dist-info/RECORD")):
        site = record.parent.parent
        with contextlib.suppress(OSError, csv.Error, UnicodeDecodeError):
            with record.open(encoding="utf-8", newline="") as file:
                rows = [row for row in csv.reader(file) if len(row) == 3]
            yield record, [(os.path.relpath(os.path.normpath(site / row[0]), folder), row[1]) for row in rows]


def _walk(folder: str) -> Iterator[os.DirEntry[str]]:
    waiting = [folder]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
