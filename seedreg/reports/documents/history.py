"""`seedreg.history/1`: the baselines and checks of one entry."""

from __future__ import annotations

from typing import Any

from seedreg.domain.results import EntryHistory
from seedreg.reports.documents.values import check_document, entry_document, observed_environment

FORMAT = "seedreg.history/1"


def history_document(history: EntryHistory) -> dict[str, Any]:
    """Every baseline and check of one entry, oldest first."""
    return {
        "format": FORMAT,
        "entry": entry_document(history.entry),
        "baselines": [
            {
                "number": baseline.number,
                "fingerprint": str(baseline.fingerprint),
                "created_at": baseline.created_at,
                "reason": baseline.reason,
                "environment": baseline.environment.document(),
            }
            for baseline in history.baselines
        ],
        "checks": [
            {**check_document(check), "environment": observed_environment(check)} for check in history.checks
        ],
    }
