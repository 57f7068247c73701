"""What became of the entries whose weights were to be accepted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seedreg.domain.fingerprint import short_fingerprint
from seedreg.domain.results import (
    Acceptance,
    Accepted,
    BuiltNow,
    NotAccepted,
    NothingToAccept,
    OtherWeights,
    Proposal,
    SeenInAudit,
)
from seedreg.reports.guide import Guide
from seedreg.reports.lines import Headline, Line, Tone, indented
from seedreg.reports.text.drift import drift_lines
from seedreg.reports.text.failures import failure_lines


def proposal_line(proposal: Proposal) -> str:
    """What would be accepted for one entry."""
    entry, before = proposal.entry, proposal.before
    line = f"would accept  {entry.short_id}  {entry.recipe.label}  instead of baseline {before.number}: "
    match proposal.expected:
        case BuiltNow():
            return f"{line}what it builds now"
        case SeenInAudit(_, fingerprint):
            return f"{line}{short_fingerprint(fingerprint)}"


def acceptance_lines(result: Acceptance, guide: Guide) -> Iterator[Line]:
    """What became of one entry."""
    match result:
        case Accepted(entry, before, baseline, drift):
            yield (
                f"accepted  {entry.short_id}  {entry.recipe.label}  baseline {baseline.number}  "
                f"{baseline.fingerprint}"
            )
            yield from indented(drift_lines(drift, before.number))
        case NothingToAccept(entry, baseline):
            yield (
                f"{entry.short_id}  {entry.recipe.label}  still reproduces baseline {baseline.number}: "
                "nothing to accept"
            )
        case NotAccepted(entry, failure):
            yield Headline("refused", Tone.BAD, f"  {entry.short_id}  {entry.recipe.label}")
            yield from indented(failure_lines(failure, guide))
        case OtherWeights(Proposal(entry), expected, built):
            yield Headline("refused", Tone.BAD, f"  {entry.short_id}  {entry.recipe.label}")
            yield from indented(
                [
                    f"it builds {short_fingerprint(built)} now, and audit {expected.audit} saw "
                    f"{short_fingerprint(expected.fingerprint)}"
                ]
            )


def acceptance_summary(results: Sequence[Acceptance]) -> str:
    """How many entries ended in which way."""
    kinds = {"accepted": (Accepted,), "unchanged": (NothingToAccept,), "refused": (NotAccepted, OtherWeights)}
    counts = {word: sum(isinstance(one, kind) for one in results) for word, kind in kinds.items()}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)
