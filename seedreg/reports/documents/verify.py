"""`seedreg.verify/1`: the checks of one `verify`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seedreg.domain.results import Verification
from seedreg.domain.verdict import Verdict
from seedreg.reports.documents.values import check_document, drift_document, entry_document

FORMAT = "seedreg.verify/1"


def verify_document(verifications: Sequence[Verification], exit_code: int) -> dict[str, Any]:
    """Every check of one `verify`, and how many ended in each verdict."""
    return {
        "format": FORMAT,
        "checks": [verification_document(verification) for verification in verifications],
        "summary": {verdict.value: sum(v.verdict is verdict for v in verifications) for verdict in Verdict},
        "exit_code": exit_code,
    }


def verification_document(verification: Verification) -> dict[str, Any]:
    """One check with what explains it."""
    drift, check = verification.drift, verification.check
    return {
        "entry": entry_document(verification.entry),
        **check_document(check),
        "isolation": None if verification.isolation is None else verification.isolation.value,
        "baseline": {
            "number": verification.baseline.number,
            "fingerprint": str(verification.baseline.fingerprint),
        },
        "environment_changes": [change.document() for change in verification.changes],
        "source_changes": [change.document() for change in verification.source_changes],
        "source_changed": verification.source_changed,
        "drift": None if drift is None else drift_document(drift),
        "renamed": [{"before": before, "after": after} for before, after in verification.renamed],
    }
