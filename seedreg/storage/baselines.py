"""Stores and reads baselines; whether a drift may be accepted is decided elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from seedreg.domain.decoding import optional, text
from seedreg.domain.entry import Baseline
from seedreg.errors import RegistryError, Step
from seedreg.storage import documents
from seedreg.storage.database import Database
from seedreg.storage.rows import environment_id, fingerprint_id, require_entry
from seedreg.storage.tables import baselines, environments, fingerprints, kept_weights

_BASELINES = (
    select(
        baselines.c.entry_id,
        baselines.c.number,
        fingerprints.c.document,
        environments.c.document,
        baselines.c.source,
        baselines.c.facts,
        baselines.c.created_at,
        baselines.c.reason,
    )
    .join(fingerprints, fingerprints.c.id == baselines.c.fingerprint_id)
    .join(environments, environments.c.id == baselines.c.environment_id)
)
_BASELINES_OF_ENTRY = _BASELINES.where(baselines.c.entry_id == bindparam("entry_id"))
_ALL_BASELINES = _BASELINES_OF_ENTRY.order_by(baselines.c.number)
_CURRENT_BASELINE = _BASELINES_OF_ENTRY.order_by(baselines.c.number.desc()).limit(1)
_NEWEST = select(baselines.c.entry_id, func.max(baselines.c.number).label("number"))
_NEWEST_NUMBER = select(func.max(baselines.c.number)).where(baselines.c.entry_id == bindparam("entry_id"))

_BASELINE_ID = select(baselines.c.id).where(
    baselines.c.entry_id == bindparam("entry_id"), baselines.c.number == bindparam("number")
)
_KEPT = select(kept_weights.c.baseline_id).where(kept_weights.c.baseline_id == bindparam("id"))


class Baselines:
    """The numbered baselines of entries; each method is one transaction, or part of the one around it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self, entry_id: str) -> Baseline:
        """The entry's newest baseline.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._database.reading():
            rows = self._database.rows(_CURRENT_BASELINE, entry_id=entry_id)
            if not rows:
                require_entry(self._database, entry_id)
                raise RegistryError(f"entry {entry_id[:12]} has no baseline", step=Step.CHECK_REGISTRY)
        return self._baseline(rows[0])

    def digests(self, entry_ids: Collection[str]) -> dict[str, str]:
        """The digest of the newest baseline of each entry; none where it cannot be read."""
        with self._database.reading():
            rows = self._database.rows(_digests(entry_ids))
        return {row[0]: row[1] for row in rows if isinstance(row[1], str)}

    def of_entry(self, entry_id: str) -> tuple[Baseline, ...]:
        """All baselines of the entry, from number 1 on; none if there is no such entry."""
        with self._database.reading():
            rows = self._database.rows(_ALL_BASELINES, entry_id=entry_id)
        return tuple(map(self._baseline, rows))

    def numbered(self, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Baseline]:
        """The baselines of those entries and numbers, by `(entry_id, number)`; some others among them."""
        ids, numbers = zip(*wanted, strict=True)
        query = _BASELINES.where(baselines.c.entry_id.in_(set(ids)), baselines.c.number.in_(set(numbers)))
        with self._database.reading():
            rows = self._database.rows(query)
        return {(row[0], row[1]): self._baseline(row) for row in rows}

    def add(self, entry_id: str, baseline: Baseline) -> None:
        """Add the entry's next baseline.

        Raises:
            RegistryError: if there is no such entry, or its number is not the next one, because
                another process has added one since the caller looked.
        """
        with self._database.writing():
            require_entry(self._database, entry_id)
            number = (self._database.scalar(_NEWEST_NUMBER, entry_id=entry_id) or 0) + 1
            if baseline.number != number:
                raise RegistryError(
                    f"entry {entry_id[:12]} takes baseline {number} next, not {baseline.number}:"
                    " another command has changed it",
                    hint="look at it again before accepting",
                )
            self._database.insert(
                baselines,
                entry_id=entry_id,
                number=number,
                fingerprint_id=fingerprint_id(self._database, baseline.fingerprint),
                environment_id=environment_id(self._database, baseline.environment),
                source=documents.text_of(baseline.source),
                facts=documents.text_of(baseline.facts),
                reason=baseline.reason,
                created_at=baseline.created_at,
            )

    def mark_kept(self, entry_id: str, number: int) -> None:
        """Record that the weights of that baseline are in the objects, all of them."""
        with self._database.writing():
            found = self._database.scalar(_BASELINE_ID, entry_id=entry_id, number=number)
            if found is not None and self._database.scalar(_KEPT, id=found) is None:
                self._database.insert(kept_weights, baseline_id=found)

    def _baseline(self, row: Any) -> Baseline:
        entry_id, number, fingerprint, environment, source, facts, created_at, reason = row
        with self._database.parsing(f"baseline {number} of entry {entry_id[:12]}"):
            return Baseline(
                number=number,
                fingerprint=documents.fingerprint(fingerprint),
                environment=documents.environment(environment),
                source=documents.source(source),
                facts=documents.facts(facts),
                created_at=text(created_at),
                reason=optional(text)(reason),
            )


def _digests(entry_ids: Collection[str]) -> Select[Any]:
    newest = _NEWEST.where(baselines.c.entry_id.in_(entry_ids)).group_by(baselines.c.entry_id).subquery()
    is_newest = (baselines.c.entry_id == newest.c.entry_id) & (baselines.c.number == newest.c.number)
    return (
        select(baselines.c.entry_id, fingerprints.c.digest)
        .join(newest, is_newest)
        .join(fingerprints, fingerprints.c.id == baselines.c.fingerprint_id)
    )
