"""Where a setting comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True)
class Given:
    """The caller gave the setting: by an option, or as an argument."""

    def document(self) -> dict[str, str | None]:
        """The origin as JSON."""
        return _document("given")


@dataclass(frozen=True)
class Variable:
    """An environment variable sets it, e.g. `SEEDREG_DB`."""

    name: str

    def __str__(self) -> str:
        return self.name

    def document(self) -> dict[str, str | None]:
        """The origin as JSON."""
        return _document("variable", self.name)


@dataclass(frozen=True)
class Table:
    """A `pyproject.toml` sets it, in the table or key `header`, e.g. `[tool.seedreg]`."""

    header: str
    path: Path

    def __str__(self) -> str:
        return f"{self.header} in {self.path}"

    def document(self) -> dict[str, str | None]:
        """The origin as JSON."""
        return _document("pyproject", self.header, str(self.path))


@dataclass(frozen=True)
class Default:
    """Nobody sets it."""

    def document(self) -> dict[str, str | None]:
        """The origin as JSON."""
        return _document("default")


Origin: TypeAlias = Given | Variable | Table | Default


@dataclass(frozen=True)
class Setting:
    """One setting, and where it comes from."""

    name: str
    value: object
    origin: Origin


def _document(kind: str, name: str | None = None, path: str | None = None) -> dict[str, str | None]:
    return {"kind": kind, "name": name, "path": path}
