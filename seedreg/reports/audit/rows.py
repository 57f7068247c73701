"""What the reports of an audit share: a check in words, its place, tallies; no format is written here."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from seedreg.domain.results import AuditReport, AuditRow
from seedreg.domain.verdict import Verdict
from seedreg.reports.text.changes import software_words
from seedreg.reports.text.drift import drift_sentences
from seedreg.reports.text.failures import failure_text
from seedreg.reports.words.printable import escaped
from seedreg.reports.words.source import source_sentences


class Outcome(enum.Enum):
    """How a check of an audit ended, in the order of every table: a verdict, or a waived drift."""

    REPRODUCED = "REPRODUCED"
    DRIFTED = "DRIFTED"
    WAIVED = "WAIVED"
    NONDETERMINISTIC = "NONDETERMINISTIC"
    ERROR = "ERROR"


@dataclass
class Tally:
    """How the checks of an audit, or of one of its columns, ended; `counts` is by outcome."""

    planned: int = 0
    counts: Counter[Outcome] = field(default_factory=Counter)
    duration_s: float = 0.0

    def add(self, row: AuditRow) -> None:
        """Count one check more."""
        self.counts[outcome(row)] += 1
        self.duration_s += row.check.duration_s

    @property
    def done(self) -> int:
        """Checks that were made."""
        return sum(self.counts.values())

    @property
    def failed(self) -> int:
        """Checks that count against the audit."""
        return self.done - self.counts[Outcome.REPRODUCED] - self.counts[Outcome.WAIVED]

    @property
    def left(self) -> int:
        """Checks that were planned and not made."""
        return max(0, self.planned - self.done)


@dataclass
class Tallies:
    """A tally of every column of an audit, in the order of its plan, and of all of them together."""

    columns: dict[str, Tally]
    total: Tally

    @classmethod
    def of(cls, report: AuditReport) -> Tallies:
        """Tallies in which nothing is counted yet."""
        plan = report.audit.plan
        count = len(plan.entry_ids)
        columns = {column.label: Tally(count) for column in plan.columns}
        return cls(columns, Tally(count * len(columns)))

    def add(self, row: AuditRow) -> None:
        """Count one check more."""
        self.columns.setdefault(row.column, Tally()).add(row)
        self.total.add(row)


def outcome(row: AuditRow) -> Outcome:
    """The verdict; WAIVED for a drift that is waived."""
    return Outcome.WAIVED if row.waiver else Outcome(row.check.verdict.value)


def reason(row: AuditRow) -> str:
    """What was found, on one line."""
    check = row.check
    if check.failure is not None:
        return escaped(" ".join(failure_text(check.failure).split()))
    if check.verdict is Verdict.NONDETERMINISTIC:
        return "two builds now differ from each other"
    if row.drift is None:
        return f"reproduces baseline {check.baseline_number}"
    found = [*drift_sentences(row.drift, check.baseline_number)]
    if check.observed is not None:
        changed = source_sentences(row.baseline.source, check.observed.source, row.source_changes)
        found += [f"source: {sentence}" for sentence in changed]
    return escaped("; ".join(found))


def waiver_words(row: AuditRow) -> str:
    """Until when and why a drift is waived, on one line; empty where it is not."""
    if row.waiver is None:
        return ""
    return escaped(f"waived until {row.waiver.until}: {row.waiver.reason}")


def software_changes(row: AuditRow) -> str:
    """What changed in Python and the packages since the baseline, on one line; empty where nothing did.

    What can move a weight comes first, and of the rest much is only counted.
    """
    return escaped(", ".join(software_words(row.changes)))


def place(report: AuditReport, row: AuditRow) -> tuple[str, int | None] | None:
    """File and line of the factory; a file of the project is named from its repository's root."""
    observed = row.check.observed
    for source in (row.baseline.source,) if observed is None else (observed.source, row.baseline.source):
        if source.file:
            return str(PurePosixPath(report.source_folder, source.file)), source.line
    return None


def title(report: AuditReport) -> str:
    """Which audit it is and whether it came to its end, on one line."""
    audit = report.audit
    part = "" if audit.plan.shard is None else f", part {audit.plan.shard}"
    state = "" if audit.finished_at else ", not finished"
    return f"audit {audit.number} of {escaped(audit.plan.project)}{part}, {audit.started_at[:19]}Z{state}"
