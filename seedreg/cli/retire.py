"""`seedreg retire` and `seedreg unretire`."""

from __future__ import annotations

import click

from seedreg.cli.bulk import dry_run_option, entry_line, findings_of, findings_options
from seedreg.cli.commands import Command
from seedreg.cli.options import registry_option, selectors_argument
from seedreg.cli.printing import print_line
from seedreg.cli.projects import open_project


@click.command("retire", cls=Command)
@selectors_argument(required=False)
@click.option("--reason", metavar="TEXT", help="Why; stored with the entry.")
@findings_options("Retire what did not reproduce in this audit.")
@dry_run_option
@registry_option
@click.pass_context
def retire_command(
    ctx: click.Context,
    /,
    selectors: tuple[str, ...],
    reason: str | None,
    audit: int | None,
    column: str | None,
    dry_run: bool,
    db: str | None,
) -> int:
    """Take entries out of use; nothing is deleted.

    An id or alias still names them.
    """
    findings = findings_of(selectors, audit, column)
    project = open_project(ctx, db=db)
    if dry_run:
        with project.reading() as registry:
            entries = registry.select(selectors, findings=findings)
    else:
        with project.writing() as registry:
            entries = registry.retire(selectors, reason, findings=findings)
    for entry in entries:
        print_line(entry_line("would retire" if dry_run else "retired", entry))
    return 0


@click.command("unretire", cls=Command)
@selectors_argument()
@dry_run_option
@registry_option
@click.pass_context
def unretire_command(ctx: click.Context, /, selectors: tuple[str, ...], dry_run: bool, db: str | None) -> int:
    """Bring retired entries back."""
    project = open_project(ctx, db=db)
    if dry_run:
        with project.reading() as registry:
            entries = registry.select(selectors, include_retired=True)
    else:
        with project.writing() as registry:
            entries = registry.unretire(selectors)
    for entry in entries:
        print_line(entry_line("would bring back" if dry_run else "active", entry))
    return 0
