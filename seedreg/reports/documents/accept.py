"""`seedreg.accept/1`: what became of the entries of one `accept`, or what would be accepted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seedreg.domain.failure import FailureKind
from seedreg.domain.fingerprint import SCHEME
from seedreg.domain.results import (
    Acceptance,
    Accepted,
    NotAccepted,
    NothingToAccept,
    OtherWeights,
    Proposal,
    SeenInAudit,
)
from seedreg.reports.documents.values import drift_document, entry_document, failure_document

FORMAT = "seedreg.accept/1"


def accept_document(results: Sequence[Acceptance | Proposal], exit_code: int) -> dict[str, Any]:
    """What became of every entry of one `accept`."""
    return {
        "format": FORMAT,
        "acceptances": [_acceptance_document(result) for result in results],
        "exit_code": exit_code,
    }


def _acceptance_document(result: Acceptance | Proposal) -> dict[str, Any]:
    match result:
        case Accepted(entry, before, baseline, drift):
            return {
                "result": "accepted",
                "entry": entry_document(entry),
                "before_number": before.number,
                "baseline_number": baseline.number,
                "fingerprint": str(baseline.fingerprint),
                "drift": drift_document(drift),
            }
        case NothingToAccept(entry, baseline):
            return {
                "result": "unchanged",
                "entry": entry_document(entry),
                "baseline_number": baseline.number,
                "fingerprint": str(baseline.fingerprint),
            }
        case NotAccepted(entry, failure):
            return {
                "result": "refused",
                "entry": entry_document(entry),
                "nondeterministic": failure.kind is FailureKind.NONDETERMINISTIC,
                "failure": failure_document(failure),
            }
        case OtherWeights(proposal, expected, built):
            return {
                "result": "other_weights",
                "entry": entry_document(proposal.entry),
                "expected": _expected(expected),
                "fingerprint": f"{SCHEME}:{built}",
            }
        case Proposal(entry, before, expected):
            return {
                "result": "proposed",
                "entry": entry_document(entry),
                "before_number": before.number,
                "expected": _expected(expected) if isinstance(expected, SeenInAudit) else None,
            }


def _expected(expected: SeenInAudit) -> dict[str, Any]:
    return {"audit": expected.audit, "fingerprint": f"{SCHEME}:{expected.fingerprint}"}
