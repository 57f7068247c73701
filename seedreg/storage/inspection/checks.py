"""Checks: whether each verdict is the one that its fingerprint and its baseline's give."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from seedreg.domain.problem import ProblemKind
from seedreg.domain.verdict import Verdict
from seedreg.storage import documents
from seedreg.storage.inspection.baselines import Head, source_contradictions
from seedreg.storage.inspection.reading import Inspected, Row, document_of
from seedreg.storage.inspection.times import inspect_order, inspect_time
from seedreg.storage.tables import checks, fingerprints

_PARTS = ("fingerprint_id", "environment_id", "source")


def inspect_checks(found: Inspected, heads: dict[int, Head]) -> None:
    """Checks whose verdict, baseline, documents or time contradict the rest of the registry."""
    digests = dict(found.database.rows(select(fingerprints.c.id, fingerprints.c.digest)))
    before = None
    for row in found.rows(checks):
        number = row["id"]
        at = inspect_time(found, "checks", number, "at", row["at"])
        inspect_order(found, "checks", number, "at", earlier=before, later=at, than="checks.at")
        before = at or before
        if row["duration_s"] < 0:
            found.report(ProblemKind.CHECK_DURATION, number=number)
        if (row.get("audit_id") is None) != (row.get("column_label") is None):
            found.report(ProblemKind.CHECK_AUDIT, number=number)
        _inspect_documents(found, row)
        head = heads.get(row["baseline_id"])
        if head is None:
            continue  # reported already: dangling, or with a value of a wrong type
        if head.entry_id != row["entry_id"]:
            found.report(ProblemKind.CHECK_BASELINE, number=number)
        if wrong := list(_contradictions(row, head, digests)):
            found.report(
                ProblemKind.CHECK_VERDICT, number=number, verdict=row["verdict"], fields=tuple(wrong)
            )
        order = {"table": "checks", "row": number, "column": "at", "than": "baselines.created_at"}
        inspect_order(found, earlier=head.created_at, later=at, **order)
        # A check compares with the baseline that is current when its build has ended.
        inspect_order(found, earlier=at, later=head.replaced_at, **order)


def _contradictions(row: Row, head: Head, digests: dict[int, str]) -> Iterator[str]:
    """What does not go with the verdict, as `seedreg.judging` gives it."""
    try:
        verdict = Verdict(row["verdict"])
    except ValueError:
        yield "verdict"
        return
    if (row["failure"] is not None) != (verdict is Verdict.ERROR):
        yield "failure"
    if verdict is Verdict.ERROR:
        # Earlier seedregs noted the environment of a failed build, too.
        if row["fingerprint_id"] is not None or row["source"] is not None:
            yield "fingerprint"
        return
    yield from (name for name in _PARTS if row[name] is None)
    same = digests.get(row["fingerprint_id"]) == head.digest
    # Of two builds that differ the second may be equal to the baseline.
    if (verdict is Verdict.REPRODUCED and not same) or (verdict is Verdict.DRIFTED and same):
        yield "fingerprint"


def _inspect_documents(found: Inspected, row: Row) -> None:
    number = row["id"]
    with found.reading(ProblemKind.CHECK_DOCUMENT, number=number):
        if row["source"] is not None:
            document_of(row["source"])
            wrong = source_contradictions(documents.source(row["source"]))
            if wrong:
                found.report(ProblemKind.CHECK_SOURCE, number=number, fields=wrong)
        if row["failure"] is not None:
            document_of(row["failure"])
            documents.failure(row["failure"])
