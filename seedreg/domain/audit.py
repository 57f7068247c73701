"""Audits: many entries, compared with their baselines in one or more environments; and waivers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from seedreg.domain.decoding import DecodingError, Fields, exactly, list_of, natural, optional, sha256, text
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.verdict import Verdict

PLAN_FORMAT = 1
_SHARD_DIGITS = 8


@dataclass(frozen=True)
class Shard:
    """One of several parts of all entries; the same entry is always in the same part."""

    number: int
    count: int

    def holds(self, entry_id: str) -> bool:
        """Whether the entry is in this part."""
        return int(entry_id[:_SHARD_DIGITS], 16) % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number} of {self.count}"


@dataclass(frozen=True)
class AuditPlan:
    """What one audit is to check: every entry in every column.

    A column is an environment, identified by its label.
    """

    project: str
    entry_ids: tuple[str, ...]
    columns: tuple[EnvironmentSpec, ...]
    selectors: tuple[str, ...] = ()
    shard: Shard | None = None

    def document(self) -> dict[str, Any]:
        """The plan as JSON, as the registry keeps it."""
        return {
            "format": PLAN_FORMAT,
            "project": self.project,
            "entries": list(self.entry_ids),
            "columns": [column.document() for column in self.columns],
            "selectors": list(self.selectors),
            "shard": None if self.shard is None else [self.shard.number, self.shard.count],
        }

    @classmethod
    def from_document(cls, document: Any) -> AuditPlan:
        """The plan that `document()` describes.

        Raises:
            DecodingError: if the document is of another format number, or a value is missing or of another
                type.
            UsageError: if a column is no environment.
        """
        fields = Fields(document)
        fields("format", exactly(PLAN_FORMAT))
        return cls(
            fields("project", text),
            fields("entries", list_of(sha256)),
            fields("columns", list_of(EnvironmentSpec.from_document)),
            fields("selectors", list_of(text)),
            fields("shard", optional(_shard)),
        )


@dataclass(frozen=True)
class Audit:
    """One audit as it is stored; `finished_at` is None while it runs, or after it was interrupted."""

    number: int
    plan: AuditPlan
    started_at: str
    finished_at: str | None = None


@dataclass(frozen=True)
class Waiver:
    """A known drift: to exactly this fingerprint, until the end of this day (UTC, `YYYY-MM-DD`).

    It covers what was recorded after it, and before it was removed at `removed_at`.
    """

    entry_id: str
    fingerprint: str
    reason: str
    until: str
    created_at: str
    removed_at: str | None = None


@dataclass(frozen=True)
class AuditCounts:
    """How many checks of an audit ended in each verdict; `waived` of the DRIFTED ones are waived."""

    planned: int
    verdicts: dict[Verdict, int] = field(default_factory=dict)
    waived: int = 0

    @classmethod
    def of(cls, planned: int, judged: Iterable[tuple[Verdict, bool]]) -> AuditCounts:
        """The counts of checks by their verdicts, and by whether they are waived."""
        verdicts: dict[Verdict, int] = {}
        waived = 0
        for verdict, is_covered in judged:
            verdicts[verdict] = verdicts.get(verdict, 0) + 1
            waived += is_covered
        return cls(planned, verdicts, waived)

    @property
    def done(self) -> int:
        """Checks that were made."""
        return sum(self.verdicts.values())

    @property
    def failing(self) -> tuple[Verdict, ...]:
        """The verdicts that count against the audit: neither REPRODUCED nor waived."""
        drifted = self.verdicts.get(Verdict.DRIFTED, 0) - self.waived
        others = (Verdict.NONDETERMINISTIC, Verdict.ERROR)
        found = [verdict for verdict in others if self.verdicts.get(verdict, 0)]
        return (Verdict.DRIFTED, *found) if drifted else tuple(found)


def _shard(value: Any) -> Shard:
    numbers = list_of(natural)(value)
    if len(numbers) != 2 or not 1 <= numbers[0] <= numbers[1]:
        raise DecodingError("it is no shard")
    return Shard(*numbers)
