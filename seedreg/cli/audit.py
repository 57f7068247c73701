"""`seedreg audit`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from seedreg.audit import Auditor, AuditSelection
from seedreg.cli.audit_events import EventPrinter
from seedreg.cli.commands import Command
from seedreg.cli.exits import exit_code_of
from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.hints import hint_of
from seedreg.cli.options import audit_environment_options, selectors_argument
from seedreg.cli.outputs import plan_reports, refuse_registry_files, report_options
from seedreg.cli.parsing import parse_age, parse_shard
from seedreg.cli.printing import print_error, report_output
from seedreg.cli.projects import open_project_for_builds
from seedreg.domain.audit import Audit
from seedreg.domain.results import AuditReport
from seedreg.errors import EXIT_DRIFT, RegistryError, UsageError
from seedreg.reports.audit.output import Target, write_reports
from seedreg.reports.audit.text import NO_ENTRIES
from seedreg.reports.lines import counted


@click.command("audit", cls=Command)
@selectors_argument(required=False)
@click.option("--fail-fast", is_flag=True, help="Stop at the first failure; --resume continues.")
@click.option("--shard", metavar="K/N", help="Only the K-th of N parts; an entry is always in the same part.")
@click.option("--stale", metavar="AGE", help="Only entries not checked for this long, e.g. 12h, 7d, 2w.")
@click.option("--resume", is_flag=True, help="Resume the last interrupted audit in the same environments.")
@click.option("--rerun-failed", is_flag=True, help="Only entries that failed in the last audit.")
@report_options
@click.option("--verbose", "-v", is_flag=True, help="Show every result in full.")
@audit_environment_options
@click.pass_context
def audit_command(
    ctx: click.Context,
    /,
    selectors: tuple[str, ...],
    fail_fast: bool,
    shard: str | None,
    stale: str | None,
    resume: bool,
    rerun_failed: bool,
    formats: tuple[str, ...],
    outputs: tuple[str, ...],
    verbose: bool,
    **settings: object,
) -> int:
    """Verify all entries, or those selected, in one or more environments.

    With several environments (--env NAME, repeatable) every entry is checked in each of them. The
    audit is stored: `seedreg audits` lists audits, `seedreg report N` renders one again.
    """
    if resume and (selectors or shard or stale or rerun_failed):
        raise UsageError(
            "--resume continues with the entries that its audit selected",
            hint="leave out selectors, --shard, --stale and --rerun-failed",
        )
    selection = AuditSelection(
        selectors,
        None if shard is None else parse_shard(shard),
        None if stale is None else parse_age(stale),
        rerun_failed,
    )
    targets = plan_reports(formats, outputs, os.environ)
    guide = CommandLineGuide()
    printer = EventPrinter(guide, verbose=verbose)
    project, columns = open_project_for_builds(ctx, printer.say, **settings)
    refuse_registry_files((target.path for target in targets if target.path), project.location)
    with project.auditor(columns) as auditor:
        audit = auditor.resume(columns) if resume else auditor.start(columns, selection)
        _run(auditor, audit, printer, guide, fail_fast=fail_fast)
        report = auditor.report(audit)
        code = exit_code_of(report.counts.failing)
        try:
            auditor.require_stored(audit)
            _write(report, targets, guide, project.config.root)
        except (RegistryError, UsageError) as error:
            # A missing report must not hide what the audit found.
            if code != EXIT_DRIFT:
                raise
            print_error(error.message, hint_of(error))
    return code


def _run(
    auditor: Auditor, audit: Audit, printer: EventPrinter, guide: CommandLineGuide, *, fail_fast: bool
) -> None:
    """Make the checks that are left, and print each event as it happens."""
    left = auditor.left(audit)
    words = counted(left, "check") if audit.plan.entry_ids else NO_ENTRIES
    printer.say(f"audit {audit.number}: {words}")
    try:
        printer.begin(left, several_columns=len(audit.plan.columns) > 1)
        with closing(auditor.run(audit, fail_fast=fail_fast)) as events:
            for event in events:
                printer.print(event)
    except KeyboardInterrupt:
        printer.end()
        step = guide.after_interruption(audit)
        printer.say(f"audit {audit.number} was interrupted: {step} resumes it")
        raise
    finally:
        printer.end()


def _write(report: AuditReport, targets: Sequence[Target], guide: CommandLineGuide, root: Path) -> None:
    try:
        write_reports(report, targets, guide, root=root, environ=os.environ, out=report_output())
    except UsageError as error:
        again = f"`seedreg report {report.audit.number} --format … -o FILE`"
        raise UsageError(error.message, hint=f"the audit is stored: {again} writes a report") from error
