"""Where entries are stored. Only this package knows SQL; only values of the domain leave it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seedreg.storage.companions import companions
from seedreg.storage.location import Location, SqliteFile, parse_location
from seedreg.storage.revisions import SCHEMA_REVISION, SchemaState, SchemaStatus

if TYPE_CHECKING:
    from seedreg.storage.copies import BackedUp, Restored, backup, restore
    from seedreg.storage.inspection import check
    from seedreg.storage.objects import ObjectStore
    from seedreg.storage.opening import may_exist, objects_of
    from seedreg.storage.ownership import is_part_of
    from seedreg.storage.repository import Repository, open_repository
    from seedreg.storage.schema import AlreadyCurrent, Upgraded, pending_bytes, size_bytes, status, upgrade

__all__ = [
    "SCHEMA_REVISION",
    "AlreadyCurrent",
    "BackedUp",
    "Location",
    "ObjectStore",
    "Repository",
    "Restored",
    "SchemaState",
    "SchemaStatus",
    "SqliteFile",
    "Upgraded",
    "backup",
    "check",
    "companions",
    "is_part_of",
    "may_exist",
    "objects_of",
    "open_repository",
    "parse_location",
    "pending_bytes",
    "restore",
    "size_bytes",
    "status",
    "upgrade",
]

_MODULES = {
    "AlreadyCurrent": "schema",
    "BackedUp": "copies",
    "ObjectStore": "objects",
    "Repository": "repository",
    "Restored": "copies",
    "Upgraded": "schema",
    "backup": "copies",
    "check": "inspection",
    "is_part_of": "ownership",
    "may_exist": "opening",
    "objects_of": "opening",
    "open_repository": "repository",
    "pending_bytes": "schema",
    "restore": "copies",
    "size_bytes": "schema",
    "status": "schema",
    "upgrade": "schema",
}


def __getattr__(name: str) -> Any:
    # SQLAlchemy costs 0.2 s: it is imported when something of the registry is first used.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
