"""`seedreg history`."""

from __future__ import annotations

import click

from seedreg.cli.options import (
    load,
    open_for_reading,
    print_json,
    print_paged,
    registry_option,
    selectors_argument,
)


@click.command("history")
@selectors_argument(single=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.history/1).")
@registry_option
@click.pass_context
def history_command(ctx: click.Context, /, selector: str, as_json: bool, db: str | None) -> int:
    """Show every baseline and check of one entry, oldest first."""
    from seedreg.registry import select_one
    from seedreg.reports.text.history import history_lines

    with open_for_reading(load(ctx, db=db)) as repository:
        entry = select_one(repository, selector)
        baselines, checks = repository.baselines.of_entry(entry.id), repository.checks.of_entry(entry.id)
    if as_json:
        from seedreg.reports.documents import history_document

        print_json(history_document(entry, baselines, checks))
    else:
        print_paged(history_lines(entry, baselines, checks))
    return 0
