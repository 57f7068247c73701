"""Audits: many entries in one or more environments; a generator that yields each result as it is known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeAlias

from seedreg.domain.audit import Audit, AuditPlan
from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.comparison import AuditComparison, ComparedCheck
from seedreg.domain.drift import compare
from seedreg.domain.environment import Environment
from seedreg.domain.environment_changes import Change, changes
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.failure import BuildFailure, environment_failure
from seedreg.domain.results import AuditReport, AuditRow, Verification
from seedreg.domain.verdict import Check, Verdict
from seedreg.errors import EnvironmentFailed, NothingSelected, UsageError
from seedreg.registry import Registry, select, utc_now

if TYPE_CHECKING:
    from seedreg.executors import Executor
    from seedreg.storage import Repository

_SHARD_DIGITS = 8
_CHANGES_SHOWN = 5


@dataclass(frozen=True)
class ColumnStarted:
    """The entries that are left in this environment are checked from now on."""

    column: EnvironmentSpec
    count: int


@dataclass(frozen=True)
class ColumnFailed:
    """The environment could not be had; each of its entries is an ERROR."""

    column: EnvironmentSpec
    failure: BuildFailure


Event: TypeAlias = ColumnStarted | ColumnFailed | AuditRow


class Auditor:
    """Plans audits, runs them and reads them again.

    Args:
        repository: where entries rest and checks go.
        open_executor: gives an executor for an environment; raises EnvironmentFailed if it cannot, or
            UsageError if what makes environments is not installed.
        project: the project that builds here.
        clock: gives the time of what is recorded.
    """

    def __init__(
        self,
        repository: Repository,
        open_executor: Callable[[EnvironmentSpec], Executor],
        project: str,
        clock: Callable[[], str] = utc_now,
    ) -> None:
        self._repository = repository
        self._open_executor = open_executor
        self._project = project
        self._clock = clock

    # Planning ---------------------------------------------------------------------------------

    def start(
        self,
        selectors: Sequence[str],
        columns: Sequence[EnvironmentSpec],
        *,
        shard: tuple[int, int] | None = None,
        stale_s: float | None = None,
        rerun_failed: bool = False,
    ) -> Audit:
        """Record a new audit of what is selected: all active entries of the project by default.

        Args:
            selectors: of entries; none for all.
            columns: the environments; each entry is checked in each.
            shard: `(2, 5)` for the second of five parts; the same entries are always in the same part.
            stale_s: only entries that were not checked for so many seconds.
            rerun_failed: only entries that failed in the last audit.

        Raises:
            NothingSelected: if no entry is left to check.
            UsageError: if an environment is named twice.
        """
        labels = [column.label for column in columns]
        if len(set(labels)) < len(labels):
            twice = next(label for label in labels if labels.count(label) > 1)
            raise UsageError(f"environment {twice!r} is named twice", hint="name each environment once")
        ids: Collection[str] = self._repository.entries.ids(
            project=None if selectors else self._project,
            unchecked_since=None if stale_s is None else self._before(stale_s),
        )
        if selectors:
            wanted = {entry.id for entry in select(self._repository, selectors)}
            ids = [entry_id for entry_id in ids if entry_id in wanted]
        if rerun_failed:
            failed = self._failed_last()
            ids = [entry_id for entry_id in ids if entry_id in failed]
        if shard is not None:
            number, count = shard
            ids = [one for one in ids if int(one[:_SHARD_DIGITS], 16) % count == number - 1]
        if not ids:
            raise NothingSelected(
                "there is no entry to audit",
                hint="`seedreg list` shows the entries; --stale, --rerun-failed and --shard leave some out",
            )
        plan = AuditPlan(self._project, tuple(ids), tuple(columns), tuple(selectors), shard)
        started_at = self._clock()
        return Audit(self._repository.audits.start(plan, started_at), plan, started_at)

    def resume(self, columns: Sequence[EnvironmentSpec]) -> Audit:
        """The last audit of this project in these environments that did not come to its end.

        Raises:
            NothingSelected: if there is none.
        """
        audit = self._repository.audits.last_interrupted(self._project, tuple(columns))
        if audit is None:
            raise NothingSelected(
                "no interrupted audit in the same environment is there to resume",
                hint="`seedreg audits` lists the audits",
            )
        return audit

    def left(self, audit: Audit) -> int:
        """How many checks are still to be made."""
        planned = len(audit.plan.entry_ids) * len(audit.plan.columns)
        return planned - len(self._repository.audits.checked(audit.number))

    # Running ----------------------------------------------------------------------------------

    def run(self, audit: Audit, *, fail_fast: bool = False) -> Generator[Event, None, None]:
        """Check every entry that is left in every environment; each check is stored before it is yielded.

        With `fail_fast` it ends at the first failure; if something is left, the audit can be resumed.

        Raises:
            UsageError: if the audit was interrupted and an environment has changed since.
        """
        done = self._repository.audits.checked(audit.number)
        stopped = False
        for column in audit.plan.columns:
            left = [one for one in audit.plan.entry_ids if (one, column.label) not in done]
            if not left:
                continue
            yield ColumnStarted(column, len(left))
            with closing(self._run_column(audit, column, left)) as events:
                for event in events:
                    yield event
                    if fail_fast and isinstance(event, AuditRow) and event.failed:
                        stopped = True
                        break
            if stopped:
                break
        if not stopped or not self.left(audit):
            self._repository.audits.finish(audit.number, self._clock())

    def _run_column(
        self, audit: Audit, column: EnvironmentSpec, ids: Sequence[str]
    ) -> Generator[Event, None, None]:
        before = self._repository.audits.environment(audit.number, column.label)
        try:
            executor = self._open_executor(column)
        except (EnvironmentFailed, UsageError) as error:  # the latter where there is no uv
            failure = environment_failure(error)
            yield ColumnFailed(column, failure)
            yield from self._fail_column(audit, column, ids, failure)
            return
        if before is not None:
            executor = _SameEnvironment(executor, before, audit.number, column.label)
        with closing(executor):
            recording = (audit.number, column.label)
            registry = Registry(self._repository, executor, self._project, self._clock, audit=recording)
            with closing(registry.verify_all(self._repository.entries.by_ids(ids))) as verifications:
                for verification in verifications:
                    yield self._row(column, verification)

    def _fail_column(
        self, audit: Audit, column: EnvironmentSpec, ids: Sequence[str], failure: BuildFailure
    ) -> Iterator[AuditRow]:
        for entry in self._repository.entries.by_ids(ids):
            baseline = self._repository.baselines.current(entry.id)
            check = Check(
                entry.id,
                baseline.number,
                Verdict.ERROR,
                self._clock(),
                0.0,
                failure=failure,
                audit_number=audit.number,
                column=column.label,
            )
            self._repository.checks.add(check)
            yield AuditRow(entry, column, check, baseline)

    def _row(self, column: EnvironmentSpec, verification: Verification) -> AuditRow:
        return AuditRow(
            verification.entry,
            column,
            verification.check,
            verification.baseline,
            verification.drift,
            verification.changes,
            self._repository.waivers.covering(verification.check),
        )

    # Reading ----------------------------------------------------------------------------------

    def find(self, number: int) -> Audit:
        """The audit of this number.

        Raises:
            NothingSelected: if there is none.
        """
        audit = self._repository.audits.get(number)
        if audit is None:
            raise NothingSelected(f"there is no audit {number}", hint="`seedreg audits` lists the audits")
        return audit

    def report(self, number: int) -> AuditReport:
        """What reports of the audit are written from.

        Raises:
            NothingSelected: if there is no such audit.
        """
        audit = self.find(number)
        return AuditReport(audit, self._repository.audits.counts(number), lambda: self.rows(number))

    def reports(self, limit: int | None = None) -> Iterator[AuditReport]:
        """The audits, newest first."""
        for audit in self._repository.audits.newest(limit):
            yield self.report(audit.number)

    def rows(self, number: int) -> Iterator[AuditRow]:
        """The checks of a stored audit, in the order in which they were made."""
        columns = {column.label: column for column in self.find(number).plan.columns}
        for check, entry, baseline in self._repository.audits.checks(number):
            assert check.column is not None
            column = columns.get(check.column) or EnvironmentSpec(check.column)
            drift, changed = None, tuple[Change, ...]()
            if check.fingerprint is not None:
                drift = compare(baseline.fingerprint, check.fingerprint)
            if check.environment is not None:
                changed = changes(baseline.environment, check.environment)
            waiver = self._repository.waivers.covering(check)
            yield AuditRow(entry, column, check, baseline, drift, changed, waiver)

    def compare(self, before: int, after: int) -> AuditComparison:
        """What became of the checks of one audit in a later one.

        Two audits of one environment each are held against each other whatever these are called: one
        before and one after an upgrade need not have the same name.

        Raises:
            NothingSelected: if one of the audits is not there.
        """
        old_audit, new_audit = self.find(before), self.find(after)
        old, new = self._repository.audits.verdicts(before), self._repository.audits.verdicts(after)
        labels = [audit.plan.columns[0].label for audit in (old_audit, new_audit)]
        if len(old_audit.plan.columns) == len(new_audit.plan.columns) == 1 and labels[0] != labels[1]:
            both = " → ".join(labels)
            old, new = ({(key[0], both): found for key, found in one.items()} for one in (old, new))
        reproduced = (Verdict.REPRODUCED, False)
        keys = sorted(
            key for key in old.keys() | new.keys() if (old.get(key), new.get(key)) != (reproduced, reproduced)
        )
        entries = {entry.id: entry for entry in self._repository.entries.by_ids({key[0] for key in keys})}

        def compared(key: tuple[str, str]) -> ComparedCheck:
            was, _ = old.get(key, (None, False))
            verdict, waived = new.get(key, (None, False))
            return ComparedCheck(entries[key[0]], key[1], was, verdict, waived)

        return AuditComparison(before, after, tuple(map(compared, keys)))

    def _failed_last(self) -> set[str]:
        for audit in self._repository.audits.newest():
            if audit.plan.project == self._project:
                return {row.entry.id for row in self.rows(audit.number) if row.failed}
        raise NothingSelected("there was no audit yet whose failures could be run again")

    def _before(self, seconds: float) -> str:
        now = datetime.fromisoformat(self._clock().replace("Z", "+00:00"))
        try:
            then = (now - timedelta(seconds=seconds)).astimezone(timezone.utc)
        except OverflowError:  # before the calendar begins: only what was never checked
            return "0001-01-01"
        return then.isoformat(timespec="microseconds").replace("+00:00", "Z")


class _SameEnvironment:
    """An `Executor` for the rest of an audit, in the environment in which the audit was begun."""

    def __init__(self, executor: Executor, before: Environment, number: int, label: str) -> None:
        self._executor = executor
        self._before = before
        self._number = number
        self._label = label

    def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
        """See `Executor.run`.

        Raises:
            UsageError: if a build finds other packages, another Python or another processor.
        """
        for request, outcome in self._executor.run(requests):
            if isinstance(outcome, Built):
                self._require_same(outcome.environment)
            yield request, outcome

    def close(self) -> None:
        """See `Executor.close`."""
        self._executor.close()

    def _require_same(self, now: Environment) -> None:
        # Not the system, which a restart may renew.
        found = [str(one) for one in changes(self._before.common(), now.common()) if one.name != "os"]
        if found:
            more = f" and {len(found) - _CHANGES_SHOWN} more" if len(found) > _CHANGES_SHOWN else ""
            raise UsageError(
                f"environment {self._label} has changed since audit {self._number} was interrupted: "
                f"{', '.join(found[:_CHANGES_SHOWN])}{more}",
                hint="start a new audit, or bring the environment back",
            )
