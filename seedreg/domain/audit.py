"""Audits: many entries, compared with their baselines in one or more environments; and waivers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

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
    def from_document(cls, document: dict[str, Any]) -> AuditPlan:
        """The plan that `document()` describes.

        Raises:
            ValueError: if the document is of another format number.
        """
        if document.get("format") != PLAN_FORMAT:
            raise ValueError(f"audit plan format {document.get('format')!r} is not {PLAN_FORMAT}")
        shard = document["shard"]
        return cls(
            document["project"],
            tuple(document["entries"]),
            tuple(EnvironmentSpec.from_document(column) for column in document["columns"]),
            tuple(document["selectors"]),
            None if shard is None else Shard(*shard),
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
