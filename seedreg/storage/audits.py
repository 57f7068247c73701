"""Stores and reads audits: their plans, and the checks that were made in them.

Whether a check fails an audit is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update

from seedreg.domain.audit import Audit, AuditCounts, AuditPlan
from seedreg.domain.canonical import canonical_json
from seedreg.domain.decoding import optional, parse, text
from seedreg.domain.entry import Baseline, Entry
from seedreg.domain.environment import Environment
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.verdict import Check, Verdict
from seedreg.errors import RegistryError
from seedreg.storage import documents
from seedreg.storage.baselines import Baselines
from seedreg.storage.checks import as_check, check_columns
from seedreg.storage.database import Database
from seedreg.storage.entries import Entries
from seedreg.storage.rows import require_audit
from seedreg.storage.tables import audits, baselines, checks, environments, fingerprints
from seedreg.storage.waivers import is_waived

# Few: the fingerprint of a large model takes 0.5 MB.
_CHECKS_PER_PAGE = 16
# SQLite's integers have 64 bits.
_MAX_NUMBER = 2**63 - 1


class Audits:
    """The audits of a registry; each method but `checks` is one transaction, or part of the one around it."""

    def __init__(self, database: Database, entries: Entries, baselines: Baselines) -> None:
        self._database = database
        self._entries = entries
        self._baselines = baselines

    def start(self, plan: AuditPlan, at: str) -> int:
        """Record an audit that begins at that UTC time; its number."""
        with self._database.writing():
            return self._database.insert_numbered(
                audits, started_at=at, document=canonical_json(plan.document())
            )

    def finish(self, number: int, at: str) -> None:
        """Record the time at which the audit was complete.

        Raises:
            RegistryError: if there is no such audit.
        """
        with self._database.writing():
            require_audit(self._database, number)
            self._database.execute(update(audits).where(audits.c.id == number).values(finished_at=at))

    def get(self, number: int) -> Audit | None:
        """The audit of that number."""
        if not 0 < number <= _MAX_NUMBER:
            return None
        found = self._read(select(audits).where(audits.c.id == number))
        return found[0] if found else None

    def newest(self, limit: int | None = None) -> tuple[Audit, ...]:
        """All audits or the last few, the newest first."""
        most = None if limit is None else min(limit, _MAX_NUMBER)
        return self._read(select(audits).order_by(audits.c.id.desc()).limit(most))

    def last_interrupted(self, project: str, columns: tuple[EnvironmentSpec, ...]) -> Audit | None:
        """The project's newest unfinished audit in exactly these environments."""
        if not self._database.schema.has_audits:
            return None
        unfinished = select(audits.c.id).where(audits.c.finished_at.is_(None)).order_by(audits.c.id.desc())
        with self._database.reading():
            numbers = self._database.rows(unfinished)
        for (number,) in numbers:
            audit = self.get(number)
            if audit is not None and (audit.plan.project, audit.plan.columns) == (project, columns):
                return audit
        return None

    def counts(self, number: int) -> AuditCounts:
        """The number of checks of the audit so far, by verdict.

        Raises:
            RegistryError: if there is no such audit.
        """
        audit = self.get(number)
        if audit is None:
            raise RegistryError(f"no audit {number} in registry {self._database.place}")
        made = (
            select(checks.c.verdict, is_waived(self._database.schema).label("waived"))
            .join_from(checks, fingerprints, fingerprints.c.id == checks.c.fingerprint_id, isouter=True)
            .where(*_of_audit(number))
            .subquery()
        )
        query = select(made.c.verdict, made.c.waived, func.count()).group_by(made.c.verdict, made.c.waived)
        with self._database.reading():
            rows = self._database.rows(query)
        verdicts: dict[Verdict, int] = {}
        waived = 0
        with self._database.parsing(f"audit {number}"):
            for word, is_covered, count in rows:
                verdicts[Verdict(word)] = verdicts.get(Verdict(word), 0) + count
                waived += count if is_covered else 0
        return AuditCounts(len(audit.plan.entry_ids) * len(audit.plan.columns), verdicts, waived)

    def verdicts(self, number: int) -> dict[tuple[str, str], tuple[Verdict, bool]]:
        """The verdict of each check of the audit, and whether it is waived, by `(entry_id, column)`."""
        query = (
            select(
                checks.c.entry_id, checks.c.column_label, checks.c.verdict, is_waived(self._database.schema)
            )
            .join_from(checks, fingerprints, fingerprints.c.id == checks.c.fingerprint_id, isouter=True)
            .where(*_of_audit(number))
        )
        rows = self._rows(query)
        with self._database.parsing(f"audit {number}"):
            return {
                (entry_id, column): (Verdict(word), bool(waived)) for entry_id, column, word, waived in rows
            }

    def checked(self, number: int) -> set[tuple[str, str]]:
        """The `(entry_id, column)` of each check that the audit has."""
        rows = self._rows(select(checks.c.entry_id, checks.c.column_label).where(*_of_audit(number)))
        return {(entry_id, column) for entry_id, column in rows}

    def environment(self, number: int, column: str) -> Environment | None:
        """The environment of the audit's latest build in that column; None if there was none yet."""
        query = (
            select(environments.c.document)
            .join_from(checks, environments, environments.c.id == checks.c.environment_id)
            .where(*_of_audit(number, column), checks.c.failure.is_(None))
            .order_by(checks.c.id.desc())
            .limit(1)
        )
        rows = self._rows(query)
        with self._database.parsing(f"the environment of audit {number}"):
            return documents.environment(rows[0][0]) if rows else None

    def checks(self, number: int) -> Iterator[tuple[Check, Entry, Baseline]]:
        """The checks of the audit, oldest first, each with its entry and the baseline it was compared with.

        A few are in memory at a time. The registry may be read and written meanwhile, on the same
        connection too; checks that are appended meanwhile are found.
        """
        query = (
            select(
                *check_columns(self._database.schema),
                checks.c.id,
                fingerprints.c.document,
                environments.c.document,
            )
            .join_from(checks, baselines, baselines.c.id == checks.c.baseline_id)
            .outerjoin(fingerprints, fingerprints.c.id == checks.c.fingerprint_id)
            .outerjoin(environments, environments.c.id == checks.c.environment_id)
            .where(*_of_audit(number))
            .order_by(checks.c.id)
            .limit(_CHECKS_PER_PAGE)
        )
        last = 0
        while rows := self._rows(query.where(checks.c.id > last)):
            last = rows[-1][-3]
            page = [self._check(row) for row in rows]
            entries = {one.id: one for one in self._entries.by_ids({check.entry_id for check in page})}
            compared = self._baselines.numbered((check.entry_id, check.baseline_number) for check in page)
            with self._database.parsing(f"audit {number}"):
                found = [
                    (check, entries[check.entry_id], compared[check.entry_id, check.baseline_number])
                    for check in page
                ]
            yield from found

    def _read(self, query: Select[Any]) -> tuple[Audit, ...]:
        found = []
        for number, started_at, finished_at, document in self._rows(query):
            with self._database.parsing(f"the plan of audit {number}"):
                plan = AuditPlan.from_document(parse(document))
                found.append(Audit(number, plan, text(started_at), optional(text)(finished_at)))
        return tuple(found)

    def _rows(self, query: Select[Any]) -> list[Any]:
        """The rows of a query on audits; none where the schema has no audits yet."""
        if not self._database.schema.has_audits:
            return []
        with self._database.reading():
            return self._database.rows(query)

    def _check(self, row: Any) -> Check:
        *_, id_, print_text, place_text = row
        with self._database.parsing(f"check {id_}"):
            return as_check(
                row,
                None if print_text is None else documents.fingerprint(print_text),
                None if place_text is None else documents.environment(place_text),
            )


def _of_audit(number: int, column: str | None = None) -> tuple[ColumnElement[bool], ...]:
    one = (checks.c.audit_id == number,)
    return one if column is None else (*one, checks.c.column_label == column)
