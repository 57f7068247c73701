"""Stores and reads waivers; `Waiver.covers` says what a waiver covers."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update

from seedreg.domain.audit import Waiver
from seedreg.domain.verdict import Check, Verdict
from seedreg.storage.database import Database
from seedreg.storage.rows import require_entry
from seedreg.storage.tables import checks, fingerprints, waivers

_WAIVERS: Select[tuple[str, str, str, str, str, str]] = select(
    waivers.c.entry_id,
    waivers.c.fingerprint,
    waivers.c.reason,
    waivers.c.until,
    waivers.c.created_at,
    waivers.c.removed_at,
).order_by(waivers.c.id)
_IN_FORCE = waivers.c.removed_at.is_(None)


class Waivers:
    """The waivers of entries; each method is one transaction, or part of the one around it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, waiver: Waiver) -> None:
        """Append a waiver.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._database.writing():
            require_entry(self._database, waiver.entry_id)
            self._database.insert(
                waivers,
                entry_id=waiver.entry_id,
                fingerprint=waiver.fingerprint,
                reason=waiver.reason,
                until=waiver.until,
                created_at=waiver.created_at,
                removed_at=waiver.removed_at,
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
                update(waivers).where(waivers.c.entry_id == entry_id, _IN_FORCE).values(removed_at=at)
            )

    def of_entry(self, entry_id: str, *, removed: bool = False) -> tuple[Waiver, ...]:
        """The entry's waivers, the oldest first, expired ones too; with `removed` also the revoked ones."""
        query = _WAIVERS.where(waivers.c.entry_id == entry_id)
        return self._read(query if removed else query.where(_IN_FORCE))

    def all(self) -> tuple[Waiver, ...]:
        """The waivers of all entries, the oldest first, expired ones too, without the revoked ones."""
        return self._read(_WAIVERS.where(_IN_FORCE))

    def covering(self, check: Check) -> Waiver | None:
        """The waiver that covered the check when it was made, the newest if several did."""
        if check.verdict is not Verdict.DRIFTED:
            return None
        known = self.of_entry(check.entry_id, removed=True)
        return next((waiver for waiver in reversed(known) if waiver.covers(check)), None)

    def _read(self, query: Select[tuple[str, str, str, str, str, str]]) -> tuple[Waiver, ...]:
        if not self._database.schema.has_audits:
            return ()
        with self._database.reading():
            return tuple(Waiver(*row) for row in self._database.rows(query))


def is_waived() -> ColumnElement[bool]:
    """`Waiver.covers` for a row of checks with its fingerprint."""
    return and_(
        checks.c.verdict == Verdict.DRIFTED.value,
        exists().where(
            waivers.c.entry_id == checks.c.entry_id,
            waivers.c.fingerprint == fingerprints.c.digest,
            waivers.c.created_at <= checks.c.at,
            func.substr(checks.c.at, 1, 10) <= waivers.c.until,
            or_(waivers.c.removed_at.is_(None), checks.c.at < waivers.c.removed_at),
        ),
    )
