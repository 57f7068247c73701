"""What several commands share: settings as options, opening the registry, printing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from seedreg.config import Config
    from seedreg.domain.verdict import Verdict
    from seedreg.registry import Registry
    from seedreg.storage import Repository

_Function = TypeVar("_Function", bound=Callable[..., Any])

_STYLES = {
    "REPRODUCED": {"fg": "green"},
    "registered": {"fg": "green"},
    "DRIFTED": {"fg": "red", "bold": True},
    "NONDETERMINISTIC": {"fg": "red", "bold": True},
    "refused": {"fg": "red", "bold": True},
    "ERROR": {"fg": "yellow", "bold": True},
}


def registry_option(function: _Function) -> _Function:
    """`--db`, for every command that opens the registry."""
    return click.option("--db", metavar="PATH", help="The registry: a path or an SQLAlchemy URL.")(function)


def build_options(function: _Function) -> _Function:
    """The settings of every command that builds."""
    for option in reversed(
        (
            click.option(
                "--python", metavar="PATH", help="The Python that builds; it needs TensorFlow, not seedreg."
            ),
            click.option("--jobs", "-j", metavar="N", help="Builds at once (default: cores)."),
            click.option(
                "--timeout",
                "timeout_s",
                metavar="SECONDS",
                help="End a build after this time (default: 600).",
            ),
            click.option(
                "--isolation",
                type=click.Choice(["auto", "fork", "fresh"]),
                help="Fork builds after one import of TensorFlow, or start a fresh Python for each.",
            ),
        )
    ):
        function = option(function)
    return registry_option(function)


def selectors_argument(*, required: bool = True, single: bool = False) -> Callable[[_Function], _Function]:
    """One or more selectors of entries, completed in the shell."""
    return click.argument(
        "selector" if single else "selectors",
        metavar="SELECTOR" if single else "SELECTOR...",
        nargs=1 if single else -1,
        required=required,
        shell_complete=_complete_selector,
    )


def _complete_selector(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from seedreg.errors import SeedregError

    try:
        with open_for_reading(load(ctx, db=ctx.params.get("db"))) as repository:
            summaries = repository.summaries(retired=None)
    except SeedregError:
        return []
    words: set[str] = set()
    for summary in summaries:
        entry = summary.entry
        words.update((entry.short_id, entry.recipe.factory, entry.recipe.label))
        words.update(f"tag:{tag}" for tag in entry.tags)
        if entry.alias:
            words.add(entry.alias)
    return sorted(word for word in words if word.startswith(incomplete))


def load(ctx: click.Context, **options: object) -> Config:
    """The configuration of this command: options, variables, `pyproject.toml`, defaults."""
    from seedreg.config import load_config

    if options.get("db") is None:
        options["db"] = ctx.find_root().params.get("db")
    return load_config(options, os.environ, Path.cwd())


def registry_path(config: Config) -> Path:
    """Where the registry file is, or will be."""
    from seedreg.storage import parse_location

    return parse_location(config.db, config.root)


@contextmanager
def open_for_reading(config: Config) -> Iterator[Repository]:
    """The registry's entries, for commands that build nothing and write nothing."""
    from seedreg.storage import open_repository

    with open_repository(
        registry_path(config), write=False, busy_timeout_s=config.busy_timeout_s
    ) as repository:
        yield repository


@contextmanager
def open_for_writing(config: Config) -> Iterator[Repository]:
    """The registry's entries, for commands that build nothing."""
    from seedreg.storage import open_repository

    with open_repository(registry_path(config), busy_timeout_s=config.busy_timeout_s) as repository:
        yield repository


@contextmanager
def open_for_builds(config: Config, *, create: bool = False) -> Iterator[Registry]:
    """The registry with somewhere to build; every build is ended when it is left."""
    from seedreg.registry import open_registry_of

    with open_registry_of(config, create=create) as registry:
        yield registry


def print_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """Print lines, the first word of a verdict coloured where there is a terminal."""
    for line in lines:
        stripped = line.lstrip()
        word = stripped.split("  ", 1)[0]
        style = _STYLES.get(word)
        if style is not None:
            line = line.replace(word, click.style(word, **style), 1)  # type: ignore[arg-type]
        click.echo(line, err=err)


def print_paged(lines: Iterable[str]) -> None:
    """Print lines, through the pager where they would not fit on the terminal."""
    lines = list(lines)
    if sys.stdout.isatty() and len(lines) >= os.get_terminal_size(sys.stdout.fileno()).lines:
        click.echo_via_pager("".join(f"{line}\n" for line in lines))
        return
    click.echo("\n".join(lines))


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document."""
    import json

    click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def exit_code_of(verdicts: Iterable[Verdict]) -> int:
    """0 if everything reproduced, 1 if anything drifted, else 125: something could not be judged."""
    from seedreg.domain.verdict import Verdict
    from seedreg.errors import EXIT_DRIFT, EXIT_NOT_JUDGED, EXIT_OK

    found = set(verdicts)
    if found & {Verdict.DRIFTED, Verdict.NONDETERMINISTIC}:
        return EXIT_DRIFT
    return EXIT_NOT_JUDGED if Verdict.ERROR in found else EXIT_OK
