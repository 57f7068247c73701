"""What several documents contain: entries, checks, failures, drifts, waivers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from seedreg.domain.audit import Waiver
from seedreg.domain.drift import Changed, Drift, Extra, Missing, TensorDifference
from seedreg.domain.entry import Entry, Source
from seedreg.domain.environment import Environment
from seedreg.domain.failure import BuildFailure
from seedreg.domain.fingerprint import SCHEME, TensorRecord
from seedreg.domain.frameworks import RECORDED
from seedreg.domain.summary import EntrySummary
from seedreg.domain.verdict import Check
from seedreg.domain.warning import BuildWarning
from seedreg.reports.words.failures import failure_message
from seedreg.reports.words.warnings import warning_text


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


def check_document(check: Check) -> dict[str, Any]:
    """A check without the entry it belongs to, and without its environment."""
    observed = check.observed
    return {
        "verdict": check.verdict.value,
        "at": check.at,
        "baseline_number": check.baseline_number,
        "duration_s": check.duration_s,
        "fingerprint": None if observed is None else str(observed.fingerprint),
        "source": None if observed is None else source_document(observed.source),
        "failure": None if check.failure is None else failure_document(check.failure),
    }


def observed_environment(check: Check) -> dict[str, Any] | None:
    """The environment of a check's last build; None if it failed."""
    return None if check.observed is None else check.observed.environment.document()


def failure_document(failure: BuildFailure) -> dict[str, Any]:
    """A failure with its words, which may change from one version of seedreg to the next."""
    return {**failure.document(), "message": failure_message(failure)}


def warning_document(warning: BuildWarning) -> dict[str, Any]:
    """A warning with its words, which may change from one version of seedreg to the next."""
    return {**warning.document(), "text": warning_text(warning)}


def source_document(source: Source) -> dict[str, Any]:
    """Where a factory's code was."""
    return {**asdict(source), "depends": [asdict(file) for file in source.depends]}


def waiver_document(waiver: Waiver) -> dict[str, Any]:
    """A waiver without the entry it belongs to."""
    return {
        "fingerprint": f"{SCHEME}:{waiver.fingerprint}",
        "reason": waiver.reason,
        "until": waiver.until,
        "created_at": waiver.created_at,
        "removed_at": waiver.removed_at,
    }


def drift_document(drift: Drift) -> dict[str, Any]:
    """What differs, tensor by tensor."""
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


def versions_document(source: Environment | EntrySummary) -> dict[str, str | None]:
    """The versions that an environment records of Python and of the libraries that every build imports."""
    names = ("python", *(library.name for library in RECORDED))
    return {name: getattr(source, name) for name in names}
