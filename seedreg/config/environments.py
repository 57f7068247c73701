"""The environments of `[tool.seedreg.envs]`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from seedreg.config.pyproject import ENVS
from seedreg.config.tables import read_table
from seedreg.config.values import PYTHON, Reader, absolute, text
from seedreg.domain.environment_spec import THIS, EnvironmentSpec, ThisPython
from seedreg.errors import ConfigError, Step, UsageError

_NAME_PACKAGES = 'name packages: with = ["tensorflow==2.15.*"], or requirements = "FILE"'


def environments(table: dict[str, Any], path: Path) -> Iterator[EnvironmentSpec]:
    """The environments that the table `[tool.seedreg]` of the file at `path` describes.

    Raises:
        ConfigError: if one of them is wrong.
    """
    envs = table.get(ENVS, {})
    if not isinstance(envs, dict):
        raise ConfigError(
            f"envs = {envs!r} ([tool.seedreg] in {path}) is not a table",
            hint="write a table for each environment: [tool.seedreg.envs.NAME]",
        )
    for name, env in envs.items():
        where = f"[tool.seedreg.envs.{name}] in {path}"
        if name == THIS:
            raise ConfigError(
                f"{where}: {THIS!r} already names the interpreter of this configuration",
                hint="choose another name",
            )
        if not isinstance(env, dict):
            raise ConfigError(f"{name} = {env!r} ([tool.seedreg.envs] in {path}) is not a table")
        yield _environment(name, env, where, path.parent)


def absolute_requirement(requirement: str, base: Path) -> str:
    """The requirement as it is, or the absolute path where it is one (`./dist/a-1.0-py3-none-any.whl`)."""
    return absolute(requirement, base) if requirement.startswith((".", "~")) else requirement


def _environment(name: str, table: dict[str, Any], where: str, root: Path) -> EnvironmentSpec:
    fields = read_table(table, where, KINDS, root)
    try:
        spec = EnvironmentSpec.of(name, **fields)
    except UsageError as error:
        advice = _NAME_PACKAGES if error.step is Step.NAME_PACKAGES else error.hint
        raise ConfigError(f"{where}: {error.message}", hint=advice) from error
    if spec.place == ThisPython():
        raise ConfigError(
            f"{where} is empty", hint='name an interpreter (python = "…") or packages (with = ["…"])'
        )
    return spec


def _requirements(raw: object, base: Path) -> tuple[str, ...]:
    if not isinstance(raw, list):
        raise ValueError
    return tuple(absolute_requirement(text(part).strip(), base) for part in raw)


def _date(raw: object, base: Path) -> str:
    return raw.isoformat() if isinstance(raw, date) else text(raw).strip()


# Each key of [tool.seedreg.envs.NAME]: its name in `EnvironmentSpec.of`, what is allowed, how it is read.
KINDS: dict[str, tuple[str, str, Reader]] = {
    "python": ("python", *PYTHON),
    "with": ("packages", 'a list of requirements, e.g. ["tensorflow==2.15.*"]', _requirements),
    "requirements": (
        "requirements",
        "the path of a requirements file",
        lambda raw, base: absolute(text(raw), base),
    ),
    "python-version": (
        "python_version",
        'a version in quotes, e.g. "3.10"',
        lambda raw, base: text(raw).strip(),
    ),
    "exclude-newer": ("exclude_newer", "a date, e.g. 2020-02-01", _date),
}
