"""`seedreg envs`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from seedreg.cli.commands import Group
from seedreg.cli.parsing import parse_age
from seedreg.cli.printing import needs_output, print_json, print_line, print_lines
from seedreg.cli.projects import open_project
from seedreg.config import Config
from seedreg.environments.cached import CachedEnvironment
from seedreg.errors import EXIT_NOT_JUDGED, EXIT_OK, NothingSelected, UsageError
from seedreg.reports.documents.envs import envs_document
from seedreg.reports.text.environments import checked_lines, environment_lines, removed_line, total

_MIN_DIGITS = 4


@click.group("envs", cls=Group)
def envs_command() -> None:
    """Manage the environments that were created for builds.

    They are kept in the folder that `seedreg config` calls cache_dir. Sizes count every file; uv
    shares many of them with its own cache, so removing an environment may free less.
    """


@envs_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.envs/1).")
@click.pass_context
@needs_output
def _list(ctx: click.Context, /, as_json: bool) -> int:
    """List the environments, the one used last at the end."""
    project = open_project(ctx)
    config, environments = project.config, project.environments().entries()
    if as_json:
        print_json(envs_document(config.cache_dir, environments))
        return 0
    print_lines(environment_lines(environments))
    print_line(f"{total(environments)} in {config.cache_dir}", err=True)
    if any(one.is_changed for one in environments):
        print_line(
            "`seedreg envs check` lists the files; with --repair the next build creates them again", err=True
        )
    return 0


@envs_command.command("remove")
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@click.pass_context
def _remove(ctx: click.Context, /, keys: tuple[str, ...]) -> int:
    """Delete environments.

    4 or more digits of a KEY are enough if no other key begins with them.
    """
    project = open_project(ctx)
    config, cache = project.config, project.environments()
    environments = cache.entries()
    for environment in {one.key: one for one in (_named(key, environments, config) for key in keys)}.values():
        if not cache.remove(environment.key):
            raise _in_use(environment)
        print_line(removed_line(environment))
    return 0


@envs_command.command("check")
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option("--content", is_flag=True, help="Read every file; without it sizes and times are compared.")
@click.option(
    "--repair",
    is_flag=True,
    help="Delete changed environments and uv's copies of what changed; the next build creates them again.",
)
@click.pass_context
def _check(ctx: click.Context, /, keys: tuple[str, ...], content: bool, repair: bool) -> int:
    """Find environments whose files were changed.

    Their files are compared with those of their creation. Checks all environments if no KEY is given.
    The exit code is 125 if one has changed and is not repaired.
    """
    project = open_project(ctx)
    config, cache = project.config, project.environments()
    environments = cache.entries()
    named = {one.key: one for one in (_named(key, environments, config) for key in keys)}
    code = EXIT_OK
    for one in named.values() if keys else environments:
        environment = cache.checked(one) if content else one
        print_lines(checked_lines(environment))
        if not environment.is_changed:
            continue
        if not repair:
            code = EXIT_NOT_JUDGED
        elif cache.repair(environment):
            print_lines([removed_line(environment)])
        else:
            raise _in_use(environment)
    return code


def _in_use(environment: CachedEnvironment) -> UsageError:
    return UsageError(
        f"environment {environment.key} ({environment.specification}) is in use",
        hint="another command builds there: try again when it has ended",
    )


def _named(key: str, environments: Sequence[CachedEnvironment], config: Config) -> CachedEnvironment:
    if len(key) < _MIN_DIGITS:
        raise UsageError(
            f"{key!r} is too short for the beginning of a key", hint=f"give {_MIN_DIGITS} digits or more"
        )
    fitting = [one for one in environments if one.key.startswith(key)]
    if not fitting:
        raise NothingSelected(
            f"no environment in {config.cache_dir} has a key that begins with {key!r}",
            hint="`seedreg envs list` shows them",
        )
    if len(fitting) > 1:
        raise UsageError(f"{key!r} begins {len(fitting)} keys: {', '.join(one.key for one in fitting)}")
    return fitting[0]


@envs_command.command("prune")
@click.option(
    "--unused-for",
    metavar="AGE",
    default="30d",
    show_default=True,
    help="Delete environments unused for this long, e.g. 12h, 30d, 8w (0d: all).",
)
@click.pass_context
def _prune(ctx: click.Context, /, unused_for: str) -> int:
    """Delete environments that were not used for a while.

    Leftovers of interrupted installations are deleted too. Environments in which another command is
    building are kept.
    """
    unused_for_s = parse_age(unused_for)
    project = open_project(ctx)
    config, gone = project.config, project.environments().prune(unused_for_s)
    for environment in gone:
        print_line(removed_line(environment))
    print_line(f"{total(gone)} removed from {config.cache_dir}", err=True)
    return 0
