"""Waiving: audits pass a known drift of one entry for a while."""

from __future__ import annotations

from collections.abc import Sequence

from seedreg.domain.entry import Baseline, Entry
from seedreg.domain.verdict import Check, Observed, Verdict
from seedreg.errors import Step, UsageError

_DIGITS = 12


def drift_to_waive(entry: Entry, baseline: Baseline, checks: Sequence[Check], prefix: str | None) -> str:
    """The digest of the drift that the entry's last check found, or that its whole audit found.

    Args:
        entry: whose drift it is.
        baseline: its current one.
        checks: all its checks, oldest first.
        prefix: the beginning of the digest, where there are several.

    Raises:
        UsageError: if there is none, or none that fits, or several that do.
    """
    digests = _drifts(_last(checks), baseline)
    if not digests:
        raise UsageError(
            f"{entry.short_id} ({entry.recipe.label}) has no drift to waive: {_why_none(checks, baseline)}",
            step=Step.VERIFY,
            entry=entry.short_id,
        )
    wanted = (prefix or "").removeprefix("sr1:").lower()
    fitting = [digest for digest in digests if digest.startswith(wanted)]
    if len(fitting) != 1:
        shown = ", ".join(f"sr1:{digest[:_DIGITS]}" for digest in digests)
        raise UsageError(
            f"{entry.short_id} ({entry.recipe.label}) drifted to {shown}"
            + (f", and {prefix!r} is none of them" if not fitting else ""),
            hint="a waiver covers one",
            step=Step.NAME_FINGERPRINT,
        )
    return fitting[0]


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
