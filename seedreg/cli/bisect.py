"""`seedreg bisect`."""

from __future__ import annotations

import click

from seedreg.cli.commands import Command
from seedreg.cli.exits import exit_code_of
from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.options import entry_build_options, selector_argument
from seedreg.cli.printing import print_json, print_lines
from seedreg.cli.projects import open_project_for_build
from seedreg.cli.trials import say_trial
from seedreg.diagnosis.bisection import Bisector
from seedreg.domain.diagnosis import Resolve
from seedreg.domain.distributions import is_version, normal_name
from seedreg.errors import UsageError
from seedreg.reports.documents.bisect import bisect_document
from seedreg.reports.text.diagnosis import bisect_lines


@click.command("bisect", cls=Command)
@selector_argument()
@click.option("--package", required=True, metavar="NAME", help="The distribution whose releases are tried.")
@click.option("--from", "first", metavar="VERSION", help="The first release (default: the baseline's).")
@click.option("--to", "last", metavar="VERSION", help="The last release (default: today's).")
@click.option(
    "--builds",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="Try at most this many environments.",
)
@click.option(
    "--resolve",
    type=click.Choice([one.value for one in Resolve]),
    default="auto",
    show_default=True,
    help="Whether the installer may move other packages that a release needs.",
)
@click.option("--verbose", "-v", is_flag=True, help="Show every moved package and what builds printed.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.bisect/1).")
@entry_build_options
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

    Builds the entry with releases from the baseline's to today's; other packages stay as they are
    today. With --resolve auto, the installer may move them if a release cannot run otherwise.
    """
    for option, version in (("--from", first), ("--to", last)):
        if version is not None and not is_version(version):
            raise UsageError(f"{option} {version!r} is not a version", hint="write it as 3.4.1")
    project, environment = open_project_for_build(ctx, **settings)
    with project.laboratory(selector, environment) as lab:
        bisector = Bisector(lab.open_executor, lab.index, lab.python, builds, Resolve(resolve), say_trial)
        bisection = bisector.bisect(lab.verification, normal_name(package), first, last)
    code = exit_code_of([bisection.verification.verdict])
    if as_json:
        print_json(bisect_document(bisection, code))
    else:
        print_lines(bisect_lines(bisection, CommandLineGuide(environment), verbose=verbose))
    return code
