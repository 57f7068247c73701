"""Entries and baselines in and out of the registry; rows of the database stop here and in `checks.py`.

Every method is one transaction. What a drift is, or whether an entry may be accepted, is not known here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, bindparam, delete, func, or_, select, update

from seedreg.domain.canonical import canonical_json
from seedreg.domain.entry import Baseline, Entry, Recipe, looks_like_id
from seedreg.domain.verdict import Check, EntrySummary, Verdict
from seedreg.errors import RegistryError, UsageError
from seedreg.storage import documents, schema
from seedreg.storage.checks import CHECKS_PER_PAGE, Checks, latest_check
from seedreg.storage.engine import BUSY_TIMEOUT_S, connect, require_registry
from seedreg.storage.session import DAMAGED_HINT
from seedreg.storage.tables import baselines, checks, entries, environments, fingerprints, tags

# Of a baseline: number, digest, and the versions of Python, TensorFlow, Keras and NumPy.
_Head: TypeAlias = tuple[int, str, str, "str | None", "str | None", "str | None"]

_TAG_PREFIX = "tag:"
_CANDIDATES_SHOWN = 10
_ENTRIES_PER_PAGE = 100

_ENTRY_COLUMNS = (
    entries.c.id,
    entries.c.recipe,
    entries.c.created_at,
    entries.c.alias,
    entries.c.note,
    entries.c.retired_at,
    entries.c.retired_reason,
)
_ORDER = (entries.c.factory, entries.c.seed, entries.c.id)

_BASELINES = (
    select(
        baselines.c.entry_id,
        baselines.c.number,
        fingerprints.c.document,
        environments.c.document,
        baselines.c.source,
        baselines.c.facts,
        baselines.c.created_at,
        baselines.c.reason,
    )
    .join(fingerprints, fingerprints.c.id == baselines.c.fingerprint_id)
    .join(environments, environments.c.id == baselines.c.environment_id)
)
_BASELINES_OF_ENTRY = _BASELINES.where(baselines.c.entry_id == bindparam("entry_id"))
_ALL_BASELINES = _BASELINES_OF_ENTRY.order_by(baselines.c.number)
_CURRENT_BASELINE = _BASELINES_OF_ENTRY.order_by(baselines.c.number.desc()).limit(1)


def open_repository(
    path: Path, *, create: bool = False, write: bool = True, busy_timeout_s: float = BUSY_TIMEOUT_S
) -> Repository:
    """The registry at the path, to be closed by the caller (it is a context manager).

    `create` makes an empty one where there is none. Without `write` a registry of an older schema,
    or in a read-only place, can be read.

    Raises:
        SchemaError: if its schema is not the one this seedreg writes (or, to read, is newer).
        RegistryError: if it is missing, locked, damaged or not a seedreg registry.
    """
    if create and not os.path.exists(path):
        schema.create(path, wait_s=busy_timeout_s)  # False when another process was faster: the same to us
    require_registry(path)
    if write:
        # Opening for writing sets the journal's mode, in a file that may turn out to be of another schema.
        schema.status(path).require(path, write=True)
    file = connect(path, write=write, busy_timeout_s=busy_timeout_s)
    try:
        status = schema.status_of(file, path)
        status.require(path, write=write)
        return Repository(path, file, status, busy_timeout_s=busy_timeout_s)
    except BaseException:
        file.close()
        raise


class Repository(Checks):
    """An open registry; use it in the thread that opened it, and close it."""

    # Entries

    def add_entry(self, entry: Entry, baseline: Baseline) -> bool:
        """Store an entry with its tags and first baseline; False, and nothing changed, if it is there.

        Raises:
            UsageError: if another entry has its alias.
        """
        with self._writing():
            if self._has_entry(entry.id):
                return False
            self._require_free_alias(entry.alias, entry.id)
            self._insert(
                entries,
                id=entry.id,
                project=entry.recipe.project,
                factory=entry.recipe.factory,
                seed=entry.recipe.seed,
                recipe=canonical_json(entry.recipe.document()),
                alias=entry.alias,
                note=entry.note,
                created_at=entry.created_at,
                retired_at=entry.retired_at,
                retired_reason=entry.retired_reason,
            )
            for name in set(entry.tags):
                self._insert(tags, entry_id=entry.id, name=name)
            self._insert_baseline(entry.id, baseline)
            return True

    def entry(self, entry_id: str) -> Entry | None:
        """The entry of that full id."""
        with self._reading():
            found = self._entries(entries.c.id == entry_id)
        return found[0] if found else None

    def entries_by_id(self, entry_ids: Iterable[str]) -> Iterator[Entry]:
        """The entries of those full ids, in that order; what is not there is left out.

        A few are in memory at a time, and the registry may be read and written meanwhile.
        """
        ids = iter(entry_ids)
        while page := tuple(islice(ids, _ENTRIES_PER_PAGE)):
            with self._reading():
                found = {entry.id: entry for entry in self._entries(entries.c.id.in_(page))}
            yield from (found[entry_id] for entry_id in page if entry_id in found)

    def select(self, selector: str, *, include_retired: bool = False) -> tuple[Entry, ...]:
        """The entries that a selector names, ordered by factory, seed and id; none if nothing fits.

        Tried in this order: `tag:NAME`, alias, id prefix, `factory` or `factory@seed` (with the
        full address or the bare name of the callable). An alias or id finds a retired entry too.

        Raises:
            UsageError: if an id prefix fits several entries.
        """
        with self._reading():
            retired = None if include_retired else False
            if selector.startswith(_TAG_PREFIX):
                return self._entries(_has_tag(selector.removeprefix(_TAG_PREFIX)), *_retired(retired))
            if found := self._entries(entries.c.alias == selector):
                return found
            if looks_like_id(selector) and (found := self._entries_of_prefix(selector)):
                return found
            if found := self._entries(self._is_factory(selector), *_retired(retired)):
                return found
            factory, at, seed = selector.rpartition("@")
            if not (at and seed.isascii() and seed.isdigit() and len(seed) <= 10):
                return ()
            return self._entries(self._is_factory(factory), entries.c.seed == int(seed), *_retired(retired))

    def summaries(
        self,
        *,
        project: str | None = None,
        factory: str | None = None,
        tag: str | None = None,
        seed: int | None = None,
        verdict: Verdict | None = None,
        retired: bool | None = False,
    ) -> list[EntrySummary]:
        """One line for each entry that fits all that is given, ordered by factory, seed and id.

        `factory` is a full address or the bare name of a callable, `verdict` that of the latest
        check; `retired` of None gives all entries, True only the retired ones. A summary's
        `fingerprint` is the digest alone: 64 hexadecimal digits.
        """
        verdict_then, at = latest_check(checks.c.verdict), latest_check(checks.c.at)
        with self._reading():
            conditions = _retired(retired)
            if project is not None:
                conditions.append(entries.c.project == project)
            if factory is not None:
                conditions.append(self._is_factory(factory))
            if tag is not None:
                conditions.append(_has_tag(tag))
            if seed is not None:
                conditions.append(entries.c.seed == seed)
            if verdict is not None:
                conditions.append(verdict_then == verdict.value)
            query = select(*_ENTRY_COLUMNS, entries.c.seed, verdict_then, at)
            rows = self._rows(query.where(*conditions).order_by(*_ORDER))
            names, heads = self._tags(), self._baseline_heads()
        with self._parsing("a summary of its entries"):
            return list(_summaries(rows, names, heads))

    def entry_ids(
        self,
        *,
        project: str | None = None,
        retired: bool | None = False,
        unchecked_since: str | None = None,
    ) -> list[str]:
        """The ids of the entries that fit all that is given, ordered by factory, seed and id.

        `retired` is that of `summaries`. With `unchecked_since`, a UTC time, only entries whose latest
        check is older, or that have none.
        """
        conditions = _retired(retired)
        if project is not None:
            conditions.append(entries.c.project == project)
        if unchecked_since is not None:
            at = latest_check(checks.c.at)
            conditions.append(or_(at.is_(None), at < unchecked_since))
        with self._reading():
            return [id_ for (id_,) in self._rows(select(entries.c.id).where(*conditions).order_by(*_ORDER))]

    def set_alias(self, entry_id: str, alias: str | None) -> None:
        """Give the entry another alias, or none.

        Raises:
            UsageError: if another entry has it.
            RegistryError: if there is no such entry.
        """
        with self._writing():
            self._require_free_alias(alias, entry_id)
            self._update_entry(entry_id, alias=alias)

    def set_note(self, entry_id: str, note: str | None) -> None:
        """Give the entry another note, or none.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._writing():
            self._update_entry(entry_id, note=note)

    def set_retired(self, entry_id: str, at: str | None, reason: str | None) -> None:
        """Retire the entry at that UTC time, or take it back into use (both None).

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._writing():
            self._update_entry(entry_id, retired_at=at, retired_reason=reason)

    def add_tags(self, entry_id: str, names: Iterable[str]) -> None:
        """Tag the entry; tags it has already stay.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._writing():
            self._require_entry(entry_id)
            present = set(self._tags(tags.c.entry_id == entry_id).get(entry_id, ()))
            for name in set(names) - present:
                self._insert(tags, entry_id=entry_id, name=name)

    def remove_tags(self, entry_id: str, names: Iterable[str]) -> None:
        """Take tags off the entry, as far as it has them.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._writing():
            self._require_entry(entry_id)
            for name in set(names):
                self._connection.execute(delete(tags).where(tags.c.entry_id == entry_id, tags.c.name == name))

    # Baselines

    def current_baseline(self, entry_id: str) -> Baseline:
        """The newest baseline.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._reading():
            rows = self._rows(_CURRENT_BASELINE, entry_id=entry_id)
            if not rows:
                self._require_entry(entry_id)
                raise RegistryError(f"entry {entry_id[:12]} has no baseline", hint=DAMAGED_HINT)
        return self._as_baselines(rows)[0]

    def baselines(self, entry_id: str) -> tuple[Baseline, ...]:
        """All baselines of the entry, from number 1 on; none if there is no such entry."""
        with self._reading():
            rows = self._rows(_ALL_BASELINES, entry_id=entry_id)
        return self._as_baselines(rows)

    def audited(self, number: int) -> Iterator[tuple[Check, Entry, Baseline]]:
        """The checks of the audit, as `audit_checks` gives them, each with what it was held against."""
        made = self.audit_checks(number)
        while page := tuple(islice(made, CHECKS_PER_PAGE)):
            ids = {check.entry_id for check in page}
            numbers = {check.baseline_number for check in page}
            with self._reading():
                found = {entry.id: entry for entry in self._entries(entries.c.id.in_(ids))}
                rows = self._rows(
                    _BASELINES.where(baselines.c.entry_id.in_(ids), baselines.c.number.in_(numbers))
                )
            held = dict(zip(((row[0], row[1]) for row in rows), self._as_baselines(rows), strict=True))
            for check in page:
                yield check, found[check.entry_id], held[check.entry_id, check.baseline_number]

    def add_baseline(self, entry_id: str, baseline: Baseline) -> None:
        """Add the entry's next baseline.

        Raises:
            RegistryError: if there is no such entry, or its number is not the next one, because
                another process has added one since the caller looked.
        """
        with self._writing():
            self._require_entry(entry_id)
            self._insert_baseline(entry_id, baseline)

    def _update_entry(self, entry_id: str, **values: object) -> None:
        self._require_entry(entry_id)
        self._connection.execute(update(entries).where(entries.c.id == entry_id).values(**values))

    def _require_free_alias(self, alias: str | None, entry_id: str) -> None:
        if alias is None:
            return
        rows = self._rows(
            select(entries.c.id, entries.c.factory, entries.c.seed).where(
                entries.c.alias == alias, entries.c.id != entry_id
            )
        )
        for id_, factory, seed in rows:
            raise UsageError(
                f"alias {alias!r} belongs to entry {id_[:12]} ({factory}@{seed})",
                hint="choose another one, or take it from that entry first",
            )

    def _entries(self, *conditions: ColumnElement[bool]) -> tuple[Entry, ...]:
        rows = self._rows(select(*_ENTRY_COLUMNS).where(*conditions).order_by(*_ORDER))
        if not rows:
            return ()
        few = [row[0] for row in rows] if len(rows) <= _ENTRIES_PER_PAGE else None
        names = self._tags() if few is None else self._tags(tags.c.entry_id.in_(few))
        found = []
        for row in rows:
            with self._parsing(f"entry {row[0][:12]}"):
                entry = _entry(Recipe.from_document(json.loads(row[1])), row, names)
                if entry.id != row[0]:
                    raise ValueError("its recipe has another id")
            found.append(entry)
        return tuple(found)

    def _entries_of_prefix(self, prefix: str) -> tuple[Entry, ...]:
        # A range, not LIKE, which is blind to case in SQLite and makes no use of the index. The
        # letter g comes after all hexadecimal digits.
        rows = self._rows(
            select(entries.c.id, entries.c.factory, entries.c.seed)
            .where(entries.c.id >= prefix, entries.c.id < f"{prefix}g")
            .order_by(*_ORDER)
        )
        if len(rows) > 1:
            shown = [f"{id_[:12]} ({factory}@{seed})" for id_, factory, seed in rows[:_CANDIDATES_SHOWN]]
            if len(rows) > len(shown):
                shown.append(f"{len(rows) - len(shown)} more")
            raise UsageError(
                f"id prefix {prefix!r} fits {len(rows)} entries: {', '.join(shown)}", hint="give more digits"
            )
        return self._entries(entries.c.id == rows[0][0]) if rows else ()

    def _is_factory(self, name: str) -> ColumnElement[bool]:
        # There are few factories. Matching them here is exact, LIKE would be blind to case.
        known = self._connection.scalars(select(entries.c.factory).distinct())
        return entries.c.factory.in_([f for f in known if f == name or f.rpartition(":")[2] == name])

    def _tags(self, *conditions: ColumnElement[bool]) -> dict[str, tuple[str, ...]]:
        names: dict[str, tuple[str, ...]] = {}
        query = select(tags.c.entry_id, tags.c.name).where(*conditions).order_by(tags.c.entry_id, tags.c.name)
        for entry_id, name in self._rows(query):
            names[entry_id] = (*names.get(entry_id, ()), name)
        return names

    def _insert_baseline(self, entry_id: str, baseline: Baseline) -> None:
        newest = self._connection.scalar(
            select(func.max(baselines.c.number)).where(baselines.c.entry_id == entry_id)
        )
        number = (newest or 0) + 1
        if baseline.number != number:
            raise RegistryError(
                f"entry {entry_id[:12]} takes baseline {number} next, not {baseline.number}:"
                " another command has changed it",
                hint="look at it again before accepting",
            )
        self._insert(
            baselines,
            entry_id=entry_id,
            number=number,
            fingerprint_id=self._fingerprint_id(baseline.fingerprint),
            environment_id=self._environment_id(baseline.environment),
            source=documents.text_of(baseline.source),
            facts=documents.text_of(baseline.facts),
            reason=baseline.reason,
            created_at=baseline.created_at,
        )

    def _baseline_heads(self) -> dict[str, _Head]:
        # Three scans of indexes, put together here: joined by the database, every row of baselines
        # and fingerprints is looked at, and they are wide (0.06 s more for 10,000 entries).
        digests = dict(self._rows(select(fingerprints.c.id, fingerprints.c.digest)))
        versions = select(
            environments.c.id,
            environments.c.python,
            environments.c.tensorflow,
            environments.c.keras,
            environments.c.numpy,
        )
        places = {id_: (python, tf, keras, numpy) for id_, python, tf, keras, numpy in self._rows(versions)}
        numbered = select(
            baselines.c.entry_id, baselines.c.number, baselines.c.fingerprint_id, baselines.c.environment_id
        ).order_by(baselines.c.entry_id, baselines.c.number)
        return {
            entry_id: (number, digests[fingerprint_id], *places[environment_id])
            for entry_id, number, fingerprint_id, environment_id in self._rows(numbered)
        }

    def _as_baselines(self, rows: Iterable[Any]) -> tuple[Baseline, ...]:
        found = []
        for entry_id, number, fingerprint, environment, source, facts, created_at, reason in rows:
            with self._parsing(f"baseline {number} of entry {entry_id[:12]}"):
                baseline = Baseline(
                    number=number,
                    fingerprint=documents.fingerprint(fingerprint),
                    environment=documents.environment(environment),
                    source=documents.source(source),
                    facts=documents.facts(facts),
                    created_at=created_at,
                    reason=reason,
                )
            found.append(baseline)
        return tuple(found)


def _retired(retired: bool | None) -> list[ColumnElement[bool]]:
    if retired is None:
        return []
    return [entries.c.retired_at.is_not(None) if retired else entries.c.retired_at.is_(None)]


def _has_tag(name: str) -> ColumnElement[bool]:
    return entries.c.id.in_(select(tags.c.entry_id).where(tags.c.name == name))


def _entry(recipe: Recipe, row: Any, names: dict[str, tuple[str, ...]]) -> Entry:
    id_, _, created_at, alias, note, retired_at, retired_reason = row[:7]
    return Entry(recipe, created_at, alias, note, names.get(id_, ()), retired_at, retired_reason)


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
        entry = _entry(like.known(seed, id_), row, names)
        # By position: keywords double the time of a long list.
        yield EntrySummary(entry, *heads[id_], None if verdict is None else verdicts[verdict], at)
