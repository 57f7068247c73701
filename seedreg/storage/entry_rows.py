"""Rows of entries with their tags as values, and the conditions by which entries are chosen.

Call all of it inside a transaction.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select

from seedreg.domain.canonical import canonical_json
from seedreg.domain.decoding import optional, parse, text
from seedreg.domain.entry import Entry
from seedreg.domain.recipe import Recipe
from seedreg.domain.summary import EntryState
from seedreg.storage.database import Database
from seedreg.storage.tables import entries, tags

_FEW = 100
_text = optional(text)

_COLUMNS = (
    entries.c.id,
    entries.c.recipe,
    entries.c.created_at,
    entries.c.alias,
    entries.c.note,
    entries.c.retired_at,
    entries.c.retired_reason,
)
RECIPE_COLUMNS = ("project", "factory", "seed", "framework", "params", "seeding", "inputs", "device")
"""The columns that repeat parts of the recipe's document, in the order of `EntrySummary`."""

ORDER = (entries.c.factory, entries.c.seed, entries.c.id)


def read_entries(database: Database, *conditions: ColumnElement[bool]) -> tuple[Entry, ...]:
    """The entries that meet all conditions, ordered by factory, seed and id."""
    rows = database.rows(select(*_COLUMNS).where(*conditions).order_by(*ORDER))
    if not rows:
        return ()
    few = [tags.c.entry_id.in_([row.id for row in rows])] if len(rows) <= _FEW else []
    names = tag_names(database, *few)
    found = []
    for row in rows:
        with database.parsing(f"entry {row.id[:12]}"):
            recipe = Recipe.from_document(parse(row.recipe))
            if recipe.id != row.id:
                raise ValueError("its recipe has another id")
            found.append(
                Entry(
                    recipe,
                    text(row.created_at),
                    _text(row.alias),
                    _text(row.note),
                    tuple(map(text, names.get(row.id, ()))),
                    _text(row.retired_at),
                    _text(row.retired_reason),
                )
            )
    return tuple(found)


def recipe_columns(recipe: Recipe) -> dict[str, Any]:
    """What the columns of an entry repeat of its recipe's document, by `RECIPE_COLUMNS`."""
    document = recipe.document()
    values = {**document, "params": canonical_json(document["params"])}
    values["inputs"] = canonical_json(document["inputs"])
    return {name: values[name] for name in RECIPE_COLUMNS}


def tag_names(database: Database, *conditions: ColumnElement[bool]) -> dict[str, tuple[str, ...]]:
    """The sorted tags that meet all conditions, by entry."""
    names: dict[str, tuple[str, ...]] = {}
    query = select(tags.c.entry_id, tags.c.name).where(*conditions).order_by(tags.c.entry_id, tags.c.name)
    for entry_id, name in database.rows(query):
        names[entry_id] = (*names.get(entry_id, ()), name)
    return names


def has_state(state: EntryState) -> list[ColumnElement[bool]]:
    """Entries of that state."""
    match state:
        case EntryState.ACTIVE:
            return [entries.c.retired_at.is_(None)]
        case EntryState.RETIRED:
            return [entries.c.retired_at.is_not(None)]
        case EntryState.ANY:
            return []


def has_tag(name: str) -> ColumnElement[bool]:
    """Entries with that tag."""
    return entries.c.id.in_(select(tags.c.entry_id).where(tags.c.name == name))


def is_factory(database: Database, name: str) -> ColumnElement[bool]:
    """Entries whose factory has that full address, or that bare name."""
    # There are few factories. Matching them here is exact, LIKE would be blind to case.
    known = [factory for (factory,) in database.rows(select(entries.c.factory).distinct())]
    return entries.c.factory.in_([one for one in known if one == name or one.rpartition(":")[2] == name])
