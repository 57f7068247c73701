"""Lists of entries: one short value for each, made from as few and as narrow rows as possible."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, select

from seedreg.domain.entry import Recipe
from seedreg.domain.verdict import EntrySummary, Verdict
from seedreg.storage.checks import latest_check
from seedreg.storage.database import Database
from seedreg.storage.entry_rows import ENTRY_COLUMNS, ORDER, as_entry, tag_names
from seedreg.storage.tables import baselines, checks, entries, environments, fingerprints

# Of a baseline: number, digest, and the versions of Python, TensorFlow, Keras and NumPy.
_Head: TypeAlias = tuple[int, str, str, "str | None", "str | None", "str | None"]


def read_summaries(
    database: Database, verdict: Verdict | None, *conditions: ColumnElement[bool]
) -> list[EntrySummary]:
    """The entries that meet all conditions, ordered by factory, seed and id; call it inside a transaction.

    With a verdict only those whose latest check has it.
    """
    verdict_then, at = latest_check(checks.c.verdict), latest_check(checks.c.at)
    if verdict is not None:
        conditions = (*conditions, verdict_then == verdict.value)
    query = select(*ENTRY_COLUMNS, entries.c.seed, verdict_then, at)
    rows = database.rows(query.where(*conditions).order_by(*ORDER))
    names, heads = tag_names(database), _baseline_heads(database)
    with database.parsing("a summary of its entries"):
        return list(_summaries(rows, names, heads))


def _baseline_heads(database: Database) -> dict[str, _Head]:
    # Three scans of indexes, put together here: joined by the database, every row of baselines
    # and fingerprints is looked at, and they are wide (0.06 s more for 10,000 entries).
    digests = dict(database.rows(select(fingerprints.c.id, fingerprints.c.digest)))
    versions = select(
        environments.c.id,
        environments.c.python,
        environments.c.tensorflow,
        environments.c.keras,
        environments.c.numpy,
    )
    places = {id_: (python, tf, keras, numpy) for id_, python, tf, keras, numpy in database.rows(versions)}
    numbered = select(
        baselines.c.entry_id, baselines.c.number, baselines.c.fingerprint_id, baselines.c.environment_id
    ).order_by(baselines.c.entry_id, baselines.c.number)
    return {
        entry_id: (number, digests[fingerprint_id], *places[environment_id])
        for entry_id, number, fingerprint_id, environment_id in database.rows(numbered)
    }


def _summaries(
    rows: list[Any], names: dict[str, tuple[str, ...]], heads: dict[str, _Head]
) -> Iterator[EntrySummary]:
    # A range of seeds differs in nothing but the seed: what is around it is parsed once. Canonical
    # JSON has "seeding" after "seed" at the end of the recipe, after all that a user can name.
    known: dict[tuple[str, str], Recipe] = {}
    verdicts = {verdict.value: verdict for verdict in Verdict}
    for row in rows:
        id_, text = row[:2]
        seed, verdict, at = row[7:]
        head, _, tail = text.rpartition(f'"seed":{seed},"seeding":')
        like = known.get((head, tail))
        if like is None:
            like = known[head, tail] = Recipe.from_document(json.loads(text))
        if id_ not in heads:
            raise ValueError(f"entry {id_[:12]} has no baseline")
        entry = as_entry(like.known(seed, id_), row, names)
        # By position: keywords double the time of a long list.
        yield EntrySummary(entry, *heads[id_], None if verdict is None else verdicts[verdict], at)
