"""`seedreg db`."""

from __future__ import annotations

from pathlib import Path

import click

from seedreg.cli.options import load, registry_location, registry_option
from seedreg.errors import EXIT_REGISTRY
from seedreg.reports.words.problems import problem_text


@click.group("db")
def db_command() -> None:
    """Look after the registry file."""


@db_command.command("status")
@registry_option
@click.pass_context
def _status(ctx: click.Context, /, db: str | None) -> int:
    """Say where the registry is, its schema and how much it holds."""
    from seedreg.storage import SchemaState, open_repository, status

    config = load(ctx, db=db)
    location = registry_location(config)
    found = status(location)
    click.echo(f"registry  {location}")
    click.echo(f"size      {location.path.stat().st_size:,} bytes")
    click.echo(f"schema    {found.revision} ({found.state.value}; this seedreg writes {found.latest})")
    if found.state is SchemaState.NEWER:
        click.echo("  next: upgrade seedreg (pip install --upgrade seedreg)")
        return EXIT_REGISTRY
    with open_repository(location, write=False, busy_timeout_s=config.busy_timeout_s) as repository:
        summaries = repository.entries.summaries(retired=None)
    retired = sum(summary.retired_at is not None for summary in summaries)
    click.echo(f"entries   {len(summaries) - retired:,} active, {retired:,} retired")
    if found.state is SchemaState.OLDER:
        click.echo("  next: seedreg db upgrade")
    return 0


@db_command.command("upgrade")
@registry_option
@click.pass_context
def _upgrade(ctx: click.Context, /, db: str | None) -> int:
    """Bring the registry's schema up to date, after a backup."""
    from seedreg.storage import upgrade

    config = load(ctx, db=db)
    done = upgrade(registry_location(config), busy_timeout_s=config.busy_timeout_s)
    if done.backup is None:
        click.echo(f"the schema is {done.after} already: nothing to do")
    else:
        click.echo(f"upgraded  {done.before} → {done.after}")
        click.echo(f"backup    {done.backup}")
    return 0


@db_command.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@registry_option
@click.pass_context
def _backup(ctx: click.Context, /, target: Path, db: str | None) -> int:
    """Copy the registry to TARGET, even while others write to it."""
    from seedreg.storage import backup

    backup(registry_location(load(ctx, db=db)), target)
    click.echo(f"backup    {target}")
    return 0


@db_command.command("check")
@registry_option
@click.pass_context
def _check(ctx: click.Context, /, db: str | None) -> int:
    """Read everything and recompute every digest."""
    from seedreg.storage import check

    location = registry_location(load(ctx, db=db))
    problems = check(location)
    for problem in problems:
        click.echo(f"problem   {problem_text(problem)}")
    if problems:
        click.echo(f"  next: restore a backup of {location}")
        return EXIT_REGISTRY
    click.echo("ok        every page, reference, digest and kept weight is as it should be")
    return 0
