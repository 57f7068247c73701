"""`seedreg blame`."""

from __future__ import annotations

import click

from seedreg.cli.commands import Command
from seedreg.cli.exits import exit_code_of
from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.options import entry_build_options, selector_argument
from seedreg.cli.printing import print_json, print_lines
from seedreg.cli.projects import open_project_for_build
from seedreg.cli.trials import say_trial
from seedreg.diagnosis.blame import Blamer
from seedreg.reports.documents.blame import blame_document
from seedreg.reports.text.diagnosis import blame_lines


@click.command("blame", cls=Command)
@selector_argument()
@click.option(
    "--builds",
    type=click.IntRange(min=1),
    default=40,
    show_default=True,
    metavar="N",
    help="Try at most this many environments.",
)
@click.option("--verbose", "-v", is_flag=True, help="Show every moved package and what builds printed.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.blame/1).")
@entry_build_options
@click.pass_context
def blame_command(
    ctx: click.Context, /, selector: str, builds: int, verbose: bool, as_json: bool, **settings: object
) -> int:
    """Find the upgrade that made an entry drift.

    Builds the entry today. Then builds it in uv environments in which only some of the packages that
    changed since the baseline are moved back, and names the smallest group that explains the drift.
    """
    project, environment = open_project_for_build(ctx, **settings)
    with project.laboratory(selector, environment) as lab:
        blamer = Blamer(
            lab.open_executor,
            lab.index,
            lab.find_python,
            lab.python,
            builds,
            say_trial,
            lab.may_add,
            lab.unused,
        )
        blame = blamer.blame(lab.verification)
    code = exit_code_of([blame.verification.verdict])
    if as_json:
        print_json(blame_document(blame, code))
    else:
        print_lines(blame_lines(blame, CommandLineGuide(environment), verbose=verbose))
    return code
