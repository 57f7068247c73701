"""Stores and reads checks, which are only ever appended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, bindparam, null, select

from seedreg.domain.decoding import number, text
from seedreg.domain.environment import Environment
from seedreg.domain.failure import BuildFailure
from seedreg.domain.fingerprint import Fingerprint
from seedreg.domain.verdict import AuditColumn, Check, Observed, Verdict
from seedreg.errors import RegistryError
from seedreg.storage import documents
from seedreg.storage.database import Database
from seedreg.storage.revisions import SchemaStatus
from seedreg.storage.rows import documents_of, environment_id, fingerprint_id, require_audit
from seedreg.storage.tables import baselines, checks, entries, environments, fingerprints

_BASELINE_ID = select(baselines.c.id).where(
    baselines.c.entry_id == bindparam("entry_id"), baselines.c.number == bindparam("number")
)
_CHECK_OF_AUDIT = select(checks.c.id).where(
    checks.c.audit_id == bindparam("number"),
    checks.c.entry_id == bindparam("entry_id"),
    checks.c.column_label == bindparam("column"),
)


class Checks:
    """The checks of entries; each method is one transaction, or part of the one around it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, check: Check) -> bool:
        """Append a check; False, and nothing stored, if its audit holds one of that entry and column.

        Raises:
            RegistryError: if there is no such entry, baseline or audit.
        """
        with self._database.writing():
            baseline_id = self._database.scalar(
                _BASELINE_ID, entry_id=check.entry_id, number=check.baseline_number
            )
            if baseline_id is None:
                raise RegistryError(
                    f"entry {check.entry_id[:12]} has no baseline {check.baseline_number} "
                    f"in {self._database.place}"
                )
            audit = check.audit
            if audit is not None:
                require_audit(self._database, audit.number)
                known = self._database.scalar(
                    _CHECK_OF_AUDIT, number=audit.number, entry_id=check.entry_id, column=audit.label
                )
                if known is not None:
                    return False
            self._database.insert(
                checks,
                entry_id=check.entry_id,
                baseline_id=baseline_id,
                verdict=check.verdict.value,
                at=check.at,
                duration_s=check.duration_s,
                audit_id=audit and audit.number,
                column_label=audit and audit.label,
                **self._outcome(check.outcome),
            )
            return True

    def _outcome(self, outcome: Observed | BuildFailure) -> dict[str, object]:
        match outcome:
            case Observed(fingerprint, environment, source):
                return {
                    "fingerprint_id": fingerprint_id(self._database, fingerprint),
                    "environment_id": environment_id(self._database, environment),
                    "source": documents.text_of(source),
                    "failure": None,
                }
            case failure:
                known = failure.environment
                return {
                    "fingerprint_id": None,
                    "environment_id": known and environment_id(self._database, known),
                    "source": None,
                    "failure": documents.text_of(failure),
                }

    def of_entry(self, entry_id: str) -> tuple[Check, ...]:
        """All checks of the entry, the oldest first; none if there is no such entry."""
        with self._database.reading():
            rows = self._database.rows(
                select(
                    *check_columns(self._database.schema), checks.c.fingerprint_id, checks.c.environment_id
                )
                .join(baselines, baselines.c.id == checks.c.baseline_id)
                .where(checks.c.entry_id == entry_id)
                .order_by(checks.c.id)
            )
            # Most checks of an entry share their documents: each is fetched and parsed once.
            texts = {
                table: documents_of(self._database, table, {row[column] for row in rows} - {None})
                for table, column in ((fingerprints, -2), (environments, -1))
            }
        with self._database.parsing(f"the checks of entry {entry_id[:12]}"):
            prints = {id_: documents.fingerprint(text) for id_, text in texts[fingerprints].items()}
            places = {id_: documents.environment(text) for id_, text in texts[environments].items()}
            return tuple(as_check(row, prints.get(row[-2]), places.get(row[-1])) for row in rows)


def check_columns(schema: SchemaStatus) -> tuple[ColumnElement[Any], ...]:
    """The columns that `as_check` reads, of `checks` joined with `baselines`."""
    return (
        checks.c.entry_id,
        baselines.c.number,
        checks.c.verdict,
        checks.c.at,
        checks.c.duration_s,
        checks.c.source,
        checks.c.failure,
        checks.c.audit_id if schema.has_audits else null().label("audit_id"),
        checks.c.column_label if schema.has_audits else null().label("column_label"),
    )


def as_check(row: Any, fingerprint: Fingerprint | None, environment: Environment | None) -> Check:
    """The check of a row that begins with `check_columns`.

    Raises:
        ValueError: if the row has neither all of a build nor a failure.
    """
    entry_id, baseline_number, verdict, at, duration_s, source, failure, audit_number, column = row[:9]
    outcome: Observed | BuildFailure
    if failure is not None:
        outcome = replace(documents.failure(failure), environment=environment)
    elif fingerprint is None or environment is None or source is None:
        raise ValueError("it has neither a build nor a failure")
    else:
        outcome = Observed(fingerprint, environment, documents.source(source))
    audit = None if audit_number is None else AuditColumn(audit_number, text(column))
    return Check(entry_id, baseline_number, Verdict(verdict), text(at), number(duration_s), outcome, audit)


def latest_check(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """That column of the newest check of the entry in the query around it; NULL if it has none."""
    newest = select(column).where(checks.c.entry_id == entries.c.id).order_by(checks.c.id.desc()).limit(1)
    return newest.correlate(entries).scalar_subquery()
