"""Starting, resuming and running audits: a generator that yields each result as it is known."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seedreg.audit.events import ColumnFailed, ColumnStarted, Event
from seedreg.audit.history import AuditHistory
from seedreg.audit.resuming import SameEnvironment
from seedreg.audit.selection import EVERYTHING, AuditSelection, selected_ids
from seedreg.domain.audit import Audit, AuditCounts, AuditPlan
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.failure import BuildFailure, environment_failure
from seedreg.domain.results import AuditReport, AuditRow, Verification
from seedreg.domain.verdict import AuditColumn, Check, Verdict
from seedreg.errors import EnvironmentFailed, NothingSelected, RegistryError, Step, UsageError
from seedreg.registry.checking import Checker
from seedreg.registry.clock import Clock, utc_now
from seedreg.registry.depended import DependedFiles
from seedreg.registry.own import OwnProject, Refusal, refuse_nothing
from seedreg.reports.lines import counted

if TYPE_CHECKING:
    from seedreg.executors import Executor
    from seedreg.storage import Repository


class Auditor:
    """Plans audits and runs them.

    Args:
        repository: where entries are and checks go.
        open_executor: gives an executor for an environment; raises EnvironmentFailed if it cannot, or
            UsageError if what creates environments is not installed.
        project: the project that builds here.
        clock: gives the time of what is recorded.
        refusal: says which entries are not built.
        root: the project's root; the current folder if None.
    """

    def __init__(
        self,
        repository: Repository,
        open_executor: Callable[[EnvironmentSpec], Executor],
        project: str,
        clock: Clock = utc_now,
        refusal: Refusal = refuse_nothing,
        root: Path | None = None,
    ) -> None:
        self.history = AuditHistory(repository)
        self._repository = repository
        self._open_executor = open_executor
        self._project = project
        self._clock = clock
        self._refusal = refusal
        self._files = DependedFiles(root or Path())
        self._judged: dict[tuple[str, str], tuple[Verdict, bool]] = {}

    def start(self, columns: Sequence[EnvironmentSpec], selection: AuditSelection = EVERYTHING) -> Audit:
        """Record a new audit: each selected entry is to be checked in each of the environments.

        Raises:
            NothingSelected: if no entry is left to check.
            UsageError: if an environment is named twice.
        """
        labels = [column.label for column in columns]
        if len(set(labels)) < len(labels):
            twice = next(label for label in labels if labels.count(label) > 1)
            raise UsageError(f"environment {twice!r} is named twice", hint="name each environment once")
        now = self._clock()
        ids = selected_ids(self._repository, self._project, selection, now)
        plan = AuditPlan(self._project, ids, tuple(columns), selection.selectors, selection.shard)
        return Audit(self._repository.audits.start(plan, now), plan, now)

    def resume(self, columns: Sequence[EnvironmentSpec]) -> Audit:
        """The last audit of this project in these environments that was interrupted.

        Raises:
            NothingSelected: if there is none.
        """
        audit = self._repository.audits.last_interrupted(self._project, tuple(columns))
        if audit is None:
            raise NothingSelected(
                "there is no interrupted audit in the same environments to resume", step=Step.LIST_AUDITS
            )
        return audit

    def left(self, audit: Audit) -> int:
        """How many checks are still to be made."""
        planned = len(audit.plan.entry_ids) * len(audit.plan.columns)
        return planned - len(self._repository.audits.checked(audit.number))

    def run(self, audit: Audit, *, fail_fast: bool = False) -> Generator[Event, None, None]:
        """Check every entry that is left in every environment; each check is stored before it is yielded.

        With `fail_fast` it ends at the first failure; if something is left, the audit can be resumed.

        Raises:
            UsageError: if the audit was interrupted and an environment has changed since.
        """
        done = self._repository.audits.checked(audit.number)
        self._judged.clear()
        stopped = False
        for column in audit.plan.columns:
            left = [one for one in audit.plan.entry_ids if (one, column.label) not in done]
            if not left:
                continue
            yield ColumnStarted(column, len(left))
            with closing(self._run_column(audit, column, left)) as events:
                for event in events:
                    if isinstance(event, AuditRow):
                        judged = event.check.verdict, event.waiver is not None
                        self._judged[event.entry.id, column.label] = judged
                    yield event
                    if fail_fast and isinstance(event, AuditRow) and event.failed:
                        stopped = True
                        break
            if stopped:
                break
        if not stopped or not self.left(audit):
            self._repository.audits.finish(audit.number, self._clock())

    def report(self, audit: Audit) -> AuditReport:
        """What reports of the audit are written from; its counts are of what was judged by `run`.

        Only checks that another command made before it was interrupted are counted as they are stored.
        """
        found = {**self._repository.audits.verdicts(audit.number), **self._judged}
        planned = len(audit.plan.entry_ids) * len(audit.plan.columns)
        counts = AuditCounts.of(planned, found.values())
        return replace(self.history.report(audit.number), counts=counts)

    def require_stored(self, audit: Audit) -> None:
        """Make sure that the registry gives back what was judged.

        Raises:
            RegistryError: if it does not, e.g. because a trigger was added to the file.
        """
        stored = self._repository.audits.verdicts(audit.number)
        differing = sum(stored.get(key) != judged for key, judged in self._judged.items())
        if differing:
            raise RegistryError(
                f"registry {self._repository.location} is damaged: audit {audit.number} has "
                f"{counted(differing, 'verdict')} other than judged",
                step=Step.CHECK_REGISTRY,
            )

    def _run_column(
        self, audit: Audit, column: EnvironmentSpec, ids: Sequence[str]
    ) -> Generator[Event, None, None]:
        place = AuditColumn(audit.number, column.label)
        before = self._repository.audits.environment(audit.number, column.label)
        try:
            executor = self._open_executor(column)
        except (EnvironmentFailed, UsageError) as error:  # the latter where there is no uv
            failure = environment_failure(error)
            yield ColumnFailed(column, failure)
            yield from self._fail_column(place, column, ids, failure)
            return
        if before is not None:
            executor = SameEnvironment(executor, before, place)
        with closing(OwnProject(executor, self._project, self._refusal)) as executor:
            checker = Checker(self._repository, executor, self._clock, place, self._files)
            with closing(checker.verify_all(self._repository.entries.by_ids(ids))) as verifications:
                for verification in verifications:
                    yield self._row(column, verification)

    def _fail_column(
        self, place: AuditColumn, column: EnvironmentSpec, ids: Sequence[str], failure: BuildFailure
    ) -> Iterator[AuditRow]:
        for entry in self._repository.entries.by_ids(ids):
            baseline = self._repository.baselines.current(entry.id)
            check = Check(entry.id, baseline.number, Verdict.ERROR, self._clock(), 0.0, failure, place)
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
            verification.waiver,
        )
