"""The configuration of a command, from options, variables, `pyproject.toml` and defaults."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedreg.config.environments import environments
from seedreg.config.origins import Default, Given, Origin, Table, Variable
from seedreg.config.pyproject import BUILDS, ENTRIES, read_pyproject
from seedreg.config.settings import Config
from seedreg.config.user_folders import xdg_cache_dir, xdg_state_dir
from seedreg.config.values import DEFAULT_FACTORIES, KINDS, field_of
from seedreg.errors import ConfigError, Step

if TYPE_CHECKING:
    from seedreg.config.builds import BuildSettings
    from seedreg.config.entries import EntrySpec

MARKERS = ("pyproject.toml", ".git", ".seedreg")


@dataclass(frozen=True)
class _Written:
    """A value as it was written; relative paths in it are relative to `base`."""

    raw: object
    origin: Origin
    base: Path


def load_config(options: Mapping[str, object], environ: Mapping[str, str], cwd: Path) -> Config:
    """The configuration of a command that is run in `cwd`.

    Relative paths in options and variables are relative to `cwd`, those in `pyproject.toml` to the
    project's root. Options that are None or empty tuples, and empty variables, are not given.

    Args:
        options: values by the field names of `Config`.
        environ: the environment variables; unknown ones are ignored.
        cwd: where the command runs.

    Raises:
        ConfigError: if a value is not allowed, a key is unknown, or `pyproject.toml` cannot be read.
    """
    unknown = set(options) - {field_of(name) for name in KINDS}
    if unknown:
        raise TypeError(f"not a setting: {', '.join(sorted(unknown))}")
    cwd = Path(os.path.abspath(cwd))
    root = find_root(cwd)
    written = _variables(environ, cwd)
    written.update(
        (name, _Written(options[field_of(name)], Given(), cwd))
        for name in KINDS
        if options.get(field_of(name)) not in (None, ())
    )

    pyproject = root / "pyproject.toml"
    table, project_name = read_pyproject(pyproject, wants_project="project" not in written)
    for name in (known for known in KINDS if known in table):
        one = _Written(table[name], Table("[tool.seedreg]", pyproject), root)
        # Checked even where an option wins: a wrong file should not break only the next command.
        _value(name, one)
        written.setdefault(name, one)
    if project_name is not None:
        written.setdefault("project", _Written(project_name, Table("[project] name", pyproject), root))

    values = _defaults(root, environ)
    values.update((name, _value(name, one)) for name, one in written.items())
    return Config(
        root=root,
        given_cache_dir=values.pop("cache_dir"),
        given_state_dir=values.pop("state_dir"),
        origins=tuple((name, written[name].origin if name in written else Default()) for name in KINDS),
        envs=tuple(environments(table, pyproject)),
        entries=_entries(table, pyproject),
        builds=_builds(table, pyproject),
        **{field_of(name): value for name, value in values.items()},
    )


# What few projects have is imported where it is there: 2 ms of every command's start-up.
def _entries(table: dict[str, Any], path: Path) -> tuple[EntrySpec, ...]:
    if ENTRIES not in table:
        return ()
    from seedreg.config.entries import entry_specs

    return tuple(entry_specs(table, path))


def _builds(table: dict[str, Any], path: Path) -> tuple[BuildSettings, ...]:
    if BUILDS not in table:
        return ()
    from seedreg.config.builds import build_settings

    return tuple(build_settings(table, path))


def find_root(cwd: Path) -> Path:
    """The nearest folder, from `cwd` upwards, that holds one of `MARKERS`; else `cwd`."""
    for folder in (cwd, *cwd.parents):
        if any(os.path.exists(folder / marker) for marker in MARKERS):
            return folder
    return cwd


def _variables(environ: Mapping[str, str], cwd: Path) -> dict[str, _Written]:
    names = {name: f"SEEDREG_{name.upper()}" for name in KINDS}
    return {
        name: _Written(environ[variable], Variable(variable), cwd)
        for name, variable in names.items()
        if environ.get(variable, "").strip()
    }


def _value(name: str, written: _Written) -> object:
    allowed, read = KINDS[name]
    try:
        return read(written.raw, written.base)
    except (ValueError, OverflowError) as error:
        if isinstance(written.origin, Given):
            raise ConfigError(
                f"{name} = {written.raw!r} is not {allowed}",
                step=Step.SET_OPTION,
                option=name.replace("_", "-"),
                allowed=allowed,
            ) from error
        raise ConfigError(
            f"{name} = {written.raw!r} ({written.origin}) is not {allowed}", hint=f"set {name} to {allowed}"
        ) from error


def _defaults(root: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    return {
        "db": str(root / ".seedreg" / "registry.db"),
        "project": root.name or "project",
        "python": sys.executable,
        "factories": DEFAULT_FACTORIES,
        "pythonpath": (),
        "environ": (),
        "isolation": "auto",
        "jobs": _cores(),
        "timeout": 600.0,
        "seeding": "full",
        "device": "cpu",
        "busy_timeout": 30.0,
        "cache_dir": xdg_cache_dir(environ),
        "state_dir": xdg_state_dir(environ),
    }


def _cores() -> int:
    # In a container cpu_count() counts the machine's cores, not those that this process may use.
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    else:
        return os.cpu_count() or 1
