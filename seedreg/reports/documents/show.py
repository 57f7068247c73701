"""`seedreg.show/1`: everything about one entry."""

from __future__ import annotations

from typing import Any

from seedreg.domain.drift import Drift
from seedreg.domain.entry import Baseline
from seedreg.domain.results import EntryDetails
from seedreg.domain.verdict import Check
from seedreg.reports.documents.values import (
    check_document,
    drift_document,
    entry_document,
    observed_environment,
    source_document,
    waiver_document,
    warning_document,
)

FORMAT = "seedreg.show/1"


def show_document(details: EntryDetails) -> dict[str, Any]:
    """Everything about one entry."""
    return {
        "format": FORMAT,
        "entry": entry_document(details.entry),
        "baseline": _baseline(details.baseline),
        "last_check": None if details.last is None else _last_check(details.last, details.drift),
        "waivers": [waiver_document(waiver) for waiver in details.waivers],
    }


def _last_check(last: Check, drift: Drift | None) -> dict[str, Any]:
    return {
        **check_document(last),
        "environment": observed_environment(last),
        "drift": None if drift is None else drift_document(drift),
    }


def _baseline(baseline: Baseline) -> dict[str, Any]:
    return {
        "number": baseline.number,
        "created_at": baseline.created_at,
        "reason": baseline.reason,
        "fingerprint": str(baseline.fingerprint),
        "tensors": baseline.fingerprint.document()["tensors"],
        "environment": baseline.environment.document(),
        "source": source_document(baseline.source),
        "facts": {
            **baseline.facts.document(),
            "warnings": [warning_document(warning) for warning in baseline.facts.warnings],
        },
    }
