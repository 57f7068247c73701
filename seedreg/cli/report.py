"""`seedreg report`."""

from __future__ import annotations

import os

import click

from seedreg.cli.commands import Command
from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.options import registry_option
from seedreg.cli.outputs import plan_reports, refuse_registry_files, report_options
from seedreg.cli.printing import needs_output, report_output
from seedreg.cli.projects import open_project
from seedreg.reports.audit.output import write_reports


@click.command("report", cls=Command)
@click.argument("number", metavar="N", type=int)
@report_options
@registry_option
@click.pass_context
@needs_output
def report_command(
    ctx: click.Context,
    /,
    number: int,
    formats: tuple[str, ...],
    outputs: tuple[str, ...],
    db: str | None,
) -> int:
    """Render the stored audit N again, in one or more formats.

    A file is written completely or not at all. In GitHub Actions, annotations are written by default
    after the text.
    """
    targets = plan_reports(formats, outputs, os.environ)
    project = open_project(ctx, db=db)
    refuse_registry_files((target.path for target in targets if target.path), project.location)
    with project.audits() as audits:
        write_reports(
            audits.report(number),
            targets,
            CommandLineGuide(),
            root=project.config.root,
            environ=os.environ,
            out=report_output(),
        )
    return 0
