"""Stores and reads waivers, and decides which checks they cover.

A waiver covers the drift of its entry to its fingerprint in the checks that were recorded after it, and
before it was removed. The order is that of the records: the clock of a machine may be set back. Only the
last day is compared with a time, that of the check.
"""

from __future__ import annotations

from typing import TypeAlias

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update

from seedreg.domain.audit import Waiver
from seedreg.domain.decoding import optional, text
from seedreg.domain.verdict import Check, Verdict
from seedreg.storage.database import Database
from seedreg.storage.revisions import SchemaStatus
from seedreg.storage.rows import require_entry
from seedreg.storage.tables import checks, fingerprints, waivers

_Query: TypeAlias = Select[tuple[str, str, str, str, str, str]]

_WAIVERS: _Query = select(
    waivers.c.entry_id,
    waivers.c.fingerprint,
    waivers.c.reason,
    waivers.c.until,
    waivers.c.created_at,
    waivers.c.removed_at,
)
_IN_FORCE = waivers.c.removed_at.is_(None)
_LAST_CHECK = select(func.coalesce(func.max(checks.c.id), 0))


class Waivers:
    """The waivers of entries; each method is one transaction, or part of the one around it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, waiver: Waiver) -> None:
        """Append a waiver, which covers checks that are recorded from now on.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._database.writing():
            require_entry(self._database, waiver.entry_id)
            last = self._database.scalar(_LAST_CHECK)
            self._database.insert(
                waivers,
                entry_id=waiver.entry_id,
                fingerprint=waiver.fingerprint,
                reason=waiver.reason,
                until=waiver.until,
                created_at=waiver.created_at,
                removed_at=waiver.removed_at,
                after_check=last,
                removed_after_check=None if waiver.removed_at is None else last,
            )

    def remove(self, entry_id: str, at: str) -> int:
        """Revoke the entry's waivers at that UTC time; the number of them.

        What they covered before stays covered.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._database.writing():
            require_entry(self._database, entry_id)
            return self._database.execute(
                update(waivers)
                .where(waivers.c.entry_id == entry_id, _IN_FORCE)
                .values(removed_at=at, removed_after_check=_LAST_CHECK.scalar_subquery())
            )

    def of_entry(self, entry_id: str, *, removed: bool = False) -> tuple[Waiver, ...]:
        """The entry's waivers, the oldest first, expired ones too; with `removed` also the revoked ones."""
        query = _WAIVERS.where(waivers.c.entry_id == entry_id)
        return self._read(query if removed else query.where(_IN_FORCE))

    def all(self) -> tuple[Waiver, ...]:
        """The waivers of all entries, the oldest first, expired ones too, without the revoked ones."""
        return self._read(_WAIVERS.where(_IN_FORCE))

    def in_force(self, check: Check) -> Waiver | None:
        """The waiver that covers the drift of an audit's check if that is recorded now: the newest."""
        return self._newest(_WAIVERS.where(_IN_FORCE), check)

    def covering(self, check: Check) -> Waiver | None:
        """The waiver that covers the drift of a stored check of an audit, the newest if several do."""
        if check.audit is None:
            return None
        # What was judged is compared, not what is read back; the row only gives the check's place.
        query = _WAIVERS.join(checks, checks.c.entry_id == waivers.c.entry_id).where(
            checks.c.audit_id == check.audit.number,
            checks.c.column_label == check.audit.label,
            _was_in_force(self._database.schema),
        )
        return self._newest(query, check)

    def _newest(self, query: _Query, check: Check) -> Waiver | None:
        """The newest of these waivers that is of the drift that an audit's check found."""
        if check.verdict is not Verdict.DRIFTED or check.observed is None or check.audit is None:
            return None
        found = self._read(
            query.where(
                waivers.c.entry_id == check.entry_id,
                waivers.c.fingerprint == check.observed.fingerprint.digest,
                waivers.c.until >= check.at[:10],
            )
        )
        return found[-1] if found else None

    def _read(self, query: _Query) -> tuple[Waiver, ...]:
        if not self._database.schema.has_audits:
            return ()
        with self._database.reading():
            rows = self._database.rows(query.order_by(waivers.c.id))
        with self._database.parsing("a waiver"):
            return tuple(
                Waiver(*map(text, texts), optional(text)(removed_at))  # type: ignore[call-arg]
                for *texts, removed_at in rows
            )


def is_waived(schema: SchemaStatus) -> ColumnElement[bool]:
    """Whether a row of checks, with its fingerprint, is a drift that a waiver covers."""
    return and_(
        checks.c.verdict == Verdict.DRIFTED.value,
        exists().where(
            waivers.c.entry_id == checks.c.entry_id,
            waivers.c.fingerprint == fingerprints.c.digest,
            func.substr(checks.c.at, 1, 10) <= waivers.c.until,
            _was_in_force(schema),
        ),
    )


def _was_in_force(schema: SchemaStatus) -> ColumnElement[bool]:
    """Whether the waiver had been added, and not yet removed, when the check was recorded."""
    if not schema.has_identity:  # an older registry that is only read has only the times
        return and_(
            waivers.c.created_at <= checks.c.at,
            or_(waivers.c.removed_at.is_(None), checks.c.at < waivers.c.removed_at),
        )
    return and_(
        checks.c.id > waivers.c.after_check,
        or_(waivers.c.removed_at.is_(None), checks.c.id <= waivers.c.removed_after_check),
    )
