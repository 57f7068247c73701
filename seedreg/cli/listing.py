"""`seedreg list`."""

from __future__ import annotations

import click

from seedreg.cli.commands import Command
from seedreg.cli.options import registry_option
from seedreg.cli.printing import needs_output, print_json, print_line, print_paged
from seedreg.cli.projects import open_project
from seedreg.domain.recipe import MAX_SEED
from seedreg.domain.summary import EntryState
from seedreg.domain.verdict import Verdict
from seedreg.reports.documents.listing import list_document
from seedreg.reports.text.listing import summary_lines


@click.command("list", cls=Command)
@click.option("--factory", metavar="ADDRESS", help="Only entries of this factory.")
@click.option("--seed", type=click.IntRange(0, MAX_SEED), metavar="N", help="Only entries with this seed.")
@click.option("--tag", metavar="NAME", help="Only entries with this tag.")
@click.option("--project", metavar="NAME", help="Only entries of this project.")
@click.option(
    "--verdict",
    type=click.Choice(["reproduced", "drifted", "nondeterministic", "error"], case_sensitive=False),
    help="Only entries whose last check ended so.",
)
@click.option("--retired", is_flag=True, help="Only retired entries.")
@click.option("--all", "all_", is_flag=True, help="Retired entries too.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.list/1).")
@registry_option
@click.pass_context
@needs_output
def list_command(
    ctx: click.Context,
    /,
    factory: str | None,
    seed: int | None,
    tag: str | None,
    project: str | None,
    verdict: str | None,
    retired: bool,
    all_: bool,
    as_json: bool,
    db: str | None,
) -> int:
    """List the entries, sorted by factory and seed."""
    with open_project(ctx, db=db).reading() as registry:
        summaries = registry.entries(
            project=project,
            factory=factory,
            tag=tag,
            seed=seed,
            verdict=Verdict[verdict.upper()] if verdict else None,
            state=EntryState.ANY if all_ else EntryState.RETIRED if retired else EntryState.ACTIVE,
        )
    if as_json:
        print_json(list_document(summaries))
    elif summaries:
        print_paged(summary_lines(summaries))
    else:
        print_line("no entries", err=True)
    return 0
