"""What a selector names: `tag:NAME`, an alias, an id prefix, `factory` or `factory@seed`."""

from __future__ import annotations

from sqlalchemy import select

from seedreg.domain.entry import Entry, looks_like_id
from seedreg.domain.summary import EntryState
from seedreg.errors import UsageError
from seedreg.storage.database import Database
from seedreg.storage.entry_rows import ORDER, has_state, has_tag, is_factory, read_entries
from seedreg.storage.tables import entries

_TAG_PREFIX = "tag:"
_CANDIDATES_SHOWN = 10


def entries_named(database: Database, selector: str, *, include_retired: bool) -> tuple[Entry, ...]:
    """See `Entries.select`; call it inside a transaction.

    Raises:
        UsageError: if an id prefix fits several entries.
    """
    state = has_state(EntryState.ANY if include_retired else EntryState.ACTIVE)
    if selector.startswith(_TAG_PREFIX):
        return read_entries(database, has_tag(selector.removeprefix(_TAG_PREFIX)), *state)
    if found := read_entries(database, entries.c.alias == selector):
        return found
    if looks_like_id(selector) and (found := _of_prefix(database, selector)):
        return found
    if found := read_entries(database, is_factory(database, selector), *state):
        return found
    factory, at, seed = selector.rpartition("@")
    if not (at and seed.isascii() and seed.isdigit() and len(seed) <= 10):
        return ()
    return read_entries(database, is_factory(database, factory), entries.c.seed == int(seed), *state)


def _of_prefix(database: Database, prefix: str) -> tuple[Entry, ...]:
    # A range, not LIKE, which is blind to case in SQLite and makes no use of the index. The
    # letter g comes after all hexadecimal digits.
    rows = database.rows(
        select(entries.c.id, entries.c.factory, entries.c.seed)
        .where(entries.c.id >= prefix, entries.c.id < f"{prefix}g")
        .order_by(*ORDER)
    )
    if len(rows) > 1:
        shown = [f"{id_[:12]} ({factory}@{seed})" for id_, factory, seed in rows[:_CANDIDATES_SHOWN]]
        if len(rows) > len(shown):
            shown.append(f"{len(rows) - len(shown)} more")
        raise UsageError(
            f"id prefix {prefix!r} fits {len(rows)} entries: {', '.join(shown)}", hint="give more digits"
        )
    return read_entries(database, entries.c.id == rows[0][0]) if rows else ()
