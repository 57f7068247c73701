"""`seedreg.audits/1`: the list of audits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from seedreg.domain.audit import AuditCounts
from seedreg.domain.results import AuditReport
from seedreg.domain.verdict import Verdict
from seedreg.reports.documents.audit import audit_document

FORMAT = "seedreg.audits/1"


def audits_document(reports: Iterable[AuditReport]) -> dict[str, Any]:
    """The audits of one `audits`, the newest first."""
    return {
        "format": FORMAT,
        "audits": [
            {
                "audit": audit_document(report),
                "columns": [column.label for column in report.audit.plan.columns],
                "summary": _counts_document(report.counts),
            }
            for report in reports
        ],
    }


def _counts_document(counts: AuditCounts) -> dict[str, Any]:
    return {
        "planned": counts.planned,
        "done": counts.done,
        "verdicts": {verdict.value: counts.verdicts.get(verdict, 0) for verdict in Verdict},
        "waived": counts.waived,
        "failed": counts.done - counts.verdicts.get(Verdict.REPRODUCED, 0) - counts.waived,
    }
