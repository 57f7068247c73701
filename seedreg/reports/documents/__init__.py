"""Results as numbered JSON documents; docs/schemas holds a JSON Schema for each format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from seedreg.domain.audit import Waiver
from seedreg.domain.drift import Changed, Drift, Extra, Missing, TensorDifference
from seedreg.domain.entry import Baseline, Entry, Source
from seedreg.domain.environment_changes import Change
from seedreg.domain.failure import BuildFailure, FailureKind
from seedreg.domain.fingerprint import SCHEME, TensorRecord
from seedreg.domain.results import (
    AuditRow,
    Confirmed,
    NotConfirmed,
    Refused,
    Registered,
    Registration,
    Verification,
)
from seedreg.domain.summary import EntrySummary
from seedreg.domain.verdict import Check, Verdict
from seedreg.domain.warning import BuildWarning
from seedreg.reports.words.failures import failure_message
from seedreg.reports.words.warnings import warning_text

VERIFY_FORMAT = "seedreg.verify/1"
REGISTER_FORMAT = "seedreg.register/1"
LIST_FORMAT = "seedreg.list/1"
SHOW_FORMAT = "seedreg.show/1"
HISTORY_FORMAT = "seedreg.history/1"
WAIVERS_FORMAT = "seedreg.waivers/1"


def verify_document(verifications: Sequence[Verification], exit_code: int) -> dict[str, Any]:
    """Every check of one `verify`, and how many ended in each verdict."""
    return {
        "format": VERIFY_FORMAT,
        "checks": [verification_document(verification) for verification in verifications],
        "summary": {verdict.value: sum(v.verdict is verdict for v in verifications) for verdict in Verdict},
        "exit_code": exit_code,
    }


def verification_document(verification: Verification) -> dict[str, Any]:
    """One check with what explains it."""
    drift, check = verification.drift, verification.check
    return {
        "entry": entry_document(verification.entry),
        **_check_document(check),
        "baseline": {
            "number": verification.baseline.number,
            "fingerprint": str(verification.baseline.fingerprint),
        },
        "environment_changes": [_change_document(change) for change in verification.changes],
        "source_changed": verification.source_changed,
        "drift": None if drift is None else _drift_document(drift),
        "renamed": [{"before": before, "after": after} for before, after in verification.renamed],
    }


def audit_check_document(row: AuditRow) -> dict[str, Any]:
    """One check of an audit, with its column and waiver."""
    drift, environment = row.drift, row.check.environment
    if row.check.verdict is not Verdict.DRIFTED:
        drift = None  # of two builds that differ from each other only one is kept
    return {
        "entry": entry_document(row.entry),
        "column": row.column,
        **_check_document(row.check),
        "failed": row.failed,
        "waiver": None if row.waiver is None else waiver_document(row.waiver),
        "baseline": {"number": row.baseline.number, "fingerprint": str(row.baseline.fingerprint)},
        "versions": None
        if environment is None
        else {name: getattr(environment, name) for name in ("python", "tensorflow", "keras", "numpy")},
        "environment_changes": [_change_document(change) for change in row.changes],
        "drift": None if drift is None else _drift_document(drift),
    }


def waivers_document(waivers: Sequence[tuple[Entry, Waiver]]) -> dict[str, Any]:
    """Waivers with the entries they belong to."""
    return {
        "format": WAIVERS_FORMAT,
        "waivers": [
            {"entry": entry_document(entry), "waiver": waiver_document(waiver)} for entry, waiver in waivers
        ],
    }


def waiver_document(waiver: Waiver) -> dict[str, Any]:
    """A waiver without the entry it belongs to."""
    return {
        "fingerprint": f"{SCHEME}:{waiver.fingerprint}",
        "reason": waiver.reason,
        "until": waiver.until,
        "created_at": waiver.created_at,
        "removed_at": waiver.removed_at,
    }


def register_document(registrations: Sequence[Registration], exit_code: int) -> dict[str, Any]:
    """What became of every recipe of one `register`."""
    return {
        "format": REGISTER_FORMAT,
        "registrations": [_registration_document(registration) for registration in registrations],
        "exit_code": exit_code,
    }


def _registration_document(registration: Registration) -> dict[str, Any]:
    match registration:
        case Registered(entry, baseline):
            return {
                "result": "registered",
                "entry": entry_document(entry),
                "fingerprint": str(baseline.fingerprint),
                "warnings": [_warning_document(warning) for warning in baseline.facts.warnings],
            }
        case Confirmed(verification):
            return {"result": "confirmed", "check": verification_document(verification)}
        case NotConfirmed(verification):
            return {"result": "not_confirmed", "check": verification_document(verification)}
        case Refused(recipe, failure):
            return {
                "result": "refused",
                "recipe": recipe.document(),
                "nondeterministic": failure.kind is FailureKind.NONDETERMINISTIC,
                "failure": failure_document(failure),
            }


def list_document(summaries: Sequence[EntrySummary]) -> dict[str, Any]:
    """The entries of one `list`."""
    return {
        "format": LIST_FORMAT,
        "entries": [
            {
                **entry_document(summary),
                "baseline": {
                    "number": summary.baseline_number,
                    "fingerprint": f"{SCHEME}:{summary.fingerprint}",
                    "python": summary.python,
                    "tensorflow": summary.tensorflow,
                    "keras": summary.keras,
                    "numpy": summary.numpy,
                },
                "last_check": None
                if summary.last_verdict is None
                else {"verdict": summary.last_verdict.value, "at": summary.last_check_at},
            }
            for summary in summaries
        ],
    }


def show_document(
    entry: Entry,
    baseline: Baseline,
    last: Check | None,
    drift: Drift | None,
    waivers: Sequence[Waiver] = (),
) -> dict[str, Any]:
    """Everything about one entry."""
    return {
        "format": SHOW_FORMAT,
        "entry": entry_document(entry),
        "baseline": _baseline_document(baseline),
        "last_check": None
        if last is None
        else {
            **_check_document(last),
            "environment": last.environment and last.environment.document(),
            "drift": None if drift is None else _drift_document(drift),
        },
        "waivers": [waiver_document(waiver) for waiver in waivers],
    }


def history_document(entry: Entry, baselines: Sequence[Baseline], checks: Sequence[Check]) -> dict[str, Any]:
    """Every baseline and check of one entry, oldest first."""
    return {
        "format": HISTORY_FORMAT,
        "entry": entry_document(entry),
        "baselines": [
            {
                "number": baseline.number,
                "fingerprint": str(baseline.fingerprint),
                "created_at": baseline.created_at,
                "reason": baseline.reason,
                "environment": baseline.environment.document(),
            }
            for baseline in baselines
        ],
        "checks": [
            {**_check_document(check), "environment": check.environment and check.environment.document()}
            for check in checks
        ],
    }


def entry_document(entry: Entry | EntrySummary) -> dict[str, Any]:
    """An entry with its recipe."""
    return {
        "id": entry.id,
        "recipe": entry.recipe.document(),
        "alias": entry.alias,
        "tags": list(entry.tags),
        "note": entry.note,
        "created_at": entry.created_at,
        "retired_at": entry.retired_at,
        "retired_reason": entry.retired_reason,
    }


def _baseline_document(baseline: Baseline) -> dict[str, Any]:
    return {
        "number": baseline.number,
        "created_at": baseline.created_at,
        "reason": baseline.reason,
        "fingerprint": str(baseline.fingerprint),
        "tensors": baseline.fingerprint.document()["tensors"],
        "environment": baseline.environment.document(),
        "source": _source_document(baseline.source),
        "facts": {
            **baseline.facts.document(),
            "warnings": [_warning_document(warning) for warning in baseline.facts.warnings],
        },
    }


def _check_document(check: Check) -> dict[str, Any]:
    return {
        "verdict": check.verdict.value,
        "at": check.at,
        "baseline_number": check.baseline_number,
        "duration_s": check.duration_s,
        "fingerprint": None if check.fingerprint is None else str(check.fingerprint),
        "source": None if check.source is None else _source_document(check.source),
        "failure": None if check.failure is None else failure_document(check.failure),
    }


def failure_document(failure: BuildFailure) -> dict[str, Any]:
    """A failure with its words, which may change from one version of seedreg to the next."""
    return {**failure.document(), "message": failure_message(failure)}


def _warning_document(warning: BuildWarning) -> dict[str, Any]:
    return {**warning.document(), "text": warning_text(warning)}


def _source_document(source: Source) -> dict[str, Any]:
    return asdict(source)


def _change_document(change: Change) -> dict[str, Any]:
    return change.document()


def _drift_document(drift: Drift) -> dict[str, Any]:
    return {
        "tensor_count": drift.tensor_count,
        "reordered": drift.reordered,
        "layers": list(drift.layers),
        "differences": [_difference_document(difference) for difference in drift.differences],
    }


def _difference_document(difference: TensorDifference) -> dict[str, Any]:
    sides: dict[str, dict[str, Any] | None]
    match difference:
        case Changed(before, after):
            sides = {"before": _side(before), "after": _side(after)}
        case Missing(before):
            sides = {"before": _side(before), "after": None}
        case Extra(after):
            sides = {"before": None, "after": _side(after)}
    return {
        "kind": difference.kind.value,
        "name": difference.tensor.name,
        "layer": difference.tensor.place,
        **sides,
    }


def _side(tensor: TensorRecord) -> dict[str, Any]:
    return {"name": tensor.name, "dtype": tensor.dtype, "shape": list(tensor.shape), "sha256": tensor.sha256}
