"""Stores and reads entries: their recipes, names, tags and retirement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from sqlalchemy import delete, or_, select, update

from seedreg.domain.canonical import canonical_json
from seedreg.domain.entry import Baseline, Entry
from seedreg.domain.recipe import Recipe
from seedreg.domain.summary import EntryState, EntrySummary
from seedreg.domain.verdict import Verdict
from seedreg.storage.baselines import Baselines
from seedreg.storage.checks import latest_check
from seedreg.storage.database import Database
from seedreg.storage.entry_rows import (
    ORDER,
    has_state,
    has_tag,
    is_factory,
    read_entries,
    recipe_columns,
    tag_names,
)
from seedreg.storage.rows import has_entry, require_entry
from seedreg.storage.selectors import entries_named, require_free_names
from seedreg.storage.summaries import read_summaries
from seedreg.storage.tables import checks, entries, tags

_ENTRIES_PER_PAGE = 100


class Entries:
    """The entries of a registry; each method is one transaction, or part of the one around it."""

    def __init__(self, database: Database, baselines: Baselines) -> None:
        self._database = database
        self._baselines = baselines

    def add(self, entry: Entry, baseline: Baseline) -> bool:
        """Store an entry with its tags and first baseline; False, and nothing changed, if it is there.

        Raises:
            UsageError: if its alias, or the name of its factory, already names other entries.
        """
        with self._database.writing():
            if has_entry(self._database, entry.id):
                return False
            require_free_names(self._database, entry.id, entry.alias, entry.recipe.factory)
            self._database.insert(
                entries,
                id=entry.id,
                recipe=canonical_json(entry.recipe.document()),
                **recipe_columns(entry.recipe),
                alias=entry.alias,
                note=entry.note,
                created_at=entry.created_at,
                retired_at=entry.retired_at,
                retired_reason=entry.retired_reason,
            )
            for name in set(entry.tags):
                self._database.insert(tags, entry_id=entry.id, name=name)
            self._baselines.add(entry.id, baseline)
            return True

    # Reading

    def get(self, entry_id: str) -> Entry | None:
        """The entry of that full id."""
        with self._database.reading():
            found = read_entries(self._database, entries.c.id == entry_id)
        return found[0] if found else None

    def by_ids(self, entry_ids: Iterable[str]) -> Iterator[Entry]:
        """The entries of those full ids, in that order; unknown ids are left out.

        A few are in memory at a time, and the registry may be read and written meanwhile.
        """
        ids = iter(entry_ids)
        while page := tuple(islice(ids, _ENTRIES_PER_PAGE)):
            with self._database.reading():
                rows = read_entries(self._database, entries.c.id.in_(page))
            found = {entry.id: entry for entry in rows}
            yield from (found[entry_id] for entry_id in page if entry_id in found)

    def select(self, selector: str, *, include_retired: bool = False) -> tuple[Entry, ...]:
        """The entries that a selector names, ordered by factory, seed and id; none if nothing fits.

        It is `tag:NAME`, an alias, an id prefix, `factory` or `factory@seed` (with the full address or the
        bare name of the callable). An alias or id finds a retired entry too.

        Raises:
            UsageError: if an id prefix fits several entries, or two of these meanings are different entries.
        """
        with self._database.reading():
            return entries_named(self._database, selector, include_retired=include_retired)

    def summaries(
        self,
        *,
        project: str | None = None,
        factory: str | None = None,
        tag: str | None = None,
        seed: int | None = None,
        verdict: Verdict | None = None,
        state: EntryState = EntryState.ACTIVE,
    ) -> list[EntrySummary]:
        """One line for each entry that fits all that is given, ordered by factory, seed and id.

        `factory` is a full address or the bare name of a callable, `verdict` that of the latest
        check. A summary's `fingerprint` is the digest alone: 64 hexadecimal digits.
        """
        with self._database.reading():
            conditions = has_state(state)
            if project is not None:
                conditions.append(entries.c.project == project)
            if factory is not None:
                conditions.append(is_factory(self._database, factory))
            if tag is not None:
                conditions.append(has_tag(tag))
            if seed is not None:
                conditions.append(entries.c.seed == seed)
            return read_summaries(self._database, verdict, *conditions)

    def ids(
        self,
        *,
        project: str | None = None,
        state: EntryState = EntryState.ACTIVE,
        unchecked_since: str | None = None,
        now: str | None = None,
    ) -> list[str]:
        """The ids of the entries that fit all that is given, ordered by factory, seed and id.

        With `unchecked_since`, a UTC time, only entries whose latest check is older, or that have none; with
        `now`, another one, also entries whose latest check seems to be made later: a clock was wrong, and
        nobody knows how old it is.
        """
        conditions = has_state(state)
        if project is not None:
            conditions.append(entries.c.project == project)
        if unchecked_since is not None:
            at = latest_check(checks.c.at)
            conditions.append(or_(at.is_(None), at < unchecked_since, *([] if now is None else [at > now])))
        query = select(entries.c.id).where(*conditions).order_by(*ORDER)
        with self._database.reading():
            return [entry_id for (entry_id,) in self._database.rows(query)]

    def require_free_names(self, recipe: Recipe, alias: str | None) -> None:
        """See whether an entry of this recipe could be added with this alias.

        Raises:
            UsageError: if its alias, or the name of its factory, already names other entries.
        """
        with self._database.reading():
            require_free_names(self._database, recipe.id, alias, recipe.factory)

    # Changing

    def set_alias(self, entry_id: str, alias: str | None) -> None:
        """Give the entry another alias, or none.

        Raises:
            UsageError: if it already names other entries.
            RegistryError: if there is no such entry.
        """
        with self._database.writing():
            require_free_names(self._database, entry_id, alias)
            self._update(entry_id, alias=alias)

    def set_note(self, entry_id: str, note: str | None) -> None:
        """Give the entry another note, or none.

        Raises:
            RegistryError: if there is no such entry.
        """
        self._update(entry_id, note=note)

    def set_retired(self, entry_id: str, at: str | None, reason: str | None) -> None:
        """Retire the entry at that UTC time, or put it back into use (both None).

        Raises:
            RegistryError: if there is no such entry.
        """
        self._update(entry_id, retired_at=at, retired_reason=reason)

    def add_tags(self, entry_id: str, names: Iterable[str]) -> None:
        """Tag the entry; tags it has already stay.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._database.writing():
            require_entry(self._database, entry_id)
            present = tag_names(self._database, tags.c.entry_id == entry_id).get(entry_id, ())
            for name in set(names).difference(present):
                self._database.insert(tags, entry_id=entry_id, name=name)

    def remove_tags(self, entry_id: str, names: Iterable[str]) -> None:
        """Remove tags from the entry; tags it does not have are ignored.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._database.writing():
            require_entry(self._database, entry_id)
            for name in set(names):
                self._database.execute(delete(tags).where(tags.c.entry_id == entry_id, tags.c.name == name))

    def _update(self, entry_id: str, **values: object) -> None:
        with self._database.writing():
            require_entry(self._database, entry_id)
            self._database.execute(update(entries).where(entries.c.id == entry_id).values(**values))
