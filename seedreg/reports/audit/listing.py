"""The list of audits, and one held against another: for people and as numbered JSON documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from seedreg.domain.audit import AuditCounts
from seedreg.domain.comparison import AuditComparison, Became
from seedreg.domain.results import AuditReport
from seedreg.domain.verdict import Verdict
from seedreg.reports.audit.json import audit_document
from seedreg.reports.documents import entry_document
from seedreg.reports.guide import Guide
from seedreg.reports.words.printable import printable

AUDITS_FORMAT = "seedreg.audits/1"
COMPARE_FORMAT = "seedreg.compare/1"

_BECAME_WORDS = {
    Became.NEWLY_DRIFTED: "newly drifted",
    Became.NEWLY_REPRODUCED: "newly reproduced",
    Became.STILL_DRIFTED: "still drifted",
    Became.NO_LONGER_JUDGED: "no longer judged",
    Became.JUDGED_AGAIN: "judged again",
    Became.JUDGED_IN_NEITHER: "judged in neither",
    Became.ONLY_IN_THE_FIRST: "only in the first",
    Became.ONLY_IN_THE_SECOND: "only in the second",
}


def audit_list_lines(reports: Iterable[AuditReport], guide: Guide) -> Iterator[str]:
    """A line for each audit: when, in which environments, how it ended."""
    rows = [("N", "STARTED", "ENVIRONMENTS", "CHECKS", "RESULT")]
    for report in reports:
        audit, counts = report.audit, report.counts
        found = [f"{count} {verdict.value}" for verdict, count in counts.verdicts.items() if count]
        if counts.waived:
            found.append(f"{counts.waived} waived")
        ended = ", ".join(found) or "nothing checked"
        if audit.finished_at is None:
            step = guide.after_interruption(audit)
            ended += "; interrupted" + (f": {step}" if step else "")
        columns = ", ".join(column.label for column in audit.plan.columns)
        done = f"{counts.done} of {counts.planned}"
        rows.append((str(audit.number), f"{audit.started_at[:19]}Z", columns, done, ended))
    if len(rows) == 1:
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def comparison_lines(comparison: AuditComparison) -> Iterator[str]:
    """What became of each check of one audit in another."""
    yield f"audit {comparison.before} → audit {comparison.after}"
    for became, checks in comparison.groups().items():
        yield f"{_BECAME_WORDS[became]}: {len(checks)}"
        for check in checks:
            verdicts = [one.value if one else "-" for one in (check.before, check.after)]
            waived = " (waived)" if check.waived else ""
            label = printable(check.entry.recipe.label)
            yield (
                f"  {check.entry.short_id}  {label}  in {printable(check.column)}: "
                f"{' → '.join(verdicts)}{waived}"
            )


def audits_document(reports: Iterable[AuditReport]) -> dict[str, Any]:
    """The audits of one `audits`, the newest first."""
    return {
        "format": AUDITS_FORMAT,
        "audits": [
            {
                "audit": audit_document(report),
                "columns": [column.label for column in report.audit.plan.columns],
                "summary": _counts_document(report.counts),
            }
            for report in reports
        ],
    }


def comparison_document(comparison: AuditComparison, exit_code: int) -> dict[str, Any]:
    """What became of each check of one audit in another, but for those that reproduce in both."""
    return {
        "format": COMPARE_FORMAT,
        "before": comparison.before,
        "after": comparison.after,
        "checks": [
            {
                "group": became.value,
                "entry": entry_document(check.entry),
                "column": check.column,
                "before": check.before and check.before.value,
                "after": check.after and check.after.value,
                "waived": check.waived,
            }
            for became, checks in comparison.groups().items()
            for check in checks
        ],
        "exit_code": exit_code,
    }


def _counts_document(counts: AuditCounts) -> dict[str, Any]:
    return {
        "planned": counts.planned,
        "done": counts.done,
        "verdicts": {verdict.value: counts.verdicts.get(verdict, 0) for verdict in Verdict},
        "waived": counts.waived,
        "failed": counts.done - counts.verdicts.get(Verdict.REPRODUCED, 0) - counts.waived,
    }
