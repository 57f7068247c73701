"""`seedreg history`."""

from __future__ import annotations

import click

from seedreg.cli.commands import Command
from seedreg.cli.options import registry_option, selector_argument
from seedreg.cli.printing import needs_output, print_json, print_paged
from seedreg.cli.projects import open_project
from seedreg.reports.documents.history import history_document
from seedreg.reports.text.history import history_lines


@click.command("history", cls=Command)
@selector_argument()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.history/1).")
@registry_option
@click.pass_context
@needs_output
def history_command(ctx: click.Context, /, selector: str, as_json: bool, db: str | None) -> int:
    """Show every baseline and check of one entry, oldest first."""
    with open_project(ctx, db=db).reading() as registry:
        found = registry.history(selector)
    if as_json:
        print_json(history_document(found))
    else:
        print_paged(history_lines(found))
    return 0
