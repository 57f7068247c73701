"""Arguments and options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from seedreg.cli.completion import complete_environment, complete_selector
from seedreg.domain.isolation import Isolation
from seedreg.errors import UsageError

_Function = TypeVar("_Function", bound=Callable[..., Any])

# The commands that compare entries with what is known of them.
_CONFIRMING = ("verify", "audit")


def registry_option(function: _Function) -> _Function:
    """`--db`, for every command that opens the registry."""
    return click.option(
        "--db",
        metavar="PATH",
        help="The registry: a path or sqlite:///PATH.",
    )(function)


def selectors_argument(*, required: bool = True) -> Callable[[_Function], _Function]:
    """Selectors of entries, completed in the shell."""
    return click.argument(
        "selectors",
        metavar="SELECTOR..." if required else "[SELECTOR]...",
        nargs=-1,
        required=required,
        shell_complete=complete_selector,
    )


def selector_argument(*, required: bool = True) -> Callable[[_Function], _Function]:
    """The selector of one entry, completed in the shell."""
    return click.argument(
        "selector",
        metavar="SELECTOR" if required else "[SELECTOR]",
        required=required,
        shell_complete=complete_selector,
    )


def build_options(function: _Function) -> _Function:
    """The settings of a command that builds what the user names, in one environment."""
    return _build_options(function, "Build in this environment of [tool.seedreg.envs].")


def entry_build_options(function: _Function) -> _Function:
    """The settings of a command that builds registered entries in one environment."""
    return build_options(_trust_option(function))


def audit_environment_options(function: _Function) -> _Function:
    """The settings of a command that builds in several environments."""
    return _build_options(
        _trust_option(function),
        "Build in this environment of [tool.seedreg.envs], or in 'this' Python; repeatable.",
    )


def _build_options(function: _Function, env_help: str) -> _Function:
    for option in reversed((*_environment_options(env_help), *_running_options())):
        function = option(function)
    return registry_option(function)


def _trust_option(function: _Function) -> _Function:
    return click.option(
        "--trust",
        is_flag=True,
        help="Build every entry of a registry from elsewhere, also if its factory is not the project's.",
    )(function)


def _environment_options(env_help: str) -> tuple[Callable[[_Function], _Function], ...]:
    return (
        click.option(
            "--python",
            metavar="PATH",
            help="The Python that builds; it needs TensorFlow, but not seedreg.",
        ),
        click.option(
            "--with",
            "packages",
            metavar="SPEC",
            multiple=True,
            help="Build in a uv environment with this package, e.g. 'tensorflow==2.15.*'; repeatable.",
        ),
        click.option(
            "--requirements", metavar="FILE", help="Build in a uv environment with the packages of this file."
        ),
        click.option(
            "--python-version",
            metavar="X.Y",
            help="The Python of the uv environment (default: that of --python).",
        ),
        click.option(
            "--exclude-newer",
            metavar="DATE",
            help="Install only what was released before this day, e.g. 2020-02-01.",
        ),
        click.option(
            "--env",
            "envs",
            metavar="NAME",
            multiple=True,
            help=env_help,
            shell_complete=complete_environment,
        ),
    )


def _require_own_processes(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The value, which may be `shared` only in a command that can confirm what is known."""
    if value == Isolation.SHARED.value and ctx.info_name not in _CONFIRMING:
        raise UsageError(
            f"{ctx.info_name} needs a process for each build: builds in a shared process can only confirm "
            "what is registered",
            hint="leave out --isolation shared, or use it with verify or audit",
        )
    return value


def _running_options() -> tuple[Callable[[_Function], _Function], ...]:
    return (
        click.option("--jobs", "-j", metavar="N", help="Number of builds at once (default: cores)."),
        click.option(
            "--timeout",
            "timeout_s",
            metavar="SECONDS",
            help="End a build after this time (default: 600).",
        ),
        click.option(
            "--isolation",
            type=click.Choice([one.value for one in Isolation]),
            callback=_require_own_processes,
            help="Fork builds after one import of TensorFlow, or start a fresh Python for each; with verify "
            "and audit, 'shared' builds further seeds of a factory in one process.",
        ),
    )
