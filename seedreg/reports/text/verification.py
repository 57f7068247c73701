"""One verification of an entry."""

from __future__ import annotations

from collections.abc import Iterator

from seedreg.domain.isolation import Isolation
from seedreg.domain.results import Verification
from seedreg.domain.source_changes import SourceChangeKind
from seedreg.domain.verdict import Verdict
from seedreg.reports.guide import Guide
from seedreg.reports.lines import Headline, Line, Tone, indented, next_lines
from seedreg.reports.text.changes import change_lines
from seedreg.reports.text.drift import TwoBuilds, drift_lines
from seedreg.reports.text.failures import failure_lines
from seedreg.reports.words.source import source_sentences

TONES = {
    Verdict.REPRODUCED: Tone.GOOD,
    Verdict.DRIFTED: Tone.BAD,
    Verdict.NONDETERMINISTIC: Tone.BAD,
    Verdict.ERROR: Tone.UNKNOWN,
}


def verification_lines(verification: Verification, guide: Guide, *, verbose: bool = False) -> Iterator[Line]:
    """The verdict's line, then what differs, what changed, and how to see more."""
    yield from finding_lines(verification, guide, verbose=verbose)
    if verification.verdict is not Verdict.REPRODUCED:
        yield from indented(next_lines(guide.after_check(verification)))


def finding_lines(verification: Verification, guide: Guide, *, verbose: bool = False) -> Iterator[Line]:
    """A verification without what comes next."""
    entry, check = verification.entry, verification.check
    shared = "  shared process" if verification.isolation is Isolation.SHARED else ""
    yield Headline(
        check.verdict.value,
        TONES[check.verdict],
        f"  {entry.short_id}  {entry.recipe.label}  {check.duration_s:.2f} s{shared}",
    )
    if check.failure is not None:
        yield from indented(failure_lines(check.failure, guide, verbose=verbose))
        if check.failure.environment is not None:
            yield from indented(change_lines(verification.changes, verbose=verbose))
    if verification.drift is not None:
        against = (
            TwoBuilds.OF_TODAY if check.verdict is Verdict.NONDETERMINISTIC else verification.baseline.number
        )
        yield from indented(drift_lines(verification.drift, against))
    if check.failure is None:
        reproduced = check.verdict is Verdict.REPRODUCED
        yield from indented(change_lines(verification.changes, verbose=verbose, brief=reproduced))
        yield from indented(_source_lines(verification))
        yield from indented(_name_lines(verification))


def _source_lines(verification: Verification) -> Iterator[str]:
    before, observed = verification.baseline.source, verification.check.observed
    if observed is None:
        return
    found = verification.source_changes
    if verification.verdict is Verdict.REPRODUCED:  # a commit alone explains nothing here
        found = tuple(change for change in found if change.kind is not SourceChangeKind.COMMIT)
    if found:
        yield from (f"source: {sentence}" for sentence in source_sentences(before, observed.source, found))
    else:
        yield f"source: {'not known' if verification.source_changed is None else 'unchanged'}"


def _name_lines(verification: Verification) -> Iterator[str]:
    if verification.renamed:
        (before, after), *others = verification.renamed
        more = f" and {len(others)} more" if others else ""
        yield f"names: {before} → {after}{more} (names are not part of the fingerprint)"
