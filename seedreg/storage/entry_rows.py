"""Rows of entries with their tags as values, and the conditions by which entries are chosen.

Call all of it inside a transaction.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import ColumnElement, select

from seedreg.domain.entry import Entry, Recipe
from seedreg.storage.database import Database
from seedreg.storage.tables import entries, tags

_FEW = 100

ENTRY_COLUMNS = (
    entries.c.id,
    entries.c.recipe,
    entries.c.created_at,
    entries.c.alias,
    entries.c.note,
    entries.c.retired_at,
    entries.c.retired_reason,
)
ORDER = (entries.c.factory, entries.c.seed, entries.c.id)


def read_entries(database: Database, *conditions: ColumnElement[bool]) -> tuple[Entry, ...]:
    """The entries that meet all conditions, ordered by factory, seed and id."""
    rows = database.rows(select(*ENTRY_COLUMNS).where(*conditions).order_by(*ORDER))
    if not rows:
        return ()
    few = [tags.c.entry_id.in_([row[0] for row in rows])] if len(rows) <= _FEW else []
    names = tag_names(database, *few)
    found = []
    for row in rows:
        with database.parsing(f"entry {row[0][:12]}"):
            entry = as_entry(Recipe.from_document(json.loads(row[1])), row, names)
            if entry.id != row[0]:
                raise ValueError("its recipe has another id")
        found.append(entry)
    return tuple(found)


def as_entry(recipe: Recipe, row: Any, names: dict[str, tuple[str, ...]]) -> Entry:
    """The entry of a row that begins with `ENTRY_COLUMNS`; `names` are the tags by entry."""
    id_, _, created_at, alias, note, retired_at, retired_reason = row[:7]
    return Entry(recipe, created_at, alias, note, names.get(id_, ()), retired_at, retired_reason)


def tag_names(database: Database, *conditions: ColumnElement[bool]) -> dict[str, tuple[str, ...]]:
    """The sorted tags that meet all conditions, by entry."""
    names: dict[str, tuple[str, ...]] = {}
    query = select(tags.c.entry_id, tags.c.name).where(*conditions).order_by(tags.c.entry_id, tags.c.name)
    for entry_id, name in database.rows(query):
        names[entry_id] = (*names.get(entry_id, ()), name)
    return names


def is_retired(retired: bool | None) -> list[ColumnElement[bool]]:
    """Entries in use (False), retired ones (True), or all (None)."""
    if retired is None:
        return []
    return [entries.c.retired_at.is_not(None) if retired else entries.c.retired_at.is_(None)]


def has_tag(name: str) -> ColumnElement[bool]:
    """Entries with that tag."""
    return entries.c.id.in_(select(tags.c.entry_id).where(tags.c.name == name))


def is_factory(database: Database, name: str) -> ColumnElement[bool]:
    """Entries whose factory has that full address, or that bare name."""
    # There are few factories. Matching them here is exact, LIKE would be blind to case.
    known = [factory for (factory,) in database.rows(select(entries.c.factory).distinct())]
    return entries.c.factory.in_([one for one in known if one == name or one.rpartition(":")[2] == name])
