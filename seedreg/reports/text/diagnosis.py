"""What `blame` and `bisect` found: as lines for people, and as numbered JSON documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from seedreg.domain.diagnosis import Bisection, Blame, Boundary, Cause, ReleaseTrial, Result, Trial
from seedreg.domain.environment_changes import Change
from seedreg.reports.documents import failure_document, verification_document
from seedreg.reports.guide import Guide
from seedreg.reports.lines import Line, counted, next_lines
from seedreg.reports.table import table_lines
from seedreg.reports.text.failures import failure_lines
from seedreg.reports.text.verification import finding_lines
from seedreg.reports.words.failures import failure_message

BLAME_FORMAT = "seedreg.blame/1"
BISECT_FORMAT = "seedreg.bisect/1"

_INDENT = "  "
_MANY = 6
_NAMED = 3
_FIRST = ("python", "keras", "tf-keras", "tensorflow", "numpy")


def trial_line(trial: Trial) -> str:
    """One trial as it is known."""
    return f"{trial.environment}: {_result(trial)}  {trial.duration_s:.2f} s"


def blame_lines(blame: Blame, guide: Guide, *, verbose: bool = False) -> Iterator[Line]:
    """Today's verdict, the evidence as a table, what it amounts to, and how to find out more."""
    yield from finding_lines(blame.verification, guide, verbose=verbose)
    if blame.trials:
        yield ""
        yield from _table(
            ("ENVIRONMENT", "WHAT MOVED FROM TODAY'S", "RESULT", "WEIGHTS"),
            [
                (trial.environment, _moves(trial.moved, verbose), trial.result.value, trial.letter or "-")
                for trial in blame.trials
            ],
        )
        yield from _reasons(((trial.environment, trial) for trial in blame.trials), guide)
        yield _legend(blame.verification.baseline.number)
        yield ""
    if blame.cause is Cause.NOTHING_CHANGED:
        yield "it still reproduces: nothing is to blame"
    if blame.cause is Cause.FOUND:
        yield from _found_lines(blame)
    elif blame.cause is Cause.NOT_A_PACKAGE:
        yield "not found: no package and no Python that could be moved explains it"
    elif blame.cause is Cause.NOT_FOUND:
        yield "not found: no package can be named"
    yield from (f"{_INDENT}{fact}" for fact in blame.known)
    for change, reason in blame.fixed:
        yield f"{_INDENT}{change} could not be moved back: {reason}"
    yield from _left_out_lines(blame.left_out, verbose)
    yield from (f"{_INDENT}{line}" for line in next_lines(guide.after_blame(blame)))


def _found_lines(blame: Blame) -> Iterator[str]:
    names = " and ".join(map(str, blame.culprits))
    one = len(blame.culprits) == 1
    alone = "it alone" if one else "them together"
    yield f"found: {names}"
    backward, forward = blame.backward, blame.forward
    if backward is not None and backward.result is Result.BASELINE:
        yield f"{_INDENT}moving {alone} back brings the baseline back"
    elif backward is not None:
        yield f"{_INDENT}moving {alone} back from today's environment: {_result(backward)}"
    if forward is not None and forward.result is Result.TODAY:
        yield f"{_INDENT}moving {alone} forward from the baseline's environment brings today's weights"
    elif forward is not None:
        yield f"{_INDENT}moving {alone} forward from the baseline's environment: {_result(forward)}"
    if not one:
        yield f"{_INDENT}none of them could be left out"


def bisect_lines(bisection: Bisection, guide: Guide, *, verbose: bool = False) -> Iterator[Line]:
    """Today's verdict, each release tried, and between which of them the weights change."""
    yield from finding_lines(bisection.verification, guide, verbose=verbose)
    if bisection.tried:
        yield ""
        yield from _table(
            (bisection.package.upper(), "WEIGHTS", "RESULT", "OTHER PACKAGES"),
            [
                (
                    one.release,
                    one.trial.letter or "-",
                    one.trial.result.value,
                    _others(one, bisection, verbose),
                )
                for one in bisection.tried
            ],
        )
        yield from _reasons(((one.release, one.trial) for one in bisection.tried), guide)
        yield _legend(bisection.verification.baseline.number)
        yield ""
        yield from _boundary_lines(bisection)
    yield from bisection.known
    yield from _left_out_lines(bisection.left_out, verbose)


def _boundary_lines(bisection: Bisection) -> Iterator[str]:
    package = bisection.package
    for boundary in bisection.boundaries:
        verb = "back" if boundary.back else "changed"
        letters = f"({boundary.letters[0]} → {boundary.letters[1]})"
        if boundary.untested:
            where = f"between {boundary.before} and {boundary.after}"
            yield f"{package} {verb} {where} {letters}; not built: {_several(boundary.untested)}"
        elif boundary.failed:
            where = f"after {boundary.before}, at the latest in {boundary.after}"
            yield f"{package} {verb} {where} {letters}; could not run: {_several(boundary.failed)}"
        else:
            yield f"{package} {verb} in {boundary.after} {letters}"
    for gap in bisection.gaps:
        yield (
            f"between {gap.before} and {gap.after}, both {gap.letter}, nothing was built: "
            f"{_several(gap.untested)}"
        )
    ran = [one for one in bisection.tried if one.trial.letter is not None]
    if not ran:
        yield f"no release of {package} that was tried could run"
    elif not bisection.boundaries:
        yield f"no release of {package} that was tried changes the weights"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield from table_lines([head, *rows])


