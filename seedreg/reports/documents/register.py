"""`seedreg.register/1`: what became of the recipes of one `register`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seedreg.domain.failure import FailureKind
from seedreg.domain.results import (
    Confirmed,
    Gone,
    Left,
    NotConfirmed,
    NotTried,
    Planned,
    Refused,
    Registered,
    Registration,
)
from seedreg.reports.documents.values import entry_document, failure_document, warning_document
from seedreg.reports.documents.verify import verification_document

FORMAT = "seedreg.register/1"


def register_document(registrations: Sequence[Registration], exit_code: int) -> dict[str, Any]:
    """What became of every recipe of one `register`."""
    return {
        "format": FORMAT,
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
                "warnings": [warning_document(warning) for warning in baseline.facts.warnings],
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
        case Left(entry):
            return {"result": "left", "entry": entry_document(entry)}
        case Gone(entry):
            return {"result": "gone", "entry": entry_document(entry)}
        case Planned(recipe):
            return {"result": "planned", "recipe": recipe.document()}
        case NotTried(first, recipes):
            return {
                "result": "not_tried",
                "first": first.document(),
                "recipes": [recipe.document() for recipe in recipes],
            }
