"""`seedreg tag`."""

from __future__ import annotations

import click

from seedreg.cli.options import registry_option, selectors_argument
from seedreg.cli.printing import print_line
from seedreg.cli.projects import open_project
from seedreg.errors import UsageError


@click.command("tag")
@selectors_argument()
@click.option("--add", "-a", "added", multiple=True, metavar="NAME", help="Add this tag; repeatable.")
@click.option("--remove", "-r", "removed", multiple=True, metavar="NAME", help="Remove this tag; repeatable.")
@registry_option
@click.pass_context
def tag_command(
    ctx: click.Context,
    /,
    selectors: tuple[str, ...],
    added: tuple[str, ...],
    removed: tuple[str, ...],
    db: str | None,
) -> int:
    """Add tags to entries, or remove them.

    The selector tag:NAME then names the entries.
    """
    if not added and not removed:
        raise UsageError("no tag is given", hint="add one with --add NAME, or remove one with --remove NAME")
    with open_project(ctx, db=db).writing() as registry:
        entries = registry.tag(selectors, add=added, remove=removed)
    for entry in entries:
        print_line(f"{entry.short_id}  {entry.recipe.label}  tags: {', '.join(entry.tags) or '-'}")
    return 0
