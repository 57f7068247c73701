"""A configuration."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from seedreg.config.interpreter import resolve_python
from seedreg.config.origins import Origin, Setting
from seedreg.config.user_folders import user_cache_dir, user_state_dir
from seedreg.config.values import field_of
from seedreg.domain.environment_spec import EnvironmentSpec, ExistingPython, MadeEnvironment, ThisPython

if TYPE_CHECKING:
    from seedreg.config.builds import BuildSettings
    from seedreg.config.entries import EntrySpec


@dataclass(frozen=True)
class Config:
    """What a command works with.

    `db` is an absolute path, or a URL as it was written. `python` is an absolute path or
    a bare command name; `interpreter` finds it. `factories` are modules, files or full addresses in
    which bare names are looked up. `given_cache_dir` and `given_state_dir` are None where nothing names
    the folder of environments, or that of the user's state. `envs` are those of `[tool.seedreg.envs]`,
    labelled by their names, `builds` what `[[tool.seedreg.builds]]` says, and `entries` what
    `[[tool.seedreg.entries]]` lists. `environ` are variables as `NAME=VALUE`. `origins` are the names of all
    settings, and where each comes from.
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
    given_cache_dir: Path | None = None
    given_state_dir: Path | None = None
    origins: tuple[tuple[str, Origin], ...] = ()
    envs: tuple[EnvironmentSpec, ...] = ()
    entries: tuple[EntrySpec, ...] = ()
    environ: tuple[str, ...] = ()
    builds: tuple[BuildSettings, ...] = ()

    @cached_property
    def cache_dir(self) -> Path:
        """The folder of the environments that uv created."""
        return self.given_cache_dir or user_cache_dir()

    @cached_property
    def state_dir(self) -> Path:
        """The folder in which this user's own registries are known."""
        return self.given_state_dir or user_state_dir()

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Every setting, with its value and where that comes from."""
        return tuple(Setting(name, getattr(self, field_of(name)), origin) for name, origin in self.origins)

    def variables_of(self, factory: str) -> tuple[tuple[str, str], ...]:
        """The environment variables that are set for builds of the factory, sorted by name."""
        texts = [*self.environ, *(text for one in self.builds if one.fits(factory) for text in one.environ)]
        return tuple(
            sorted({name: value for name, _, value in (text.partition("=") for text in texts)}.items())
        )

    def python_of(self, factory: str) -> str | None:
        """The interpreter that only builds of the factory and its like have; None if they have none."""
        named = [one.python for one in self.builds if one.python is not None and one.fits(factory)]
        return named[-1] if named else None

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