def _reasons(trials: Iterator[tuple[str, Trial]], guide: Guide) -> Iterator[str]:
    """Why trials could not run, below their table."""
    for name, trial in trials:
        if trial.failure is not None:
            first, *rest = failure_lines(trial.failure, guide)
            yield f"{_INDENT}{name}: {first}"
            yield from (f"{_INDENT * 2}{line}" for line in rest)


def _legend(number: int) -> str:
    return f"equal letters are equal weights: A is baseline {number}, B today where it differs"


def _moves(moved: Sequence[Change], verbose: bool) -> str:
    if not moved:
        return "nothing"
    moved = sorted(moved, key=_telling)
    shown = moved if verbose else moved[:_NAMED]
    more = f", and {len(moved) - len(shown)} more" if len(moved) > len(shown) else ""
    return ", ".join(map(str, shown)) + more


def _telling(change: Change) -> tuple[int, bool]:
    """Sorts what most often moves weights first, and what came or went last."""
    name = "tensorflow" if change.name == "tensorflow-cpu" else change.name
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), None in (change.before, change.after))


def _others(one: ReleaseTrial, bisection: Bisection, verbose: bool) -> str:
    if not one.resolved:
        return "as today"
    others = [change for change in one.trial.moved if change.name != bisection.package]
    return _moves(others, verbose)


def _result(trial: Trial) -> str:
    if trial.failure is not None:
        return f"{trial.result.value} ({failure_message(trial.failure).splitlines()[0]})"
    return trial.result.value + (f" ({trial.letter})" if trial.letter else "")


def _several(releases: Sequence[str]) -> str:
    if len(releases) <= _MANY:
        return ", ".join(releases)
    return f"{counted(len(releases), 'release')} from {releases[0]} to {releases[-1]}"


def _left_out_lines(left_out: Sequence[tuple[str, str]], verbose: bool) -> Iterator[str]:
    if not left_out:
        return
    names = ", ".join(name for name, _ in left_out)
    yield f"{_INDENT}left out of every environment, for they cannot be installed anew: {names}"
    if verbose:
        yield from (f"{_INDENT * 2}{name}: {reason}" for name, reason in left_out)


# Documents ------------------------------------------------------------------------------------


def blame_document(blame: Blame, exit_code: int) -> dict[str, Any]:
    """A blame with all its evidence."""
    return {
        "format": BLAME_FORMAT,
        "check": verification_document(blame.verification),
        "cause": blame.cause.value,
        "culprits": [change.document() for change in blame.culprits],
        "backward": None if blame.backward is None else blame.backward.result.value,
        "forward": None if blame.forward is None else blame.forward.result.value,
        "trials": [_trial_document(trial) for trial in blame.trials],
        "not_movable": [{"change": change.document(), "reason": reason} for change, reason in blame.fixed],
        "left_out": [{"distribution": name, "reason": reason} for name, reason in blame.left_out],
        "known": list(blame.known),
        "exit_code": exit_code,
    }


def bisect_document(bisection: Bisection, exit_code: int) -> dict[str, Any]:
    """A package's history with all that was tried."""
    return {
        "format": BISECT_FORMAT,
        "check": verification_document(bisection.verification),
        "package": bisection.package,
        "releases": list(bisection.releases),
        "tried": [
            {"release": one.release, "resolved": one.resolved, "trial": _trial_document(one.trial)}
            for one in bisection.tried
        ],
        "boundaries": [_boundary_document(boundary) for boundary in bisection.boundaries],
        "gaps": [{**asdict(gap), "untested": list(gap.untested)} for gap in bisection.gaps],
        "left_out": [{"distribution": name, "reason": reason} for name, reason in bisection.left_out],
        "known": list(bisection.known),
        "exit_code": exit_code,
    }


def _trial_document(trial: Trial) -> dict[str, Any]:
    return {
        "environment": trial.environment,
        "moved": [change.document() for change in trial.moved],
        "result": trial.result.value,
        "letter": trial.letter,
        "fingerprint": trial.fingerprint,
        "failure": None if trial.failure is None else failure_document(trial.failure),
        "duration_s": trial.duration_s,
    }


def _boundary_document(boundary: Boundary) -> dict[str, Any]:
    return {
        **asdict(boundary),
        "letters": list(boundary.letters),
        "untested": list(boundary.untested),
        "failed": list(boundary.failed),
    }
