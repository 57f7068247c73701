"""What several commands share: settings as options, opening the registry, printing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from seedreg.reports.lines import Headline, Line, Tone

if TYPE_CHECKING:
    from seedreg.audit import Auditor
    from seedreg.config import Config
    from seedreg.domain.environment_spec import EnvironmentSpec
    from seedreg.domain.verdict import Verdict
    from seedreg.registry import Registry
    from seedreg.storage import Location, Repository

_Function = TypeVar("_Function", bound=Callable[..., Any])

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}

_STYLES: dict[Tone, dict[str, Any]] = {
    Tone.GOOD: {"fg": "green"},
    Tone.BAD: {"fg": "red", "bold": True},
    Tone.UNKNOWN: {"fg": "yellow", "bold": True},
}


def registry_option(function: _Function) -> _Function:
    """`--db`, for every command that opens the registry."""
    return click.option("--db", metavar="PATH", help="The registry: a path or an SQLAlchemy URL.")(function)


def build_options(function: _Function) -> _Function:
    """The settings of every command that builds; `load_for_builds` reads them."""
    return _build_options(function, "Build in an environment of [tool.seedreg.envs].")


def audit_environment_options(function: _Function) -> _Function:
    """The same for several environments at once; `load_environments` reads them."""
    return _build_options(
        function, "Build in this environment of [tool.seedreg.envs], or in 'this' Python; repeatable."
    )


def _build_options(function: _Function, env_help: str) -> _Function:
    for option in reversed(
        (
            click.option(
                "--python", metavar="PATH", help="The Python that builds; it needs TensorFlow, not seedreg."
            ),
            click.option(
                "--with",
                "packages",
                metavar="SPEC",
                multiple=True,
                help="Build where this is installed, as 'tensorflow==2.15.*'; made by uv; repeatable.",
            ),
            click.option("--requirements", metavar="FILE", help="Build where this is installed; made by uv."),
            click.option(
                "--python-version", metavar="X.Y", help="The Python of what is made (default: --python)."
            ),
            click.option(
                "--exclude-newer",
                metavar="DATE",
                help="Install only what was released before, as 2020-02-01.",
            ),
            click.option(
                "--env", "envs", metavar="NAME", multiple=True, help=env_help, shell_complete=_complete_env
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


def _complete_env(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from seedreg.errors import SeedregError

    try:
        return [env.label for env in load(ctx.find_root()).envs if env.label.startswith(incomplete)]
    except SeedregError:
        return []


def selectors_argument(*, required: bool = True, single: bool = False) -> Callable[[_Function], _Function]:
    """One or more selectors of entries, completed in the shell."""
    return click.argument(
        "selector" if single else "selectors",
        metavar="SELECTOR" if single else "SELECTOR..." if required else "[SELECTOR]...",
        nargs=1 if single else -1,
        required=required,
        shell_complete=_complete_selector,
    )


def _complete_selector(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from seedreg.errors import SeedregError

    try:
        with open_for_reading(load(ctx, db=ctx.params.get("db"))) as repository:
            summaries = repository.entries.summaries(retired=None)
    except SeedregError:
        return []
    words: set[str] = set()
    for summary in summaries:
        words.update((summary.short_id, summary.factory, summary.label))
        words.update(f"tag:{tag}" for tag in summary.tags)
        if summary.alias:
            words.add(summary.alias)
    return sorted(word for word in words if word.startswith(incomplete))


def load(ctx: click.Context, **options: object) -> Config:
    """The configuration of this command: options, variables, `pyproject.toml`, defaults."""
    from seedreg.config import load_config

    if options.get("db") is None:
        options["db"] = ctx.find_root().params.get("db")
    return load_config(options, os.environ, Path.cwd())


def load_for_builds(ctx: click.Context, **options: object) -> tuple[Config, EnvironmentSpec]:
    """The configuration of a command, and the one environment that it builds in."""
    from seedreg.errors import UsageError

    config, specs = load_environments(ctx, **options)
    if len(specs) > 1:
        raise UsageError(
            f"{len(specs)} environments are named: {', '.join(spec.label for spec in specs)}",
            hint="this command builds in one; `seedreg audit` takes several",
        )
    return config, specs[0]


def load_environments(ctx: click.Context, **options: object) -> tuple[Config, tuple[EnvironmentSpec, ...]]:
    """The configuration of a command, and the environments that it builds in: one or more."""
    settings = {name: value for name, value in options.items() if name not in _ENVIRONMENT_OPTIONS}
    config = load(ctx, **settings)
    return config, environment_specs(config, options)


_ENVIRONMENT_OPTIONS = ("packages", "requirements", "python_version", "exclude_newer", "envs")


def environment_specs(config: Config, options: Mapping[str, Any]) -> tuple[EnvironmentSpec, ...]:
    """The environments that the options of `build_options` name; without any, this configuration's Python.

    Raises:
        UsageError: if options contradict each other, an environment is not known or named twice.
    """
    from seedreg.config import absolute_requirement
    from seedreg.domain.environment_spec import EnvironmentSpec
    from seedreg.errors import UsageError

    cwd = Path.cwd()
    packages = tuple(absolute_requirement(text.strip(), cwd) for text in options.get("packages") or ())
    requirements = options.get("requirements")
    if requirements is not None:
        requirements = str((cwd / Path(requirements).expanduser()).absolute())
        if not os.path.isfile(requirements):
            raise UsageError(f"there is no requirements file {requirements}")
    described: dict[str, Any] = {
        "python": None if options.get("python") is None else config.python,
        "packages": packages,
        "requirements": requirements,
        "python_version": options.get("python_version"),
        "exclude_newer": options.get("exclude_newer"),
    }
    names = options.get("envs") or ()
    if names:
        if any(described.values()):
            raise UsageError(
                f"--env {names[0]} says all about an environment, and other options say more",
                hint="take --python, --with, --requirements, --python-version and --exclude-newer away",
            )
        specs = tuple(_named(config, name) for name in names)
        for number, spec in enumerate(specs):
            for other in specs[:number]:
                if replace(spec, label=other.label) == other:
                    same = "" if spec.label == other.label else f" (it is the same as {other.label!r})"
                    raise UsageError(
                        f"environment {spec.label!r} is named twice{same}", hint="name each environment once"
                    )
        return specs
    return (EnvironmentSpec.of(**described),)


def _named(config: Config, name: str) -> EnvironmentSpec:
    from difflib import get_close_matches

    from seedreg.domain.environment_spec import THIS, EnvironmentSpec
    from seedreg.errors import UsageError

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


def registry_location(config: Config) -> Location:
    """Where the registry is, or will be."""
    from seedreg.storage import parse_location

    return parse_location(config.db, config.root)


@contextmanager
def open_for_reading(config: Config) -> Iterator[Repository]:
    """The registry's entries, for commands that build nothing and write nothing."""
    from seedreg.storage import open_repository

    with open_repository(
        registry_location(config), write=False, busy_timeout_s=config.busy_timeout_s
    ) as repository:
        yield repository


