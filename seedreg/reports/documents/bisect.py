"""`seedreg.bisect/1`: the releases of a package at which an entry's weights change."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from seedreg.domain.diagnosis import Bisection, Boundary
from seedreg.reports.documents.diagnosis import fact_document, left_out_document, trial_document
from seedreg.reports.documents.verify import verification_document

FORMAT = "seedreg.bisect/1"


def bisect_document(bisection: Bisection, exit_code: int) -> dict[str, Any]:
    """A package's history with all that was tried."""
    return {
        "format": FORMAT,
        "check": verification_document(bisection.verification),
        "package": bisection.package,
        "releases": list(bisection.releases),
        "tried": [
            {"release": one.release, "resolved": one.resolved, "trial": trial_document(one.trial)}
            for one in bisection.tried
        ],
        "boundaries": [_boundary(boundary) for boundary in bisection.boundaries],
        "gaps": [{**asdict(gap), "untested": list(gap.untested)} for gap in bisection.gaps],
        "left_out": [left_out_document(one) for one in bisection.left_out],
        "known": [fact_document(fact) for fact in bisection.known],
        "exit_code": exit_code,
    }


def _boundary(boundary: Boundary) -> dict[str, Any]:
    return {
        **asdict(boundary),
        "letters": list(boundary.letters),
        "untested": list(boundary.untested),
        "failed": list(boundary.failed),
    }
