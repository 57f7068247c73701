"""A configuration, and where each of its settings comes from."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from seedreg.config.interpreter import resolve_python
from seedreg.domain.environment_spec import EnvironmentSpec, ExistingPython, MadeEnvironment, ThisPython


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


@dataclass(frozen=True)
class Config:
    """What a command works with.

    `db` is an absolute path, or a URL as it was written. `python` is an absolute path or
    a bare command name; `interpreter` finds it. `factories` are modules, files or full addresses in
    which bare names are looked up. `cache_dir` holds the environments that uv created; `envs` are
    those of `[tool.seedreg.envs]`, labelled by their names.
    """

    root: Path
    project: str
    db: str
    python: str
    factories: tuple[str, ...]
    pythonpath: tuple[Path, ...]
    isolation: str
    jobs: int
    timeout_s: float
    seeding: str
    device: str
    busy_timeout_s: float
    cache_dir: Path
    settings: tuple[Setting, ...] = ()
    envs: tuple[EnvironmentSpec, ...] = ()

    @property
    def import_paths(self) -> tuple[Path, ...]:
        """Folders that modules of the project are imported from: root, root/src if it is one, pythonpath."""
        source = self.root / "src"
        paths = (self.root, *((source,) if os.path.isdir(source) else ()), *self.pythonpath)
        return tuple(dict.fromkeys(paths))

    def interpreter(self, python: ThisPython | ExistingPython) -> str:
        """The absolute path of the interpreter: that of this configuration, or another.

        Raises:
            ConfigError: if there is no such interpreter.
        """
        text = python.path if isinstance(python, ExistingPython) else self.python
        return resolve_python(text, self.root)

    def resolved(self, environment: EnvironmentSpec) -> EnvironmentSpec:
        """The environment with the absolute path of its interpreter; one that is known by version stays.

        Raises:
            ConfigError: if there is no such interpreter.
        """
        place = environment.place
        match place:
            case MadeEnvironment(python=ThisPython() | ExistingPython() as base):
                place = replace(place, python=ExistingPython(self.interpreter(base)))
            case ThisPython() | ExistingPython():
                place = ExistingPython(self.interpreter(place))
        return replace(environment, place=place)


def _document(kind: str, name: str | None = None, path: str | None = None) -> dict[str, str | None]:
    return {"kind": kind, "name": name, "path": path}
