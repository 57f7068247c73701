"""What `blame` and `bisect` found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from seedreg.domain.diagnosis import (
    Bisection,
    Blame,
    Boundary,
    Cause,
    Gap,
    LeftOut,
    NotMovable,
    Obstacle,
    ReleaseTrial,
    Result,
    Trial,
)
from seedreg.domain.diagnosis_facts import Fact
from seedreg.domain.environment_changes import weight_first
from seedreg.reports.guide import Guide
from seedreg.reports.lines import Line, counted, indented, listed, next_lines, with_step, wrapped
from seedreg.reports.table import table_lines
from seedreg.reports.text.failures import failure_lines
from seedreg.reports.text.verification import finding_lines
from seedreg.reports.words.diagnosis import OBSTACLES, RESULTS, attempt_text, fact_text
from seedreg.reports.words.failures import failure_message
from seedreg.reports.words.printable import escaped_lines

_MANY = 6

_CONCLUSIONS = {
    Cause.NOTHING_CHANGED: "it still reproduces: nothing is to blame",
    Cause.NOT_A_PACKAGE: "not found: no package and no Python that could be moved explains it",
    Cause.NOT_FOUND: "not found: no package can be named",
}


def trial_line(trial: Trial) -> str:
    """One trial, as soon as it is known."""
    why = ""
    if trial.failure is not None:
        first, *_ = escaped_lines(failure_message(trial.failure)) or [""]
        why = f" ({first})"
    return f"{attempt_text(trial.attempt)}: {_outcome(trial)}{why}  {trial.duration_s:.2f} s"


def blame_lines(blame: Blame, guide: Guide, *, verbose: bool = False) -> Iterator[Line]:
    """Today's verdict, the evidence as a table, the conclusion, and how to find out more."""
    yield from finding_lines(blame.verification, guide, verbose=verbose)
    if blame.trials:
        yield ""
        head = ("ENVIRONMENT", "RESULT", "WEIGHTS")
        named = [(attempt_text(trial.attempt), trial) for trial in blame.trials]
        rows = [(name, RESULTS[trial.result], trial.letter or "-") for name, trial in named]
        yield from table_lines([head, *rows])
        yield from indented(_trial_lines(named, guide, verbose=verbose))
        yield _legend(blame.verification.baseline.number)
        yield ""
    if blame.cause is Cause.FOUND:
        yield from _found_lines(blame)
    elif blame.cause in _CONCLUSIONS:
        yield _CONCLUSIONS[blame.cause]
    yield from indented(_fact_lines(blame.known, guide))
    yield from indented(_fixed_lines(blame.fixed))
    yield from indented(_left_out_lines(blame.left_out, verbose=verbose))
    yield from indented(next_lines(guide.after_blame(blame)))


def _found_lines(blame: Blame) -> Iterator[str]:
    yield from wrapped(["found:", *listed(list(map(str, blame.culprits)), last="and")])
    for line in _evidence(blame):
        yield from indented(wrapped(line.split(" ")))


def _evidence(blame: Blame) -> Iterator[str]:
    one = len(blame.culprits) == 1
    these = "this" if one else "these"
    for trial, environment, expected, gives in (
        (blame.backward, f"today's environment with only {these} undone", Result.BASELINE, "the baseline's"),
        (blame.forward, f"the baseline's environment with only {these} changed", Result.TODAY, "today's"),
    ):
        if trial is not None:
            # Why a trial could not run is below the table.
            found = f" gives {gives} weights" if trial.result is expected else f": {_outcome(trial)}"
            yield f"{environment}{found}"
    if not one:
        yield "none of them could be left out"


