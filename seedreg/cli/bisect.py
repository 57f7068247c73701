"""`seedreg bisect`."""

from __future__ import annotations

import click

from seedreg.cli.diagnosis import bench, tell_trial
from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.options import build_options, exit_code_of, print_json, print_lines, selectors_argument


@click.command("bisect")
@selectors_argument(single=True)
@click.option("--package", required=True, metavar="NAME", help="The distribution whose releases are tried.")
@click.option("--from", "first", metavar="VERSION", help="The first release (default: the baseline's).")
@click.option("--to", "last", metavar="VERSION", help="The last release (default: today's).")
@click.option(
    "--builds",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="Try at most so many environments.",
)
@click.option(
    "--resolve",
    type=click.Choice(["auto", "never", "always"]),
    default="auto",
    show_default=True,
    help="Let the installer move other packages too, where a release demands it.",
)
@click.option("--verbose", "-v", is_flag=True, help="Show every moved package and what builds printed.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.bisect/1).")
@build_options
@click.pass_context
def bisect_command(
    ctx: click.Context,
    /,
    selector: str,
    package: str,
    first: str | None,
    last: str | None,
    builds: int,
    resolve: str,
    verbose: bool,
    as_json: bool,
    **settings: object,
) -> int:
    """Find the releases of a package at which an entry's weights change.

    Builds the entry with releases from the baseline's to today's, the other packages as they are
    today. With --resolve auto the installer may move others where a release cannot run without.
    """
    from seedreg.diagnosis.bisection import Bisector
    from seedreg.environments.versions import is_version, normal_name
    from seedreg.errors import UsageError
    from seedreg.reports.text.diagnosis import bisect_document, bisect_lines

    for option, version in (("--from", first), ("--to", last)):
        if version is not None and not is_version(version):
            raise UsageError(f"{option} {version!r} is not a version", hint="write it as 3.4.1")
    with bench(ctx, selector, settings) as means:
        bisector = Bisector(means.open_executor, means.index, means.python, builds, resolve, tell_trial)
        bisection = bisector.bisect(means.verification, normal_name(package), first, last)
    code = exit_code_of([bisection.verification.verdict])
    if as_json:
        print_json(bisect_document(bisection, code))
    else:
        print_lines(bisect_lines(bisection, CommandLineGuide(means.environment), verbose=verbose))
    return code
