"""Waivers: whether each is of a drift that was found, with times and a place that are possible."""

from __future__ import annotations

import re
from datetime import date

from sqlalchemy import func, select

from seedreg.domain.canonical import is_sha256
from seedreg.domain.problem import ProblemKind
from seedreg.domain.verdict import Verdict
from seedreg.storage.inspection.reading import Inspected, Row
from seedreg.storage.inspection.times import inspect_order, inspect_time
from seedreg.storage.tables import checks, fingerprints, waivers

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def inspect_waivers(found: Inspected) -> None:
    """Waivers of what nobody found, or with times that cannot be theirs."""
    drifts = _drifts(found)
    last: int | None = found.database.scalar(select(func.max(checks.c.id)))
    before = None
    for row in found.rows(waivers):
        number = row["id"]
        created = inspect_time(found, "waivers", number, "created_at", row["created_at"])
        order = {"table": "waivers", "row": number}
        than = "waivers.created_at"
        inspect_order(found, column="created_at", earlier=before, later=created, than=than, **order)
        before = created or before
        _inspect_place(found, row, last or 0)
        if row["removed_at"] is not None:
            removed = inspect_time(found, "waivers", number, "removed_at", row["removed_at"])
            inspect_order(found, column="removed_at", earlier=created, later=removed, than=than, **order)
        if not _is_day(row["until"]) or row["until"] < row["created_at"][:10]:
            found.report(ProblemKind.WAIVER_DAY, number=number, found=row["until"])
        if not row["reason"].strip():
            found.report(ProblemKind.WAIVER_REASON, number=number)
        if not is_sha256(row["fingerprint"]):
            found.report(ProblemKind.WAIVER_DIGEST, number=number, found=row["fingerprint"])
        elif row["removed_at"] is None and (row["entry_id"], row["fingerprint"]) not in drifts:
            found.report(ProblemKind.WAIVER_DRIFT, number=number, entry=row["entry_id"])


def _inspect_place(found: Inspected, row: Row, last_check: int) -> None:
    """A waiver is recorded, and removed, after a check that there is."""
    after, removed_after = row.get("after_check"), row.get("removed_after_check")
    if after is None:
        return  # an older registry
    removed = row["removed_at"] is not None
    places = [after, *([] if removed_after is None else [removed_after])]
    if removed != (removed_after is not None) or not all(0 <= one <= last_check for one in places):
        found.report(ProblemKind.WAIVER_PLACE, number=row["id"])


def _drifts(found: Inspected) -> set[tuple[str, str]]:
    """The entry and digest of each drift that was found."""
    query = select(checks.c.entry_id, fingerprints.c.digest).join_from(
        checks, fingerprints, fingerprints.c.id == checks.c.fingerprint_id
    )
    rows = found.database.stream(query.where(checks.c.verdict == Verdict.DRIFTED.value))
    return {(entry_id, digest) for entry_id, digest in rows}


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):  # in another form days do not sort as text
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
