"""Verdicts on entries and the checks that record them."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from seedreg.domain.entry import Source
from seedreg.domain.environment import Environment
from seedreg.domain.failure import BuildFailure
from seedreg.domain.fingerprint import Fingerprint


class Verdict(enum.Enum):
    """What one verification of an entry found."""

    REPRODUCED = "REPRODUCED"
    DRIFTED = "DRIFTED"
    NONDETERMINISTIC = "NONDETERMINISTIC"
    ERROR = "ERROR"


@dataclass(frozen=True)
class Check:
    """One verification of an entry, as it is appended to the registry.

    `fingerprint`, `environment` and `source` are None when there was no build to take them from.
    `audit_number` and `column`, the label of the audit's environment, are given together or not at all.
    """

    entry_id: str
    baseline_number: int
    verdict: Verdict
    at: str
    duration_s: float
    fingerprint: Fingerprint | None = None
    environment: Environment | None = None
    source: Source | None = None
    failure: BuildFailure | None = None
    audit_number: int | None = None
    column: str | None = None

    def __post_init__(self) -> None:
        if (self.audit_number is None) != (self.column is None):
            raise ValueError("a check of an audit has a number and a column, any other has neither")
