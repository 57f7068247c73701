"""`seedreg audit`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import click

from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.options import (
    audit_environment_options,
    exit_code_of,
    load_environments,
    parse_age,
    print_lines,
    selectors_argument,
)
from seedreg.cli.outputs import plan_reports, report_options

if TYPE_CHECKING:
    from seedreg.audit import Event
    from seedreg.cli.progress import Progress
    from seedreg.config import Config
    from seedreg.domain.environment_spec import EnvironmentSpec
    from seedreg.domain.results import AuditRow
    from seedreg.reports.lines import Line


@click.command("audit")
@selectors_argument(required=False)
@click.option("--fail-fast", is_flag=True, help="Stop at the first failure; --resume goes on from there.")
@click.option("--shard", metavar="K/N", help="Only the K-th of N parts; an entry is always in the same part.")
@click.option("--stale", metavar="AGE", help="Only entries not checked for so long: 12h, 7d, 2w.")
@click.option("--resume", is_flag=True, help="Go on with the last interrupted audit in the same environment.")
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
    from seedreg.errors import EXIT_DRIFT, UsageError
    from seedreg.project import open_auditor
    from seedreg.reports.audit.output import write_reports

    if resume and (selectors or shard or stale or rerun_failed):
        raise UsageError(
            "--resume goes on with what its audit selected",
            hint="leave selectors, --shard, --stale and --rerun-failed out",
        )
    part = None if shard is None else parse_shard(shard)
    stale_s = None if stale is None else parse_age(stale)
    reports = plan_reports(formats, outputs, os.environ)
    config, columns = load_environments(ctx, **settings)
    _require_python(config, columns)
    show = _Shower(verbose)
    with open_auditor(config, columns, show.tell) as auditor:
        if resume:
            audit = auditor.resume(columns)
        else:
            audit = auditor.start(selectors, columns, shard=part, stale_s=stale_s, rerun_failed=rerun_failed)
        left = auditor.left(audit)
        show.tell(f"audit {audit.number}: {left} check{'s' if left != 1 else ''}")
        try:
            show.begin(left, len(audit.plan.columns) > 1)
            with closing(auditor.run(audit, fail_fast=fail_fast)) as events:
                for event in events:
                    show(event)
        except KeyboardInterrupt:
            show.end()
            step = show.guide.after_interruption(audit)
            show.tell(f"audit {audit.number} was interrupted: {step} resumes it")
            raise
        finally:
            show.end()
        report = auditor.report(audit.number)
        code = exit_code_of(report.counts.failing)
        try:
            write_reports(report, reports, show.guide, root=config.root, environ=os.environ)
        except UsageError as error:
            if code != EXIT_DRIFT:
                raise
            # That the report is missing must not hide what the audit found.
            show.tell(f"error: {error.message}")
    return code


def _require_python(config: Config, columns: Sequence[EnvironmentSpec]) -> None:
    """A configured interpreter that is missing is wrong configuration, not an audit full of errors."""
    from seedreg.domain.environment_spec import ThisPython

    if any(column.python == ThisPython() for column in columns):
        config.interpreter(ThisPython())


class _Shower:
    """Tells events as they come: on a terminal failures and a progress line, elsewhere a line for each."""

    def __init__(self, verbose: bool) -> None:
        self.guide = CommandLineGuide()
        self._progress: Progress | None = None
        self._several = False
        self._verbose = verbose

    def begin(self, total: int, several_columns: bool) -> None:
        """So many checks are to be made from now on."""
        from seedreg.cli.progress import Progress

        self._several = several_columns
        self._progress = Progress(total)
        self._progress.draw()

    def tell(self, text: str) -> None:
        """Say what takes long, above the progress line."""
        self._print([f"seedreg: {text}"])

    def __call__(self, event: Event) -> None:
        from seedreg.audit import ColumnFailed, ColumnStarted
        from seedreg.domain.results import AuditRow
        from seedreg.reports.text.failures import failure_lines

        match event:
            case ColumnStarted(column, count):
                if self._several:
                    self._print([f"in {column.label}: {count} checks"])
            case ColumnFailed(column, failure):
                self._print(
                    [f"in {column.label}:", *failure_lines(failure, self.guide, verbose=self._verbose)]
                )
            case AuditRow():
                if event.failed or event.waiver or self._verbose or not sys.stderr.isatty():
                    self._print(self._row_lines(event))
                if self._progress is not None:
                    self._progress.step(failed=event.failed)

    def end(self) -> None:
        """Take the progress line away, for good."""
        if self._progress is not None:
            self._progress.clear()
            self._progress = None

    def _row_lines(self, row: AuditRow) -> list[Line]:
        from seedreg.reports.text.audits import audit_row_lines

        return list(audit_row_lines(row, self.guide, with_column=self._several, verbose=self._verbose))

    def _print(self, lines: Sequence[Line]) -> None:
        if self._progress is not None:
            self._progress.clear()
        print_lines(lines, err=True)
        if self._progress is not None:
            self._progress.draw()


def parse_shard(text: str) -> tuple[int, int]:
    """`2/5` as `(2, 5)`.

    Raises:
        UsageError: if it is not K/N with K from 1 to N.
    """
    from seedreg.errors import UsageError

    match = re.fullmatch(r"(\d+)/(\d+)", text, flags=re.ASCII)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UsageError(f"shard {text!r} is not K/N with K from 1 to N", hint="write it as --shard 2/5")
    return int(match[1]), int(match[2])
