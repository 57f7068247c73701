"""The words for trials, their results and the facts of a diagnosis."""

from __future__ import annotations

from seedreg.domain.diagnosis import Attempt, Base, Mixture, Obstacle, OneRelease, Result
from seedreg.domain.diagnosis_facts import Fact, FactKind, FieldValue
from seedreg.domain.environment_changes import Change, ChangeKind
from seedreg.domain.failure import BuildFailure
from seedreg.reports.words.failures import failure_message

RESULTS = {
    Result.BASELINE: "same as baseline",
    Result.TODAY: "same as today",
    Result.OTHER: "a third value",
    Result.NONDETERMINISTIC: "not deterministic",
    Result.FAILED: "could not run",
}

OBSTACLES = {
    Obstacle.NO_METADATA: "it has no metadata that says where it was installed from",
    Obstacle.NOT_A_RELEASE: "its recorded name or version is not valid, so the installer was not asked",
    Obstacle.NOT_OFFERED: "the installer does not offer that version",
    Obstacle.UNTRUSTED: "only the registry names it, and this registry was not created here",
}

# Of more changes only their number is given.
_NAMED = 3

_FACTS = {
    FactKind.NONDETERMINISTIC_TODAY: "two builds differ today, so building again can prove nothing",
    FactKind.STILL_REPRODUCES: "the baseline still reproduces",
    FactKind.NOTHING_TO_MOVE: "no package changed that could be moved back, and Python is the same",
    FactKind.AGAIN_IS_BASELINE: "today's environment, created again from its versions, gives the baseline's "
    "weights: the cause is not in the versions of packages",
    FactKind.AGAIN_DIFFERS: "today's environment, created again from its versions, gives other weights than "
    "today's: versions of packages do not describe all of it",
    FactKind.AGAIN_FAILED: "today's environment, created again from its versions, could not run: {failure}",
    FactKind.ALL_BACK_IS_TODAY: "moving back {everything} changes nothing",
    FactKind.ALL_BACK_DIFFERS: "moving back {everything} gives neither the baseline's weights nor today's: "
    "it is part of the cause, but not all of it",
    FactKind.ALL_BACK_FAILED: "moving back {everything} could not be tried: {failure}",
    FactKind.PYTHON_REPLACED: "Python {version} is not on this machine; Python {used} is used instead",
    FactKind.PYTHON_MISSING: "Python {version} is not on this machine, so it could not be tried",
    FactKind.BUILDS_SPENT: "the search ended after {builds} builds",
    FactKind.TOGETHER_BACK: "moving these back together brings the baseline back: {names}",
    FactKind.ENOUGH_BACK: "moving {names} back is enough, but the drift needs the others too",
    FactKind.ADDITIONS_KEPT: "{count} of the changes added packages that the baseline did not have: they are "
    "not part of the cause, and were kept where only some packages were moved",
    FactKind.ONE_SIDE_ONLY: "no build was left to try all of it from the baseline's environment",
    FactKind.RELEASES_LEFT: "not every release was tried in {builds} builds",
    FactKind.SOURCE_CHANGED: "the factory's source changed since the baseline",
    FactKind.SOURCE_UNKNOWN: "whether the factory's source changed is not known",
    FactKind.DEPENDED_FILE_CHANGED: "{file}, which the entry depends on, changed or is missing",
    FactKind.FILE_CHANGED: "the factory's own source is unchanged, but not the rest of {file}",
    FactKind.VARIABLES_CHANGED: "environment variables changed: {changes}",
    FactKind.KERAS_CONFIG_CHANGED: "Keras' configuration changed: {changes}",
    FactKind.MACHINE_CHANGED: "the machine changed: {changes}",
    FactKind.NOTHING_ELSE_CHANGED: "source, variables, configuration and machine are unchanged; files that "
    "the factory reads and modules of the project that it imports are not recorded",
}


def fact_text(fact: Fact) -> str:
    """The fact in one sentence."""
    shown: dict[str, str] = {}
    for name, value in fact.fields:
        shown |= _shown(name, value)
    return _FACTS[fact.kind].format(**shown)


def _shown(name: str, value: FieldValue) -> dict[str, str]:
    match value:
        case BuildFailure():
            return {name: failure_message(value)}
        case tuple():
            return {
                name: ", ".join(map(str, value)),
                "names": ", ".join(change.name for change in value),
                "everything": _everything(value),
                "count": str(len(value)),
            }
        case _:
            return {name: str(value)}


def _everything(changes: tuple[Change, ...]) -> str:
    if len(changes) == 1:
        return f"the one thing that can be moved ({changes[0]})"
    python = any(change.kind is ChangeKind.PYTHON for change in changes)
    return f"all {len(changes)} changes" + (" with Python" if python else " of packages")


def attempt_text(attempt: Attempt) -> str:
    """Which environment was tried: `today's with keras 2.15.0`."""
    match attempt:
        case OneRelease(package, release, resolved):
            return f"{package} {release}" + (", others resolved" if resolved else "")
        case Mixture(Base.TODAY, ()):
            return "today's, created again"
        case Mixture(Base.TODAY, changes) if len(changes) > _NAMED:
            return f"today's with {len(changes)} changes undone"
        case Mixture(base, changes):
            whose = {
                Base.TODAY: "today's",
                Base.BASELINE: "baseline's",
                Base.BASELINE_AND_ADDITIONS: "baseline's and additions",
            }[base]
            if len(changes) > _NAMED:
                return f"{whose} with {len(changes)} of today's versions"
            names = (f"{name} {version}" if version else f"no {name}" for name, version in attempt.versions)
            return f"{whose} with {', '.join(names)}"
