"""`seedreg config`."""

from __future__ import annotations

import click

from seedreg.cli.commands import Command
from seedreg.cli.options import registry_option
from seedreg.cli.printing import needs_output, print_json, print_lines
from seedreg.cli.projects import load
from seedreg.reports.documents.config import config_document
from seedreg.reports.text.settings import setting_lines


@click.command("config", cls=Command)
@registry_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.config/1).")
@click.pass_context
@needs_output
def config_command(ctx: click.Context, /, db: str | None, as_json: bool) -> int:
    """Show every setting and where it comes from."""
    config = load(ctx, db=db)
    if as_json:
        print_json(config_document(config))
    else:
        print_lines(setting_lines(config))
    return 0
