"""The parts of an audit's documents; `seedreg.reports.audit.json` writes the whole."""

from __future__ import annotations

from typing import Any

from seedreg.domain.results import AuditReport, AuditRow
from seedreg.domain.verdict import Verdict
from seedreg.reports.documents.values import (
    check_document,
    drift_document,
    entry_document,
    versions_document,
    waiver_document,
)


def audit_document(report: AuditReport) -> dict[str, Any]:
    """Which audit it is, and what it was to check."""
    audit = report.audit
    shard = audit.plan.shard
    return {
        "number": audit.number,
        "project": audit.plan.project,
        "started_at": audit.started_at,
        "finished_at": audit.finished_at,
        "selectors": list(audit.plan.selectors),
        "shard": None if shard is None else {"number": shard.number, "count": shard.count},
        "entry_count": len(audit.plan.entry_ids),
    }


def audit_check_document(row: AuditRow) -> dict[str, Any]:
    """One check of an audit, with its column and waiver."""
    drift, observed = row.drift, row.check.observed
    if row.check.verdict is not Verdict.DRIFTED:
        drift = None  # of two builds that differ from each other only one is kept
    return {
        "entry": entry_document(row.entry),
        "column": row.column,
        **check_document(row.check),
        "failed": row.failed,
        "waiver": None if row.waiver is None else waiver_document(row.waiver),
        "baseline": {"number": row.baseline.number, "fingerprint": str(row.baseline.fingerprint)},
        "versions": None if observed is None else versions_document(observed.environment),
        "source_changes": [change.document() for change in row.source_changes],
        "environment_changes": [change.document() for change in row.changes],
        "drift": None if drift is None else drift_document(drift),
    }
