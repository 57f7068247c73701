"""`seedreg.compare/1`: two audits compared."""

from __future__ import annotations

from typing import Any

from seedreg.domain.comparison import AuditComparison
from seedreg.reports.documents.values import entry_document

FORMAT = "seedreg.compare/1"


def comparison_document(comparison: AuditComparison, exit_code: int) -> dict[str, Any]:
    """What became of each check of one audit in another, without those that reproduce in both."""
    return {
        "format": FORMAT,
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
