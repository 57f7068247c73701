"""`seedreg waive`."""

from __future__ import annotations

import click

from seedreg.cli.options import registry_option, selector_argument
from seedreg.cli.parsing import parse_day
from seedreg.cli.printing import needs_output, print_json, print_line, print_lines
from seedreg.cli.projects import open_project
from seedreg.errors import UsageError
from seedreg.project import Project
from seedreg.registry import utc_now
from seedreg.reports.documents.waivers import waivers_document
from seedreg.reports.lines import counted
from seedreg.reports.text.waivers import waiver_lines


@click.command("waive")
@selector_argument(required=False)
@click.option("--reason", metavar="TEXT", help="Why the drift is known and may pass.")
@click.option("--until", metavar="DATE", help="The last day (UTC) on which it passes, e.g. 2030-12-31.")
@click.option(
    "--fingerprint",
    metavar="DIGITS",
    help="Which drift, where the last audit found several: the beginning of its fingerprint.",
)
@click.option("--remove", is_flag=True, help="Revoke the entry's waivers.")
@click.option("--list", "as_list", is_flag=True, help="List all waivers, or those of SELECTOR.")
@click.option(
    "--json", "as_json", is_flag=True, help="With --list: print a JSON document (seedreg.waivers/1)."
)
@registry_option
@click.pass_context
def waive_command(
    ctx: click.Context,
    /,
    selector: str | None,
    reason: str | None,
    until: str | None,
    fingerprint: str | None,
    remove: bool,
    as_list: bool,
    as_json: bool,
    db: str | None,
) -> int:
    """Let audits pass a known drift of one entry for a while.

    A waiver covers the drift to exactly the weights that the last check found. Audits still show it, as
    waived, and fail again when the day has passed or the weights change once more.
    """
    if sum((remove, as_list, bool(reason or until or fingerprint))) > 1:
        raise UsageError(
            "--remove, --list and a new waiver exclude each other", hint="give them one at a time"
        )
    if as_json and not as_list:
        raise UsageError("--json is for the list of waivers", hint="give --list with it")
    project = open_project(ctx, db=db)
    if as_list:
        _list(project, selector, as_json=as_json)
    elif selector is None:
        raise UsageError("which entry? SELECTOR is missing", hint="`seedreg waive --list` shows all waivers")
    elif remove:
        _remove(project, selector)
    else:
        _waive(project, selector, reason, until, fingerprint)
    return 0


@needs_output
def _list(project: Project, selector: str | None, *, as_json: bool) -> None:
    with project.reading() as registry:
        found = registry.waivers(selector)
    if as_json:
        print_json(waivers_document(found))
    elif found:
        print_lines(waiver_lines(found, utc_now()[:10]))
    else:
        print_line("no waivers", err=True)


def _remove(project: Project, selector: str) -> None:
    with project.writing() as registry:
        entry, count = registry.remove_waivers(selector)
    print_line(f"removed {counted(count, 'waiver')}  {entry.short_id}  {entry.recipe.label}")


def _waive(
    project: Project, selector: str, reason: str | None, until: str | None, fingerprint: str | None
) -> None:
    if reason is None or not reason.strip() or until is None:
        raise UsageError(
            "a waiver needs --reason and --until", hint="seedreg waive ID --reason TEXT --until 2030-12-31"
        )
    day = parse_day(until)
    with project.writing() as registry:
        entry, waiver = registry.waive(selector, reason, day, fingerprint)
    print_line(
        f"waived until {waiver.until}  {entry.short_id}  {entry.recipe.label}  sr1:{waiver.fingerprint[:12]}"
    )
