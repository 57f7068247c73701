"""Which files a registry is made of: nothing else may be written over them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from seedreg.storage.companions import companions
from seedreg.storage.location import Location, SqliteFile


def is_part_of(location: Location, path: Path) -> bool:
    """Whether a file written to that path would be, or replace, a file of the registry.

    That is its file, a companion of it whether or not it is there now, a backup that an upgrade made, or
    anything in the folder of kept weights; also through links and under another spelling.
    """
    match location:
        case SqliteFile(registry):
            written = Path(os.path.realpath(path))
            for named in (registry, Path(os.path.realpath(registry))):
                objects = Path(os.path.realpath(named.parent / "objects"))
                if written == objects or objects in written.parents:
                    return True
            return any(written == one or _is_same_file(written, one) for one in _files(registry))


def _files(registry: Path) -> Iterator[Path]:
    for named in {registry, Path(os.path.realpath(registry))}:
        folder = Path(os.path.realpath(named.parent))
        inside = folder / named.name
        yield inside
        yield from companions(inside)
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        yield from (
            folder / name for name in names if name.startswith(f"{named.name}.") and name[-4:] == ".bak"
        )


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:  # one of them is not there
        return False
