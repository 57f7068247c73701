"""Checks, the audits they are part of and the waivers that cover them, in and out of the registry.

Whether a check fails an audit is not known here: `Waiver.covers` and its like are the domain's.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, null, or_, select, update

from seedreg.domain.audit import Audit, AuditCounts, AuditPlan, Waiver
from seedreg.domain.canonical import canonical_json
from seedreg.domain.environment import Environment
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.fingerprint import Fingerprint
from seedreg.domain.verdict import Check, Verdict
from seedreg.errors import RegistryError
from seedreg.storage import documents
from seedreg.storage.session import Session
from seedreg.storage.tables import audits, baselines, checks, entries, environments, fingerprints, waivers

# Few: the fingerprint of a large model takes 0.5 MB.
CHECKS_PER_PAGE = 16

_BASELINE_ID = select(baselines.c.id).where(
    baselines.c.entry_id == bindparam("entry_id"), baselines.c.number == bindparam("number")
)
_AUDIT_ID = select(audits.c.id).where(audits.c.id == bindparam("number"))
_CHECK_OF_AUDIT = select(checks.c.id).where(
    checks.c.audit_id == bindparam("number"),
    checks.c.entry_id == bindparam("entry_id"),
    checks.c.column_label == bindparam("column"),
)


class Checks(Session):
    """The part of a registry that is only ever appended to."""

    def add_check(self, check: Check) -> bool:
        """Append a check; False, and nothing stored, if its audit holds one of that entry and column.

        Raises:
            RegistryError: if there is no such entry, baseline or audit.
        """
        with self._writing():
            baseline_id = self._connection.scalar(
                _BASELINE_ID, {"entry_id": check.entry_id, "number": check.baseline_number}
            )
            if baseline_id is None:
                raise RegistryError(
                    f"entry {check.entry_id[:12]} has no baseline {check.baseline_number} in {self.path}"
                )
            if check.audit_number is not None:
                self._require_audit(check.audit_number)
                if self._rows(
                    _CHECK_OF_AUDIT, number=check.audit_number, entry_id=check.entry_id, column=check.column
                ):
                    return False
            self._insert(
                checks,
                entry_id=check.entry_id,
                baseline_id=baseline_id,
                verdict=check.verdict.value,
                at=check.at,
                duration_s=check.duration_s,
                fingerprint_id=check.fingerprint and self._fingerprint_id(check.fingerprint),
                environment_id=check.environment and self._environment_id(check.environment),
                source=check.source and documents.text_of(check.source),
                failure=check.failure and documents.text_of(check.failure),
                audit_id=check.audit_number,
                column_label=check.column,
            )
            return True

    def checks(self, entry_id: str) -> tuple[Check, ...]:
        """All checks of the entry, the oldest first; none if there is no such entry."""
        with self._reading():
            rows = self._rows(
                select(*self._check_columns(), checks.c.fingerprint_id, checks.c.environment_id)
                .join(baselines, baselines.c.id == checks.c.baseline_id)
                .where(checks.c.entry_id == entry_id)
                .order_by(checks.c.id)
            )
            # Most checks of an entry share their documents: each is fetched and parsed once.
            texts = {
                table: self._documents(table, {row[column] for row in rows} - {None})
                for table, column in ((fingerprints, -2), (environments, -1))
            }
        with self._parsing(f"the checks of entry {entry_id[:12]}"):
            prints = {id_: documents.fingerprint(text) for id_, text in texts[fingerprints].items()}
            places = {id_: documents.environment(text) for id_, text in texts[environments].items()}
            return tuple(_check(row, prints.get(row[-2]), places.get(row[-1])) for row in rows)

    # Audits

    def start_audit(self, plan: AuditPlan, started_at: str) -> int:
        """Record the audit that begins, and give its number."""
        with self._writing():
            return self._insert(audits, started_at=started_at, document=canonical_json(plan.document()))

    def finish_audit(self, number: int, at: str) -> None:
        """Record that the audit came to its end.

        Raises:
            RegistryError: if there is no such audit.
        """
        with self._writing():
            self._require_audit(number)
            self._connection.execute(update(audits).where(audits.c.id == number).values(finished_at=at))

    def audit(self, number: int) -> Audit | None:
        """The audit of that number."""
        found = self._audits(select(audits).where(audits.c.id == number))
        return found[0] if found else None

    def audits(self, limit: int | None = None) -> tuple[Audit, ...]:
        """All audits or the last few, the newest first."""
        return self._audits(select(audits).order_by(audits.c.id.desc()).limit(limit))

    def last_interrupted_audit(self, project: str, columns: tuple[EnvironmentSpec, ...]) -> Audit | None:
        """The newest audit of the project in exactly these environments that did not come to its end."""
        if not self._has_audits:
            return None
        with self._reading():
            numbers = self._rows(
                select(audits.c.id).where(audits.c.finished_at.is_(None)).order_by(audits.c.id.desc())
            )
        for (number,) in numbers:
            audit = self.audit(number)
            if audit is not None and (audit.plan.project, audit.plan.columns) == (project, columns):
                return audit
        return None

    def audit_counts(self, number: int, column: str | None = None) -> AuditCounts:
        """How the checks that the audit has ended so far, in all environments or in that column.

        Raises:
            RegistryError: if there is no such audit.
        """
        audit = self.audit(number)
        if audit is None:
            raise RegistryError(f"no audit {number} in registry {self.path}")
        made = (
            select(checks.c.verdict, _is_waived().label("waived"))
            .join_from(checks, fingerprints, fingerprints.c.id == checks.c.fingerprint_id, isouter=True)
            .where(*_of_audit(number, column))
            .subquery()
        )
        with self._reading():
            rows = self._rows(
                select(made.c.verdict, made.c.waived, func.count()).group_by(made.c.verdict, made.c.waived)
            )
        verdicts: dict[Verdict, int] = {}
        waived = 0
        with self._parsing(f"audit {number}"):
            for verdict, is_waived, count in rows:
                verdicts[Verdict(verdict)] = verdicts.get(Verdict(verdict), 0) + count
                waived += count if is_waived else 0
        columns = 1 if column is not None else len(audit.plan.columns)
        return AuditCounts(len(audit.plan.entry_ids) * columns, verdicts, waived)

    def audit_verdicts(self, number: int) -> dict[tuple[str, str], tuple[Verdict, bool]]:
        """The verdict of each check of the audit, and whether it is waived, by `(entry_id, column)`."""
        if not self._has_audits:
            return {}
        query = (
            select(checks.c.entry_id, checks.c.column_label, checks.c.verdict, _is_waived())
            .join_from(checks, fingerprints, fingerprints.c.id == checks.c.fingerprint_id, isouter=True)
            .where(*_of_audit(number))
        )
        with self._reading():
            rows = self._rows(query)
        with self._parsing(f"audit {number}"):
            return {
                (entry_id, column): (Verdict(word), bool(waived)) for entry_id, column, word, waived in rows
            }

    def checked_in(self, number: int) -> set[tuple[str, str]]:
        """The `(entry_id, column)` of each check that the audit has."""
        if not self._has_audits:
            return set()
        with self._reading():
            rows = self._rows(select(checks.c.entry_id, checks.c.column_label).where(*_of_audit(number)))
        return {(entry_id, column) for entry_id, column in rows}

    def audited_environment(self, number: int, column: str) -> Environment | None:
        """The environment of the audit's latest build in that column; None if there was none yet."""
        with self._reading():
            text = self._connection.scalar(
                select(environments.c.document)
                .join_from(checks, environments, environments.c.id == checks.c.environment_id)
                .where(*_of_audit(number, column))
                .order_by(checks.c.id.desc())
                .limit(1)
            )
        with self._parsing(f"the environment of audit {number}"):
            return None if text is None else documents.environment(text)

    def audit_checks(self, number: int, verdicts: Collection[Verdict] | None = None) -> Iterator[Check]:
        """The checks of the audit in the order they were made, only those verdicts if any are given.

        A few are in memory at a time. The registry may be read and written meanwhile, by the same
        repository too; what is appended is found.
        """
        if not self._has_audits:
            return
        query = (
            select(*self._check_columns(), checks.c.id, fingerprints.c.document, environments.c.document)
            .join_from(checks, baselines, baselines.c.id == checks.c.baseline_id)
            .outerjoin(fingerprints, fingerprints.c.id == checks.c.fingerprint_id)
            .outerjoin(environments, environments.c.id == checks.c.environment_id)
            .where(*_of_audit(number))
            .order_by(checks.c.id)
            .limit(CHECKS_PER_PAGE)
        )
        if verdicts is not None:
            query = query.where(checks.c.verdict.in_(sorted(verdict.value for verdict in verdicts)))
        last = 0
        while True:
            with self._reading():
                rows = self._rows(query.where(checks.c.id > last))
            for row in rows:
                *_, last, print_text, place_text = row
                with self._parsing(f"check {last}"):
                    check = _check(
                        row,
                        None if print_text is None else documents.fingerprint(print_text),
                        None if place_text is None else documents.environment(place_text),
                    )
                yield check
            if len(rows) < CHECKS_PER_PAGE:
                return

    # Waivers

    def add_waiver(self, waiver: Waiver) -> None:
        """Append a waiver.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._writing():
            self._require_entry(waiver.entry_id)
            self._insert(
                waivers,
                entry_id=waiver.entry_id,
                fingerprint=waiver.fingerprint,
                reason=waiver.reason,
                until=waiver.until,
                created_at=waiver.created_at,
                removed_at=waiver.removed_at,
            )

    def remove_waivers(self, entry_id: str, at: str) -> int:
        """Take back the entry's waivers at that UTC time, and say how many there were.

        What they covered before stays covered.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._writing():
            self._require_entry(entry_id)
            there = and_(waivers.c.entry_id == entry_id, waivers.c.removed_at.is_(None))
            return self._connection.execute(update(waivers).where(there).values(removed_at=at)).rowcount

    def waivers(self, entry_id: str | None = None, *, removed: bool = False) -> tuple[Waiver, ...]:
        """The waivers of an entry or of all, the oldest first; with `removed` those taken back too.

        One whose day has passed is among them.
        """
        if not self._has_audits:
            return ()
        query = select(
            waivers.c.entry_id,
            waivers.c.fingerprint,
            waivers.c.reason,
            waivers.c.until,
            waivers.c.created_at,
            waivers.c.removed_at,
        ).order_by(waivers.c.id)
        if entry_id is not None:
            query = query.where(waivers.c.entry_id == entry_id)
        if not removed:
            query = query.where(waivers.c.removed_at.is_(None))
        with self._reading():
            return tuple(Waiver(*row) for row in self._rows(query))

    def waiver_of(self, check: Check) -> Waiver | None:
        """The waiver that covered the check when it was made, the newest if several did."""
        if check.verdict is not Verdict.DRIFTED:
            return None
        known = self.waivers(check.entry_id, removed=True)
        return next((waiver for waiver in reversed(known) if waiver.covers(check)), None)

    # Rows

    def _require_audit(self, number: int) -> None:
        if not self._rows(_AUDIT_ID, number=number):
            raise RegistryError(f"no audit {number} in registry {self.path}")

    def _audits(self, query: Select[Any]) -> tuple[Audit, ...]:
        if not self._has_audits:
            return ()
        with self._reading():
            rows = self._rows(query)
        found = []
        for number, started_at, finished_at, text in rows:
            with self._parsing(f"the plan of audit {number}"):
                plan = AuditPlan.from_document(json.loads(text))
            found.append(Audit(number, plan, started_at, finished_at))
        return tuple(found)

    def _check_columns(self) -> tuple[ColumnElement[Any], ...]:
        return (
            checks.c.entry_id,
            baselines.c.number,
            checks.c.verdict,
            checks.c.at,
            checks.c.duration_s,
            checks.c.source,
            checks.c.failure,
            checks.c.audit_id if self._has_audits else null().label("audit_id"),
            checks.c.column_label if self._has_audits else null().label("column_label"),
        )


def latest_check(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """That column of the newest check of the entry in the query around it; NULL if it has none."""
    newest = select(column).where(checks.c.entry_id == entries.c.id).order_by(checks.c.id.desc()).limit(1)
    return newest.correlate(entries).scalar_subquery()


def _of_audit(number: int, column: str | None = None) -> tuple[ColumnElement[bool], ...]:
    one = (checks.c.audit_id == number,)
    return one if column is None else (*one, checks.c.column_label == column)


def _is_waived() -> ColumnElement[bool]:
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


def _check(row: Any, fingerprint: Fingerprint | None, environment: Environment | None) -> Check:
    entry_id, baseline_number, verdict, at, duration_s, source, failure, audit_number, column = row[:9]
    return Check(
        entry_id,
        baseline_number,
        Verdict(verdict),
        at,
        duration_s,
        fingerprint,
        environment,
        None if source is None else documents.source(source),
        None if failure is None else documents.failure(failure),
        audit_number,
        column,
    )
