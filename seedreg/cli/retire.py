"""`seedreg retire` and `seedreg unretire`."""

from __future__ import annotations

import click

from seedreg.cli.options import load, open_for_writing, registry_option, selectors_argument


@click.command("retire")
@selectors_argument()
@click.option("--reason", metavar="TEXT", help="Why; it is kept with the entry.")
@registry_option
@click.pass_context
def retire_command(
    ctx: click.Context, /, selectors: tuple[str, ...], reason: str | None, db: str | None
) -> int:
    """Take entries out of use; nothing is deleted.

    An id or alias still names them.
    """
    from seedreg.registry import select, utc_now

    with open_for_writing(load(ctx, db=db)) as repository:
        for entry in select(repository, selectors):
            repository.entries.set_retired(entry.id, utc_now(), reason)
            click.echo(f"retired  {entry.short_id}  {entry.recipe.label}")
    return 0


@click.command("unretire")
@selectors_argument()
@registry_option
@click.pass_context
def unretire_command(ctx: click.Context, /, selectors: tuple[str, ...], db: str | None) -> int:
    """Bring retired entries back."""
    from seedreg.registry import select

    with open_for_writing(load(ctx, db=db)) as repository:
        for entry in select(repository, selectors, include_retired=True):
            repository.entries.set_retired(entry.id, None, None)
            click.echo(f"active  {entry.short_id}  {entry.recipe.label}")
    return 0
