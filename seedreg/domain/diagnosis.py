"""What `blame` and `bisect` find out: trials in environments created for them, and the conclusion."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

from seedreg.domain.diagnosis_facts import Fact
from seedreg.domain.environment_changes import Change
from seedreg.domain.failure import BuildFailure
from seedreg.domain.results import Verification

# As many changes are named in a label; of more only their number is given.
_NAMED = 3


class Result(enum.Enum):
    """What one trial gave, compared with baseline and today; the values are part of JSON documents."""

    BASELINE = "same_as_baseline"
    TODAY = "same_as_today"
    OTHER = "third_value"
    NONDETERMINISTIC = "nondeterministic"
    FAILED = "failed"


class Base(enum.Enum):
    """The environment that a trial starts from; the values are part of JSON documents."""

    TODAY = "today"
    BASELINE = "baseline"
    BASELINE_AND_ADDITIONS = "baseline_and_additions"


@dataclass(frozen=True)
class Mixture:
    """One of the two environments, with only these changes taken from the other one.

    From today's they are undone, from the baseline's they are made. `BASELINE_AND_ADDITIONS` also has
    the distributions that only today has.
    """

    base: Base
    changes: tuple[Change, ...] = ()

    @property
    def versions(self) -> tuple[tuple[str, str | None], ...]:
        """Name and version of what was taken; None where it is left out."""
        back = self.base is Base.TODAY
        return tuple((change.name, change.before if back else change.after) for change in self.changes)

    @property
    def label(self) -> str:
        """The name of the environment, e.g. `today + keras 2.15.0`."""
        if len(self.changes) > _NAMED:
            return f"{self.base.value} + {len(self.changes)} changes"
        parts = (f"+ {name} {version}" if version else f"- {name}" for name, version in self.versions)
        return " ".join((self.base.value, *parts))


@dataclass(frozen=True)
class OneRelease:
    """Today's environment with another release of a package; `resolved` if others were moved to fit it."""

    package: str
    release: str
    resolved: bool = False

    @property
    def label(self) -> str:
        """The name of the environment, e.g. `keras 3.1.0`."""
        return f"{self.package} {self.release}" + (", resolved" if self.resolved else "")


Attempt: TypeAlias = Mixture | OneRelease


@dataclass(frozen=True)
class Trial:
    """The entry, built in one environment.

    `moved` is what differs from today's environment: `before` is today's version, `after` the
    trial's. Equal fingerprints have equal letters: `A` is the baseline's, `B` today's.
    """

    attempt: Attempt
    moved: tuple[Change, ...]
    result: Result
    duration_s: float
    letter: str | None = None
    fingerprint: str | None = None
    failure: BuildFailure | None = None


class Cause(enum.Enum):
    """What the evidence of a blame amounts to; the values are part of JSON documents."""

    NOTHING_CHANGED = "reproduces"
    NONDETERMINISTIC = "nondeterministic"
    NOT_JUDGED = "not_judged"
    FOUND = "found"
    NOT_A_PACKAGE = "not_a_package"
    NOT_FOUND = "not_found"


class Obstacle(enum.Enum):
    """Why a change could not be undone; the values are part of JSON documents."""

    NO_METADATA = "no_metadata"
    NOT_A_RELEASE = "not_a_release"
    NOT_OFFERED = "not_offered"
    UNTRUSTED = "untrusted"


@dataclass(frozen=True)
class NotMovable:
    """A change that could not be undone; `installer` has the installer's own words, where it said why."""

    change: Change
    obstacle: Obstacle
    installer: str | None = None


@dataclass(frozen=True)
class LeftOut:
    """A distribution of today that cannot be installed again, with the installer's own words.

    `installer` is None where it was not asked: what is recorded is no name and version of a distribution.
    """

    distribution: str
    installer: str | None = None


@dataclass(frozen=True)
class Blame:
    """Which upgrade made an entry drift, with the evidence.

    Nothing is in `culprits` unless a build with all of it at today's versions drifted and a build
    with all of it at the baseline's reproduced, other things equal: `backward` is the trial in which
    only they were moved back from today's environment, `forward` the one in which only they were
    moved forward from the baseline's; at least one of them showed it. No culprit could be left out.
    """

    verification: Verification
    cause: Cause
    trials: tuple[Trial, ...] = ()
    culprits: tuple[Change, ...] = ()
    backward: Trial | None = None
    forward: Trial | None = None
    fixed: tuple[NotMovable, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    known: tuple[Fact, ...] = ()


class Resolve(enum.Enum):
    """Whether the installer may move other packages so that a release can be installed."""

    AUTO = "auto"
    NEVER = "never"
    ALWAYS = "always"


@dataclass(frozen=True)
class ReleaseTrial:
    """One release, tried; `resolved` says that the installer moved other packages to fit it."""

    release: str
    trial: Trial
    resolved: bool = False


@dataclass(frozen=True)
class Boundary:
    """Between two neighbouring releases that ran, the fingerprint changed.

    `untested` are the releases between them that were not built, `failed` those that could not run:
    with neither, the change is exactly in `after`. `back` says that this letter was there before.
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
    left_out: tuple[LeftOut, ...] = ()
    known: tuple[Fact, ...] = ()
