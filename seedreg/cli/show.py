"""`seedreg show`."""

from __future__ import annotations

import click

from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.options import (
    load,
    open_for_reading,
    print_json,
    print_paged,
    registry_option,
    selectors_argument,
)


@click.command("show")
@selectors_argument(single=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.show/1).")
@registry_option
@click.pass_context
def show_command(ctx: click.Context, /, selector: str, as_json: bool, db: str | None) -> int:
    """Show everything about one entry.

    Recipe, baseline, environment then and now, source, and the tensors with what differs.
    """
    from seedreg.domain.drift import compare
    from seedreg.registry import select_one
    from seedreg.reports.text.entry import entry_lines

    with open_for_reading(load(ctx, db=db)) as repository:
        entry = select_one(repository, selector)
        baseline = repository.baselines.current(entry.id)
        checks = repository.checks.of_entry(entry.id)
        waivers = repository.waivers.of_entry(entry.id)
    last = checks[-1] if checks else None
    drift = compare(baseline.fingerprint, last.fingerprint) if last and last.fingerprint else None
    if as_json:
        from seedreg.reports.documents import show_document

        print_json(show_document(entry, baseline, last, drift, waivers))
    else:
        print_paged(entry_lines(entry, baseline, last, drift, CommandLineGuide(), waivers))
    return 0
