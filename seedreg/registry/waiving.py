"""Waiving: audits pass known drifts of entries for a while."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from seedreg.domain.audit import Waiver
from seedreg.domain.entry import Baseline, Entry
from seedreg.domain.fingerprint import short_fingerprint
from seedreg.domain.results import NoDrift, ToWaive, Waived
from seedreg.domain.verdict import Check, Observed, Verdict
from seedreg.errors import Step, UsageError
from seedreg.registry.findings import Findings, failing
from seedreg.registry.selection import among, select

if TYPE_CHECKING:
    from seedreg.storage import Repository


def waivable(
    repository: Repository, selectors: Sequence[str], findings: Findings | None, prefix: str | None
) -> tuple[ToWaive | NoDrift, ...]:
    """The drifts of the selected entries that a waiver can cover; see `Registry.waive_all`."""
    if findings is not None:
        found = _drifts_of_audit(repository, selectors, findings, prefix)
    else:
        found = [_last_drift(repository, entry, prefix) for entry in select(repository, selectors)]
    if any(isinstance(one, ToWaive) for one in found):
        return tuple(found)
    first = found[0]
    if len(found) > 1 or not isinstance(first, NoDrift):
        raise UsageError(f"none of {len(found)} entries has a drift to waive", step=Step.LIST_ENTRIES)
    raise UsageError(
        f"{first.entry.short_id} ({first.entry.recipe.label}) has no drift to waive: {first.why}",
        step=Step.VERIFY,
        entry=first.entry.short_id,
    )


def _last_drift(repository: Repository, entry: Entry, prefix: str | None) -> ToWaive | NoDrift:
    """The drift that the entry's last check found, or that its whole audit found.

    Raises:
        UsageError: if there are several, or none that begins with the prefix.
    """
    baseline = repository.baselines.current(entry.id)
    checks = repository.checks.of_entry(entry.id)
    digests = _drifts(_last(checks), baseline)
    if not digests:
        return NoDrift(entry, _why_none(checks, baseline))
    fitting = _fitting(digests, prefix)
    if len(fitting) != 1:
        shown = ", ".join(short_fingerprint(digest) for digest in digests)
        raise UsageError(
            f"{entry.short_id} ({entry.recipe.label}) drifted to {shown}"
            + (f", and {prefix!r} is none of them" if not fitting else ""),
            hint="a waiver covers one",
            step=Step.NAME_FINGERPRINT,
        )
    return ToWaive(entry, fitting[0])


def _drifts_of_audit(
    repository: Repository, selectors: Sequence[str], findings: Findings, prefix: str | None
) -> list[ToWaive | NoDrift]:
    """Every drift that the audit found; in several environments an entry may have several."""
    drifts: dict[str, list[Check]] = {}
    entries: dict[str, Entry] = {}
    for check, entry, _ in failing(repository, findings):
        if check.verdict is Verdict.DRIFTED:
            drifts.setdefault(entry.id, []).append(check)
            entries[entry.id] = entry
    found: list[ToWaive | NoDrift] = []
    for entry in among(repository, selectors, entries, nothing=f"nothing drifted in {findings}"):
        baseline = repository.baselines.current(entry.id)
        digests = _drifts(drifts[entry.id], baseline)
        if not digests:
            found.append(NoDrift(entry, f"baseline {baseline.number} is newer than the audit"))
        found += [ToWaive(entry, digest) for digest in _fitting(digests, prefix)]
    return found or [NoDrift(entry, f"no drift is {prefix!r}") for entry in entries.values()]


def _fitting(digests: Iterable[str], prefix: str | None) -> list[str]:
    wanted = (prefix or "").removeprefix("sr1:").lower()
    return [digest for digest in digests if digest.startswith(wanted)]


def require_future(until: date, now: str) -> None:
    """See that the last day of a waiver has not passed; `now` is a UTC time.

    Raises:
        UsageError: if it has.
    """
    if until.isoformat() < now[:10]:
        raise UsageError(f"{until} has passed: today is {now[:10]} (UTC)", hint="name a later day")


def waivers_of(
    drifts: Iterable[ToWaive | NoDrift], reason: str, until: date, now: str
) -> tuple[Waived | NoDrift, ...]:
    """The waivers of these drifts, which are still to be stored."""
    return tuple(
        Waived(one.entry, Waiver(one.entry.id, one.fingerprint, reason, until.isoformat(), now))
        if isinstance(one, ToWaive)
        else one
        for one in drifts
    )


def _why_none(checks: Sequence[Check], baseline: Baseline) -> str:
    if not checks:
        return "it was never checked"
    if checks[-1].verdict is Verdict.DRIFTED:
        return f"baseline {baseline.number} is newer than its last check"
    return f"its last check is {checks[-1].verdict.value}"


def _last(checks: Sequence[Check]) -> Sequence[Check]:
    """The last check, or all of the audit that it was part of: in a matrix each environment has its own."""
    if not checks:
        return ()
    audit = checks[-1].audit
    if audit is None:
        return checks[-1:]
    return [check for check in checks if check.audit is not None and check.audit.number == audit.number]


def _drifts(checks: Sequence[Check], baseline: Baseline) -> list[str]:
    found = (
        check.outcome.fingerprint.digest
        for check in checks
        if check.verdict is Verdict.DRIFTED
        and isinstance(check.outcome, Observed)
        and check.baseline_number == baseline.number
    )
    return list(dict.fromkeys(found))
