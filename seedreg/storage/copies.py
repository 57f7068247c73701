"""Backups of a registry with its kept weights, and how one takes the place of the registry."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from seedreg.domain.problem import Problem, ProblemKind
from seedreg.errors import RegistryError, Step, UsageError
from seedreg.storage.companions import companions
from seedreg.storage.database import BUSY_TIMEOUT_S
from seedreg.storage.inspection import inspect_content
from seedreg.storage.inspection.weights import kept_tensors, missing_weights
from seedreg.storage.location import Location, SqliteFile
from seedreg.storage.objects import ObjectStore
from seedreg.storage.opening import objects_of, opened, path_of_backup
from seedreg.storage.ownership import is_part_of
from seedreg.storage.revisions import SchemaStatus
from seedreg.storage.sqlite_restore import copied_beside, replace_registry

# What a clock that was wrong for a while leaves behind for good. It damages nothing, and a registry whose
# backups were refused for it could never be restored.
_OF_A_CLOCK = frozenset({ProblemKind.TIME_AHEAD, ProblemKind.TIME_ORDER})


@dataclass(frozen=True)
class BackedUp:
    """A backup was written; `tensors` of the kept weights are in the objects beside it.

    `problems` are those of kept weights that the registry does not have, and so not the backup either.
    """

    tensors: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Restored:
    """A backup took the place of the registry.

    `replaced` are the files that hold the one before; empty if there was none. `problems` are those of kept
    weights that neither the backup nor the registry before had.
    """

    schema: SchemaStatus
    replaced: tuple[Path, ...]
    tensors: int
    problems: tuple[Problem, ...]


def backup(location: Location, target: Path) -> BackedUp:
    """Copy the registry as it is at one moment, with its kept weights, while others may go on writing.

    The copy is a registry of its own. Its kept weights are in the folder `objects` beside it, which the
    backups in one folder share.

    Raises:
        UsageError: if the target is one of the registry's own files.
        RegistryError: if it exists, or cannot be written.
    """
    if is_part_of(location, target):
        raise UsageError(f"{target} is part of the registry {location}", hint="name another file")
    there = ObjectStore(objects_of(SqliteFile(target)).folder, _path_of(location))
    with opened(location, write=False) as database, database.reading():
        # The weights first: a backup that has its name is complete.
        tensors = there.receive(kept_tensors(database), objects_of(location))
        problems = tuple(missing_weights(database, there))
        database.backend.copy(target)
    return BackedUp(tensors, problems)


def restore(location: Location, source: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Restored:
    """Replace the registry by a backup, with its kept weights; the registry before is kept beside it.

    At any moment the registry is the one before or the restored one, also if this process is killed. It may
    be missing or damaged, and files that SQLite kept beside another one may lie beside it. Times in the
    backup may be out of order.

    Raises:
        UsageError: if the backup is the registry itself.
        SchemaError: if the backup is newer than this seedreg.
        RegistryError: if it is missing, damaged or no registry, if another process has the registry open, or
            if it cannot be written.
    """
    path = Path(os.path.realpath(_path_of(location)))
    if Path(os.path.realpath(source)) in (path, *companions(path)):
        raise UsageError(f"{source} is part of the registry {location}", hint="name a backup")
    if not os.path.lexists(source):
        raise RegistryError(f"no backup at {source}")
    with copied_beside(path, source, wait_s=busy_timeout_s) as copy:
        new = SqliteFile(copy)
        if problems := [one for one in inspect_content(new) if one.kind not in _OF_A_CLOCK]:
            raise RegistryError(
                f"backup {source} is not sound: {_counted(problems)}; nothing was changed",
                step=Step.CHECK_BACKUP,
                path=str(source),
            )
        store = objects_of(location)
        with opened(new, write=False) as database:
            schema = database.schema
            tensors = store.receive(kept_tensors(database), objects_of(SqliteFile(source)))
            missing = tuple(missing_weights(database, store))
        stamp = datetime.now(timezone.utc).strftime("replaced-%Y%m%dT%H%M%S%fZ")
        replaced = replace_registry(
            path, copy, path_of_backup(SqliteFile(path), stamp), wait_s=busy_timeout_s
        )
    return Restored(schema, replaced, tensors, missing)


def _path_of(location: Location) -> Path:
    match location:
        case SqliteFile(path):
            return path


def _counted(problems: list[Problem]) -> str:
    return "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
