"""The project that a command works in, from its options, the variables and `pyproject.toml`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click

from seedreg.cli.environments import ENVIRONMENT_OPTIONS, environment_specs
from seedreg.cli.printing import say
from seedreg.config import Config, load_config
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.trust import Trust
from seedreg.errors import UsageError
from seedreg.project import Project
from seedreg.reports.words.notices import notice_text


def current_folder() -> Path:
    """The folder that the command runs in.

    Raises:
        UsageError: if it was deleted, or cannot be read.
    """
    try:
        return Path.cwd()
    except OSError as error:
        raise UsageError(
            f"there is no current folder: {error.strerror}", hint="change to a folder that exists"
        ) from error


def load(ctx: click.Context, **options: object) -> Config:
    """The configuration of this command.

    Args:
        ctx: of the command; `--db` may also be given before the name of the command.
        options: settings by the field names of `Config`.
    """
    if options.get("db") is None:
        options["db"] = ctx.find_root().params.get("db")
    return load_config(options, os.environ, current_folder())


def open_project(ctx: click.Context, **options: object) -> Project:
    """The project of a command that builds nothing."""
    return Project(load(ctx, **options), os.environ)


def open_project_for_build(ctx: click.Context, **options: object) -> tuple[Project, EnvironmentSpec]:
    """The project of a command, and the one environment that it builds in.

    Raises:
        UsageError: if several environments are named.
    """
    project, specs = open_project_for_builds(ctx, say, **options)
    if len(specs) > 1:
        raise UsageError(
            f"{len(specs)} environments are named: {', '.join(spec.label for spec in specs)}",
            hint="this command builds in one; `seedreg audit` takes several",
        )
    return project, specs[0]


def open_project_for_builds(
    ctx: click.Context, say: Callable[[str], None], **options: object
) -> tuple[Project, tuple[EnvironmentSpec, ...]]:
    """The project of a command, and the environments that it builds in: one or more.

    Args:
        ctx: of the command.
        say: is called with one line before something that takes long.
        options: settings by the field names of `Config`, and the options that name environments.
    """
    trust = Trust.ALL if options.pop("trust", False) else Trust.OWN
    settings = {name: value for name, value in options.items() if name not in ENVIRONMENT_OPTIONS}
    config = load(ctx, **settings)
    project = Project(config, os.environ, lambda notice: say(notice_text(notice)), trust)
    return project, environment_specs(config, options, Path.cwd())
