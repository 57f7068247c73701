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
class Observed:
    """What the last build of a check found: weights, and the environment and source of the build."""

    fingerprint: Fingerprint
    environment: Environment
    source: Source


@dataclass(frozen=True)
class AuditColumn:
    """Where a check belongs in an audit: the audit's number, and the label of the environment."""

    number: int
    label: str


@dataclass(frozen=True)
class Check:
    """One verification of an entry, as it is appended to the registry.

    `outcome` is a failure where the verdict is ERROR, and only there. `audit` is None where the entry was
    verified on its own.
    """

    entry_id: str
    baseline_number: int
    verdict: Verdict
    at: str
    duration_s: float
    outcome: Observed | BuildFailure
    audit: AuditColumn | None = None

    def __post_init__(self) -> None:
        if (self.verdict is Verdict.ERROR) != isinstance(self.outcome, BuildFailure):
            raise ValueError("a check is an ERROR if and only if a build failed")

    @property
    def observed(self) -> Observed | None:
        """What the last build found; None if it failed."""
        return self.outcome if isinstance(self.outcome, Observed) else None

    @property
    def failure(self) -> BuildFailure | None:
        """Why a build failed; None if none did."""
        return self.outcome if isinstance(self.outcome, BuildFailure) else None