def bisect_lines(bisection: Bisection, guide: Guide, *, verbose: bool = False) -> Iterator[Line]:
    """Today's verdict, each release tried, and between which of them the weights change."""
    yield from finding_lines(bisection.verification, guide, verbose=verbose)
    if bisection.tried:
        yield ""
        head = (bisection.package.upper(), "WEIGHTS", "RESULT", "OTHER PACKAGES")
        rows = [
            (one.release, one.trial.letter or "-", RESULTS[one.trial.result], _others(one, bisection.package))
            for one in bisection.tried
        ]
        yield from table_lines([head, *rows])
        named = [(one.release, one.trial) for one in bisection.tried]
        yield from indented(_trial_lines(named, guide, verbose=verbose))
        yield _legend(bisection.verification.baseline.number)
        yield ""
        yield from _history_lines(bisection)
    yield from _fact_lines(bisection.known, guide)
    yield from indented(_left_out_lines(bisection.left_out, verbose=verbose))


def _history_lines(bisection: Bisection) -> Iterator[str]:
    package = bisection.package
    for line in (*(_boundary(package, one) for one in bisection.boundaries), *map(_gap, bisection.gaps)):
        yield from wrapped(line.split(" "))
    if not any(one.trial.letter is not None for one in bisection.tried):
        yield f"no release of {package} that was tried could run"
    elif not bisection.boundaries:
        yield f"no release of {package} that was tried changes the weights"


def _boundary(package: str, boundary: Boundary) -> str:
    before, after = boundary.letters
    verb = "changes the weights back" if boundary.back else "changes the weights"
    letters = f"({before} → {after})"
    if boundary.untested:
        where = f"between {boundary.before} and {boundary.after}"
        return f"{package} {verb} {where} {letters}; not built: {_several(boundary.untested)}"
    if boundary.failed:
        where = f"after {boundary.before}, at the latest in {boundary.after}"
        return f"{package} {verb} {where} {letters}; could not run: {_several(boundary.failed)}"
    return f"{package} {verb} in {boundary.after} {letters}"


def _gap(gap: Gap) -> str:
    return f"between {gap.before} and {gap.after}, both {gap.letter}, not built: {_several(gap.untested)}"


def _trial_lines(trials: Iterable[tuple[str, Trial]], guide: Guide, *, verbose: bool) -> Iterator[str]:
    """Below the table: why trials could not run; with `verbose` also what each moved."""
    for name, trial in trials:
        if trial.failure is not None:
            first, *rest = failure_lines(trial.failure, guide, verbose=verbose)
            yield f"{name}: {first}"
            yield from indented(rest)
        if verbose:
            moved = list(map(str, sorted(trial.moved, key=weight_first))) or ["nothing"]
            yield from wrapped([f"{name}: moved", *listed(moved)])


def _legend(number: int) -> str:
    return f"equal letters are equal weights: A is baseline {number}, B today where it differs"


def _others(one: ReleaseTrial, package: str) -> str:
    """The first package that was moved besides, and how many more."""
    if not one.resolved:
        return "as today"
    others = sorted((change for change in one.trial.moved if change.name != package), key=weight_first)
    if not others:
        return "as today"
    return f"{others[0]}" + (f" and {len(others) - 1} more" if len(others) > 1 else "")


def _outcome(trial: Trial) -> str:
    return RESULTS[trial.result] + (f" ({trial.letter})" if trial.letter else "")


def _several(releases: Sequence[str]) -> str:
    if len(releases) <= _MANY:
        return ", ".join(releases)
    return f"{counted(len(releases), 'release')} from {releases[0]} to {releases[-1]}"


def _fact_lines(known: Sequence[Fact], guide: Guide) -> Iterator[str]:
    for fact in known:
        yield from wrapped(with_step(fact_text(fact), guide.for_fact(fact)).split(" "))


def _fixed_lines(fixed: Sequence[NotMovable]) -> Iterator[str]:
    for one in fixed:
        reason = OBSTACLES[one.obstacle] if one.installer is None else one.installer
        yield f"{one.change} could not be moved back: {reason}"


def _left_out_lines(left_out: Sequence[LeftOut], *, verbose: bool) -> Iterator[str]:
    if left_out:
        names = [one.distribution for one in left_out]
        yield from wrapped(
            ["not in any environment, because they cannot be installed again:", *listed(names)]
        )
    if verbose:
        words = OBSTACLES[Obstacle.NOT_A_RELEASE]
        yield from indented(f"{one.distribution}: {one.installer or words}" for one in left_out)
