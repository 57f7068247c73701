"""`seedreg report`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from seedreg.cli.options import load, open_for_reading, registry_option

if TYPE_CHECKING:
    from seedreg.domain.environment import EnvironmentSpec
    from seedreg.executors import Executor


@click.command("report")
@click.argument("number", metavar="N", type=int)
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="FORMAT",
    help="text, json, jsonl, junit, markdown, sarif or github; repeatable (default: text).",
)
@click.option(
    "--output",
    "-o",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="Where the report goes, one for each --format in the same order; - is stdout.",
)
@registry_option
@click.pass_context
def report_command(
    ctx: click.Context,
    /,
    number: int,
    formats: tuple[str, ...],
    outputs: tuple[str, ...],
    db: str | None,
) -> int:
    """Render the stored audit N again, in one or more formats.

    A file is written whole or not at all. In a GitHub workflow, with no format asked for, the text
    comes with annotations.
    """
    from seedreg.audit import Auditor
    from seedreg.reports.output import plan_reports, write_reports

    targets = plan_reports(formats, outputs, os.environ)
    config = load(ctx, db=db)
    with open_for_reading(config) as repository:
        report = Auditor(repository, _no_executor, config.project).report(number)
        write_reports(report, targets, root=config.root)
    return 0


def _no_executor(environment: EnvironmentSpec) -> Executor:
    raise AssertionError(f"a report builds nothing, and nothing in {environment.label}")
