"""What the use cases give back: one frozen value for each way they can end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from seedreg.domain.audit import Audit, AuditCounts, Waiver
from seedreg.domain.drift import Drift
from seedreg.domain.entry import Baseline, Entry
from seedreg.domain.environment_changes import Change
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.failure import BuildFailure
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe
from seedreg.domain.source_changes import SourceChange, Suspect, source_changes, suspect
from seedreg.domain.verdict import Check, Verdict


@dataclass(frozen=True)
class Verification:
    """One entry, checked: the recorded check and what explains it.

    `changes` is what differs between the baseline's environment and the build's, `source_changed`
    whether the factory's own source text does (None: not known), `renamed` the pairs of tensor names
    that differ although the position is the same. Of a build that failed only `changes` is known, and it is
    empty where not even that is. `waiver` covers the drift of a check of an audit. `isolation` is that of the
    last build; None if it failed.
    """

    entry: Entry
    baseline: Baseline
    check: Check
    drift: Drift | None = None
    changes: tuple[Change, ...] = ()
    source_changed: bool | None = None
    renamed: tuple[tuple[str, str], ...] = ()
    waiver: Waiver | None = None
    isolation: Isolation | None = None

    @property
    def verdict(self) -> Verdict:
        """The check's verdict."""
        return self.check.verdict

    @property
    def source_changes(self) -> tuple[SourceChange, ...]:
        """What differs between the baseline's source and the build's; nothing where there was no build."""
        return _source_changes(self.baseline, self.check)

    @property
    def suspect(self) -> Suspect:
        """Where the cause of a drift is looked for first."""
        return suspect(self.source_changes, self.changes)


@dataclass(frozen=True)
class Registered:
    """The recipe is a new entry with baseline 1."""

    entry: Entry
    baseline: Baseline


@dataclass(frozen=True)
class Confirmed:
    """The recipe was an entry already, and still reproduces."""

    verification: Verification


@dataclass(frozen=True)
class NotConfirmed:
    """The recipe was an entry already, and does not reproduce; nothing was overwritten."""

    verification: Verification


@dataclass(frozen=True)
class Refused:
    """Nothing was registered: a build failed, two builds differ, or the weights cannot be kept."""

    recipe: Recipe
    failure: BuildFailure


@dataclass(frozen=True)
class NotTried:
    """Recipes that were not built, because the first build of the same factory failed, that of `first`."""

    first: Recipe
    recipes: tuple[Recipe, ...]


@dataclass(frozen=True)
class Left:
    """The recipe is an entry already, and nothing was done with it."""

    entry: Entry


@dataclass(frozen=True)
class Planned:
    """The recipe is no entry yet, and would be built and registered."""

    recipe: Recipe


@dataclass(frozen=True)
class Gone:
    """The entry was once registered from the configuration, which no longer lists it; nothing was changed."""

    entry: Entry


Registration: TypeAlias = Registered | Confirmed | NotConfirmed | Refused | NotTried | Left | Planned | Gone


@dataclass(frozen=True)
class Accepted:
    """The entry is compared with a new baseline from now on."""

    entry: Entry
    before: Baseline
    baseline: Baseline
    drift: Drift


@dataclass(frozen=True)
class NothingToAccept:
    """The entry still reproduces its current baseline."""

    entry: Entry
    baseline: Baseline


@dataclass(frozen=True)
class NotAccepted:
    """Nothing was accepted: a build failed, two builds differ, or the weights are not finite."""

    entry: Entry
    failure: BuildFailure


@dataclass(frozen=True)
class OtherWeights:
    """Nothing was accepted: the entry builds other weights now than the audit saw."""

    proposal: Proposal
    expected: SeenInAudit
    built: str


Acceptance: TypeAlias = Accepted | NothingToAccept | NotAccepted | OtherWeights


@dataclass(frozen=True)
class SeenInAudit:
    """Only the weights of this digest are accepted, which the audit of this number saw."""

    audit: int
    fingerprint: str


@dataclass(frozen=True)
class BuiltNow:
    """Whatever is built now is accepted."""


@dataclass(frozen=True)
class Proposal:
    """An entry whose weights of today are to be its new baseline, `before` being the current one."""

    entry: Entry
    before: Baseline
    expected: SeenInAudit | BuiltNow


@dataclass(frozen=True)
class ToWaive:
    """A drift of the entry, to exactly this digest, that a waiver can cover."""

    entry: Entry
    fingerprint: str


@dataclass(frozen=True)
class Waived:
    """A drift of the entry is waived."""

    entry: Entry
    waiver: Waiver


@dataclass(frozen=True)
class NoDrift:
    """The entry has no drift that a waiver could cover; `why` says why."""

    entry: Entry
    why: str


@dataclass(frozen=True)
class Rebuilt:
    """The weights were written; `drift` is None if they are the registered ones."""

    entry: Entry
    baseline: Baseline
    path: str
    fingerprint: str
    drift: Drift | None


@dataclass(frozen=True)
class EntryDetails:
    """All about one entry; `drift` is what its last check found, compared with the current baseline."""

    entry: Entry
    baseline: Baseline
    last: Check | None = None
    drift: Drift | None = None
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True)
class EntryHistory:
    """Every baseline and check of one entry, oldest first."""

    entry: Entry
    baselines: tuple[Baseline, ...]
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class AuditRow:
    """One check of an audit as reports show it; `waiver` is the one that covers its drift."""

    entry: Entry
    environment: EnvironmentSpec
    check: Check
    baseline: Baseline
    drift: Drift | None = None
    changes: tuple[Change, ...] = ()
    waiver: Waiver | None = None

    @property
    def column(self) -> str:
        """The name of the environment in the audit."""
        return self.environment.label

    @property
    def source_changes(self) -> tuple[SourceChange, ...]:
        """What differs between the baseline's source and the build's; nothing where there was no build."""
        return _source_changes(self.baseline, self.check)

    @property
    def suspect(self) -> Suspect:
        """Where the cause of a drift is looked for first."""
        return suspect(self.source_changes, self.changes)

    @property
    def failed(self) -> bool:
        """Whether it counts against the audit: anything but REPRODUCED, unless it is waived."""
        return self.check.verdict is not Verdict.REPRODUCED and self.waiver is None


@dataclass(frozen=True)
class AuditReport:
    """What a report of an audit is written from.

    `rows` gives the checks in the order in which they were made, from the start at each call and one at
    a time, so that a report of any size needs no more memory than its longest line.
    `source_folder` is where the project is in its repository, e.g. `services/shop`; empty at its root.
    """

    audit: Audit
    counts: AuditCounts
    rows: Callable[[], Iterator[AuditRow]]
    source_folder: str = ""


def _source_changes(baseline: Baseline, check: Check) -> tuple[SourceChange, ...]:
    return () if check.observed is None else source_changes(baseline.source, check.observed.source)
