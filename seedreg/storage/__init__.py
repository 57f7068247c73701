"""Storage: where entries rest. Only this package knows SQL; only values of the domain leave it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedreg.storage.engine import parse_location
    from seedreg.storage.objects import ObjectStore
    from seedreg.storage.repository import Repository, open_repository
    from seedreg.storage.schema import SCHEMA_REVISION, SchemaStatus, Upgraded, backup, check, status, upgrade

__all__ = [
    "SCHEMA_REVISION",
    "ObjectStore",
    "Repository",
    "SchemaStatus",
    "Upgraded",
    "backup",
    "check",
    "open_repository",
    "parse_location",
    "status",
    "upgrade",
]

_HOMES = {
    "ObjectStore": "objects",
    "Repository": "repository",
    "open_repository": "repository",
    "parse_location": "engine",
}


def __getattr__(name: str) -> Any:
    # SQLAlchemy costs 0.2 s: it is imported when something of the registry is first used.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'schema')}"), name)
