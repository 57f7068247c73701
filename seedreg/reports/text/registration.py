"""What became of one recipe that was to be registered."""

from __future__ import annotations

from collections.abc import Iterator

from seedreg.domain.fingerprint import short_fingerprint
from seedreg.domain.results import (
    Confirmed,
    Gone,
    Left,
    NotConfirmed,
    NotTried,
    Planned,
    Refused,
    Registered,
    Registration,
)
from seedreg.domain.verdict import Verdict
from seedreg.reports.guide import Guide
from seedreg.reports.lines import INDENT, Headline, Line, Tone, counted, indented, next_lines, with_step
from seedreg.reports.text.entry import size
from seedreg.reports.text.failures import failure_lines
from seedreg.reports.text.verification import verification_lines

_HOW = {
    Verdict.DRIFTED: "and no longer reproduces",
    Verdict.NONDETERMINISTIC: "and two builds of it differ now",
    Verdict.ERROR: "and could not be built",
}


def registration_lines(registration: Registration, guide: Guide, *, verbose: bool = False) -> Iterator[Line]:
    """What became of one recipe; with `verbose` also the traceback and the output of a failed build."""
    match registration:
        case Registered(entry, baseline):
            digest = short_fingerprint(baseline.fingerprint.digest)
            rest = f"  {entry.short_id}  {entry.recipe.label}  {digest}  {size(baseline.fingerprint)}"
            yield Headline("registered", Tone.GOOD, rest)
        case Confirmed(verification):
            entry = verification.entry
            yield f"already registered  {entry.short_id}  {entry.recipe.label}  reproduces"
            if entry.retired_at is not None:
                yield INDENT + with_step("it is retired", guide.to_unretire(entry))
        case NotConfirmed(verification):
            entry = verification.entry
            how = _HOW[verification.verdict]
            yield f"already registered  {entry.short_id}  {entry.recipe.label}  {how}:"
            yield from indented(verification_lines(verification, guide, verbose=verbose))
            if verification.verdict is Verdict.DRIFTED:
                accept = guide.to_accept(entry)
                yield from indented(["nothing was overwritten", *([accept] if accept else [])])
        case Refused(recipe, failure):
            yield Headline("refused", Tone.BAD, f"  {recipe.label}")
            yield from indented(failure_lines(failure, guide, verbose=verbose))
            if not verbose and (failure.details or failure.output):
                yield from indented(next_lines(guide.after_refusal(registration)))
        case Left(entry):
            yield f"already registered  {entry.short_id}  {entry.recipe.label}"
        case Planned(recipe):
            yield f"would register  {recipe.label}"
        case Gone(entry):
            line = f"gone  {entry.short_id}  {entry.recipe.label}  is no longer in the configuration"
            yield with_step(line, guide.to_retire(entry))
        case NotTried(first, recipes):
            seeds = counted(len(recipes), "other seed")
            yield f"not tried  {first.factory}  {seeds}, because the build of seed {first.seed} failed"
