"""Lists of entries: one short value for each, made from as few and as narrow rows as possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, select

from seedreg.domain.decoding import parse
from seedreg.domain.recipe import Recipe
from seedreg.domain.summary import EntrySummary
from seedreg.domain.verdict import Verdict
from seedreg.storage.checks import latest_check
from seedreg.storage.database import Database
from seedreg.storage.entry_rows import ORDER, RECIPE_COLUMNS, recipe_columns, tag_names
from seedreg.storage.tables import baselines, checks, entries, environments, fingerprints

# Of a baseline: number, digest, and the versions of Python, TensorFlow, Keras and NumPy.
_Head: TypeAlias = tuple[int, str, str, "str | None", "str | None", "str | None"]

_OTHERS = (
    entries.c.created_at,
    entries.c.alias,
    entries.c.note,
    entries.c.retired_at,
    entries.c.retired_reason,
)


def read_summaries(
    database: Database, verdict: Verdict | None, *conditions: ColumnElement[bool]
) -> list[EntrySummary]:
    """The entries that meet all conditions, ordered by factory, seed and id; call it inside a transaction.

    With a verdict only those whose latest check has it.
    """
    last, at = latest_check(checks.c.verdict), latest_check(checks.c.at)
    if verdict is not None:
        conditions = (*conditions, last == verdict.value)
    in_columns = database.schema.has_recipe_columns
    recipe = [entries.c[name] for name in RECIPE_COLUMNS] if in_columns else [entries.c.recipe]
    query = select(entries.c.id, *recipe, *_OTHERS, last, at)
    rows: Iterable[Any] = database.rows(query.where(*conditions).order_by(*ORDER))
    with database.parsing("a summary of its entries"):
        tags, heads = tag_names(database), _baseline_heads(database)
        return list(_summaries(rows if in_columns else map(_in_columns, rows), tags, heads))


def _in_columns(row: Any) -> tuple[Any, ...]:
    """A row with a recipe's document as one with the recipe in columns."""
    id_, text, *others = row
    return (id_, *recipe_columns(Recipe.from_document(parse(text))).values(), *others)


def _summaries(
    rows: Iterable[Any], tags: dict[str, tuple[str, ...]], heads: dict[str, _Head]
) -> Iterator[EntrySummary]:
    verdicts: dict[str | None, Verdict | None] = {verdict.value: verdict for verdict in Verdict}
    verdicts[None] = None
    for id_, *others, verdict, at in rows:
        if id_ not in heads:
            raise ValueError(f"entry {id_[:12]} has no baseline")
        if bytes in map(type, others):
            raise ValueError(f"entry {id_[:12]} holds bytes where a text must be")
        head = heads[id_]
        yield EntrySummary._make((id_, *others, tags.get(id_, ()), *head, verdicts[verdict], at))


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
    rows = list(database.rows(numbered))
    try:
        return {
            entry_id: (number, digests[fingerprint_id], *places[environment_id])
            for entry_id, number, fingerprint_id, environment_id in rows
        }
    except KeyError:
        entry_id, number = next(row[:2] for row in rows if row[2] not in digests or row[3] not in places)
        raise ValueError(f"baseline {number} of entry {entry_id[:12]} points to no row") from None
