"""One check of an audit, the list of audits, and two audits compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seedreg.domain.audit import AuditCounts
from seedreg.domain.comparison import AuditComparison, ComparedCheck
from seedreg.domain.results import AuditReport, AuditRow
from seedreg.domain.verdict import Verdict
from seedreg.reports.guide import Guide
from seedreg.reports.lines import INDENT, Headline, Line, indented, next_lines
from seedreg.reports.table import table_lines
from seedreg.reports.text.changes import change_lines
from seedreg.reports.text.drift import drift_lines
from seedreg.reports.text.failures import failure_lines
from seedreg.reports.text.verification import TONES
from seedreg.reports.words.comparison import BECAME
from seedreg.reports.words.source import source_sentences


def audit_row_lines(
    row: AuditRow, guide: Guide, *, with_column: bool = False, verbose: bool = False
) -> Iterator[Line]:
    """One check: its line, and if it failed or is waived, the reason and what to do."""
    check = row.check
    where = f"  in {row.column}" if with_column else ""
    rest = f"  {row.entry.short_id}  {row.entry.recipe.label}{where}  {check.duration_s:.2f} s"
    yield f"WAIVED{rest}" if row.waiver else Headline(check.verdict.value, TONES[check.verdict], rest)
    if check.verdict is not Verdict.REPRODUCED or verbose:
        yield from indented(audit_reason_lines(row, guide, verbose=verbose))


def audit_reason_lines(row: AuditRow, guide: Guide, *, verbose: bool = False) -> Iterator[str]:
    """Why one check failed or is waived, and what to do about it."""
    check = row.check
    if row.waiver is not None:
        yield f"drifted, and waived until {row.waiver.until}: {row.waiver.reason}"
    if check.failure is not None:
        # Other people's lines are behind a bar, so that they do not look like ours.
        message, *more = failure_lines(check.failure, guide, verbose=verbose)
        yield message
        yield from (f"| {line}" for line in more)
    elif check.verdict is Verdict.NONDETERMINISTIC:
        yield "two builds now differ from each other"
    elif row.drift is not None:
        yield from drift_lines(row.drift, check.baseline_number)
    if check.failure is None or check.failure.environment is not None:
        yield from change_lines(row.changes, verbose=verbose)
    if check.observed is not None and check.verdict is not Verdict.REPRODUCED:
        found = source_sentences(row.baseline.source, check.observed.source, row.source_changes)
        yield from (f"source: {sentence}" for sentence in found)
    if row.failed:
        yield from next_lines(guide.after_audited(row))


def audit_list_lines(reports: Iterable[AuditReport], guide: Guide) -> Iterator[str]:
    """A table of audits: when, in which environments, how they ended; and how to resume them."""
    rows = [("N", "STARTED", "ENVIRONMENTS", "CHECKS", "RESULT")]
    steps: list[str] = []
    for report in reports:
        audit, counts = report.audit, report.counts
        ended = _ended(counts)
        if audit.finished_at is None:
            ended += "; interrupted"
            step = guide.after_interruption(audit)
            if step is not None:
                steps.append(f"audit {audit.number} was interrupted: {step}")
        columns = ", ".join(column.label for column in audit.plan.columns)
        done = f"{counts.done} of {counts.planned}"
        rows.append((str(audit.number), f"{audit.started_at[:19]}Z", columns, done, ended))
    if len(rows) > 1:
        yield from table_lines(rows)
        yield from steps


def _ended(counts: AuditCounts) -> str:
    found = [f"{count} {verdict.value}" for verdict, count in counts.verdicts.items() if count]
    if counts.waived:
        found.append(f"{counts.waived} waived")
    return ", ".join(found) or "nothing checked"


def comparison_lines(comparison: AuditComparison) -> Iterator[str]:
    """What became of each check of one audit in another."""
    yield f"audit {comparison.before} → audit {comparison.after}"
    for became, checks in comparison.groups().items():
        yield f"{BECAME[became]}: {len(checks)}"
        yield from (f"{INDENT}{_compared(check)}" for check in checks)


def _compared(check: ComparedCheck) -> str:
    before, after = (one.value if one else "-" for one in (check.before, check.after))
    waived = " (waived)" if check.waived else ""
    return (
        f"{check.entry.short_id}  {check.entry.recipe.label}  in {check.column}: {before} → {after}{waived}"
    )
