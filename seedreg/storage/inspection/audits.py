"""Audits: whether their plans, times and checks agree."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from seedreg.domain.audit import AuditPlan
from seedreg.domain.problem import ProblemKind
from seedreg.storage.inspection.reading import Inspected, document_of
from seedreg.storage.inspection.times import inspect_order, inspect_time
from seedreg.storage.tables import audits, checks, entries


def inspect_audits(found: Inspected) -> None:
    """Audits whose plan, times or checks contradict each other."""
    before = None
    known = {entry_id for (entry_id,) in found.database.rows(select(entries.c.id))}
    for row in found.rows(audits):
        number = row["id"]
        started = inspect_time(found, "audits", number, "started_at", row["started_at"])
        order = {"table": "audits", "row": number}
        inspect_order(
            found, column="started_at", earlier=before, later=started, than="audits.started_at", **order
        )
        before = started or before
        finished = None
        if row["finished_at"] is not None:
            finished = inspect_time(found, "audits", number, "finished_at", row["finished_at"])
            inspect_order(
                found,
                column="finished_at",
                earlier=started,
                later=finished,
                than="audits.started_at",
                **order,
            )
        with found.reading(ProblemKind.AUDIT_DOCUMENT, number=number):
            plan = AuditPlan.from_document(document_of(row["document"]))
            _inspect_plan(found, number, plan, known)
            made = _inspect_checks(found, number, plan, started, finished)
            missing = len(set(plan.entry_ids) & known) * len(plan.columns) - made
            if row["finished_at"] is not None and missing > 0:
                found.report(ProblemKind.AUDIT_UNFINISHED, number=number, missing=missing)


def _inspect_plan(found: Inspected, number: int, plan: AuditPlan, known: set[str]) -> None:
    for entry_id in plan.entry_ids:
        if entry_id not in known:
            found.report(ProblemKind.AUDIT_ENTRY, number=number, entry=str(entry_id))
    labels = [column.label for column in plan.columns]
    doubled = len(set(plan.entry_ids)) < len(plan.entry_ids) or len(set(labels)) < len(labels)
    shard = plan.shard
    if doubled or not labels or (not plan.entry_ids and shard is None):
        found.report(ProblemKind.AUDIT_PLAN, number=number)
    if shard is not None and not all(map(shard.holds, plan.entry_ids)):
        found.report(ProblemKind.AUDIT_SHARD, number=number)


def _inspect_checks(
    found: Inspected, number: int, plan: AuditPlan, started: datetime | None, finished: datetime | None
) -> int:
    """How many checks of the audit's plan were made; reports those that are not in it."""
    ids, labels, made = set(plan.entry_ids), {column.label for column in plan.columns}, 0
    query = select(checks.c.id, checks.c.entry_id, checks.c.column_label, checks.c.at)
    for id_, entry_id, label, at in found.database.stream(query.where(checks.c.audit_id == number)):
        if entry_id not in ids or label not in labels:
            fields = {"check": id_, "entry": str(entry_id), "column": label}
            found.report(ProblemKind.AUDIT_CHECK, number=number, **fields)
            continue
        made += 1
        moment = _moment(at)
        order = {"table": "checks", "row": id_, "column": "at"}
        inspect_order(found, earlier=started, later=moment, than="audits.started_at", **order)
        inspect_order(found, earlier=moment, later=finished, than="audits.finished_at", **order)
    return made


def _moment(text: object) -> datetime | None:
    """The time of a check, whose form was looked at where checks are read."""
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
