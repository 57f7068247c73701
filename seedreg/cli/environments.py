"""The environments that the options of a command name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from seedreg.config import Config, absolute_requirement
from seedreg.domain.environment_spec import THIS, EnvironmentSpec
from seedreg.errors import UsageError

# Options of `build_options` that are no settings.
ENVIRONMENT_OPTIONS = ("packages", "requirements", "python_version", "exclude_newer", "envs")


def environment_specs(config: Config, options: Mapping[str, Any], cwd: Path) -> tuple[EnvironmentSpec, ...]:
    """The environments that the options name; without any, this configuration's Python.

    Raises:
        UsageError: if options contradict each other, an environment is not known or named twice.
    """
    described = _described(config, options, cwd)
    names: tuple[str, ...] = options.get("envs") or ()
    if not names:
        return (EnvironmentSpec.of(**described),)
    if any(described.values()):
        raise UsageError(
            f"--env {names[0]} describes the whole environment, and other options add to it",
            hint="leave out --python, --with, --requirements, --python-version and --exclude-newer",
        )
    specs = tuple(_named(config, name) for name in names)
    _require_different(specs)
    return specs


def _described(config: Config, options: Mapping[str, Any], cwd: Path) -> dict[str, Any]:
    requirements = options.get("requirements")
    if requirements is not None:
        requirements = os.path.abspath(cwd / os.path.expanduser(requirements))
        if not os.path.isfile(requirements):
            raise UsageError(f"there is no requirements file {requirements}")
    return {
        "python": None if options.get("python") is None else config.python,
        "packages": tuple(absolute_requirement(text.strip(), cwd) for text in options.get("packages") or ()),
        "requirements": requirements,
        "python_version": options.get("python_version"),
        "exclude_newer": options.get("exclude_newer"),
    }


def _require_different(specs: tuple[EnvironmentSpec, ...]) -> None:
    for number, spec in enumerate(specs):
        for other in specs[:number]:
            if replace(spec, label=other.label) == other:
                same = "" if spec.label == other.label else f" (it is the same as {other.label!r})"
                raise UsageError(
                    f"environment {spec.label!r} is named twice{same}", hint="name each environment once"
                )


def _named(config: Config, name: str) -> EnvironmentSpec:
    if name == THIS:
        return EnvironmentSpec(THIS)
    known = [env.label for env in config.envs]
    if name in known:
        return config.envs[known.index(name)]
    near = get_close_matches(name, [*known, THIS], n=1)
    if near:
        hint = f"did you mean {near[0]!r}?"
    else:
        hint = f"known: {', '.join([*known, THIS])}; describe one in [tool.seedreg.envs.{name}]"
    raise UsageError(f"there is no environment {name!r}", hint=hint)
