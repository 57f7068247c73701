"""`seedreg accept`."""

from __future__ import annotations

import click

from seedreg.cli.options import entry_build_options, selector_argument
from seedreg.cli.printing import print_line, print_lines
from seedreg.cli.projects import open_project_for_build
from seedreg.domain.results import NothingToAccept
from seedreg.reports.lines import indented
from seedreg.reports.text.drift import drift_lines


@click.command("accept")
@selector_argument()
@click.option(
    "--reason", required=True, metavar="TEXT", help="Why the drift is right; stored with the baseline."
)
@entry_build_options
@click.pass_context
def accept_command(ctx: click.Context, /, selector: str, reason: str, **settings: object) -> int:
    """Make what an entry builds today its new baseline.

    The old one stays in its history.
    """
    project, environment = open_project_for_build(ctx, **settings)
    with project.building(environment, several=True) as registry:
        result = registry.accept(selector, reason)
    entry = result.entry
    if isinstance(result, NothingToAccept):
        print_line(
            f"{entry.short_id}  {entry.recipe.label}  still reproduces baseline "
            f"{result.baseline.number}: nothing to accept"
        )
        return 0
    print_line(
        f"accepted  {entry.short_id}  {entry.recipe.label}  baseline {result.baseline.number}  "
        f"{result.baseline.fingerprint}"
    )
    print_lines(indented(drift_lines(result.drift, result.before.number)))
    return 0
