"""`seedreg.envs/1`: the environments that were created for builds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedreg.environments.cached import CachedEnvironment
    from seedreg.environments.manifest import FileChanges

FORMAT = "seedreg.envs/1"


def envs_document(folder: Path, environments: Sequence[CachedEnvironment]) -> dict[str, Any]:
    """The environments of a cache folder, the one used last at the end."""
    return {
        "format": FORMAT,
        "folder": str(folder),
        "environments": [_environment(environment) for environment in environments],
    }


def _environment(environment: CachedEnvironment) -> dict[str, Any]:
    return {
        "key": environment.key,
        "path": str(environment.path),
        "python": environment.python,
        "specification": environment.specification,
        "distributions": list(environment.distributions),
        "size_bytes": environment.size_bytes,
        "made_at": _time(environment.made_at),
        "used_at": _time(environment.used_at),
        "changes": None if environment.changes is None else _changes(environment.changes),
    }


def _changes(changes: FileChanges) -> dict[str, Any]:
    return {
        "changed": list(changes.changed),
        "missing": list(changes.missing),
        "added": list(changes.added),
    }


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
