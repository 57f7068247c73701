"""`seedreg.config/1`: the settings of a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedreg.config import Config

FORMAT = "seedreg.config/1"


def config_document(config: Config) -> dict[str, Any]:
    """Every setting with its value and where that comes from; the project's root first."""
    root = {"kind": "markers", "name": None, "path": None}
    settings = [{"name": "root", "value": str(config.root), "origin": root}]
    settings += [
        {"name": one.name, "value": _value(one.value), "origin": one.origin.document()}
        for one in config.settings
    ]
    return {"format": FORMAT, "settings": settings}


def _value(value: object) -> Any:
    if isinstance(value, tuple):
        return [str(part) for part in value]
    return str(value) if isinstance(value, Path) else value
