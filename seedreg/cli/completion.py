"""Words that the shell offers for an argument; a wrong configuration or registry offers none."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from seedreg.errors import SeedregError


def complete_environment(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The names of `[tool.seedreg.envs]`."""
    from seedreg.cli.projects import load

    try:
        return _fitting((env.label for env in load(ctx.find_root()).envs), incomplete)
    except SeedregError:
        return []


def complete_selector(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Ids, aliases, factories and tags of the registry."""
    from seedreg.cli.projects import open_project

    try:
        with open_project(ctx, db=ctx.params.get("db")).reading() as registry:
            return _fitting(registry.selectors(), incomplete)
    except SeedregError:
        return []


def complete_factory(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names and addresses of the project's factories."""
    from seedreg.cli.projects import load
    from seedreg.factories.lookup import candidates

    try:
        found = candidates(load(ctx), cwd=Path.cwd())
    except SeedregError:
        return []
    return _fitting((word for one in found for word in (one.name, one.address)), incomplete)


def _fitting(words: Iterable[str], incomplete: str) -> list[str]:
    return sorted({word for word in words if word.startswith(incomplete)})
