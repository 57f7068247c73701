"""Baselines: their numbers, sources and facts, and whether each differs from the one before."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import select

from seedreg.domain.canonical import sha256_text
from seedreg.domain.entry import DependedFile, Source
from seedreg.domain.problem import ProblemKind
from seedreg.storage import documents
from seedreg.storage.inspection.reading import Inspected, Row, document_of
from seedreg.storage.inspection.times import inspect_order, inspect_time
from seedreg.storage.tables import baselines, entries, fingerprints

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass
class Head:
    """A baseline without its documents; `replaced_at` is when the entry's next one was recorded."""

    entry_id: str
    number: int
    digest: str
    created_at: datetime | None
    replaced_at: datetime | None = None
    depends: tuple[DependedFile, ...] = ()


def inspect_baselines(found: Inspected) -> dict[int, Head]:
    """The baselines by their row; reports those that cannot be what was recorded."""
    digests = dict(found.database.rows(select(fingerprints.c.id, fingerprints.c.digest)))
    created = dict(found.database.rows(select(entries.c.id, entries.c.created_at)))
    heads: dict[int, Head] = {}
    for row in found.rows(baselines):
        depends = _inspect_documents(found, row)
        at = inspect_time(found, "baselines", row["id"], "created_at", row["created_at"])
        if row["number"] == 1 and row["created_at"] != created.get(row["entry_id"], row["created_at"]):
            found.report(ProblemKind.BASELINE_TIME, entry=row["entry_id"])
        if (row["number"] == 1) != (not (row["reason"] or "").strip()):
            found.report(ProblemKind.BASELINE_REASON, entry=row["entry_id"], number=row["number"])
        digest = digests.get(row["fingerprint_id"], "")
        heads[row["id"]] = Head(row["entry_id"], row["number"], digest, at, depends=depends)
    _inspect_sequences(found, heads, created)
    return heads


def _inspect_documents(found: Inspected, row: Row) -> tuple[DependedFile, ...]:
    """Reports wrong documents; gives the files that the baseline depends on."""
    depends: tuple[DependedFile, ...] = ()
    where = {"entry": row["entry_id"], "number": row["number"]}
    with found.reading(ProblemKind.BASELINE_DOCUMENT, **where):
        document_of(row["source"])
        source = documents.source(row["source"])
        depends = source.depends
        wrong = source_contradictions(source)
        if wrong:
            found.report(ProblemKind.BASELINE_SOURCE, fields=wrong, **where)
    with found.reading(ProblemKind.BASELINE_DOCUMENT, **where):
        document_of(row["facts"])
        facts = documents.facts(row["facts"])
        if min(facts.build_s, facts.fingerprint_s) < 0:
            found.report(ProblemKind.BASELINE_FACTS, **where)
    return depends


def source_contradictions(source: Source) -> tuple[str, ...]:
    """The fields of a source that cannot be true; what has a wrong form is refused where it is decoded."""
    wrong = []
    if source.text is not None and (source.sha256 is None or sha256_text(source.text) != source.sha256):
        wrong.append("text")
    if source.line is not None and source.line < 1:
        wrong.append("line")
    if (source.git_commit is None) != (source.git_dirty is None) or (
        source.git_commit is not None and not _COMMIT.fullmatch(source.git_commit)
    ):
        wrong.append("git_commit")
    return tuple(wrong)


def _inspect_sequences(found: Inspected, heads: dict[int, Head], known: dict[str, str]) -> None:
    """Each entry's baselines are numbered from 1, recorded in this order, and differ from one to the next."""
    sequences: dict[str, list[tuple[int, Head]]] = {entry_id: [] for entry_id in known}
    for row, head in heads.items():
        sequences.setdefault(head.entry_id, []).append((row, head))
    for entry_id, sequence in sequences.items():
        numbers = sorted(head.number for _, head in sequence)
        if not numbers or numbers != list(range(1, len(numbers) + 1)):
            found.report(ProblemKind.BASELINE_NUMBERS, entry=entry_id, found=tuple(numbers))
        sequence.sort(key=lambda one: one[1].number)
        for (before_row, before), (row, head) in pairwise(sequence):
            before.replaced_at = head.created_at
            same = (head.digest, head.depends) == (before.digest, before.depends)
            if same or row < before_row:
                found.report(ProblemKind.BASELINE_SAME, entry=entry_id, number=head.number)
            inspect_order(
                found,
                "baselines",
                row,
                "created_at",
                earlier=before.created_at,
                later=head.created_at,
                than="baselines.created_at",
            )
