"""`seedreg waive`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from seedreg.cli.options import (
    load,
    open_for_reading,
    open_for_writing,
    print_json,
    print_lines,
    registry_option,
    selectors_argument,
)

if TYPE_CHECKING:
    from seedreg.domain.audit import Waiver
    from seedreg.domain.entry import Baseline, Entry
    from seedreg.domain.verdict import Check
    from seedreg.storage import Repository


@click.command("waive")
@selectors_argument(required=False, single=True)
@click.option("--reason", metavar="TEXT", help="Why the drift is known and let pass.")
@click.option("--until", metavar="DATE", help="The last day (UTC) on which it passes, as 2030-12-31.")
@click.option(
    "--fingerprint",
    metavar="DIGITS",
    help="Which drift, where the last audit found several: the beginning of its fingerprint.",
)
@click.option("--remove", is_flag=True, help="Take the entry's waivers back.")
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

    What is waived is the drift to exactly the weights that the last check found. Audits go on to show
    it, as waived; it fails them again when the day has passed or the weights change once more.
    """
    from seedreg.errors import UsageError
    from seedreg.registry import select_one, utc_now
    from seedreg.reports.documents import waivers_document
    from seedreg.reports.lines import counted
    from seedreg.reports.text.waivers import waiver_lines

    if sum((remove, as_list, bool(reason or until or fingerprint))) > 1:
        raise UsageError(
            "--remove, --list and a new waiver exclude each other", hint="give them one at a time"
        )
    if as_json and not as_list:
        raise UsageError("--json is for the list of waivers", hint="give --list with it")
    config = load(ctx, db=db)
    if as_list:
        with open_for_reading(config) as repository:
            found = list(_listed(repository, selector))
        if as_json:
            print_json(waivers_document(found))
        elif found:
            print_lines(waiver_lines(found, utc_now()[:10]))
        else:
            click.echo("no waivers", err=True)
        return 0
    if selector is None:
        raise UsageError("which entry? SELECTOR is missing", hint="`seedreg waive --list` shows all waivers")
    if remove:
        with open_for_writing(config) as repository:
            entry = select_one(repository, selector)
            count = repository.waivers.remove(entry.id, utc_now())
        click.echo(f"removed {counted(count, 'waiver')}  {entry.short_id}  {entry.recipe.label}")
        return 0
    if not (reason or "").strip() or until is None:
        raise UsageError(
            "a waiver needs --reason and --until", hint="seedreg waive ID --reason TEXT --until 2030-12-31"
        )
    assert reason is not None
    last_day = parse_day(until, utc_now()[:10])
    with open_for_writing(config) as repository:
        entry = select_one(repository, selector)
        digest = _waivable(repository, entry, fingerprint)
        _add(repository, entry, digest, reason.strip(), last_day)
    click.echo(f"waived until {last_day}  {entry.short_id}  {entry.recipe.label}  sr1:{digest[:12]}")
    return 0


def parse_day(text: str, today: str) -> str:
    """The day that the text names, if it is not over.

    Raises:
        UsageError: if it is no day as 2030-12-31, or has passed.
    """
    from datetime import date

    from seedreg.errors import UsageError

    try:
        day = date.fromisoformat(text).isoformat()
    except ValueError:
        day = None
    if day is None or day != text:  # newer Pythons read 20301231 and 2030-W01-1 too
        raise UsageError(f"{text!r} is not a day", hint="write it as --until 2030-12-31")
    if day < today:
        raise UsageError(f"{text} has passed: today is {today} (UTC)", hint="name a day that is to come")
    return day


def _add(repository: Repository, entry: Entry, digest: str, reason: str, until: str) -> None:
    from seedreg.domain.audit import Waiver
    from seedreg.registry import utc_now

    repository.waivers.add(Waiver(entry.id, digest, reason, until, utc_now()))


def _waivable(repository: Repository, entry: Entry, prefix: str | None) -> str:
    """The digest of the one drift that the last check found; of its whole audit if it was part of one."""
    from seedreg.errors import UsageError

    checks = repository.checks.of_entry(entry.id)
    baseline = repository.baselines.current(entry.id)
    digests = _drifts(_last(checks), baseline)
    if not digests:
        found = "it was never checked" if not checks else f"its last check is {checks[-1].verdict.value}"
        if checks and checks[-1].verdict.value == "DRIFTED":
            found = f"baseline {baseline.number} is newer than its last check"
        raise UsageError(
            f"{entry.short_id} ({entry.recipe.label}) has no drift to waive: {found}",
            hint=f"seedreg verify {entry.short_id} tells whether it drifts",
        )
    wanted = (prefix or "").removeprefix("sr1:").lower()
    fitting = [digest for digest in digests if digest.startswith(wanted)]
    if len(fitting) != 1:
        shown = ", ".join(f"sr1:{digest[:12]}" for digest in digests)
        raise UsageError(
            f"{entry.short_id} ({entry.recipe.label}) drifted to {shown}"
            + (f", and {prefix!r} is none of them" if not fitting else ""),
            hint="say which with --fingerprint; one waiver covers one",
        )
    return fitting[0]


def _last(checks: Sequence[Check]) -> Sequence[Check]:
    """The last check, or all of the audit that it was part of: in a matrix each environment has its own."""
    if not checks:
        return ()
    number = checks[-1].audit_number
    return [check for check in checks if number is not None and check.audit_number == number] or checks[-1:]


def _drifts(checks: Sequence[Check], baseline: Baseline) -> list[str]:
    found = (
        check.fingerprint.digest
        for check in checks
        if check.verdict.value == "DRIFTED"
        and check.fingerprint is not None
        and check.baseline_number == baseline.number
    )
    return list(dict.fromkeys(found))


def _listed(repository: Repository, selector: str | None) -> Iterator[tuple[Entry, Waiver]]:
    from seedreg.registry import select_one

    entry_id = None if selector is None else select_one(repository, selector).id
    waivers = repository.waivers.all() if entry_id is None else repository.waivers.of_entry(entry_id)
    entries = {entry.id: entry for entry in repository.entries.by_ids({one.entry_id for one in waivers})}
    return ((entries[waiver.entry_id], waiver) for waiver in waivers)
