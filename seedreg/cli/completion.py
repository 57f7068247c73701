"""Words that the shell offers for an argument; a wrong configuration or registry offers none."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click

from seedreg.cli.projects import load, open_project
from seedreg.errors import SeedregError


def complete_environment(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The names of `[tool.seedreg.envs]`."""
    try:
        return fitting((env.label for env in load(ctx.find_root()).envs), incomplete)
    except SeedregError:
        return []


def complete_selector(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Ids, aliases, factories and tags of the registry."""
    try:
        with open_project(ctx, db=ctx.params.get("db")).reading() as registry:
            return fitting(registry.selectors(), incomplete)
    except SeedregError:
        return []


# A shell puts a word on the command line as it is. A registry may come from somebody else, and `$(…)` in an
# alias would run with the next Enter.
_WORD = re.compile(r"[\w@%+=:,./-]+")


def fitting(words: Iterable[str], incomplete: str) -> list[str]:
    """The words that complete what was typed and mean nothing to a shell, sorted, each once."""
    return sorted({word for word in words if word.startswith(incomplete) and _WORD.fullmatch(word)})
