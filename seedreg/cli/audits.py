"""`seedreg audits`."""

from __future__ import annotations

import os

import click

from seedreg.cli.commands import Group
from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.options import registry_option
from seedreg.cli.printing import needs_output, print_json, print_line, print_paged, report_output
from seedreg.cli.projects import open_project
from seedreg.domain.comparison import Became
from seedreg.errors import EXIT_DRIFT, EXIT_NOT_JUDGED, EXIT_OK
from seedreg.reports.audit import Format
from seedreg.reports.audit.output import Target, write_reports
from seedreg.reports.documents.audits import audits_document
from seedreg.reports.documents.compare import comparison_document
from seedreg.reports.text.audits import audit_list_lines, comparison_lines


@click.group("audits", cls=Group, invoke_without_command=True)
@click.option("--limit", "-n", type=click.IntRange(min=1), metavar="N", help="Only the last N audits.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.audits/1).")
@registry_option
@click.pass_context
@needs_output
def audits_command(ctx: click.Context, /, limit: int | None, as_json: bool, db: str | None) -> int:
    """List the audits, show one again, or compare two."""
    if ctx.invoked_subcommand is not None:
        ctx.meta["seedreg.db"] = db
        return 0
    with open_project(ctx, db=db).audits() as audits:
        if as_json:
            print_json(audits_document(audits.reports(limit)))
            return 0
        lines = list(audit_list_lines(audits.reports(limit), CommandLineGuide()))
    if lines:
        print_paged(lines)
    else:
        print_line("no audits", err=True)
    return 0


@audits_command.command("show")
@click.argument("number", type=int, metavar="N")
@registry_option
@click.pass_context
@needs_output
def _show(ctx: click.Context, /, number: int, db: str | None) -> int:
    """Show the end table of audit N again."""
    project = open_project(ctx, db=db or ctx.meta.get("seedreg.db"))
    with project.audits() as audits:
        report, guide = audits.report(number), CommandLineGuide()
        write_reports(
            report,
            [Target(Format.TEXT)],
            guide,
            root=project.config.root,
            environ=os.environ,
            out=report_output(),
        )
    return 0


@audits_command.command("compare")
@click.argument("before", type=int, metavar="N")
@click.argument("after", type=int, metavar="M")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.compare/1).")
@registry_option
@click.pass_context
def _compare(ctx: click.Context, /, before: int, after: int, as_json: bool, db: str | None) -> int:
    """Say what drifted newly, reproduces again or still drifts.

    Audit M is compared with audit N. Checks that could be judged in only one of them are listed too.

    The exit code is 1 if M found a drift that N did not, and nobody waived it; else 125 if
    something that N judged could not be judged in M.
    """
    with open_project(ctx, db=db or ctx.meta.get("seedreg.db")).audits() as audits:
        comparison = audits.compare(before, after)
    code = EXIT_OK
    if any(check.drifted_newly for check in comparison.checks):
        code = EXIT_DRIFT
    elif comparison.groups()[Became.NO_LONGER_JUDGED]:
        code = EXIT_NOT_JUDGED
    if as_json:
        print_json(comparison_document(comparison, code))
    else:
        print_paged(comparison_lines(comparison))
    return code
