"""What `blame` and `bisect` find out: trials in environments made for them, and the conclusion."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from seedreg.domain.environment_changes import Change
from seedreg.domain.failure import BuildFailure
from seedreg.domain.results import Verification


class Result(enum.Enum):
    """What one trial gave, held against the baseline and against today."""

    BASELINE = "same as baseline"
    TODAY = "same as today"
    OTHER = "a third value"
    NONDETERMINISTIC = "not deterministic"
    FAILED = "could not run"


@dataclass(frozen=True)
class Trial:
    """The entry, built in one environment.

    `moved` is what differs from today's environment: `before` is today's version, `after` the
    trial's. Equal fingerprints have equal letters: `A` is the baseline's, `B` today's.
    """

    environment: str
    moved: tuple[Change, ...]
    result: Result
    duration_s: float
    letter: str | None = None
    fingerprint: str | None = None
    failure: BuildFailure | None = None


class Cause(enum.Enum):
    """What the evidence of a blame amounts to."""

    NOTHING_CHANGED = "reproduces"
    NONDETERMINISTIC = "not deterministic"
    NOT_JUDGED = "not judged"
    FOUND = "found"
    NOT_A_PACKAGE = "not a package"
    NOT_FOUND = "not found"


@dataclass(frozen=True)
class Blame:
    """Which upgrade made an entry drift, with the evidence.

    Nothing is in `culprits` unless a build with all of it at today's versions drifted and a build
    with all of it at the baseline's reproduced, other things equal: `backward` is the trial in which
    only they were moved back from today's environment, `forward` the one in which only they were
    moved forward from the baseline's; at least one of them showed it. No culprit could be left out.
    `fixed` are changes that could not be moved back, `left_out` the distributions of today that could
    not be installed anew, each with the reason. `known` says in sentences what else is known.
    """

    verification: Verification
    cause: Cause
    trials: tuple[Trial, ...] = ()
    culprits: tuple[Change, ...] = ()
    backward: Trial | None = None
    forward: Trial | None = None
    fixed: tuple[tuple[Change, str], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReleaseTrial:
    """One release, tried; `resolved` tells that the installer chose other packages to fit it."""

    release: str
    trial: Trial
    resolved: bool = False


@dataclass(frozen=True)
class Boundary:
    """Between two neighbouring releases that ran, the fingerprint changed.

    `untested` are the releases between them that were not built, `failed` those that could not run:
    with neither, the change is exactly in `after`. `back` tells that this letter was there before.
    """

    before: str
    after: str
    letters: tuple[str, str]
    back: bool = False
    untested: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gap:
    """Between two releases with the same letter, these were not built."""

    before: str
    after: str
    letter: str
    untested: tuple[str, ...]


@dataclass(frozen=True)
class Bisection:
    """A package's history, as far as it was tried: releases in order, oldest first.

    `releases` is every release from one end to the other that the installer offers this Python.
    """

    verification: Verification
    package: str
    releases: tuple[str, ...] = ()
    tried: tuple[ReleaseTrial, ...] = ()
    boundaries: tuple[Boundary, ...] = ()
    gaps: tuple[Gap, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    known: tuple[str, ...] = ()
