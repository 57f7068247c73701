"""`seedreg verify`."""

from __future__ import annotations

import click

from seedreg.cli.commands import Command
from seedreg.cli.exits import exit_code_of
from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.options import entry_build_options, selectors_argument
from seedreg.cli.printing import print_json, print_lines
from seedreg.cli.projects import open_project_for_build
from seedreg.domain.entry import looks_like_id
from seedreg.domain.results import Verification
from seedreg.reports.documents.verify import verify_document
from seedreg.reports.text.verification import verification_lines


@click.command("verify", cls=Command)
@selectors_argument()
@click.option(
    "--verbose", "-v", is_flag=True, help="Show tracebacks, the output of builds, and every changed package."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.verify/1).")
@entry_build_options
@click.pass_context
def verify_command(
    ctx: click.Context, /, selectors: tuple[str, ...], verbose: bool, as_json: bool, **settings: object
) -> int:
    """Rebuild entries and say whether they still reproduce.

    A SELECTOR is an id prefix (4 digits or more), an alias, a factory, factory@seed, or tag:NAME.
    """
    project, environment = open_project_for_build(ctx, **settings)
    results: list[Verification] = []
    guide = CommandLineGuide(environment)
    # An id names one entry; anything else may name many.
    several = len(selectors) > 1 or not looks_like_id(selectors[0])
    with project.building(environment, several=several) as registry:
        for verification in registry.verify_all(registry.select(selectors)):
            results.append(verification)
            if not as_json:
                print_lines(verification_lines(verification, guide, verbose=verbose))
    code = exit_code_of(result.verdict for result in results)
    if as_json:
        print_json(verify_document(results, code))
    return code
