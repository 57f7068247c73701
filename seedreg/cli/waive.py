"""`seedreg waive`."""

from __future__ import annotations

import click

from seedreg.cli.bulk import dry_run_option, entry_line, findings_of, findings_options
from seedreg.cli.commands import Command
from seedreg.cli.options import registry_option, selectors_argument
from seedreg.cli.parsing import parse_day
from seedreg.cli.printing import needs_output, print_json, print_line, print_lines
from seedreg.cli.projects import open_project
from seedreg.domain.fingerprint import short_fingerprint
from seedreg.domain.results import NoDrift, Waived
from seedreg.errors import UsageError
from seedreg.project import Project
from seedreg.registry import utc_now
from seedreg.registry.findings import Findings
from seedreg.reports.documents.waivers import waivers_document
from seedreg.reports.lines import counted
from seedreg.reports.text.waivers import waiver_lines


@click.command("waive", cls=Command)
@selectors_argument(required=False)
@click.option("--reason", metavar="TEXT", help="Why the drift is known and may pass.")
@click.option("--until", metavar="DATE", help="The last day (UTC) on which it passes, e.g. 2030-12-31.")
@click.option(
    "--fingerprint",
    metavar="DIGITS",
    help="Which drift, where the last audit found several: the beginning of its fingerprint.",
)
@click.option("--remove", is_flag=True, help="Revoke the waivers of the entries.")
@click.option("--list", "as_list", is_flag=True, help="List all waivers, or those of the entries.")
@click.option(
    "--json", "as_json", is_flag=True, help="With --list: print a JSON document (seedreg.waivers/1)."
)
@findings_options("Waive what drifted in this audit.")
@dry_run_option
@registry_option
@click.pass_context
def waive_command(
    ctx: click.Context,
    /,
    selectors: tuple[str, ...],
    reason: str | None,
    until: str | None,
    fingerprint: str | None,
    remove: bool,
    as_list: bool,
    as_json: bool,
    audit: int | None,
    column: str | None,
    dry_run: bool,
    db: str | None,
) -> int:
    """Let audits pass known drifts of entries for a while.

    A waiver covers the drift to exactly the weights that the last check found, or the named audit. Audits
    still show it, as waived, and fail again when the day has passed or the weights change once more.
    """
    if sum((remove, as_list, bool(reason or until or fingerprint))) > 1:
        raise UsageError(
            "--remove, --list and a new waiver exclude each other", hint="give them one at a time"
        )
    if as_json and not as_list:
        raise UsageError("--json is for the list of waivers", hint="give --list with it")
    project = open_project(ctx, db=db)
    if as_list:
        _list(project, selectors, as_json=as_json)
        return 0
    if not selectors and audit is None:
        raise UsageError("which entry? SELECTOR is missing", hint="`seedreg waive --list` shows all waivers")
    findings = findings_of(selectors, audit, column)
    if remove:
        _remove(project, selectors, findings, dry_run=dry_run)
        return 0
    if reason is None or not reason.strip() or until is None:
        raise UsageError(
            "a waiver needs --reason and --until", hint="seedreg waive ID --reason TEXT --until 2030-12-31"
        )
    day = parse_day(until)
    with project.planning() if dry_run else project.writing() as registry:
        found = registry.waive_all(
            selectors, reason, day, fingerprint=fingerprint, findings=findings, dry_run=dry_run
        )
    for one in found:
        match one:
            case Waived(entry, waiver):
                word = f"{'would waive' if dry_run else 'waived'} until {day}"
                print_line(entry_line(word, entry, short_fingerprint(waiver.fingerprint)))
            case NoDrift(entry, why):
                print_line(entry_line("no drift", entry, why))
    return 0


@needs_output
def _list(project: Project, selectors: tuple[str, ...], *, as_json: bool) -> None:
    with project.reading() as registry:
        found = registry.waivers(*selectors)
    if as_json:
        print_json(waivers_document(found))
    elif found:
        print_lines(waiver_lines(found, utc_now()[:10]))
    else:
        print_line("no waivers", err=True)


def _remove(
    project: Project, selectors: tuple[str, ...], findings: Findings | None, *, dry_run: bool
) -> None:
    with project.planning() if dry_run else project.writing() as registry:
        entries = registry.select(selectors, include_retired=True, findings=findings)
        ids = [entry.id for entry in entries]
        if dry_run:
            waivers = [entry.id for entry, _ in registry.waivers(*ids)]
            removed = tuple((entry, waivers.count(entry.id)) for entry in entries)
        else:
            removed = registry.remove_waivers(*ids)
    word = "would remove" if dry_run else "removed"
    for entry, count in removed:
        print_line(entry_line(f"{word} {counted(count, 'waiver')}", entry))
