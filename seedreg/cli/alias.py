"""`seedreg alias`."""

from __future__ import annotations

import click

from seedreg.cli.commands import Command
from seedreg.cli.options import registry_option, selector_argument
from seedreg.cli.printing import print_line
from seedreg.cli.projects import open_project
from seedreg.errors import UsageError


@click.command("alias", cls=Command)
@selector_argument()
@click.argument("name", required=False)
@click.option("--remove", is_flag=True, help="Remove the alias.")
@registry_option
@click.pass_context
def alias_command(
    ctx: click.Context, /, selector: str, name: str | None, remove: bool, db: str | None
) -> int:
    """Give one entry a name.

    Every command then accepts this name as a selector.
    """
    if (name is None) != remove:
        raise UsageError("give either a NAME or --remove", hint="seedreg alias SELECTOR NAME")
    with open_project(ctx, db=db).writing() as registry:
        entry = registry.alias(selector, name)
    print_line(f"{entry.short_id}  {entry.recipe.label}  alias: {name or '-'}")
    return 0
