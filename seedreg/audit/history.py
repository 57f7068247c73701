"""Audits that were made: read again, reported and compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seedreg.domain.audit import Audit
from seedreg.domain.comparison import AuditComparison, ComparedCheck
from seedreg.domain.drift import compare
from seedreg.domain.entry import Baseline, Entry
from seedreg.domain.environment_changes import changes, known_changes
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.results import AuditReport, AuditRow
from seedreg.domain.verdict import Check, Observed, Verdict
from seedreg.registry.findings import find_audit

if TYPE_CHECKING:
    from seedreg.storage import Repository


class AuditHistory:
    """The audits of a registry.

    Args:
        repository: where they are stored.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def find(self, number: int) -> Audit:
        """The audit of this number.

        Raises:
            NothingSelected: if there is none.
        """
        return find_audit(self._repository, number)

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
            label = "" if check.audit is None else check.audit.label
            yield self._row(columns.get(label) or EnvironmentSpec(label), check, entry, baseline)

    def _row(self, column: EnvironmentSpec, check: Check, entry: Entry, baseline: Baseline) -> AuditRow:
        waiver = self._repository.waivers.covering(check)
        match check.outcome:
            case Observed(fingerprint, environment):
                drift = compare(baseline.fingerprint, fingerprint)
                changed = changes(baseline.environment, environment)
                return AuditRow(entry, column, check, baseline, drift, changed, waiver)
            case failure:
                changed = known_changes(baseline.environment, failure.environment)
                return AuditRow(entry, column, check, baseline, changes=changed, waiver=waiver)

    def compare(self, before: int, after: int) -> AuditComparison:
        """What became of the checks of one audit in a later one.

        Two audits of one environment each are compared whatever the environments are called: one before
        and one after an upgrade need not have the same name.

        Raises:
            NothingSelected: if one of the audits does not exist.
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
