"""`seedreg show`."""

from __future__ import annotations

import click

from seedreg.cli.commands import Command
from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.options import registry_option, selector_argument
from seedreg.cli.printing import needs_output, print_json, print_paged
from seedreg.cli.projects import open_project
from seedreg.reports.documents.show import show_document
from seedreg.reports.text.entry import entry_lines


@click.command("show", cls=Command)
@selector_argument()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.show/1).")
@registry_option
@click.pass_context
@needs_output
def show_command(ctx: click.Context, /, selector: str, as_json: bool, db: str | None) -> int:
    """Show everything about one entry.

    Recipe, baseline, environment then and now, source, and the tensors with their differences.
    """
    with open_project(ctx, db=db).reading() as registry:
        found = registry.show(selector)
    if as_json:
        print_json(show_document(found))
    else:
        print_paged(entry_lines(found, CommandLineGuide()))
    return 0
