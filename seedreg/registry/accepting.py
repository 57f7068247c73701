"""Accepting: what entries build today becomes their new baselines."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.drift import compare
from seedreg.domain.entry import Baseline, Entry
from seedreg.domain.failure import BuildFailure, FailureKind
from seedreg.domain.fingerprint import short_fingerprint
from seedreg.domain.isolation import Isolation
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
from seedreg.domain.verdict import Observed, Verdict
from seedreg.errors import NotJudged, RegistrationRefused, SeedregError, Step, UsageError
from seedreg.judging import agree, not_finite
from seedreg.registry.checking import Checker
from seedreg.registry.clock import Clock
from seedreg.registry.findings import Findings, failing, one_column
from seedreg.registry.selection import among, select
from seedreg.reports.words.failures import failure_error, failure_message

if TYPE_CHECKING:
    from seedreg.executors import Executor
    from seedreg.storage import Repository

# Entries built at a time, as in a verification.
_CHUNK = 256


def require_reason(reason: str, what: str) -> str:
    """The reason without white space around it.

    Raises:
        UsageError: if nothing is left; `what` says what needs one.
    """
    if not reason.strip():
        raise UsageError(f"{what} needs a reason", step=Step.GIVE_REASON)
    return reason.strip()


def proposals(
    repository: Repository, selectors: Sequence[str], findings: Findings | None
) -> tuple[Proposal, ...]:
    """The entries whose weights of today are to be accepted; see `Registry.proposals`."""
    current = repository.baselines.current
    if findings is None:
        found = select(repository, selectors)
        return tuple(Proposal(entry, current(entry.id), BuiltNow()) for entry in found)
    where, _ = one_column(repository, findings)
    seen: dict[str, str] = {}
    entries: dict[str, Entry] = {}
    for check, entry, _ in failing(repository, where):
        if check.verdict is Verdict.DRIFTED and isinstance(check.outcome, Observed):
            seen[entry.id], entries[entry.id] = check.outcome.fingerprint.digest, entry
    chosen = among(repository, selectors, entries, nothing=f"nothing drifted in {where}")
    return tuple(
        Proposal(entry, current(entry.id), SeenInAudit(where.audit, seen[entry.id])) for entry in chosen
    )


@dataclass(frozen=True)
class Accepter:
    """Makes what entries build today their new baselines.

    Args:
        repository: where entries and baselines are.
        executor: where builds run.
        checker: records the builds as checks.
        clock: gives the time of each baseline.
        reason: is stored with each baseline.
    """

    repository: Repository
    executor: Executor
    checker: Checker
    clock: Clock
    reason: str

    def accept_all(self, proposed: Iterable[Proposal]) -> Iterator[Acceptance]:
        """Build every entry in two processes; yields each once its baseline is stored, or it is refused.

        Of each factory one build at least is fresh.
        """
        waiting = iter(proposed)
        while chunk := tuple(itertools.islice(waiting, _CHUNK)):
            outcomes: dict[int, list[Outcome]] = {}
            for request, outcome in self.executor.run(_requests(chunk)):
                builds = outcomes.setdefault(request.key // 2, [])
                builds.append(outcome)
                if len(builds) == 2:
                    yield self._accept(chunk[request.key // 2], builds)

    def _accept(self, proposal: Proposal, builds: Sequence[Outcome]) -> Acceptance:
        build = agree(proposal.entry.recipe, builds)
        if isinstance(build, BuildFailure):
            return NotAccepted(proposal.entry, build)
        digest = build.fingerprint.digest
        expected = proposal.expected
        if isinstance(expected, SeenInAudit) and digest != expected.fingerprint:
            return OtherWeights(proposal, expected, digest)
        # The baseline that is compared, the new one and the check are one transaction: another command's
        # baseline cannot come between them, and a process that is killed leaves all of it or nothing.
        with self.repository.writing():
            return self._replace(proposal.entry, build, builds)

    def _replace(self, entry: Entry, build: Built, builds: Sequence[Outcome]) -> Acceptance:
        """Store the build as the entry's next baseline, and the builds as a check of it."""
        before = self.repository.baselines.current(entry.id)
        drift = compare(before.fingerprint, build.fingerprint)
        if drift is None:
            self.checker.record(entry, before, builds)
            return NothingToAccept(entry, before)
        refusal = not_finite(entry.recipe, build.fingerprint)
        if refusal is not None and not before.fingerprint.not_finite():
            return NotAccepted(entry, refusal)
        depends = [file.path for file in before.source.depends]
        baseline = Baseline(
            before.number + 1,
            build.fingerprint,
            build.environment,
            self.checker.files.added_to(build.source, depends),
            build.facts.without_files(depends),
            self.clock(),
            self.reason,
        )
        self.repository.baselines.add(entry.id, baseline)
        self.checker.record(entry, baseline, builds)
        return Accepted(entry, before, baseline, drift)


def _requests(proposed: Sequence[Proposal]) -> list[BuildRequest]:
    """Two builds of each, with the keys 2n and 2n + 1: the first of a factory is fresh, all others forked."""
    fresh_done: set[str] = set()
    requests = []
    for number, proposal in enumerate(proposed):
        recipe = proposal.entry.recipe
        first = Isolation.FORK if recipe.factory in fresh_done else Isolation.FRESH
        fresh_done.add(recipe.factory)
        requests.append(BuildRequest(2 * number, recipe, first))
        requests.append(BuildRequest(2 * number + 1, recipe, Isolation.FORK))
    return requests


def verdict_of(result: Acceptance) -> Verdict:
    """What the exit code of a command says about it."""
    match result:
        case Accepted() | NothingToAccept():
            return Verdict.REPRODUCED
        case OtherWeights():
            return Verdict.DRIFTED
        case NotAccepted(_, failure) if failure.kind is FailureKind.NONDETERMINISTIC:
            return Verdict.NONDETERMINISTIC
        case NotAccepted():
            return Verdict.ERROR


def refused_acceptance(refused: NotAccepted | OtherWeights) -> SeedregError:
    """The error of an entry whose weights were not accepted."""
    match refused:
        case NotAccepted(entry, failure) if failure.kind is FailureKind.NONFINITE:
            # Without the step of a registration, which could allow it: here it cannot be allowed.
            return NotJudged(failure_message(failure))
        case NotAccepted(entry, failure) if failure.kind is FailureKind.NONDETERMINISTIC:
            return failure_error(failure, RegistrationRefused)
        case NotAccepted(entry, failure):
            return not_judged(entry, failure)
        case OtherWeights(Proposal(entry), expected, built):
            return RegistrationRefused(
                f"{entry.short_id} {entry.recipe.label} builds {short_fingerprint(built)} now, and audit "
                f"{expected.audit} saw {short_fingerprint(expected.fingerprint)}"
            )


def not_judged(entry: Entry, failure: BuildFailure) -> NotJudged:
    """The failure as an error; where nothing else is to be done, `verify` shows its traceback."""
    error = failure_error(failure, NotJudged)
    if failure.details and error.hint is None and error.step is None:
        return NotJudged(error.message, step=Step.SHOW_TRACEBACK, entry=entry.short_id)
    return error
