"""`seedreg retire` and `seedreg unretire`."""

from __future__ import annotations

import click

from seedreg.cli.options import registry_option, selectors_argument
from seedreg.cli.printing import print_line
from seedreg.cli.projects import open_project


@click.command("retire")
@selectors_argument()
@click.option("--reason", metavar="TEXT", help="Why; stored with the entry.")
@registry_option
@click.pass_context
def retire_command(
    ctx: click.Context, /, selectors: tuple[str, ...], reason: str | None, db: str | None
) -> int:
    """Take entries out of use; nothing is deleted.

    An id or alias still names them.
    """
    with open_project(ctx, db=db).writing() as registry:
        entries = registry.retire(selectors, reason)
    for entry in entries:
        print_line(f"retired  {entry.short_id}  {entry.recipe.label}")
    return 0


@click.command("unretire")
@selectors_argument()
@registry_option
@click.pass_context
def unretire_command(ctx: click.Context, /, selectors: tuple[str, ...], db: str | None) -> int:
    """Bring retired entries back."""
    with open_project(ctx, db=db).writing() as registry:
        entries = registry.unretire(selectors)
    for entry in entries:
        print_line(f"active  {entry.short_id}  {entry.recipe.label}")
    return 0
