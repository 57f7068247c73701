"""`seedreg envs`."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from seedreg.cli.options import load, parse_age, print_json

if TYPE_CHECKING:
    from seedreg.config import Config
    from seedreg.environments.cache import EnvironmentCache
    from seedreg.environments.cached import CachedEnvironment


@click.group("envs")
def envs_command() -> None:
    """Look after the environments that were made for builds.

    They are kept in the folder that `seedreg config` calls cache_dir. Sizes count every file; uv
    shares many of them with its own cache, so that removing an environment may free less.
    """


@envs_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.envs/1).")
@click.pass_context
def _list(ctx: click.Context, /, as_json: bool) -> int:
    """List the environments, the one used last at the end."""
    config = load(ctx)
    environments = _cache(config).entries()
    if as_json:
        print_json(
            {
                "format": "seedreg.envs/1",
                "folder": str(config.cache_dir),
                "environments": [_document(environment) for environment in environments],
            }
        )
        return 0
    if environments:
        _print_rows(environments)
    click.echo(f"{_counted(environments)} in {config.cache_dir}", err=True)
    return 0


@envs_command.command("remove")
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@click.pass_context
def _remove(ctx: click.Context, /, keys: tuple[str, ...]) -> int:
    """Delete environments; any unique beginning of a KEY is enough."""
    from seedreg.errors import NothingSelected, UsageError

    config = load(ctx)
    cache = _cache(config)
    environments = cache.entries()
    chosen: dict[str, CachedEnvironment] = {}
    for key in keys:
        fitting = [one for one in environments if one.key.startswith(key)]
        if not fitting:
            raise NothingSelected(
                f"no environment in {config.cache_dir} has a key that begins with {key!r}",
                hint="`seedreg envs list` shows them",
            )
        if len(fitting) > 1:
            raise UsageError(f"{key!r} begins {len(fitting)} keys: {', '.join(one.key for one in fitting)}")
        chosen[fitting[0].key] = fitting[0]
    for environment in chosen.values():
        if not cache.remove(environment.key):
            raise UsageError(
                f"environment {environment.key} ({environment.specification}) is in use",
                hint="another command builds there: try again when it has ended",
            )
        _print_removed(environment)
    return 0


@envs_command.command("prune")
@click.option(
    "--unused-for",
    metavar="AGE",
    default="30d",
    show_default=True,
    help="Delete what was not used for so long: 12h, 30d, 8w; 0d is everything.",
)
@click.pass_context
def _prune(ctx: click.Context, /, unused_for: str) -> int:
    """Delete environments that were not used for long.

    What cut-off installs left goes with them; what another command builds in is left alone.
    """
    unused_for_s = parse_age(unused_for)
    config = load(ctx)
    gone = _cache(config).prune(unused_for_s)
    for environment in gone:
        _print_removed(environment)
    click.echo(f"{_counted(gone)} removed from {config.cache_dir}", err=True)
    return 0


def _cache(config: Config) -> EnvironmentCache:
    from seedreg.environments.cache import EnvironmentCache
    from seedreg.environments.uv import Uv

    return EnvironmentCache(config.cache_dir, Uv(config.root, os.environ))


def _print_rows(environments: list[CachedEnvironment]) -> None:
    rows = [
        (one.key, one.python, _size(one.size_bytes), _time(one.used_at)[:16], one.specification)
        for one in environments
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for key, python, size, used, specification in rows:
        columns = (key, f"{python:<{widths[1]}}", f"{size:>{widths[2]}}", used.replace("T", " "))
        click.echo("  ".join((*columns, specification)))


def _print_removed(environment: CachedEnvironment) -> None:
    click.echo(
        f"removed  {environment.key}  {_size(environment.size_bytes)}  "
        f"Python {environment.python}  {environment.specification}"
    )


def _counted(environments: list[CachedEnvironment]) -> str:
    noun = "environment" if len(environments) == 1 else "environments"
    total = _size(sum(one.size_bytes for one in environments))
    return f"{len(environments)} {noun} ({total})"


def _size(size_bytes: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size_bytes < 999.5:
            return f"{size_bytes:.3g} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} GB"


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _document(environment: CachedEnvironment) -> dict[str, object]:
    return {
        "key": environment.key,
        "path": str(environment.path),
        "python": environment.python,
        "specification": environment.specification,
        "distributions": list(environment.distributions),
        "size_bytes": environment.size_bytes,
        "made_at": _time(environment.made_at),
        "used_at": _time(environment.used_at),
    }
