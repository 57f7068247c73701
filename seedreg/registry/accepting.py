"""Accepting: what an entry builds today becomes its new baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.drift import compare
from seedreg.domain.entry import Baseline, Entry
from seedreg.domain.failure import BuildFailure, FailureKind
from seedreg.domain.isolation import Isolation
from seedreg.domain.results import Accepted, NothingToAccept
from seedreg.errors import NotJudged, RegistrationRefused, Step, UsageError
from seedreg.judging import agree, not_finite
from seedreg.registry.checking import Checker
from seedreg.registry.clock import Clock
from seedreg.reports.words.failures import failure_error, failure_message

if TYPE_CHECKING:
    from seedreg.executors import Executor
    from seedreg.storage import Repository


def require_reason(reason: str, what: str) -> str:
    """The reason without white space around it.

    Raises:
        UsageError: if nothing is left; `what` says what needs one.
    """
    if not reason.strip():
        raise UsageError(f"{what} needs a reason", step=Step.GIVE_REASON)
    return reason.strip()


def accept(
    entry: Entry, reason: str, repository: Repository, executor: Executor, checker: Checker, clock: Clock
) -> Accepted | NothingToAccept:
    """Make what the entry builds today its new baseline; see `Registry.accept`."""
    requests = [
        BuildRequest(0, entry.recipe, Isolation.FRESH),
        BuildRequest(1, entry.recipe, Isolation.FORK),
    ]
    builds = [outcome for _, outcome in executor.run(requests)]
    build = agree(entry.recipe, builds)
    if isinstance(build, BuildFailure):
        if build.kind is FailureKind.NONDETERMINISTIC:
            raise failure_error(build, RegistrationRefused)
        raise not_judged(entry, build)
    # The baseline that is compared, the new one and the check are one transaction: another command's
    # baseline cannot come between them, and a process that is killed leaves all of it or nothing.
    with repository.writing():
        return _replace(entry, reason, build, builds, repository, checker, clock)


def _replace(
    entry: Entry,
    reason: str,
    build: Built,
    builds: Sequence[Outcome],
    repository: Repository,
    checker: Checker,
    clock: Clock,
) -> Accepted | NothingToAccept:
    """Store the build as the entry's next baseline, and the builds as a check of it."""
    before = repository.baselines.current(entry.id)
    drift = compare(before.fingerprint, build.fingerprint)
    if drift is None:
        checker.record(entry, before, builds)
        return NothingToAccept(entry, before)
    refusal = not_finite(entry.recipe, build.fingerprint)
    if refusal is not None and not before.fingerprint.not_finite():
        # Without the step of a registration, which could allow it: here it cannot be allowed.
        raise NotJudged(failure_message(refusal))
    baseline = Baseline(
        before.number + 1,
        build.fingerprint,
        build.environment,
        build.source,
        build.facts,
        clock(),
        reason,
    )
    repository.baselines.add(entry.id, baseline)
    checker.record(entry, baseline, builds)
    return Accepted(entry, before, baseline, drift)


def not_judged(entry: Entry, failure: BuildFailure) -> NotJudged:
    """The failure as an error; where nothing else is to be done, `verify` shows its traceback."""
    error = failure_error(failure, NotJudged)
    if failure.details and error.hint is None and error.step is None:
        return NotJudged(error.message, step=Step.SHOW_TRACEBACK, entry=entry.short_id)
    return error
