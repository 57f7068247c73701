"""The list of audits, and two audits compared, as numbered JSON documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from seedreg.domain.audit import AuditCounts
from seedreg.domain.comparison import AuditComparison
from seedreg.domain.results import AuditReport
from seedreg.domain.verdict import Verdict
from seedreg.reports.audit.json import audit_document
from seedreg.reports.documents import entry_document

AUDITS_FORMAT = "seedreg.audits/1"
COMPARE_FORMAT = "seedreg.compare/1"


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
