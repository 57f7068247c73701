"""A blame that named a package, and a package's history."""

from __future__ import annotations

from typing import Any

from seedreg.domain.diagnosis import (
    Attempt,
    Base,
    Bisection,
    Blame,
    Boundary,
    Cause,
    Gap,
    LeftOut,
    Mixture,
    NotMovable,
    Obstacle,
    OneRelease,
    ReleaseTrial,
    Result,
    Trial,
)
from seedreg.domain.diagnosis_facts import FactKind, fact
from seedreg.domain.environment_changes import Change, ChangeKind
from seedreg.domain.failure import environment_failure
from seedreg.errors import EnvironmentFailed, EnvironmentProblem

from . import values

KERAS = Change(ChangeKind.DISTRIBUTION, "keras", "2.15.0", "3.3.3")
NUMPY = Change(ChangeKind.DISTRIBUTION, "numpy", "1.26.4", "2.0.0")
OPTREE = Change(ChangeKind.DISTRIBUTION, "optree", None, "0.11.0")
BACK = Change(ChangeKind.DISTRIBUTION, "keras", "3.3.3", "2.15.0")
FAILURE = environment_failure(
    EnvironmentFailed(EnvironmentProblem.INSTALLED_ELSEWHERE, environment="x", missing=("keras",))
)


def trial(
    attempt: Attempt, result: Result, letter: str | None = None, moved: tuple[Change, ...] = (), **others: Any
) -> Trial:
    fingerprint = None if letter is None else "sr1:" + {"A": "1", "B": "2", "C": "3"}[letter] * 64
    return Trial(attempt, moved, result, 0.5, letter, fingerprint, **others)


CONTROL = trial(Mixture(Base.TODAY), Result.TODAY, "B")
BACKWARD = trial(Mixture(Base.TODAY, (KERAS,)), Result.BASELINE, "A", (BACK,))
PYTHON_BACK = Change(ChangeKind.PYTHON, "python", "3.12", "3.11")
FORWARD = trial(Mixture(Base.BASELINE, (KERAS,)), Result.TODAY, "B", (PYTHON_BACK,))
FAILED = trial(Mixture(Base.TODAY, (NUMPY,)), Result.FAILED, failure=FAILURE)
FOUND = Blame(
    values.DRIFTED,
    Cause.FOUND,
    (CONTROL, FAILED, BACKWARD, FORWARD),
    (KERAS,),
    BACKWARD,
    FORWARD,
    (
        NotMovable(OPTREE, Obstacle.NOT_OFFERED, "there is no version of optree==0.10"),
        NotMovable(NUMPY, Obstacle.NO_METADATA),
    ),
    (LeftOut("mine", "there is no version of mine==0.1"),),
    (
        fact(FactKind.AGAIN_FAILED, failure=FAILURE),
        fact(FactKind.ENOUGH_BACK, changes=(KERAS,)),
        fact(FactKind.BUILDS_SPENT, builds=4),
    ),
)
HISTORY = Bisection(
    values.DRIFTED,
    "keras",
    ("2.15.0", "3.0.0", "3.1.0", "3.2.0", "3.3.0", "3.3.1", "3.3.2", "3.3.3"),
    (
        ReleaseTrial(
            "2.15.0",
            trial(OneRelease("keras", "2.15.0", resolved=True), Result.BASELINE, "A", (BACK, OPTREE)),
            resolved=True,
        ),
        ReleaseTrial("3.0.0", trial(OneRelease("keras", "3.0.0"), Result.OTHER, "C", (BACK,))),
        ReleaseTrial("3.1.0", trial(OneRelease("keras", "3.1.0"), Result.FAILED, failure=FAILURE)),
        ReleaseTrial("3.2.0", trial(OneRelease("keras", "3.2.0"), Result.BASELINE, "A", (BACK,))),
        ReleaseTrial("3.3.1", trial(OneRelease("keras", "3.3.1"), Result.TODAY, "B", (BACK,))),
        ReleaseTrial("3.3.3", trial(OneRelease("keras", "3.3.3"), Result.TODAY, "B")),
    ),
    (
        Boundary("2.15.0", "3.0.0", ("A", "C")),
        Boundary("3.0.0", "3.2.0", ("C", "A"), back=True, failed=("3.1.0",)),
        Boundary("3.2.0", "3.3.1", ("A", "B"), untested=("3.3.0",)),
    ),
    (Gap("3.3.1", "3.3.3", "B", ("3.3.2",)),),
    known=(fact(FactKind.RELEASES_LEFT, builds=6),),
)
