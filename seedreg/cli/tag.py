"""`seedreg tag`."""

from __future__ import annotations

import click

from seedreg.cli.bulk import dry_run_option, entry_line, findings_of, findings_options
from seedreg.cli.commands import Command
from seedreg.cli.options import registry_option, selectors_argument
from seedreg.cli.printing import print_line
from seedreg.cli.projects import open_project
from seedreg.errors import UsageError


@click.command("tag", cls=Command)
@selectors_argument(required=False)
@click.option("--add", "-a", "added", multiple=True, metavar="NAME", help="Add this tag; repeatable.")
@click.option("--remove", "-r", "removed", multiple=True, metavar="NAME", help="Remove this tag; repeatable.")
@findings_options("Tag what did not reproduce in this audit.")
@dry_run_option
@registry_option
@click.pass_context
def tag_command(
    ctx: click.Context,
    /,
    selectors: tuple[str, ...],
    added: tuple[str, ...],
    removed: tuple[str, ...],
    audit: int | None,
    column: str | None,
    dry_run: bool,
    db: str | None,
) -> int:
    """Add tags to entries, or remove them.

    The selector tag:NAME then names the entries.
    """
    if not added and not removed:
        raise UsageError("no tag is given", hint="add one with --add NAME, or remove one with --remove NAME")
    findings = findings_of(selectors, audit, column)
    project = open_project(ctx, db=db)
    if dry_run:
        with project.reading() as registry:
            entries = registry.select(selectors, include_retired=True, findings=findings)
        for entry in entries:
            print_line(entry_line("would tag", entry))
        return 0
    with project.writing() as registry:
        entries = registry.tag(selectors, add=added, remove=removed, findings=findings)
    for entry in entries:
        print_line(f"{entry.short_id}  {entry.recipe.label}  tags: {', '.join(entry.tags) or '-'}")
    return 0
