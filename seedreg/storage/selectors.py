"""What a selector names: `tag:NAME`, an alias, an id prefix, `factory` or `factory@seed`.

Aliases are kept apart from everything else that names entries. Where they are not, because an older seedreg
or another program wrote the registry, a selector with two meanings is an error and never a choice.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from seedreg.domain.entry import Entry, looks_like_id
from seedreg.domain.summary import EntryState
from seedreg.errors import Step, UsageError
from seedreg.storage.database import Database
from seedreg.storage.entry_rows import ORDER, has_state, has_tag, is_factory, read_entries
from seedreg.storage.tables import entries

_TAG_PREFIX = "tag:"
_CANDIDATES_SHOWN = 10


def entries_named(database: Database, selector: str, *, include_retired: bool) -> tuple[Entry, ...]:
    """See `Entries.select`; call it inside a transaction.

    Raises:
        UsageError: if an id prefix fits several entries, or the selector means different entries in two ways.
    """
    aliased = read_entries(database, entries.c.alias == selector)
    if selector.startswith(_TAG_PREFIX):
        return _only(selector, aliased, _tagged(database, selector, include_retired=include_retired))
    prefixed = _of_prefix(database, selector) if looks_like_id(selector) else ()
    if prefixed and not selector.isidentifier():
        return _only(selector, aliased, prefixed)  # 3f2a91 is the name of no factory
    made = _of_factory(database, selector)
    active = tuple(entry for entry in made if include_retired or entry.retired_at is None)
    return _only(selector, aliased, prefixed, active, hidden=made if not active else ())


def require_free_names(
    database: Database, entry_id: str, alias: str | None, factory: str | None = None
) -> None:
    """Refuse an alias that already means something, and a factory whose name is an alias.

    Call it inside the transaction that writes. `factory` is that of an entry to be added.

    Raises:
        UsageError: if a selector would mean different entries in two ways.
    """
    if alias is not None:
        for other in read_entries(database, entries.c.alias == alias, entries.c.id != entry_id):
            raise UsageError(
                f"alias {alias!r} belongs to entry {other.short_id} ({other.recipe.label})",
                step=Step.FREE_ALIAS,
                entry=other.short_id,
            )
        known = database.rows(select(entries.c.factory).where(is_factory(database, alias)).limit(1))
        for named in [*(row.factory for row in known), *([factory] if factory else [])]:
            if alias in _names(named):
                raise UsageError(
                    f"alias {alias!r} is the name of the factory {named}", hint="choose another alias"
                )
    if factory is not None:
        for other in read_entries(database, entries.c.alias.in_(_names(factory))):
            raise UsageError(
                f"{other.alias!r}, the name of the factory {factory}, is the alias of entry {other.short_id} "
                f"({other.recipe.label})",
                step=Step.FREE_ALIAS,
                entry=other.short_id,
            )


def _names(factory: str) -> tuple[str, str]:
    """Its full address, and the bare name of the callable."""
    return factory, factory.rpartition(":")[2]


def _only(selector: str, *meanings: tuple[Entry, ...], hidden: tuple[Entry, ...] = ()) -> tuple[Entry, ...]:
    """The entries of the one meaning that there is; `hidden` are retired ones of a further meaning.

    Raises:
        UsageError: if there are several, of different entries.
    """
    found = [meaning for meaning in meanings if meaning]
    ids = {frozenset(entry.id for entry in meaning) for meaning in (*found, hidden) if meaning}
    if found and len(ids) > 1:
        fitting = dict.fromkeys(_shown(entry) for meaning in (*found, hidden) for entry in meaning)
        raise UsageError(
            f"{selector!r} is ambiguous; it fits {_listed(list(fitting))}",
            hint="give an id of 12 digits, or factory@seed",
        )
    return found[0] if found else ()


def _tagged(database: Database, selector: str, *, include_retired: bool) -> tuple[Entry, ...]:
    state = EntryState.ANY if include_retired else EntryState.ACTIVE
    return read_entries(database, has_tag(selector.removeprefix(_TAG_PREFIX)), *has_state(state))


def _of_factory(database: Database, selector: str) -> tuple[Entry, ...]:
    """All entries of a factory, or with a seed of it."""
    if found := read_entries(database, is_factory(database, selector)):
        return found
    factory, at, seed = selector.rpartition("@")
    if not (at and seed.isascii() and seed.isdigit() and len(seed) <= 10):
        return ()
    return read_entries(database, is_factory(database, factory), entries.c.seed == int(seed))


def _of_prefix(database: Database, prefix: str) -> tuple[Entry, ...]:
    # A range, not LIKE, which is blind to case in SQLite and makes no use of the index. The
    # letter g comes after all hexadecimal digits.
    rows = database.rows(
        select(entries.c.id, entries.c.factory, entries.c.seed)
        .where(entries.c.id >= prefix, entries.c.id < f"{prefix}g")
        .order_by(*ORDER)
    )
    if len(rows) > 1:
        shown = [f"{id_[:12]} ({factory}@{seed})" for id_, factory, seed in rows]
        raise UsageError(
            f"id prefix {prefix!r} fits {len(rows)} entries: {_listed(shown)}", hint="give more digits"
        )
    return read_entries(database, entries.c.id == rows[0][0]) if rows else ()


def _shown(entry: Entry) -> str:
    alias = "" if entry.alias is None else f", alias {entry.alias}"
    return f"{entry.short_id} ({entry.recipe.label}{alias})"


def _listed(shown: Iterable[str]) -> str:
    first = list(shown)
    more = len(first) - _CANDIDATES_SHOWN
    return ", ".join([*first[:_CANDIDATES_SHOWN], *([f"{more} more"] if more > 0 else [])])
