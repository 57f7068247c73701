"""What the documents of `blame` and `bisect` share: trials, facts, distributions that were left out."""

from __future__ import annotations

from typing import Any

from seedreg.domain.diagnosis import Attempt, LeftOut, Mixture, OneRelease, Trial
from seedreg.domain.diagnosis_facts import Fact, FieldValue
from seedreg.domain.failure import BuildFailure
from seedreg.reports.documents.values import failure_document


def trial_document(trial: Trial) -> dict[str, Any]:
    """One trial: which environment, what it moved from today's, and what it gave."""
    return {
        "environment": _attempt(trial.attempt),
        "moved": [change.document() for change in trial.moved],
        "result": trial.result.value,
        "letter": trial.letter,
        "fingerprint": trial.fingerprint,
        "failure": None if trial.failure is None else failure_document(trial.failure),
        "duration_s": trial.duration_s,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    match attempt:
        case Mixture(base, changes):
            return {"base": base.value, "changes": [change.document() for change in changes]}
        case OneRelease(package, release, resolved):
            return {"package": package, "release": release, "resolved": resolved}


def fact_document(fact: Fact) -> dict[str, Any]:
    """A fact: its kind and its fields."""
    return {"kind": fact.kind.value, "fields": {name: _field(value) for name, value in fact.fields}}


def _field(value: FieldValue) -> Any:
    match value:
        case BuildFailure():
            return failure_document(value)
        case tuple():
            return [change.document() for change in value]
        case _:
            return value


def left_out_document(left_out: LeftOut) -> dict[str, Any]:
    """A distribution that no environment could have, with the installer's own words."""
    return {"distribution": left_out.distribution, "installer": left_out.installer}
