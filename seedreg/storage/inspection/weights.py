"""Kept weights: whether the objects hold all tensors of the baselines whose weights were kept."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from seedreg.domain.problem import Problem, ProblemKind, problem
from seedreg.storage import documents
from seedreg.storage.database import Database
from seedreg.storage.objects import ObjectStore
from seedreg.storage.tables import baselines, fingerprints, kept_weights


def missing_weights(database: Database, store: ObjectStore) -> Iterator[Problem]:
    """A problem for each baseline whose weights were kept and are not all in the store.

    Only one if this user may not look there: then it is not known what is missing.
    """
    for entry_id, number, tensors in _kept(database):
        try:
            missing = sum(not store.has(one) for one in tensors)
        except OSError as error:
            yield problem(ProblemKind.WEIGHTS_UNREADABLE, path=str(store.folder), error=error.strerror)
            return
        if missing:
            yield problem(
                ProblemKind.WEIGHTS_MISSING,
                entry=entry_id,
                number=number,
                missing=missing,
                tensors=len(tensors),
            )


def kept_tensors(database: Database) -> set[str]:
    """The SHA-256 of every tensor that the registry keeps."""
    return {one for _, _, tensors in _kept(database) for one in tensors}


def _kept(database: Database) -> Iterator[tuple[str, int, frozenset[str]]]:
    """The entry, number and tensors of each baseline whose weights were kept."""
    if not database.schema.has_identity:
        return
    query = (
        select(baselines.c.entry_id, baselines.c.number, fingerprints.c.document)
        .join(kept_weights, kept_weights.c.baseline_id == baselines.c.id)
        .join(fingerprints, fingerprints.c.id == baselines.c.fingerprint_id)
        .order_by(baselines.c.id)
    )
    with database.reading():
        for entry_id, number, text in database.stream(query):
            with database.parsing(f"baseline {number} of entry {entry_id[:12]}"):
                tensors = documents.fingerprint(text).tensors
            yield entry_id, number, frozenset(tensor.sha256 for tensor in tensors)