@contextmanager
def open_for_writing(config: Config) -> Iterator[Repository]:
    """The registry's entries, for commands that build nothing."""
    from seedreg.storage import open_repository

    with open_repository(registry_location(config), busy_timeout_s=config.busy_timeout_s) as repository:
        yield repository


@contextmanager
def open_for_builds(
    config: Config,
    environment: EnvironmentSpec | None = None,
    *,
    create: bool = False,
    several: bool = False,
) -> Iterator[Registry]:
    """The registry with somewhere to build; every build is ended when it is left."""
    from seedreg.project import open_registry_of

    with open_registry_of(config, environment, create=create, several=several, tell=tell) as registry:
        yield registry


@contextmanager
def open_auditor_for_reading(config: Config) -> Iterator[Auditor]:
    """Audits of the registry, for commands that build nothing and write nothing."""
    from seedreg.audit import Auditor
    from seedreg.project import open_executor

    with open_for_reading(config) as repository:
        yield Auditor(repository, lambda spec: open_executor(config, spec), config.project)


def tell(text: str) -> None:
    """Say on stderr what takes long."""
    click.echo(f"seedreg: {text}", err=True)


def print_lines(lines: Iterable[Line], *, err: bool = False) -> None:
    """Print lines, the words of headlines coloured where there is a terminal."""
    for line in lines:
        if isinstance(line, Headline):
            line = replace(line, word=click.style(line.word, **_STYLES[line.tone]))
        click.echo(str(line), err=err)


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


def parse_age(text: str) -> float:
    """`7d` in seconds.

    Raises:
        UsageError: if it is not a number and one of s, m, h, d, w.
    """
    import re

    from seedreg.errors import UsageError

    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)([smhdw])", text, flags=re.ASCII)
    if match is None:
        raise UsageError(f"age {text!r} is not a number and a unit", hint="write 90m, 12h, 7d or 2w")
    return float(match[1]) * _UNITS_S[match[2]]
