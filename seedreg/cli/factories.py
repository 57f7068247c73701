"""`seedreg factories`."""

from __future__ import annotations

from pathlib import Path

import click

from seedreg.cli.commands import Command
from seedreg.cli.printing import needs_output, print_json, print_line, print_lines
from seedreg.cli.projects import load
from seedreg.factories.lookup import candidates
from seedreg.reports.documents.factories import factories_document
from seedreg.reports.text.factories import factory_lines


@click.command("factories", cls=Command)
@click.option("--module", metavar="MODULE", help="Look in this module only.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.factories/1).")
@click.pass_context
@needs_output
def factories_command(ctx: click.Context, /, module: str | None, as_json: bool) -> int:
    """List what a bare factory name could mean.

    The files are read; no module of the project is imported.
    """
    config = load(ctx)
    cwd = Path.cwd()
    found = candidates(config, module, cwd=cwd)
    if as_json:
        print_json(factories_document(found))
        return 0
    if not found:
        looked = module or ", ".join(config.factories)
        print_line(
            f"no factories found in {looked}; set [tool.seedreg] factories, or write package.module:callable",
            err=True,
        )
    print_lines(factory_lines(found, cwd))
    return 0
