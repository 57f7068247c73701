"""`seedreg blame`."""

from __future__ import annotations

import click

from seedreg.cli.diagnosis import bench, tell_trial
from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.options import build_options, exit_code_of, print_json, print_lines, selectors_argument


@click.command("blame")
@selectors_argument(single=True)
@click.option(
    "--builds",
    type=click.IntRange(min=1),
    default=40,
    show_default=True,
    metavar="N",
    help="Try at most so many environments.",
)
@click.option("--verbose", "-v", is_flag=True, help="Show every moved package and what builds printed.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.blame/1).")
@build_options
@click.pass_context
def blame_command(
    ctx: click.Context, /, selector: str, builds: int, verbose: bool, as_json: bool, **settings: object
) -> int:
    """Find the upgrade that made an entry drift.

    Builds the entry today, then in environments made by uv in which only some of the packages that
    changed since the baseline are moved back, and names the smallest group that explains the drift.
    """
    from seedreg.diagnosis.blame import Blamer
    from seedreg.reports.text.diagnosis import blame_document, blame_lines

    with bench(ctx, selector, settings) as means:
        blamer = Blamer(means.open_executor, means.index, means.find_python, means.python, builds, tell_trial)
        blame = blamer.blame(means.verification)
    code = exit_code_of([blame.verification.verdict])
    if as_json:
        print_json(blame_document(blame, code))
    else:
        print_lines(blame_lines(blame, CommandLineGuide(means.environment), verbose=verbose))
    return code
